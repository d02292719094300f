// The blocking Faramesh client. Include colonnade/faramesh.hpp.
#pragma once

#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "colonnade/faramesh/errors.hpp"
#include "colonnade/faramesh/policy.hpp"
#include "colonnade/faramesh/types.hpp"
#include "colonnade/options.hpp"
#include "colonnade/stream.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::faramesh {

namespace detail {
class Session;

// What `decision` allows: `request` as the gate hashed it. NotAllowedError unless the verdict is
// EXECUTE, HashMismatchError when the verdict is about something else.
COLONNADE_API ActionRequest allowed_request(const ActionRequest& request,
                                            const GateDecision& decision);

template <class F>
concept WholeExecutor =
    std::invocable<F&, const std::string&, const std::string&, const Json&, const Json&>;
template <class F>
concept ParamsExecutor = std::invocable<F&, const Json&> && !WholeExecutor<F>;

}  // namespace detail

// Runs an allowed action: `executor(params)` or `executor(tool, operation, params, context)`.
template <class F>
concept Executor = detail::WholeExecutor<F> || detail::ParamsExecutor<F>;

namespace detail {

template <Executor F>
decltype(auto) run_executor(F& executor, const ActionRequest& request) {
  if constexpr (WholeExecutor<F>) {
    return std::invoke(executor, request.tool, request.operation, request.params, request.context);
  } else {
    return std::invoke(executor, request.params);
  }
}

// What `executor` gives as JSON; null for nothing.
using JsonExecutor = std::function<Json(const ActionRequest& request)>;

template <Executor F>
JsonExecutor json_executor(F executor) {
  return [executor = std::move(executor)](const ActionRequest& request) mutable -> Json {
    if constexpr (std::is_void_v<decltype(run_executor(executor, request))>) {
      run_executor(executor, request);
      return {};
    } else {
      return Json(run_executor(executor, request));
    }
  };
}

}  // namespace detail

// A client that was constructed is the root of its connection pool; those made by with() and
// with_token() are derived from it and share the pool. Closing or destroying the root closes idle
// connections and aborts running calls and streams with CancelledError; the derived clients then
// throw Error with code "closed". Closing or destroying a derived client touches nothing.
class COLONNADE_API Client {
 public:
  Client();
  explicit Client(const Options& options);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  // Records the action and has it judged. PolicyError, with the recorded action, when it is denied.
  // Each call is a submission of its own; its repetitions carry one Idempotency-Key.
  Action submit_action(const ActionRequest& request) const;
  std::vector<Action> list_actions(const ListActions& filter = {}) const;
  Action get_action(std::string_view id) const;
  // A human's verdict. Error with code "invalid_state" when the action is not pending, AuthError
  // for a wrong approval token.
  Action approve_action(std::string_view id, const Approval& verdict = {}) const;
  Action deny_action(std::string_view id, const Approval& verdict = {}) const;
  // Other names of the two.
  Action allow(std::string_view id, const Approval& verdict = {}) const;
  Action deny(std::string_view id, const Approval& verdict = {}) const;
  Action reject_action(std::string_view id, const Approval& verdict = {}) const;

  // Asks only: records nothing.
  GateDecision gate_decide(const ActionRequest& request) const;
  // Asks, and runs `executor` when, and only when, the verdict is EXECUTE and is about this very
  // request; else NotAllowedError. Gives, or throws, what the executor does.
  template <Executor F>
  auto execute_if_allowed(const ActionRequest& request, F&& executor) const {
    const ActionRequest allowed = detail::allowed_request(request, gate_decide(request));
    return detail::run_executor(executor, allowed);
  }
  // The same as a record, for callers that branch: throws neither for HALT and ABSTAIN nor for an
  // std::exception of the executor. A server that cannot be asked throws all the same.
  template <Executor F>
  Execution try_execute_if_allowed(const ActionRequest& request, F executor) const {
    return recorded_execution(request, detail::json_executor(std::move(executor)));
  }

  // One after the other; a submission that fails does not stop the rest.
  std::vector<KeyedRequest> submit_actions(const std::vector<ActionRequest>& requests) const;
  // The same; `raise_on_error`: BatchError at the end when any failed.
  enum class OnError { record, raise };
  std::vector<KeyedRequest> submit_actions_bulk(const std::vector<ActionRequest>& requests,
                                                OnError on_error = OnError::record) const;
  // TimeoutError when the action does not get there in time, DeniedError when a human says no.
  Action submit_and_wait(const ActionRequest& request, const SubmitAndWait& options = {}) const;
  // Until a human, or the policy, has let it pass. DeniedError, or ApprovalTimeoutError.
  Action block_until_approved(std::string_view id, const Polling& polling = {
                                                       .interval = std::chrono::seconds(2),
                                                       .timeout = std::chrono::seconds(300)}) const;
  // Until it is final: denied, succeeded, failed or timeout. TimeoutError.
  Action wait_for_completion(std::string_view id, const Polling& polling = {}) const;

  // Has the server run an allowed or approved action.
  Action start_action(std::string_view id) const;
  // Tells the server how an action went that this program ran itself.
  Action report_result(std::string_view id, const ExecutionResult& result) const;
  // Submits an allowed, approved or succeeded action again, marked in its context.
  Action replay_action(std::string_view id) const;
  // Whether the gate would decide the same today. The second looks through the newest 1000 actions.
  ReplayResult replay_decision(std::string_view action_id) const;
  ReplayResult replay_provenance(std::string_view provenance_id) const;

  std::vector<ActionEvent> action_events(std::string_view id) const;  // oldest first
  // Live, after up to ten of the newest earlier events. Opens before it returns.
  Stream<FeedEvent> stream_events(const EventFilter& filter = {}) const;
  // Calls `on_event` for each until it gives false, the server ends or a stop is requested.
  void tail_events(const std::function<bool(const FeedEvent&)>& on_event,
                   const EventFilter& filter = {}) const;

  PolicyInfo policy_info() const;
  // Has the server check a policy. NotFoundError at servers that cannot.
  PolicyCheck validate_policy(std::string_view yaml) const;
  // Checks here first, and only here at servers that cannot.
  PolicyCheck validate_policy(const Policy& policy) const;

  bool health() const;  // whether the server says "healthy"; needs no token
  bool ready() const;   // false when it answers 503; needs no token

  // Any other route: `path` follows the base URL and is sent as it is; `body` null is no body. The
  // reply's JSON.
  Json request(std::string_view method, std::string_view path, const Json& body = {}) const;

  // Who governed tools act as.
  const std::string& agent_id() const noexcept;
  // A derived client for calls with a time limit, a stop token or an idempotency key. The time
  // limit is of each request with its repetitions; what polls has a limit of its own beside it.
  Client with(const CallOptions& options) const;
  // A derived client with another token; makes no request. "" has no token at all.
  Client with_token(std::string_view token) const;
  void close() noexcept;  // idempotent

 private:
  friend class Governed;
  explicit Client(std::shared_ptr<const detail::Session> session);
  Execution recorded_execution(const ActionRequest& request,
                               const detail::JsonExecutor& executor) const;
  std::shared_ptr<const detail::Session> session_;
};

}  // namespace colonnade::inline v1::faramesh
