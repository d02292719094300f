// long: one round of calls, from a reply to their results
#include "core/runs/tool_round.hpp"

#include <algorithm>
#include <utility>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "core/governance/action_records.hpp"
#include "core/governance/approval_request.hpp"
#include "core/governance/call_context.hpp"
#include "core/governance/limits.hpp"
#include "core/governance/permission_rules.hpp"
#include "core/runs/run_steps.hpp"
#include "core/runs/sub_agents.hpp"
#include "core/runs/tool_batch.hpp"
#include "core/runs/tools_by_name.hpp"
#include "core/spans/span.hpp"
#include "core/tasks/background_tools.hpp"
#include "core/tools/tool_names.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::Task;

namespace {

// What the gate is told that a run's tool call does; policies name it as `op`.
constexpr std::string_view tool_operation = "call";
constexpr const char* calls_too_often = "RATE_LIMIT";
constexpr std::size_t malformed_shown_bytes = 200;
constexpr std::string_view cut_off_text =
    "the output limit cut your answer off in the middle of this call's arguments, so it was not "
    "made; make it with less, or in several calls";
constexpr std::string_view interrupted_text =
    "The server was restarted while this tool ran. Whether it took effect is unknown.";

// The default agent has no id of its own.
std::string agent_name_for_gate(const Agent& agent) {
  return agent.id.empty() ? std::string(default_agent_id) : agent.id;
}

// Since when a call is running, by its action as it is stored.
Time began_at(const ActionsByCall& actions, const ToolCall& call) {
  const auto action = actions.find(call.id);
  return action == actions.end() ? call.created_at : action->second.updated_at;
}

}  // namespace

