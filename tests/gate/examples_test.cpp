// The recorded examples that need nothing but the engine, with policies and profiles as YAML.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>

#include "gate/engine.hpp"
#include "rows.hpp"

namespace colonnade::tests {
namespace {

using gate::Value;

struct Examples {
  std::vector<Value> rows{};
  Value fixture{};  // policies, profiles, env
};

Examples examples() {
  Examples out;
  out.rows = rows(std::string(COLONNADE_CONTRACTS) + "/faramesh-examples.jsonl");
  for (const Value& row : out.rows) {
    if (text(row, "kind") == "fixture") out.fixture = row;
  }
  return out;
}

// `server` is "<policy>" or "<policy>+<profile>-profile"; nullopt for servers that are something
// else.
std::optional<gate::Engine> engine_of(const Examples& all, const std::string& server) {
  const std::size_t plus = server.find('+');
  const Value* policy_text = at(all.fixture, "policies").find(server.substr(0, plus));
  if (policy_text == nullptr) return std::nullopt;
  gate::EngineInputs inputs;
  const std::string version = text(at(all.fixture, "env"), "FARAMESH_POLICY_VERSION");
  auto policy = gate::Policy::parse(*policy_text->text(), "policy.yaml", version);
  if (!policy) throw std::runtime_error(policy.error().message);
  inputs.policy = *policy;
  if (plus != std::string::npos) {
    const std::string name = server.substr(plus + 1, server.rfind("-profile") - plus - 1);
    const Value* profile_text = at(all.fixture, "profiles").find(name);
    if (profile_text == nullptr) return std::nullopt;
    auto profile = gate::Profile::parse(*profile_text->text(), "profile.yaml");
    if (!profile) throw std::runtime_error(profile.error().message);
    inputs.profile = *profile;
  }
  return gate::Engine(std::move(inputs));
}

base::Result<gate::ActionRequest> request_of(const Value& body) {
  const Value* context = body.find("context");
  return gate::ActionRequest::normalise({.agent_id = text(body, "agent_id"),
                                         .tool = text(body, "tool"),
                                         .operation = text(body, "operation"),
                                         .params = at(body, "params"),
                                         .context = context == nullptr ? Value() : *context});
}

// Where this gate says otherwise, by the amount of the row
// (docs/reference/faramesh-differences.md).
bool is_refused(const Value& amount) { return amount == Value("nan"); }
bool is_no_number(const Value& amount) { return amount.is_null() || amount == Value("abc"); }

TEST(GateExamples, PolicyVerdicts) {
  const Examples all = examples();
  if (all.rows.empty()) GTEST_SKIP() << "no faramesh-examples.jsonl in " << COLONNADE_CONTRACTS;
  // We compare agent_id with the request's agent too (faramesh §9.8).
  const std::set<std::string> otherwise = {
      "agent_id key reads params/context, never the request agent_id"};
  std::size_t compared = 0;
  for (const Value& row : all.rows) {
    if (text(row, "kind") != "policy_eval") continue;
    const Value* note = row.find("note");
    if (note != nullptr && otherwise.contains(*note->text())) continue;
    SCOPED_TRACE(at(row, "action").to_json().dump());
    const auto request = request_of(at(row, "action"));
    const Value* amount = at(at(row, "action"), "params").find("amount");
    if (amount != nullptr && is_refused(*amount)) {
      ASSERT_FALSE(request);
      EXPECT_EQ(request.error().field, "params.amount");
      continue;
    }
    const auto decision = engine_of(all, text(row, "policy")).value().decide(request.value());
    if (amount != nullptr && is_no_number(*amount)) {
      EXPECT_EQ(decision.reason, "big refund");
      EXPECT_EQ(decision.outcome, gate::Outcome::abstain);
      continue;
    }
    const Value& expect = at(row, "expect");
    EXPECT_EQ(gate::to_string(decision.outcome), text(expect, "outcome"));
    EXPECT_EQ(decision.reason_code, text(expect, "reason_code"));
    EXPECT_EQ(decision.reason, text(expect, "reason"));
    EXPECT_EQ(gate::to_string(decision.risk_level), text(expect, "risk_level"));
    ++compared;
  }
  EXPECT_GT(compared, 30u);
}

base::Json wire_of(const gate::Decision& decision) {
  const auto nullable = [](const std::optional<std::string>& part) {
    return part ? base::Json(*part) : base::Json();
  };
  return {{"outcome", gate::to_string(decision.outcome)},
          {"reason_code", decision.reason_code},
          {"reason", decision.reason},
          {"request_hash", decision.request_hash},
          {"policy_version", decision.policy_version},
          {"policy_hash", nullable(decision.policy_hash)},
          {"profile_id", nullable(decision.profile_id)},
          {"profile_version", nullable(decision.profile_version)},
          {"profile_hash", nullable(decision.profile_hash)},
          {"runtime_version", decision.runtime_version},
          {"provenance_id", nullable(decision.provenance_id)}};
}

TEST(GateExamples, GateAnswers) {
  const Examples all = examples();
  if (all.rows.empty()) GTEST_SKIP() << "no faramesh-examples.jsonl in " << COLONNADE_CONTRACTS;
  std::size_t compared = 0;
  for (const Value& row : all.rows) {
    if (text(row, "kind") != "http") continue;
    const Value& request = at(row, "request");
    const Value& response = at(row, "response");
    if (text(request, "path") != "/v1/gate/decide" || at(response, "status") != Value(200))
      continue;
    const auto engine = engine_of(all, text(row, "server"));
    if (!engine) continue;
    SCOPED_TRACE(text(row, "name"));
    EXPECT_EQ(wire_of(engine->decide(*request_of(at(request, "body")))),
              at(response, "body").to_json());
    ++compared;
  }
  EXPECT_GE(compared, 7u);
}

}  // namespace
}  // namespace colonnade::tests
