// Where a request comes from, behind proxies that are trusted to say so, and whether it may have
// come from elsewhere than it seems.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/this_machine.hpp"
#include "net/http.hpp"

namespace colonnade::dialects {

using base::is_loopback;
using base::is_this_machine;

// The addresses whose X-Forwarded-For header is believed. By default nobody's.
class TrustedProxies {
 public:
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

// The last hop that no trusted proxy vouches for: the socket's peer unless that is a trusted proxy,
// else what stands last in X-Forwarded-For and is no trusted proxy itself. Whatever stands before
// it was written by the client. A hop that is no address ends the search at the proxy that named
// it. "" when even the peer is unknown.
std::string client_address(const net::Request& request, const TrustedProxies& proxies);

// Whether a proxy left a mark on it: Forwarded, X-Forwarded-…, X-Real-IP, Via and their like.
bool was_forwarded(const net::Request& request);

// Whether it comes from a program on this machine that speaks for itself: it came in where only
// programs on this machine can (net::Request::local_listener), from a loopback address, not through
// a proxy that says so, not for a web page, and not to a name that somebody made to point here.
bool is_local_program(const net::Request& request);

}  // namespace colonnade::dialects
