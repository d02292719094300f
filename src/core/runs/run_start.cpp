#include "core/runs/run_start.hpp"

#include <algorithm>
#include <iterator>
#include <stop_token>
#include <utility>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "core/access/visibility.hpp"
#include "core/agents/prompt_template.hpp"
#include "core/attachments/attachment.hpp"
#include "core/context/limits.hpp"
#include "core/limits.hpp"
#include "core/runs/message_size.hpp"
#include "core/runs/turn_tools.hpp"
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

constexpr std::string_view sub_agent_prompt =
    "You do one task for another agent, with the tools that you have. Answer with the result "
    "alone; "
    "say what you could not do.";

constexpr std::string_view no_provider_text =
    "no agent configured: there is no model provider named '";

// The one of that label, else the default, else the first; nullptr without routes.
const ModelRoute* route_for(const std::vector<ModelRoute>& routes, const std::string& label) {
  if (routes.empty()) return nullptr;
  auto found = std::ranges::find(routes, label, &ModelRoute::label);
  if (label.empty() || found == routes.end()) {
    found = std::ranges::find(routes, true, &ModelRoute::is_default);
  }
  return found == routes.end() ? &routes.front() : &*found;
}

// The main line; or what led to a message, and the replies to it.
void keep_line(std::vector<Message>& history, const std::string& reply_to) {
  if (reply_to.empty()) {
    std::erase_if(history, [](const Message& one) { return !one.reply_to.empty(); });
    return;
  }
  const auto parent = std::ranges::find(history, reply_to, &Message::id);
  const std::optional<Time> until =
      parent == history.end() ? std::nullopt : std::optional(parent->created_at);
  std::erase_if(history, [&](const Message& one) {
    const bool led_there = one.reply_to.empty() && (!until || one.created_at <= *until);
    return !led_there && one.reply_to != reply_to;
  });
}

// Drops a message of the history and what came behind it.
void drop_from(std::vector<Message>& history, const std::string& id) {
  if (id.empty()) return;
  history.erase(std::ranges::find(history, id, &Message::id), history.end());
}

std::string schema_text(const base::Json& schema) {
  return "Answer with exactly one JSON value and nothing else: no prose, no code fence. It must "
         "fit "
         "this JSON Schema:\n" +
         base::to_text(schema);
}

Message with_text_in_front(Message message, const std::string& text) {
  if (text.empty()) return message;
  auto* first = message.parts.empty() ? nullptr : std::get_if<TextPart>(&message.parts.front());
  if (first != nullptr) {
    first->text.insert(0, text);
  } else {
    message.parts.insert(message.parts.begin(), TextPart{text});
  }
  return message;
}

const base::Json& output_schema_of(const Agent& agent, const TurnOptions& options) {
  return options.output_schema.is_null() ? agent.profile.output_schema : options.output_schema;
}

// An attachment that the model cannot be shown; nullptr for none.
const FilePart* file_not_taken(const Message& message, const ModelProvider& provider,
                               const std::string& model) {
  for (const Part& part : message.parts) {
    const auto* file = std::get_if<FilePart>(&part);
    if (file == nullptr || !attachment_id_of(*file)) continue;
    if (!provider.takes_file(model, file->mime)) return file;
  }
  return nullptr;
}

// What the turn's options make of the agent, of what it is to answer, and of the message as the
// model sees it. The same for a fresh run and for one taken up again.
void prepare(RunStart& start) {
  const TurnOptions& options = start.run.options;
  start.agent = for_turn(std::move(start.agent), options);
  start.output_schema = output_schema_of(start.agent, options);
  start.history_limits = start.agent.profile.history;
  if (options.history_mode) start.history_limits.mode = *options.history_mode;
  if (options.context_limit) start.history_limits.context_limit = *options.context_limit;
}

// The history as the model sees it: its line, the turn's own message last, with its context.
void finish_history(RunStart& start) {
  const TurnOptions& options = start.run.options;
  std::vector<Message>& history = start.history;
  std::erase_if(history, [&](const Message& one) {
    return one.id == start.user_message.id && one.role == Role::user;
  });
  keep_line(history, options.reply_to);
  const AgentProfile& profile = start.agent.profile;
  std::vector<DynamicBlock> blocks = profile.dynamic_blocks;
  std::ranges::move(time_sections(profile.prompt_blocks, start.run.created_at),
                    std::back_inserter(blocks));
  const std::string context = context_text(blocks, options.dynamic_blocks, options.context);
  history.push_back(with_text_in_front(start.user_message, context));
}

}  // namespace

