#include "dialects/faramesh/access.hpp"

#include <optional>

#include "base/ids.hpp"

namespace colonnade::dialects::faramesh {
namespace {

constexpr std::string_view operator_user = "admin";

// Exactly "Bearer ", then anything but blanks.
std::optional<std::string_view> bearer(const net::Request& request) {
  constexpr std::string_view scheme = "Bearer ";
  constexpr std::string_view blanks = " \t";
  std::string_view value = request.header("Authorization");
  if (!value.starts_with(scheme)) return std::nullopt;
  value.remove_prefix(scheme.size());
  const auto first = value.find_first_not_of(blanks);
  if (first == std::string_view::npos) return std::nullopt;
  return value.substr(first, value.find_last_not_of(blanks) - first + 1);
}

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

// The Host header's name, without its port.
std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

// An address in digits; "127.example.org" is a name that anybody may have made.
bool is_loopback_address(std::string_view host) {
  return host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

core::Principal admin() { return {.user_id = std::string(operator_user)}; }

}  // namespace

bool is_local_program(const net::Request& request) {
  const std::string_view host = host_name(request.header("Host"));
  const bool local_name = host == "localhost" || is_loopback_address(host);
  return is_loopback(request.peer_address) && local_name && !request.has_header("Origin") &&
         !request.has_header("X-Forwarded-For") && !request.has_header("Forwarded");
}

// Looks at all of them, so that the time says nothing of which one it was.
bool Access::is_shared_token(std::string_view token) const {
  bool found = false;
  for (const std::string& each : options_.tokens) {
    found = base::equal_in_constant_time(each, token) || found;
  }
  return found;
}

base::Result<core::Principal> Access::admit(const net::Request& request) const {
  const auto token = bearer(request);
  if (!token) {
    if (options_.open && !request.has_header("Authorization") && is_local_program(request)) {
      return admin();
    }
    return base::fail(base::ErrorKind::unauthorized, "Missing or invalid Authorization header",
                      "Authorization");
  }
  if (is_shared_token(*token)) return admin();
  auto who = credentials_.authenticate(*token);
  if (!who && who.error().kind == base::ErrorKind::unauthorized) {
    return base::fail(base::ErrorKind::unauthorized, "Invalid authentication token",
                      "Authorization");
  }
  return who;
}

}  // namespace colonnade::dialects::faramesh
