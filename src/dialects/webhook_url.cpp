#include "dialects/webhook_url.hpp"

#include <algorithm>
#include <string_view>

#include "net/http.hpp"
#include "net/public_address.hpp"
#include "net/url.hpp"

namespace colonnade::dialects {
namespace {

// Names that never are public (RFC 6761, RFC 6762, RFC 8375, RFC 9476), and those without a dot.
bool is_private_name(std::string_view host) {
  for (const std::string_view end :
       {".localhost", ".local", ".internal", ".home.arpa", ".localdomain", ".lan"}) {
    if (host.ends_with(end)) return true;
  }
  return host.find('.') == std::string_view::npos;
}

// "" for what may be public.
std::string private_kind(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::string kind = net::special_kind(host);
  if (kind != net::unknown_kind) return kind;
  return is_private_name(host) ? "private" : "";
}

}  // namespace

base::Result<std::string> check_webhook_url(const std::string& url,
                                            const std::vector<std::string>& private_hosts,
                                            const std::string& field) {
  const auto read = net::canonical_http_url(url);
  if (!read) {
    return base::fail(base::ErrorKind::invalid, field + " is no URL: " + read.error().message,
                      field);
  }
  const bool allowed = std::ranges::any_of(private_hosts, [&](const std::string& host) {
    return host == "*" || net::same_ignoring_case(host, read->host);
  });
  const std::string kind = allowed ? "" : private_kind(read->host);
  if (kind.empty()) return read->text;
  return base::fail(base::ErrorKind::invalid,
                    field + " must be of the public Internet, and " + read->host + " is " + kind +
                        "; an operator allows hosts in tools.private_hosts",
                    field);
}

}  // namespace colonnade::dialects
