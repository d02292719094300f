#include "dialects/client_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

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

// Every hop, in the order of all the headers of that name.
std::vector<std::string_view> hops_of(const net::Request& request) {
  std::vector<std::string_view> out;
  for (const net::Header& header : request.headers) {
    if (!net::same_ignoring_case(header.name, "X-Forwarded-For")) continue;
    std::string_view rest = header.value;
    for (;;) {
      const auto comma = rest.find(',');
      out.push_back(base::without_port(trimmed(rest.substr(0, comma))));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return out;
}

// What proxies, tunnels and content networks add, but for X-Forwarded-… with any end.
constexpr std::array<std::string_view, 7> forwarding_headers = {"Forwarded",
                                                                "Via",
                                                                "X-Real-IP",
                                                                "X-Client-IP",
                                                                "CF-Connecting-IP",
                                                                "True-Client-IP",
                                                                "X-Original-Forwarded-For"};
constexpr std::string_view forwarding_prefix = "X-Forwarded-";

}  // namespace

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

std::string client_address(const net::Request& request, const TrustedProxies& proxies) {
  std::string_view client = request.peer_address;
  const std::vector<std::string_view> hops = hops_of(request);
  for (auto hop = hops.rbegin(); hop != hops.rend() && proxies.contains(client); ++hop) {
    if (!parse_address(*hop)) break;
    client = *hop;
  }
  return std::string(client);
}

bool was_forwarded(const net::Request& request) {
  return std::ranges::any_of(request.headers, [](const net::Header& header) {
    const std::string_view name = header.name;
    return net::same_ignoring_case(name.substr(0, forwarding_prefix.size()), forwarding_prefix) ||
           std::ranges::any_of(forwarding_headers, [name](std::string_view known) {
             return net::same_ignoring_case(name, known);
           });
  });
}

bool is_local_program(const net::Request& request) {
  return request.local_listener && is_loopback(request.peer_address) &&
         is_this_machine(request.header("Host")) && !request.has_header("Origin") &&
         !was_forwarded(request);
}

}  // namespace colonnade::dialects
