// /permission: what the gate asks humans, and their standing answers (tandem §2.3, §4.2, §6). The
// same questions that every other dialect shows.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/task.hpp"
#include "core/governance/actions.hpp"
#include "core/governance/permissions.hpp"
#include "core/runs/runs.hpp"
#include "dialects/tandem/caller.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::tandem {

class PermissionResource {
 public:
  PermissionResource(core::Actions& actions, core::Permissions& permissions)
      : actions_(actions), permissions_(permissions) {}

  // What waits for an answer; decided requests are not in it. The rules are the caller's standing
  // answers.
  base::Task<net::Reply> list(core::Principal who, RequestPtr request);
  base::Task<net::Reply> reply(core::Principal who, RequestPtr request);
  base::Task<net::Reply> approve(core::Principal who, RequestPtr request);
  base::Task<net::Reply> deny(core::Principal who, RequestPtr request);

 private:
  base::Task<net::Reply> answer_at(core::Principal who, RequestPtr request, bool approved);

  core::Actions& actions_;
  core::Permissions& permissions_;
};

// What agents ask their users (tandem §2.3, §4.3). The answer goes into the run.
class QuestionResource {
 public:
  QuestionResource(core::Actions& actions, core::Runs& runs) : actions_(actions), runs_(runs) {}

  base::Task<net::Reply> list(core::Principal who, RequestPtr request);
  base::Task<net::Reply> reply(core::Principal who, RequestPtr request);
  base::Task<net::Reply> reject(core::Principal who, RequestPtr request);
  // POST /sessions/{id}/questions/{question}/answer
  base::Task<net::Reply> answer_in_session(core::Principal who, RequestPtr request);

 private:
  base::Task<net::Reply> give(core::Principal who, std::string id, std::string session_id,
                              RequestPtr request);

  core::Actions& actions_;
  core::Runs& runs_;
};

std::vector<net::Route> permission_routes(const Callers& in, PermissionResource& permissions,
                                          QuestionResource& questions);

}  // namespace colonnade::dialects::tandem
