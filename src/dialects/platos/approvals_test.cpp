#include "dialects/platos/approvals.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace colonnade::dialects::platos {
namespace {

using base::Json;
using core::Action;
using core::ActionState;

constexpr base::Time asked_at{1'778'576'400'000'000};

Action question() {
  Action out{.id = "ap1", .scope = core::Scope("org_1", "prj_1", "env_1")};
  out.request = {.agent_id = "support",
                 .tool = "request_approval",
                 .operation = "call",
                 .params = R"({"action":"send_email","details":"to: bob@example.com"})"};
  out.decision.outcome = core::Outcome::abstain;
  out.state = ActionState::pending_approval;
  out.thread_id = "t1";
  out.run_id = "r1";
  out.owner = "usr_1";
  out.created_at = asked_at;
  out.updated_at = asked_at;
  out.expires_at = asked_at + std::chrono::seconds(300);
  return out;
}

TEST(PlatosApprovalsTest, TellsBothDialectsOfAQuestion) {
  const Json record =
      Json::parse(encode_approval(question(), asked_at + std::chrono::seconds(100)));
  EXPECT_EQ(record.at("approvalId"), "ap1");
  EXPECT_EQ(record.at("id"), "ap1");
  EXPECT_EQ(record.at("organizationId"), "org_1");
  EXPECT_EQ(record.at("scope").at("environmentId"), "env_1");
  EXPECT_EQ(record.at("source"), "request_approval");
  EXPECT_EQ(record.at("action"), "send_email");
  EXPECT_EQ(record.at("question"), "send_email");
  EXPECT_EQ(record.at("details"), "to: bob@example.com");
  EXPECT_EQ(record.at("context"), "to: bob@example.com");
  EXPECT_EQ(record.at("status"), "pending");
  EXPECT_EQ(record.at("timeoutSeconds"), 300);
  EXPECT_EQ(record.at("secondsRemaining"), 200);
  EXPECT_EQ(record.at("deadlineAt"), record.at("timeoutAt"));
  EXPECT_EQ(record.at("expired"), false);
  EXPECT_TRUE(record.at("resolution").is_null());
  EXPECT_TRUE(record.at("respondedBy").is_null());
  for (const char* of_calls : {"toolName", "args", "editedArgs", "editedByUserId"}) {
    EXPECT_TRUE(record.at(of_calls).is_null()) << of_calls;
  }
}

TEST(PlatosApprovalsTest, SaysWhereAQuestionComesFrom) {
  core::Action asked = question();
  asked.request.tool = "cancel_run";
  EXPECT_EQ(Json::parse(encode_approval(asked, asked_at)).at("source"), "cancel_run");
  asked.request.tool = "shell";
  EXPECT_EQ(Json::parse(encode_approval(asked, asked_at)).at("source"), "mcp_tool_call");
}

TEST(PlatosApprovalsTest, SaysThatItsTimeIsUp) {
  const Json record =
      Json::parse(encode_approval(question(), asked_at + std::chrono::seconds(301)));
  EXPECT_EQ(record.at("status"), "pending");
  EXPECT_EQ(record.at("expired"), true);
  EXPECT_EQ(record.at("secondsRemaining"), 0);
}

TEST(PlatosApprovalsTest, ShowsACallWithWhatWasAskedAndWhatWasMadeOfIt) {
  Action action = question();
  action.request.tool = "send_email";
  action.request.params = R"({"to":"bob@example.com"})";
  const Json asked = Json::parse(encode_approval(action, asked_at));
  EXPECT_EQ(asked.at("toolName"), "send_email");
  EXPECT_EQ(asked.at("args"), (Json{{"to", "bob@example.com"}}));
  EXPECT_TRUE(asked.at("editedArgs").is_null());
  EXPECT_TRUE(asked.at("editedByUserId").is_null());
  action.state = ActionState::succeeded;
  action.resolved_by = "usr_2";
  action.asked_params = std::move(action.request.params);
  action.request.params = R"({"to":"carol@example.com"})";
  const Json edited = Json::parse(encode_approval(action, asked_at));
  EXPECT_EQ(edited.at("args"), (Json{{"to", "bob@example.com"}}));
  EXPECT_EQ(edited.at("editedArgs"), (Json{{"to", "carol@example.com"}}));
  EXPECT_EQ(edited.at("editedByUserId"), "usr_2");
}

struct Settled {
  ActionState state = ActionState::denied;
  const char* by = "";
  std::string reason{};
  const char* status = "";
  const char* comment = nullptr;
};

TEST(PlatosApprovalsTest, TellsHowItEnded) {
  const Settled rows[] = {
      {ActionState::approved, "usr_1", "fine", "approved", "fine"},
      {ActionState::approved, "usr_1", std::string(core::approved_by_human), "approved", nullptr},
      {ActionState::succeeded, "usr_1", "ok", "approved", nullptr},
      {ActionState::denied, "usr_1", "no", "rejected", "no"},
      {ActionState::denied, "", std::string(core::no_answer_reason), "timed_out", nullptr},
      {ActionState::denied, "", std::string(core::run_ended_reason), "rejected", "stopped"}};
  for (const Settled& row : rows) {
    Action action = question();
    action.state = row.state;
    action.resolved_by = row.by;
    action.reason = row.reason;
    action.expires_at.reset();
    const Json record = Json::parse(encode_approval(action, asked_at));
    EXPECT_EQ(record.at("status"), row.status) << row.reason;
    EXPECT_EQ(record.at("comment"), row.comment == nullptr ? Json() : Json(row.comment))
        << row.reason;
    EXPECT_EQ(record.at("resolution").at("response"),
              std::string_view(row.status) == "approved" ? "approve" : "reject");
    EXPECT_TRUE(record.at("secondsRemaining").is_null());
    EXPECT_FALSE(record.at("timeoutAt").is_null());
  }
}

TEST(PlatosApprovalsTest, TakesBothBodies) {
  struct Row {
    const char* body;
    bool approved;
    const char* comment;
  };
  const Row rows[] = {
      {R"({"approved":true,"comment":"fine"})", true, "fine"},
      {R"({"approved":false})", false, ""},
      {R"({"response":"approve","reason":"ok"})", true, "ok"},
      {R"({"response":"reject"})", false, ""},
      {R"({"approved":true,"response":"reject","comment":"a","reason":"b"})", true, "a"},
      {R"({"approved":null,"response":"approve"})", true, ""}};
  for (const Row& row : rows) {
    const auto decision = decode_decision(Json::parse(row.body));
    ASSERT_TRUE(decision) << row.body;
    EXPECT_EQ(decision->approved, row.approved) << row.body;
    EXPECT_EQ(decision->comment, row.comment) << row.body;
  }
}

TEST(PlatosApprovalsTest, RefusesWhatDecidesNothing) {
  for (const char* body : {"{}", R"({"approved":"yes"})", R"({"response":"maybe"})", "[]"}) {
    EXPECT_FALSE(decode_decision(Json::parse(body))) << body;
  }
}

TEST(PlatosApprovalsTest, LooksAtEditedArgumentsOnlyWithAnApproval) {
  const auto edited = decode_decision(Json::parse(R"({"approved":true,"editedArgs":{}})"));
  ASSERT_TRUE(edited);
  EXPECT_EQ(edited->edited_arguments, "{}");
  EXPECT_FALSE(decode_decision(Json::parse(R"({"approved":true,"editedArgs":[1]})")));
  const auto none = decode_decision(Json::parse(R"({"approved":true,"editedArgs":null})"));
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->edited_arguments);
  const auto rejected = decode_decision(Json::parse(R"({"approved":false,"editedArgs":[1]})"));
  ASSERT_TRUE(rejected);
  EXPECT_FALSE(rejected->edited_arguments);
}

}  // namespace
}  // namespace colonnade::dialects::platos
