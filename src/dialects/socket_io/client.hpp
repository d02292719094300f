// One client of Engine.IO: what it sends is taken apart and handed to the namespaces that it is in.
// It knows neither the transport nor what is said in a namespace. On one lane.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/share.hpp"
#include "dialects/socket_io/kept_head.hpp"
#include "dialects/socket_io/limits.hpp"
#include "dialects/socket_io/packet.hpp"
#include "dialects/socket_io/socket.hpp"

namespace colonnade::dialects::socket_io {

struct Timing {
  // From the connection to the first join.
  std::chrono::milliseconds join_time_max = limits::socket_io_join_time_max;
  // Between pings, as a client is told; so often is looked at one that polls.
  std::chrono::milliseconds ping_interval = limits::socket_io_ping_interval;
};

// Where a client's packets go. On the client's lane.
class Outlet {
 public:
  virtual ~Outlet() = default;
  // A whole Engine.IO packet. Its number, from 1; 0 once closed.
  virtual std::uint64_t send(net::SharedBytes packet) = 0;
  virtual std::uint64_t handed_over() const = 0;
  // Sends what waits, then ends; `code` and `reason` as a WebSocket closes.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  virtual void end_now() = 0;
  virtual void count_for(std::string account) = 0;
  virtual base::Task<void> drained() = 0;
};

class Client final : public std::enable_shared_from_this<Client> {
 public:
  Client(Lobby& lobby, base::Lane& lane, std::shared_ptr<const net::Request> handshake,
         std::shared_ptr<Outlet> outlet, base::Share::Hold unjoined);

  // Sends the first packet and begins to wait for a join; once. `session_id`: the client's;
  // `upgrades`: a JSON array of the transports that it may change to.
  void open(std::string_view session_id, std::string_view upgrades, Timing timing);
  // One Engine.IO packet of the client's, as text.
  void take(std::string_view packet);
  // The client broke a rule: it is told, and its connection ends.
  void refuse(std::uint16_t code, std::string_view reason);
  // The connection has ended. Idempotent.
  void on_closed();

 private:
  friend class Socket;
  struct Event;
  struct Member;  // of one namespace
  using MemberPtr = std::shared_ptr<Member>;

  static base::Task<void> decide_join(std::shared_ptr<Client> self, MemberPtr member,
                                      base::Json auth);
  static base::Task<void> handle_events(std::shared_ptr<Client> self, MemberPtr member);
  static base::Task<void> wait_for_join(std::weak_ptr<Client> weak,
                                        std::chrono::milliseconds time_max, std::stop_token joined);

  void leave();
  void take_message(std::string_view text);
  void join(const Packet& packet);
  void queue_event(const Packet& packet);
  MemberPtr member_of(std::string_view name_space) const;
  void remove(const Socket& socket);
  void end_member(const MemberPtr& member);
  std::uint64_t send(net::SharedBytes packet);

  Lobby& lobby_;
  base::Lane& lane_;
  std::shared_ptr<const net::Request> handshake() const;

  std::shared_ptr<const net::Request> handshake_;  // null once a join was decided
  std::unique_ptr<const KeptHead> kept_head_{};    // from then on
  std::shared_ptr<Outlet> outlet_;
  base::Share::Hold unjoined_;  // until a join is decided
  std::stop_source joined_;
  std::vector<MemberPtr> members_;
  std::size_t events_waiting_ = 0;
  std::size_t event_bytes_waiting_ = 0;
  bool closed_ = false;
};

}  // namespace colonnade::dialects::socket_io
