// Skills (tandem §2.14): the operator's and those of packs, read only.
#pragma once

#include <vector>

#include "base/task.hpp"
#include "core/tools/skills.hpp"
#include "dialects/tandem/caller.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::tandem {

class SkillsResource {
 public:
  explicit SkillsResource(core::Skills& skills) : skills_(skills) {}

  // `location`: all of this server's are "global"; of another one there are none.
  base::Task<net::Reply> list(core::Principal who, RequestPtr request);
  base::Task<net::Reply> get(core::Principal who, RequestPtr request);
  base::Task<net::Reply> templates(core::Principal who, RequestPtr request);

 private:
  core::Skills& skills_;
};

// The resource must outlive the routes.
std::vector<net::Route> skills_routes(const Callers& in, SkillsResource& skills);

}  // namespace colonnade::dialects::tandem
