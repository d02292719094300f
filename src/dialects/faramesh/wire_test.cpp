#include "dialects/faramesh/wire.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dialects/faramesh/events.hpp"

namespace colonnade::dialects::faramesh {
namespace {

using base::Json;
using core::ActionState;
using core::Outcome;

core::Action action_of(Outcome outcome, ActionState state) {
  core::Action out{.id = "id-1",
                   .scope = core::Scope::main(),
                   .request = {.agent_id = "ag",
                               .tool = "shell",
                               .operation = "run",
                               .params = R"({"z":1,"a":12345678901234567890123})"},
                   .decision = {.outcome = outcome,
                                .reason_code = "POLICY_X",
                                .reason = "because",
                                .risk_level = "low",
                                .request_hash = "hash",
                                .policy_version = "v",
                                .policy_hash = "ph",
                                .runtime_version = "0.3.0",
                                .provenance_id = "pid"},
                   .state = state,
                   .reason = "because",
                   .created_at = {1'700'000'000'000'000},
                   .updated_at = {1'700'000'000'000'001}};
  if (state == ActionState::pending_approval) out.approval_token = "token";
  return out;
}

TEST(FarameshWire, AnActionHasItsMembersInOrder) {
  const auto tree = nlohmann::ordered_json::parse(
      encode_action(action_of(Outcome::abstain, ActionState::pending_approval)));
  std::vector<std::string> names;
  for (const auto& [name, value] : tree.items()) names.push_back(name);
  EXPECT_THAT(names,
              testing::ElementsAre("id", "agent_id", "tool", "operation", "params", "context",
                                   "status", "decision", "reason", "risk_level", "approval_token",
                                   "policy_version", "created_at", "updated_at", "js_example",
                                   "python_example", "outcome", "reason_code", "reason_details",
                                   "request_hash", "policy_hash", "runtime_version", "profile_id",
                                   "profile_version", "profile_hash", "provenance_id"));
  EXPECT_TRUE(tree["profile_id"].is_null());
  EXPECT_EQ(tree["approval_token"], "token");
}

TEST(FarameshWire, ARowOfAListHasNoToken) {
  const core::Action action = action_of(Outcome::abstain, ActionState::pending_approval);
  const Json rows = Json::array({Json::parse(encode_listed(action))});
  EXPECT_FALSE(rows[0].contains("approval_token"));
  EXPECT_EQ(rows[0].size(), 25U);
}

TEST(FarameshWire, ParamsKeepOrderAndDigits) {
  EXPECT_TRUE(encode_action(action_of(Outcome::execute, ActionState::allowed))
                  .contains(R"("params":{"z":1,"a":12345678901234567890123})"));
}

TEST(FarameshWire, TheDecisionFollowsTheVerdict) {
  const auto word = [](Outcome outcome, ActionState state) {
    return decision_word(action_of(outcome, state));
  };
  EXPECT_EQ(word(Outcome::execute, ActionState::failed), "allow");
  EXPECT_EQ(word(Outcome::halt, ActionState::denied), "deny");
  EXPECT_EQ(word(Outcome::abstain, ActionState::pending_approval), "require_approval");
  EXPECT_EQ(word(Outcome::abstain, ActionState::denied), "deny");
  EXPECT_EQ(word(Outcome::abstain, ActionState::approved), "allow");
  EXPECT_EQ(word(Outcome::abstain, ActionState::timeout), "allow");
}

TEST(FarameshWire, TimesHaveSixDigitsOrNone) {
  EXPECT_EQ(wire_time({1'700'000'000'000'001}), "2023-11-14T22:13:20.000001Z");
  EXPECT_EQ(wire_time({1'700'000'000'100'000}), "2023-11-14T22:13:20.100000Z");
  EXPECT_EQ(wire_time({1'700'000'000'000'000}), "2023-11-14T22:13:20Z");
  EXPECT_EQ(wire_time_without_zone({1'700'000'000'000'000}), "2023-11-14T22:13:20");
}

TEST(FarameshWire, WithoutAPolicyNoRuleMatched) {
  core::Action action = action_of(Outcome::halt, ActionState::denied);
  action.decision.reason_code = "MISSING_POLICY";
  action.decision.by_profile = true;
  action.decision.policy_hash.clear();
  action.decision.provenance_id.clear();
  const Json wire = Json::parse(encode_action(action));
  EXPECT_EQ(wire["reason_code"], "DEFAULT_DENY_NO_MATCH");
  EXPECT_EQ(wire["reason"], "No rule matched (deny by default)");
  EXPECT_EQ(wire["reason_details"]["risk_level"], "low");
  EXPECT_EQ(wire["provenance_id"].get<std::string>().size(), 64U);
}

TEST(FarameshWire, AShellsEndIsItsOutput) {
  const auto reason = [](ActionState state, std::string_view text) {
    return wire_reason(action_of(Outcome::execute, state), text);
  };
  EXPECT_EQ(reason(ActionState::succeeded, "exit code: 0\n--- stdout ---\nhi\n"), "hi\n");
  EXPECT_EQ(reason(ActionState::succeeded, "exit code: 0\n"), "ok");
  EXPECT_EQ(
      reason(ActionState::succeeded, "exit code: 0\n--- stdout ---\nhi\n--- stderr ---\nwarning\n"),
      "hi\n");
  EXPECT_EQ(reason(ActionState::failed, "exit code: 2\n--- stdout ---\nhi\n--- stderr ---\nno\n"),
            "no\n");
  EXPECT_EQ(reason(ActionState::failed, "exit code: 2\n"), "exit 2");
  EXPECT_EQ(reason(ActionState::failed, "exit code: 2"), "exit 2");
  EXPECT_EQ(reason(ActionState::failed, "ended by signal 9 (KILL)\n"),
            "ended by signal 9 (KILL)\n");
  core::Action of_run = action_of(Outcome::execute, ActionState::succeeded);
  of_run.run_id = "r";
  EXPECT_EQ(wire_reason(of_run, "exit code: 0\n"), "exit code: 0\n");
}

net::Request query(std::string text) { return {.query = std::move(text)}; }

TEST(FarameshWire, FiltersAreBroughtIntoTheirRanges) {
  const auto filter = [](const std::string& text) { return decode_filter(query(text)).value(); };
  EXPECT_EQ(filter("")->limit, 20U);
  EXPECT_EQ(filter("limit=0")->limit, 20U);
  EXPECT_EQ(filter("limit=1001")->limit, 1000U);
  EXPECT_EQ(filter("limit=-99999999999999999999")->limit, 20U);
  EXPECT_EQ(filter("offset=-5")->offset, 0U);
  EXPECT_EQ(filter("limit=%207%20")->limit, 7U);
  EXPECT_EQ(filter("tool=a%2Fb&agent_id=x+y")->tool, "a/b");
  EXPECT_EQ(filter("tool=a%2Fb&agent_id=x+y")->agent_id, "x y");
  EXPECT_EQ(filter("status=timeout")->state, ActionState::timeout);
  EXPECT_FALSE(filter("status=bogus"));
  for (const char* wrong : {"limit=", "limit=1.5", "limit=0x10", "limit=%2B-1", "offset=1e3"}) {
    const auto refused = decode_filter(query(wrong));
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error()[0].type, "int_parsing");
  }
}

core::AuditRecord record(std::int64_t seq, std::string_view kind, const Json& details) {
  const core::AuditEntry entry{.kind = std::string(kind),
                               .actor = "agent:ag",
                               .subject = "id-1",
                               .details = details,
                               .at = {1'700'000'000'000'000}};
  core::AuditRecord out{
      .seq = seq, .scope = core::Scope::main(), .kind = entry.kind, .subject = entry.subject};
  out.text = core::audit_text(entry, out.scope, seq);
  out.hash = core::audit_hash("", out.text);
  return out;
}

const Json asked = {{"outcome", "ABSTAIN"}, {"reason_code", "POLICY_REQUIRE_APPROVAL"},
                    {"reason", "because"},  {"risk_level", "low"},
                    {"request_hash", "h"},  {"state", "pending_approval"}};

TEST(FarameshEvents, AStandingPermissionIsAnApproval) {
  Json details = asked;
  details["granted_by"] = "permission";
  details["state"] = "approved";
  const auto records = std::vector{record(1, core::audit_kind::decision, details)};
  const auto events = events_of(action_of(Outcome::abstain, ActionState::approved), records);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[2].type, "approved");
  EXPECT_EQ(events[2].prev_hash, events[1].record_hash);
}

TEST(FarameshEvents, ARunsSecondDecisionSaysNothingNew) {
  Json again = asked;
  again["granted_by"] = "approval";
  const auto records = std::vector{
      record(1, core::audit_kind::decision, asked),
      record(2, core::audit_kind::approval, {{"state", "approved"}, {"reason", "yes"}}),
      record(3, core::audit_kind::decision, again),
      record(4, core::audit_kind::execution_started, {{"state", "executing"}}),
      record(5, core::audit_kind::execution_finished, {{"state", "failed"}, {"reason", "no"}})};
  const auto events = events_of(action_of(Outcome::abstain, ActionState::failed), records);
  std::vector<std::string> types;
  for (const ActionEvent& event : events) types.push_back(event.type);
  EXPECT_THAT(types,
              testing::ElementsAre("created", "decision_made", "approved", "started", "failed"));
  EXPECT_EQ(events[2].meta, R"({"reason":"yes"})");
  EXPECT_EQ(events[4].meta, R"({"reason":"no","error":"no"})");
}

TEST(FarameshEvents, RecordsOfOtherThingsAreNoFrames) {
  core::AuditNews news{.record = record(1, core::audit_kind::credential, Json::object())};
  EXPECT_EQ(encode_frame(news), "");
  news.record.kind = core::audit_kind::decision;
  EXPECT_EQ(encode_frame(news), "") << "without its action";
}

}  // namespace
}  // namespace colonnade::dialects::faramesh
