#include "tools/catalog.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/log.hpp"
#include "core/tools/tool_names.hpp"
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
                 AttachedTools* attached, core::ThreadStore* threads, Snapshots* snapshots)
    : tools_(std::move(tools)),
      workspaces_(std::move(workspaces)),
      attached_(attached),
      threads_(threads),
      snapshots_(snapshots) {
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
    if (!tool->is_for(agent)) continue;
    out.push_back(tool->definition());
    out.back().aliases = core::other_names(out.back().name);
  }
  if (attached_ == nullptr || agent.tool_servers.empty()) co_return out;
  auto attached = co_await attached_->definitions(std::move(agent), std::move(stop));
  for (core::ToolDefinition& one : attached) {
    if (find(one.name) != nullptr) continue;
    for (std::string& name : core::other_names(one.name)) {
      const bool known = std::ranges::find(one.aliases, name) != one.aliases.end();
      if (!known) one.aliases.push_back(std::move(name));
    }
    out.push_back(std::move(one));
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

// Errors say why a tool that needs one has none. Looked up for each call: a thread may be moved.
base::Task<base::Result<void>> Catalog::give_workspace(const Tool* tool,
                                                       ToolContext* context) const {
  const bool elsewhere = works_elsewhere(tool->effect());
  if (elsewhere && !tool->hands_on_work()) co_return base::Result<void>();
  core::Directory directory;
  if (threads_ != nullptr && !context->thread_id.empty()) {
    auto thread = co_await threads_->thread(context->scope, context->thread_id);
    if (!thread) co_return fail(std::move(thread.error()));
    if (*thread) directory = std::move((*thread)->directory);
  }
  if (elsewhere && directory.path.empty()) co_return base::Result<void>();
  // A mkdir of one name, or a look at a few folders: too short for a worker thread.
  auto folder = workspaces_.folder_of(context->scope, context->thread_id, directory);
  if (folder) {
    context->workspace = std::move(*folder);
    context->bound = !directory.path.empty();
  } else if (tool->uses_workspace()) {
    co_return fail(std::move(folder.error()));
  } else if (directory.path.empty()) {
    base::log::warn("workspace_missing", {{"error", folder.error().message}});
  }
  co_return base::Result<void>();
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
      of_approver ? tool->accepted_schema() : tool->definition().input_schema.get();
  call.arguments = core::known_arguments(call.tool, std::move(call.arguments));
  call.arguments = without_left_out(schema, std::move(call.arguments));
  if (auto wrong = schema_violation(schema, call.arguments)) {
    co_return fail(ErrorKind::invalid, call.tool + ": " + *wrong);
  }
  auto given = co_await give_workspace(tool, &context);
  if (!given) co_return fail(std::move(given.error()));
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
  auto given = co_await give_workspace(tool, &context);
  if (!given) co_return failed(given.error().message);
  auto outcome = co_await run_kept(tool, std::move(context), call.arguments, stop);
  co_return outcome;
}

namespace {

bool may_change_files(const ToolContext& context,
                      const std::optional<std::vector<std::string>>& files) {
  return !context.workspace.empty() && !context.run_id.empty() && (!files || !files->empty());
}

}  // namespace

// What the call may change is kept before it runs; where that fails it does not run.
base::Task<base::Result<core::ToolOutcome>> Catalog::run_kept(Tool* tool, ToolContext context,
                                                              base::Json arguments,
                                                              std::stop_token stop) const {
  auto files = tool->changed_files(arguments);
  if (tool->hands_on_work() && context.bound) files.reset();
  if (snapshots_ == nullptr || !may_change_files(context, files)) {
    auto outcome = co_await tool->run(std::move(context), std::move(arguments), std::move(stop));
    co_return outcome;
  }
  SnapshotCall call{.scope = context.scope,
                    .user_id = context.user_id,
                    .thread_id = context.thread_id,
                    .run_id = context.run_id,
                    .workspace = context.workspace,
                    .paths = std::move(files)};
  auto kept = co_await snapshots_->before(call, stop);
  if (!kept && kept.error().kind == ErrorKind::cancelled) co_return fail(std::move(kept.error()));
  if (!kept) {
    co_return failed("the tool was not run, because what it may change cannot be kept: " +
                     kept.error().message);
  }
  auto outcome = co_await tool->run(std::move(context), std::move(arguments), std::move(stop));
  auto noted = co_await snapshots_->after(std::move(call), std::move(*kept));
  // The next look at the thread's files compares again.
  if (!noted) base::log::warn("snapshot_not_compared", {{"error", noted.error().message}});
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