Agent for_turn(Agent agent, const TurnOptions& options) {
  AgentProfile& profile = agent.profile;
  if (std::string prompt = prompt_text(profile.prompt_blocks); !prompt.empty()) {
    agent.instructions = std::move(prompt);
  }
  if (options.system_prompt) agent.instructions = *options.system_prompt;
  if (options.as_sub_agent) {
    agent.instructions = profile.sub_agent.instructions.empty() ? std::string(sub_agent_prompt)
                                                                : profile.sub_agent.instructions;
    profile.tool_mode = ToolMode::direct;
    profile.output_schema = nullptr;
  }
  agent.instructions =
      render_template(agent.instructions, options.context, profile.prompt_variables);
  const base::Json& schema = output_schema_of(agent, options);
  if (schema.is_null()) return agent;
  std::string prompt = system_prompt(agent);
  if (!prompt.empty()) prompt += "\n\n";
  agent.instructions = std::move(prompt) + schema_text(schema);
  return agent;
}

std::vector<FallbackModel> fallbacks_of(const RunStart& start, const ModelProviders& providers) {
  std::vector<FallbackModel> out;
  const ModelSettings& settings = start.run.settings;
  if (!settings.fallbacks) return out;
  for (const ModelFallback& wanted : *settings.fallbacks) {
    const std::vector<ModelRoute>& routes = start.agent.profile.model_routes;
    const auto route = std::ranges::find(routes, wanted.route, &ModelRoute::label);
    if (route == routes.end()) continue;
    // A route that names no provider is of the run's own.
    ModelProvider* const provider =
        route->provider ? providers.find(*route->provider) : start.provider;
    if (provider == nullptr) continue;
    if (file_not_taken(start.user_message, *provider, route->model) != nullptr) continue;
    out.push_back({.fault = wanted.fault, .provider = provider, .model = route->model});
  }
  return out;
}

std::string missing_provider_of(const base::Error& error) {
  const std::string_view text = error.message;
  if (error.field != "provider" || !text.starts_with(no_provider_text)) return {};
  return std::string(
      text.substr(no_provider_text.size(), text.size() - no_provider_text.size() - 1));
}

RunStarts::RunStarts(RunStartPorts ports, RunStartOptions options)
    : ports_(ports), options_(std::move(options)) {}

Result<ModelSettings> RunStarts::settings_for(const ModelSettings& wanted,
                                              const TurnOptions& options, const Thread& thread,
                                              const Agent& agent) const {
  ModelSettings configured = options_.defaults;
  if (ports_.providers.has_chosen_provider()) {
    configured.provider.reset();
    configured.model.reset();  // the configured one is another provider's
  }
  if (!configured.provider) configured.provider = ports_.providers.default_name();
  ModelSettings own = agent.settings;
  ModelSettings asked = wanted;
  if (const ModelRoute* route = route_for(agent.profile.model_routes, options.model_label)) {
    const ModelSettings routed{.provider = route->provider, .model = route->model};
    if (route->label == options.model_label) asked = wanted.over(routed);
    own = routed.over(own);
  }
  if (options.as_sub_agent) {
    const SubAgent& sub_agent = agent.profile.sub_agent;
    own = ModelSettings{.provider = sub_agent.provider,
                        .model = sub_agent.model,
                        .rounds_max = sub_agent.rounds_max}
              .over(own);
  }
  asked = asked.over(thread.settings).over(own);
  ModelSettings settings = asked.over(configured);
  const std::string name = settings.provider.value_or("");
  if (std::string chosen = ports_.providers.chosen_model(name); !asked.model && !chosen.empty()) {
    settings.model = std::move(chosen);
  }
  const ModelProvider* provider = ports_.providers.find(name);
  if (provider == nullptr) {
    return fail(ErrorKind::unavailable, std::string(no_provider_text) + name + "'", "provider");
  }
  settings.provider = std::string(provider->name());
  return settings;
}

