// Faramesh's JSON, both ways (faramesh §2, §3). Knows no connection.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sse.hpp"
#include "colonnade/faramesh.hpp"
#include "sdk/channel.hpp"

namespace colonnade::inline v1::faramesh::wire {

using colonnade::detail::CallSpec;

// Request bodies.
std::string action(const ActionRequest& request);
std::string verdict(const Approval& verdict, bool approve);
std::string result(const ExecutionResult& result);
std::string policy(std::string_view yaml);

// Replies. A required field that is missing gives ErrorKind::malformed with the body.
Result<Action> action_reply(const CallSpec& spec, const TransportReply& reply);
// An array, or an object with the member `actions`.
Result<std::vector<Action>> action_list(const CallSpec& spec, const TransportReply& reply);
Result<GateDecision> decision(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<ActionEvent>> event_list(const CallSpec& spec, const TransportReply& reply);
Result<PolicyInfo> policy_info(const CallSpec& spec, const TransportReply& reply);
Result<PolicyCheck> policy_check(const CallSpec& spec, const TransportReply& reply);
Result<bool> healthy(const CallSpec& spec, const TransportReply& reply);
Result<bool> ready(const CallSpec& spec, const TransportReply& reply);
Result<Json> any_json(const CallSpec& spec, const TransportReply& reply);

// nullopt when the data is no JSON object.
std::optional<FeedEvent> feed_event(const base::SseEvent& block);

}  // namespace colonnade::inline v1::faramesh::wire
