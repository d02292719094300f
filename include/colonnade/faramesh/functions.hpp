// The client's methods as free functions over one client of the process. Include
// colonnade/faramesh.hpp.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "colonnade/faramesh/client.hpp"
#include "colonnade/faramesh/governed.hpp"
#include "colonnade/faramesh/types.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::faramesh {

// Replaces the client of the process. Calls that run go on with the one they started with. Safe
// from any thread.
COLONNADE_API void configure(const Options& options);
// The client of the process, made from the environment by the first use when configure() was not
// called.
COLONNADE_API std::shared_ptr<const Client> default_client();

COLONNADE_API Action submit_action(const ActionRequest& request);
COLONNADE_API Action submit_action(std::string_view agent_id, std::string_view tool,
                                   std::string_view operation, const Json& params = {},
                                   const Json& context = {});
COLONNADE_API std::vector<Action> list_actions(const ListActions& filter = {});
COLONNADE_API Action get_action(std::string_view id);
COLONNADE_API Action approve_action(std::string_view id, const Approval& verdict = {});
COLONNADE_API Action deny_action(std::string_view id, const Approval& verdict = {});
COLONNADE_API Action reject_action(std::string_view id, const Approval& verdict = {});
COLONNADE_API Action allow(std::string_view id, const Approval& verdict = {});
COLONNADE_API Action deny(std::string_view id, const Approval& verdict = {});
COLONNADE_API GateDecision gate_decide(const ActionRequest& request);
COLONNADE_API GateDecision gate_decide(std::string_view agent_id, std::string_view tool,
                                       std::string_view operation, const Json& params = {},
                                       const Json& context = {});

template <Executor F>
auto execute_if_allowed(const ActionRequest& request, F&& executor) {
  const std::shared_ptr<const Client> client = default_client();
  return client->execute_if_allowed(request, std::forward<F>(executor));
}
template <Executor F>
auto execute_if_allowed(std::string_view agent_id, std::string_view tool,
                        std::string_view operation, const Json& params, const Json& context,
                        F&& executor) {
  const ActionRequest request{.agent_id = std::string(agent_id),
                              .tool = std::string(tool),
                              .operation = std::string(operation),
                              .params = params,
                              .context = context};
  return faramesh::execute_if_allowed(request, std::forward<F>(executor));
}
template <Executor F>
Execution try_execute_if_allowed(const ActionRequest& request, F executor) {
  return default_client()->try_execute_if_allowed(request, std::move(executor));
}

COLONNADE_API std::vector<KeyedRequest> submit_actions(const std::vector<ActionRequest>& requests);
COLONNADE_API std::vector<KeyedRequest> submit_actions_bulk(
    const std::vector<ActionRequest>& requests, Client::OnError on_error = Client::OnError::record);
COLONNADE_API Action submit_and_wait(const ActionRequest& request,
                                     const SubmitAndWait& options = {});
COLONNADE_API Action block_until_approved(std::string_view id,
                                          const Polling& polling = {
                                              .interval = std::chrono::seconds(2),
                                              .timeout = std::chrono::seconds(300)});
COLONNADE_API Action wait_for_completion(std::string_view id, const Polling& polling = {});
COLONNADE_API Action start_action(std::string_view id);
COLONNADE_API Action report_result(std::string_view id, const ExecutionResult& result);
COLONNADE_API Action replay_action(std::string_view id);
COLONNADE_API ReplayResult replay_decision(std::string_view action_id);
COLONNADE_API ReplayResult replay_provenance(std::string_view provenance_id);
COLONNADE_API std::vector<ActionEvent> action_events(std::string_view id);
COLONNADE_API Stream<FeedEvent> stream_events(const EventFilter& filter = {});
COLONNADE_API void tail_events(const std::function<bool(const FeedEvent&)>& on_event,
                               const EventFilter& filter = {});
COLONNADE_API PolicyInfo policy_info();
COLONNADE_API PolicyCheck validate_policy(std::string_view yaml);
COLONNADE_API PolicyCheck validate_policy(const Policy& policy);

}  // namespace colonnade::inline v1::faramesh
