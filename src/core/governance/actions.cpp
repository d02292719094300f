// long: one life of an action, from its submission to its end
#include "core/governance/actions.hpp"

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <limits>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "core/access/account.hpp"
#include "core/access/visibility.hpp"
#include "core/governance/action_records.hpp"
#include "core/governance/approval_request.hpp"
#include "core/governance/approved_request.hpp"
#include "core/governance/limits.hpp"
#include "core/governance/shell_command.hpp"
#include "core/governance/submitted_command.hpp"
#include "core/jobs/job_wakes.hpp"
#include "core/runs/runs.hpp"
#include "core/tools/tool_execution.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

constexpr int attempts_max = 3;  // of a change that another one overtook

base::Error no_such_action() {
  return {.kind = ErrorKind::not_found, .message = "there is no such action"};
}

base::Error wrong_state(const Action& action, std::string_view wanted) {
  return {.kind = ErrorKind::conflict,
          .message = "the action is " + std::string(to_string(action.state)) + ", not " +
                     std::string(wanted)};
}

void move(Action& action, ActionState state, std::string reason, Time now) {
  action.state = state;
  action.reason = std::move(reason);
  action.updated_at = now;
  ++action.version;
}

std::string first_characters(std::string_view text, std::size_t most) {
  return std::string(base::first_characters(text, most));
}

// A client's error, which says so when it is cut (faramesh §3.1).
std::string reported_error(std::string_view error) {
  if (error.empty()) return "Execution failed";
  std::string out = first_characters(error, limits::end_reason_characters_max);
  if (out.size() < error.size()) out += "... (truncated)";
  return out;
}

// What a human, or nobody in time, made of a question.
struct Settlement {
  Action action;  // as it is afterwards
  std::string actor{};
  bool edited = false;
};

std::string denial_text(const Action& action) { return "denied: " + action.reason; }

// The tool call of the run that waits for the answer.
void add_tool_call(Unit& unit, const Settlement& settled) {
  const Action& action = settled.action;
  const bool approved = action.state == ActionState::approved;
  MoveToolCall change{.id = action.tool_call_id,
                      .from = ToolCallState::waiting_approval,
                      .to = approved ? ToolCallState::requested : ToolCallState::denied};
  if (settled.edited) change.arguments = base::Json::parse(action.request.params);
  Event event{.scope = action.scope,
              .thread_id = action.thread_id,
              .run_id = action.run_id,
              .at = action.updated_at};
  event.body = ApprovalResolved{.approval_id = action.id,
                                .tool_call_id = action.tool_call_id,
                                .approved = approved,
                                .by = action.resolved_by,
                                .reason = action.reason};
  unit.events.push_back(event);
  if (action.request.tool == approval_request_tool) {
    // The answer is what was asked for: nothing runs.
    change.to = ToolCallState::succeeded;
    change.result = approval_answer(approved, action.resolved_by, action.reason);
    change.finished_at = action.updated_at;
  } else if (!approved) {
    change.result = denial_text(action);
    change.finished_at = action.updated_at;
  }
  unit.changes.emplace_back(std::move(change));
}

}  // namespace

std::optional<Remember> remember_from(std::string_view text) {
  if (text == "once") return Remember::once;
  if (text == "thread") return Remember::thread;
  if (text == "always") return Remember::always;
  if (text == "everywhere") return Remember::everywhere;
  return std::nullopt;
}

// Shared with what start() began, which may outlive the call.
struct Actions::State {
  State(ActionDependencies deps_in, ActionOptions options_in)
      : deps(deps_in), options(options_in) {}

  Task<Result<Action>> mine(Principal who, std::string id) const;
  Task<Result<Action>> startable(Principal who, std::string id) const;
  Task<Action> fresh_action(Principal who, Verdict verdict) const;
  Task<Result<void>> take_edit(Settlement* settled, ActionRequest edited) const;
  Task<Result<Settlement>> settlement(Action action, std::string actor, HumanAnswer answer) const;
  Task<Result<void>> remember(Unit* unit, const Action* action, const HumanAnswer* answer) const;
  Task<Result<ExecutionPermit>> permit_for(const Action* action) const;
  std::chrono::milliseconds time_for(const Action& action) const;
  Task<Result<void>> cap_waits() const;

