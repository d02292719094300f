// What the real server makes of Faramesh requests where the contract leaves it to us: no policy
// file, tool ids, the length of reasons.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "faramesh_server.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using ::testing::HasSubstr;

// A tool's name may have slashes.
TEST(FarameshEvaluate, SplitsAToolIdAtItsLastSlash) {
  const TemporaryFolder folder;
  FarameshServer server(folder, {.policy = R"(rules:
  - match: {tool: github/issues, op: create}
    allow: true
)"});
  const auto effect = [&](const std::string& tool_id) {
    return server
        .post_json("/v1/evaluate",
                   Json{{"agent_id", "ag"}, {"tool_id", tool_id}, {"args", Json::object()}})
        .json()["effect"];
  };
  EXPECT_EQ(effect("github/issues/create"), "PERMIT");
  EXPECT_EQ(effect("github/issues"), "DENY");
  EXPECT_EQ(server.post_json("/v1/evaluate", Json{{"agent_id", "a"}, {"tool_id", "x/"}}).status,
            422);
}

// --- without a policy file ----------------------------------------------------------------------

TEST(FarameshWithoutAPolicy, WhatOnlyReadsRunsAndEverythingElseAsks) {
  const TemporaryFolder folder;
  FarameshServer server(folder, {.built_in = true});
  const Json read = server
                        .post_json("/v1/actions", Json{{"agent_id", "my-agent"},
                                                       {"tool", "read"},
                                                       {"operation", "call"},
                                                       {"params", {{"path", "a.txt"}}}})
                        .json();
  EXPECT_EQ(read["status"], "allowed") << read;
  const Json http = server.submit("http", {{"url", "https://example.com"}});
  EXPECT_EQ(http["status"], "pending_approval");
  EXPECT_EQ(http["reason_code"], "POLICY_REQUIRE_APPROVAL");
  EXPECT_THAT(http["reason"].get<std::string>(), HasSubstr("policy.file"));
  // What was approved can be started.
  const Json shell = server.submit("shell", {{"cmd", "echo hi"}});
  EXPECT_EQ(shell["status"], "pending_approval");
  EXPECT_EQ(server.approve(shell).status, 200);
  const Answer started = server.post("/v1/actions/" + shell["id"].get<std::string>() + "/start");
  EXPECT_EQ(started.status, 200) << started.body;
  EXPECT_EQ(started.json()["reason"], "Executing");
  server.await_end(shell["id"]);
  EXPECT_EQ(server.action(shell["id"])["reason"], "hi\n");
  EXPECT_EQ(server.get("/ready").body, R"({"status":"ready"})");
}

TEST(FarameshWithoutAPolicy, AMissingFileIsSaidByReadiness) {
  const TemporaryFolder folder;
  FarameshServer server(folder, {.policy = std::nullopt});
  for (const char* path : {"/ready", "/api/v1/ready"}) {
    const Answer answer = server.get(path);
    EXPECT_EQ(answer.status, 200);
    ASSERT_EQ(answer.json()["warnings"].size(), 1U) << answer.body;
    EXPECT_THAT(answer.json()["warnings"][0].get<std::string>(), HasSubstr("policy.file"));
    EXPECT_FALSE(answer.body.contains(folder.file("")));
  }
  EXPECT_EQ(server.submit("http")["reason_code"], "DEFAULT_DENY_NO_MATCH");
}

TEST(FarameshWithoutAProfile, AnUnusableOneIsSaidByReadiness) {
  const TemporaryFolder folder;
  FarameshServer server(folder, {.profile = "id: p\n"});
  const Answer answer = server.get("/ready");
  ASSERT_EQ(answer.json()["warnings"].size(), 1U) << answer.body;
  EXPECT_THAT(answer.json()["warnings"][0].get<std::string>(), HasSubstr("policy.profile"));
  EXPECT_EQ(server.submit("http")["reason_code"], "PROFILE_LOAD_ERROR");
}

// --- reasons ------------------------------------------------------------------------------------

class FarameshReasons : public ::testing::Test {
 protected:
  const TemporaryFolder folder;
  FarameshServer server{folder};
};

TEST_F(FarameshReasons, AHumansReasonIsKeptToTwentyThousandCharacters) {
  const auto reason_of = [&](const std::string& given) {
    const Json action = server.submit("shell", {{"cmd", "ls"}});
    const Answer answer = server.post_json(
        "/v1/actions/" + action["id"].get<std::string>() + "/approval",
        Json{{"token", action["approval_token"]}, {"approve", false}, {"reason", given}});
    EXPECT_EQ(answer.status, 200) << answer.body.substr(0, 300);
    return answer.json()["reason"].get<std::string>();
  };
  std::string kept;
  for (int i = 0; i < 20'000; ++i) kept += "\u00e9";
  EXPECT_EQ(reason_of(kept), kept);
  EXPECT_EQ(reason_of(kept + "\u00e9t"), kept);
}

TEST_F(FarameshReasons, AResultsErrorIsCutWithAMark) {
  const auto reason_of = [&](const std::string& error) {
    const std::string id = server.submit("http")["id"];
    return server
        .post_json("/v1/actions/" + id + "/result", Json{{"success", false}, {"error", error}})
        .json()["reason"]
        .get<std::string>();
  };
  std::string whole;
  for (int i = 0; i < 1000; ++i) whole += "\u00fc";
  EXPECT_EQ(reason_of(whole), whole);
  EXPECT_EQ(reason_of(whole + "!"), whole + "... (truncated)");
}

}  // namespace
}  // namespace colonnade::tests
