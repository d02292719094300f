#include "dialects/authentication.hpp"

namespace colonnade::dialects {
namespace {

constexpr std::string_view scheme = "bearer";
constexpr std::string_view blanks = " \t";

bool equal_ignoring_case(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char lowered = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lowered != lower_case[i]) return false;
  }
  return true;
}

base::Task<base::Result<core::Principal>> look_at(
    base::Task<base::Result<core::Principal>> authenticated, std::string scope) {
  auto who = co_await std::move(authenticated);
  if (!who) co_return who;
  auto there = core::looking_at(std::move(*who), scope);
  if (!there) {
    there.error().message = std::string(scope_header) + ": " + there.error().message;
    there.error().field = scope_header;
  }
  co_return there;
}

}  // namespace

std::optional<std::string_view> bearer_token(const net::Request& request) {
  std::string_view value = request.header("Authorization");
  const auto start = value.find_first_not_of(blanks);
  if (start == std::string_view::npos) return std::nullopt;
  value.remove_prefix(start);
  const auto gap = value.find_first_of(blanks);
  if (gap == std::string_view::npos) return std::nullopt;
  if (!equal_ignoring_case(value.substr(0, gap), scheme)) return std::nullopt;
  value.remove_prefix(gap);
  const auto first = value.find_first_not_of(blanks);
  if (first == std::string_view::npos) return std::nullopt;
  const auto last = value.find_last_not_of(blanks);
  return value.substr(first, last - first + 1);
}

base::Task<base::Result<core::Principal>> in_named_scope(
    base::Task<base::Result<core::Principal>> authenticated, const net::Request& request) {
  if (!request.has_header(scope_header)) return authenticated;
  return look_at(std::move(authenticated), std::string(request.header(scope_header)));
}

base::Task<base::Result<core::Principal>> not_admitted(base::Error error) {
  co_return base::fail(std::move(error));
}

base::Task<base::Result<core::Principal>> authenticate(core::Credentials& credentials,
                                                       const net::Request& request) {
  const auto token = bearer_token(request);
  if (token) return in_named_scope(credentials.authenticate(std::string(*token)), request);
  return not_admitted({.kind = base::ErrorKind::unauthorized,
                       .message =
                           "Missing or invalid Authorization header: send 'Authorization: Bearer "
                           "<token>'",
                       .field = "Authorization"});
}

}  // namespace colonnade::dialects
