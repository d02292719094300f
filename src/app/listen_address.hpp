// Where a server listens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace colonnade::app {

struct ListenAddress {
  std::string host{};
  std::uint16_t port = 0;  // 0: any free port
  bool operator==(const ListenAddress&) const = default;
};
// "127.0.0.1:8790", "[::1]:8790"; nullopt for anything else.
std::optional<ListenAddress> parse_listen_address(std::string_view text);
std::string to_string(const ListenAddress& address);
// Where a client on this machine reaches it: a wildcard host becomes the loopback address.
std::string local_url(const ListenAddress& address, bool tls);

}  // namespace colonnade::app
