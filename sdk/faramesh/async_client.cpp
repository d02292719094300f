// The Faramesh client for coroutines. Every method copies its arguments before it returns; only the
// sending waits for the co_await.
#include "sdk/faramesh/calls.hpp"
#include "sdk/faramesh/flows.hpp"
#include "sdk/faramesh/session.hpp"

namespace colonnade::inline v1::faramesh {
namespace {

using colonnade::detail::AsyncEventStream;
using flows::awaited;

}  // namespace

AsyncClient::AsyncClient() : AsyncClient(Options{}) {}
AsyncClient::AsyncClient(const Options& options) : AsyncClient(detail::open_session(options)) {}
AsyncClient::AsyncClient(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}
AsyncClient::~AsyncClient() { close(); }
AsyncClient::AsyncClient(AsyncClient&&) noexcept = default;
AsyncClient& AsyncClient::operator=(AsyncClient&& other) noexcept {
  if (this != &other) {
    close();
    session_ = std::move(other.session_);
  }
  return *this;
}

Task<Action> AsyncClient::submit_action(const ActionRequest& request) const {
  return flows::submit(awaited(session_), request);
}
Task<std::vector<Action>> AsyncClient::list_actions() const {
  return awaited(session_)(calls::list(ListActions{}));
}
Task<std::vector<Action>> AsyncClient::list_actions(const ListActions& filter) const {
  return awaited(session_)(calls::list(filter));
}
Task<Action> AsyncClient::get_action(std::string_view id) const {
  return awaited(session_)(calls::get(id));
}
Task<Action> AsyncClient::approve_action(std::string_view id) const {
  return flows::settle(awaited(session_), std::string(id), Approval{}, true);
}
Task<Action> AsyncClient::approve_action(std::string_view id, const Approval& verdict) const {
  return flows::settle(awaited(session_), std::string(id), verdict, true);
}
Task<Action> AsyncClient::deny_action(std::string_view id) const {
  return flows::settle(awaited(session_), std::string(id), Approval{}, false);
}
Task<Action> AsyncClient::deny_action(std::string_view id, const Approval& verdict) const {
  return flows::settle(awaited(session_), std::string(id), verdict, false);
}
Task<GateDecision> AsyncClient::gate_decide(const ActionRequest& request) const {
  return awaited(session_)(calls::decide(request));
}
Task<Execution> AsyncClient::recorded_execution(const ActionRequest& request,
                                                detail::JsonExecutor executor) const {
  return flows::recorded_execution(awaited(session_), request, std::move(executor));
}
Task<std::vector<KeyedRequest>> AsyncClient::submit_actions(
    const std::vector<ActionRequest>& requests) const {
  return submit_actions_bulk(requests, Client::OnError::record);
}
Task<std::vector<KeyedRequest>> AsyncClient::submit_actions_bulk(
    const std::vector<ActionRequest>& requests, Client::OnError on_error) const {
  return flows::submit_all(awaited(session_), requests, on_error);
}
Task<Action> AsyncClient::submit_and_wait(const ActionRequest& request,
                                          const SubmitAndWait& options) const {
  return flows::submit_and_wait(awaited(session_), request, options);
}
Task<Action> AsyncClient::block_until_approved(std::string_view id) const {
  const Polling defaults{.interval = std::chrono::seconds(2), .timeout = std::chrono::seconds(300)};
  return block_until_approved(id, defaults);
}
Task<Action> AsyncClient::block_until_approved(std::string_view id, const Polling& polling) const {
  return flows::block_until_approved(awaited(session_), std::string(id), polling);
}
Task<Action> AsyncClient::wait_for_completion(std::string_view id) const {
  const Polling defaults;
  return wait_for_completion(id, defaults);
}
Task<Action> AsyncClient::wait_for_completion(std::string_view id, const Polling& polling) const {
  return flows::wait_for_completion(awaited(session_), std::string(id), polling);
}
Task<Action> AsyncClient::start_action(std::string_view id) const {
  return awaited(session_)(calls::start(id));
}
Task<Action> AsyncClient::report_result(std::string_view id, const ExecutionResult& result) const {
  return awaited(session_)(calls::report(id, result));
}
Task<Action> AsyncClient::replay_action(std::string_view id) const {
  return flows::replay_action(awaited(session_), std::string(id));
}
Task<ReplayResult> AsyncClient::replay_decision(std::string_view action_id) const {
  return flows::replay_decision(awaited(session_), std::string(action_id));
}
Task<ReplayResult> AsyncClient::replay_provenance(std::string_view provenance_id) const {
  return flows::replay_provenance(awaited(session_), std::string(provenance_id));
}
Task<std::vector<ActionEvent>> AsyncClient::action_events(std::string_view id) const {
  return awaited(session_)(calls::events(id));
}
AsyncStream<FeedEvent> AsyncClient::stream_events() const {
  const EventFilter everything;
  return stream_events(everything);
}
AsyncStream<FeedEvent> AsyncClient::stream_events(const EventFilter& filter) const {
  return AsyncStream<FeedEvent>(std::make_shared<AsyncEventStream<FeedEvent>>(
      session_->channel, calls::feed(), detail::feed_rules(filter)));
}
Task<PolicyInfo> AsyncClient::policy_info() const {
  return awaited(session_)(calls::policy_info());
}
Task<PolicyCheck> AsyncClient::validate_policy(std::string_view yaml) const {
  return awaited(session_)(calls::validate_policy(yaml));
}
Task<PolicyCheck> AsyncClient::validate_policy(const Policy& policy) const {
  return flows::validate_policy(awaited(session_), policy);
}
Task<bool> AsyncClient::health() const { return awaited(session_)(calls::health()); }
Task<bool> AsyncClient::ready() const { return awaited(session_)(calls::ready()); }
Task<Json> AsyncClient::request(std::string_view method, std::string_view path) const {
  return awaited(session_)(calls::request(method, path, Json()));
}
Task<Json> AsyncClient::request(std::string_view method, std::string_view path,
                                const Json& body) const {
  return awaited(session_)(calls::request(method, path, body));
}

const std::string& AsyncClient::agent_id() const noexcept { return session_->agent_id; }
AsyncClient AsyncClient::with(const CallOptions& options) const {
  return AsyncClient(detail::derive(*session_, options));
}
AsyncClient AsyncClient::with_token(std::string_view token) const {
  return AsyncClient(detail::derive(*session_, token));
}
void AsyncClient::close() noexcept { colonnade::detail::close(session_.get()); }

}  // namespace colonnade::inline v1::faramesh
