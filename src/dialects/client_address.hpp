// Where a request comes from, behind proxies that are trusted to say so.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/http.hpp"

namespace colonnade::dialects {

// The addresses whose X-Forwarded-For header is believed.
class TrustedProxies {
 public:
  // The loopback addresses.
  static TrustedProxies loopback();
  // Each entry is an IPv4 or IPv6 address, alone or with a prefix length ("10.0.0.0/8",
  // "fd00::/8"). invalid for anything else, naming the entry. An empty list trusts nobody.
  static base::Result<TrustedProxies> parse(const std::vector<std::string>& entries);

  // False for text that is not an address. An IPv4 address and its IPv6-mapped form are the same.
  bool contains(std::string_view address) const;

 private:
  struct Range {
    std::array<std::uint8_t, 16> address{};  // IPv4 in its IPv6-mapped form
    int prefix_bits = 128;
  };
  std::vector<Range> ranges_{};
};

// Whether the text is a loopback address in digits.
bool is_loopback(std::string_view address);

// Whether a host, with or without its port and the brackets of an IPv6 address, can only be this
// machine: "localhost", or a loopback address in digits. A name like 127.example.org is somebody
// else's, wherever it points.
bool is_this_machine(std::string_view host);

// The first hop of X-Forwarded-For when the socket's peer is a trusted proxy and the hop is an
// address (a port behind it is dropped); else the socket's peer. "" when even that is unknown.
std::string client_address(const net::Request& request, const TrustedProxies& proxies);

}  // namespace colonnade::dialects
