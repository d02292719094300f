// The two routes that make session tokens (platos §1.3). Neither takes an idempotency key: its
// answer holds a secret.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/credentials.hpp"
#include "core/access/entities.hpp"
#include "core/access/login_failures.hpp"
#include "core/access/rate_limits.hpp"
#include "dialects/client_address.hpp"
#include "dialects/platos/access.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::platos {

// The scope of an active agent that guests may use, of any scope; nullopt for every other id.
using GuestScopeOf =
    std::function<base::Task<base::Result<std::optional<core::Scope>>>(std::string agent_id)>;

struct MintedToken {
  std::string token{};
  std::int64_t expires_at = 0;  // Unix seconds
};
// A session token of that entity, signed with the first of its secrets, of which there must be one.
// `body` says whom it is for, as the body of the route does. invalid, naming the member.
base::Result<MintedToken> mint_session_token(const base::Json& body, const core::EntityName& name,
                                             const std::vector<core::SigningSecret>& secrets,
                                             base::Time now);

class MintingResource {
 public:
  struct Dependencies {
    core::Entities& entities;
    core::Credentials& credentials;
    core::RateLimits& rate_limits;
    core::LoginFailures& login_failures;
    base::Clock& clock;
    GuestScopeOf guest_scope_of{};
    TrustedProxies proxies;
  };
  explicit MintingResource(Dependencies deps) : deps_(std::move(deps)) {}

  // For whoever has the secret of the entity in the path, and for operators of the token's scope.
  // Another bearer is recorded as a failed login.
  base::Task<net::Reply> session_token(RequestPtr request);
  // For anybody, so often.
  base::Task<net::Reply> guest_token(RequestPtr request);

 private:
  base::Task<bool> is_operator_of(core::Scope scope, std::string bearer);

  Dependencies deps_;
};

}  // namespace colonnade::dialects::platos
