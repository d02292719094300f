// How the assistant is called and speaks (tandem §2.14).
#pragma once

#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/documents/identities.hpp"
#include "dialects/tandem/caller.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::tandem {

// Whether `patch` can be merged into an identity. Errors: invalid with the member's path.
base::Result<void> check_identity_patch(const base::Json& patch);

// /config/identity
class IdentityResource {
 public:
  explicit IdentityResource(core::Identities& identities) : identities_(identities) {}

  std::vector<net::Route> routes(const Callers& in);

 private:
  base::Task<net::Reply> get(core::Principal who, RequestPtr request);
  base::Task<net::Reply> change(core::Principal who, RequestPtr request);

  core::Identities& identities_;
};

}  // namespace colonnade::dialects::tandem
