#include "core/flows/flow_handler.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "core/access/account.hpp"
#include "core/flows/flow_prompt.hpp"
#include "core/flows/flow_text.hpp"
#include "core/jobs/job_wakes.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

constexpr auto flow_retry_pause = std::chrono::seconds(5);

// The server stops, or the job was taken away: what this returns gives the job back, or does not
// count.
JobStep flow_interrupted() {
  return JobFailed{.error = {.kind = ErrorKind::cancelled, .message = "the flow was interrupted"}};
}

bool has_come_to_run(const ToolCall& call) {
  return call.state == ToolCallState::running || call.state == ToolCallState::succeeded ||
         call.state == ToolCallState::failed || call.state == ToolCallState::interrupted;
}

// What both lists name: nothing is granted that the flow does not say now.
std::vector<std::string> named_by_both(const std::vector<std::string>& a,
                                       const std::vector<std::string>& b) {
  std::vector<std::string> out;
  std::ranges::copy_if(a, std::back_inserter(out), [&](const std::string& one) {
    return std::ranges::find(b, one) != b.end();
  });
  return out;
}

}  // namespace

// One attempt at a job.
struct FlowHandler::Attempt {
  explicit Attempt(JobContext context_in)
      : context(std::move(context_in)),
        who(context.job.owner.scope, context.job.owner.user_id, UserRole::member),
        run{.scope = who.scope, .flow = {.scope = who.scope}} {}

  JobContext context;
  Principal who;
  FlowRun run;  // as it is stored, or is about to be
  std::int64_t moments_told = 0;
  std::optional<Flow> flow_now{};  // as it is defined by now; nullopt: it is gone

  const Job& job() const { return context.job; }
  const FlowDefinition& definition() const { return run.flow.definition; }
  FlowNodeWork& work(const std::string& node_id) { return run.progress.nodes.at(node_id); }
  bool is_to_stop() const {
    return context.stop.stop_requested() || context.server_stops.stop_requested();
  }
};

void tell_of_flow(const Notices& notices, const FlowRun& run, std::int64_t moments_before,
                  base::Time at) {
  const std::vector<FlowMoment>& history = run.progress.history;
  const std::int64_t fresh = std::min<std::int64_t>(run.progress.moments - moments_before,
                                                    static_cast<std::int64_t>(history.size()));
  if (fresh <= 0) return;
  const auto shared = std::make_shared<const FlowRun>(run);
  for (auto one = history.end() - fresh; one != history.end(); ++one) {
    notices.publish(
        {.scope = run.scope,
         .owner = run.owner,
         .kind = NoticeKind::flow_run_moved,
         .subject = run.flow_id,
         .thread_id = one->thread_id,
         .details = {{"event", one->event}, {"node", one->node_id}, {"reason", one->reason}},
         .at = at,
         .flow_run = shared});
  }
}

void FlowHandler::tell(const FlowRun& run, std::int64_t moments_before, bool is_new) const {
  const base::Time now = ports_.clock.now();
  if (is_new) {
    ports_.notices.publish({.scope = run.scope,
                            .owner = run.owner,
                            .kind = NoticeKind::flow_run_created,
                            .subject = run.flow_id,
                            .at = now,
                            .flow_run = std::make_shared<const FlowRun>(run)});
  }
  tell_of_flow(ports_.notices, run, moments_before, now);
}

// --- an attempt ---------------------------------------------------------------------------------

Task<JobStep> FlowHandler::run(JobContext context) {
  auto attempt = std::make_shared<Attempt>(std::move(context));
  for (int round = 0; round < limits::flow_rounds_at_once; ++round) {
    if (attempt->is_to_stop()) co_return flow_interrupted();
    auto loaded = co_await load(attempt);
    if (!loaded && loaded.error().kind == ErrorKind::invalid) {
      co_return JobFailed{.error = std::move(loaded.error()), .is_final = true};
    }
    if (!loaded) co_return failed_or_later(std::move(loaded.error()));
    if (attempt->run.job_id != attempt->job().id) {
      co_return JobCancelled{.reason = "another job drives the run"};
    }
    auto step = co_await look(attempt);
    if (step) co_return std::move(*step);
  }
  co_return JobParked{.until = ports_.clock.now()};
}

