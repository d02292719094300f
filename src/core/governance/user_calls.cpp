#include "core/governance/user_calls.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/share.hpp"
#include "base/utf8.hpp"
#include "core/access/account.hpp"
#include "core/events/subscriptions.hpp"
#include "core/governance/action_records.hpp"
#include "core/governance/approved_request.hpp"
#include "core/governance/call_context.hpp"
#include "core/governance/permission_rules.hpp"
#include "core/governance/submitted_command.hpp"
#include "core/tools/tool_execution.hpp"
#include "core/tools/tool_names.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

constexpr std::string_view call_operation = "call";
constexpr base::ShareBounds call_bounds{.what = "tool calls of users",
                                        .per_account = limits::user_calls_per_account,
                                        .total = limits::user_calls_max};
constexpr base::ShareBounds question_bounds{.what = "tool calls of users that wait for approval",
                                            .per_account = limits::user_call_questions_per_account};

bool is_of_user(const Action& action) { return is_call(action) && action.run_id.empty(); }

bool has_tool(const Agent& agent, std::string_view tool) {
  return !agent.tools || std::ranges::any_of(*agent.tools, [tool](const std::string& name) {
    return same_tool(name, tool);
  });
}

UserCallResult result_of(const Action& action, UserCallResult::State state) {
  UserCallResult out{.state = state, .action_id = action.id, .tool = action.request.tool};
  if (state != UserCallResult::State::done) {
    out.reason_code = action.decision.reason_code;
    out.reason = action.reason;
  }
  return out;
}

// Ends a call with its thread.
class ThreadWatch final : public Subscriber {
 public:
  explicit ThreadWatch(std::stop_source stop) : stop_(std::move(stop)) {}
  void deliver(const EventPtr& event) override {
    const auto* change = std::get_if<ThreadChanged>(&event->body);
    if (change != nullptr && change->deleted) stop_.request_stop();
  }

 private:
  std::stop_source stop_;
};

// What was asked for, whatever an approver made of it.
const std::string& asked_params(const Action& action) {
  return action.asked_params.empty() ? action.request.params : action.asked_params;
}

}  // namespace

// One call from its beginning to its answer.
struct UserCalls::Call {
  Call(Principal who_in, UserCall input_in, base::Lane& lane_in)
      : who(std::move(who_in)), input(std::move(input_in)), lane(lane_in) {}

  ToolCaller caller() const {
    return {.scope = who.scope, .user_id = who.user_id, .agent_id = agent->id};
  }
  ToolCall row(std::string id) const {
    return {.id = std::move(id),
            .thread_id = workspace_thread,
            .tool = input.tool,
            .arguments = input.arguments};
  }
  ActionRequest request(const base::Json& judged) const {
    return {.agent_id = agent->id.empty() ? std::string(default_agent_id) : agent->id,
            .tool = input.tool,
            .operation = std::string(call_operation),
            .params = base::to_text(judged),
            .context = call_context(input.thread_id, "", input.arguments, judged)};
  }

  Principal who;
  UserCall input;
  base::Lane& lane;
  // What the rules of its thread say of these arguments.
  std::optional<RuleAction> rule(const base::Json& arguments) const {
    if (!thread) return std::nullopt;
    RuledCall ruled{.tool = input.tool, .directory = thread->directory.path};
    if (offered) ruled.aliases = offered->aliases;
    return rule_for(thread->rules, ruled, arguments);
  }

  std::optional<Agent> agent{};
  std::optional<Thread> thread{};
  std::string workspace_thread{};  // the folder that it works in
  std::optional<ToolDefinition> offered{};
  std::chrono::milliseconds wait_max{};
  std::stop_source stop{};  // the caller's, and the server's
};

// Shared with calls that are under way.
struct UserCalls::State {
  State(UserCallDependencies deps_in, UserCallOptions options_in)
      : deps(deps_in), options(options_in) {}

  using Answered = base::Completion<bool>;

