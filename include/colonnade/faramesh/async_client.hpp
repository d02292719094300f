// The Faramesh client for coroutines. Include colonnade/faramesh.hpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "colonnade/faramesh/client.hpp"
#include "colonnade/faramesh/policy.hpp"
#include "colonnade/faramesh/types.hpp"
#include "colonnade/stream.hpp"
#include "colonnade/task.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::faramesh {

namespace detail {

template <class T>
struct TaskResult {
  using type = T;
  static constexpr bool awaited = false;
};
template <class T>
struct TaskResult<Task<T>> {
  using type = T;
  static constexpr bool awaited = true;
};

// Waits for the verdict, then runs `executor`, which may itself give a Task. Everything by value:
// it outlives its caller's arguments.
template <class F>
auto execute_when_allowed(Task<GateDecision> asking, ActionRequest request, F executor)
    -> Task<typename TaskResult<std::decay_t<decltype(run_executor(executor, request))>>::type> {
  using Ran = TaskResult<std::decay_t<decltype(run_executor(executor, request))>>;
  GateDecision decision = co_await std::move(asking);
  const ActionRequest allowed = allowed_request(request, decision);
  if constexpr (Ran::awaited) {
    auto running = run_executor(executor, allowed);
    if constexpr (std::is_void_v<typename Ran::type>) {
      co_await std::move(running);
    } else {
      auto value = co_await std::move(running);
      co_return value;
    }
  } else if constexpr (std::is_void_v<typename Ran::type>) {
    run_executor(executor, allowed);
  } else {
    co_return run_executor(executor, allowed);
  }
}

}  // namespace detail

// The methods of Client, but for tail_events(): a loop over stream_events() is one. Each reads its
// arguments before it returns, so they need not outlive the call. The work starts when the Task is
// awaited, and so do errors come from there. Requests are taken by name only: a braced temporary
// inside co_await is freed twice by g++ 12.
class COLONNADE_API AsyncClient {
 public:
  AsyncClient();
  explicit AsyncClient(const Options& options);
  ~AsyncClient();
  AsyncClient(AsyncClient&&) noexcept;
  AsyncClient& operator=(AsyncClient&&) noexcept;

  Task<Action> submit_action(const ActionRequest& request) const;
  Task<Action> submit_action(ActionRequest&&) const = delete;
  Task<std::vector<Action>> list_actions() const;
  Task<std::vector<Action>> list_actions(const ListActions& filter) const;
  Task<std::vector<Action>> list_actions(ListActions&&) const = delete;
  Task<Action> get_action(std::string_view id) const;
  Task<Action> approve_action(std::string_view id) const;
  Task<Action> approve_action(std::string_view id, const Approval& verdict) const;
  Task<Action> approve_action(std::string_view id, Approval&&) const = delete;
  Task<Action> deny_action(std::string_view id) const;
  Task<Action> deny_action(std::string_view id, const Approval& verdict) const;
  Task<Action> deny_action(std::string_view id, Approval&&) const = delete;
  // Other names of the two.
  Task<Action> allow(std::string_view id) const { return approve_action(id); }
  Task<Action> allow(std::string_view id, const Approval& verdict) const {
    return approve_action(id, verdict);
  }
  Task<Action> allow(std::string_view id, Approval&&) const = delete;
  Task<Action> deny(std::string_view id) const { return deny_action(id); }
  Task<Action> deny(std::string_view id, const Approval& verdict) const {
    return deny_action(id, verdict);
  }
  Task<Action> deny(std::string_view id, Approval&&) const = delete;
  Task<Action> reject_action(std::string_view id) const { return deny_action(id); }
  Task<Action> reject_action(std::string_view id, const Approval& verdict) const {
    return deny_action(id, verdict);
  }
  Task<Action> reject_action(std::string_view id, Approval&&) const = delete;

  Task<GateDecision> gate_decide(const ActionRequest& request) const;
  Task<GateDecision> gate_decide(ActionRequest&&) const = delete;
  // `executor` may give a value or a Task.
  template <Executor F>
  auto execute_if_allowed(const ActionRequest& request, F executor) const {
    return detail::execute_when_allowed(gate_decide(request), request, std::move(executor));
  }
  template <Executor F>
  auto execute_if_allowed(ActionRequest&&, F) const = delete;
  template <Executor F>
  Task<Execution> try_execute_if_allowed(const ActionRequest& request, F executor) const {
    return recorded_execution(request, detail::json_executor(std::move(executor)));
  }

  Task<std::vector<KeyedRequest>> submit_actions(const std::vector<ActionRequest>& requests) const;
  Task<std::vector<KeyedRequest>> submit_actions(std::vector<ActionRequest>&&) const = delete;
  Task<std::vector<KeyedRequest>> submit_actions_bulk(const std::vector<ActionRequest>& requests,
                                                      Client::OnError on_error) const;
  Task<std::vector<KeyedRequest>> submit_actions_bulk(std::vector<ActionRequest>&&,
                                                      Client::OnError) const = delete;
  Task<Action> submit_and_wait(const ActionRequest& request, const SubmitAndWait& options) const;
  Task<Action> submit_and_wait(ActionRequest&&, const SubmitAndWait&) const = delete;
  Task<Action> submit_and_wait(const ActionRequest&, SubmitAndWait&&) const = delete;
  Task<Action> block_until_approved(std::string_view id) const;
  Task<Action> block_until_approved(std::string_view id, const Polling& polling) const;
  Task<Action> block_until_approved(std::string_view id, Polling&&) const = delete;
  Task<Action> wait_for_completion(std::string_view id) const;
  Task<Action> wait_for_completion(std::string_view id, const Polling& polling) const;
  Task<Action> wait_for_completion(std::string_view id, Polling&&) const = delete;

  Task<Action> start_action(std::string_view id) const;
  Task<Action> report_result(std::string_view id, const ExecutionResult& result) const;
  Task<Action> report_result(std::string_view id, ExecutionResult&&) const = delete;
  Task<Action> replay_action(std::string_view id) const;
  Task<ReplayResult> replay_decision(std::string_view action_id) const;
  Task<ReplayResult> replay_provenance(std::string_view provenance_id) const;

  Task<std::vector<ActionEvent>> action_events(std::string_view id) const;
  AsyncStream<FeedEvent> stream_events() const;
  AsyncStream<FeedEvent> stream_events(const EventFilter& filter) const;
  AsyncStream<FeedEvent> stream_events(EventFilter&&) const = delete;

  Task<PolicyInfo> policy_info() const;
  Task<PolicyCheck> validate_policy(std::string_view yaml) const;
  Task<PolicyCheck> validate_policy(const Policy& policy) const;
  Task<PolicyCheck> validate_policy(Policy&&) const = delete;
  Task<bool> health() const;
  Task<bool> ready() const;
  Task<Json> request(std::string_view method, std::string_view path) const;
  Task<Json> request(std::string_view method, std::string_view path, const Json& body) const;

  const std::string& agent_id() const noexcept;
  AsyncClient with(const CallOptions& options) const;
  AsyncClient with(CallOptions&&) const = delete;
  AsyncClient with_token(std::string_view token) const;
  // Does not wait: running calls end with CancelledError soon after.
  void close() noexcept;

 private:
  friend class AsyncGoverned;
  explicit AsyncClient(std::shared_ptr<const detail::Session> session);
  Task<Execution> recorded_execution(const ActionRequest& request,
                                     detail::JsonExecutor executor) const;
  std::shared_ptr<const detail::Session> session_;
};

}  // namespace colonnade::inline v1::faramesh
