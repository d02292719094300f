// Verdicts of the real server, one policy, profile and action each.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "gate/engine.hpp"
#include "rows.hpp"

namespace colonnade::tests {
namespace {

using gate::Value;

// Under this name the recorded hashes were made.
constexpr std::string_view recorded_policy_version = "oracle";

gate::Engine engine_of(const Value& row) {
  gate::EngineParts parts;
  auto policy = gate::Policy::compile({.value = at(row, "policy")}, "p", recorded_policy_version);
  if (!policy) throw std::runtime_error(policy.error().message);
  parts.policy = *policy;
  if (!at(row, "profile").is_null()) {
    auto profile = gate::Profile::compile({.value = at(row, "profile")}, "p");
    if (!profile) throw std::runtime_error(profile.error().message);
    parts.profile = *profile;
  }
  return gate::Engine(std::move(parts));
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

TEST(GateVerdicts, AreThoseOfTheRealServer) {
  const auto verdicts = rows(std::string(COLONNADE_FIXTURES) + "/faramesh/policy-verdicts.jsonl");
  if (verdicts.empty())
    GTEST_SKIP() << "no faramesh/policy-verdicts.jsonl in " << COLONNADE_FIXTURES;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    SCOPED_TRACE("row " + std::to_string(i));
    const Value& row = verdicts[i];
    const auto decision = engine_of(row).decide(request_of(at(row, "action")));
    EXPECT_EQ(wire_of(decision), at(row, "expect").to_json());
  }
}

}  // namespace
}  // namespace colonnade::tests
