// What takes several requests, written once as coroutines: the async client awaits them, the
// blocking one runs them on its thread. Arguments are values: a flow outlives its caller's.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/faramesh.hpp"
#include "sdk/faramesh/calls.hpp"
#include "sdk/faramesh/session.hpp"

namespace colonnade::inline v1::faramesh::flows {

// Makes calls on a session; `calling` says how results are delivered.
struct Caller {
  std::shared_ptr<const detail::Session> session{};
  Calling calling = Calling::background;

  template <class T>
  Task<T> operator()(calls::PlannedCall<T> call) const {
    return colonnade::detail::perform_async(session, std::move(call), calling);
  }
};

Task<Action> submit(Caller caller, ActionRequest request);
Task<Action> settle(Caller caller, std::string id, Approval verdict, bool approve);
Task<std::vector<KeyedRequest>> submit_all(Caller caller, std::vector<ActionRequest> requests,
                                           Client::OnError on_error);
Task<Action> submit_and_wait(Caller caller, ActionRequest request, SubmitAndWait options);
Task<Action> block_until_approved(Caller caller, std::string id, Polling polling);
Task<Action> wait_for_completion(Caller caller, std::string id, Polling polling);
Task<Action> replay_action(Caller caller, std::string id);
Task<ReplayResult> replay_decision(Caller caller, std::string action_id);
Task<ReplayResult> replay_provenance(Caller caller, std::string provenance_id);
Task<PolicyCheck> validate_policy(Caller caller, Policy policy);
Task<Execution> recorded_execution(Caller caller, ActionRequest request,
                                   detail::JsonExecutor executor);

// What a blocking client does with a flow.
inline Caller blocking(std::shared_ptr<const detail::Session> session) {
  return {.session = std::move(session), .calling = Calling::blocking};
}
inline Caller awaited(std::shared_ptr<const detail::Session> session) {
  return {.session = std::move(session), .calling = Calling::background};
}

}  // namespace colonnade::inline v1::faramesh::flows