// Who answers, at the version that the thread gets; notes both in the run.
Task<Result<Agent>> RunStarts::answerer(Principal who, const Thread* thread, Run* run) const {
  TurnOptions& options = run->options;
  const bool another = !options.agent_id.empty() && options.agent_id != thread->agent_id;
  auto found = another ? ports_.agents.get(who, options.agent_id)
                       : ports_.agents.get(who.scope, thread->agent_id);
  auto agent = co_await std::move(found);
  if (!agent) co_return agent;
  run->version = version_for(*agent, thread->id, another ? std::string() : thread->version_id);
  run->agent_id = agent->id;
  run->agent_version = agent->version;
  options.pin_version = options.pin_version && !another && thread->version_id.empty();
  auto versioned = co_await ports_.agents.at_version(std::move(*agent), run->version.id);
  co_return versioned;
}

// What a turn takes the place of: finds the user's message of it, and says it again when the new
// one says nothing.
Task<Result<void>> RunStarts::take_place(Scope scope, std::string thread_id, NewMessage* input,
                                         Message* message) const {
  auto replaced = co_await ports_.threads.message(scope, input->options.replaces);
  if (!replaced) co_return fail(std::move(replaced.error()));
  if (*replaced && (*replaced)->role != Role::user && !(*replaced)->run_id.empty()) {
    auto run = co_await ports_.runs.run(scope, (*replaced)->run_id);
    if (!run) co_return fail(std::move(run.error()));
    if (!*run) co_return fail(ErrorKind::not_found, "no such message", "message_id");
    replaced = co_await ports_.threads.message(scope, (*run)->user_message_id);
    if (!replaced) co_return fail(std::move(replaced.error()));
  }
  if (!*replaced || (*replaced)->thread_id != thread_id || (*replaced)->edited_out ||
      (*replaced)->role != Role::user) {
    co_return fail(ErrorKind::not_found, "no such message", "message_id");
  }
  input->options.replaces = (*replaced)->id;
  input->options.reply_to = (*replaced)->reply_to;
  if (input->parts.empty()) input->parts = std::move((*replaced)->parts);
  message->edits = (*replaced)->id;
  message->revision = (*replaced)->revision + 1;
  co_return Result<void>();
}

Task<Result<UnaskedRun>> RunStarts::unasked(Principal who, NewMessage input) const {
  if (auto small = check_size(input.parts, options_.message_bytes_max); !small) {
    co_return fail(std::move(small.error()));
  }
  const auto opening = co_await ports_.runs.opening(who.scope, input.thread_id);
  if (!opening) co_return fail(opening.error());
  if (!*opening || !may_see(who, who.scope, (*opening)->thread.owner)) {
    co_return fail(ErrorKind::not_found, "no such thread");
  }
  const Thread& thread = (*opening)->thread;
  if (thread.deleted_at) co_return fail(ErrorKind::conflict, "thread deleted");
  if ((*opening)->active) co_return fail(ErrorKind::conflict, run_is_active_text);
  const Time now = ports_.clock.now();
  Message message{.id = base::new_id(now),
                  .thread_id = thread.id,
                  .role = Role::user,
                  .parts = std::move(input.parts)};
  Run run{.id = input.run_id.empty() ? base::new_id(now) : input.run_id,
          .thread_id = thread.id,
          .scope = who.scope,
          .agent_id = thread.agent_id,
          .user_message_id = message.id,
          .started_by = thread.owner,
          .state = RunState::running,
          .settings = input.settings.over(thread.settings),
          .error = std::move(input.failure),
          .created_at = now,
          .options = std::move(input.options)};
  message.run_id = run.id;
  message.user_id = who.user_id;
  message.device_id = who.device_id;
  message.created_at = now;
  message.metadata = std::move(input.metadata);
  co_return UnaskedRun{.run = std::move(run), .user_message = std::move(message)};
}

