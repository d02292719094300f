#include "core/access/principal.hpp"

#include <algorithm>

#include "core/access/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;

namespace {

bool is_scope_part(std::string_view part) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !part.empty() && part.size() <= limits::scope_part_bytes_max &&
         std::ranges::all_of(part, fits);
}

}  // namespace

base::Result<Scope> parse_scope(std::string_view text) {
  const auto first = text.find('/');
  const auto second = first == std::string_view::npos ? first : text.find('/', first + 1);
  if (second != std::string_view::npos) {
    const std::string_view organization = text.substr(0, first);
    const std::string_view project = text.substr(first + 1, second - first - 1);
    const std::string_view environment = text.substr(second + 1);
    if (is_scope_part(organization) && is_scope_part(project) && is_scope_part(environment)) {
      return Scope(std::string(organization), std::string(project), std::string(environment));
    }
  }
  return fail(ErrorKind::invalid,
              "scope must be ORGANIZATION/PROJECT/ENVIRONMENT, each 1 to " +
                  std::to_string(limits::scope_part_bytes_max) +
                  " letters, digits, dots, dashes and underscores",
              "scope");
}

std::string_view to_string(UserRole role) {
  switch (role) {
    case UserRole::operator_role: return "operator";
    case UserRole::member: return "member";
    case UserRole::guest: return "guest";
  }
  return "";
}

std::optional<UserRole> user_role_from(std::string_view text) {
  for (const UserRole role : {UserRole::operator_role, UserRole::member, UserRole::guest}) {
    if (text == to_string(role)) return role;
  }
  return std::nullopt;
}

base::Result<Principal> looking_at(Principal who, std::string_view scope) {
  auto other = parse_scope(scope);
  if (!other) return fail(std::move(other.error()));
  if (*other == who.scope) return who;
  if (!who.every_scope) {
    return fail(ErrorKind::unauthorized,
                "this credential counts in the scope " + who.scope.key() + " only", "scope");
  }
  who.scope = std::move(*other);
  return who;
}

}  // namespace colonnade::core
