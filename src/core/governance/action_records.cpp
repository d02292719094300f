#include "core/governance/action_records.hpp"

#include <nlohmann/json.hpp>

#include "base/ids.hpp"
#include "core/tools/tool_runner.hpp"

namespace colonnade::core {
namespace {

// Who wants it done: an agent, or a user that calls a tool without one.
std::string asker(const Action& action) {
  const bool is_users_own = is_call(action) && action.run_id.empty();
  return is_users_own ? action.owner : "agent:" + action.request.agent_id;
}

AuditEntry entry_of(std::string_view kind, const Action& action, std::string actor, base::Time at,
                    const Redaction& redaction) {
  AuditEntry entry{.kind = std::string(kind),
                   .actor = std::move(actor),
                   .subject = action.id,
                   .details = {{"agent_id", action.request.agent_id},
                               {"tool", action.request.tool},
                               {"operation", action.request.operation},
                               {"state", to_string(action.state)},
                               {"reason", redaction.apply(base::Json(action.reason))}},
                   .at = at};
  if (!action.run_id.empty()) entry.details["run_id"] = action.run_id;
  if (is_call(action)) {
    entry.details["thread_id"] = action.thread_id;
    entry.details["tool_call_id"] = action.tool_call_id;
  }
  return entry;
}

}  // namespace

AuditEntry decision_entry(const Action& action, std::string_view granted_by,
                          const Redaction& redaction) {
  const Decision& d = action.decision;
  AuditEntry entry =
      entry_of(audit_kind::decision, action, asker(action), action.updated_at, redaction);
  entry.details["params"] = redaction.apply_to_text(action.request.params);
  entry.details["outcome"] = to_string(d.outcome);
  entry.details["reason_code"] = d.reason_code;
  entry.details["reason"] = d.reason;
  entry.details["risk_level"] = d.risk_level;
  entry.details["request_hash"] = d.request_hash;
  entry.details["policy_version"] = d.policy_version;
  entry.details["policy_hash"] = d.policy_hash;
  entry.details["profile_hash"] = d.profile_hash;
  entry.details["provenance_id"] = d.provenance_id;
  if (!granted_by.empty()) entry.details["granted_by"] = granted_by;
  return entry;
}

AuditEntry approval_entry(const Action& action, std::string actor, bool edited,
                          const Redaction& redaction) {
  AuditEntry entry =
      entry_of(audit_kind::approval, action, std::move(actor), action.updated_at, redaction);
  if (edited) entry.details["edited_params"] = redaction.apply_to_text(action.request.params);
  return entry;
}

AuditEntry started_entry(const Action& action, base::Time at, const Redaction& redaction) {
  return entry_of(audit_kind::execution_started, action, asker(action), at, redaction);
}

AuditEntry finished_entry(const Action& action, base::Time at, const Redaction& redaction) {
  return entry_of(audit_kind::execution_finished, action, asker(action), at, redaction);
}

void withdraw(Unit& unit, Action& action, std::string reason, base::Time now,
              const Redaction& redaction) {
  const bool unclaimed =
      action.state == ActionState::approved && is_call(action) && action.run_id.empty();
  if (action.state != ActionState::pending_approval && !unclaimed) return;
  action.state = ActionState::denied;
  action.reason = std::move(reason);
  action.approval_token.clear();
  action.expires_at.reset();
  action.updated_at = now;
  ++action.version;
  unit.changes.emplace_back(AppendAudit{approval_entry(action, "system", false, redaction)});
  unit.changes.emplace_back(UpdateAction{.action = action, .if_unchanged = true});
}

bool is_refusal_of_run(std::string_view code) {
  return code == reason_code::invalid_arguments || code == reason_code::tool_not_offered;
}

void refuse_call(Decision& decision, const base::Error& why) {
  const bool about_tool = why.field == tool_field;
  decision.outcome = Outcome::halt;
  decision.reason_code =
      about_tool ? reason_code::tool_not_offered : reason_code::invalid_arguments;
  decision.reason = why.message;
}

void deny_unattended(Decision& decision) {
  decision.outcome = Outcome::halt;
  decision.reason_code = reason_code::nobody_to_ask;
  decision.reason = "it needs a human's approval, and this work asks nobody (" + decision.reason +
                    "); allow it by a policy, or let the work ask (jobs.questions)";
}

std::string new_approval_token() {
  constexpr std::size_t token_bytes = 16;
  return base::new_token(token_bytes);
}

std::string exact_pattern(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '*' || c == '?' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

// Goes back to the last * only: what an earlier one could take, the last one can too.
bool matches_pattern(std::string_view text, std::string_view pattern) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    const char wanted = p < pattern.size() ? pattern[escaped ? p + 1 : p] : '\0';
    if (!escaped && p < pattern.size() && wanted == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && ((!escaped && wanted == '?') || wanted == text[t])) {
      p += escaped ? 2 : 1;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace colonnade::core
