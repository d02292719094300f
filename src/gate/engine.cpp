#include "gate/engine.hpp"

#include "gate/canonical.hpp"
#include "gate/limits.hpp"
#include "gate/python.hpp"

namespace colonnade::gate {
namespace {

void set(Decision& decision, Outcome outcome, std::string_view code, std::string reason) {
  decision.outcome = outcome;
  decision.reason_code = code;
  decision.reason = std::move(reason);
}

// Profiles know no risk; the wire still wants one (faramesh §4.5).
void set_by_profile(Decision& decision, Outcome outcome, std::string_view code,
                    std::string reason) {
  set(decision, outcome, code, std::move(reason));
  decision.risk_level = outcome == Outcome::halt ? Risk::high : Risk::low;
}

void note(Explanation* trace, RuleComparison::List list, std::size_t position, int line,
          const std::string& name, bool matched, bool decides) {
  if (trace == nullptr) return;
  RuleComparison look{
      .list = list, .position = position, .line = line, .name = name, .matched = matched};
  if (matched && decides) trace->decided_by = look;
  if (trace->compared.size() < limits::explained_rules_max) {
    trace->compared.push_back(std::move(look));
  }
}

int severity(Outcome outcome) {
  switch (outcome) {
    case Outcome::execute: return 0;
    case Outcome::abstain: return 1;
    case Outcome::halt: break;
  }
  return 2;
}

bool has_approval_token(const ActionRequest& request) {
  for (const Value* holder : {&request.context(), &request.params()}) {
    const Value* token = holder->find("approval_token");
    if (token != nullptr && python::truthy(*token)) return true;
  }
  return false;
}

void apply(const PolicyRule& rule, Risk computed, Decision& decision) {
  decision.risk_level = rule.risk.value_or(computed);
  switch (rule.effect) {
    case Effect::deny:
      set(decision, Outcome::halt,
          rule.reads_as_default ? reason_code::default_deny : reason_code::policy_deny,
          rule.reason);
      return;
    case Effect::require_approval:
      set(decision, Outcome::abstain, reason_code::policy_require_approval, rule.reason);
      return;
    case Effect::allow: break;
  }
  if (!rule.risk && computed == Risk::high) {
    set(decision, Outcome::abstain, reason_code::policy_require_approval,
        rule.reason + " (high risk requires approval)");
    return;
  }
  set(decision, Outcome::execute, reason_code::policy_allow, rule.reason);
}

}  // namespace

Engine::Engine(EngineInputs inputs) : inputs_(std::move(inputs)) {}

const std::string& Engine::policy_version() const {
  return inputs_.policy ? inputs_.policy->version() : inputs_.missing_policy_version;
}

Decision Engine::decide(const ActionRequest& request) const noexcept {
  try {
    return judge(request, nullptr);
  } catch (...) {
    return Decision{};  // HALT INTERNAL_ERROR; whatever failed may fail again for the rest
  }
}

Explanation Engine::explain(const ActionRequest& request) const noexcept {
  try {
    Explanation trace;
    trace.decision = judge(request, &trace);
    return trace;
  } catch (...) {
    return Explanation{};
  }
}

// Everything but the verdict, which is HALT INTERNAL_ERROR until somebody decides.
Decision Engine::blank() const {
  Decision out;
  out.reason = "The gate failed; the action is denied";
  out.policy_version = policy_version();
  out.runtime_version = inputs_.runtime_version;
  if (inputs_.policy) out.policy_hash = inputs_.policy->hash();
  if (inputs_.profile) {
    out.profile_id = inputs_.profile->id();
    out.profile_version = inputs_.profile->version();
    out.profile_hash = inputs_.profile->hash();
  }
  return out;
}

Decision Engine::judge(const ActionRequest& request, Explanation* trace) const {
  Decision decision = blank();
  decision.request_hash = request.hash();
  if (!inputs_.policy) {
    set(decision, Outcome::halt, reason_code::missing_policy,
        "No usable policy is loaded, so everything is denied");
    return decision;
  }
  decision.provenance_id =
      provenance_id_of(decision.request_hash, inputs_.policy->hash(),
                       decision.profile_hash ? std::string_view(*decision.profile_hash) : "",
                       decision.runtime_version);
  try {
    decide_for_each(request, decision, trace);
  } catch (const std::exception&) {
    set(decision, Outcome::halt, reason_code::internal_error,
        "The gate failed; the action is denied");
    decision.risk_level = Risk::high;
    decision.decided_by_policy = false;
    if (trace != nullptr) trace->decided_by.reset();
  }
  return decision;
}

void Engine::decide_by_facts(Facts& facts, Decision& decision, Explanation* trace) const {
  if (!decide_by_profile(facts, decision, trace)) decide_by_policy(facts, decision, trace);
}

void Engine::decide_for_each(const ActionRequest& request, Decision& decision,
                             Explanation* trace) const {
  const Value::Array* paths = several_paths(request);
  if (paths == nullptr) {
    Facts facts(request);
    decide_by_facts(facts, decision, trace);
    return;
  }
  const Decision undecided = decision;
  std::optional<RuleComparison> decided_by;
  for (std::size_t i = 0; i < paths->size(); ++i) {
    Decision one = undecided;
    Facts facts(request, (*paths)[i]);
    if (trace != nullptr) trace->decided_by.reset();
    decide_by_facts(facts, one, trace);
    if (i > 0 && severity(one.outcome) <= severity(decision.outcome)) continue;
    decision = std::move(one);
    if (trace != nullptr) decided_by = trace->decided_by;
  }
  if (trace != nullptr) trace->decided_by = std::move(decided_by);
}

// True when the profile has decided.
bool Engine::decide_by_profile(Facts& facts, Decision& decision, Explanation* trace) const {
  if (inputs_.profile_is_unusable) {
    set_by_profile(decision, Outcome::halt, reason_code::profile_load_error,
                   "The execution profile cannot be read, so everything is denied");
    return true;
  }
  if (!inputs_.profile) return false;
  const Profile& profile = *inputs_.profile;
  const ActionRequest& request = facts.request();
  if (!profile.allows(request.tool())) {
    set_by_profile(decision, Outcome::halt, reason_code::profile_disallows_tool,
                   "Tool '" + request.tool() + "' is not in profile allowed_tools");
    return true;
  }
  for (std::size_t i = 0; i < profile.rules().size(); ++i) {
    const ProfileRule& rule = profile.rules()[i];
    const bool matched = rule.matches(facts);
    note(trace, RuleComparison::List::profile, i, rule.line, rule.name, matched, true);
    if (!matched) continue;
    set_by_profile(decision, rule.outcome, rule.reason_code, rule.name);
    return true;
  }
  if (profile.requires_approval_token() && !has_approval_token(request)) {
    set_by_profile(decision, Outcome::halt, reason_code::profile_missing_control,
                   "Profile requires approval_token but none provided");
    return true;
  }
  return false;
}

Risk Engine::computed_risk(Facts& facts, Explanation* trace) const {
  const ActionRequest& request = facts.request();
  auto candidates = inputs_.policy->risk_rules_for(request.tool(), request.operation());
  while (const auto position = candidates.next()) {
    const RiskRule& rule = inputs_.policy->risk_rules()[*position];
    const bool matched = rule.condition.holds(facts);
    note(trace, RuleComparison::List::risk, *position, rule.line, rule.name, matched, false);
    if (matched) return rule.risk;
  }
  return Risk::low;
}

void Engine::decide_by_policy(Facts& facts, Decision& decision, Explanation* trace) const {
  const ActionRequest& request = facts.request();
  const Risk computed = computed_risk(facts, trace);
  decision.decided_by_policy = true;
  auto candidates = inputs_.policy->rules_for(request.tool(), request.operation());
  while (const auto position = candidates.next()) {
    const PolicyRule& rule = inputs_.policy->rules()[*position];
    const bool matched = rule.condition.holds(facts);
    note(trace, RuleComparison::List::policy, *position, rule.line, rule.reason, matched, true);
    if (matched) return apply(rule, computed, decision);
  }
  decision.risk_level = computed;
  set(decision, Outcome::halt, reason_code::default_deny, std::string(no_rule_matched));
}

}  // namespace colonnade::gate