  bool enter() {
    const std::lock_guard lock(mutex);
    if (stopping.stop_requested()) return false;
    ++running;
    return true;
  }
  void leave() {
    const std::lock_guard lock(mutex);
    --running;
    idle.notify_all();
  }
  std::shared_ptr<Answered> listen(const std::string& action_id) {
    auto answered = std::make_shared<Answered>();
    const std::lock_guard lock(mutex);
    waiting.emplace(action_id, answered);
    return answered;
  }
  void stop_listening(const std::string& action_id, const std::shared_ptr<Answered>& answered) {
    const std::lock_guard lock(mutex);
    const auto [first, last] = waiting.equal_range(action_id);
    const auto found =
        std::find_if(first, last, [&answered](const auto& one) { return one.second == answered; });
    if (found != last) waiting.erase(found);
  }
  void answered(const Action& action) {
    const std::lock_guard lock(mutex);
    const auto [first, last] = waiting.equal_range(action.id);
    for (auto at = first; at != last; ++at) at->second->complete(true);
  }

  Task<Result<std::optional<Thread>>> find_thread(Principal who, std::string thread_id) const;
  Task<Result<Agent>> find_agent(Scope scope, std::optional<Thread> thread) const;
  Task<std::vector<ToolDefinition>> offered_to(Agent agent, std::stop_token stop) const;
  Task<Result<std::optional<Action>>> asked_before(std::shared_ptr<Call> call,
                                                   std::string params) const;
  Task<Result<void>> commit(Unit unit) const;
  Task<Result<void>> judge_step(std::shared_ptr<Call> call, Action action,
                                base::Json arguments) const;
  Task<void> settle(std::shared_ptr<Call> call, Action action, ExecutedTool done) const;
  Action fresh_action(const Call& call, Verdict verdict) const;
  Unit unit_of(const Action& action) const {
    return {.scope = action.scope, .account = account_of(action.scope, action.owner)};
  }
  // That it begins to run, and for which request.
  void add_start(Unit& unit, const Action& action, const Call& call) const {
    unit.changes.emplace_back(
        AppendAudit{started_entry(action, action.updated_at, deps.redaction)});
    if (call.input.keyed_request_id.empty()) return;
    unit.changes.emplace_back(
        LinkKeyedRequest{.id = call.input.keyed_request_id, .object_id = action.id});
  }

  UserCallDependencies deps;
  UserCallOptions options;
  base::Share shares{call_bounds};
  std::mutex mutex;
  std::condition_variable idle;
  int running = 0;
  std::stop_source stopping;
  std::multimap<std::string, std::shared_ptr<Answered>> waiting;  // by the action's id
};

UserCalls::UserCalls(UserCallDependencies deps, UserCallOptions options)
    : state_(std::make_shared<State>(deps, options)) {
  deps.actions.tell_answers([state = state_](const Action& action) { state->answered(action); });
}

UserCalls::~UserCalls() { state_->deps.actions.tell_answers({}); }

// --- what can be called -------------------------------------------------------------------------

Task<Result<std::optional<Thread>>> UserCalls::State::find_thread(Principal who,
                                                                  std::string thread_id) const {
  if (thread_id.empty()) co_return std::optional<Thread>();
  auto thread = co_await deps.threads.get(std::move(who), std::move(thread_id));
  const bool gone =
      thread ? thread->deleted_at.has_value() : thread.error().kind == ErrorKind::not_found;
  if (gone) co_return fail(ErrorKind::not_found, "there is no such thread", "thread_id");
  if (!thread) co_return fail(std::move(thread.error()));
  co_return std::optional(std::move(*thread));
}

Task<Result<Agent>> UserCalls::State::find_agent(Scope scope, std::optional<Thread> thread) const {
  std::string agent_id;
  if (thread) agent_id = std::move(thread->agent_id);
  auto agent = co_await deps.agents.get(std::move(scope), std::move(agent_id));
  co_return agent;
}

Task<std::vector<ToolDefinition>> UserCalls::State::offered_to(Agent agent,
                                                               std::stop_token stop) const {
  auto out = co_await deps.tools.definitions(agent, std::move(stop));
  std::erase_if(out, [&agent](const ToolDefinition& one) { return !has_tool(agent, one.name); });
  co_return out;
}

Task<Result<std::vector<ToolDefinition>>> UserCalls::tools(Principal who, std::string thread_id,
                                                           std::stop_token stop) {
  auto thread = co_await state_->find_thread(who, std::move(thread_id));
  if (!thread) co_return fail(std::move(thread.error()));
  auto agent = co_await state_->find_agent(std::move(who.scope), std::move(*thread));
  if (!agent) co_return fail(std::move(agent.error()));
  auto offered = co_await state_->offered_to(std::move(*agent), std::move(stop));
  co_return offered;
}

