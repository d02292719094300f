// Agents and their runs, except for following one (follow.cpp).
#include <nlohmann/json.hpp>
#include <utility>

#include "core/governance/limits.hpp"
#include "core/limits.hpp"
#include "dialects/mcp/limits.hpp"
#include "dialects/mcp/tools.hpp"

namespace colonnade::dialects::mcp {
namespace {

using base::ErrorKind;
using std::chrono::duration_cast;
using std::chrono::seconds;

constexpr std::string_view find_runs = "start_run and ask_agent tell the id of a run";
constexpr std::string_view next_when_waiting =
    "A human has to answer the questions in 'approvals': approve or deny each, then follow_run "
    "tells how it goes on.";
constexpr std::string_view next_when_running =
    "The run goes on: follow_run waits for what comes, read_run tells its state, cancel_run stops "
    "it.";

constexpr std::string_view next_when_unstored =
    "It ends as cancelled as soon as the store writes again; read_run tells when it has";

std::string_view next_of(const core::Run& run, bool questions) {
  if (core::is_terminal(run.state)) return {};
  return questions ? next_when_waiting : next_when_running;
}

std::string_view remedy_for(const base::Error& error) {
  switch (error.kind) {
    case ErrorKind::not_found: return "list_threads tells which threads there are";
    case ErrorKind::conflict:
      return "One run at a time: wait with follow_run, stop it with cancel_run, or leave out "
             "thread_id for a new thread";
    default: return {};
  }
}

// The server stops: the run goes on at its next start, and so does the client's key.
Attempted stopping(const base::Error& error) {
  Attempted out =
      failed(error, "The run goes on when the server is back; read_run tells what became of it");
  out.settlement = KeyOutcome::leave;
  return out;
}

}  // namespace

base::Task<core::Result<OpenQuestions>> open_questions(const core::Actions* actions, Principal who,
                                                       QuestionPage page) {
  core::ActionFilter filter{.run_id = std::move(page.run_id),
                            .state = core::ActionState::pending_approval,
                            .limit = page.limit + 1,
                            .before = std::move(page.before)};
  auto pending = co_await actions->list(std::move(who), std::move(filter));
  if (!pending) co_return base::fail(std::move(pending.error()));
  OpenQuestions out{.actions = std::move(*pending), .more = false};
  if (out.actions.size() > page.limit) {
    out.actions.pop_back();
    out.more = true;
  }
  co_return out;
}

base::Task<Attempted> RunTools::list_agents(Call call, Attempt /*attempt*/) {
  Arguments arguments(call.arguments);
  if (const auto fault = arguments.fault()) co_return failed(*fault);
  const auto standard = co_await deps_.agents.get(call.who.scope, "");
  if (!standard) co_return failed(standard.error());
  const auto others = co_await deps_.agents.list(call.who, limits::list_rows_max, 0);
  if (!others) co_return failed(others.error());
  co_return answered(encode_agents(*standard, *others));
}

// --- starting -----------------------------------------------------------------------------------

RunTools::Wanted RunTools::wanted_from(Arguments& arguments) {
  Wanted out;
  out.message = arguments.text("message");
  out.thread_id = arguments.optional_text("thread_id");
  out.agent_id = arguments.optional_text("agent_id");
  if (auto model = arguments.optional_text("model"); !model.empty()) {
    out.settings.model = std::move(model);
  }
  if (auto provider = arguments.optional_text("provider"); !provider.empty()) {
    out.settings.provider = std::move(provider);
  }
  return out;
}

base::Task<core::Result<core::Thread>> RunTools::thread_of(Principal who, Wanted wanted) {
  if (!wanted.thread_id.empty()) {
    if (!wanted.agent_id.empty()) {
      co_return base::fail(ErrorKind::invalid,
                           "the argument 'agent_id' is for a new thread, and 'thread_id' names one "
                           "that has its agent: leave one of them out",
                           "agent_id");
    }
    auto known = co_await deps_.threads.get(std::move(who), std::move(wanted.thread_id));
    co_return known;
  }
  if (!wanted.agent_id.empty()) {
    const auto agent = co_await deps_.agents.get(who, wanted.agent_id);
    if (!agent) {
      co_return base::fail(agent.error().kind,
                           agent.error().message + ": list_agents tells which agents there are");
    }
  }
  const bool is_default = wanted.agent_id == core::default_agent_id;
  core::NewThread fresh{.agent_id = is_default ? std::string() : std::move(wanted.agent_id)};
  auto thread = co_await deps_.threads.create(std::move(who), std::move(fresh));
  co_return thread;
}

base::Task<core::Result<RunTools::Begun>> RunTools::begin(Call call, Attempt attempt,
                                                          Wanted wanted) {
  if (!attempt.object_id.empty()) {  // an earlier attempt began it
    auto view = co_await deps_.runs.read(call.who, attempt.object_id);
    if (!view) co_return base::fail(std::move(view.error()));
    Begun out{.run = std::move(view->run)};
    out.watch = RunWatch::open(deps_.subscriptions, *call.lane, call.who.scope, out.run.thread_id,
                               {.run_id = out.run.id});
    co_return out;
  }
  auto thread = co_await thread_of(call.who, wanted);
  if (!thread) co_return base::fail(std::move(thread.error()));
  // Before the run begins, so that none of its events is missed.
  auto watch = RunWatch::open(deps_.subscriptions, *call.lane, call.who.scope, thread->id, {});
  const std::int64_t cursor = watch->cursor();
  core::NewMessage message{.thread_id = thread->id,
                           .settings = std::move(wanted.settings),
                           .keyed_request_id = std::move(attempt.keyed_request_id)};
  message.parts.emplace_back(core::TextPart{.text = std::move(wanted.message)});
  message.options.trace = call.trace;
  auto run = co_await deps_.runs.start(call.who, std::move(message), *call.lane);
  if (!run) {
    watch->close();
    co_return base::fail(std::move(run.error()));
  }
  co_return Begun{.run = std::move(*run), .watch = std::move(watch), .cursor = cursor};
}

base::Task<Attempted> RunTools::start(Call call, Attempt attempt) {
  Arguments arguments(call.arguments);
  Wanted wanted = wanted_from(arguments);
  if (const auto fault = arguments.fault()) co_return failed(*fault);
  auto begun = co_await begin(call, std::move(attempt), std::move(wanted));
  if (!begun) co_return failed(begun.error(), remedy_for(begun.error()));
  begun->watch->close();
  std::string out;
  base::JsonWriter json(out);
  json.object().field("run_id", begun->run.id).field("thread_id", begun->run.thread_id);
  json.field("state", core::to_string(begun->run.state)).field("cursor", begun->cursor);
  json.field("next", next_when_running).end_object();
  co_return answered(out);
}

base::Task<Attempted> RunTools::ask(Call call, Attempt attempt) {
  Arguments arguments(call.arguments);
  Wanted wanted = wanted_from(arguments);
  const seconds time(arguments.whole(
      "wait_seconds",
      {.least = 1, .most = duration_cast<seconds>(limits::mcp_ask_time_max).count()},
      duration_cast<seconds>(limits::mcp_ask_time_default).count()));
  if (const auto fault = arguments.fault()) co_return failed(*fault);
  auto begun = co_await begin(call, std::move(attempt), std::move(wanted));
  if (!begun) co_return failed(begun.error(), remedy_for(begun.error()));
  auto attempted = co_await wait_for(std::move(call), std::move(*begun), time);
  co_return attempted;
}

// --- waiting ------------------------------------------------------------------------------------

base::Task<Attempted> RunTools::wait_for(Call call, Begun begun, std::chrono::milliseconds time) {
  const std::shared_ptr<RunWatch> watch = begun.watch;
  watch->expect(deps_.runs, call.who, begun.run.id);
  co_await RunWatch::wake_after(watch, time);
  QuestionPage first{.run_id = begun.run.id, .limit = 1};
  const auto questions = co_await open_questions(&deps_.actions, call.who, std::move(first));
  const bool waits_already = questions && !questions->actions.empty();
  if (!waits_already) co_await until_over(call, watch);
  if (call.ticket->is_cancelled() && watch->end() == nullptr) {
    // not_found: it has just ended by itself
    [[maybe_unused]] const auto asked = co_await deps_.runs.cancel(call.who, begun.run.id);
    const std::stop_token none;  // nobody waits, but the end is its key's answer if it comes soon
    [[maybe_unused]] const auto stored = co_await until_stored(watch, none);
  }
  Attempted out = co_await outcome(call, begun);
  watch->close();
  co_return out;
}

// Until the run has ended or asks a human, the time is over, or nobody waits any more. Tells how
// far it is, but not at every word.
base::Task<void> RunTools::until_over(Call call, std::shared_ptr<RunWatch> watch) {
  const std::stop_token stop = call.ticket->stop_token();
  auto told_at = std::chrono::steady_clock::now() - limits::mcp_progress_interval;
  while (watch->end() == nullptr && !watch->asked() && !watch->timed_out() &&
         !stop.stop_requested()) {
    const auto now = std::chrono::steady_clock::now();
    if (call.progress && now - told_at >= limits::mcp_progress_interval) {
      if (const std::string progress_text = watch->progress_text(); !progress_text.empty()) {
        call.progress(progress_text);
        told_at = now;
      }
    }
    co_await watch->changed(stop);
  }
}

base::Task<base::Result<void>> RunTools::until_stored(std::shared_ptr<RunWatch> watch,
                                                      std::stop_token stop) {
  while (watch->end() == nullptr && !watch->timed_out() && !stop.stop_requested()) {
    if (deps_.readiness) {
      if (auto ready = deps_.readiness(); !ready) {
        base::Error error = std::move(ready.error());
        error.message =
            "the run was asked to stop, but its end cannot be stored just now: " + error.message;
        co_return base::fail(std::move(error));
      }
    }
    co_await RunWatch::changed_within(watch, limits::mcp_store_look_interval, stop);
  }
  co_return base::Result<void>{};
}

base::Task<RunReport> RunTools::report_of(Principal who, core::Run run) {
  RunReport out{.run = std::move(run)};
  if (core::is_terminal(out.run.state)) co_return out;
  QuestionPage page{.run_id = out.run.id};
  auto questions = co_await open_questions(&deps_.actions, std::move(who), std::move(page));
  if (questions) {
    out.waiting = std::move(questions->actions);
    out.more_waiting = questions->more;
  }
  out.next = next_of(out.run, !out.waiting.empty());
  co_return out;
}

base::Task<Attempted> RunTools::outcome(Call call, Begun begun) {
  const auto* end = begun.watch->end();
  if (end != nullptr && !*end) {
    const bool leaves = end->error().kind == ErrorKind::unavailable;
    co_return leaves ? stopping(end->error()) : failed(end->error());
  }
  if (end == nullptr && call.ticket->stop_token().stop_requested()) {
    co_return stopping({.kind = ErrorKind::unavailable,
                        .message = "the server stops, or the session of this call has ended"});
  }
  if (end == nullptr) {
    auto view = co_await deps_.runs.read(call.who, begun.run.id);
    if (!view) co_return failed(view.error());
    const RunReport now = co_await report_of(call.who, std::move(view->run));
    Attempted out = answered(encode_report(now));
    out.settlement = KeyOutcome::leave;
    co_return out;
  }
  RunReport report{.run = (*end)->run};
  if ((*end)->reply) report.answer = core::visible_text((*end)->reply->parts);
  const std::string text = encode_report(report);
  co_return report.run.state == core::RunState::succeeded ? answered(text)
                                                          : answered_with_failure(text);
}

// --- looking and stopping -----------------------------------------------------------------------

base::Task<Attempted> RunTools::read(Call call, Attempt /*attempt*/) {
  Arguments arguments(call.arguments);
  const std::string run_id = arguments.text("run_id");
  if (const auto fault = arguments.fault()) co_return failed(*fault);
  const auto view = co_await deps_.runs.read(call.who, run_id);
  if (!view) co_return failed(view.error(), find_runs);
  const RunReport report = co_await report_of(call.who, view->run);
  co_return answered(encode_run(*view, report));
}

base::Task<Attempted> RunTools::cancel(Call call, Attempt /*attempt*/) {
  Arguments arguments(call.arguments);
  const std::string run_id = arguments.text("run_id");
  if (const auto fault = arguments.fault()) co_return failed(*fault);
  auto view = co_await deps_.runs.read(call.who, run_id);
  if (!view) co_return failed(view.error(), find_runs);
  if (core::is_terminal(view->run.state)) {
    co_return answered(encode_report({.run = std::move(view->run)}));
  }
  const auto watch = RunWatch::open(deps_.subscriptions, *call.lane, call.who.scope,
                                    view->run.thread_id, {.run_id = run_id});
  Begun begun{.run = std::move(view->run), .watch = watch};
  watch->expect(deps_.runs, call.who, run_id);
  co_await RunWatch::wake_after(watch, limits::mcp_follow_time_default);
  // not_found: it has just ended by itself
  [[maybe_unused]] const auto asked = co_await deps_.runs.cancel(call.who, run_id);
  const auto stored = co_await until_stored(watch, call.ticket->stop_token());
  if (!stored) {
    watch->close();
    co_return failed(stored.error(), next_when_unstored);
  }
  // That it is cancelled is what was wanted.
  const auto* end = watch->end();
  Attempted out;
  if (end != nullptr && *end) {
    out = answered(encode_report({.run = (*end)->run}));
  } else {
    out = co_await outcome(call, begun);
  }
  watch->close();
  co_return out;
}

}  // namespace colonnade::dialects::mcp
