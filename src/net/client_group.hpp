// Whom limits per client count together, by the address that a client comes from.
#pragma once

#include <string>
#include <string_view>

namespace colonnade::net {

// One text for all addresses that one client has at will: an IPv6 network of 64 bits
// ("2001:db8:0:1::/64"), all loopback addresses ("loopback"), else the address itself, an
// IPv6-mapped one as its IPv4 address. Text that is no address stays as it is.
std::string client_group(std::string_view address);

}  // namespace colonnade::net
