// The blocking Faramesh client: every request and every flow, run on the caller's thread.
#include "colonnade/faramesh.hpp"

#include "sdk/faramesh/calls.hpp"
#include "sdk/faramesh/flows.hpp"
#include "sdk/faramesh/session.hpp"

namespace colonnade::inline v1::faramesh {
namespace {

using colonnade::detail::BlockingEventStream;
using flows::blocking;

template <class T>
T perform(const std::shared_ptr<const detail::Session>& session, calls::PlannedCall<T> call) {
  return run(blocking(session)(std::move(call)));
}

}  // namespace

Client::Client() : Client(Options{}) {}
Client::Client(const Options& options) : Client(detail::open_session(options)) {}
Client::Client(std::shared_ptr<const detail::Session> session) : session_(std::move(session)) {}
Client::~Client() { close(); }
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&& other) noexcept {
  if (this != &other) {
    close();
    session_ = std::move(other.session_);
  }
  return *this;
}

Action Client::submit_action(const ActionRequest& request) const {
  return run(flows::submit(blocking(session_), request));
}
std::vector<Action> Client::list_actions(const ListActions& filter) const {
  return perform(session_, calls::list(filter));
}
Action Client::get_action(std::string_view id) const { return perform(session_, calls::get(id)); }
Action Client::approve_action(std::string_view id, const Approval& verdict) const {
  return run(flows::settle(blocking(session_), std::string(id), verdict, true));
}
Action Client::deny_action(std::string_view id, const Approval& verdict) const {
  return run(flows::settle(blocking(session_), std::string(id), verdict, false));
}
Action Client::allow(std::string_view id, const Approval& verdict) const {
  return approve_action(id, verdict);
}
Action Client::deny(std::string_view id, const Approval& verdict) const {
  return deny_action(id, verdict);
}
Action Client::reject_action(std::string_view id, const Approval& verdict) const {
  return deny_action(id, verdict);
}
GateDecision Client::gate_decide(const ActionRequest& request) const {
  return perform(session_, calls::decide(request));
}
Execution Client::recorded_execution(const ActionRequest& request,
                                     const detail::JsonExecutor& executor) const {
  return run(flows::recorded_execution(blocking(session_), request, executor));
}
std::vector<KeyedRequest> Client::submit_actions(const std::vector<ActionRequest>& requests) const {
  return submit_actions_bulk(requests);
}
std::vector<KeyedRequest> Client::submit_actions_bulk(const std::vector<ActionRequest>& requests,
                                                      OnError on_error) const {
  return run(flows::submit_all(blocking(session_), requests, on_error));
}
Action Client::submit_and_wait(const ActionRequest& request, const SubmitAndWait& options) const {
  return run(flows::submit_and_wait(blocking(session_), request, options));
}
Action Client::block_until_approved(std::string_view id, const Polling& polling) const {
  return run(flows::block_until_approved(blocking(session_), std::string(id), polling));
}
Action Client::wait_for_completion(std::string_view id, const Polling& polling) const {
  return run(flows::wait_for_completion(blocking(session_), std::string(id), polling));
}
Action Client::start_action(std::string_view id) const {
  return perform(session_, calls::start(id));
}
Action Client::report_result(std::string_view id, const ExecutionResult& result) const {
  return perform(session_, calls::report(id, result));
}
Action Client::replay_action(std::string_view id) const {
  return run(flows::replay_action(blocking(session_), std::string(id)));
}
ReplayResult Client::replay_decision(std::string_view action_id) const {
  return run(flows::replay_decision(blocking(session_), std::string(action_id)));
}
ReplayResult Client::replay_provenance(std::string_view provenance_id) const {
  return run(flows::replay_provenance(blocking(session_), std::string(provenance_id)));
}
std::vector<ActionEvent> Client::action_events(std::string_view id) const {
  return perform(session_, calls::events(id));
}
Stream<FeedEvent> Client::stream_events(const EventFilter& filter) const {
  return Stream<FeedEvent>(std::make_unique<BlockingEventStream<FeedEvent>>(
      session_->channel, calls::feed(), detail::feed_rules(filter)));
}
void Client::tail_events(const std::function<bool(const FeedEvent&)>& on_event,
                         const EventFilter& filter) const {
  for (const FeedEvent& event : stream_events(filter)) {
    if (!on_event(event)) return;
  }
}
PolicyInfo Client::policy_info() const { return perform(session_, calls::policy_info()); }
PolicyCheck Client::validate_policy(std::string_view yaml) const {
  return perform(session_, calls::validate_policy(yaml));
}
PolicyCheck Client::validate_policy(const Policy& policy) const {
  return run(flows::validate_policy(blocking(session_), policy));
}
bool Client::health() const { return perform(session_, calls::health()); }
bool Client::ready() const { return perform(session_, calls::ready()); }
Json Client::request(std::string_view method, std::string_view path, const Json& body) const {
  return perform(session_, calls::request(method, path, body));
}

const std::string& Client::agent_id() const noexcept { return session_->agent_id; }
Client Client::with(const CallOptions& options) const {
  return Client(detail::derive(*session_, options));
}
Client Client::with_token(std::string_view token) const {
  return Client(detail::derive(*session_, token));
}
void Client::close() noexcept { colonnade::detail::close(session_.get()); }

}  // namespace colonnade::inline v1::faramesh
