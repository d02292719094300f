#include "dialects/socket_io/kept_head.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace colonnade::dialects::socket_io {
namespace {

constexpr char separator = '\n';  // stands in no target and in no header

bool is_of_the_transport(std::string_view name) {
  constexpr std::array<std::string_view, 14> names{
      "Accept",
      "Accept-Encoding",
      "Cache-Control",
      "Connection",
      "Content-Length",
      "Content-Type",
      "Pragma",
      "Sec-WebSocket-Extensions",
      "Sec-WebSocket-Key",
      "Sec-WebSocket-Protocol",
      "Sec-WebSocket-Version",
      "Transfer-Encoding",
      "Upgrade",
      "Keep-Alive",
  };
  return std::ranges::any_of(
      names, [&](std::string_view one) { return net::same_ignoring_case(one, name); });
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find(separator);
  const std::string_view out = text.substr(0, end);
  text.remove_prefix(end + 1);
  return out;
}

}  // namespace

KeptHead::KeptHead(const net::Request& request)
    : lane_(request.lane), secure_(request.secure), local_listener_(request.local_listener) {
  std::size_t bytes = request.target.size() + request.peer_address.size() + 2;
  for (const net::Header& header : request.headers) {
    if (is_of_the_transport(header.name)) continue;
    bytes += header.name.size() + header.value.size() + 2;
  }
  text_.reserve(bytes);
  const auto put = [this](std::string_view line) { text_.append(line).push_back(separator); };
  put(request.target);
  put(request.peer_address);
  for (const net::Header& header : request.headers) {
    if (is_of_the_transport(header.name)) continue;
    put(header.name);
    put(header.value);
  }
}

std::shared_ptr<const net::Request> KeptHead::request() const {
  auto out = std::make_shared<net::Request>();
  out->method = net::Method::get;
  out->lane = lane_;
  out->secure = secure_;
  out->local_listener = local_listener_;
  std::string_view text = text_;
  out->target = take_line(text);
  out->path = out->target.substr(0, out->target.find('?'));
  if (out->path.size() < out->target.size()) out->query = out->target.substr(out->path.size() + 1);
  out->peer_address = take_line(text);
  while (!text.empty()) {
    std::string name(take_line(text));
    out->headers.push_back({.name = std::move(name), .value = std::string(take_line(text))});
  }
  return out;
}

}  // namespace colonnade::dialects::socket_io
