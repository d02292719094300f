// The handlers of Faramesh's routes, one class per resource. Each decodes, calls a use case,
// encodes. All are thread-safe and serve every lane; they must outlive the server.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/task.hpp"
#include "base/workers.hpp"
#include "core/governance/actions.hpp"
#include "core/governance/audit_feed.hpp"
#include "core/governance/permissions.hpp"
#include "core/governance/policy_inspector.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/faramesh/event_stream.hpp"
#include "dialects/faramesh/wire.hpp"
#include "dialects/route_handlers.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::faramesh {

using core::Principal;
using dialects::RequestPtr;

// /v1/actions and what hangs on one action (faramesh §2.2, §2.3).
class ActionResource {
 public:
  struct Dependencies {
    core::Actions& actions;
    AnswerOnce& answer_once;
  };
  explicit ActionResource(Dependencies deps) : deps_(deps) {}

  base::Task<net::Reply> submit(Principal who, RequestPtr request);
  base::Task<net::Reply> batch(Principal who, RequestPtr request);
  base::Task<net::Reply> list(Principal who, RequestPtr request);
  base::Task<net::Reply> get(Principal who, RequestPtr request);
  base::Task<net::Reply> approval(Principal who, RequestPtr request);
  base::Task<net::Reply> start(Principal who, RequestPtr request);
  base::Task<net::Reply> result(Principal who, RequestPtr request);
  base::Task<net::Reply> events(Principal who, RequestPtr request);
  // A recorded decision, made again (§6.3): of the path's action, or of the body's.
  base::Task<net::Reply> replay(Principal who, RequestPtr request);
  base::Task<net::Reply> replay_named(Principal who, RequestPtr request);

 private:
  using ActionResult = core::Result<core::Action>;

  base::Task<net::Reply> once(Principal who, RequestPtr request, AnswerOnce::Work work);
  base::Task<Attempted> answer_once(Principal who, core::ActionRequest action, Attempt attempt);
  base::Task<Attempted> submit_all(Principal who, RequestPtr request);
  base::Task<Attempted> resolve_once(Principal who, std::string id, core::HumanAnswer answer);
  base::Task<Attempted> start_once(Principal who, RequestPtr request);
  base::Task<Attempted> report_once(Principal who, std::string id, ResultBody body);
  static Attempted answer(const ActionResult& action);
  base::Task<net::Reply> replay_of(ActionResult action) const;
  base::Task<ActionResult> by_provenance(Principal who, std::string provenance_id) const;

  Dependencies deps_;
};

// /v1/permissions: answers that are remembered. Ours, beside the contract.
class PermissionResource {
 public:
  explicit PermissionResource(core::Permissions& permissions) : permissions_(permissions) {}

  base::Task<net::Reply> list(Principal who, RequestPtr request);
  base::Task<net::Reply> revoke(Principal who, RequestPtr request);

 private:
  core::Permissions& permissions_;
};

// Decisions that leave nothing behind (§2.2, §2.6).
class GateResource {
 public:
  struct Dependencies {
    core::Actions& actions;
    AnswerOnce& answer_once;
  };
  explicit GateResource(Dependencies deps) : deps_(deps) {}

  base::Task<net::Reply> decide(Principal who, RequestPtr request);
  // Decides; what needs a human is submitted, so that there is something to answer.
  base::Task<net::Reply> evaluate(Principal who, RequestPtr request);

 private:
  base::Task<Attempted> evaluate_once(Principal who, core::ActionRequest action, Attempt attempt);

  Dependencies deps_;
};

// /v1/policy (§2.3).
class PolicyResource {
 public:
  struct Dependencies {
    core::PolicyInspector& policies;
    base::Workers& workers;
  };
  explicit PolicyResource(Dependencies deps) : deps_(deps) {}

  base::Task<net::Reply> info(Principal who, RequestPtr request);
  base::Task<net::Reply> validate(Principal who, RequestPtr request);
  base::Task<net::Reply> test(Principal who, RequestPtr request);

 private:
  Dependencies deps_;
};

// /v1/events (§3.4).
class FeedResource {
 public:
  FeedResource(core::AuditFeed& feed, std::size_t lanes);

  base::Task<net::Reply> stream(Principal who, RequestPtr request);

 private:
  core::AuditFeed& feed_;
  std::deque<FrameEncoder> encoders_;  // by lane
};

// /health and /ready (§2.3), for anyone.
class HealthResource {
 public:
  HealthResource(std::function<base::Result<void>()> readiness,
                 std::function<std::vector<std::string>()> warnings)
      : readiness_(std::move(readiness)), warnings_(std::move(warnings)) {}

  base::Task<net::Reply> health(RequestPtr request);
  base::Task<net::Reply> ready(RequestPtr request);

 private:
  std::function<base::Result<void>()> readiness_;
  std::function<std::vector<std::string>()> warnings_;
};

}  // namespace colonnade::dialects::faramesh
