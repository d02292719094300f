// The one token that clients set, replace and take away (tandem §1.2, §6).
#pragma once

#include <vector>

#include "core/access/managed_token.hpp"
#include "dialects/tandem/caller.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::tandem {

// /auth/token
class EngineTokenResource {
 public:
  explicit EngineTokenResource(core::ManagedToken& token) : token_(token) {}

  std::vector<net::Route> routes(const Callers& in);

 private:
  base::Task<net::Reply> set(core::Principal who, RequestPtr request);
  base::Task<net::Reply> generate(core::Principal who, RequestPtr request);
  base::Task<net::Reply> remove(core::Principal who, RequestPtr request);

  core::ManagedToken& token_;
};

}  // namespace colonnade::dialects::tandem
