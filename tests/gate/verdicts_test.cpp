// Verdicts of the real server, one policy, profile and action each.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "gate/engine.hpp"
#include "rows.hpp"

namespace colonnade::tests {
namespace {

using gate::Value;

// Under this name the recorded hashes were made.
constexpr std::string_view recorded_policy_version = "oracle";

gate::Engine engine_of(const Value& row) {
  gate::EngineInputs inputs;
  // Some of the rules cannot be evaluated.
  auto policy = gate::Policy::compile({.value = at(row, "policy")}, "p", recorded_policy_version,
                                      gate::Reading::evaluation);
  if (!policy) throw std::runtime_error(policy.error().message);
  inputs.policy = *policy;
  if (!at(row, "profile").is_null()) {
    auto profile =
        gate::Profile::compile({.value = at(row, "profile")}, "p", gate::Reading::evaluation);
    if (!profile) throw std::runtime_error(profile.error().message);
    inputs.profile = *profile;
  }
  return gate::Engine(std::move(inputs));
}

gate::ActionRequest request_of(const Value& action) {
  auto request = gate::ActionRequest::normalise({.agent_id = text(action, "agent_id"),
                                                 .tool = text(action, "tool"),
                                                 .operation = text(action, "operation"),
                                                 .params = at(action, "params"),
                                                 .context = at(action, "context")});
  if (!request) throw std::runtime_error(request.error().message);
  return *std::move(request);
}

base::Json wire_of(const gate::Decision& decision) {
  const auto nullable = [](const std::optional<std::string>& text) {
    return text ? base::Json(*text) : base::Json();
  };
  return {{"outcome", gate::to_string(decision.outcome)},
          {"reason_code", decision.reason_code},
          {"reason", decision.reason},
          {"reason_details", decision.reason_details()},
          {"request_hash", decision.request_hash},
          {"policy_hash", nullable(decision.policy_hash)},
          {"profile_hash", nullable(decision.profile_hash)},
          {"provenance_id", nullable(decision.provenance_id)}};
}

// Where this gate decides otherwise: the amount is no number, so that it is beyond every bound of a
// rule that restricts (docs/reference/faramesh-differences.md).
struct Otherwise {
  std::size_t row;
  const char* outcome;
  const char* reason_code;
  const char* reason;
  const char* risk_level;
};
constexpr Otherwise otherwise[] = {
    {23, "HALT", "POLICY_DENY", "d0", "low"},
    {77, "ABSTAIN", "POLICY_REQUIRE_APPROVAL", "d1", "high"},
    {239, "ABSTAIN", "POLICY_REQUIRE_APPROVAL", "Requires approval by policy rule", "low"},
    {378, "ABSTAIN", "POLICY_REQUIRE_APPROVAL", "Requires approval by policy rule", "medium"},
    {392, "HALT", "POLICY_DENY", "Denied by policy rule", "medium"}};

// The recorded verdict, or ours in its place; the hashes are the same.
base::Json expected_of(std::size_t row, const Value& recorded) {
  base::Json out = recorded.to_json();
  const auto* ours = std::ranges::find(otherwise, row, &Otherwise::row);
  if (ours == std::end(otherwise)) return out;
  out["outcome"] = ours->outcome;
  out["reason_code"] = ours->reason_code;
  out["reason"] = ours->reason;
  out["reason_details"] = {{"risk_level", ours->risk_level}};
  return out;
}

TEST(GateVerdicts, AreThoseOfTheRealServer) {
  const auto verdicts = rows(std::string(COLONNADE_FIXTURES) + "/faramesh/policy-verdicts.jsonl");
  if (verdicts.empty())
    GTEST_SKIP() << "no faramesh/policy-verdicts.jsonl in " << COLONNADE_FIXTURES;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    SCOPED_TRACE("row " + std::to_string(i));
    const Value& row = verdicts[i];
    const auto decision = engine_of(row).decide(request_of(at(row, "action")));
    EXPECT_EQ(wire_of(decision), expected_of(i, at(row, "expect")));
  }
}

}  // namespace
}  // namespace colonnade::tests
