// The decisions of the audit trail that refused something or hid a secret.
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "core/governance/action.hpp"
#include "core/spans/limits.hpp"
#include "storage/sqlite/span_reads.hpp"

namespace colonnade::storage::sqlite {
namespace {

constexpr std::string_view too_often = "RATE_LIMIT";  // the gate's reason code

// What the decision said; the row of an action has what it came to since.
std::string reason_in(std::string_view record) {
  const auto tree = base::parse_json(record, "record");
  if (!tree || !tree->is_object()) return {};
  const auto details = tree->find("details");
  if (details == tree->end() || !details->is_object()) return {};
  const auto reason = details->find("reason");
  return reason != details->end() && reason->is_string() ? reason->get<std::string>() : "";
}

Result<core::SafetyEvent> read_safety_event(Statement& row) {
  core::SafetyEvent out{.id = row.string(0),
                        .scope = core::Scope::from_key(row.string(2)),
                        .action_id = row.string(3),
                        .agent_id = row.string(4),
                        .thread_id = row.string(5),
                        .run_id = row.string(6),
                        .tool_call_id = row.string(7),
                        .owner = row.string(8),
                        .tool = row.string(9),
                        .severity = row.string(12),
                        .outcome = row.string(10),
                        .reason_code = row.string(11),
                        .policy_version = row.string(13),
                        .provenance_id = row.string(14),
                        .at = row.time(15)};
  const bool is_refused = out.outcome == core::to_string(core::Outcome::halt);
  out.action = is_refused ? core::SafetyAction::block : core::SafetyAction::redact;
  if (is_refused && out.reason_code == too_often) out.detector = core::SafetyDetector::rate_limit;
  return out;
}

bool is_wanted(const core::SafetyEventFilter& filter, const core::SafetyEvent& event) {
  return (!filter.detector || *filter.detector == event.detector) &&
         (!filter.action || *filter.action == event.action);
}

}  // namespace

// The index has those records alone that may be such. An erased thread's are not shown.
Result<core::SafetyEventPage> SpanReads::safety_events(const core::Scope& scope,
                                                       const core::SafetyEventFilter& filter,
                                                       std::stop_token stop) {
  return readers_.with([&](Database& database) -> Result<core::SafetyEventPage> {
    const Interruptible interruptible(database, std::move(stop));
    core::SafetyEventPage out;
    const auto use = [&](Statement& row) -> Result<void> {
      auto event = read_safety_event(row);
      if (!event) return fail(std::move(event.error()));
      if (!is_wanted(filter, *event)) return {};
      const std::size_t number = out.total++;
      if (number < filter.offset || out.events.size() >= filter.limit) return {};
      event->detail = reason_in(row.text(1));
      out.events.push_back(std::move(*event));
      return {};
    };
    const auto read = database.each(
        "SELECT a.hash, a.text, a.scope, x.id, x.agent_id, x.thread_id, x.run_id, x.tool_call_id,"
        " x.owner, x.tool, x.outcome, x.reason_code, x.risk_level, x.policy_version,"
        " x.provenance_id, x.created_at"
        " FROM (SELECT seq FROM audit INDEXED BY audit_of_safety WHERE scope = ?1"
        " AND kind = 'decision' AND (instr(text, '\"outcome\":\"HALT\"') > 0"
        " OR instr(text, '[redacted]') > 0) ORDER BY seq DESC LIMIT ?2) w"
        " CROSS JOIN audit a ON a.seq = w.seq"
        " CROSS JOIN actions x ON x.id = a.subject AND x.scope = a.scope"
        " WHERE x.created_at >= ?3 AND (?4 IS NULL OR x.owner = ?4)"
        " AND (?5 IS NULL OR coalesce(nullif(x.agent_id, ''), 'default') = ?5)"
        " AND (?6 = '' OR x.thread_id = ?6) AND (?7 = '' OR x.owner = ?7)"
        " AND (?8 = '' OR x.risk_level = ?8) AND (x.outcome = 'HALT'"
        " OR instr(json_extract(a.text, '$.details.params'), '[redacted]') > 0)"
        " AND NOT EXISTS (SELECT 1 FROM threads t WHERE t.id = x.thread_id AND t.scope = x.scope"
        " AND t.erased_at IS NOT NULL)"
        " ORDER BY a.seq DESC",
        use, scope.key(), limits::safety_events_looked_at_max, filter.since, filter.owner,
        filter.agent_id, filter.thread_id, filter.user_id, filter.severity);
    if (!read) return fail(read.error());
    return out;
  });
}

}  // namespace colonnade::storage::sqlite
