#include "sdk/faramesh/calls.hpp"

#include <sys/random.h>

#include <array>
#include <cmath>

#include "sdk/call_plan.hpp"
#include "sdk/faramesh/wire.hpp"

namespace colonnade::inline v1::faramesh::calls {
namespace {

using colonnade::detail::get;
using colonnade::detail::percent_encode;
using colonnade::detail::trim;
using colonnade::detail::with_body;
using colonnade::detail::without_body;
// `get` alone is a call of this dialect, too.
Failure wrong(std::string message) { return colonnade::detail::usage(std::move(message)); }

constexpr int list_limit_max = 1000;  // faramesh §2.5

Result<std::string> action_path(std::string_view id, std::string_view rest = {}) {
  auto name = colonnade::detail::segment("action", id);
  if (!name) return name;
  return "/v1/actions/" + *name + std::string(rest);
}

// JSON has no text for NaN and the infinities: what would be sent is not what was meant.
bool is_finite(const Json& value) {
  if (value.type() == Json::Type::number) return std::isfinite(value.as_double());
  if (value.is_array()) {
    for (const Json& item : value.as_array()) {
      if (!is_finite(item)) return false;
    }
  }
  if (value.is_object()) {
    for (const auto& [key, member] : value.as_object()) {
      if (!is_finite(member)) return false;
    }
  }
  return true;
}

std::optional<Failure> fault_of(const ActionRequest& request) {
  if (trim(request.agent_id).empty()) return wrong("ActionRequest::agent_id is empty");
  if (trim(request.tool).empty()) return wrong("ActionRequest::tool is empty");
  if (trim(request.operation).empty()) return wrong("ActionRequest::operation is empty");
  const std::array<std::pair<std::string_view, const Json*>, 2> objects{
      {{"params", &request.params}, {"context", &request.context}}};
  for (const auto& [name, value] : objects) {
    if (!value->is_object() && !value->is_null()) {
      return wrong("ActionRequest::" + std::string(name) + " is no JSON object");
    }
    if (!is_finite(*value)) {
      return wrong("ActionRequest::" + std::string(name) + " holds NaN or an infinity");
    }
  }
  return std::nullopt;
}

// 128 bits of the kernel's random source.
Result<std::string> fresh_key() {
  constexpr std::string_view hex = "0123456789abcdef";
  std::array<unsigned char, 16> bits{};
  if (::getentropy(bits.data(), bits.size()) != 0) {
    return wrong("no random bytes for an idempotency key; set CallOptions::idempotency_key");
  }
  std::string out = "colonnade-";
  for (const unsigned char byte : bits) {
    out += hex[byte >> 4];
    out += hex[byte & 15];
  }
  return out;
}

}  // namespace

PlannedCall<Action> submit(const ActionRequest& request) {
  if (auto fault = fault_of(request)) return *std::move(fault);
  auto call = with_body("POST", "/v1/actions", wire::action(request), &wire::action_reply);
  auto key = fresh_key();
  if (!key) return std::move(key).error();
  call->spec.idempotency_key = *std::move(key);
  return call;
}

PlannedCall<std::vector<Action>> list(const ListActions& filter) {
  if (filter.limit < 1 || filter.limit > list_limit_max) {
    return wrong("ListActions::limit is " + std::to_string(filter.limit) +
                 "; it must be 1 to 1000");
  }
  if (filter.offset < 0) return wrong("ListActions::offset is negative");
  std::string path = "/v1/actions?limit=" + std::to_string(filter.limit) +
                     "&offset=" + std::to_string(filter.offset);
  if (!filter.agent_id.empty()) path += "&agent_id=" + percent_encode(filter.agent_id);
  if (!filter.tool.empty()) path += "&tool=" + percent_encode(filter.tool);
  if (!filter.status.empty()) path += "&status=" + percent_encode(filter.status);
  return get(std::move(path), &wire::action_list);
}

PlannedCall<Action> get(std::string_view id) {
  auto path = action_path(id);
  if (!path) return std::move(path).error();
  return get(*std::move(path), &wire::action_reply);
}

PlannedCall<Action> settle(std::string_view id, const Approval& verdict, bool approve) {
  if (!verdict.params.is_null() && !verdict.params.is_object()) {
    return wrong("Approval::params is no JSON object");
  }
  auto path = action_path(id, "/approval");
  if (!path) return std::move(path).error();
  return with_body("POST", *std::move(path), wire::verdict(verdict, approve), &wire::action_reply);
}

PlannedCall<GateDecision> decide(const ActionRequest& request) {
  if (auto fault = fault_of(request)) return *std::move(fault);
  auto call = with_body("POST", "/v1/gate/decide", wire::action(request), &wire::decision);
  call->spec.repeatable = true;  // it records nothing (faramesh §2.2)
  return call;
}

PlannedCall<Action> start(std::string_view id) {
  auto path = action_path(id, "/start");
  if (!path) return std::move(path).error();
  return without_body("POST", *std::move(path), &wire::action_reply);
}

PlannedCall<Action> report(std::string_view id, const ExecutionResult& result) {
  auto path = action_path(id, "/result");
  if (!path) return std::move(path).error();
  return with_body("POST", *std::move(path), wire::result(result), &wire::action_reply);
}

PlannedCall<std::vector<ActionEvent>> events(std::string_view id) {
  auto path = action_path(id, "/events");
  if (!path) return std::move(path).error();
  return get(*std::move(path), &wire::event_list);
}

PlannedCall<PolicyInfo> policy_info() { return get("/v1/policy/info", &wire::policy_info); }

PlannedCall<PolicyCheck> validate_policy(std::string_view yaml) {
  auto call = with_body("POST", "/v1/policy/validate", wire::policy(yaml), &wire::policy_check);
  call->spec.repeatable = true;
  call->spec.also_accepted = 422;  // it is none
  return call;
}

PlannedCall<bool> health() {
  auto call = get("/health", &wire::healthy);
  call->spec.authenticated = false;
  return call;
}

PlannedCall<bool> ready() {
  auto call = get("/ready", &wire::ready);
  call->spec.authenticated = false;
  call->spec.also_accepted = 503;
  return call;
}

PlannedCall<Json> request(std::string_view method, std::string_view path, const Json& body) {
  return colonnade::detail::any_request(method, path, body, &wire::any_json);
}

CallSpec feed() { return {.method = "GET", .path = "/v1/events"}; }

}  // namespace colonnade::inline v1::faramesh::calls
