// The audit trail: what was decided, approved, run and changed, in one chain of hashes.
//
// A record's hash is SHA-256 of the record before it (its hash, 64 hex digits; none for the first),
// a line feed, and the record's own text. The text is kept and exported as it was hashed, so that
// the chain can be checked with any SHA-256 program.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/access/scope.hpp"

namespace colonnade::core {

// The kinds of records; the texts are what is stored.
namespace audit_kind {
inline constexpr std::string_view decision = "decision";
inline constexpr std::string_view approval = "approval";
inline constexpr std::string_view execution_started = "execution.started";
inline constexpr std::string_view execution_finished = "execution.finished";
inline constexpr std::string_view credential = "credential";
inline constexpr std::string_view entity = "entity";
inline constexpr std::string_view access_key = "access_key";
inline constexpr std::string_view permission = "permission";
inline constexpr std::string_view policy = "policy";
inline constexpr std::string_view tool_server = "tool_server";
inline constexpr std::string_view agent = "agent";
inline constexpr std::string_view thread = "thread";  // what its tools may reach, unasked
inline constexpr std::string_view files = "files";    // what runs changed, undone by a user
inline constexpr std::string_view provider_key = "provider_key";
inline constexpr std::string_view budget = "budget";
inline constexpr std::string_view setting = "setting";
// What unattended work may do unasked, and what humans said of its runs.
inline constexpr std::string_view routine = "routine";
inline constexpr std::string_view pack = "pack";  // what was installed and uninstalled, and by whom
inline constexpr std::string_view capability_bindings = "capability_bindings";
inline constexpr std::string_view flow = "flow";
inline constexpr std::string_view login_failed = "login.failed";
inline constexpr std::string_view restore = "restore";      // core/governance/audit_signer.hpp
inline constexpr std::string_view signature = "signature";  // the same
}  // namespace audit_kind

// To be appended. Secrets are out of `details` already (core/governance/redaction.hpp).
struct AuditEntry {
  std::string kind{};     // one of audit_kind
  std::string actor{};    // a user id, "agent:<id>", or "system"
  std::string subject{};  // the id of what it is about: an action, a credential, a policy's hash
  base::Json details = base::Json::object();
  base::Time at{};
};

// As it is in the trail.
struct AuditRecord {
  std::int64_t seq = 0;  // 1, 2, 3 … over all scopes, without a gap
  Scope scope;
  std::string kind{};
  std::string subject{};
  std::string text{};  // JSON: {"seq","at","scope","kind","actor","subject","details"}
  std::string previous_hash{};
  std::string hash{};
};

// The record's text, and its hash after the one before.
std::string audit_text(const AuditEntry& entry, const Scope& scope, std::int64_t seq);
std::string audit_hash(std::string_view previous_hash, std::string_view text);

}  // namespace colonnade::core
