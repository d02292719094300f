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
  ModelSettings out;
  const auto policy = task.arguments.find("model_policy");
  if (policy == task.arguments.end() || !policy->is_object()) return out;
  const auto model = policy->find("default_model");
  if (model == policy->end() || !model->is_object()) return out;
  const std::string provider = argument(*model, "provider_id");
  const std::string name = argument(*model, "model_id");
  if (!provider.empty()) out.provider = provider;
  if (!name.empty()) out.model = name;
  return out;
}

}  // namespace colonnade::core