Task<Result<UserCallResult>> UserCalls::result(Principal who, std::string action_id) const {
  const auto action = co_await state_->deps.actions.get(std::move(who), std::move(action_id));
  if (!action) co_return fail(action.error());
  if (!is_of_user(*action)) co_return fail(ErrorKind::not_found, "there is no such call");
  if (action->state == ActionState::denied) {
    co_return result_of(*action, UserCallResult::State::denied);
  }
  const bool waits =
      action->state == ActionState::pending_approval || action->state == ActionState::approved;
  if (waits) co_return result_of(*action, UserCallResult::State::waiting);
  UserCallResult out = result_of(*action, UserCallResult::State::done);
  out.timed_out = action->state == ActionState::timeout;
  out.outcome = {.content = action->reason, .is_error = action->state != ActionState::succeeded};
  co_return out;
}

// --- one call -----------------------------------------------------------------------------------

// NOLINTBEGIN(cppcoreguidelines-avoid-reference-coroutine-parameters): lanes outlive coroutines
Task<Result<UserCallResult>> UserCalls::call(Principal who, UserCall input,
                                             std::chrono::milliseconds wait_max, base::Lane& lane,
                                             std::stop_token stop) {
  // NOLINTEND(cppcoreguidelines-avoid-reference-coroutine-parameters)
  const std::shared_ptr<State> state = state_;
  auto hold = state->shares.take(account_of(who));
  if (!hold) co_return fail(std::move(hold.error()));
  if (!state->enter()) {
    co_return fail(base::Error{.kind = ErrorKind::unavailable,
                               .message = "the server is stopping",
                               .retry_after = call_bounds.retry_after});
  }
  const std::shared_ptr<State> until_the_end(state.get(),
                                             [state](State* inside) { inside->leave(); });
  auto call = std::make_shared<Call>(std::move(who), std::move(input), lane);
  call->wait_max = std::clamp<std::chrono::milliseconds>(wait_max, std::chrono::milliseconds(0),
                                                         limits::user_call_wait_max);
  auto end_call = [call] { call->stop.request_stop(); };
  const std::stop_callback with_caller(std::move(stop), end_call);
  const std::stop_callback with_server(state->stopping.get_token(), end_call);
  // From before it is looked up, so that no deletion goes by unseen.
  ThreadWatch watch(call->stop);
  std::unique_ptr<Subscription> watched;
  if (!call->input.thread_id.empty()) {
    watched = state->deps.feed.subscriptions().subscribe(
        lane, EventTopic::of_thread(call->who.scope, call->input.thread_id), std::nullopt, watch);
  }
  auto thread = co_await state->find_thread(call->who, call->input.thread_id);
  if (!thread) co_return fail(std::move(thread.error()));
  call->thread = std::move(*thread);
  auto agent = co_await state->find_agent(call->who.scope, call->thread);
  if (!agent) co_return fail(std::move(agent.error()));
  call->agent = std::move(*agent);
  translate_call(call->input.tool, call->input.arguments);
  const std::string& thread_id = call->input.thread_id;
  call->workspace_thread = thread_id.empty() ? own_workspace(call->who.user_id) : thread_id;
  const auto offered = co_await state->offered_to(*call->agent, call->stop.get_token());
  const auto found = find_tool(offered, call->input.tool);
  if (!found) co_return fail(found.error());
  call->offered = **found;
  call->input.tool = call->offered->name;
  auto made = co_await make(state, std::move(call));
  co_return made;
}

Action UserCalls::State::fresh_action(const Call& call, Verdict verdict) const {
  const Time now = deps.clock.now();
  Action out{.id = base::new_uuid(),
             .scope = call.who.scope,
             .request = std::move(verdict.request),
             .decision = std::move(verdict.decision),
             .thread_id = call.input.thread_id,
             .owner = call.who.user_id,
             .created_at = now,
             .updated_at = now};
  out.tool_call_id = out.id;
  out.reason = out.decision.reason;
  return out;
}

