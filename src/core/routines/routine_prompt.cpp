#include "core/routines/routine_prompt.hpp"

#include <nlohmann/json.hpp>

namespace colonnade::core {
namespace {

std::string argument(const base::Json& tree, const char* name) {
  const auto found = tree.find(name);
  return found != tree.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void add_list(std::string& out, std::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  out.append("\n\n").append(title);
  for (const std::string& line : lines) out.append("\n- ").append(line);
}

// {"provider_id","model_id"} under that name.
ModelSettings model_in(const base::Json& tree, const char* name) {
  ModelSettings out;
  const auto model = tree.find(name);
  if (model == tree.end() || !model->is_object()) return out;
  const std::string provider = argument(*model, "provider_id");
  const std::string id = argument(*model, "model_id");
  if (!provider.empty()) out.provider = provider;
  if (!id.empty()) out.model = id;
  return out;
}

}  // namespace

std::string routine_prompt(const RoutineTask& task) {
  std::string out = argument(task.arguments, "prompt");
  if (out.empty()) out = task.entrypoint;
  if (const std::string briefing = argument(task.arguments, "briefing"); !briefing.empty()) {
    out.append("\n\nBriefing: ").append(briefing);
  }
  std::vector<std::string> criteria;
  const auto wanted = task.arguments.find("success_criteria");
  if (wanted != task.arguments.end() && wanted->is_array()) {
    for (const base::Json& one : *wanted) {
      if (one.is_string()) criteria.push_back(one.get<std::string>());
    }
  }
  add_list(out, "It has succeeded when:", criteria);
  add_list(out, "The output goes to:", task.output_targets);
  return out;
}

ModelSettings routine_model(const RoutineTask& task) {
  const auto policy = task.arguments.find("model_policy");
  if (policy == task.arguments.end() || !policy->is_object()) return {};
  const bool leads_others = argument(task.arguments, "mode") == "orchestrated";
  const auto of_roles = policy->find("role_models");
  if (of_roles != policy->end() && of_roles->is_object()) {
    ModelSettings of_role = model_in(*of_roles, leads_others ? "orchestrator" : "worker");
    if (of_role.model) return of_role;
  }
  return model_in(*policy, "default_model");
}

}  // namespace colonnade::core
