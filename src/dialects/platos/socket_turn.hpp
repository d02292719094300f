// One turn on its way to one socket. On the socket's lane.
#pragma once

#include <memory>

#include "core/events/subscriptions.hpp"
#include "dialects/platos/caller.hpp"
#include "dialects/platos/live_turns.hpp"
#include "dialects/platos/resume_point.hpp"
#include "dialects/platos/sent_log.hpp"
#include "dialects/platos/turn_events.hpp"
#include "dialects/platos/turn_starts.hpp"
#include "dialects/socket_io/socket.hpp"

namespace colonnade::dialects::platos {

class SocketTurn final : public core::Subscriber,
                         public TurnStream,
                         public std::enable_shared_from_this<SocketTurn> {
 public:
  SocketTurn(LiveTurns& live, std::shared_ptr<socket_io::Socket> socket, const Caller& caller,
             const StartedTurn& turn, ResumePoint point);

  // Sends what the point leaves of the log, then goes on live. Once.
  void open(core::Subscriptions& subscriptions, std::int64_t events_after);
  // The socket has ended. Once, and the last call.
  void on_socket_closed();

  const std::string& run_id() const { return run_id_; }
  const std::string& thread_id() const { return thread_id_; }
  // Its `done` was sent, or another stream has it.
  bool over() const { return encoder_.ended() || given_up_; }

  std::int64_t give_up() override;
  void deliver(const core::EventPtr& event) override;
  void cut_off() override;
  base::Task<void> ready_for_more() override;

 private:
  LiveTurns& live_;
  std::shared_ptr<socket_io::Socket> socket_;
  core::Principal who_;
  const std::string run_id_;
  const std::string thread_id_;
  TurnEncoder encoder_;
  ResumePoint point_;
  SentLog sent_;
  std::int64_t cursor_ = 0;  // of the newest event that was looked at
  std::unique_ptr<core::Subscription> subscription_{};
  bool given_up_ = false;
};

}  // namespace colonnade::dialects::platos
