// Whose data: every row carries its scope and every query of a store takes one first. A read across
// scopes finds nothing.
#pragma once

#include <compare>
#include <string>
#include <utility>

namespace colonnade::core {

// organization/project/environment. Has no default, so that it cannot be left out by accident.
class Scope {
 public:
  Scope(std::string organization, std::string project, std::string environment)
      : key_(std::move(organization) + "/" + std::move(project) + "/" + std::move(environment)) {}
  // From key(); for stores.
  static Scope from_key(std::string key) { return Scope(std::move(key)); }
  // The scope of a server that nobody divided further.
  static Scope main() { return {"main", "main", "main"}; }

  const std::string& key() const { return key_; }
  auto operator<=>(const Scope&) const = default;

 private:
  explicit Scope(std::string key) : key_(std::move(key)) {}
  std::string key_;
};

// Who asks. Comes out of Credentials::authenticate() and goes into every use case.
struct Principal {
  Scope scope = Scope::main();
  std::string user_id{};        // "admin" for the operator's first-start token
  std::string device_id{};      // "" unless a paired device's token was used
  std::string credential_id{};  // the row that let it in
  bool is_operator = false;     // may do what concerns the whole server
};

}  // namespace colonnade::core