  AuditEntry started(const Action& action) const {
    return started_entry(action, action.updated_at, deps.redaction);
  }
  AuditEntry finished(const Action& action) const {
    return finished_entry(action, action.updated_at, deps.redaction);
  }
  bool enter() {
    const std::lock_guard lock(mutex);
    if (stopping.stop_requested()) return false;
    ++running;
    return true;
  }
  void tell(const Action& action) const {
    const std::lock_guard lock(answers_mutex);
    if (answers) answers(action);
  }
  void leave() {
    const std::lock_guard lock(mutex);
    --running;
    idle.notify_all();
  }

  ActionDependencies deps;
  ActionOptions options;
  std::mutex mutex;
  std::condition_variable idle;
  int running = 0;
  std::stop_source stopping;
  mutable std::mutex answers_mutex;
  std::function<void(const Action&)> answers;
};

Actions::Actions(ActionDependencies deps, ActionOptions options)
    : state_(std::make_shared<State>(deps, options)) {}

Actions::~Actions() = default;

void Actions::tell_answers(std::function<void(const Action&)> told) {
  const std::lock_guard lock(state_->answers_mutex);
  state_->answers = std::move(told);
}

// --- reading ------------------------------------------------------------------------------------

Task<Result<Action>> Actions::State::mine(Principal who, std::string id) const {
  auto found = co_await deps.store.action(who.scope, std::move(id));
  if (!found) co_return fail(std::move(found.error()));
  if (!*found || !may_see(who, (*found)->scope, (*found)->owner)) co_return fail(no_such_action());
  co_return std::move(**found);
}

Task<Result<Verdict>> Actions::judge(Principal who, ActionRequest request) const {
  return state_->deps.judge.judge(std::move(who.scope), std::move(request), RequestForm::submitted);
}

Task<Result<Action>> Actions::get(Principal who, std::string id) const {
  return state_->mine(std::move(who), std::move(id));
}

Task<Result<std::vector<Action>>> Actions::list(Principal who, ActionFilter filter) const {
  filter.owner = owner_seen_by(who);
  filter.limit = std::clamp<std::size_t>(filter.limit, 1, limits::actions_listed_max);
  return state_->deps.store.actions(std::move(who.scope), std::move(filter));
}

Task<Result<std::vector<AuditRecord>>> Actions::history(Principal who, std::string id) const {
  auto action = co_await state_->mine(who, id);
  if (!action) co_return fail(std::move(action.error()));
  auto records = co_await state_->deps.audit.audit_of(std::move(who.scope), std::move(id));
  co_return records;
}

// --- submitting ---------------------------------------------------------------------------------

Task<Action> Actions::State::fresh_action(Principal who, Verdict verdict) const {
  const Time now = deps.clock.now();
  Action out{.id = base::new_uuid(),
             .scope = who.scope,
             .request = std::move(verdict.request),
             .decision = std::move(verdict.decision),
             .owner = who.user_id,
             .created_at = now,
             .updated_at = now};
  out.reason = out.decision.reason;
  switch (out.decision.outcome) {
    case Outcome::execute: out.state = ActionState::allowed; break;
    case Outcome::halt: out.state = ActionState::denied; break;
    case Outcome::abstain: {
      const bool allowed = co_await deps.permissions.allow(who.scope, who.user_id, "", out.request);
      if (allowed) {
        out.state = ActionState::approved;
        out.reason = "Approved by a standing permission";
        out.resolved_by = who.user_id;
        out.resolved_at = now;
      } else {
        out.state = ActionState::pending_approval;
        out.approval_token = new_approval_token();
        out.expires_at = now + options.approval_time_max;
      }
      break;
    }
  }
  co_return out;
}

