#include "tools/catalog.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/log.hpp"
#include "tools/schema_check.hpp"

namespace colonnade::tools {

using base::ErrorKind;
using base::fail;

namespace {

bool changes_nothing(Effect effect) { return effect == Effect::none || effect == Effect::reads; }

// Such a tool has no business in the workspace.
bool works_elsewhere(Effect effect) {
  return effect == Effect::none || effect == Effect::own_memory || effect == Effect::own_thread;
}

// What may run unasked.
bool is_harmless(Effect effect) {
  return changes_nothing(effect) || effect == Effect::own_memory || effect == Effect::own_thread;
}

}  // namespace

Catalog::Catalog(std::vector<std::unique_ptr<Tool>> tools, Workspaces workspaces,
                 AttachedTools* attached)
    : tools_(std::move(tools)), workspaces_(std::move(workspaces)), attached_(attached) {
  std::set<std::string> names;
  for (const auto& tool : tools_) {
    if (!names.insert(tool->definition().name).second) {
      throw std::logic_error("two tools are named " + tool->definition().name);
    }
  }
}

base::Task<std::vector<core::ToolDefinition>> Catalog::definitions(core::Agent agent,
                                                                   std::stop_token stop) {
  std::vector<core::ToolDefinition> out;
  for (const auto& tool : tools_) {
    if (tool->is_for(agent)) out.push_back(tool->definition());
  }
  if (attached_ == nullptr || agent.tool_servers.empty()) co_return out;
  auto attached = co_await attached_->definitions(std::move(agent), std::move(stop));
  for (core::ToolDefinition& one : attached) {
    if (find(one.name) == nullptr) out.push_back(std::move(one));
  }
  co_return out;
}

ToolContext Catalog::context_for(base::Lane* lane, const core::ToolCaller& caller,
                                 const core::ToolCall& call) const {
  return {.lane = lane,
          .scope = caller.scope,
          .user_id = caller.user_id,
          .agent_id = caller.agent_id,
          .thread_id = call.thread_id,
          .run_id = call.run_id,
          .tool_call_id = call.id};
}

bool Catalog::is_idempotent(std::string_view name) const {
  const Tool* tool = find(name);
  return tool != nullptr && changes_nothing(tool->effect());
}

// Of a tool that was not offered the gate has said what it thinks: its schema allows everything.
base::Result<void> Catalog::check(const core::ToolDefinition& tool,
                                  const base::Json& arguments) const {
  const Tool* own = find(tool.name);
  auto wrong = own != nullptr
                   ? schema_violation(own->definition().input_schema, arguments)
                   : schema_violation(tool.input_schema, arguments, LengthIn::characters);
  if (!wrong) return {};
  return fail(ErrorKind::invalid, tool.name + ": " + *wrong);
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): lanes outlive coroutines
base::Task<base::Result<core::ToolOutcome>> Catalog::run(base::Lane& lane, core::ToolCaller caller,
                                                         core::ExecutionPermit permit,
                                                         std::stop_token stop) {
  const core::ToolCall& call = permit.call();
  Tool* tool = find(call.tool);
  ToolContext context = context_for(&lane, caller, call);
  if (tool == nullptr && attached_ != nullptr && attached_->may_be(call.tool)) {
    auto outcome = co_await attached_->run(std::move(context), call, stop);
    co_return outcome;
  }
  if (tool == nullptr) {
    co_return fail(ErrorKind::not_found, "there is no tool named '" + call.tool + "'");
  }
  if (stop.stop_requested()) co_return fail(ErrorKind::cancelled, "the tool was stopped");
  if (auto wrong = schema_violation(tool->accepted_schema(), call.arguments)) {
    co_return failed(call.tool + ": " + *wrong);
  }
  if (!works_elsewhere(tool->effect())) {
    // A mkdir of one name: too short for a worker thread.
    auto folder = workspaces_.folder_of(caller.scope, call.thread_id);
    if (folder) {
      context.workspace = std::move(*folder);
    } else {
      base::log::warn("workspace_missing", {{"error", folder.error().message}});
    }
  }
  auto outcome = co_await tool->run(std::move(context), call.arguments, stop);
  co_return outcome;
}

std::set<std::string, std::less<>> Catalog::harmless() const {
  std::set<std::string, std::less<>> out;
  for (const auto& tool : tools_) {
    if (is_harmless(tool->effect())) out.insert(tool->definition().name);
  }
  return out;
}

std::set<std::string, std::less<>> Catalog::harmful() const {
  std::set<std::string, std::less<>> out;
  for (const auto& tool : tools_) out.insert(tool->definition().name);
  for (const std::string& name : harmless()) out.erase(name);
  return out;
}

std::set<std::string, std::less<>> Catalog::asking() const {
  std::set<std::string, std::less<>> out;
  for (const auto& tool : tools_) {
    if (tool->effect() == Effect::asks) out.insert(tool->definition().name);
  }
  return out;
}

Effect Catalog::effect_of(std::string_view name) const {
  const Tool* tool = find(name);
  return tool == nullptr ? Effect::changes : tool->effect();
}

Tool* Catalog::find(std::string_view name) const {
  const auto found = std::ranges::find_if(
      tools_, [&](const auto& tool) { return tool->definition().name == name; });
  return found == tools_.end() ? nullptr : found->get();
}

}  // namespace colonnade::tools
