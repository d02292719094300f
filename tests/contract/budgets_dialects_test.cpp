// Every dialect's turns are under the budgets of their scope, and each says so in its own body.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "faramesh_server.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

TEST(BudgetsOfEveryDialect, ARefusedTurnSaysWhyInItsDialectsBody) {
  TemporaryFolder folder;
  FarameshServer server(folder, {.built_in = true});
  const Answer made = server.post_json("/api/v1/operator/budgets",
                                       {{"holder", "scope"}, {"period", "month"}, {"runs", 1}});
  ASSERT_EQ(made.status, 200) << made.body;
  const std::string why = "Budget cap exceeded: scope/month — 1 of 1 runs";
  const std::string thread = server.post("/api/v1/threads", "{}").json()["id"];
  const std::string messages = "/api/v1/threads/" + thread + "/messages";
  const Answer first = server.post_json(messages, {{"text", "/say hi"}});
  ASSERT_LT(first.status, 300) << first.body;

  const Answer fathom = server.post_json(messages, {{"text", "/say hi"}});
  EXPECT_EQ(fathom.status, 402) << fathom.body;
  EXPECT_EQ(fathom.json(), Json({{"error", why}}));

  const std::string talk =
      server.post_json("/v1/conversations", {{"agent_id", "default"}}).json()["id"];
  const Answer phoson = server.post_json("/v1/conversations/" + talk + "/messages",
                                         {{"content", "/say hi"}, {"stream", false}});
  EXPECT_EQ(phoson.status, 402) << phoson.body;
  EXPECT_EQ(phoson.json(), Json({{"detail", why}}));

  const std::string session = server.post("/session", "{}").json()["id"];
  const Answer tandem =
      server.post_json("/session/" + session + "/prompt_sync", {{"text", "/say hi"}});
  EXPECT_EQ(tandem.status, 402) << tandem.body;
  EXPECT_EQ(tandem.json()["error"], why);
  EXPECT_EQ(tandem.json()["code"], "BUDGET_EXCEEDED");

  // Nothing of it is stored, and an operator lets them through again.
  EXPECT_EQ(server.get("/v1/conversations/" + talk + "/messages").json().size(), 0U);
  const std::string lift =
      "/api/v1/operator/budgets/" + made.json()["id"].get<std::string>() + "/override";
  ASSERT_EQ(server.post_json(lift, {{"minutes", 5}}).status, 200);
  EXPECT_LT(server.post_json(messages, {{"text", "/say hi"}}).status, 300);
}

TEST(BudgetsOfEveryDialect, WhatIsOfferedForNothingIsNotRefusedForMoney) {
  TemporaryFolder folder;
  FarameshServer server(folder, {.built_in = true});
  const Answer made = server.post_json(
      "/api/v1/operator/budgets", {{"holder", "scope"}, {"period", "day"}, {"limit_usd", 0.01}});
  ASSERT_EQ(made.status, 200) << made.body;
  const std::string thread = server.post("/api/v1/threads", "{}").json()["id"];
  const Answer said =
      server.post_json("/api/v1/threads/" + thread + "/messages", {{"text", "/say hi"}});
  EXPECT_LT(said.status, 300) << "the offline model costs nothing: " << said.body;
  const Json shown =
      server.get("/api/v1/operator/budgets/" + made.json()["id"].get<std::string>()).json();
  EXPECT_EQ(shown["runs_begun"], 1);
  EXPECT_EQ(shown["spent_usd"], 0);
  EXPECT_EQ(shown["blocked"], false);
}

}  // namespace
}  // namespace colonnade::tests
