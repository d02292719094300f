// The two routes that make session tokens (platos §1.3). Neither takes an idempotency key: its
// answer holds a secret.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/entities.hpp"
#include "core/access/rate_limits.hpp"
#include "dialects/client_address.hpp"
#include "dialects/platos/access.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::platos {

// The scope of an active agent that guests may use, of any scope; nullopt for every other id.
using GuestScopeOf =
    std::function<base::Task<base::Result<std::optional<core::Scope>>>(std::string agent_id)>;

class MintingResource {
 public:
  struct Parts {
    core::Entities& entities;
    core::RateLimits& rate_limits;
    base::Clock& clock;
    GuestScopeOf guest_scope_of{};
    TrustedProxies proxies;
  };
  explicit MintingResource(Parts parts) : parts_(std::move(parts)) {}

  // For whoever has the secret of the entity in the path.
  base::Task<net::Reply> session_token(RequestPtr request);
  // For anybody, so often.
  base::Task<net::Reply> guest_token(RequestPtr request);

 private:
  Parts parts_;
};

}  // namespace colonnade::dialects::platos