// A schedule's run is not stored before its job begins.
Task<Result<void>> FlowHandler::load(AttemptPtr attempt) {
  auto payload = flow_payload_from(attempt->job());
  if (!payload) co_return fail(std::move(payload.error()));
  const Scope scope = attempt->who.scope;
  const std::string id = payload->run_id.empty() ? attempt->job().id : payload->run_id;
  auto stored = co_await ports_.store.flow_run(scope, id);
  if (!stored) co_return fail(std::move(stored.error()));
  auto flow = co_await ports_.store.flow(scope, attempt->who.user_id, payload->flow.id);
  if (!flow) co_return fail(std::move(flow.error()));
  attempt->flow_now = std::move(*flow);
  if (*stored) {
    attempt->run = std::move(**stored);
    attempt->moments_told = attempt->run.progress.moments;
    co_return Result<void>();
  }
  const Job& job = attempt->job();
  const bool is_scheduled = !job.origin.schedule_id.empty();
  attempt->run = FlowRun{.id = job.id,
                         .scope = scope,
                         .owner = job.owner.user_id,
                         .flow_id = payload->flow.id,
                         .job_id = job.id,
                         .trigger = is_scheduled ? FlowTrigger::scheduled : FlowTrigger::manual,
                         .created_at = job.created_at,
                         .flow = std::move(payload->flow)};
  attempt->run.progress = FlowMachine::fresh(attempt->definition());
  attempt->moments_told = 0;
  co_return Result<void>();
}

// conflict when somebody has changed the run meanwhile.
Task<Result<void>> FlowHandler::put(AttemptPtr attempt) {
  const bool is_new = attempt->run.revision == 0;
  ++attempt->run.revision;
  attempt->run.updated_at = ports_.clock.now();
  Unit unit{.scope = attempt->who.scope, .account = account_of(attempt->who)};
  unit.changes.emplace_back(flow_change(PutFlowRun{.run = attempt->run}));
  auto stored = co_await ports_.feed.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  tell(attempt->run, attempt->moments_told, is_new);
  attempt->moments_told = attempt->run.progress.moments;
  co_return Result<void>();
}

// What the store cannot take or say just now is no fault of the run's: it goes on later.
JobStep FlowHandler::failed_or_later(base::Error error) const {
  const bool later = error.retryable || error.kind == ErrorKind::unavailable ||
                     error.kind == ErrorKind::rate_limited;
  if (!later) return JobFailed{.error = std::move(error)};
  const auto pause = error.retry_after.value_or(flow_retry_pause);
  return JobParked{.until = ports_.clock.now() + pause};
}

// One round: what has happened, what follows, what is to be done. nullopt: again.
Task<std::optional<JobStep>> FlowHandler::look(AttemptPtr attempt) {
  const FlowProgress before = attempt->run.progress;
  auto taken = co_await take_in(attempt);
  if (!taken) co_return failed_or_later(std::move(taken.error()));
  if (attempt->run.progress != before || attempt->run.revision == 0) {
    auto stored = co_await put(attempt);
    if (!stored && was_changed_meanwhile(stored.error())) co_return std::nullopt;
    if (!stored) co_return failed_or_later(std::move(stored.error()));
  }
  FlowCommands commands = FlowMachine(attempt->definition(), attempt->run.progress).commands();
  if (commands.is_over) co_return end_of(attempt->run);
  const std::optional<base::Time> look_at = commands.look_at;
  const bool all_stop = co_await stop_nodes(attempt, std::move(commands.stop));
  const bool starts = !commands.start.empty();
  auto all_began = co_await start_nodes(attempt, std::move(commands.start));
  if (!all_began && was_changed_meanwhile(all_began.error())) co_return std::nullopt;
  if (!all_began) co_return failed_or_later(std::move(all_began.error()));
  // What has begun may have failed at once, and made room for others.
  if (starts && *all_began) co_return std::nullopt;
  std::optional<base::Time> until = look_at;
  if (!all_stop || !*all_began) {
    const base::Time soon = ports_.clock.now() + flow_retry_pause;
    until = std::min(until.value_or(soon), soon);
  }
  co_return JobParked{.waits_for = until_work_moves(attempt->job().id), .until = until};
}

// Everything that has become of nodes at work, and what follows from it. Nodes that are to begin
// have their names then.
Task<Result<void>> FlowHandler::take_in(AttemptPtr attempt) {
  FlowMachine machine(attempt->definition(), attempt->run.progress);
  const FlowCommands known = machine.commands();
  for (const std::string& node_id : known.follow) {
    auto event = co_await what_became_of(attempt, node_id);
    if (!event) co_return fail(std::move(event.error()));
    if (!*event) continue;
    auto taken = machine.on(**event, ports_.clock.now());
    if (!taken) co_return fail(std::move(taken.error()));
  }
  auto looked = machine.on(FlowLookedAt{}, ports_.clock.now());
  if (!looked) co_return fail(std::move(looked.error()));
  for (auto& [id, work] : machine.progress().nodes) {
    if (work.state != FlowNodeState::starting || !work.run_id.empty()) continue;
    work.run_id = base::new_id(ports_.clock.now());
    if (work.thread_id.empty()) work.thread_id = base::new_id(ports_.clock.now());
  }
  attempt->run.progress = machine.progress();
  co_return Result<void>();
}

