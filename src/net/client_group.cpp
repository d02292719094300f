#include "net/client_group.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/this_machine.hpp"

namespace colonnade::net {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t network_bytes = 8;  // a /64: what one customer, or one machine, gets

std::string text_of(int family, const std::uint8_t* bytes) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  return inet_ntop(family, bytes, out.data(), out.size()) == nullptr ? "" : out.data();
}

}  // namespace

std::string client_group(std::string_view address) {
  if (base::is_loopback(address)) return "loopback";
  std::string text(address);
  std::array<std::uint8_t, 16> ipv6{};
  if (inet_pton(AF_INET6, text.c_str(), ipv6.data()) != 1) return text;
  if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), ipv6.begin())) {
    return text_of(AF_INET, ipv6.data() + mapped_prefix.size());
  }
  std::fill(ipv6.begin() + network_bytes, ipv6.end(), std::uint8_t{0});
  return text_of(AF_INET6, ipv6.data()) + "/64";
}

}  // namespace colonnade::net