Task<Result<Action>> Actions::submit(Principal who, ActionRequest request,
                                     std::string keyed_request_id) {
  auto verdict = co_await judge(who, std::move(request));
  if (!verdict) co_return fail(std::move(verdict.error()));
  Action action = co_await state_->fresh_action(who, std::move(*verdict));
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(InsertAction{action});
  const std::string_view granted = action.state == ActionState::approved ? "permission" : "";
  unit.changes.emplace_back(AppendAudit{decision_entry(action, granted, state_->deps.redaction)});
  if (!keyed_request_id.empty()) {
    unit.changes.emplace_back(
        LinkKeyedRequest{.id = std::move(keyed_request_id), .object_id = action.id});
  }
  auto stored = co_await state_->deps.feed.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  co_return action;
}

// --- answering ----------------------------------------------------------------------------------

// The edited request is what is approved: decided on as if it had been asked for.
Task<Result<void>> Actions::State::take_edit(Settlement* settled, ActionRequest edited) const {
  Action& action = settled->action;
  const RequestForm form = is_call(action) ? RequestForm::exact : RequestForm::submitted;
  auto verdict = co_await deps.judge.judge(action.scope, std::move(edited), form);
  if (!verdict) co_return fail(std::move(verdict.error()));
  if (verdict->decision.outcome == Outcome::halt) {
    co_return fail(ErrorKind::invalid,
                   "params: the gate denies what they were changed to (" +
                       verdict->decision.reason_code + "): " + verdict->decision.reason,
                   "params");
  }
  settled->edited = verdict->request.params != action.request.params;
  if (settled->edited) action.asked_params = action.request.params;
  action.request = std::move(verdict->request);
  action.decision = std::move(verdict->decision);
  co_return Result<void>{};
}

Task<Result<Settlement>> Actions::State::settlement(Action action, std::string actor,
                                                    HumanAnswer answer) const {
  Settlement out{.action = std::move(action), .actor = std::move(actor)};
  if (answer.approve) {
    auto request = co_await approved_request(&deps.tools, out.action, answer.params);
    if (!request) co_return fail(std::move(request.error()));
    if (answer.params) {
      auto taken = co_await take_edit(&out, std::move(*request));
      if (!taken) co_return fail(std::move(taken.error()));
    }
  }
  const Time now = deps.clock.now();
  std::string reason = first_characters(answer.reason, limits::answer_reason_characters_max);
  if (reason.empty()) reason = std::string(answer.approve ? approved_by_human : denied_by_human);
  move(out.action, answer.approve ? ActionState::approved : ActionState::denied, std::move(reason),
       now);
  out.action.approval_token.clear();
  out.action.expires_at.reset();
  out.action.resolved_by = out.actor == "system" ? "" : out.actor;
  out.action.resolved_at = now;
  co_return out;
}

namespace {

std::unexpected<base::Error> too_long_to_remember() {
  return fail(ErrorKind::invalid,
              "pattern is longer than " + std::to_string(limits::permission_pattern_bytes_max) +
                  " bytes; give a shorter one, such as *",
              "pattern");
}

// What was asked for, as it is remembered.
Result<RememberedParams> params_to_remember(const Action& action, const HumanAnswer& answer) {
  RememberedParams out{.pattern = answer.pattern};
  if (out.pattern.empty()) {
    out = answer.remember == Remember::directory
              ? remembered_params(action.request.params)
              : RememberedParams{.pattern = exact_pattern(action.request.params)};
  }
  std::size_t bytes = out.pattern.size();
  for (const std::string& command : out.commands) bytes += command.size();
  if (bytes > limits::permission_pattern_bytes_max) return too_long_to_remember();
  return out;
}

AuditEntry permission_entry(const Permission& permission, const Redaction& redaction) {
  base::Json details = {{"tool", permission.tool},
                        {"operation", permission.operation},
                        {"agent_id", permission.agent_id},
                        {"thread_id", permission.thread_id},
                        {"pattern", redaction.apply(base::Json(permission.pattern))}};
  if (!permission.directory.empty()) details["directory"] = permission.directory;
  if (!permission.commands.empty()) {
    details["commands"] = redaction.apply(base::Json(permission.commands));
  }
  return {.kind = std::string(audit_kind::permission),
          .actor = permission.created_by,
          .subject = permission.id,
          .details = std::move(details),
          .at = permission.created_at};
}

}  // namespace

