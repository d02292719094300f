// What the audit trail says of an action, in one place for runs and for submissions.
#pragma once

#include <string>

#include "core/events/journal.hpp"
#include "core/governance/action.hpp"
#include "core/governance/audit.hpp"
#include "core/governance/redaction.hpp"

namespace colonnade::core {

// The gate decided; `granted_by` says what answered its question: "" (nothing), "approval" or
// "permission".
AuditEntry decision_entry(const Action& action, std::string_view granted_by,
                          const Redaction& redaction);
// A human decided, or nobody did in time. `edited`: the params are others than were asked for.
AuditEntry approval_entry(const Action& action, std::string actor, bool edited,
                          const Redaction& redaction);
AuditEntry started_entry(const Action& action, base::Time at, const Redaction& redaction);
AuditEntry finished_entry(const Action& action, base::Time at, const Redaction& redaction);

// Adds to `unit` that nobody has to answer any more: an action that waits for approval, or a user's
// approved call that nobody has made yet, is denied for `reason`, and the trail says so. The unit
// fails when somebody answers first.
void withdraw(Unit& unit, Action& action, std::string reason, base::Time now,
              const Redaction& redaction);

namespace reason_code {
constexpr std::string_view invalid_arguments = "INVALID_ARGUMENTS";
constexpr std::string_view tool_not_offered = "TOOL_NOT_OFFERED";
constexpr std::string_view nobody_to_ask = "NOBODY_TO_ASK";
}  // namespace reason_code

// The run refused the call by itself: it could not run like this, whatever a policy says of it.
bool is_refusal_of_run(std::string_view code);
// Makes the decision such a refusal, for what ToolRunner::prepare() said.
void refuse_call(Decision& decision, const base::Error& why);
// Of a call that a human would be asked about, in work that nobody attends: makes it a denial.
void deny_unattended(Decision& decision);

// Shown to whoever may answer the question (faramesh §3.2): 22 characters, 128 random bits.
std::string new_approval_token();

// The pattern that only this text matches.
std::string exact_pattern(std::string_view text);
// The whole text matches the pattern, in which * is any run of characters, ? is one byte, and a
// backslash makes the next character stand for itself. Takes time proportional to the product of
// both lengths at worst.
bool matches_pattern(std::string_view text, std::string_view pattern);

}  // namespace colonnade::core
