// Whose data: every row carries its scope and every query of a store takes one first. A read across
// scopes finds nothing.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace colonnade::core {

// organization/project/environment. Has no default, so that it cannot be left out by accident.
class Scope {
 public:
  Scope(std::string organization, std::string project, std::string environment)
      : key_(std::move(organization) + "/" + std::move(project) + "/" + std::move(environment)) {}
  // From key(); for stores.
  static Scope from_key(std::string key) { return Scope(std::move(key)); }
  // The scope of a server that nobody divided further; what its first operator looks at.
  static Scope main() { return {"main", "main", "main"}; }
  // Of what concerns the server as a whole: its policies, its sweeps. No credential can name it.
  static Scope whole_server() { return {"*", "*", "*"}; }

  const std::string& key() const { return key_; }
  auto operator<=>(const Scope&) const = default;

 private:
  explicit Scope(std::string key) : key_(std::move(key)) {}
  std::string key_;
};

// From "organization/project/environment", each 1 to limits::scope_part_bytes_max letters, digits,
// dots, dashes and underscores. Errors: invalid with the field "scope".
base::Result<Scope> parse_scope(std::string_view text);

}  // namespace colonnade::core