// nullopt: nothing new.
Task<Result<std::optional<FlowEvent>>> FlowHandler::what_became_of(AttemptPtr attempt,
                                                                   std::string node_id) {
  using Found = std::optional<FlowEvent>;
  const FlowNodeWork work = attempt->work(node_id);
  const FlowNode* node = attempt->definition().node(node_id);
  const bool is_asked_to_stop = work.state == FlowNodeState::stopping;
  const FlowNodeEnded not_begun{.node_id = node_id,
                                .end = FlowNodeEnd::cancelled,
                                .error = "it had not begun",
                                .had_begun = false};
  if (work.run_id.empty() || node == nullptr) {
    if (is_asked_to_stop) co_return Found(not_begun);
    co_return Found();
  }
  auto detail = co_await ports_.runs.read(attempt->who, work.run_id);
  if (!detail && detail.error().kind != ErrorKind::not_found) co_return fail(detail.error());
  if (detail && is_terminal(detail->run.state)) co_return Found(ending_of(*node, *detail));
  if (detail && work.state == FlowNodeState::starting) {
    co_return Found(FlowNodeBegan{.node_id = node_id});
  }
  if (detail || work.state == FlowNodeState::starting) co_return Found();
  if (is_asked_to_stop) co_return Found(not_begun);
  co_return Found(FlowNodeEnded{.node_id = node_id,
                                .end = FlowNodeEnd::impossible,
                                .error = "the node's session was deleted"});
}

FlowNodeEnded FlowHandler::ending_of(const FlowNode& node, const RunDetail& detail) const {
  const Run& run = detail.run;
  FlowNodeEnded out{.node_id = node.id,
                    .error = run.error,
                    .usage = {.prompt_tokens = run.usage.input_tokens,
                              .completion_tokens = run.usage.output_tokens,
                              .cost_micros = run.cost_micros}};
  for (const ToolCall& call : detail.calls) {
    if (!has_come_to_run(call)) continue;
    ++out.usage.tool_calls;
    if (!ports_.tools.is_idempotent(call.tool)) out.had_effects = true;
  }
  if (run.state == RunState::cancelled) {
    out.end = FlowNodeEnd::cancelled;
    if (out.error == "cancelled") out.error.clear();
    return out;
  }
  if (run.state == RunState::failed) {
    const bool is_used_up = run.error.contains(out_of_allowance);
    out.end = is_used_up ? FlowNodeEnd::used_up : FlowNodeEnd::failed;
    if (run.error.starts_with(out_of_time)) out.error = "it took longer than it may";
    return out;
  }
  if (detail.reply) out.text = visible_text(detail.reply->parts);
  out.end = FlowNodeEnd::succeeded;
  if (out.text.size() > limits::flow_output_bytes_max) {
    out.end = FlowNodeEnd::failed;
    out.error = "its output has " + std::to_string(out.text.size()) + " bytes, more than " +
                std::to_string(limits::flow_output_bytes_max) +
                "; ask for less, or for a file in the workspace";
  } else if (out.text.find_first_not_of(" \t\r\n") == std::string::npos) {
    out.end = FlowNodeEnd::failed;
    out.error = "it gave no output";
  }
  return out;
}

// The job is done when the run has ended, however that is. If somebody has just let the run go on,
// the end of the job is refused, and it is done again.
JobStep FlowHandler::end_of(const FlowRun& run) const {
  FlowRun last = run;
  ++last.revision;
  JobDone out{.output = base::to_text({{"run", run.id}, {"state", to_string(run.state())}})};
  out.changes.emplace_back(flow_change(PutFlowRun{.run = std::move(last)}));
  return out;
}

// --- nodes --------------------------------------------------------------------------------------

