// Listening sockets, one per lane on the same address. For net/'s own .cpp files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace colonnade::net {

// Bound, non-blocking descriptors that share one port (SO_REUSEPORT): once they listen, the kernel
// spreads new connections over them. The caller closes them.
struct Listeners {
  std::vector<int> descriptors{};
  std::uint16_t port = 0;
  bool ipv6 = false;
};

// `host` is an address or a name; it may block for a name. Errors name `host` or `port`.
// Until listen_on(), a client is refused.
base::Result<Listeners> bind_to(const std::string& host, std::uint16_t port, std::size_t count);
// From here on clients get in. Closes nothing when it fails.
base::Result<void> listen_on(const Listeners& listeners, const std::string& host);

}  // namespace colonnade::net
