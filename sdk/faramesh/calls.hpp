// Every request of the Faramesh client, written once as a value: verb, target, body, decoder.
// Failures are arguments that cannot be sent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "colonnade/faramesh.hpp"
#include "sdk/channel.hpp"

namespace colonnade::inline v1::faramesh::calls {

using colonnade::detail::CallSpec;
template <class T>
using PlannedCall = Result<colonnade::detail::Call<T>>;

// Carries an idempotency key of its own, so it may be sent again.
PlannedCall<Action> submit(const ActionRequest& request);
PlannedCall<std::vector<Action>> list(const ListActions& filter);
PlannedCall<Action> get(std::string_view id);
// `token` is not empty.
PlannedCall<Action> settle(std::string_view id, const Approval& verdict, bool approve);
PlannedCall<GateDecision> decide(const ActionRequest& request);
PlannedCall<Action> start(std::string_view id);
PlannedCall<Action> report(std::string_view id, const ExecutionResult& result);
PlannedCall<std::vector<ActionEvent>> events(std::string_view id);
PlannedCall<PolicyInfo> policy_info();
PlannedCall<PolicyCheck> validate_policy(std::string_view yaml);
PlannedCall<bool> health();
PlannedCall<bool> ready();
PlannedCall<Json> request(std::string_view method, std::string_view path, const Json& body);

// A stream has no decoder of a whole reply.
CallSpec feed();

}  // namespace colonnade::inline v1::faramesh::calls
