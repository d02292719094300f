#include "tools/catalog.hpp"

#include <algorithm>
#include <stdexcept>

namespace colonnade::tools {

using base::ErrorKind;
using base::fail;

Catalog::Catalog(std::vector<std::unique_ptr<Tool>> tools) : tools_(std::move(tools)) {
  std::set<std::string> names;
  for (const auto& tool : tools_) {
    if (!names.insert(tool->definition().name).second) {
      throw std::logic_error("two tools are named " + tool->definition().name);
    }
  }
}

std::vector<core::ToolDefinition> Catalog::definitions(const core::Scope&) {
  std::vector<core::ToolDefinition> out;
  for (const auto& tool : tools_) out.push_back(tool->definition());
  return out;
}

bool Catalog::is_idempotent(std::string_view name) const {
  const Tool* tool = find(name);
  return tool != nullptr && tool->effect() == Effect::none;
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): lanes outlive coroutines
base::Task<base::Result<core::ToolOutcome>> Catalog::run(base::Lane& lane,
                                                         core::ExecutionPermit permit,
                                                         std::stop_token stop) {
  const core::ToolCall& call = permit.call();
  Tool* tool = find(call.tool);
  if (tool == nullptr) {
    co_return fail(ErrorKind::not_found, "there is no tool named '" + call.tool + "'");
  }
  if (stop.stop_requested()) co_return fail(ErrorKind::cancelled, "the tool was stopped");
  auto outcome = co_await tool->run(lane, call.arguments, stop);
  co_return outcome;
}

std::set<std::string, std::less<>> Catalog::harmless() const {
  std::set<std::string, std::less<>> out;
  for (const auto& tool : tools_) {
    if (tool->effect() == Effect::none) out.insert(tool->definition().name);
  }
  return out;
}

Tool* Catalog::find(std::string_view name) const {
  const auto found = std::ranges::find_if(
      tools_, [&](const auto& tool) { return tool->definition().name == name; });
  return found == tools_.end() ? nullptr : found->get();
}

}  // namespace colonnade::tools