Task<Result<void>> UserCalls::State::commit(Unit unit) const {
  auto stored = co_await deps.feed.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  co_return Result<void>();
}

Task<Result<UserCallResult>> UserCalls::make(std::shared_ptr<State> state,
                                             std::shared_ptr<Call> call) {
  const UserCallDependencies& deps = state->deps;
  ToolCall row = call->row(base::new_uuid());
  auto prepared =
      co_await deps.tools.prepare(call->caller(), row, call->offered, ArgumentsFrom::model);
  if (prepared) row.arguments = std::move(*prepared);
  ActionRequest request = call->request(row.arguments);
  std::optional<Grant> grant;
  if (prepared) {
    const bool allowed = co_await deps.permissions.allow(call->who.scope, call->who.user_id,
                                                         call->input.thread_id, request);
    if (allowed) grant = Grant{};
  }
  // Nobody's word counts for what could not run.
  auto rule = call->rule(row.arguments);
  if (!prepared && rule == RuleAction::allow) rule = std::nullopt;
  Verdict verdict = deps.judge.decide(*call->agent, row, std::move(request), grant, rule);
  if (!prepared) {
    // Nobody is asked about what could not run anyway, and no policy allows it.
    verdict.permit.reset();
    if (verdict.decision.outcome != Outcome::halt) {
      refuse_call(verdict.decision, prepared.error());
    }
  }
  const bool would_ask = !verdict.permit && verdict.decision.outcome == Outcome::abstain;
  if (would_ask && call->input.asks_nobody) deny_unattended(verdict.decision);
  const bool asks = would_ask && !call->input.asks_nobody;
  if (asks) {
    auto before = co_await state->asked_before(call, verdict.request.params);
    if (!before) co_return fail(std::move(before.error()));
    if (*before) {
      auto followed = co_await follow(state, std::move(call), std::move(**before));
      co_return followed;
    }
  }
  std::optional<ExecutionPermit> permit = std::move(verdict.permit);
  const bool by_permission = permit && verdict.decision.outcome == Outcome::abstain;
  Action action = state->fresh_action(*call, std::move(verdict));
  if (permit) {
    action.state = ActionState::executing;
    action.reason = std::string(executing_reason);
  } else if (asks) {
    action.state = ActionState::pending_approval;
    action.approval_token = new_approval_token();
    action.expires_at = action.created_at + state->options.approval_time_max;
  }
  Unit unit = state->unit_of(action);
  unit.changes.emplace_back(InsertAction{action});
  unit.changes.emplace_back(
      AppendAudit{decision_entry(action, by_permission ? "permission" : "", deps.redaction)});
  if (permit) state->add_start(unit, action, *call);
  auto stored = co_await state->commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  if (permit) {
    auto ran = co_await run(state, std::move(call), std::move(action), std::move(*permit));
    co_return ran;
  }
  if (!asks) co_return result_of(action, UserCallResult::State::denied);
  auto followed = co_await follow(state, std::move(call), std::move(action));
  co_return followed;
}

// --- humans -------------------------------------------------------------------------------------

// The same call, approved and not run yet, or still asked about.
Task<Result<std::optional<Action>>> UserCalls::State::asked_before(std::shared_ptr<Call> call,
                                                                   std::string params) const {
  const ActionRequest wanted = call->request(call->input.arguments);
  const auto is_same = [&](const Action& action) {
    return is_of_user(action) && action.request.tool == wanted.tool &&
           action.request.agent_id == wanted.agent_id &&
           action.thread_id == call->input.thread_id && asked_params(action) == params;
  };
  const Time oldest = deps.clock.now() - limits::user_call_claim_time_max;
  ActionFilter filter{.owner = call->who.user_id,
                      .agent_id = wanted.agent_id,
                      .tool = wanted.tool,
                      .state = ActionState::approved,
                      .limit = limits::user_calls_looked_through};
  auto approved = co_await deps.store.actions(call->who.scope, std::move(filter));
  if (!approved) co_return fail(std::move(approved.error()));
  for (Action& action : *approved) {
    if (is_same(action) && action.resolved_at && *action.resolved_at >= oldest) {
      co_return std::optional(std::move(action));
    }
  }
  ActionFilter open_ones{.owner = call->who.user_id,
                         .state = ActionState::pending_approval,
                         .limit = limits::actions_listed_max};
  auto pending = co_await deps.store.actions(call->who.scope, std::move(open_ones));
  if (!pending) co_return fail(std::move(pending.error()));
  for (Action& action : *pending) {
    if (is_same(action)) co_return std::optional(std::move(action));
  }
  const auto open = static_cast<std::size_t>(std::ranges::count_if(*pending, is_of_user));
  if (open >= limits::user_call_questions_per_account) {
    co_return fail(base::account_is_full(question_bounds));
  }
  co_return std::optional<Action>();
}

