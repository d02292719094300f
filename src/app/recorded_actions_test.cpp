#include "app/recorded_actions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace colonnade::app {
namespace {

using testing::HasSubstr;

constexpr std::string_view one =
    R"({"id":"1","agent_id":"a","tool":"t","operation":"o","params":{"z":1,"a":2},"context":{},)"
    R"("outcome":"HALT","reason_code":"POLICY_DENY","status":"denied"})";
constexpr std::string_view two = R"({"id":"2","agent_id":"a","tool":"t","operation":"o"})";

std::string error_of(std::string_view text) {
  const auto actions = parse_actions(text, "actions.jsonl");
  return actions ? "no error" : actions.error().message;
}

TEST(RecordedActions, ComeInThreeForms) {
  const std::string first(one);
  const std::string second(two);
  for (const std::string& text :
       {"[" + first + ",\n" + second + "]", "{\"actions\":[" + first + "," + second + "]}",
        first + "\n\n" + second + "\n", first + "\n" + second}) {
    const auto actions = parse_actions(text, "actions.jsonl");
    ASSERT_TRUE(actions) << actions.error().message;
    ASSERT_EQ(actions->actions.size(), 2U) << text;
    EXPECT_EQ(actions->actions[0].id, "1");
    EXPECT_EQ(actions->actions[0].outcome, gate::Outcome::halt);
    EXPECT_EQ(actions->actions[0].reason_code, "POLICY_DENY");
    EXPECT_FALSE(actions->actions[1].outcome);
  }
  EXPECT_EQ(parse_actions(first, "a")->actions.size(), 1U);
  EXPECT_EQ(parse_actions("[]", "a")->actions.size(), 0U);
}

// The matcher searches params as text, so the order of members decides.
TEST(RecordedActions, ParamsKeepTheirOrder) {
  const auto actions = parse_actions(one, "a");
  EXPECT_EQ(actions->actions[0].request.params().object()->at(0).key, "z");
}

TEST(RecordedActions, AHashThatDoesNotFitIsNoticed) {
  const std::string hash = parse_actions(two, "a")->actions.at(0).request.hash();
  const auto with = [](const std::string& request_hash) {
    return R"({"id":"2","agent_id":"a","tool":"t","operation":"o","request_hash":")" +
           request_hash + R"("})";
  };
  EXPECT_FALSE(parse_actions(with(hash), "a")->actions.at(0).is_altered);
  EXPECT_TRUE(parse_actions(with(std::string(64, '0')), "a")->actions.at(0).is_altered);
  EXPECT_FALSE(parse_actions(two, "a")->actions.at(0).is_altered);
}

// A run's own call is judged as it runs: to the last space, whatever its size.
TEST(RecordedActions, ARunsOwnCallIsLookedAtAsItWasJudged) {
  const auto action_with = [](const std::string& content, const std::string& hash) {
    return R"({"id":"3","agent_id":"a","tool":"write","operation":"call","params":{"content":")" +
           content + R"("},"context":{},"outcome":"EXECUTE","request_hash":")" + hash + R"("})";
  };
  const auto hash_of = [](const std::string& content) {
    gate::Value::Object params;
    params.push_back({.key = "content", .value = content});
    return gate::ActionRequest::exact({.agent_id = "a",
                                       .tool = "write",
                                       .operation = "call",
                                       .params = gate::Value(std::move(params)),
                                       .context = gate::Value()})
        ->hash();
  };
  const std::string large(200'000, 'x');
  for (const auto& [text, content] : {std::pair<std::string, std::string>{"hello\\n", "hello\n"},
                                      {"  x", "  x"},
                                      {large, large}}) {
    const auto actions = parse_actions(action_with(text, hash_of(content)), "a");
    ASSERT_TRUE(actions);
    ASSERT_EQ(actions->actions.size(), 1U) << actions->left_out.size();
    EXPECT_FALSE(actions->actions[0].is_altered) << text.substr(0, 10);
  }
  // What a client had written down before it was trimmed is found as well.
  const auto trimmed = parse_actions(action_with("hello\\n", hash_of("hello")), "a");
  EXPECT_FALSE(trimmed->actions.at(0).is_altered);
}

TEST(RecordedActions, BadOnesAreNamedWithTheirPlace) {
  EXPECT_THAT(error_of(""), HasSubstr("actions.jsonl: is empty"));
  EXPECT_THAT(error_of(std::string(one) + "\nno JSON\n"), HasSubstr("actions.jsonl:2"));
  EXPECT_THAT(error_of(std::string(one) + "\n5\n"),
              HasSubstr("actions.jsonl:2: must be an action"));
  EXPECT_THAT(error_of("[" + std::string(one) + ", {\"tool\":\"t\"}]"),
              HasSubstr("actions.jsonl[1]: agent_id is missing"));
  EXPECT_THAT(error_of("[1"), HasSubstr("actions.jsonl"));
}

// One odd record must not keep the operator from what the others say.
TEST(RecordedActions, WhatNoGateWouldDecideOnIsLeftOut) {
  const auto actions = parse_actions(
      R"([{"agent_id":"","tool":"t","operation":"o"},{"agent_id":"a","tool":"t","operation":"o"}])",
      "a.json");
  ASSERT_TRUE(actions) << actions.error().message;
  EXPECT_EQ(actions->actions.size(), 1U);
  EXPECT_THAT(actions->left_out,
              testing::ElementsAre(HasSubstr("a.json[0]: agent_id must not be empty")));
}

}  // namespace
}  // namespace colonnade::app
