// Whatever a server answers to the handshake and sends behind it: however the bytes are cut, the
// client makes the same of them, holds no more than it may, and itself sends only good frames. In
// the head's first accept_line `@` stands for the value that fits the client's random key.
#include <cstdint>
#include <string>
#include <vector>

#include "base/utf8.hpp"
#include "net/websocket_client.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using namespace colonnade::net;
using colonnade::fuzz::require;

constexpr std::string_view accept_line = "\r\nSec-WebSocket-Accept: @\r\n";
constexpr std::size_t message_bytes_max = 300;  // small, so that the limit is reached, too

std::string key_of(std::string_view request) {
  constexpr std::string_view name = "Sec-WebSocket-Key: ";
  const std::size_t begin = request.find(name) + name.size();
  return std::string(request.substr(begin, request.find('\r', begin) - begin));
}

struct Seen {
  int status = 0;
  bool answered = false;
  bool open = false;
  bool ended = false;
  std::string body{};
  std::string fault{};
  std::vector<std::string> inputs{};
  bool operator==(const Seen&) const = default;
};

void take_inputs(WebSocketClient& client, Seen& seen) {
  while (client.has_input()) {
    const SocketInput input = client.take_input();
    require(input.text.size() <= message_bytes_max && colonnade::base::is_valid_utf8(input.text));
    require(!input.closed || input.code == websocket_close::no_code ||
            is_websocket_close_code(input.code));
    seen.inputs.push_back(input.closed ? std::to_string(input.code) + input.close_reason
                                       : "text" + input.text);
  }
}

Seen receive_all(std::string_view answer, std::size_t step) {
  WebSocketClient client("http://a.test/x", {}, message_bytes_max);
  const std::string accept = websocket_accept_value(key_of(client.output()));
  client.sent(client.output().size());
  std::string bytes(answer);
  const std::string_view head = answer.substr(0, answer.find("\r\n\r\n") + 2);
  if (const std::size_t at = head.find(accept_line); at != std::string_view::npos) {
    bytes.replace(at + accept_line.size() - 3, 1, accept);
  }
  Seen seen;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    client.receive(std::string_view(bytes).substr(at, step));
    take_inputs(client, seen);
    require(client.held_bytes() <= message_bytes_max);
  }
  client.receive_end();
  take_inputs(client, seen);
  seen.status = client.status();
  seen.answered = client.answered();
  seen.open = client.open();
  seen.ended = client.ended();
  seen.fault = client.fault();
  if (const std::size_t at = seen.fault.find(accept); at != std::string::npos) {
    seen.fault.replace(at, accept.size(), "@");
  }
  seen.body = client.take_body();
  WebSocketReader reader(WebSocketRole::server, message_bytes_max);
  std::string_view sent = client.output();
  while (auto input = reader.next(sent)) require(!std::holds_alternative<WebSocketFault>(*input));
  require(sent.empty());
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Seen whole = receive_all(bytes, size + 1 + 30 * size);
  require(whole == receive_all(bytes, 1) && whole == receive_all(bytes, 7));
  require(whole.answered && (whole.ended || !whole.open));
  return 0;
}
