#include "core/runs/run_start.hpp"

#include <iterator>
#include <utility>

#include "base/ids.hpp"
#include "core/access/visibility.hpp"
#include "core/attachments/attachment.hpp"
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

// The page that the opening has, and the ones before it, back to what the summary covers.
Task<Result<Past>> read_messages(ThreadStore* threads, RunOpening opening) {
  Past out{.summary = std::move(opening.summary), .history = std::move(opening.newest)};
  const Scope scope = opening.thread.scope;
  const std::string thread_id = opening.thread.id;
  const auto after = out.summary ? std::optional(out.summary->up_to) : std::nullopt;
  MessagePage page{.limit = limits::page_rows_max};
  bool more = opening.more;
  while (more && out.history.size() < limits::context_messages_max) {
    page.before = out.history.front().created_at;
    auto older = co_await threads->messages(scope, thread_id, page);
    if (!older) co_return fail(std::move(older.error()));
    more = older->size() == page.limit;
    auto first = older->begin();
    while (after && first != older->end() && first->created_at <= *after) ++first;
    if (first != older->begin()) more = false;
    out.history.insert(out.history.begin(), std::make_move_iterator(first),
                       std::make_move_iterator(older->end()));
  }
  out.is_cut = more;
  co_return out;
}

// With what the runs did that gave no answer.
Task<Result<Past>> read_past(RunStartPorts ports, RunOpening opening, std::string open_run_id) {
  Scope scope = opening.thread.scope;
  auto past = co_await read_messages(&ports.threads, std::move(opening));
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
  auto opening = co_await ports_.runs.opening(who.scope, input.thread_id);
  if (!opening) co_return fail(std::move(opening.error()));
  if (!*opening || !may_see(who, who.scope, (*opening)->thread.owner)) {
    co_return fail(ErrorKind::not_found, "no such thread");
  }
  Thread thread = (*opening)->thread;
  if (thread.deleted_at) co_return fail(ErrorKind::conflict, "thread deleted");
  auto agent = co_await ports_.agents.get(who.scope, thread.agent_id);
  if (!agent) co_return fail(std::move(agent.error()));
  auto settings = settings_for(input.settings, thread, *agent);
  if (!settings) co_return fail(std::move(settings.error()));
  if ((*opening)->active) co_return fail(ErrorKind::conflict, run_is_active_text);
  auto past = co_await read_past(ports_, std::move(**opening), "");
  if (!past) co_return fail(std::move(past.error()));

  const Time now = ports_.clock.now();
  const std::string run_id = base::new_id(now);
  RunStart start{.run = {.id = run_id,
                         .thread_id = input.thread_id,
                         .scope = who.scope,
                         .agent_id = agent->id,
                         .agent_version = agent->version,
                         .user_message_id = base::new_id(now),
                         .started_by = thread.owner,
                         .state = RunState::running,
                         .settings = std::move(*settings),
                         .created_at = now},
                 .thread = std::move(thread),
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
  if (auto taken = check_attachments(start); !taken) co_return fail(std::move(taken.error()));
  if (auto fits = check_fits(start); !fits) co_return fail(std::move(fits.error()));
  start.history.push_back(start.user_message);
  co_return start;
}

// Whether the model can be shown all that is attached; a user must not believe that it saw them.
Result<void> RunStarts::check_attachments(const RunStart& start) {
  const std::string model =
      start.run.settings.model.value_or(std::string(start.provider->default_model()));
  for (const Part& part : start.user_message.parts) {
    const auto* file = std::get_if<FilePart>(&part);
    if (file == nullptr || !attachment_id_of(*file)) continue;
    if (start.provider->takes_file(model, file->mime)) continue;
    return fail(ErrorKind::invalid,
                "the model " + model + " of " + std::string(start.provider->name()) +
                    " cannot be shown '" + file->filename + "' (" + file->mime +
                    "); leave it out, or choose another model",
                unsupported_attachment_field);
  }
  return {};
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
  auto opening = co_await ports_.runs.opening(run.scope, run.thread_id);
  if (!opening) co_return fail(std::move(opening.error()));
  if (!*opening) co_return fail(ErrorKind::not_found, "its thread is gone");
  Thread thread = (*opening)->thread;
  auto agent = co_await ports_.agents.get(run.scope, run.agent_id);
  if (!agent) co_return fail(std::move(agent.error()));
  const std::string name = run.settings.provider.value_or("");
  ModelProvider* provider = ports_.providers.find(name);
  if (provider == nullptr) {
    co_return fail(ErrorKind::unavailable,
                   "its model provider '" + name + "' is not configured any more");
  }
  auto message = co_await ports_.threads.message(run.scope, run.user_message_id);
  if (!message) co_return fail(std::move(message.error()));
  if (!*message) co_return fail(ErrorKind::not_found, "its user message is gone");
  auto past = co_await read_past(ports_, std::move(**opening), run.id);
  if (!past) co_return fail(std::move(past.error()));
  auto steps = co_await ports_.runs.steps(run.scope, run.id);
  if (!steps) co_return fail(std::move(steps.error()));
  auto calls = co_await ports_.runs.tool_calls(run.scope, run.id);
  if (!calls) co_return fail(std::move(calls.error()));
  auto actions = co_await ports_.actions.actions_of_run(run.scope, run.id);
  if (!actions) co_return fail(std::move(actions.error()));
  co_return RunStart{.run = std::move(run),
                     .thread = std::move(thread),
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
