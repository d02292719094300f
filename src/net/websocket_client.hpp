// The client's end of a WebSocket (RFC 6455), without a socket: the handshake and then the frames.
// What moves its bytes is curl_socket.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/websocket_frames.hpp"

namespace colonnade::net {

// What is read from an open WebSocket.
struct SocketInput {
  std::string text{};          // a message; one marked binary counts as the text it holds
  bool closed = false;         // the peer has closed: no message, and nothing comes behind it
  std::uint16_t code = 0;      // why it closed; 1005 when it gave no code
  std::string close_reason{};  // in the peer's words
};

// What stands in Sec-WebSocket-Accept for this Sec-WebSocket-Key; for both ends.
std::string websocket_accept_value(std::string_view key);

// One thread at a time.
class WebSocketClient {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  // `url`: http or https, absolute. The request is ready in output().
  WebSocketClient(std::string_view url, const Headers& headers, std::size_t message_bytes_max);

  // Bytes for the peer that have not gone yet; sent() takes them off.
  std::string_view output() const { return std::string_view(output_).substr(output_sent_); }
  void sent(std::size_t bytes);

  void send_text(std::string_view text);
  // Our close frame; nothing is sent behind it. Repeats do nothing.
  void close(std::uint16_t code, std::string_view reason = {});

  void receive(std::string_view bytes);
  // The peer's end of the connection.
  void receive_end();

  // The server's answer to the handshake is whole, or the connection failed.
  bool answered() const { return answered_; }
  bool open() const { return answered_ && status_ == switching_protocols && fault_.empty(); }
  int status() const { return status_; }
  Headers take_headers() { return std::move(headers_); }
  // Of an answer that is a refusal.
  std::string take_body() { return std::move(body_); }

  bool has_input() const { return !inputs_.empty(); }
  std::size_t held_bytes() const { return held_bytes_; }
  SocketInput take_input();
  // No input comes any more.
  bool ended() const { return ended_; }
  // Why it broke, "" unless it did. A close frame is no break.
  const std::string& fault() const { return fault_; }

 private:
  static constexpr int switching_protocols = 101;

  void receive_head(std::string_view& bytes);
  void parse_head(std::string_view head);
  void check_switch();
  void receive_body(std::string_view bytes);
  void receive_frames(std::string_view bytes);
  void answer_ping(std::string_view payload);
  void put_frame(WebSocketOpcode opcode, std::string_view payload);
  void fail(std::string why);

  std::string key_;
  std::string output_;
  std::size_t output_sent_ = 0;
  bool close_sent_ = false;
  std::optional<std::string> next_pong_;  // once what waits has gone

  std::string head_;
  std::size_t interim_bytes_ = 0;
  int status_ = 0;
  Headers headers_;
  std::string body_;
  std::optional<std::size_t> body_bytes_;
  bool head_read_ = false;
  bool answered_ = false;

  WebSocketReader reader_;
  std::deque<SocketInput> inputs_;
  std::size_t held_bytes_ = 0;
  bool ended_ = false;
  std::string fault_;
};

}  // namespace colonnade::net
