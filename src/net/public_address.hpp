// Which network addresses belong to the public Internet.
#pragma once

#include <string>
#include <string_view>

struct sockaddr;

namespace colonnade::net {

// "" for a global unicast address of IPv4 or IPv6, else what kind it is ("loopback", "private",
// "link-local", …). An IPv4 address inside an IPv6 one (mapped, compatible, NAT64, 6to4) is judged
// as itself. Cloud metadata services answer on link-local and unique-local addresses.
std::string special_kind(const sockaddr& address);
// The same of an address in digits; unknown_kind for any other text.
std::string special_kind(std::string_view address);
inline constexpr std::string_view unknown_kind = "unknown";

}  // namespace colonnade::net
