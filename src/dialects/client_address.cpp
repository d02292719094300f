#include "dialects/client_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace colonnade::dialects {
namespace {

using Address = std::array<std::uint8_t, 16>;
constexpr int mapped_prefix_bits = 96;  // ::ffff:0:0/96 holds IPv4

struct ParsedAddress {
  Address bytes{};
  bool v4 = false;
};

std::optional<ParsedAddress> parse_address(std::string_view text) {
  const std::string terminated(text);
  ParsedAddress out;
  std::array<std::uint8_t, 4> v4{};
  if (inet_pton(AF_INET, terminated.c_str(), v4.data()) == 1) {
    out.v4 = true;
    out.bytes[10] = out.bytes[11] = 0xFF;
    std::ranges::copy(v4, out.bytes.begin() + 12);
    return out;
  }
  if (inet_pton(AF_INET6, terminated.c_str(), out.bytes.data()) == 1) return out;
  return std::nullopt;
}

bool same_prefix(const Address& a, const Address& b, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) {
    return false;
  }
  const int rest = bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xFF << (8 - rest));
  return (a[whole] & mask) == (b[whole] & mask);
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// "[::1]:80" and "[::1]" → "::1"; "10.0.0.1:80" → "10.0.0.1"; anything else as it is.
std::string_view without_port(std::string_view hop) {
  if (hop.starts_with('[')) {
    const auto end = hop.find(']');
    return end == std::string_view::npos ? hop : hop.substr(1, end - 1);
  }
  const auto colon = hop.find(':');
  const bool one_colon = colon != std::string_view::npos && colon == hop.rfind(':');
  return one_colon ? hop.substr(0, colon) : hop;
}

}  // namespace

TrustedProxies TrustedProxies::loopback() { return *parse({"127.0.0.0/8", "::1"}); }

base::Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& entries) {
  TrustedProxies out;
  for (const std::string& entry : entries) {
    const auto invalid = [&] {
      return base::fail(base::ErrorKind::invalid,
                        "trusted proxy '" + entry +
                            "' is not an address or a range: write it like 10.0.0.7, 10.0.0.0/8 "
                            "or fd00::/8",
                        "trusted_proxies");
    };
    const auto slash = entry.find('/');
    const auto address = parse_address(std::string_view(entry).substr(0, slash));
    if (!address) return invalid();
    const int bits_max = address->v4 ? 32 : 128;
    int bits = bits_max;
    if (slash != std::string::npos) {
      const char* begin = entry.data() + slash + 1;
      const char* end = entry.data() + entry.size();
      const auto [stop, error] = std::from_chars(begin, end, bits);
      if (error != std::errc{} || stop != end || bits < 0 || bits > bits_max) return invalid();
    }
    out.ranges_.push_back(
        {.address = address->bytes, .prefix_bits = bits + (address->v4 ? mapped_prefix_bits : 0)});
  }
  return out;
}

bool TrustedProxies::contains(std::string_view address) const {
  const auto parsed = parse_address(address);
  if (!parsed) return false;
  return std::ranges::any_of(ranges_, [&](const Range& range) {
    return same_prefix(parsed->bytes, range.address, range.prefix_bits);
  });
}

bool is_loopback(std::string_view address) {
  static const TrustedProxies itself = TrustedProxies::loopback();
  return itself.contains(address);
}

bool is_this_machine(std::string_view host) {
  const std::string_view name = without_port(host);
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(name, std::string_view("localhost"), {}, lower) || is_loopback(name);
}

std::string client_address(const net::Request& request, const TrustedProxies& proxies) {
  const std::string_view forwarded = request.header("X-Forwarded-For");
  if (forwarded.empty() || !proxies.contains(request.peer_address)) return request.peer_address;
  const std::string_view hop = without_port(trimmed(forwarded.substr(0, forwarded.find(','))));
  if (!parse_address(hop)) return request.peer_address;
  return std::string(hop);
}

}  // namespace colonnade::dialects
