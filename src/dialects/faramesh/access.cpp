#include "dialects/faramesh/access.hpp"

#include <optional>

#include "base/ids.hpp"
#include "dialects/authentication.hpp"
#include "dialects/client_address.hpp"

namespace colonnade::dialects::faramesh {
namespace {

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

base::Task<base::Result<core::Principal>> admitted(core::Principal who) { co_return who; }

// By a token of ours; what is wrong with it is said in the contract's words.
base::Task<base::Result<core::Principal>> named_by(core::Credentials* credentials,
                                                   std::string token) {
  auto who = co_await credentials->authenticate(std::move(token));
  if (!who && who.error().kind == base::ErrorKind::unauthorized) {
    co_return base::fail(base::ErrorKind::unauthorized, "Invalid authentication token",
                         "Authorization");
  }
  co_return who;
}

}  // namespace

// Looks at all of them, so that the time says nothing of which one it was.
bool Access::is_shared_token(std::string_view token) const {
  bool found = false;
  for (const std::string& each : options_.tokens) {
    found = base::equal_in_constant_time(each, token) || found;
  }
  return found;
}

base::Task<base::Result<core::Principal>> Access::admit(const net::Request& request) const {
  const auto token = bearer(request);
  if (token && !is_shared_token(*token)) {
    return in_named_scope(named_by(&credentials_, std::string(*token)), request);
  }
  const bool is_open =
      options_.open && !request.has_header("Authorization") && is_local_program(request);
  if (token || is_open) return in_named_scope(admitted(options_.shared), request);
  return not_admitted({.kind = base::ErrorKind::unauthorized,
                       .message = "Missing or invalid Authorization header",
                       .field = "Authorization"});
}

}  // namespace colonnade::dialects::faramesh
