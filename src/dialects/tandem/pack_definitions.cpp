#include "dialects/tandem/pack_definitions.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/tools/tool_names.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/routines_wire.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

// {"provider_id","model_id"}, or one text: the model.
Result<void> read_model(const Json& tree, core::ModelSettings& into) {
  const Json* model = member(tree, {"model", "default_model"});
  if (model == nullptr) return {};
  if (model->is_string()) {
    into.model = model->get<std::string>();
    return {};
  }
  if (!model->is_object()) {
    return fail(ErrorKind::invalid, "model must be a text, or {provider_id, model_id}", "model");
  }
  auto provider = text_member(*model, {"provider_id", "providerID", "provider"});
  if (!provider) return fail(std::move(provider.error()));
  auto name = text_member(*model, {"model_id", "modelID", "model"});
  if (!name) return fail(std::move(name.error()));
  into.provider = std::move(*provider);
  into.model = std::move(*name);
  return {};
}

// Under our names, so that they mean the tools that the server has.
Result<std::optional<std::vector<std::string>>> read_tools(const Json& tree) {
  const Json* tools = member(tree, {"tools", "tool_allowlist"});
  if (tools == nullptr) return std::nullopt;
  if (!tools->is_array() || tools->size() > limits::tandem_allowlist_names_max) {
    return fail(ErrorKind::invalid,
                "tools must be a list of at most " +
                    std::to_string(limits::tandem_allowlist_names_max) + " names",
                "tools");
  }
  std::vector<std::string> out;
  for (const Json& one : *tools) {
    if (!one.is_string()) return fail(ErrorKind::invalid, "tools must be names", "tools");
    out.emplace_back(core::known_tool(one.get_ref<const std::string&>()));
  }
  return out;
}

}  // namespace

Result<core::NewAgent> decode_pack_agent(const Json& tree) {
  auto name = text_member(tree, {"name", "display_name"});
  if (!name) return fail(std::move(name.error()));
  auto description = text_member(tree, {"description"});
  if (!description) return fail(std::move(description.error()));
  auto prompt = text_member(tree, {"system_prompt", "instructions"});
  if (!prompt) return fail(std::move(prompt.error()));
  if (!*prompt) {
    return fail(ErrorKind::invalid, "system_prompt is missing: what the agent is told",
                "system_prompt");
  }
  core::NewAgent out{.name = std::move(*name).value_or(""),
                     .description = std::move(*description).value_or(""),
                     .instructions = std::move(**prompt)};
  if (auto read = read_model(tree, out.settings); !read) return fail(std::move(read.error()));
  auto tools = read_tools(tree);
  if (!tools) return fail(std::move(tools.error()));
  out.tools = std::move(*tools);
  return out;
}

Result<core::NewRoutine> decode_pack_routine(const Json& tree) {
  return decode_new_routine(RoutineFamily::routines, tree);
}

}  // namespace colonnade::dialects::tandem
