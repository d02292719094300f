#include "core/governance/approved_request.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "core/governance/call_context.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

constexpr const char* question_tool = "question";

std::unexpected<base::Error> unfit(ErrorKind kind, const std::string& why) {
  return fail(kind, "params: " + why, "params");
}

// A question of a tool server within a run's call, which gets the answer in its own form.
bool is_form_question(const Action& action, const base::Json& params) {
  return !is_call(action) && action.request.tool == question_tool && params.contains("form");
}

}  // namespace

ToolCaller caller_of(const Action& action) {
  const std::string& agent = action.request.agent_id;
  return {.scope = action.scope,
          .user_id = action.owner,
          .agent_id = agent == default_agent_id ? std::string() : agent};
}

Task<base::Result<ActionRequest>> approved_request(ToolRunner* tools, Action action,
                                                   std::optional<std::string> edit) {
  const bool edited = edit.has_value();
  if (edited) action.request.params = std::move(*edit);
  auto params = base::parse_json(action.request.params, "params");
  if (!params) co_return unfit(ErrorKind::invalid, params.error().message);
  if (!params->is_object()) co_return unfit(ErrorKind::invalid, "must be an object");
  const bool is_tool_call = is_call(action);
  if (!is_tool_call && !is_form_question(action, *params)) co_return std::move(action.request);
  ToolCall call{.id = action.tool_call_id,
                .run_id = action.run_id,
                .thread_id = action.thread_id,
                .tool = action.request.tool,
                .arguments = std::move(*params)};
  auto prepared = co_await tools->prepare(caller_of(action), std::move(call), std::nullopt,
                                          ArgumentsFrom::approver);
  if (!prepared) {
    const bool is_away = prepared.error().kind == ErrorKind::unavailable;
    // As it was asked for, it was looked at then.
    if (is_away && !edited) co_return std::move(action.request);
    co_return unfit(is_away ? ErrorKind::unavailable : ErrorKind::invalid,
                    prepared.error().message);
  }
  if (edited && is_tool_call) {
    action.request.params = base::to_text(*prepared);
    action.request.context = call_context(action.thread_id, action.run_id, *prepared, *prepared);
  }
  co_return std::move(action.request);
}

}  // namespace colonnade::core
