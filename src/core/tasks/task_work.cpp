#include "core/tasks/task_work.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/agents/agent.hpp"
#include "core/agents/prompt_template.hpp"
#include "core/threads/message.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;
using base::Task;

namespace {

constexpr double micros_in_cent = 10'000;

// Every text in it, however deep, with the placeholders' values.
Json rendered(const Json& value, const Json& context) {
  if (value.is_string()) {
    return render_template(value.get_ref<const std::string&>(), context);
  }
  if (!value.is_structured()) return value;
  Json out = value;
  for (auto& member : out) member = rendered(member, context);
  return out;
}

Json usage_tree(const Run& run) {
  const Usage& usage = run.usage;
  return {{"inputTokens", usage.input_tokens},
          {"outputTokens", usage.output_tokens},
          {"promptTokens", usage.input_tokens},
          {"completionTokens", usage.output_tokens},
          {"totalTokens", usage.input_tokens + usage.output_tokens},
          {"cachedTokens", usage.cached_input_tokens},
          {"reasoningTokens", usage.reasoning_tokens},
          {"costCents", static_cast<double>(run.cost_micros) / micros_in_cent}};
}

}  // namespace

Task<Result<AgentWork>> TaskWork::work_of(Job job) {
  auto task = co_await catalog_.active(job.owner.scope, job.task);
  if (!task) co_return fail(std::move(task.error()));
  auto payload = co_await payloads_.payload_of(job);
  if (!payload) co_return fail(std::move(payload.error()));
  const TaskHandler& handler = task->handler;
  const bool is_default = handler.agent_id == default_agent_id;
  const std::string agent_id = is_default ? std::string() : handler.agent_id;
  const Json context{{"payload", std::move(*payload)}};
  AgentWork out{.thread_id = handler.thread_id,
                .thread = {.title = tidy_title(task->name), .agent_id = agent_id}};
  out.message.parts.emplace_back(TextPart{.text = render_template(handler.prompt, context)});
  out.message.metadata = {{"taskId", task->task_id}, {"jobId", job.id}};
  out.message.settings.counts_tool_calls = true;
  out.message.options.output_schema = handler.output_schema;
  out.message.options.asks_nobody = options_.asks_nobody;
  if (!handler.thread_id.empty()) out.message.options.agent_id = agent_id;
  co_return out;
}

Result<std::string> TaskWork::output_of(const Job& /*job*/, const RunDetail& turn) {
  const std::string text = turn.reply ? visible_text(turn.reply->parts) : std::string();
  Json out{{"text", text}, {"threadId", turn.run.thread_id}, {"usage", usage_tree(turn.run)}};
  if (!turn.run.options.output_schema.is_null()) {
    auto object = base::parse_json(text, "answer");
    if (!object) return fail(std::move(object.error()));
    out["object"] = std::move(*object);
  }
  return base::to_text(out);
}

Task<Result<UserCall>> TaskWork::call_of(Job job) {
  auto task = co_await catalog_.active(job.owner.scope, job.task);
  if (!task) co_return fail(std::move(task.error()));
  auto payload = co_await payloads_.payload_of(job);
  if (!payload) co_return fail(std::move(payload.error()));
  const bool is_laid_over = payload->is_object();
  if (!is_laid_over && !payload->is_null()) {
    co_return fail(ErrorKind::invalid,
                   "the payload of a task that calls a tool is an object: the call's arguments",
                   "payload");
  }
  const Json context{{"payload", *payload}};
  const TaskHandler& handler = task->handler;
  UserCall out{.tool = handler.tool, .asks_nobody = options_.asks_nobody};
  if (handler.args.is_object()) out.arguments = rendered(handler.args, context);
  // What a schedule says of itself is for prompts; a tool would refuse it.
  const bool is_scheduled = !job.origin.schedule_id.empty();
  if (is_scheduled && job.payload.empty()) co_return out;
  if (is_scheduled) payload->erase("schedule");
  if (is_laid_over) out.arguments.update(*payload);
  co_return out;
}

}  // namespace colonnade::core