// Waits for the answer as long as the caller does.
Task<Result<UserCallResult>> UserCalls::follow(std::shared_ptr<State> state,
                                               std::shared_ptr<Call> call, Action action) {
  if (action.state == ActionState::pending_approval && call->wait_max.count() > 0) {
    const auto answered = state->listen(action.id);
    // It may have been answered before anybody listened.
    auto now = co_await state->deps.store.action(action.scope, action.id);
    const bool is_open = now && *now && (*now)->state == ActionState::pending_approval;
    if (is_open) {
      std::stop_source over;
      auto end_wait = [over]() mutable { over.request_stop(); };
      const std::stop_callback with_call(call->stop.get_token(), end_wait);
      auto alarm = co_await base::call_after(call->wait_max, end_wait);
      [[maybe_unused]] const auto answer = co_await answered->wait(over.get_token());
      alarm.reset();
      now = co_await state->deps.store.action(action.scope, action.id);
    }
    state->stop_listening(action.id, answered);
    if (!now) co_return fail(std::move(now.error()));
    if (!*now) co_return fail(ErrorKind::not_found, "there is no such action");
    action = std::move(**now);
    // Of a deleted thread nothing is said, not even that nobody may answer any more.
    auto thread = co_await state->find_thread(call->who, call->input.thread_id);
    if (!thread) co_return fail(std::move(thread.error()));
  }
  switch (action.state) {
    case ActionState::pending_approval: co_return result_of(action, UserCallResult::State::waiting);
    case ActionState::approved: {
      auto claimed = co_await claim(std::move(state), std::move(call), std::move(action));
      co_return claimed;
    }
    case ActionState::denied: co_return result_of(action, UserCallResult::State::denied);
    default:
      co_return fail(ErrorKind::conflict,
                     "another call of the same tool with the same arguments has used the approval; "
                     "make the call again");
  }
}

// What a human allowed passes the gate again: a policy may have come to deny it.
Task<Result<UserCallResult>> UserCalls::claim(std::shared_ptr<State> state,
                                              std::shared_ptr<Call> call, Action action) {
  const UserCallDependencies& deps = state->deps;
  auto arguments = base::parse_json(action.request.params, "params");
  if (!arguments) co_return fail(std::move(arguments.error()));
  ToolCall row = call->row(action.id);
  row.arguments = std::move(*arguments);
  const base::Json asked = row.arguments;
  auto prepared =
      co_await deps.tools.prepare(call->caller(), row, call->offered, ArgumentsFrom::approver);
  if (!prepared) {
    co_return fail(prepared.error().kind, prepared.error().message, "args");
  }
  row.arguments = std::move(*prepared);
  ActionRequest request = action.request;
  request.params = base::to_text(row.arguments);
  Verdict verdict =
      deps.judge.decide(*call->agent, row, std::move(request), Grant{action.decision.request_hash},
                        call->rule(row.arguments));
  const Time now = deps.clock.now();
  ++action.version;
  action.updated_at = now;
  action.decision = std::move(verdict.decision);
  action.request = std::move(verdict.request);
  action.state = verdict.permit ? ActionState::executing : ActionState::denied;
  action.reason = verdict.permit ? std::string(executing_reason)
                  : action.decision.outcome == Outcome::halt
                      ? action.decision.reason
                      : "it is another call now than the one that was approved; make it again";
  Unit unit = state->unit_of(action);
  unit.changes.emplace_back(UpdateAction{.action = action});
  unit.changes.emplace_back(AppendAudit{decision_entry(action, "approval", deps.redaction)});
  if (verdict.permit) state->add_start(unit, action, *call);
  auto stored = co_await state->commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  if (!verdict.permit) co_return result_of(action, UserCallResult::State::denied);
  auto ran = co_await run(std::move(state), std::move(call), std::move(action),
                          std::move(*verdict.permit));
  co_return ran;
}