Task<Result<void>> Actions::State::remember(Unit* unit, const Action* action,
                                            const HumanAnswer* answer) const {
  const Remember how = answer->remember;
  if (!answer->approve || how == Remember::once) co_return Result<void>();
  const bool in_thread = how == Remember::thread || how == Remember::directory;
  if (in_thread && action->thread_id.empty()) {
    co_return fail(ErrorKind::invalid,
                   "remember: the action belongs to no thread; use once, always or everywhere",
                   "remember");
  }
  auto params = params_to_remember(*action, *answer);
  if (!params) co_return fail(std::move(params.error()));
  std::string directory;
  if (how == Remember::directory) {
    auto bound = co_await deps.permissions.directory_of(action->scope, action->thread_id);
    if (!bound) co_return fail(std::move(bound.error()));
    directory = std::move(*bound);
  }
  const bool every_agent = how == Remember::everywhere || how == Remember::directory;
  const bool this_thread =
      how == Remember::thread || (how == Remember::directory && directory.empty());
  Permission permission{.id = base::new_id(action->updated_at),
                        .scope = action->scope,
                        .owner = action->owner,
                        .agent_id = every_agent ? "" : action->request.agent_id,
                        .thread_id = this_thread ? action->thread_id : "",
                        .tool = action->request.tool,
                        .operation = action->request.operation,
                        .pattern = std::move(params->pattern),
                        .directory = std::move(directory),
                        .commands = std::move(params->commands),
                        .created_by = action->resolved_by,
                        .created_at = action->updated_at};
  unit->changes.emplace_back(AppendAudit{permission_entry(permission, deps.redaction)});
  unit->changes.emplace_back(InsertPermission{std::move(permission)});
  co_return Result<void>();
}

Task<Result<Action>> Actions::settle(Action action, std::string actor, HumanAnswer answer) {
  const State& state = *state_;
  auto settled = co_await state.settlement(std::move(action), std::move(actor), answer);
  if (!settled) co_return fail(std::move(settled.error()));
  Unit unit{.scope = settled->action.scope,
            .account = account_of(settled->action.scope, settled->action.owner)};
  unit.changes.emplace_back(UpdateAction{.action = settled->action});
  wake_job_of(unit, settled->action, settled->action.updated_at);
  unit.changes.emplace_back(AppendAudit{
      approval_entry(settled->action, settled->actor, settled->edited, state.deps.redaction)});
  auto kept = co_await state.remember(&unit, &settled->action, &answer);
  if (!kept) co_return fail(std::move(kept.error()));
  if (!settled->action.run_id.empty()) add_tool_call(unit, *settled);
  auto stored = co_await state.deps.feed.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  if (!settled->action.run_id.empty()) {
    state.deps.runs.go_on(settled->action.scope, settled->action.run_id);
  }
  state.tell(settled->action);
  co_return std::move(settled->action);
}

// A change that overtakes ours is looked at again: it may be the answer, or none.
Task<Result<Action>> Actions::resolve(Principal who, std::string id, HumanAnswer answer) {
  for (int attempt = 1;; ++attempt) {
    auto action = co_await state_->mine(who, id);
    if (!action) co_return fail(std::move(action.error()));
    if (action->state != ActionState::pending_approval) {
      co_return fail(wrong_state(*action, "pending_approval"));
    }
    if (answer.token && !base::equal_in_constant_time(*answer.token, action->approval_token)) {
      co_return fail(ErrorKind::unauthorized, "the approval token is not this action's", "token");
    }
    auto settled = co_await settle(std::move(*action), who.user_id, answer);
    const bool overtaken = !settled && settled.error().kind == ErrorKind::conflict;
    if (!overtaken || attempt == attempts_max) co_return settled;
  }
}

