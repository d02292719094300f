// However the bytes are cut, the reader makes the same of them, for both ends.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "net/websocket_frames.hpp"

namespace {

using namespace colonnade::net;

std::vector<WebSocketInput> read_all(WebSocketRole role, std::string_view bytes, std::size_t step) {
  constexpr std::size_t message_bytes_max = 300;  // small, so that the limit is reached, too
  WebSocketReader reader(role, message_bytes_max);
  std::vector<WebSocketInput> out;
  while (!bytes.empty()) {
    std::string_view some = bytes.substr(0, step);
    bytes.remove_prefix(some.size());
    while (auto input = reader.next(some)) out.push_back(std::move(*input));
    if (!some.empty()) std::abort();
  }
  for (const WebSocketInput& input : out) {
    const auto* const message = std::get_if<WebSocketMessage>(&input);
    if (message != nullptr && message->bytes.size() > message_bytes_max) std::abort();
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const WebSocketRole role : {WebSocketRole::server, WebSocketRole::client}) {
    const auto whole = read_all(role, bytes, size + 1);
    if (read_all(role, bytes, 1) != whole || read_all(role, bytes, 5) != whole) std::abort();
  }
  return 0;
}
