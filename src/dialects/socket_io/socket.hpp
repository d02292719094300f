// One client in one namespace of Socket.IO, and what a dialect does with it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/lane.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::socket_io {

class Client;

// The sending end. Lives on its client's lane and may be used only there.
class Socket {
 public:
  Socket(std::weak_ptr<Client> client, base::Lane& lane, std::string name_space);
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  const std::string& id() const { return id_; }
  const std::string& name_space() const { return name_space_; }
  base::Lane& lane() const { return lane_; }

  // Sends an event; `arguments` are JSON values with commas between them. The packet's number among
  // all that the client is sent, from 1; 0 when the socket is closed.
  std::uint64_t emit(std::string_view event, std::string_view arguments);
  // The same with a packet of event_packet(), which many sockets of a namespace may share.
  std::uint64_t send(net::SharedBytes packet);
  // Answers an event that asked for it; `arguments` as in emit().
  void acknowledge(std::uint64_t ack_id, std::string_view arguments);
  // Packets up to this number have reached the client's machine as far as can be known: the kernel
  // has taken them whole, or a poll has fetched them. Also after the end.
  std::uint64_t handed_over() const;

  // Tells the client that it has left; its connection ends when it is in no other namespace.
  void leave();
  // Ends the client's connection at once, with all its namespaces.
  void end_now();
  bool closed() const { return closed_; }
  // Whose share of unread bytes the connection takes from now on.
  void count_for(std::string account);
  // Returns when everything has been taken, or at the end. One waiter at a time.
  base::Task<void> drained();

 private:
  friend class Client;
  std::weak_ptr<Client> client_;
  base::Lane& lane_;
  std::string id_;
  std::string name_space_;
  std::uint64_t handed_over_at_end_ = 0;
  bool closed_ = false;
};

// "42/agent,["name",…]".
net::SharedBytes event_packet(std::string_view name_space, std::string_view event,
                              std::string_view arguments);

// What a joined client does. Called on its lane.
class SocketHandler {
 public:
  virtual ~SocketHandler() = default;
  // Once, after the client was told that it has joined and before any event.
  virtual void on_joined() = 0;
  // Events come in order; the next one waits until the task of the one before has ended.
  // `arguments`: a JSON array.
  virtual base::Task<void> on_event(std::string name, base::Json arguments,
                                    std::optional<std::uint64_t> ack_id) = 0;
  // Once, and the last call.
  virtual void on_closed() = 0;
};

// Who may join, decided by the dialect.
class Lobby {
 public:
  virtual ~Lobby() = default;
  // `handshake`: the request that opened the connection; `auth`: what the join carried, null for
  // nothing. An error refuses the join (a packet of type 4 with the error's message). Called on the
  // socket's lane; the client may leave meanwhile.
  virtual base::Task<base::Result<std::shared_ptr<SocketHandler>>> join(
      std::shared_ptr<const net::Request> handshake, base::Json auth,
      std::shared_ptr<Socket> socket) = 0;
};

}  // namespace colonnade::dialects::socket_io