// Whether all of them have begun, or never will. Errors: of the commit.
Task<Result<bool>> FlowHandler::start_nodes(AttemptPtr attempt, std::vector<std::string> nodes) {
  bool all = true;
  bool is_changed = false;
  for (const std::string& node_id : nodes) {
    if (attempt->is_to_stop()) co_return false;
    auto beginning = co_await begin_node(attempt, node_id);
    if (beginning.begun == Begun::later) {
      all = false;
      continue;
    }
    FlowMachine machine(attempt->definition(), attempt->run.progress);
    FlowEvent event = FlowNodeBegan{.node_id = node_id};
    if (beginning.begun == Begun::never) {
      event = FlowNodeEnded{
          .node_id = node_id, .end = FlowNodeEnd::impossible, .error = std::move(beginning.why)};
    }
    auto taken = machine.on(event, ports_.clock.now());
    if (!taken) co_return fail(std::move(taken.error()));
    attempt->run.progress = machine.progress();
    is_changed = true;
  }
  if (!is_changed) co_return all;
  auto stored = co_await put(attempt);
  if (!stored) co_return fail(std::move(stored.error()));
  co_return all;
}

Task<FlowHandler::Beginning> FlowHandler::begin_node(AttemptPtr attempt, std::string node_id) {
  const FlowNode* node = attempt->definition().node(node_id);
  const FlowNodeWork work = attempt->work(node_id);
  if (node == nullptr || work.run_id.empty()) co_return Beginning{.begun = Begun::later};
  const std::optional<Flow> now = attempt->flow_now;
  if (!now) {
    co_return Beginning{.begun = Begun::never, .why = "the automation was deleted"};
  }
  auto thread = co_await make_thread(attempt, node_id);
  base::Error error;
  if (thread) {
    auto message = message_for(*attempt, *node, now->definition);
    if (!message) {
      co_return Beginning{.begun = Begun::never, .why = std::move(message.error().message)};
    }
    base::Lane* lane = attempt->context.lane;
    auto run = co_await ports_.runs.start(attempt->who, std::move(*message), *lane);
    if (run) co_return Beginning{};
    // An error may come after all was stored.
    auto found = co_await ports_.runs.read(attempt->who, work.run_id);
    if (found) co_return Beginning{};
    error = std::move(run.error());
  } else {
    error = std::move(thread.error());
  }
  const bool is_unknown = !missing_provider_of(error).empty();
  const bool is_busy = error.kind == ErrorKind::rate_limited ||
                       error.kind == ErrorKind::unavailable || error.kind == ErrorKind::conflict;
  const bool later = error.retryable || (is_busy && !is_unknown);
  if (later) co_return Beginning{.begun = Begun::later};
  co_return Beginning{.begun = Begun::never, .why = std::move(error.message)};
}

// The session that the node has the name of, made unless it is there.
Task<Result<void>> FlowHandler::make_thread(AttemptPtr attempt, std::string node_id) {
  const FlowNodeWork work = attempt->work(node_id);
  auto there = co_await ports_.threads.get(attempt->who, work.thread_id);
  if (there && there->deleted_at) {
    co_return fail(ErrorKind::not_found, "the node's session was deleted; retry the node");
  }
  if (there) co_return Result<void>();
  if (there.error().kind != ErrorKind::not_found) co_return fail(std::move(there.error()));
  const FlowDefinition& definition = attempt->definition();
  NewThread input{.title = flow_label(attempt->run.flow_id, node_id),
                  .directory = definition.workspace,
                  .id = work.thread_id};
  // The folder is of whoever chose it for the flow.
  const UserRole role =
      definition.workspace_by_operator ? UserRole::operator_role : UserRole::member;
  const Principal chooser(attempt->who.scope, attempt->who.user_id, role);
  auto made = co_await ports_.threads.create(chooser, std::move(input));
  if (!made) co_return fail(std::move(made.error()));
  co_return Result<void>();
}

