// The store port for credentials, as core/events/journal.hpp says of all.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/credential.hpp"
#include "core/access/scope.hpp"

namespace colonnade::core {

using base::Result;
using base::Time;

class CredentialStore {
 public:
  virtual ~CredentialStore() = default;
  // Not revoked. The one read without a scope: a token is how a scope is found.
  virtual base::Task<Result<std::optional<Credential>>> credential_by_token(
      std::string token_sha256) = 0;
  // Not revoked, of that kind and user (nullopt: of everybody), newest first.
  virtual base::Task<Result<std::vector<Credential>>> credentials(
      Scope scope, std::optional<std::string> user_id, CredentialKind kind) = 0;
  virtual base::Task<Result<std::optional<Credential>>> credential(Scope scope, std::string id) = 0;
  // Whether an operator of every scope was ever made, also when it is revoked by now.
  virtual base::Task<Result<bool>> any_server_operator() = 0;
};

struct InsertCredential {  // unauthorized unless `issuer_id` is live, in the scope or in all
  Credential credential;
  std::string issuer_id{};  // the credential by whose right it is made; "" when none is needed
};
struct TouchCredential {  // last_seen; a missing row is no error
  std::string id{};
  Time at{};
};
struct RevokeCredential {  // not_found unless it exists, is of `kind`, belongs to `user_id`, is
                           // live
  std::string id{};
  std::string user_id{};
  CredentialKind kind = CredentialKind::device;
  Time at{};
};

}  // namespace colonnade::core
