#include "gate/policy_inspector.hpp"

#include <filesystem>
#include <utility>

#include "gate/rule_gate.hpp"

namespace colonnade::gate {
namespace {

constexpr std::string_view text_name = "policy";  // of a text that has no file

// Which rule it was; the gate's port says only what came of it.
void name_the_rule(core::PolicyEvaluation& trial, const std::shared_ptr<const Policy>& policy,
                   const core::ActionRequest& request) {
  auto params = Value::parse(request.params, "params");
  auto context = Value::parse(request.context, "context");
  if (!params || !context) return;
  const auto exact = ActionRequest::exact({.agent_id = request.agent_id,
                                           .tool = request.tool,
                                           .operation = request.operation,
                                           .params = *std::move(params),
                                           .context = *std::move(context)});
  if (!exact) return;
  const Engine engine({.policy = policy});
  const Explanation explanation = engine.explain(*exact);
  if (!explanation.decided_by) return;
  trial.rule_line = explanation.decided_by->line;
  trial.rule_name = explanation.decided_by->name;
}

}  // namespace

core::ActivePolicy PolicyInspector::in_force() const {
  const auto engine = source_.engine();
  core::ActivePolicy out{.path = source_.policy_path(), .version = engine->policy_version()};
  if (engine->policy()) out.hash = engine->policy()->hash();
  if (!out.path.empty()) {
    std::error_code ignored;
    out.exists = std::filesystem::exists(out.path, ignored);
  }
  return out;
}

core::PolicySyntaxCheck PolicyInspector::read(std::string_view text) const {
  core::PolicySyntaxCheck out;
  auto policy = Policy::parse(text, text_name);
  if (!policy) {
    out.error = std::move(policy.error());
    return out;
  }
  for (const Warning& warning : (*policy)->warnings()) {
    out.warnings.push_back("line " + std::to_string(warning.line) + ": " + warning.message);
  }
  out.rules = (*policy)->rules().size();
  out.risk_rules = (*policy)->risk_rules().size();
  out.version = (*policy)->version();
  out.hash = (*policy)->hash();
  return out;
}

base::Result<core::PolicyEvaluation> PolicyInspector::evaluate(std::string_view text,
                                                               core::ActionRequest request) const {
  auto policy = Policy::parse(text, text_name);
  if (!policy) {
    return base::fail(base::ErrorKind::invalid, std::move(policy.error().message), "policy");
  }
  auto verdict = judge_by(Engine({.policy = *policy}), request, core::RequestForm::submitted);
  if (!verdict) return std::unexpected(std::move(verdict.error()));
  core::PolicyEvaluation out{.decision = std::move(verdict->decision)};
  name_the_rule(out, *policy, verdict->request);
  return out;
}

}  // namespace colonnade::gate