// The run wakes the job in the transaction that ends it.
Result<NewMessage> FlowHandler::message_for(const Attempt& attempt, const FlowNode& node,
                                            const FlowDefinition& defined_now) const {
  const FlowDefinition& definition = attempt.definition();
  const FlowAgent* agent = definition.agent(node.agent_id);
  if (agent == nullptr) {
    return fail(ErrorKind::invalid, "the flow has no agent `" + node.agent_id + "`");
  }
  auto prompt = flow_prompt(definition, attempt.run.progress, node);
  if (!prompt) return fail(std::move(prompt.error()));
  const FlowNodeWork& work = attempt.run.progress.nodes.at(node.id);
  std::optional<std::int64_t> seconds_left;
  if (definition.bounds.time_ms_max) {
    std::int64_t ran = attempt.run.progress.ran_micros;
    const auto since = attempt.run.progress.runs_since;
    if (since) ran += (ports_.clock.now() - *since).count();
    const std::int64_t left = *definition.bounds.time_ms_max * 1000 - ran;
    seconds_left = std::max<std::int64_t>(left, 0) / 1'000'000 + 1;
  }
  NewMessage out{.thread_id = work.thread_id,
                 .parts = {TextPart{.text = std::move(*prompt)}},
                 .settings = flow_settings(*agent, node, seconds_left),
                 .run_id = work.run_id};
  std::vector<std::string> tools;
  if (const FlowAgent* now = defined_now.agent(agent->id)) {
    tools = named_by_both(flow_tools(*agent), flow_tools(*now));
    out.options.tools_left_out = now->tools_left_out;
  }
  out.options.tools_left_out.insert(out.options.tools_left_out.end(), agent->tools_left_out.begin(),
                                    agent->tools_left_out.end());
  out.options.output_schema = flow_schema(node);
  out.options.job_id = attempt.job().id;
  out.options.automation_id = attempt.run.flow_id;
  out.options.asks_nobody = !options_.asks;
  out.options.allowance = {.tool_calls = work.share.tool_calls,
                           .tokens = work.share.tokens,
                           .cost_micros = work.share.cost_micros};
  if (!tools.empty()) {
    out.options.grant = WorkGrant{.by = flow_label(attempt.run.flow_id, node.id), .tools = tools};
  }
  out.options.tools = std::move(tools);
  return out;
}

// Whether all of them have been told.
Task<bool> FlowHandler::stop_nodes(AttemptPtr attempt, std::vector<std::string> nodes) {
  bool all = true;
  const bool lets_end = attempt->definition().tools_at_stop == FlowToolsAtStop::end;
  for (const std::string& node_id : nodes) {
    const std::string run_id = attempt->work(node_id).run_id;
    if (run_id.empty()) continue;
    Result<void> asked;
    if (lets_end) {
      asked = co_await ports_.runs.cancel_after_tools(attempt->who, run_id);
    } else {
      asked = co_await ports_.runs.cancel(attempt->who, run_id);
    }
    // not_found: it has just ended by itself, which wakes the job.
    if (!asked && asked.error().kind != ErrorKind::not_found) all = false;
  }
  co_return all;
}

Task<void> FlowHandler::stop_run(Principal who, std::string run_id, FlowToolsAtStop tools) {
  Result<void> asked;
  if (tools == FlowToolsAtStop::end) {
    asked = co_await ports_.runs.cancel_after_tools(std::move(who), run_id);
  } else {
    asked = co_await ports_.runs.cancel(std::move(who), run_id);
  }
  if (!asked && asked.error().kind != ErrorKind::not_found) {
    base::log::warn("flow_node_not_stopped", {{"run", run_id}, {"error", asked.error().message}});
  }
}

// --- what happens while nobody drives it --------------------------------------------------------

Task<bool> FlowHandler::may_go_on(Job job) {
  const auto payload = flow_payload_from(job);
  if (!payload) co_return false;
  const std::string id = payload->run_id.empty() ? job.id : payload->run_id;
  auto run = co_await ports_.store.flow_run(job.owner.scope, id);
  if (!run || !*run) co_return false;
  if (!(*run)->progress.is_seen) co_return true;
  const Principal who(job.owner.scope, job.owner.user_id, UserRole::member);
  for (const auto& [node_id, work] : (*run)->progress.nodes) {
    if (!is_at_work(work.state) || work.run_id.empty()) continue;
    auto detail = co_await ports_.runs.read(who, work.run_id);
    const bool has_ended_by_now = detail ? is_terminal(detail->run.state)
                                         : detail.error().kind == ErrorKind::not_found &&
                                               work.state != FlowNodeState::starting;
    if (has_ended_by_now) co_return true;
  }
  co_return false;
}

// Not by the flow, as a pause or a cancel of its run is: the nodes end, and the run shows it.
Task<void> FlowHandler::stopped(Job job) {
  const auto payload = flow_payload_from(job);
  if (!payload) co_return;
  const std::string id = payload->run_id.empty() ? job.id : payload->run_id;
  auto run = co_await ports_.store.flow_run(job.owner.scope, id);
  if (!run || !*run) co_return;
  const Principal who(job.owner.scope, job.owner.user_id, UserRole::member);
  const FlowToolsAtStop tools = (*run)->flow.definition.tools_at_stop;
  for (const auto& [node_id, work] : (*run)->progress.nodes) {
    if (is_at_work(work.state) && !work.run_id.empty()) {
      co_await stop_run(who, work.run_id, tools);
    }
  }
}

}  // namespace colonnade::core
