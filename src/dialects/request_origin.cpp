#include "dialects/request_origin.hpp"

#include <algorithm>
#include <string_view>

#include "base/this_machine.hpp"

namespace colonnade::dialects {
namespace {

bool has_entry(const std::vector<std::string>& list, std::string_view one) {
  return std::ranges::any_of(list, [one](const std::string& entry) {
    return entry == "*" || net::same_ignoring_case(entry, one);
  });
}

// "http://[::1]:80" → "[::1]:80"
std::string_view authority_of(std::string_view origin) {
  const auto scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view() : origin.substr(scheme + 3);
}

bool is_own_page(const net::Request& request) {
  const std::string_view authority = authority_of(request.header("Origin"));
  return !authority.empty() && net::same_ignoring_case(authority, request.header("Host"));
}

}  // namespace

bool is_page_of(const net::Request& request, const std::vector<std::string>& origins) {
  return !request.has_header("Origin") || is_own_page(request) ||
         has_entry(origins, request.header("Origin"));
}

base::Error foreign_page() {
  return {.kind = base::ErrorKind::forbidden,
          .message =
              "web pages of this origin may not ask without a credential; the setting "
              "cors.origins lists those that may",
          .field = "Origin"};
}

base::Result<void> check_head(const HeadRules& rules, const net::Request& request) {
  const std::string_view host = request.header("Host");
  if (rules.loopback && !host.empty() && !base::is_this_machine(host) &&
      !has_entry(rules.hosts, base::without_port(host))) {
    return base::fail(base::ErrorKind::forbidden,
                      "a loopback address answers to localhost and to loopback addresses only: "
                      "anybody can make another name point here. The setting allowed_hosts lists "
                      "further names, such as that of a proxy in front",
                      "Host");
  }
  if (!rules.origins.empty() && !is_page_of(request, rules.origins)) {
    return base::fail(base::ErrorKind::forbidden,
                      "web pages of this origin may not ask; the setting allowed_origins lists "
                      "those that may",
                      "Origin");
  }
  return {};
}

}  // namespace colonnade::dialects
