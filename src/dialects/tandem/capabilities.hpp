// /capabilities… (tandem §2.12, §4.11).
#pragma once

#include <vector>

#include "base/task.hpp"
#include "core/capabilities/capabilities.hpp"
#include "dialects/tandem/caller.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::tandem {

class CapabilityResource {
 public:
  explicit CapabilityResource(core::Capabilities& capabilities) : capabilities_(capabilities) {}

  std::vector<net::Route> routes(const Callers& in);

 private:
  base::Task<net::Reply> bindings(core::Principal who, RequestPtr request);
  base::Task<net::Reply> set_bindings(core::Principal who, RequestPtr request);
  base::Task<net::Reply> discovery(core::Principal who, RequestPtr request);
  base::Task<net::Reply> resolve(core::Principal who, RequestPtr request);
  base::Task<net::Reply> readiness(core::Principal who, RequestPtr request);

  core::Capabilities& capabilities_;
};

}  // namespace colonnade::dialects::tandem
