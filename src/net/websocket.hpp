// WebSocket connections (RFC 6455) as the rest of the server sees them. Extensions are not
// accepted: permessage-deflate is declined by leaving it out of the answer.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "net/http.hpp"
#include "net/websocket_frames.hpp"

namespace colonnade::net {

// The sending end of one WebSocket connection. Lives on its connection's lane and may be used only
// there. Bounded as a StreamWriter is: a reader that does not keep up is cut off.
class WebSocket {
 public:
  virtual ~WebSocket() = default;

  // Sends one text message, UTF-8, at once when the socket takes it, else queued. False once
  // closed.
  virtual bool send(SharedBytes text) = 0;
  // Sends what is queued, then a close frame, and ends when the peer has answered it. Nothing is
  // sent or received after it. Idempotent.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  // Ends it at once: nothing more is sent, also not what is queued.
  virtual void end_now() = 0;
  // No more can be sent.
  virtual bool closed() const = 0;
  // How many messages of send() the kernel has taken whole. Also after the end: the messages after
  // them cannot have arrived.
  virtual std::uint64_t messages_written() const = 0;
  // Whose share of limits::answers_bytes_max what is unread takes from now on.
  virtual void count_for(std::string account) = 0;
  // Keeps something until the connection has ended; one thing, whose destructor may run on the
  // lane.
  virtual void keep(std::shared_ptr<void> thing) = 0;
  virtual base::Lane& lane() = 0;
  // Returns when nothing is queued or the connection has ended. One waiter at a time.
  virtual base::Task<void> drained() = 0;
};

// What a connection tells its owner, on its lane, never from inside a call of WebSocket's. The
// connection keeps it until the end.
class WebSocketHandler {
 public:
  virtual ~WebSocketHandler() = default;
  virtual void on_message(WebSocketMessage message) = 0;
  // Once, and the last call: the peer's code and reason, or websocket_close::abnormal when the
  // connection ended without a close frame of the peer's.
  virtual void on_closed(std::uint16_t code, std::string_view reason) = 0;
};

// Whether the request asks for a WebSocket at all (Upgrade: websocket).
bool wants_websocket(const Request& request);
// The value of Sec-WebSocket-Accept, or the answer that refuses a bad handshake: 400, or 426 for
// another version of the protocol (RFC 6455 §4.2).
std::expected<std::string, Response> websocket_accept(const Request& request);

}  // namespace colonnade::net
