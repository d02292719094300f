#include "gate/rule_gate.hpp"

#include <stdexcept>

#include "gate/permit_issuer.hpp"
#include "gate/python.hpp"

namespace colonnade::gate {
namespace {

core::Outcome core_outcome(Outcome outcome) {
  switch (outcome) {
    case Outcome::execute: return core::Outcome::execute;
    case Outcome::abstain: return core::Outcome::abstain;
    case Outcome::halt: break;
  }
  return core::Outcome::halt;
}

core::Decision core_decision(Decision from) {
  return {.outcome = core_outcome(from.outcome),
          .reason_code = std::move(from.reason_code),
          .reason = std::move(from.reason),
          .risk_level = std::string(to_string(from.risk_level)),
          .by_profile = !from.decided_by_policy,
          .request_hash = std::move(from.request_hash),
          .policy_version = std::move(from.policy_version),
          .policy_hash = from.policy_hash.value_or(""),
          .profile_id = from.profile_id.value_or(""),
          .profile_version = from.profile_version.value_or(""),
          .profile_hash = from.profile_hash.value_or(""),
          .runtime_version = std::move(from.runtime_version),
          .provenance_id = from.provenance_id.value_or("")};
}

base::Result<ActionRequest> read(const core::ActionRequest& request, core::RequestForm form) {
  auto params = Value::parse(request.params, "params");
  if (!params) return std::unexpected(std::move(params.error()));
  auto context = Value::parse(request.context, "context");
  if (!context) return std::unexpected(std::move(context.error()));
  ActionInput input{.agent_id = request.agent_id,
                    .tool = request.tool,
                    .operation = request.operation,
                    .params = *std::move(params),
                    .context = *std::move(context)};
  return form == core::RequestForm::submitted ? ActionRequest::normalise(std::move(input))
                                              : ActionRequest::exact(std::move(input));
}

constexpr std::string_view operation_of_runs = "call";

void append_rule(std::string& yaml, const std::string& tool, std::string_view effect,
                 std::string_view description) {
  yaml.append("  - match: {tool: \"").append(tool).append("\", op: call}\n    ").append(effect);
  yaml.append(": true\n    description: ").append(description).append("\n");
}

}  // namespace

RuleGate::RuleGate(const PolicySource& source, ToolNames asking,
                   std::function<bool(std::string_view tool)> attached)
    : source_(source), asking_(std::move(asking)), attached_(std::move(attached)) {}

// No rule of the built-in policy fits. A profile's denial and a policy file's stay.
bool RuleGate::denies_for_want_of_a_policy(const core::Decision& decision) const {
  return source_.policy_path().empty() && decision.outcome == core::Outcome::halt &&
         decision.reason_code == reason_code::default_deny && !decision.by_profile;
}

// The built-in policy was made before anybody knew what servers would offer.
void RuleGate::ask_about_attached(std::string_view tool, core::Decision& decision) const {
  if (!denies_for_want_of_a_policy(decision) || !attached_ || !attached_(tool)) return;
  decision.outcome = core::Outcome::abstain;
  decision.reason_code = reason_code::attached_tool;
  decision.reason = "without a policy, a tool of a tool server needs a human's approval";
}

// Clients have tools of their own, which no built-in policy can know.
void RuleGate::ask_about_submitted(core::Decision& decision) const {
  if (!denies_for_want_of_a_policy(decision)) return;
  decision.outcome = core::Outcome::abstain;
  decision.reason_code = reason_code::policy_require_approval;
  decision.reason =
      "without a policy, an action that may change something needs a human's approval; policy.file "
      "names one";
}

void RuleGate::ask_for_asking(std::string_view tool, core::Decision& decision) const {
  if (decision.outcome != core::Outcome::execute || !asking_.contains(tool)) return;
  decision.outcome = core::Outcome::abstain;
  decision.reason_code = reason_code::tool_asks;
  decision.reason = "the tool always needs a human's answer";
}

base::Result<core::Verdict> judge_by(const Engine& engine, const core::ActionRequest& request,
                                     core::RequestForm form) {
  const auto read_request = read(request, form);
  if (!read_request) return std::unexpected(read_request.error());
  core::Verdict out{.decision = core_decision(engine.decide(*read_request))};
  out.request = {.agent_id = read_request->agent_id(),
                 .tool = read_request->tool(),
                 .operation = read_request->operation(),
                 .params = python::compact(read_request->params()),
                 .context = python::compact(read_request->context())};
  return out;
}

base::Result<core::Verdict> RuleGate::judge(core::ActionRequest request, core::RequestForm form) {
  const bool by_run = form == core::RequestForm::exact && request.operation == operation_of_runs;
  return judge_for(request, form, by_run ? Origin::run : Origin::client);
}

base::Result<core::Verdict> RuleGate::judge_for(const core::ActionRequest& request,
                                                core::RequestForm form, Origin origin) const {
  auto out = judge_by(*source_.engine(), request, form);
  if (!out) return out;
  // What clients submit is not run by an agent's servers, and asks nobody by itself.
  if (origin == Origin::client) {
    ask_about_submitted(out->decision);
  } else {
    ask_about_attached(out->request.tool, out->decision);
    ask_for_asking(out->request.tool, out->decision);
  }
  return out;
}

core::Verdict RuleGate::decide(const core::ToolCall& call, core::ActionRequest request,
                               const std::optional<core::Grant>& grant) {
  request.params = base::to_text(call.arguments);
  return decide_for(call, std::move(request), grant, Origin::run);
}

core::Verdict RuleGate::decide_submitted(const core::ToolCall& call, core::ActionRequest request,
                                         const std::optional<core::Grant>& grant) {
  return decide_for(call, std::move(request), grant, Origin::client);
}

core::Verdict RuleGate::decide_for(const core::ToolCall& call, core::ActionRequest request,
                                   const std::optional<core::Grant>& grant, Origin origin) {
  auto judged = judge_for(request, core::RequestForm::exact, origin);
  if (!judged) {
    core::Verdict denied{.request = std::move(request)};
    denied.decision.reason_code = reason_code::invalid_request;
    denied.decision.reason = judged.error().message;
    denied.decision.risk_level = to_string(Risk::high);
    return denied;
  }
  const core::Decision& decision = judged->decision;
  const bool asks = asking_.contains(call.tool);
  const bool answered =
      decision.outcome == core::Outcome::abstain && grant &&
      (grant->request_hash == decision.request_hash || (grant->request_hash.empty() && !asks));
  if (decision.outcome == core::Outcome::execute || answered) {
    judged->permit = PermitIssuer::issue(call);
  }
  return *std::move(judged);
}

std::shared_ptr<const Policy> built_in_policy(const ToolNames& harmless, const ToolNames& others) {
  // The version covers this line, so that decisions of before are not taken for those of now.
  std::string yaml = "# submitted actions that no rule fits ask a human\nrules:\n";
  for (const std::string& tool : harmless) {
    append_rule(yaml, tool, "allow", "the tool changes nothing");
  }
  for (const std::string& tool : others) {
    append_rule(yaml, tool, "require_approval",
                "without a policy, a tool that changes something needs a human's approval");
  }
  if (harmless.empty() && others.empty()) yaml = "rules: []\n";
  auto policy = Policy::parse(yaml, "built-in");
  if (!policy) throw std::logic_error("built-in policy: " + policy.error().message);
  return *std::move(policy);
}

}  // namespace colonnade::gate