// --- execution ----------------------------------------------------------------------------------

// Nobody is asked in the middle of a call.
Task<Result<void>> UserCalls::State::judge_step(std::shared_ptr<Call> call, Action action,
                                                base::Json arguments) const {
  ToolCall step = call->row(action.id);
  step.arguments = std::move(arguments);
  ActionRequest request = call->request(step.arguments);
  request.context = call_context(call->input.thread_id, "", step.arguments, step.arguments);
  std::optional<Grant> grant;
  const bool permitted = co_await deps.permissions.allow(call->who.scope, call->who.user_id,
                                                         call->input.thread_id, request);
  if (permitted) grant = Grant{};
  Verdict verdict =
      deps.judge.decide(*call->agent, step, std::move(request), grant, call->rule(step.arguments));
  const bool by_permission = verdict.permit && verdict.decision.outcome == Outcome::abstain;
  action.request = std::move(verdict.request);
  action.decision = std::move(verdict.decision);
  action.reason = action.decision.reason;
  action.updated_at = deps.clock.now();
  Unit unit = unit_of(action);
  unit.changes.emplace_back(
      AppendAudit{decision_entry(action, by_permission ? "permission" : "", deps.redaction)});
  auto stored = co_await commit(std::move(unit));
  if (!stored) co_return stored;
  if (verdict.permit) co_return Result<void>();
  const bool asks = action.decision.outcome == Outcome::abstain;
  std::string why =
      asks ? "it needs a human's approval of its own; ask for it in a new call (" : "denied (";
  why += action.decision.reason_code + "): " + action.decision.reason;
  co_return fail(ErrorKind::forbidden, std::move(why));
}

Task<Result<UserCallResult>> UserCalls::run(std::shared_ptr<State> state,
                                            std::shared_ptr<Call> call, Action action,
                                            ExecutionPermit permit) {
  ToolCaller on_behalf = call->caller();
  on_behalf.judge_again = [state, call, action](base::Json arguments) {
    return state->judge_step(call, action, std::move(arguments));
  };
  auto done = co_await execute_tool(&state->deps.tools, &call->lane, std::move(on_behalf),
                                    std::move(permit), state->options.tool_time_max,
                                    call->stop.get_token());
  UserCallResult out = result_of(action, UserCallResult::State::done);
  out.outcome = done.outcome;
  out.timed_out = done.timed_out;
  co_await state->settle(std::move(call), std::move(action), std::move(done));
  co_return out;
}

// What the tool did is held until it is stored; a server that stops meanwhile says at its next
// start that it is unknown.
Task<void> UserCalls::State::settle(std::shared_ptr<Call> /*call*/, Action action,
                                    ExecutedTool done) const {
  action.state = done.timed_out          ? ActionState::timeout
                 : done.outcome.is_error ? ActionState::failed
                                         : ActionState::succeeded;
  action.reason =
      std::string(base::first_characters(done.outcome.content, limits::end_reason_characters_max));
  action.updated_at = deps.clock.now();
  ++action.version;
  const std::size_t spread = std::hash<std::string>{}(action.id);
  for (int attempt = 0;; ++attempt) {
    Unit unit = unit_of(action);
    unit.changes.emplace_back(UpdateAction{.action = action, .if_unchanged = true});
    unit.changes.emplace_back(
        AppendAudit{finished_entry(action, action.updated_at, deps.redaction)});
    auto stored = co_await commit(std::move(unit));
    if (stored) co_return;
    if (!stored.error().retryable || attempt == 0) {
      base::log::warn("commit_delayed", {{"action", action.id}, {"error", stored.error().message}});
    }
    bool again = stored.error().retryable;
    if (again) {
      again = co_await wait_to_retry(options.commit_retry, attempt, spread, stopping.get_token());
    }
    if (!again) co_return;
  }
}

void UserCalls::stop_all() {
  std::unique_lock lock(state_->mutex);
  state_->stopping.request_stop();
  state_->idle.wait(lock, [this] { return state_->running == 0; });
}

}  // namespace colonnade::core
