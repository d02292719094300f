#include "core/runs/run_start.hpp"

#include <iterator>
#include <utility>

#include "base/ids.hpp"
#include "core/context/limits.hpp"
#include "core/limits.hpp"
#include "core/runs/message_size.hpp"
#include "core/runs/unanswered_turns.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

// What the model is to know of a thread: the summary of its older part and what came after.
struct Past {
  std::optional<ThreadSummary> summary{};
  std::vector<Message> history{};  // oldest first
  bool is_cut = false;             // there are older ones that nothing covers
};

// The newest messages behind `after`, page by page.
Task<Result<Past>> read_backwards(ThreadStore* threads, Scope scope, std::string thread_id,
                                  Past out) {
  const auto after = out.summary ? std::optional(out.summary->up_to) : std::nullopt;
  MessagePage page{.limit = limits::page_rows_max};
  while (out.history.size() < limits::context_messages_max) {
    auto older = threads->messages(scope, thread_id, page);
    if (!older) co_return fail(std::move(older.error()));
    const bool more = older->size() == page.limit;
    if (!older->empty()) page.before = older->front().created_at;
    auto first = older->begin();
    while (after && first != older->end() && first->created_at <= *after) ++first;
    const bool reached = first != older->begin();
    out.history.insert(out.history.begin(), std::make_move_iterator(first),
                       std::make_move_iterator(older->end()));
    if (!more || reached) co_return out;
  }
  out.is_cut = true;
  co_return out;
}

// Messages that a summary covers are not read; mostly one page is all there is behind it.
Task<Result<Past>> read_messages(ThreadStore* threads, Scope scope, std::string thread_id) {
  auto summary = threads->newest_summary(scope, thread_id);
  if (!summary) co_return fail(std::move(summary.error()));
  Past out{.summary = std::move(*summary)};
  if (out.summary) {
    const MessagePage page{.after = out.summary->up_to, .limit = limits::page_rows_max};
    auto behind = threads->messages(scope, thread_id, page);
    if (!behind) co_return fail(std::move(behind.error()));
    if (behind->size() < page.limit) {
      out.history = std::move(*behind);
      co_return out;
    }
  }
  auto read =
      co_await read_backwards(threads, std::move(scope), std::move(thread_id), std::move(out));
  co_return read;
}

// With what the runs did that gave no answer.
Task<Result<Past>> read_past(RunStartPorts ports, Scope scope, std::string thread_id,
                             std::string open_run_id) {
  auto past = co_await read_messages(&ports.threads, scope, std::move(thread_id));
  if (!past) co_return past;
  auto history = co_await with_unanswered_turns(&ports.runs, std::move(scope),
                                                std::move(past->history), std::move(open_run_id));
  if (!history) co_return fail(std::move(history.error()));
  past->history = std::move(*history);
  co_return past;
}

}  // namespace

RunStarts::RunStarts(RunStartPorts ports, RunStartOptions options)
    : ports_(ports), options_(std::move(options)) {}

Result<ModelSettings> RunStarts::settings_for(const ModelSettings& wanted, const Thread& thread,
                                              const Agent& agent) const {
  ModelSettings configured = options_.defaults;
  if (!configured.provider) configured.provider = ports_.providers.default_name();
  ModelSettings settings = wanted.over(thread.settings).over(agent.settings).over(configured);
  const std::string name = settings.provider.value_or("");
  const ModelProvider* provider = ports_.providers.find(name);
  if (provider == nullptr) {
    return fail(ErrorKind::unavailable,
                "no agent configured: there is no model provider named '" + name + "'", "provider");
  }
  settings.provider = std::string(provider->name());
  return settings;
}

