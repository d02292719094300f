#include "dialects/tandem/run_events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/governance/action.hpp"
#include "dialects/tandem/event_stream.hpp"
#include "dialects/tandem/limits.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::Json;
using ::testing::ElementsAre;

class TandemRunEvents : public ::testing::Test {
 protected:
  std::vector<Json> of(core::EventBody body) {
    const core::Event event{.cursor = ++cursor_,
                            .scope = core::Scope::main(),
                            .thread_id = "s",
                            .run_id = "r",
                            .at = {1'773'820'800'000'000},
                            .body = std::move(body)};
    std::vector<Json> out;
    for (const EventText& each : events_.of(event)) {
      EXPECT_LE(each.json.size(), limits::tandem_event_bytes_max);
      out.push_back(Json::parse(each.json));
    }
    return out;
  }
  static std::vector<std::string> types(const std::vector<Json>& events) {
    std::vector<std::string> out;
    for (const Json& one : events) out.push_back(one.at("type"));
    return out;
  }
  void start() {
    of(core::RunStarted{.user_message = {.id = "m", .parts = {core::TextPart{"hi"}}}});
  }

  RunEvents events_;
  std::int64_t cursor_ = 0;
};

TEST_F(TandemRunEvents, ADeltaIsAPartAndAResponse) {
  start();
  const auto events = of(core::TextDelta{"It is "});
  ASSERT_THAT(types(events), ElementsAre("message.part.updated", "session.response"));
  const Json& part = events[0].at("properties");
  EXPECT_EQ(part.at("delta"), "It is ");
  EXPECT_EQ(part.at("part").at("messageID"), "m") << "the user's message, as the engine has it";
  EXPECT_EQ(part.at("channel"), "assistant");
  EXPECT_FALSE(part.contains("agent"));
  EXPECT_EQ(events[1].at("properties").at("delta"), "It is ");
  EXPECT_EQ(events[1].at("sessionID"), "s");
  EXPECT_EQ(events[1].at("runID"), "r");
  EXPECT_EQ(events[1].at("timestamp"), "2026-03-18T08:00:00.000000Z");
}

TEST_F(TandemRunEvents, ALongDeltaIsSeveral) {
  start();
  for (const std::string& unit : {std::string("x"), std::string("\x01"), std::string("\xC3\xA4")}) {
    std::string text;
    while (text.size() < 64 * 1024) text += unit;
    const auto events = of(core::TextDelta{text});
    EXPECT_LT(std::ssize(events), events_per_cursor)
        << "their numbers must not run into the next event's";
    std::string said;
    for (const Json& one : events) {
      if (one.at("type") == "session.response") said += one.at("properties").at("delta");
    }
    EXPECT_EQ(said, text);
  }
}

// tandem §3.5: one id from the question to the end, which is the request's when one was needed.
TEST_F(TandemRunEvents, ACallThatIsAskedAboutHasTheRequestsId) {
  start();
  of(core::ToolCallRequested{
      .tool_call_id = "t", .call_id = "c", .tool = "shell", .arguments = {{"command", "ls"}}});
  const auto asked = of(core::ApprovalRequested{
      .approval_id = "a", .tool_call_id = "t", .tool = "shell", .arguments = {{"command", "ls"}}});
  ASSERT_THAT(types(asked),
              ElementsAre("message.part.updated", "permission.asked", "permission.request"));
  EXPECT_EQ(asked[0].at("properties").at("part").at("id"), "a");
  EXPECT_EQ(asked[0].at("properties").at("part").at("state"), "pending");
  EXPECT_EQ(asked[2].at("properties").at("permission"), "bash") << "as its clients know it";
  const auto replied = of(core::ApprovalResolved{
      .approval_id = "a", .tool_call_id = "t", .approved = true, .by = "ann"});
  ASSERT_THAT(types(replied), ElementsAre("permission.replied"));
  const auto started = of(core::ToolCallStarted{.tool_call_id = "t", .tool = "shell"});
  ASSERT_THAT(types(started), ElementsAre("message.part.updated", "session.tool_call"));
  EXPECT_EQ(started[0].at("properties").at("part").at("id"), "a");
  EXPECT_EQ(started[1].at("properties").at("args"), (Json{{"command", "ls"}}));
  const auto ended = of(core::ToolCallFinished{.tool_call_id = "t",
                                               .call_id = "c",
                                               .tool = "shell",
                                               .state = core::ToolCallState::failed,
                                               .result = "exit 1"});
  ASSERT_THAT(types(ended), ElementsAre("message.part.updated", "session.tool_result"));
  EXPECT_EQ(ended[0].at("properties").at("part").at("state"), "failed");
  EXPECT_EQ(ended[1].at("properties").at("toolCallID"), "a");
  EXPECT_EQ(ended[1].at("properties").at("error"), "exit 1");
}

TEST_F(TandemRunEvents, NobodysAnswerIsATimeout) {
  start();
  of(core::ApprovalRequested{.approval_id = "a", .tool_call_id = "t", .tool = "send"});
  const auto events = of(core::ApprovalResolved{
      .approval_id = "a", .tool_call_id = "t", .reason = std::string(core::no_answer_reason)});
  EXPECT_THAT(types(events), ElementsAre("permission.replied", "permission.wait.timeout",
                                         "message.part.updated", "session.tool_result"));
  EXPECT_EQ(events.back().at("properties").at("state"), "denied");
}

// It is no call of this run: there is a request, and no part of a tool.
TEST_F(TandemRunEvents, ASubAgentsQuestionIsARequestAlone) {
  start();
  const auto asked = of(core::ApprovalRequested{
      .approval_id = "a", .tool = "shell", .arguments = {{"command", "ls"}}});
  ASSERT_THAT(types(asked), ElementsAre("permission.asked", "permission.request"));
  EXPECT_EQ(asked[1].at("properties").at("id"), "a");
  EXPECT_EQ(asked[1].at("properties").at("args"), (Json{{"command", "ls"}}));
  for (const bool approved : {true, false}) {
    const auto replied =
        of(core::ApprovalResolved{.approval_id = "a", .approved = approved, .by = "ann"});
    ASSERT_THAT(types(replied), ElementsAre("permission.replied"));
    EXPECT_EQ(replied[0].at("properties").at("reply"), approved ? "allow" : "deny");
  }
}

TEST_F(TandemRunEvents, EndsComeInOrder) {
  struct Row {
    core::RunState state;
    const char* error;
    const char* status;
    std::vector<std::string> types;
  };
  const Row rows[] = {
      {core::RunState::succeeded,
       "",
       "completed",
       {"session.status", "session.updated", "run.completed", "session.run.finished"}},
      {core::RunState::cancelled,
       "cancelled",
       "cancelled",
       {"session.status", "session.updated", "run.cancelled", "session.run.finished"}},
      {core::RunState::failed,
       "connect timeout",
       "error",
       {"session.error", "session.status", "session.updated", "run.failed",
        "session.run.finished"}},
      {core::RunState::failed,
       "the run took longer than its time limit (run_time_max)",
       "timeout",
       {"session.error", "session.status", "session.updated", "run.failed",
        "session.run.finished"}},
  };
  for (const Row& row : rows) {
    start();
    const auto events = of(core::RunFinished{.state = row.state, .error = row.error});
    EXPECT_EQ(types(events), row.types) << row.status;
    EXPECT_EQ(events.back().at("properties").at("status"), row.status);
    EXPECT_EQ(events.back().at("properties").at("finishedAtMs"), 1'773'820'800'000);
  }
}

TEST_F(TandemRunEvents, NumbersRise) {
  EXPECT_LT(event_number(7, events_per_cursor - 1), event_number(8, 0));
  EXPECT_EQ(cursor_of(event_number(7, events_per_cursor - 1)), 7);
}

// tandem §3.4
TEST(TandemFilter, PassesWhatTheQueryNames) {
  const EventText of_run{.type = "x", .session_id = "s", .run_id = "r"};
  const EventText of_session{.type = "x", .session_id = "s"};
  const EventText of_nothing{.type = "x"};
  const EventText of_another{.type = "x", .session_id = "s", .run_id = "q"};
  struct Row {
    EventFilter filter;
    bool run, session, nothing, another;
  };
  const Row rows[] = {
      {{}, true, true, true, true},
      {{.session_id = "s"}, true, true, false, true},
      {{.run_id = "r"}, true, false, false, false},
      {{.session_id = "s", .run_id = "r"}, true, true, false, false},
      {{.session_id = "t", .run_id = "r"}, false, false, false, false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(row.filter.passes(of_run), row.run);
    EXPECT_EQ(row.filter.passes(of_session), row.session);
    EXPECT_EQ(row.filter.passes(of_nothing), row.nothing);
    EXPECT_EQ(row.filter.passes(of_another), row.another);
  }
}

TEST(TandemEventText, LongOnesAreShortenedAndStayJson) {
  const Json long_text = {{"a", std::string(50'000, 'x')}, {"b", "short"}};
  Json cut = Json::parse(shortened(long_text.dump(), 16'000));
  EXPECT_EQ(cut.at("b"), "short");
  EXPECT_TRUE(cut.at("a").get<std::string>().ends_with("\xE2\x80\xA6"));
  Json rows = Json::array();
  for (int i = 0; i < 20'000; ++i) rows.push_back("row");
  const std::string many = shortened(Json{{"p", {{"rows", rows}}}}.dump(), 16'000);
  EXPECT_LE(many.size(), 16'000U);
  EXPECT_FALSE(Json::parse(many).at("p").at("rows").empty());
  EXPECT_EQ(frame("{}", 7), "id: 7\ndata: {}\n\n");
  EXPECT_EQ(frame("{}"), "data: {}\n\n");
}

}  // namespace
}  // namespace colonnade::dialects::tandem
