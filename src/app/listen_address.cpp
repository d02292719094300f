#include "app/listen_address.hpp"

#include <charconv>

namespace colonnade::app {

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return std::nullopt;
    host = host.substr(1, host.size() - 2);
  } else if (host.contains(':')) {
    return std::nullopt;  // an IPv6 address needs its brackets, or its end looks like a port
  }
  ListenAddress out{.host = std::string(host)};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (error != std::errc() || end != port.data() + port.size()) return std::nullopt;
  return out;
}

std::string to_string(const ListenAddress& address) {
  const bool brackets = address.host.contains(':');
  return (brackets ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

std::string local_url(const ListenAddress& address, bool tls) {
  ListenAddress local = address;
  if (local.host == "0.0.0.0") local.host = "127.0.0.1";
  if (local.host == "::") local.host = "::1";
  return (tls ? "https://" : "http://") + to_string(local);
}

}  // namespace colonnade::app