Task<Result<RunStart>> RunStarts::fresh(Principal who, NewMessage input) const {
  if (input.parts.empty()) co_return fail(ErrorKind::invalid, "a message needs content", "parts");
  if (auto small = check_size(input.parts, options_.message_bytes_max); !small) {
    co_return fail(std::move(small.error()));
  }
  auto thread = ports_.threads.thread(who.scope, input.thread_id);
  if (!thread) co_return fail(std::move(thread.error()));
  if (!*thread) co_return fail(ErrorKind::not_found, "no such thread");
  if ((*thread)->owner != who.user_id) co_return fail(ErrorKind::forbidden, "not your thread");
  if ((*thread)->deleted_at) co_return fail(ErrorKind::conflict, "thread deleted");
  auto agent = ports_.agents.get(who.scope, (*thread)->agent_id);
  if (!agent) co_return fail(std::move(agent.error()));
  auto settings = settings_for(input.settings, **thread, *agent);
  if (!settings) co_return fail(std::move(settings.error()));
  auto active = ports_.runs.active_run(who.scope, input.thread_id);
  if (!active) co_return fail(std::move(active.error()));
  if (*active) co_return fail(ErrorKind::conflict, run_is_active_text);
  auto past = co_await read_past(ports_, who.scope, input.thread_id, "");
  if (!past) co_return fail(std::move(past.error()));

  const Time now = ports_.clock.now();
  const std::string run_id = base::new_id(now);
  RunStart start{.run = {.id = run_id,
                         .thread_id = input.thread_id,
                         .scope = who.scope,
                         .agent_id = agent->id,
                         .agent_version = agent->version,
                         .user_message_id = base::new_id(now),
                         .started_by = who.user_id,
                         .state = RunState::running,
                         .settings = std::move(*settings),
                         .created_at = now},
                 .thread = std::move(**thread),
                 .agent = std::move(*agent),
                 .summary = std::move(past->summary),
                 .history = std::move(past->history),
                 .history_is_cut = past->is_cut};
  start.provider = ports_.providers.find(*start.run.settings.provider);
  start.user_message = {.id = start.run.user_message_id,
                        .thread_id = input.thread_id,
                        .run_id = run_id,
                        .role = Role::user,
                        .parts = std::move(input.parts),
                        .user_id = who.user_id,
                        .device_id = who.device_id,
                        .created_at = now,
                        .model = {},
                        .usage = std::nullopt,
                        .metadata = std::move(input.metadata)};
  if (auto fits = check_fits(start); !fits) co_return fail(std::move(fits.error()));
  start.history.push_back(start.user_message);
  co_return start;
}

// Whether the message fits into its model's window by itself.
Result<void> RunStarts::check_fits(const RunStart& start) const {
  const ModelSettings& settings = start.run.settings;
  const AskedModel asked{
      .provider = std::string(start.provider->name()),
      .model = settings.model.value_or(std::string(start.provider->default_model())),
      .settings = settings};
  return check_window(start.user_message, start.agent, asked, options_.context);
}

Task<Result<RunStart>> RunStarts::again(Run run) const {
  auto thread = ports_.threads.thread(run.scope, run.thread_id);
  if (!thread) co_return fail(std::move(thread.error()));
  if (!*thread) co_return fail(ErrorKind::not_found, "its thread is gone");
  auto agent = ports_.agents.get(run.scope, run.agent_id);
  if (!agent) co_return fail(std::move(agent.error()));
  const std::string name = run.settings.provider.value_or("");
  ModelProvider* provider = ports_.providers.find(name);
  if (provider == nullptr) {
    co_return fail(ErrorKind::unavailable,
                   "its model provider '" + name + "' is not configured any more");
  }
  auto message = ports_.threads.message(run.scope, run.user_message_id);
  if (!message) co_return fail(std::move(message.error()));
  if (!*message) co_return fail(ErrorKind::not_found, "its user message is gone");
  auto past = co_await read_past(ports_, run.scope, run.thread_id, run.id);
  if (!past) co_return fail(std::move(past.error()));
  auto steps = ports_.runs.steps(run.scope, run.id);
  if (!steps) co_return fail(std::move(steps.error()));
  auto calls = ports_.runs.tool_calls(run.scope, run.id);
  if (!calls) co_return fail(std::move(calls.error()));
  auto actions = ports_.actions.actions_of_run(run.scope, run.id);
  if (!actions) co_return fail(std::move(actions.error()));
  co_return RunStart{.run = std::move(run),
                     .thread = std::move(**thread),
                     .agent = std::move(*agent),
                     .provider = provider,
                     .user_message = std::move(**message),
                     .summary = std::move(past->summary),
                     .history = std::move(past->history),
                     .history_is_cut = past->is_cut,
                     .recovered = true,
                     .steps = std::move(*steps),
                     .tool_calls = std::move(*calls),
                     .actions = std::move(*actions)};
}

}  // namespace colonnade::core
