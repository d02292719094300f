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
          .tool_call_id = call.id,
          .judge_again = caller.judge_again};
}

void Catalog::give_workspace(const Tool& tool, ToolContext& context) const {
  if (works_elsewhere(tool.effect())) return;
  // A mkdir of one name: too short for a worker thread.
  auto folder = workspaces_.folder_of(context.scope, context.thread_id);
  if (folder) {
    context.workspace = std::move(*folder);
  } else {
    base::log::warn("workspace_missing", {{"error", folder.error().message}});
  }
}

bool Catalog::is_idempotent(std::string_view name) const {
  const Tool* tool = find(name);
  return tool != nullptr && changes_nothing(tool->effect());
}

// A stranger's schema that lists its properties and says no more means these.
base::Task<base::Result<base::Json>> Catalog::prepare_attached(
    ToolContext context, core::ToolCall call, std::optional<core::ToolDefinition> offered,
    core::ArgumentsFrom from) const {
  const bool may_be = attached_ != nullptr && attached_->may_be(call.tool);
  if (!offered && may_be) offered = co_await attached_->definition(std::move(context), call.tool);
  if (!offered) {
    // Nothing is known of it. The gate says what it thinks of a model's call, and a tool that is
    // back by then looks at it once more.
    if (from == core::ArgumentsFrom::model) co_return std::move(call.arguments);
    co_return fail(ErrorKind::unavailable,
                   "the tool '" + call.tool +
                       "' is not offered just now, so its arguments cannot be checked; approve it "
                       "as it was asked for, or try again later");
  }
  call.arguments = without_left_out(offered->input_schema, std::move(call.arguments));
  if (auto wrong = schema_violation(offered->input_schema, call.arguments, stranger_schema)) {
    co_return fail(ErrorKind::invalid, call.tool + ": " + *wrong);
  }
  co_return std::move(call.arguments);
}

base::Task<base::Result<base::Json>> Catalog::prepare(core::ToolCaller caller, core::ToolCall call,
                                                      std::optional<core::ToolDefinition> offered,
                                                      core::ArgumentsFrom from) {
  const Tool* tool = find(call.tool);
  ToolContext context = context_for(nullptr, caller, call);
  if (tool == nullptr) {
    auto prepared =
        co_await prepare_attached(std::move(context), std::move(call), std::move(offered), from);
    co_return prepared;
  }
  if (from == core::ArgumentsFrom::model && !offered) {
    co_return fail(ErrorKind::invalid, "the tool '" + call.tool + "' is not offered to this agent",
                   core::tool_field);
  }
  const bool of_approver = from == core::ArgumentsFrom::approver;
  const base::Json& schema =
      of_approver ? tool->accepted_schema() : tool->definition().input_schema;
  call.arguments = without_left_out(schema, std::move(call.arguments));
  if (auto wrong = schema_violation(schema, call.arguments)) {
    co_return fail(ErrorKind::invalid, call.tool + ": " + *wrong);
  }
  give_workspace(*tool, context);
  auto canonical = tool->canonical(context, std::move(call.arguments), from);
  if (!canonical) canonical.error().message.insert(0, call.tool + ": ");
  co_return canonical;
}

base::Result<void> Catalog::check_value(const base::Json& schema, const base::Json& value) const {
  if (auto wrong = schema_violation(schema, value, stranger_schema)) {
    return fail(ErrorKind::invalid, std::move(*wrong));
  }
  return {};
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
  give_workspace(*tool, context);
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
