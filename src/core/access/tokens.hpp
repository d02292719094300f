// What operators do with tokens: make, list and revoke them. Devices pair themselves
// (core/access/pairings.hpp).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/credential.hpp"
#include "core/access/credential_store.hpp"
#include "core/access/credentials.hpp"
#include "core/access/principal.hpp"

namespace colonnade::core {

// Each text as it was given; Tokens::create() checks them.
struct NewToken {
  std::string name{};
  std::string scope{};  // ORGANIZATION/PROJECT/ENVIRONMENT; "*" for an operator of every scope
  std::string user{};
  std::string role{};  // operator or member
};

// The scope of NewToken that stands for all.
inline constexpr std::string_view every_scope_text = "*";

// The scope in which a credential counts, as NewToken takes it.
std::string scope_text(const Credential& credential);

constexpr std::size_t token_name_bytes_max = 256;
// A token's name is 1 to token_name_bytes_max bytes of UTF-8 on one line, without control
// characters and characters that do not show: lists of tokens are read by people. invalid, field
// "name".
Result<void> check_token_name(std::string_view name);

// Thread-safe. All errors are forbidden for whoever is no operator.
class Tokens {
 public:
  // Both must outlive it.
  Tokens(CredentialStore& store, Credentials& credentials)
      : store_(store), credentials_(credentials) {}

  // Those of `user` in the scope that `who` looks at: operators' tokens first, each kind newest
  // first.
  base::Task<Result<std::vector<Credential>>> list(Principal who, std::string user);
  // Errors: invalid with the field "name", "scope", "user" or "role"; unauthorized for a scope in
  // which `who` does not count, or when the token of `who` was revoked; forbidden for "*" unless
  // `who` is an operator of every scope.
  base::Task<Result<CreatedToken>> create(Principal who, NewToken input);
  // Of anybody in the scope that `who` looks at. not_found.
  base::Task<Result<void>> revoke(Principal who, std::string id);

 private:
  CredentialStore& store_;
  Credentials& credentials_;
};

}  // namespace colonnade::core
