// Approvals: core's actions that a human was asked about, in the wire's words (platos §2.3, §5.3).
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/task.hpp"
#include "core/governance/actions.hpp"
#include "dialects/platos/access.hpp"
#include "dialects/platos/caller.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::platos {

struct ApprovalDecision {
  bool approved = false;
  std::string comment{};
  std::optional<std::string> edited_arguments{};  // an object's text; counts with an approval
};
// Both bodies: `approved`, else `response`; `comment`, else `reason`. invalid, naming the field.
base::Result<ApprovalDecision> decode_decision(const base::Json& body);

// The superset record. `now` tells how much time is left.
std::string encode_approval(const core::Action& action, base::Time now);
// "pending", "approved", "rejected", "timed_out".
std::string_view approval_status(const core::Action& action);
// Whether a human was asked about it at all.
bool is_approval(const core::Action& action);

// /monitoring/approvals, /approvals, /durable-approvals, and the answers that come by a socket.
// Thread-safe; must outlive the server.
class ApprovalResource {
 public:
  struct Dependencies {
    core::Actions& actions;
    base::Clock& clock;
  };
  explicit ApprovalResource(Dependencies deps) : deps_(deps) {}

  base::Task<net::Reply> list(Caller caller, RequestPtr request);
  base::Task<net::Reply> get(Caller caller, RequestPtr request);
  // Of the real server: {"resolved":true,…}.
  base::Task<net::Reply> resolve(Caller caller, RequestPtr request);
  // Of the TypeScript client: the record.
  base::Task<net::Reply> resolve_monitored(Caller caller, RequestPtr request);
  // By the token of the question instead of its id.
  base::Task<net::Reply> resolve_by_token(Caller caller, RequestPtr request);

  struct Decided {
    core::Action action;
    bool edited = false;    // this decision's arguments were taken
    bool repeated = false;  // it was decided before, and nothing has changed
  };
  // The first decision counts; a later one changes nothing and is answered with what was decided.
  // not_found for what the caller may not see, forbidden for a guest, invalid for arguments that
  // the gate denies.
  base::Task<base::Result<Decided>> decide(Caller caller, std::string id,
                                           ApprovalDecision decision);

 private:
  base::Task<std::expected<Decided, net::Response>> decide_request(Caller caller,
                                                                   RequestPtr request);
  base::Task<base::Result<std::optional<core::Action>>> find_by_token(Caller caller,
                                                                      std::string token);

  Dependencies deps_;
};

}  // namespace colonnade::dialects::platos
