// The polling transport of Engine.IO: a client fetches its packets by GET and sends by POST, and
// may change to a WebSocket later. Its requests come over any connection, so on any lane; the
// session has one of its own.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/share.hpp"
#include "dialects/socket_io/client.hpp"
#include "net/websocket.hpp"

namespace colonnade::dialects::socket_io {

// What one poll is answered: packets, or an error of the protocol's.
struct PollAnswer {
  int status = 200;
  std::string body{};
};
using PollCompletion = base::Completion<PollAnswer>;

// The queue of a client that polls, until it has a WebSocket. On the session's lane.
class PollingOutlet final : public Outlet, public std::enable_shared_from_this<PollingOutlet> {
 public:
  PollingOutlet(base::Lane& lane, base::SteadyTime now) : lane_(lane), last_poll_(now) {}
  void set_client(std::weak_ptr<Client> client) { client_ = std::move(client); }

  std::uint64_t send(net::SharedBytes packet) override;
  std::uint64_t handed_over() const override;
  void close(std::uint16_t code, std::string_view reason) override;
  void end_now() override { end(); }
  void count_for(std::string account) override;
  base::Task<void> drained() override;

  // The next poll: answered when there is something. One at a time; a second one ends the session.
  void poll(std::shared_ptr<PollCompletion> done, base::SteadyTime now);
  // The connection of that poll has ended before its answer: so does the session, as in the
  // library. What was to be fetched by it is not lost to a client that comes back and asks for it.
  void lose_poll(const std::shared_ptr<PollCompletion>& done);
  // A ping interval has passed: a waiting poll is answered with a ping, and a client that has not
  // polled for too long is gone.
  void beat(base::SteadyTime now);
  // The client probes a WebSocket: a waiting poll is let go, and nothing more is handed to polls.
  void pause();
  // A probe was given up before its upgrade; once for each pause().
  void unpause();
  // From now on packets go there; those that wait go first.
  void upgrade(std::shared_ptr<net::WebSocket> socket);
  bool upgraded() const { return socket_ != nullptr; }
  bool ended() const { return ended_; }
  // Neither.
  bool polls() const { return !ended_ && !socket_; }
  // The WebSocket that it was upgraded to has ended, with so many messages written.
  void on_socket_closed(std::uint64_t written);

 private:
  // What the WebSocket's lane says about it.
  struct Progress {
    std::atomic<std::uint64_t> written{0};  // messages, the answer to the probe among them
    std::atomic<bool> closed{false};
  };

  void end();
  void answer_poll();
  void forward(net::SharedBytes packet);

  base::Lane& lane_;
  std::weak_ptr<Client> client_;
  std::vector<net::SharedBytes> packets_{};
  std::size_t bytes_ = 0;
  std::uint64_t sent_ = 0;     // packets ever
  std::uint64_t fetched_ = 0;  // in an answer to a poll
  std::uint64_t proven_ = 0;   // fetched, and the client has polled again since
  std::shared_ptr<PollCompletion> waiting_{};
  std::shared_ptr<PollCompletion> answered_{};  // with packets, until the next poll
  base::SteadyTime last_poll_;
  std::unique_ptr<base::Signal> drained_{};
  std::shared_ptr<net::WebSocket> socket_{};
  std::shared_ptr<Progress> progress_{};
  int probes_ = 0;        // under way
  bool closing_ = false;  // the next poll ends it
  bool ended_ = false;
};

// A client with its queue.
struct PollingSession {
  PollingSession(base::Lane& lane_in, std::string id_in, base::Share::Hold hold_in)
      : lane(lane_in), id(std::move(id_in)), hold(std::move(hold_in)) {}

  base::Lane& lane;
  const std::string id;
  base::Share::Hold hold;  // of its address, until it polls no more
  std::shared_ptr<PollingOutlet> outlet{};
  std::shared_ptr<Client> client{};
};
using PollingSessionPtr = std::shared_ptr<PollingSession>;

// All sessions by their id. Thread-safe.
class PollingSessions {
 public:
  void add(PollingSessionPtr session);
  PollingSessionPtr find(std::string_view id) const;
  void remove(std::string_view id);
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, PollingSessionPtr> by_id_{};
};

}  // namespace colonnade::dialects::socket_io
