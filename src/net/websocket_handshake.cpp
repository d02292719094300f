#include <algorithm>

#include "net/websocket.hpp"
#include "net/websocket_client.hpp"

namespace colonnade::net {
namespace {

constexpr std::string_view websocket_version = "13";
constexpr std::size_t key_characters = 24;  // 16 bytes in base64

// Whether a header that is a list of words has this one (RFC 9110 §5.6.1).
bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view item = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    if (same_ignoring_case(item, word)) return true;
  }
  return false;
}

// Any of the headers of that name.
bool header_has_word(const Request& request, std::string_view name, std::string_view word) {
  return std::ranges::any_of(request.headers, [&](const Header& header) {
    return same_ignoring_case(header.name, name) && has_word(header.value, word);
  });
}

bool is_key(std::string_view key) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return key.size() == key_characters && key.ends_with("==") &&
         key.find_first_not_of(digits) == key_characters - 2;
}

Response refusal(int status, std::string message) {
  Response out{.status = status, .content_type = "text/plain; charset=utf-8", .close = true};
  out.body = std::move(message);
  return out;
}

}  // namespace

bool wants_websocket(const Request& request) {
  return header_has_word(request, "Upgrade", "websocket");
}

std::expected<std::string, Response> websocket_accept(const Request& request) {
  const auto bad = [](std::string message) {
    return std::unexpected(refusal(400, std::move(message)));
  };
  if (request.method != Method::get) return bad("A WebSocket is opened by GET.");
  if (request.http_1_0) return bad("A WebSocket needs HTTP/1.1.");
  if (!header_has_word(request, "Connection", "upgrade")) {
    return bad("The header Connection must name Upgrade.");
  }
  if (!wants_websocket(request)) return bad("The header Upgrade must be websocket.");
  const std::string_view key = request.header("Sec-WebSocket-Key");
  if (!is_key(key)) return bad("The header Sec-WebSocket-Key must be 16 bytes in base64.");
  if (request.header("Sec-WebSocket-Version") != websocket_version) {
    Response out = refusal(426, "The header Sec-WebSocket-Version must be 13.");
    out.headers.push_back({"Sec-WebSocket-Version", std::string(websocket_version)});
    return std::unexpected(std::move(out));
  }
  return websocket_accept_value(key);
}

}  // namespace colonnade::net
