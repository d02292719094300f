// Every request of the Faramesh client, written once as a value: verb, target, body, decoder.
// Failures are arguments that cannot be sent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "colonnade/faramesh.hpp"
#include "sdk/line.hpp"

namespace colonnade::inline v1::faramesh::calls {

using colonnade::detail::CallSpec;
template <class T>
using Planned = Result<colonnade::detail::Call<T>>;

// Carries an idempotency key of its own, so it may be sent again.
Planned<Action> submit(const ActionRequest& request);
Planned<std::vector<Action>> list(const ListActions& filter);
Planned<Action> get(std::string_view id);
// `token` is not empty.
Planned<Action> settle(std::string_view id, const Approval& verdict, bool approve);
Planned<GateDecision> decide(const ActionRequest& request);
Planned<Action> start(std::string_view id);
Planned<Action> report(std::string_view id, const ExecutionResult& result);
Planned<std::vector<ActionEvent>> events(std::string_view id);
Planned<PolicyInfo> policy_info();
Planned<PolicyCheck> validate_policy(std::string_view yaml);
Planned<bool> health();
Planned<bool> ready();
Planned<Json> request(std::string_view method, std::string_view path, const Json& body);

// A stream has no decoder of a whole reply.
CallSpec feed();

}  // namespace colonnade::inline v1::faramesh::calls
