// The frames of WebSocket (RFC 6455) for both ends, without a socket. Extensions are not offered
// and not accepted, so a reserved bit is a fault.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace colonnade::net {

enum class WebSocketRole : std::uint8_t { server, client };  // which end this is

// What a frame is (RFC 6455 §5.2).
enum class WebSocketOpcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

// Why a connection ends (RFC 6455 §7.4.1).
namespace websocket_close {
constexpr std::uint16_t normal = 1000;
constexpr std::uint16_t going_away = 1001;
constexpr std::uint16_t protocol_error = 1002;
constexpr std::uint16_t unsupported_data = 1003;
constexpr std::uint16_t no_code = 1005;   // never sent: the close frame had none
constexpr std::uint16_t abnormal = 1006;  // never sent: the connection ended without a close frame
constexpr std::uint16_t invalid_text = 1007;
constexpr std::uint16_t policy_violation = 1008;
constexpr std::uint16_t message_too_big = 1009;
constexpr std::uint16_t internal_error = 1011;
constexpr std::uint16_t try_again_later = 1013;
}  // namespace websocket_close

// Whether a peer may send this code in a close frame.
bool is_websocket_close_code(std::uint16_t code);

struct WebSocketMessage {
  bool binary = false;
  std::string bytes{};  // UTF-8 unless `binary`

  bool operator==(const WebSocketMessage&) const = default;
};
struct WebSocketPing {
  std::string bytes{};  // to be sent back in a pong; 125 bytes at most

  bool operator==(const WebSocketPing&) const = default;
};
struct WebSocketPong {
  std::string bytes{};

  bool operator==(const WebSocketPong&) const = default;
};
struct WebSocketClose {
  std::uint16_t code = websocket_close::no_code;
  std::string reason{};

  bool operator==(const WebSocketClose&) const = default;
};
// The peer broke a rule: close with this code.
struct WebSocketFault {
  std::uint16_t code = websocket_close::protocol_error;
  const char* reason = "";  // which rule; a literal

  bool operator==(const WebSocketFault& other) const {
    return code == other.code && std::string_view(reason) == other.reason;
  }
};
using WebSocketInput =
    std::variant<WebSocketMessage, WebSocketPing, WebSocketPong, WebSocketClose, WebSocketFault>;

// Puts messages together from bytes that may be cut anywhere. Holds no more than one message and
// one control frame, and of a message no more than has arrived.
class WebSocketReader {
 public:
  // `role`: of this end; the other one masks what it sends when this is the server.
  WebSocketReader(WebSocketRole role, std::size_t message_bytes_max);

  // The next thing that `bytes` completes. Takes what it has read off the front of `bytes`; nullopt
  // when all of them are taken and more are needed. After a close or a fault it reads no more and
  // throws away what it is given.
  std::optional<WebSocketInput> next(std::string_view& bytes);

  // A close or a fault was read.
  bool ended() const { return ended_; }
  // Between two messages: nothing is held.
  bool idle() const { return head_size_ == 0 && !message_under_way_; }

 private:
  using Fault = std::optional<WebSocketFault>;

  Fault read_head(std::string_view& bytes);
  std::size_t head_bytes_needed() const;
  Fault judge_start();  // once the first two bytes are there
  Fault begin_frame();  // once the head is there
  void read_payload(std::string_view& bytes);
  std::optional<WebSocketInput> end_frame();
  WebSocketInput end_control_frame();
  WebSocketInput read_close(std::string_view payload);
  WebSocketInput fail(WebSocketFault fault);

  std::size_t message_bytes_max_;
  WebSocketRole role_;

  // The frame at hand.
  std::array<unsigned char, 14> head_{};
  std::uint8_t head_size_ = 0;
  WebSocketOpcode opcode_ = WebSocketOpcode::continuation;
  bool head_read_ = false;
  bool final_ = false;
  std::array<unsigned char, 4> mask_{};
  std::uint64_t left_ = 0;  // bytes of its payload that have not arrived
  std::string control_{};   // payload of a control frame

  // The message at hand, of one frame or more.
  bool message_under_way_ = false;
  bool binary_ = false;
  std::string message_{};
  bool ended_ = false;
};

// The first bytes of a frame, before its payload.
struct WebSocketFrameHead {
  std::array<char, 14> bytes{};
  std::size_t size = 0;

  std::string_view view() const { return {bytes.data(), size}; }
};
using WebSocketMask = std::array<unsigned char, 4>;

// A frame that is a whole message or a control frame. With a mask (a client must use a new random
// one for each frame) the payload is to be sent through apply_websocket_mask().
WebSocketFrameHead websocket_frame_head(WebSocketOpcode opcode, std::uint64_t payload_bytes,
                                        const WebSocketMask* mask = nullptr);
// XORs the bytes with the mask, which begins at `offset` (0 to 3). Its own inverse.
void apply_websocket_mask(std::span<char> bytes, const WebSocketMask& mask, std::size_t offset = 0);
// The payload of a close frame; the reason is cut to what fits, between two characters. With
// websocket_close::no_code: empty.
std::string websocket_close_payload(std::uint16_t code, std::string_view reason);
// A whole frame with its payload, for control frames and tests.
std::string websocket_frame(WebSocketOpcode opcode, std::string_view payload,
                            const WebSocketMask* mask = nullptr);

}  // namespace colonnade::net