// Whether it was settled. What cannot be approved without a human's answer is denied.
Task<bool> Actions::settle_without_answer(Action action) {
  if (state_->options.approve_when_expired) {
    HumanAnswer approval{
        .approve = true,
        .reason = std::string(no_answer_reason) + "; approvals.on_timeout approves it"};
    auto approved = co_await settle(action, "system", std::move(approval));
    if (approved || approved.error().kind != ErrorKind::invalid) co_return approved.has_value();
  }
  HumanAnswer denial{.reason = std::string(no_answer_reason)};
  auto denied = co_await settle(std::move(action), "system", std::move(denial));
  co_return denied.has_value();
}

Task<std::size_t> Actions::settle_expired() {
  std::size_t count = 0;
  const Time now = state_->deps.clock.now();
  EveryScopePage page;
  for (;;) {
    auto due = co_await state_->deps.store.expired_actions(now, page);
    if (!due) {
      base::log::error("expired_unreadable", {{"error", due.error().message}});
      co_return count;
    }
    const bool is_last = due->size() < page.limit;
    if (!due->empty()) page = page.after(due->back());
    for (Action& action : *due) {
      const bool settled = co_await settle_without_answer(std::move(action));
      if (settled) ++count;
      // Else somebody answered just now, or the next look tries again.
    }
    if (is_last) co_return count;
  }
}

// --- judging again -------------------------------------------------------------------------------

// What a run refused by itself was never the policy's to decide. Arguments are looked at in the
// same way again; which tools were offered then is on record only.
Task<Result<Verdict>> Actions::judge_again(Action action) const {
  const bool submitted = !is_call(action);
  const RequestForm form = submitted ? RequestForm::submitted : RequestForm::exact;
  auto verdict = state_->deps.judge.judge_recorded(action.request, form, action.decision);
  const bool refused = !submitted && is_refusal_of_run(action.decision.reason_code);
  if (!verdict || !refused || verdict->decision.outcome == Outcome::halt) co_return verdict;
  if (action.decision.reason_code == reason_code::tool_not_offered) {
    refuse_call(verdict->decision,
                {.message = std::move(action.decision.reason), .field = tool_field});
    co_return verdict;
  }
  auto arguments = base::parse_json(action.request.params, "params");
  if (!arguments) co_return verdict;
  ToolCall call{.id = action.tool_call_id,
                .run_id = action.run_id,
                .thread_id = action.thread_id,
                .tool = action.request.tool,
                .arguments = std::move(*arguments)};
  const auto prepared = co_await state_->deps.tools.prepare(caller_of(action), std::move(call),
                                                            std::nullopt, ArgumentsFrom::record);
  if (!prepared) refuse_call(verdict->decision, prepared.error());
  co_return verdict;
}

// --- executing ----------------------------------------------------------------------------------

Task<Result<Action>> Actions::State::startable(Principal who, std::string id) const {
  auto action = co_await mine(std::move(who), std::move(id));
  if (action && is_call(*action)) {
    co_return fail(ErrorKind::conflict, "the action is a tool call; whoever made it executes it");
  }
  co_return action;
}

// What was submitted has to be allowed, and the command alone, which is all that runs: no other
// member may have allowed it.
Task<Result<ExecutionPermit>> Actions::State::permit_for(const Action* action) const {
  auto command = submitted_command(*action);
  if (!command) co_return fail(std::move(command.error()));
  const auto refused = [] {
    return fail(ErrorKind::conflict, "the policy in force now does not allow it any more");
  };
  const bool approved = action->state == ActionState::approved;
  const auto whole = co_await deps.judge.judge(action->scope, action->request, RequestForm::exact);
  if (!whole) co_return fail(whole.error());
  const bool answered = approved && whole->decision.outcome == Outcome::abstain &&
                        whole->decision.request_hash == action->decision.request_hash;
  if (whole->decision.outcome != Outcome::execute && !answered) co_return refused();
  std::optional<Grant> grant;
  if (approved) {
    const auto alone =
        co_await deps.judge.judge(action->scope, command->request, RequestForm::exact);
    if (alone) grant = Grant{alone->decision.request_hash};
  }
  auto verdict = co_await deps.judge.decide_submitted(
      action->scope, command->call, std::move(command->request), std::move(grant));
  if (!verdict) co_return fail(std::move(verdict.error()));
  if (!verdict->permit) co_return refused();
  co_return std::move(*verdict->permit);
}