// Counts a coroutine of the round from its start to its end.
struct ToolRound::UnderWay {
  explicit UnderWay(ToolRound& round) : round_(round) { ++round_.under_way_; }
  ~UnderWay() {
    --round_.under_way_;
    round_.inputs_.note_change();
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

 private:
  ToolRound& round_;
};

ToolRound::ToolRound(ToolRoundPorts ports, ToolRoundOptions options, base::Lane& lane, Agent agent,
                     RunInputs& inputs, RunRecord& record)
    : ports_(ports),
      options_(options),
      lane_(lane),
      agent_(std::move(agent)),
      inputs_(inputs),
      record_(record) {}

Task<void> ToolRound::load_definitions() {
  auto all = co_await ports_.tools.definitions(agent_, inputs_.work());
  tools_ = turn_tools(std::move(all), agent_, record_.run());
}

std::optional<ToolDefinition> ToolRound::offered(const std::string& tool) const {
  const auto found = std::ranges::find(tools_.callable, tool, &ToolDefinition::name);
  if (found == tools_.callable.end()) return std::nullopt;
  return *found;
}

bool ToolRound::is_approved(const std::string& id) const {
  const auto before = actions_.find(id);
  return before != actions_.end() && before->second.state == ActionState::approved;
}

ToolCaller ToolRound::caller() const {
  const Run& run = record_.run();
  return {.scope = run.scope, .user_id = run.started_by, .agent_id = agent_.id};
}

ToolCall& ToolRound::call_of(const std::string& id) {
  return *std::ranges::find(calls_, id, &ToolCall::id);
}

// --- the calls of a reply -----------------------------------------------------------------------

// Of an agent that calls its tools by name: the call becomes one of the tool that it names. One
// that only asks what there is, or that names nothing, is over at once.
void ToolRound::resolve_name(ToolCall& call) {
  const bool finds = call.tool == find_tools_name;
  if (!by_name() || (!finds && call.tool != execute_tool_name)) return;
  base::Error wrong;
  if (finds) {
    auto found = found_tools(tools_.callable, call.arguments);
    if (found) call.result = std::move(*found);
    if (!found) wrong = std::move(found.error());
  } else {
    auto named = named_call(call.arguments);
    if (named) {
      called_as_.insert_or_assign(call.id, std::exchange(call.tool, std::move(named->tool)));
      call.arguments = std::move(named->arguments);
      return;
    }
    wrong = std::move(named.error());
  }
  call.state = wrong.message.empty() ? ToolCallState::succeeded : ToolCallState::failed;
  if (!wrong.message.empty()) call.result = std::move(wrong.message);
  call.finished_at = record_.now();
}

// A model may call a tool by a name that it learned elsewhere.
void ToolRound::resolve_other_name(ToolCall& call) {
  if (call.state != ToolCallState::requested || offered(call.tool)) return;
  std::string tool = call.tool;
  base::Json arguments = call.arguments;
  translate_call(tool, arguments);
  const auto found = find_tool(tools_.callable, tool);
  if (!found) return;
  called_as_.try_emplace(call.id, std::exchange(call.tool, (*found)->name));
  call.arguments = std::move(arguments);
}

// A batch is over at once; its calls are calls of the round, each for itself.
std::vector<ToolCall> ToolRound::resolve_batch(ToolCall& call) {
  std::vector<ToolCall> out;
  const bool is_batch = call.state == ToolCallState::requested && call.tool == batch_tool;
  if (!is_batch || !offered(call.tool)) return out;
  auto batched = batched_calls(call.arguments);
  call.state = batched ? ToolCallState::succeeded : ToolCallState::failed;
  call.result = batched ? std::to_string(batched->size()) + " calls, each with its own result"
                        : batched.error().message;
  call.finished_at = record_.now();
  if (!batched) return out;
  for (BatchedCall& one : *batched) {
    ToolCall row = call;
    row.id = base::new_id(record_.now());
    row.call_id = batched_call_id(call.call_id, out.size() + 1);
    row.tool = std::move(one.tool);
    row.arguments = std::move(one.arguments);
    row.state = ToolCallState::requested;
    row.result.clear();
    row.finished_at.reset();
    resolve_other_name(row);
    batched_.insert_or_assign(row.id, call.id);
    out.push_back(std::move(row));
  }
  return out;
}

std::vector<std::string> ToolRound::begin(const ModelReply& reply) {
  calls_.clear();
  called_as_.clear();
  batched_.clear();
  std::vector<std::string> ids;
  const Time now = record_.now();
  for (const Part& part : reply.parts) {
    const auto* call = std::get_if<ToolCallPart>(&part);
    if (call == nullptr) continue;
    ToolCall row{.id = base::new_id(now),
                 .call_id = call->call_id,
                 .run_id = record_.run().id,
                 .thread_id = record_.run().thread_id,
                 .tool = call->tool,
                 .arguments = call->arguments,
                 .state = ToolCallState::requested,
                 .result = {},
                 .created_at = now};
    if (!call->malformed_arguments.empty()) {
      row.state = ToolCallState::failed;
      row.result =
          reply.stop_reason == StopReason::max_tokens
              ? std::string(cut_off_text)
              : "the arguments are not a JSON object: " +
                    std::string(base::cut_utf8(call->malformed_arguments, malformed_shown_bytes));
      row.finished_at = now;
    } else {
      resolve_name(row);
      resolve_other_name(row);
    }
    std::vector<ToolCall> batched = resolve_batch(row);
    if (row.state == ToolCallState::requested) ids.push_back(row.id);
    calls_.push_back(std::move(row));
    for (ToolCall& one : batched) {
      ids.push_back(one.id);
      calls_.push_back(std::move(one));
    }
  }
  results_pending_ = !calls_.empty();
  return ids;
}

void ToolRound::load(const std::vector<RunStep>& steps, const std::vector<ToolCall>& rows,
                     std::vector<Action> actions) {
  for (Action& action : actions) {
    const std::string id = action.tool_call_id;
    actions_.insert_or_assign(id, std::move(action));
  }
  if (steps.empty() || holds_results(steps.back())) return;
  for (const Part& part : steps.back().parts) {
    const auto* call = std::get_if<ToolCallPart>(&part);
    if (call == nullptr) continue;
    // Providers reuse call ids between rounds; the last row of that id is this round's.
    const auto row = std::find_if(rows.rbegin(), rows.rend(), [call](const ToolCall& one) {
      return one.call_id == call->call_id;
    });
    if (row == rows.rend()) continue;
    if (row->tool != call->tool) called_as_.insert_or_assign(row->id, call->tool);
    calls_.push_back(*row);
    if (row->tool != batch_tool) continue;
    for (auto one = row.base(); one != rows.end(); ++one) {
      if (!is_batched(one->call_id, call->call_id)) continue;
      batched_.insert_or_assign(one->id, row->id);
      calls_.push_back(*one);
    }
  }
  results_pending_ = !calls_.empty();
  // What humans answered while nobody drove the run. Told again after a crash, it is one span: its
  // id says so.
  for (const ToolCall& call : calls_) {
    const bool was_asked =
        call.state == ToolCallState::requested || call.state == ToolCallState::denied;
    const auto action = actions_.find(call.id);
    if (!was_asked || action == actions_.end()) continue;
    const ActionState state = action->second.state;
    const bool answered = action->second.resolved_at.has_value() &&
                          (state == ActionState::approved || state == ActionState::denied);
    if (answered) add_wait_span(call, action->second);
  }
}

Task<Result<void>> ToolRound::settle_interrupted() {
  for (ToolCall& call : calls_) {
    if (call.state != ToolCallState::running) continue;
    const Time began = began_at(actions_, call);
    const bool again = ports_.tools.is_idempotent(call.tool);
    call.state = again ? ToolCallState::requested : ToolCallState::interrupted;
    call.result = again ? "" : std::string(interrupted_text);
    if (!again) call.finished_at = record_.now();
    std::optional<Action> settled;
    if (const auto action = actions_.find(call.id); !again && action != actions_.end()) {
      action->second.state = ActionState::failed;
      action->second.reason = call.result;
      action->second.updated_at = *call.finished_at;
      ++action->second.version;
      settled = action->second;
    }
    if (!again) add_tool_span(call, began);
    auto stored = co_await record_.interrupt_call(call, std::move(settled));
    if (!stored) co_return stored;
  }
  co_return Result<void>();
}

ToolResultPart ToolRound::result_for_model(const ToolCall& call) const {
  std::vector<const ToolCall*> batched;
  for (const ToolCall& one : calls_) {
    const auto batch = batched_.find(one.id);
    if (batch != batched_.end() && batch->second == call.id) batched.push_back(&one);
  }
  return batched.empty() ? result_of(call) : batch_result(call, batched);
}

std::vector<Part> ToolRound::take_results() {
  std::vector<Part> parts;
  if (!std::exchange(results_pending_, false)) return parts;
  for (const ToolCall& call : calls_) {
    if (batched_.contains(call.id)) continue;
    ToolResultPart result = result_for_model(call);
    if (const auto name = called_as_.find(call.id); name != called_as_.end()) {
      result.tool = name->second;
    }
    parts.emplace_back(std::move(result));
  }
  return parts;
}

// --- the gate -----------------------------------------------------------------------------------

Task<void> ToolRound::ask_gate(std::vector<std::string> ids) {
  for (const std::string& id : ids) {
    const GateAnswer answer = co_await ask_gate_about(id);
    inputs_.push(GateAnswered{.tool_call_id = id, .answer = answer});
  }
}

base::Task<std::optional<Grant>> ToolRound::grant_for(std::string id, ActionRequest request) const {
  const Run& run = record_.run();
  if (is_approved(id)) co_return Grant{actions_.at(id).decision.request_hash};
  const bool allowed = co_await ports_.permissions.allow(run.scope, run.started_by, run.thread_id,
                                                         std::move(request));
  co_return allowed ? std::optional(Grant{}) : std::nullopt;
}

// What an approver has looked at may be more than a model may ask for.
base::Task<base::Result<base::Json>> ToolRound::prepare(ToolCall call) const {
  const std::string& tool = call.tool;
  auto definition = offered(tool);
  if (!agent_may_have(agent_, record_.run().options, tool)) {
    co_return base::fail(ErrorKind::invalid, "this agent has no tool named '" + tool + "'",
                         tool_field);
  }
  const std::vector<std::string> aliases = definition ? definition->aliases : other_names(tool);
  if (!is_in_turn(agent_, record_.run().options, tool, aliases)) {
    co_return base::fail(ErrorKind::invalid,
                         "the tool '" + tool + "' is not among those that this turn may call",
                         tool_field);
  }
  const bool approved = is_approved(call.id);
  const ArgumentsFrom from = approved ? ArgumentsFrom::approver : ArgumentsFrom::model;
  if (approved && !definition) definition = ToolDefinition{.name = tool};
  auto prepared =
      co_await ports_.tools.prepare(caller(), std::move(call), std::move(definition), from);
  co_return prepared;
}

ActionRequest ToolRound::request_for(const ToolCall& judged, const base::Json& asked) const {
  const Run& run = record_.run();
  return {.agent_id = agent_name_for_gate(agent_),
          .tool = judged.tool,
          .operation = std::string(tool_operation),
          .params = base::to_text(judged.arguments),
          .context = call_context(run.thread_id, run.id, asked, judged.arguments)};
}

// The one way that a call is judged, whole or at a later step. `is_fit`: it could run, so that a
// human's answer counts.
Task<ToolRound::Judged> ToolRound::judge(ToolCall call, base::Json asked, bool is_fit) const {
  ActionRequest request = request_for(call, asked);
  std::optional<Grant> grant;
  if (is_fit) grant = co_await grant_for(call.id, request);
  auto rule = co_await thread_rule(&call);
  // Nobody's word counts for what could not run.
  if (!is_fit && rule == RuleAction::allow) rule = std::nullopt;
  const WorkGrant* work = is_fit ? grant_of_work(call.tool) : nullptr;
  Judged out{.verdict = ports_.judge.decide(agent_, call, std::move(request), grant, rule, work)};
  out.by_permission = out.verdict.permit && out.verdict.decision.outcome == Outcome::abstain &&
                      (!grant || grant->request_hash.empty());
  co_return out;
}

// The grant of the run that answers for calls of that tool; nullptr for none.
const WorkGrant* ToolRound::grant_of_work(const std::string& tool) const {
  const auto& grant = record_.run().options.grant;
  if (!grant) return nullptr;
  auto definition = offered(tool);
  const auto aliases = definition ? std::move(definition->aliases) : other_names(tool);
  return grants(*grant, tool, aliases) ? &*grant : nullptr;
}

// What the thread's rules say. A store that does not say where the thread is makes it ask.
Task<std::optional<RuleAction>> ToolRound::thread_rule(const ToolCall* call) const {
  if (options_.rules.empty()) co_return std::nullopt;
  const Run& run = record_.run();
  RuledCall ruled{.tool = call->tool};
  // One whose server was away when the run began has no definition; rules name it all the same.
  auto definition = offered(call->tool);
  ruled.aliases = definition ? std::move(definition->aliases) : other_names(call->tool);
  auto directory = co_await ports_.permissions.directory_of(run.scope, run.thread_id);
  if (!directory) {
    base::log::error("directory_unreadable", {{"error", directory.error().message}});
    co_return RuleAction::ask;
  }
  ruled.directory = std::move(*directory);
  co_return rule_for(options_.rules, ruled, call->arguments);
}

// An execution stores its decision in the transaction that starts it.
Task<GateAnswer> ToolRound::ask_gate_about(std::string id) {
  const Time start = record_.now();
  ToolCall judged = call_of(id);
  const base::Json asked = judged.arguments;
  auto prepared = co_await prepare(judged);
  if (prepared) judged.arguments = std::move(*prepared);
  const bool is_fit = prepared.has_value();
  Judged done = co_await judge(judged, asked, is_fit);
  Verdict& verdict = done.verdict;
  if (!prepared) {
    // Nobody is asked about what could not run anyway, and no policy allows it.
    verdict.permit.reset();
    if (verdict.decision.outcome != Outcome::halt) {
      refuse_call(verdict.decision, prepared.error());
    }
  }
  count_call(id, verdict);
  add_gate_span(id, start, verdict.decision);
  if (verdict.permit) {
    permits_.insert_or_assign(id, std::move(*verdict.permit));
    note_verdict(id, verdict, ActionState::executing);
    co_return GateAnswer::allowed;
  }
  if (verdict.decision.outcome == Outcome::abstain && judged.tool == approval_request_tool) {
    const bool too_often = co_await asked_too_often();
    if (too_often) {
      verdict.decision.outcome = Outcome::halt;
      verdict.decision.reason_code = calls_too_often;
      verdict.decision.reason = "humans were asked " +
                                std::to_string(limits::approval_requests_per_hour) +
                                " times in the last hour; go on without asking, or stop";
    }
  }
  if (verdict.decision.outcome == Outcome::abstain && record_.run().options.asks_nobody) {
    deny_unattended(verdict.decision);
  }
  if (verdict.decision.outcome == Outcome::abstain) {
    note_verdict(id, verdict, ActionState::pending_approval);
    co_await ask_human(std::move(id));
    co_return GateAnswer::pending;
  }
  note_verdict(id, verdict, ActionState::denied);
  co_await deny(std::move(id));
  co_return GateAnswer::denied;
}

// Turns the verdict into a denial when the agent has made too many calls for this user. A call that
// was decided on before, and that a human has allowed since, was counted then.
void ToolRound::count_call(const std::string& id, Verdict& verdict) {
  const Run& run = record_.run();
  const bool counts = run.settings.counts_tool_calls.value_or(false) &&
                      ports_.rate_limits != nullptr && !actions_.contains(id) &&
                      verdict.decision.outcome != Outcome::halt;
  if (!counts) return;
  const Principal user(run.scope, run.started_by, UserRole::member);
  const auto over = ports_.rate_limits->tool_call(user, agent_name_for_gate(agent_));
  if (!over) return;
  verdict.permit.reset();
  verdict.decision.outcome = Outcome::halt;
  verdict.decision.reason_code = calls_too_often;
  verdict.decision.reason = "tools were called " + std::to_string(over->limit) +
                            " times in this minute; try again in " +
                            std::to_string(over->retry_after.count()) + " seconds";
}

// Whether as many questions of the agent's, of this user's, as an hour may have are in the store.
Task<bool> ToolRound::asked_too_often() const {
  const Run& run = record_.run();
  const ActionFilter filter{.owner = run.started_by,
                            .agent_id = agent_name_for_gate(agent_),
                            .tool = std::string(approval_request_tool),
                            .limit = limits::approval_requests_per_hour};
  auto asked = co_await ports_.actions.actions(run.scope, filter);
  co_return asked && asked->size() == filter.limit &&
      asked->back().created_at + std::chrono::hours(1) > record_.now();
}

// The call's action as this verdict leaves it: a new one, or the one that a human approved.
Action& ToolRound::note_verdict(const std::string& id, Verdict& verdict, ActionState state) {
  const Run& run = record_.run();
  const Time now = record_.now();
  const auto [place, fresh] = actions_.try_emplace(id, Action{.scope = run.scope});
  Action& action = place->second;
  if (fresh) {
    action.id = base::new_uuid();
    action.thread_id = run.thread_id;
    action.run_id = run.id;
    action.tool_call_id = id;
    action.owner = run.started_by;
    action.created_at = now;
  } else {
    ++action.version;
  }
  action.request = std::move(verdict.request);
  action.decision = std::move(verdict.decision);
  action.state = state;
  action.reason =
      state == ActionState::executing ? std::string(executing_reason) : action.decision.reason;
  action.updated_at = now;
  action.approval_token.clear();
  action.expires_at.reset();
  if (state == ActionState::pending_approval) {
    action.approval_token = new_approval_token();
    action.expires_at = now + options_.approval_time_max;
  }
  return action;
}

Task<void> ToolRound::deny(std::string id) {
  ToolCall& call = call_of(id);
  const Action& action = actions_.at(id);
  call.state = ToolCallState::denied;
  call.result = "denied (" + action.decision.reason_code + "): " + action.decision.reason;
  call.finished_at = record_.now();
  auto stored = co_await record_.deny(call, action);
  if (!stored) inputs_.push(CommitFailed{std::move(stored.error())});
}

// The human sees what would run.
Task<void> ToolRound::ask_human(std::string id) {
  const Action& action = actions_.at(id);
  call_of(id).state = ToolCallState::waiting_approval;
  ToolCall shown = call_of(id);
  shown.arguments = base::Json::parse(action.request.params);
  auto stored = co_await record_.ask_human(std::move(shown), action);
  if (!stored) inputs_.push(CommitFailed{std::move(stored.error())});
}

// --- humans -------------------------------------------------------------------------------------

Task<void> ToolRound::read_answers(std::shared_ptr<ToolRound> self) {
  const UnderWay counted(*self);
  try {
    co_await self->hear_answers();
  } catch (...) {
    self->inputs_.broke(std::current_exception());
  }
}

bool ToolRound::start_hearing() {
  hears_ = true;
  return std::exchange(missed_answers_, false);
}

Task<void> ToolRound::hear_answers() {
  if (!hears_) {
    missed_answers_ = true;
    co_return;
  }
  const Run& run = record_.run();
  auto stored = co_await ports_.runs.tool_calls(run.scope, run.id);
  auto actions = co_await ports_.actions.actions_of_run(run.scope, run.id);
  if (!stored || !actions) {
    base::log::error(
        "answers_unreadable",
        {{"run", run.id}, {"error", stored ? actions.error().message : stored.error().message}});
    co_return;
  }
  for (ToolCall& call : *stored) {
    const auto ours = std::ranges::find(calls_, call.id, &ToolCall::id);
    if (ours == calls_.end() || ours->state != ToolCallState::waiting_approval ||
        call.state == ToolCallState::waiting_approval) {
      continue;
    }
    const auto action = std::ranges::find(*actions, call.id, &Action::tool_call_id);
    if (action == actions->end()) continue;
    const std::string id = call.id;
    const bool allowed = co_await take_answer(std::move(call), std::move(*action));
    if (call_of(id).state == ToolCallState::waiting_approval) continue;  // asked anew
    inputs_.push(HumanAnswered{.tool_call_id = id, .allowed = allowed});
  }
}

// Whether the call may run now. What a human allowed still passes the gate: edited arguments are
// decided on again, and a policy may have come to deny them.
Task<bool> ToolRound::take_answer(ToolCall stored, Action action) {
  const std::string id = stored.id;
  ToolCall& call = call_of(id);
  call = std::move(stored);
  add_wait_span(call, action);
  actions_.insert_or_assign(id, std::move(action));
  if (call.state != ToolCallState::requested) co_return false;
  const GateAnswer answer = co_await ask_gate_about(id);
  co_return answer == GateAnswer::allowed;
}

// --- execution ----------------------------------------------------------------------------------

Task<void> ToolRound::run_tool(std::shared_ptr<ToolRound> self, std::string id) {
  const UnderWay counted(*self);
  try {
    co_await self->run(std::move(id));
  } catch (...) {
    self->inputs_.broke(std::current_exception());
  }
}

// The move from `requested` to `running` is one transaction that succeeds at most once, so whoever
// loses it (another process, a second attempt) does not run the tool.
Task<void> ToolRound::run(std::string id) {
  auto node = permits_.extract(id);
  ExecutionPermit permit = std::move(node.mapped());
  auto began = co_await record_.begin_call(call_of(id), actions_.at(id), inputs_.work());
  if (inputs_.parked()) co_return;
  ExecutedTool done;
  const Time start = record_.now();
  if (began) {
    call_of(id).state = ToolCallState::running;
    ToolCaller on_behalf = caller();
    on_behalf.judge_again = [this, id](base::Json arguments) {
      return judge_again(id, std::move(arguments));
    };
    const std::string& tool = call_of(id).tool;
    // What waits for others' work takes as long as that does.
    const bool waits = hands_on(tool) || tool == wait_for_runs_tool;
    const auto time_max = waits ? options_.sub_agent_time_max : options_.tool_time_max;
    done = co_await execute_tool(&ports_.tools, &lane_, std::move(on_behalf), std::move(permit),
                                 time_max, inputs_.work());
    // Stopped with the server: what it did is unknown, and the next start says so.
    if (inputs_.parked()) co_return;
  } else {
    done.outcome = {.content = "the call was not started: " + began.error().message,
                    .is_error = true};
    const bool withdrawn = began.error().kind == ErrorKind::cancelled;
    if (!withdrawn) {
      inputs_.push(CommitFailed{std::move(began.error())});
      inputs_.push(ToolFinished{id});
      co_return;
    }
  }
  const bool started = began.has_value();
  co_await end_call(id, std::move(done), started);
  if (started) add_tool_span(call_of(id), start);
  inputs_.push(ToolFinished{id});
}

// The call goes on with other arguments than its permit was for. They need an answer of their own:
// a rule that allows them, or a standing permission. Nobody is asked in the middle of a call.
Task<base::Result<void>> ToolRound::judge_again(std::string id, base::Json arguments) {
  ToolCall step_of = call_of(id);
  step_of.arguments = std::move(arguments);
  base::Json asked = step_of.arguments;
  Judged judged = co_await judge(std::move(step_of), std::move(asked), true);
  // The step runs within the call, whose permit is spent.
  const bool allowed = judged.verdict.permit.has_value();
  Action step = actions_.at(id);
  step.request = std::move(judged.verdict.request);
  step.decision = std::move(judged.verdict.decision);
  step.reason = step.decision.reason;
  step.updated_at = record_.now();
  const std::string granted_by = judged.by_permission ? "permission" : "";
  auto stored = co_await record_.note_decision(step, granted_by);
  if (!stored) co_return stored;
  if (allowed) co_return base::Result<void>();
  const bool asks = step.decision.outcome == Outcome::abstain;
  std::string why =
      asks ? "it needs a human's approval of its own; ask for it in a new call (" : "denied (";
  why += step.decision.reason_code + "): " + step.decision.reason;
  co_return base::fail(ErrorKind::forbidden, std::move(why));
}

void ToolRound::add_gate_span(const std::string& id, Time start, const Decision& decision) {
  record_.add_span({.start = start,
                    .end = record_.now(),
                    .of = GateSpan{.tool = span_text(call_of(id).tool),
                                   .call_id = id,
                                   .outcome = std::string(to_string(decision.outcome)),
                                   .reason_code = span_text(decision.reason_code)}});
}

// From the question to the answer; both are in the action, also when the server was away.
void ToolRound::add_wait_span(const ToolCall& call, const Action& action) {
  const bool denied = action.state == ActionState::denied;
  const bool nobody = denied && action.reason == no_answer_reason;
  record_.add_span({.start = action.created_at,
                    .end = action.resolved_at.value_or(action.updated_at),
                    .of = WaitSpan{.tool = span_text(call.tool),
                                   .call_id = call.id,
                                   .answer = nobody   ? "expired"
                                             : denied ? "denied"
                                                      : "approved"}});
}

void ToolRound::add_tool_span(const ToolCall& call, Time start) {
  const std::string state(to_string(call.state));
  record_.add_span(
      {.start = start,
       .end = call.finished_at.value_or(start),
       .error = call.state == ToolCallState::succeeded ? std::string() : state,
       .of = ToolSpan{.tool = span_text(call.tool), .call_id = call.id, .state = state}});
}

// What a tool did is held here until it is stored.
Task<void> ToolRound::end_call(std::string id, ExecutedTool done, bool began) {
  ToolCall& call = call_of(id);
  call.state = done.outcome.is_error ? ToolCallState::failed : ToolCallState::succeeded;
  call.result = std::move(done.outcome.content);
  call.finished_at = record_.now();
  std::optional<Action> ended;
  if (began) {
    Action& action = actions_.at(id);
    action.state = done.timed_out                           ? ActionState::timeout
                   : call.state == ToolCallState::succeeded ? ActionState::succeeded
                                                            : ActionState::failed;
    action.reason =
        std::string(base::first_characters(call.result, limits::end_reason_characters_max));
    action.updated_at = *call.finished_at;
    ++action.version;
    ended = action;
  }
  const ToolCallState from = began ? ToolCallState::running : ToolCallState::requested;
  auto stored = co_await record_.end_call(call, from, std::move(ended),
                                          std::move(done.outcome.authorization_url));
  if (!stored) inputs_.push(CommitFailed{std::move(stored.error())});
}

}  // namespace colonnade::core
