#include "net/public_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace colonnade::net {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

struct Range4 {
  std::uint32_t network;
  int bits;
  const char* kind;
};

// IANA's special-purpose registry for IPv4, and multicast.
constexpr Range4 ranges4[] = {
    {0x00000000, 8, "this-network"},   {0x0a000000, 8, "private"},
    {0x64400000, 10, "carrier-NAT"},   {0x7f000000, 8, "loopback"},
    {0xa9fe0000, 16, "link-local"},    {0xac100000, 12, "private"},
    {0xc0000000, 24, "reserved"},      {0xc0000200, 24, "documentation"},
    {0xc0586300, 24, "reserved"},      {0xc0a80000, 16, "private"},
    {0xc6120000, 15, "benchmarking"},  {0xc6336400, 24, "documentation"},
    {0xcb007100, 24, "documentation"}, {0xe0000000, 4, "multicast"},
    {0xf0000000, 4, "reserved"},
};

std::string kind4(std::uint32_t address) {
  for (const Range4& range : ranges4) {
    if ((address ^ range.network) >> (32 - range.bits) == 0) return range.kind;
  }
  // One cloud's metadata service lives in the public range.
  constexpr std::uint32_t metadata = 0xa83f8110;  // 168.63.129.16
  return address == metadata ? "metadata" : "";
}

std::uint32_t embedded(const Bytes& bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes.at(at)) << 24U |
         static_cast<std::uint32_t>(bytes.at(at + 1)) << 16U |
         static_cast<std::uint32_t>(bytes.at(at + 2)) << 8U | bytes.at(at + 3);
}

bool starts_with(const Bytes& bytes, std::initializer_list<std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

std::string kind6(const Bytes& bytes) {
  constexpr Bytes loopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  if (bytes == loopback) return "loopback";
  if (bytes == Bytes{}) return "unspecified";
  if (starts_with(bytes, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}) ||
      starts_with(bytes, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) ||
      starts_with(bytes, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) {
    return kind4(embedded(bytes, 12));
  }
  if (starts_with(bytes, {0x20, 0x02})) return kind4(embedded(bytes, 2));  // 6to4
  if ((bytes[0] & 0xfeU) == 0xfc) return "unique-local";
  if (bytes[0] == 0xfe && (bytes[1] & 0xc0U) == 0x80) return "link-local";
  if (bytes[0] == 0xff) return "multicast";
  if (starts_with(bytes, {0x20, 0x01, 0x0d, 0xb8})) return "documentation";
  if (starts_with(bytes, {0x20, 0x01}) && bytes[2] < 2) return "reserved";  // Teredo and others
  // Global unicast is 2000::/3; nothing else is routed.
  return (bytes[0] & 0xe0U) == 0x20 ? "" : "reserved";
}

}  // namespace

std::string special_kind(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, &address, sizeof ipv4);
    return kind4(ntohl(ipv4.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, &address, sizeof ipv6);
    Bytes bytes{};
    std::memcpy(bytes.data(), &ipv6.sin6_addr, bytes.size());
    return kind6(bytes);
  }
  return "local";
}

std::string special_kind(std::string_view address) {
  const std::string text(address);
  in_addr ipv4{};
  if (inet_pton(AF_INET, text.c_str(), &ipv4) == 1) return kind4(ntohl(ipv4.s_addr));
  Bytes ipv6{};
  if (inet_pton(AF_INET6, text.c_str(), ipv6.data()) == 1) return kind6(ipv6);
  return std::string(unknown_kind);
}

}  // namespace colonnade::net