std::chrono::milliseconds Actions::State::time_for(const Action& action) const {
  const auto context = base::parse_json(action.request.context, "context");
  if (!context || !context->contains("timeout") || !context->at("timeout").is_number()) {
    return options.tool_time_max;
  }
  const double seconds = context->at("timeout").get<double>();
  const double most = std::chrono::duration<double>(options.tool_time_max).count();
  if (!(seconds > 0) || seconds > most) return options.tool_time_max;
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): lanes outlive coroutines
Task<Result<Action>> Actions::start(Principal who, std::string id, base::Lane& lane) {
  State& state = *state_;
  auto action = co_await state.startable(std::move(who), std::move(id));
  if (!action) co_return action;
  if (action->state != ActionState::allowed && action->state != ActionState::approved) {
    co_return fail(wrong_state(*action, "allowed or approved"));
  }
  const bool ours = action->request.tool == submitted_shell;
  std::optional<ExecutionPermit> permit;
  if (ours) {
    auto allowed = co_await state.permit_for(&*action);
    if (!allowed) co_return fail(std::move(allowed.error()));
    permit = std::move(*allowed);
  }
  Unit unit{.scope = action->scope, .account = account_of(action->scope, action->owner)};
  move(*action, ActionState::executing, std::string(executing_reason), state.deps.clock.now());
  unit.changes.emplace_back(UpdateAction{.action = *action});
  unit.changes.emplace_back(AppendAudit{state.started(*action)});
  if (!ours) {
    move(*action, ActionState::succeeded, "No executor for this tool type", state.deps.clock.now());
    unit.changes.emplace_back(UpdateAction{.action = *action});
    unit.changes.emplace_back(AppendAudit{state.finished(*action)});
  } else if (!state.enter()) {
    co_return fail(ErrorKind::unavailable, "the server is stopping");
  }
  auto stored = co_await state.deps.feed.commit(std::move(unit));
  if (!stored) {
    if (ours) state.leave();
    co_return fail(std::move(stored.error()));
  }
  if (ours) lane.spawn("action", execute(state_, &lane, *action, std::move(*permit)));
  co_return action;
}

Task<void> Actions::execute(std::shared_ptr<State> state, base::Lane* lane, Action action,
                            ExecutionPermit permit) {
  auto done = co_await execute_tool(&state->deps.tools, lane, caller_of(action), std::move(permit),
                                    state->time_for(action), state->stopping.get_token());
  const ActionState end = done.timed_out          ? ActionState::timeout
                          : done.outcome.is_error ? ActionState::failed
                                                  : ActionState::succeeded;
  std::string reason = first_characters(done.outcome.content, limits::end_reason_characters_max);
  if (reason.empty()) reason = end == ActionState::succeeded ? "ok" : "failed";
  move(action, end, std::move(reason), state->deps.clock.now());
  Unit unit{.scope = action.scope, .account = account_of(action.scope, action.owner)};
  // Its client may have reported a result meanwhile; then that counts.
  unit.changes.emplace_back(UpdateAction{.action = action, .if_unchanged = true});
  unit.changes.emplace_back(AppendAudit{state->finished(action)});
  // What it did is held until it is stored; a server that stops meanwhile says that it is unknown.
  const std::size_t spread = std::hash<std::string>{}(action.id);
  for (int attempt = 0;; ++attempt) {
    Unit now = unit;
    auto stored = co_await state->deps.feed.commit(std::move(now));
    if (stored) break;
    bool again = stored.error().retryable;
    if (!again) {
      base::log::error("commit_failed", {{"action", action.id}, {"error", stored.error().message}});
    } else if (attempt == 0) {
      base::log::warn("commit_delayed", {{"action", action.id}, {"error", stored.error().message}});
    }
    if (again) {
      again = co_await wait_to_retry(state->options.commit_retry, attempt, spread,
                                     state->stopping.get_token());
    }
    if (!again) break;
  }
  state->leave();
}

