#include "dialects/faramesh/wire.hpp"

#include <array>

#include "base/ids.hpp"
#include "dialects/faramesh/errors.hpp"
#include "dialects/faramesh/samples.hpp"

namespace colonnade::dialects::faramesh {
namespace {

using base::JsonWriter;
using core::ActionState;
using core::Outcome;

constexpr std::size_t action_bytes = 2048;  // what an action adds to its params, rounded up
constexpr std::string_view shell_tool = "shell";

void write_nullable(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  if (text.empty()) {
    json.null();
  } else {
    json.value(text);
  }
}

// faramesh §5.4
std::string provenance_of(const core::Decision& d) {
  return base::sha256_hex(d.request_hash + "|" + d.policy_hash + "|" + d.profile_hash + "|" +
                          d.runtime_version);
}

// What the shell tool prints for models, in parts.
struct ShellOutput {
  std::string_view code{};
  std::string_view out{};
  std::string_view err{};
};

std::optional<ShellOutput> shell_output(std::string_view text) {
  constexpr std::string_view head = "exit code: ";
  constexpr std::string_view out_head = "--- stdout ---\n";
  constexpr std::string_view err_head = "--- stderr ---\n";
  if (!text.starts_with(head)) return std::nullopt;
  ShellOutput parts;
  const auto line = text.find('\n');
  parts.code = text.substr(head.size(), line == std::string_view::npos ? line : line - head.size());
  if (line == std::string_view::npos) return parts;
  text.remove_prefix(line + 1);
  if (text.starts_with(out_head)) {
    text.remove_prefix(out_head.size());
    const std::string error_line = "\n" + std::string(err_head);
    const auto end = text.rfind(error_line);
    parts.out = text.substr(0, end == std::string_view::npos ? end : end + 1);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  if (text.starts_with(err_head)) parts.err = text.substr(err_head.size());
  return parts;
}

std::string_view effect_of(Outcome outcome, bool allowed) {
  if (allowed) return "PERMIT";
  return outcome == Outcome::abstain ? "DEFER" : "DENY";
}

void write_denial(JsonWriter& json, const core::Decision& d, const core::Action* pending) {
  json.key("structured_denial").object().field("code", d.reason_code);
  json.key("rule_id").null().key("rule_ref").null().field("human_message", d.reason);
  json.key("resolution").object();
  json.field("type", pending != nullptr ? "approval" : "none");
  write_nullable(json, "approval_id", pending != nullptr ? std::string_view(pending->id) : "");
  json.end_object().end_object();
}

}  // namespace

std::string wire_time_without_zone(base::Time time) {
  std::string out = base::to_rfc3339(time);
  out.pop_back();
  constexpr std::size_t fraction = 7;  // ".000000"
  if (out.ends_with(".000000")) out.resize(out.size() - fraction);
  return out;
}

std::string wire_time(base::Time time) { return wire_time_without_zone(time) + "Z"; }

std::string_view decision_word(Outcome outcome) {
  switch (outcome) {
    case Outcome::execute: return "allow";
    case Outcome::abstain: return "require_approval";
    case Outcome::halt: break;
  }
  return "deny";
}

std::string_view decision_word(const core::Action& action) {
  if (action.decision.outcome != Outcome::abstain) return decision_word(action.decision.outcome);
  if (action.state == ActionState::pending_approval) return "require_approval";
  return action.state == ActionState::denied ? "deny" : "allow";
}

core::Decision wire_decision(core::Decision decision) {
  if (decision.reason_code != "MISSING_POLICY") return decision;
  decision.reason_code = "DEFAULT_DENY_NO_MATCH";
  decision.reason = "No rule matched (deny by default)";
  decision.risk_level = "low";
  decision.by_profile = false;
  decision.provenance_id = provenance_of(decision);
  return decision;
}

std::string wire_reason(const core::Action& action, std::string_view reason) {
  if (!action.run_id.empty() || action.request.tool != shell_tool) return std::string(reason);
  const auto output = shell_output(reason);
  if (!output) return std::string(reason);
  if (action.state == ActionState::succeeded) {
    return output->out.empty() ? "ok" : std::string(output->out);
  }
  return output->err.empty() ? "exit " + std::string(output->code) : std::string(output->err);
}

void write_action(JsonWriter& json, const core::Action& action, Token token) {
  const core::Decision d = wire_decision(action.decision);
  const std::string_view reason =
      action.reason == action.decision.reason ? std::string_view(d.reason) : action.reason;
  json.object();
  json.field("id", action.id).field("agent_id", action.request.agent_id);
  json.field("tool", action.request.tool).field("operation", action.request.operation);
  json.key("params").raw(action.request.params).key("context").raw(action.request.context);
  json.field("status", core::to_string(action.state)).field("decision", decision_word(action));
  write_nullable(json, "reason", wire_reason(action, reason));
  write_nullable(json, "risk_level", d.risk_level);
  if (token == Token::shown) write_nullable(json, "approval_token", action.approval_token);
  write_nullable(json, "policy_version", d.policy_version);
  json.field("created_at", wire_time(action.created_at));
  json.field("updated_at", wire_time(action.updated_at));
  json.field("js_example", js_example(action.request));
  json.field("python_example", python_example(action.request));
  json.field("outcome", core::to_string(d.outcome)).field("reason_code", d.reason_code);
  json.key("reason_details");
  if (d.by_profile) {
    json.null();
  } else {
    json.object().field("risk_level", d.risk_level).end_object();
  }
  json.field("request_hash", d.request_hash);
  write_nullable(json, "policy_hash", d.policy_hash);
  json.field("runtime_version", d.runtime_version);
  write_nullable(json, "profile_id", d.profile_id);
  write_nullable(json, "profile_version", d.profile_version);
  write_nullable(json, "profile_hash", d.profile_hash);
  write_nullable(json, "provenance_id", d.provenance_id);
  json.end_object();
}

std::string encode_action(const core::Action& action) {
  std::string out;
  out.reserve(action_bytes + action.request.params.size() + action.request.context.size());
  JsonWriter json(out);
  write_action(json, action, Token::shown);
  return out;
}

std::string encode_listed(const core::Action& action) {
  std::string out;
  out.reserve(action_bytes + action.request.params.size() + action.request.context.size());
  JsonWriter json(out);
  write_action(json, action, Token::absent);
  return out;
}

void write_decision(JsonWriter& json, const core::Decision& decision) {
  const core::Decision d = wire_decision(decision);
  json.field("outcome", core::to_string(d.outcome)).field("reason_code", d.reason_code);
  json.field("reason", d.reason).field("request_hash", d.request_hash);
  write_nullable(json, "policy_version", d.policy_version);
  write_nullable(json, "policy_hash", d.policy_hash);
  write_nullable(json, "profile_id", d.profile_id);
  write_nullable(json, "profile_version", d.profile_version);
  write_nullable(json, "profile_hash", d.profile_hash);
  json.field("runtime_version", d.runtime_version);
  write_nullable(json, "provenance_id", d.provenance_id);
}

std::string encode_decision(const core::Decision& decision) {
  std::string out;
  JsonWriter json(out);
  json.object();
  write_decision(json, decision);
  json.end_object();
  return out;
}

std::string encode_policy_in_force(const core::ActivePolicy& policy) {
  std::string out;
  JsonWriter json(out);
  const std::string_view path = policy.path.empty() ? std::string_view("built-in") : policy.path;
  json.object().field("policy_file", path).field("policy_path", path);
  json.field("exists", policy.exists);
  write_nullable(json, "policy_version", policy.version == "none" ? "" : policy.version);
  write_nullable(json, "policy_hash", policy.hash);
  json.end_object();
  return out;
}

std::string encode_policy_reading(const core::PolicySyntaxCheck& reading) {
  std::string out;
  JsonWriter json(out);
  json.object().field("valid", !reading.error).key("errors").array();
  if (reading.error) json.value(reading.error->message);
  json.end_array().key("warnings").array();
  for (const std::string& warning : reading.warnings) json.value(warning);
  json.end_array();
  json.field("rules", static_cast<std::uint64_t>(reading.rules));
  json.field("risk_rules", static_cast<std::uint64_t>(reading.risk_rules));
  write_nullable(json, "policy_version", reading.version);
  write_nullable(json, "policy_hash", reading.hash);
  // It is the body of an error then, too (§2.4).
  if (reading.error) write_error(json, *reading.error);
  json.end_object();
  return out;
}

std::string encode_policy_trial(const core::PolicyEvaluation& trial) {
  std::string out;
  JsonWriter json(out);
  json.object().field("decision", decision_word(trial.decision.outcome));
  json.field("risk_level", trial.decision.risk_level);
  write_decision(json, trial.decision);
  json.key("matched_rule");
  if (trial.rule_line > 0) {
    json.object().field("line", trial.rule_line).field("description", trial.rule_name).end_object();
  } else {
    json.null();
  }
  json.end_object();
  return out;
}

std::string encode_replay(const core::Action& original, const core::Decision& decision) {
  const core::Decision before = wire_decision(original.decision);
  const core::Decision now = wire_decision(decision);
  struct Comparison {
    std::string_view name;
    std::string_view before;
    std::string_view now;
  };
  const std::array comparisons = {
      Comparison{"outcome", core::to_string(before.outcome), core::to_string(now.outcome)},
      Comparison{"reason_code", before.reason_code, now.reason_code},
      Comparison{"request_hash", before.request_hash, now.request_hash},
      Comparison{"policy_hash", before.policy_hash, now.policy_hash},
      Comparison{"profile_hash", before.profile_hash, now.profile_hash},
      Comparison{"runtime_version", before.runtime_version, now.runtime_version}};
  std::vector<std::string> mismatches;
  for (const Comparison& c : comparisons) {
    if (c.before == c.now) continue;
    mismatches.push_back(std::string(c.name) + ": was " + std::string(c.before) + ", is " +
                         std::string(c.now));
  }
  std::string out;
  JsonWriter json(out);
  json.object().field("success", mismatches.empty()).field("action_id", original.id);
  json.field("original_outcome", core::to_string(before.outcome));
  json.field("replayed_outcome", core::to_string(now.outcome));
  json.field("original_reason_code", before.reason_code);
  json.field("replayed_reason_code", now.reason_code);
  for (const Comparison& c : comparisons)
    json.field(std::string(c.name) + "_match", c.before == c.now);
  json.key("mismatches").array();
  for (const std::string& mismatch : mismatches) json.value(mismatch);
  json.end_array().key("decision").object();
  write_decision(json, decision);
  json.end_object().end_object();
  return out;
}

std::string encode_evaluation(const core::Decision& decision, const core::Action* pending,
                              bool allowed) {
  const core::Decision d = wire_decision(decision);
  std::string out;
  JsonWriter json(out);
  json.object().field("effect", effect_of(d.outcome, allowed));
  json.field("outcome", core::to_string(d.outcome));
  json.key("rule_id").null().field("reason_code", d.reason_code).field("reason", d.reason);
  if (allowed) {
    json.key("structured_denial").null();
  } else {
    write_denial(json, d, pending);
  }
  json.key("denial_token").null().field("retry_permitted", pending != nullptr);
  write_nullable(json, "defer_token", pending != nullptr ? std::string_view(pending->id) : "");
  write_nullable(json, "defer_expires_at",
                 pending != nullptr && pending->expires_at ? wire_time(*pending->expires_at) : "");
  write_nullable(json, "policy_version", d.policy_version);
  write_nullable(json, "dpr_record_id", d.provenance_id);
  json.field("request_hash", d.request_hash);
  write_nullable(json, "provenance_id", d.provenance_id);
  json.end_object();
  return out;
}

}  // namespace colonnade::dialects::faramesh
