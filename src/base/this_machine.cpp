#include "base/this_machine.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

namespace colonnade::base {

bool is_loopback(std::string_view address) {
  const std::string text(address);
  std::array<std::uint8_t, 4> ipv4{};
  if (inet_pton(AF_INET, text.c_str(), ipv4.data()) == 1) return ipv4[0] == 127;
  std::array<std::uint8_t, 16> ipv6{};
  if (inet_pton(AF_INET6, text.c_str(), ipv6.data()) != 1) return false;
  constexpr std::array<std::uint8_t, 13> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127};
  constexpr std::array<std::uint8_t, 16> itself = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return ipv6 == itself || std::equal(mapped.begin(), mapped.end(), ipv6.begin());
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(1, end - 1);
  }
  const auto colon = host.find(':');
  const bool one_colon = colon != std::string_view::npos && colon == host.rfind(':');
  return one_colon ? host.substr(0, colon) : host;
}

bool is_this_machine(std::string_view host) {
  const std::string_view name = without_port(host);
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(name, std::string_view("localhost"), {}, lower) || is_loopback(name);
}

}  // namespace colonnade::base