Task<Result<Action>> Actions::report(Principal who, std::string id, bool success,
                                     std::string error) {
  auto action = co_await state_->startable(std::move(who), std::move(id));
  if (!action) co_return action;
  if (action->state != ActionState::allowed && action->state != ActionState::approved &&
      action->state != ActionState::executing) {
    co_return fail(wrong_state(*action, "allowed, approved or executing"));
  }
  move(*action, success ? ActionState::succeeded : ActionState::failed,
       success ? "Execution completed" : reported_error(error), state_->deps.clock.now());
  Unit unit{.scope = action->scope, .account = account_of(action->scope, action->owner)};
  unit.changes.emplace_back(UpdateAction{.action = *action});
  unit.changes.emplace_back(AppendAudit{state_->finished(*action)});
  auto stored = co_await state_->deps.feed.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  co_return action;
}

// A question waits no longer than the longest wait from now, whatever its stored end says: the
// machine's clock may have been set back since, or the setting been lowered.
Task<Result<void>> Actions::State::cap_waits() const {
  constexpr Time the_last{std::numeric_limits<std::int64_t>::max()};
  const Time latest = deps.clock.now() + options.approval_time_max;
  EveryScopePage page;
  for (;;) {
    auto pending = co_await deps.store.expired_actions(the_last, page);
    if (!pending) co_return fail(std::move(pending.error()));
    const bool is_last = pending->size() < page.limit;
    if (!pending->empty()) page = page.after(pending->back());
    for (Action& action : *pending) {
      if (!action.expires_at || *action.expires_at <= latest) continue;
      base::log::warn("approval_wait_shortened", {{"action", action.id}});
      action.expires_at = latest;
      ++action.version;
      Unit unit{.scope = action.scope};
      unit.changes.emplace_back(UpdateAction{.action = std::move(action), .if_unchanged = true});
      const auto stored = co_await deps.feed.commit(std::move(unit));
      if (!stored && !stored.error().retryable) co_return fail(stored.error());
    }
    if (is_last) co_return Result<void>{};
  }
}

Task<Result<std::size_t>> Actions::recover() {
  State& state = *state_;
  auto capped = co_await state.cap_waits();
  if (!capped) co_return fail(std::move(capped.error()));
  std::size_t count = 0;
  EveryScopePage page;
  for (;;) {
    auto executing = co_await state.deps.store.executing_actions(page);
    if (!executing) co_return fail(std::move(executing.error()));
    const bool is_last = executing->size() < page.limit;
    if (!executing->empty()) page = page.after(executing->back());
    for (Action& action : *executing) {
      move(action, ActionState::failed,
           "The server was restarted while this ran. Whether it took effect is unknown.",
           state.deps.clock.now());
      Unit unit{.scope = action.scope, .account = account_of(action.scope, action.owner)};
      unit.changes.emplace_back(UpdateAction{.action = action});
      unit.changes.emplace_back(AppendAudit{state.finished(action)});
      auto stored = co_await state.deps.feed.commit(std::move(unit));
      if (!stored) co_return fail(std::move(stored.error()));
      ++count;
    }
    if (is_last) co_return count;
  }
}

void Actions::stop_all() {
  std::unique_lock lock(state_->mutex);
  state_->stopping.request_stop();
  state_->idle.wait(lock, [this] { return state_->running == 0; });
}

}  // namespace colonnade::core
