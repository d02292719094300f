// The free functions over the client of the process.
#include <mutex>
#include <utility>

#include "colonnade/faramesh.hpp"

namespace colonnade::inline v1::faramesh {
namespace {

struct Process {
  std::mutex mutex;
  std::shared_ptr<const Client> client;
};

Process& process() {
  static Process one;
  return one;
}

ActionRequest request_from(std::string_view agent_id, std::string_view tool,
                           std::string_view operation, const Json& params, const Json& context) {
  return {.agent_id = std::string(agent_id),
          .tool = std::string(tool),
          .operation = std::string(operation),
          .params = params,
          .context = context};
}

}  // namespace

void configure(const Options& options) {
  auto client = std::make_shared<const Client>(options);
  Process& here = process();
  const std::lock_guard lock(here.mutex);
  here.client.swap(client);
}

std::shared_ptr<const Client> default_client() {
  Process& here = process();
  const std::lock_guard lock(here.mutex);
  if (!here.client) here.client = std::make_shared<const Client>();
  return here.client;
}

Action submit_action(const ActionRequest& request) {
  return default_client()->submit_action(request);
}
Action submit_action(std::string_view agent_id, std::string_view tool, std::string_view operation,
                     const Json& params, const Json& context) {
  return submit_action(request_from(agent_id, tool, operation, params, context));
}
std::vector<Action> list_actions(const ListActions& filter) {
  return default_client()->list_actions(filter);
}
Action get_action(std::string_view id) { return default_client()->get_action(id); }
Action approve_action(std::string_view id, const Approval& verdict) {
  return default_client()->approve_action(id, verdict);
}
Action deny_action(std::string_view id, const Approval& verdict) {
  return default_client()->deny_action(id, verdict);
}
Action reject_action(std::string_view id, const Approval& verdict) {
  return deny_action(id, verdict);
}
Action allow(std::string_view id, const Approval& verdict) { return approve_action(id, verdict); }
Action deny(std::string_view id, const Approval& verdict) { return deny_action(id, verdict); }
GateDecision gate_decide(const ActionRequest& request) {
  return default_client()->gate_decide(request);
}
GateDecision gate_decide(std::string_view agent_id, std::string_view tool,
                         std::string_view operation, const Json& params, const Json& context) {
  return gate_decide(request_from(agent_id, tool, operation, params, context));
}
std::vector<KeyedRequest> submit_actions(const std::vector<ActionRequest>& requests) {
  return default_client()->submit_actions(requests);
}
std::vector<KeyedRequest> submit_actions_bulk(const std::vector<ActionRequest>& requests,
                                              Client::OnError on_error) {
  return default_client()->submit_actions_bulk(requests, on_error);
}
Action submit_and_wait(const ActionRequest& request, const SubmitAndWait& options) {
  return default_client()->submit_and_wait(request, options);
}
Action block_until_approved(std::string_view id, const Polling& polling) {
  return default_client()->block_until_approved(id, polling);
}
Action wait_for_completion(std::string_view id, const Polling& polling) {
  return default_client()->wait_for_completion(id, polling);
}
Action start_action(std::string_view id) { return default_client()->start_action(id); }
Action report_result(std::string_view id, const ExecutionResult& result) {
  return default_client()->report_result(id, result);
}
Action replay_action(std::string_view id) { return default_client()->replay_action(id); }
ReplayResult replay_decision(std::string_view action_id) {
  return default_client()->replay_decision(action_id);
}
ReplayResult replay_provenance(std::string_view provenance_id) {
  return default_client()->replay_provenance(provenance_id);
}
std::vector<ActionEvent> action_events(std::string_view id) {
  return default_client()->action_events(id);
}
Stream<FeedEvent> stream_events(const EventFilter& filter) {
  return default_client()->stream_events(filter);
}
void tail_events(const std::function<bool(const FeedEvent&)>& on_event, const EventFilter& filter) {
  default_client()->tail_events(on_event, filter);
}
PolicyInfo policy_info() { return default_client()->policy_info(); }
PolicyCheck validate_policy(std::string_view yaml) {
  return default_client()->validate_policy(yaml);
}
PolicyCheck validate_policy(const Policy& policy) {
  return default_client()->validate_policy(policy);
}
Governed governed(std::string_view tool, Governed::Function function, GovernedOptions options) {
  return Governed(*default_client(), tool, std::move(function), std::move(options));
}

}  // namespace colonnade::inline v1::faramesh