Task<Result<RunStart>> RunStarts::fresh(Principal who, NewMessage input) const {
  const bool replaces = !input.options.replaces.empty();
  if (input.parts.empty() && !replaces) {
    co_return fail(ErrorKind::invalid, "a message needs content", "parts");
  }
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
  const Time now = ports_.clock.now();
  Message message{.id = base::new_id(now), .thread_id = input.thread_id};
  if (replaces) {
    auto placed = co_await take_place(who.scope, thread.id, &input, &message);
    if (!placed) co_return fail(std::move(placed.error()));
  }
  Run run{.id = input.run_id.empty() ? base::new_id(now) : input.run_id,
          .thread_id = input.thread_id,
          .scope = who.scope,
          .user_message_id = message.id,
          .started_by = thread.owner,
          .state = RunState::running,
          .created_at = now,
          .options = std::move(input.options)};
  run.options.context = laid_over(thread.session_context, run.options.context);
  auto agent = co_await answerer(who, &thread, &run);
  if (!agent) co_return fail(std::move(agent.error()));
  auto settings = settings_for(input.settings, run.options, thread, *agent);
  if (!settings) co_return fail(std::move(settings.error()));
  run.settings = std::move(*settings);
  if ((*opening)->active) co_return fail(ErrorKind::conflict, run_is_active_text);
  auto past = co_await read_past(ports_, std::move(**opening), "");
  if (!past) co_return fail(std::move(past.error()));

  message.run_id = run.id;
  message.role = Role::user;
  message.parts = std::move(input.parts);
  message.user_id = who.user_id;
  message.device_id = who.device_id;
  message.created_at = now;
  message.metadata = std::move(input.metadata);
  message.reply_to = run.options.reply_to;
  RunStart start{.run = std::move(run),
                 .thread = std::move(thread),
                 .agent = std::move(*agent),
                 .user_message = std::move(message),
                 .summary = std::move(past->summary),
                 .history = std::move(past->history),
                 .history_is_cut = past->is_cut};
  start.provider = ports_.providers.find(*start.run.settings.provider);
  drop_from(start.history, start.run.options.replaces);
  prepare(start);
  finish_history(start);
  if (auto taken = check_attachments(start); !taken) co_return fail(std::move(taken.error()));
  auto fits = co_await check_fits(&start);
  if (!fits) co_return fail(std::move(fits.error()));
  co_return start;
}

// Whether the model can be shown all that is attached; a user must not believe that it saw them.
Result<void> RunStarts::check_attachments(const RunStart& start) {
  const std::string model =
      start.run.settings.model.value_or(std::string(start.provider->default_model()));
  const FilePart* const file = file_not_taken(start.user_message, *start.provider, model);
  if (file == nullptr) return {};
  return fail(ErrorKind::invalid,
              "the model " + model + " of " + std::string(start.provider->name()) +
                  " cannot be shown '" + file->filename + "' (" + file->mime +
                  "); leave it out, or choose another model",
              unsupported_attachment_field);
}

// Whether the message fits into its model's window by itself, beside what is there with every
// message. Tools that are not there yet are not waited for.
Task<Result<void>> RunStarts::check_fits(const RunStart* start) const {
  const ModelSettings& settings = start->run.settings;
  const AskedModel asked{
      .provider = std::string(start->provider->name()),
      .model = settings.model.value_or(std::string(start->provider->default_model())),
      .settings = settings};
  const Message& message = start->history.back();
  if (surely_fits_window(message, start->agent, asked, options_.context)) {
    co_return Result<void>();
  }
  std::stop_source at_once;
  at_once.request_stop();
  auto all = co_await ports_.tools.definitions(start->agent, at_once.get_token());
  const TurnTools tools = turn_tools(std::move(all), start->agent, start->run);
  co_return check_window(message, start->agent, asked, options_.context, tools.shown());
}

Task<Result<RunStart>> RunStarts::again(Run run) const {
  auto opening = co_await ports_.runs.opening(run.scope, run.thread_id);
  if (!opening) co_return fail(std::move(opening.error()));
  if (!*opening) co_return fail(ErrorKind::not_found, "its thread is gone");
  Thread thread = (*opening)->thread;
  auto agent = co_await ports_.agents.get(run.scope, run.agent_id);
  if (!agent) co_return fail(std::move(agent.error()));
  agent = co_await ports_.agents.at_version(std::move(*agent), run.version.id);
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
  RunStart start{.run = std::move(run),
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
  prepare(start);
  finish_history(start);
  co_return start;
}

}  // namespace colonnade::core
