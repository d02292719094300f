// The Faramesh SDK and its example programs, against the real program with a policy file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "colonnade/faramesh.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using testing::HasSubstr;

constexpr const char* policy = R"(rules:
  - match: {tool: http, op: "*"}
    allow: true
    description: "Allow HTTP"
  - match: {tool: shell, op: "*"}
    require_approval: true
    description: "Shell requires approval"
  - match: {tool: "*", op: "*"}
    deny: true
    description: "Default deny"
)";

class FarameshExample : public testing::TestWithParam<const char*> {};

TEST_P(FarameshExample, WorksOnTheRealServer) {
  const Folder folder;
  ServerProcess server(folder, {"--policy-file", folder.write("policy.yaml", policy)});
  ASSERT_TRUE(server.ready().is_object());
  const std::string token = server.ready()["first_token"];
  Process example({}, {{"FARAMESH_BASE_URL", server.url()}, {"FARAMESH_TOKEN", token}},
                  folder.path(), std::string(COLONNADE_EXAMPLES) + "/" + GetParam());
  const auto ended = example.wait();
  EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
  EXPECT_NE(ended.out, "") << "each prints what it got";
  EXPECT_EQ(server.stop().code, 0);
}

INSTANTIATE_TEST_SUITE_P(Sdk, FarameshExample,
                         testing::Values("faramesh_quickstart", "faramesh_governed",
                                         "faramesh_async"),
                         [](const auto& info) { return std::string(info.param); });

class FarameshSdk : public testing::Test {
 protected:
  Folder folder;
  // As an operator who replaces a Faramesh server starts it.
  ServerProcess server{folder,
                       {},
                       {{"FARA_POLICY_FILE", folder.write("policy.yaml", policy)},
                        {"FARAMESH_POLICY_VERSION", "e2e-1"},
                        {"FARAMESH_TOKEN", "other, shared-token"}}};
  faramesh::Client gate{{.base_url = server.url(), .token = "shared-token", .retries = 0}};
  faramesh::ActionRequest list_files{
      .agent_id = "my-agent", .tool = "shell", .operation = "exec", .params = {{"cmd", "ls -la"}}};
};

TEST_F(FarameshSdk, SubmitsListsAndApproves) {
  ASSERT_TRUE(server.ready().is_object());
  EXPECT_TRUE(gate.health());
  EXPECT_TRUE(gate.ready());
  const auto action = gate.submit_action(list_files);
  EXPECT_EQ(action.status, faramesh::Status::pending_approval);
  EXPECT_EQ(gate.get_action(action.id).approval_token, action.approval_token);
  const auto listed = gate.list_actions({.tool = "shell"});
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed.front().id, action.id);
  EXPECT_TRUE(faramesh::verify_request_hash(request_of(action), action.request_hash));
  EXPECT_EQ(gate.approve_action(action.id).status, faramesh::Status::approved);
  EXPECT_EQ(gate.report_result(action.id, {.success = true}).status, faramesh::Status::succeeded);
  EXPECT_EQ(gate.policy_info().policy_version, "e2e-1");
}

TEST_F(FarameshSdk, RejectsAndRefuses) {
  ASSERT_TRUE(server.ready().is_object());
  const auto action = gate.submit_action(list_files);
  EXPECT_THROW(gate.approve_action(action.id, {.token = "wrong"}), faramesh::AuthError);
  const auto rejected = gate.reject_action(action.id, {.reason = "not today"});
  EXPECT_EQ(rejected.status, faramesh::Status::denied);
  EXPECT_EQ(rejected.reason, "not today");
  const faramesh::ActionRequest nope{
      .agent_id = "my-agent", .tool = "nope", .operation = "do", .params = {{"x", 1}}};
  EXPECT_THROW(gate.submit_action(nope), faramesh::PolicyError);
  EXPECT_THROW((void)gate.get_action("none"), faramesh::NotFoundError);
  const faramesh::Client stranger{{.base_url = server.url(), .token = "wrong", .retries = 0}};
  EXPECT_THROW((void)stranger.list_actions(), faramesh::AuthError);
}

TEST_F(FarameshSdk, DecidesAndRunsOnlyWhatMay) {
  ASSERT_TRUE(server.ready().is_object());
  EXPECT_EQ(gate.gate_decide(list_files).outcome, faramesh::Outcome::abstain);
  int runs = 0;
  const auto run = [&](const Json&) {
    ++runs;
    return Json("done");
  };
  EXPECT_THROW(gate.execute_if_allowed(list_files, run), faramesh::NotAllowedError);
  EXPECT_EQ(runs, 0);
  const faramesh::ActionRequest fetch{.agent_id = "my-agent",
                                      .tool = "http",
                                      .operation = "get",
                                      .params = {{"url", "https://example.com"}}};
  gate.execute_if_allowed(fetch, run);
  EXPECT_EQ(runs, 1);
  EXPECT_TRUE(gate.list_actions().empty());
}

TEST_F(FarameshSdk, VerifiesTheEventsAndReplaysTheDecision) {
  ASSERT_TRUE(server.ready().is_object());
  const auto action = gate.submit_action(list_files);
  gate.approve_action(action.id);
  const auto events = gate.action_events(action.id);
  EXPECT_EQ(events.size(), 3U);
  EXPECT_TRUE(faramesh::verify_event_chain(events));
  EXPECT_TRUE(gate.replay_decision(action.id).success);
  EXPECT_TRUE(gate.validate_policy(policy).valid);
}

TEST_F(FarameshSdk, SharedTokensReachNoLog) {
  ASSERT_TRUE(server.ready().is_object());
  (void)gate.list_actions();
  const auto ended = server.stop();
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.err + ended.out, testing::Not(HasSubstr("shared-token")));
}

}  // namespace
}  // namespace colonnade::e2e
