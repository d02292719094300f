// However the bytes are cut, the reader makes the same of them, for both ends, and lets nothing
// through that the protocol forbids. What is written as a frame is read as what it was.
#include <cstdint>
#include <string>
#include <vector>

#include "base/utf8.hpp"
#include "net/websocket_frames.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using namespace colonnade::net;
using colonnade::fuzz::require;

constexpr std::size_t message_bytes_max = 300;  // small, so that the limit is reached, too
constexpr std::size_t control_bytes_max = 125;

std::vector<WebSocketInput> read_all(WebSocketRole role, std::string_view bytes, std::size_t step) {
  WebSocketReader reader(role, message_bytes_max);
  std::vector<WebSocketInput> out;
  while (!bytes.empty()) {
    std::string_view some = bytes.substr(0, step);
    bytes.remove_prefix(some.size());
    while (auto input = reader.next(some)) out.push_back(std::move(*input));
    require(some.empty());
  }
  return out;
}

void judge(const WebSocketInput& input) {
  if (const auto* const message = std::get_if<WebSocketMessage>(&input)) {
    require(message->bytes.size() <= message_bytes_max);
    require(message->binary || colonnade::base::is_valid_utf8(message->bytes));
  } else if (const auto* const ping = std::get_if<WebSocketPing>(&input)) {
    require(ping->bytes.size() <= control_bytes_max);
  } else if (const auto* const pong = std::get_if<WebSocketPong>(&input)) {
    require(pong->bytes.size() <= control_bytes_max);
  } else if (const auto* const close = std::get_if<WebSocketClose>(&input)) {
    require(close->code == websocket_close::no_code ? close->reason.empty()
                                                    : is_websocket_close_code(close->code));
    require(colonnade::base::is_valid_utf8(close->reason));
  } else {
    const auto& fault = std::get<WebSocketFault>(input);
    require(is_websocket_close_code(fault.code) && *fault.reason != '\0');
  }
}

bool is_last(const WebSocketInput& input) {
  return std::holds_alternative<WebSocketClose>(input) ||
         std::holds_alternative<WebSocketFault>(input);
}

// Messages and pings that the other end has written come out as they went in.
void write_and_read(WebSocketRole reader, std::string_view payload) {
  const WebSocketMask mask{0x1F, 0x80, 0x00, static_cast<unsigned char>(payload.size())};
  const WebSocketMask* const with = reader == WebSocketRole::server ? &mask : nullptr;
  const std::string_view text = colonnade::base::cut_utf8(payload, message_bytes_max);
  const bool valid = colonnade::base::is_valid_utf8(text);
  const std::string_view ping = payload.substr(0, control_bytes_max);
  const std::string bytes = websocket_frame(WebSocketOpcode::ping, ping, with) +
                            websocket_frame(WebSocketOpcode::binary, text, with) +
                            websocket_frame(WebSocketOpcode::text, text, with);
  const auto got = read_all(reader, bytes, 7);
  require(got.size() == 3);
  require(got[0] == WebSocketInput(WebSocketPing{.bytes = std::string(ping)}));
  require(got[1] == WebSocketInput(WebSocketMessage{.binary = true, .bytes = std::string(text)}));
  if (valid) {
    require(got[2] ==
            WebSocketInput(WebSocketMessage{.binary = false, .bytes = std::string(text)}));
  } else {
    require(std::get<WebSocketFault>(got[2]).code == websocket_close::invalid_text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const WebSocketRole role : {WebSocketRole::server, WebSocketRole::client}) {
    const auto whole = read_all(role, bytes, size + 1);
    require(read_all(role, bytes, 1) == whole && read_all(role, bytes, 5) == whole);
    for (const WebSocketInput& input : whole) {
      judge(input);
      require(!is_last(input) || &input == &whole.back());
    }
    write_and_read(role, bytes);
  }
  return 0;
}
