#include "sdk/faramesh/flows.hpp"

#include <algorithm>
#include <optional>

namespace colonnade::inline v1::faramesh::flows {
namespace {

using Clock = std::chrono::steady_clock;
using colonnade::detail::EitherStop;

// Looks at an action until `arrived` says yes or the time is up: nothing then. The last look is
// after the deadline, so a short interval is never what made it late.
Task<std::optional<Action>> poll_until(Caller caller, std::string id, Polling polling,
                                       bool (*arrived)(const Action& action),
                                       std::shared_ptr<Action> last) {
  const auto began = Clock::now();
  const auto interval = std::max(polling.interval, std::chrono::milliseconds(1));
  for (;;) {
    Action action = co_await caller(calls::get(id));
    *last = action;
    if (arrived(action)) co_return action;
    const auto used = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
    if (used >= polling.timeout) co_return std::nullopt;
    const auto& channel = *caller.session->channel;
    const auto stop = std::make_shared<EitherStop>(channel.scope.stop, channel.pool->closing());
    const std::chrono::milliseconds pause = std::min(interval, polling.timeout - used);
    // A stop is noticed by the next look, which then fails with it.
    [[maybe_unused]] const bool slept = co_await sleep_for(pause, stop->token());
  }
}

void require_polling(const Caller& caller, const Polling& polling) {
  if (polling.interval.count() < 0 || polling.timeout.count() < 0) {
    caller.session->fail(colonnade::detail::usage("Polling: a negative time"));
  }
}

bool is_decided(const Action& action) {
  return action.status != Status::pending_approval && action.status != Status::unknown;
}
bool is_completed(const Action& action) { return is_final(action.status); }

bool may_run(const Action& action) {
  return action.status == Status::allowed || action.status == Status::approved;
}

Polling remaining(const Polling& polling, Clock::time_point began) {
  const auto used = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
  const auto left = std::max(polling.timeout - used, std::chrono::milliseconds(0));
  return {.interval = polling.interval, .timeout = left};
}

RefusedError wrong_state(std::string message) {
  return RefusedError(Failure{.kind = ErrorKind::usage, .message = std::move(message)},
                      "invalid_state");
}

std::string shown(const std::optional<std::string>& text) { return text.value_or("null"); }

ReplayResult compare(Action original, GateDecision replayed) {
  ReplayResult out;
  const auto same = [&](std::string_view what, const std::string& before,
                        const std::string& after) {
    if (before == after) return true;
    out.mismatches.push_back(std::string(what) + " was " + before + " and is " + after);
    return false;
  };
  out.outcome_match = same("outcome", original.outcome_text, replayed.outcome_text);
  out.reason_code_match = same("reason_code", original.reason_code, replayed.reason_code);
  out.request_hash_match = same("request_hash", original.request_hash, replayed.request_hash);
  out.policy_hash_match =
      same("policy_hash", shown(original.policy_hash), shown(replayed.policy_hash));
  out.profile_hash_match =
      same("profile_hash", shown(original.profile_hash), shown(replayed.profile_hash));
  out.runtime_version_match =
      same("runtime_version", shown(original.runtime_version), shown(replayed.runtime_version));
  out.success = out.mismatches.empty();
  out.original = std::move(original);
  out.replayed = std::move(replayed);
  return out;
}

Task<ReplayResult> replay(Caller caller, Action original) {
  const ActionRequest request = request_of(original);
  GateDecision replayed = co_await caller(calls::decide(request));
  co_return compare(std::move(original), std::move(replayed));
}

// One entry of a batch; nothing but a stop or a closed client ends the batch.
Task<KeyedRequest> submit_one(Caller caller, ActionRequest request, std::size_t index) {
  KeyedRequest out{.index = index, .request = request};
  Task<Action> submitting = submit(caller, request);
  Result<Action> result = co_await attempt(std::move(submitting));
  if (result) {
    out.action = *std::move(result);
    co_return out;
  }
  out.failure = result.error();
  try {
    std::rethrow_exception(result.error().origin);
  } catch (const CancelledError&) {
    throw;
  } catch (const PolicyError& denied) {
    out.action = denied.action();
  } catch (const Error& error) {
    if (error.failure().kind == ErrorKind::closed) throw;
  }
  co_return out;
}

}  // namespace

Task<Action> submit(Caller caller, ActionRequest request) {
  Action action = co_await caller(calls::submit(request));
  const bool denied = action.status == Status::denied ||
                      (action.decision == "deny" && action.status != Status::pending_approval);
  if (denied) throw PolicyError(std::move(action));
  co_return action;
}

Task<Action> settle(Caller caller, std::string id, Approval verdict, bool approve) {
  if (verdict.token.empty()) {
    Action action = co_await caller(calls::get(id));
    if (action.status != Status::pending_approval) {
      throw wrong_state("action " + id + " is " + action.status_text +
                        "; only a pending action can be decided about");
    }
    if (!action.approval_token || action.approval_token->empty()) {
      throw wrong_state("the server does not show the approval token of action " + id +
                        "; give it in Approval::token");
    }
    verdict.token = *action.approval_token;
  }
  Action settled = co_await caller(calls::settle(id, verdict, approve));
  co_return settled;
}

Task<std::vector<KeyedRequest>> submit_all(Caller caller, std::vector<ActionRequest> requests,
                                           Client::OnError on_error) {
  std::vector<KeyedRequest> all;
  std::size_t failed = 0;
  for (std::size_t index = 0; index < requests.size(); ++index) {
    KeyedRequest one = co_await submit_one(caller, requests[index], index);
    failed += one.failure ? 1 : 0;
    all.push_back(std::move(one));
  }
  if (failed == 0 || on_error == Client::OnError::record) co_return all;
  std::vector<KeyedRequest> successes;
  std::vector<KeyedRequest> errors;
  for (KeyedRequest& one : all) (one.failure ? errors : successes).push_back(std::move(one));
  throw BatchError(std::move(successes), std::move(errors));
}

Task<Action> submit_and_wait(Caller caller, ActionRequest request, SubmitAndWait options) {
  require_polling(caller, options.polling);
  const auto began = Clock::now();
  Action action = co_await submit(caller, request);
  const std::string id = action.id;
  if (action.status == Status::pending_approval) {
    if (!options.require_approval) co_return action;
    const Polling left = remaining(options.polling, began);
    action = co_await block_until_approved(caller, id, left);
  }
  if (!options.auto_start || is_final(action.status)) co_return action;
  if (may_run(action)) {
    action = co_await caller(calls::start(id));
    if (is_final(action.status)) co_return action;
  }
  const Polling left = remaining(options.polling, began);
  action = co_await wait_for_completion(caller, id, left);
  co_return action;
}

Task<Action> block_until_approved(Caller caller, std::string id, Polling polling) {
  require_polling(caller, polling);
  const auto last = std::make_shared<Action>();
  std::optional<Action> decided = co_await poll_until(caller, id, polling, &is_decided, last);
  if (!decided) throw ApprovalTimeoutError(*last);
  if (decided->status == Status::denied) throw DeniedError(*std::move(decided));
  co_return *std::move(decided);
}

Task<Action> wait_for_completion(Caller caller, std::string id, Polling polling) {
  require_polling(caller, polling);
  const auto last = std::make_shared<Action>();
  std::optional<Action> completed = co_await poll_until(caller, id, polling, &is_completed, last);
  if (!completed) {
    throw TimeoutError(Failure{.kind = ErrorKind::transport,
                               .message = "action " + id + " is still " + last->status_text +
                                          " after " + std::to_string(polling.timeout.count()) +
                                          " ms",
                               .transport = TransportErrorKind::timeout});
  }
  co_return *std::move(completed);
}

Task<Action> replay_action(Caller caller, std::string id) {
  Action original = co_await caller(calls::get(id));
  if (!may_run(original) && original.status != Status::succeeded) {
    throw wrong_state("action " + id + " is " + original.status_text +
                      "; only an allowed, approved or succeeded action can be replayed");
  }
  ActionRequest request = request_of(original);
  request.context.set("replayed_from", original.id).set("replay", true);
  Action replayed = co_await submit(caller, request);
  co_return replayed;
}

Task<ReplayResult> replay_decision(Caller caller, std::string action_id) {
  Action original = co_await caller(calls::get(action_id));
  ReplayResult result = co_await replay(caller, std::move(original));
  co_return result;
}

Task<ReplayResult> replay_provenance(Caller caller, std::string provenance_id) {
  if (provenance_id.empty()) {
    caller.session->fail(colonnade::detail::usage("the provenance id is empty"));
  }
  const ListActions newest{.limit = 1000};
  std::vector<Action> actions = co_await caller(calls::list(newest));
  const auto found = std::ranges::find(actions, provenance_id, &Action::provenance_id);
  if (found == actions.end()) {
    throw NotFoundError(
        Failure{.kind = ErrorKind::http,
                .message = "none of the newest 1000 actions has provenance id " + provenance_id,
                .status = 404});
  }
  Action original = std::move(*found);
  ReplayResult result = co_await replay(caller, std::move(original));
  co_return result;
}

Task<PolicyCheck> validate_policy(Caller caller, Policy policy) {
  PolicyCheck check;
  check.errors = policy.validate();
  if (!check.errors.empty()) co_return check;
  const std::string yaml = policy.to_yaml();
  Task<PolicyCheck> asking = caller(calls::validate_policy(yaml));
  Result<PolicyCheck> checked = co_await attempt(std::move(asking));
  // A server without this route has no opinion.
  check.valid = !checked && checked.error().status == 404;
  if (check.valid) co_return check;
  co_return std::move(checked).value();
}

Task<Execution> recorded_execution(Caller caller, ActionRequest request,
                                   detail::JsonExecutor executor) {
  Execution out;
  out.decision = co_await caller(calls::decide(request));
  if (out.decision.outcome != Outcome::execute) co_return out;
  const ActionRequest allowed = detail::allowed_request(request, out.decision);
  try {
    out.execution_result = executor(allowed);
    out.executed = true;
  } catch (const std::exception& error) {
    out.execution_error = error.what();
  }
  co_return out;
}

}  // namespace colonnade::inline v1::faramesh::flows
