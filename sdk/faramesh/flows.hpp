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

// A session and how its calls deliver their results.
struct Way {
  std::shared_ptr<const detail::Session> session{};
  Calling calling = Calling::background;

  template <class T>
  Task<T> operator()(calls::Planned<T> call) const {
    return colonnade::detail::perform_async(session, std::move(call), calling);
  }
};

Task<Action> submit(Way way, ActionRequest request);
Task<Action> settle(Way way, std::string id, Approval verdict, bool approve);
Task<std::vector<KeyedRequest>> submit_all(Way way, std::vector<ActionRequest> requests,
                                           Client::OnError on_error);
Task<Action> submit_and_wait(Way way, ActionRequest request, SubmitAndWait options);
Task<Action> block_until_approved(Way way, std::string id, Polling polling);
Task<Action> wait_for_completion(Way way, std::string id, Polling polling);
Task<Action> replay_action(Way way, std::string id);
Task<ReplayResult> replay_decision(Way way, std::string action_id);
Task<ReplayResult> replay_provenance(Way way, std::string provenance_id);
Task<PolicyCheck> validate_policy(Way way, Policy policy);
Task<Execution> recorded_execution(Way way, ActionRequest request, detail::JsonExecutor executor);

// What a blocking client does with a flow.
inline Way blocking(std::shared_ptr<const detail::Session> session) {
  return {.session = std::move(session), .calling = Calling::blocking};
}
inline Way awaited(std::shared_ptr<const detail::Session> session) {
  return {.session = std::move(session), .calling = Calling::background};
}

}  // namespace colonnade::inline v1::faramesh::flows
