#include "dialects/platos/turn_events.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/governance/action.hpp"
#include "core/runs/sub_agents.hpp"
#include "dialects/platos/resume_point.hpp"
#include "dialects/platos/sent_log.hpp"
#include "dialects/platos/turn_limits.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::Json;
using core::Event;

TurnFacts facts() {
  return {.thread_id = "t1",
          .agent_id = "support",
          .user_id = "usr_1",
          .model = "anthropic:claude",
          .provider_id = "anthropic"};
}

Event event(core::EventBody body, std::int64_t cursor = 1) {
  return Event{.cursor = cursor,
               .scope = core::Scope::main(),
               .owner = "usr_1",
               .thread_id = "t1",
               .run_id = "r1",
               .body = std::move(body)};
}

// The log that the events make, as a client reads it.
struct Log {
  explicit Log(TurnFacts known = facts()) : encoder(std::move(known)) {}
  Log& add(core::EventBody body) {
    for (TurnEvent& one : encoder.encode(event(std::move(body)))) {
      sizes.push_back(one.json.size());
      events.push_back(Json::parse(one.json));
    }
    return *this;
  }
  std::vector<std::string> types() const {
    std::vector<std::string> out;
    for (const Json& one : events) out.push_back(one.at("type"));
    return out;
  }
  std::string tokens() const {
    std::string out;
    for (const Json& one : events) {
      if (one.at("type") == "token") out += one.at("text").get<std::string>();
    }
    return out;
  }

  TurnEncoder encoder;
  std::vector<Json> events;
  std::vector<std::size_t> sizes;
};

core::RunFinished finished(std::string text) {
  core::Message reply{.id = "m2", .role = core::Role::assistant};
  reply.parts.emplace_back(core::TextPart{std::move(text)});
  return {.message = std::move(reply),
          .usage = {.input_tokens = 412, .output_tokens = 58},
          .cost_micros = 2100};
}

// sequence.turn of the examples.
TEST(PlatosTurnEventsTest, TellsATurnInItsOrder) {
  Log log;
  log.add(core::RunStarted{}).add(core::TextDelta{"Hel"}).add(core::TextDelta{"lo"});
  log.add(finished("Hello"));
  EXPECT_EQ(log.types(), (std::vector<std::string>{"meta", "status", "token", "token", "meta",
                                                   "message_persisted", "done"}));
  const Json usage = Json::parse(
      R"({"inputTokens":412,"outputTokens":58,"promptTokens":412,"completionTokens":58,)"
      R"("totalTokens":470,"cachedTokens":0,"cacheCreationInputTokens":0,)"
      R"("cacheReadInputTokens":0,"reasoningTokens":0,"costCents":0.21})");
  const std::vector<Json> expected{
      {{"type", "meta"}, {"thread_id", "t1"}, {"agent_id", "support"}, {"threadId", "t1"}},
      {{"type", "status"}, {"status", "connected"}, {"agentId", "support"}, {"threadId", "t1"}},
      {{"type", "token"}, {"text", "Hel"}, {"threadId", "t1"}},
      {{"type", "token"}, {"text", "lo"}, {"threadId", "t1"}},
      {{"type", "meta"}, {"usage", usage}, {"threadId", "t1"}},
      {{"type", "message_persisted"}, {"messageId", "m2"}, {"costCents", 0.21}, {"threadId", "t1"}},
      {{"type", "done"}, {"usage", usage}, {"threadId", "t1"}}};
  ASSERT_EQ(log.events.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    Json numbered = expected[i];
    numbered["_seq"] = i + 1;
    EXPECT_EQ(log.events[i], numbered);
  }
}

TEST(PlatosTurnEventsTest, SaysNothingAfterDone) {
  Log log;
  log.add(core::RunStarted{}).add(finished("x"));
  const std::size_t size = log.events.size();
  log.add(core::TextDelta{"late"}).add(finished("x"));
  EXPECT_EQ(log.events.size(), size);
  EXPECT_TRUE(log.encoder.ended());
}

TEST(PlatosTurnEventsTest, EndsAStepOfToolsWithABoundary) {
  Log log;
  log.add(core::ToolCallRequested{.tool_call_id = "a",
                                  .call_id = "call_1",
                                  .tool = "inbox_search",
                                  .arguments = {{"day", "today"}}});
  log.add(core::ToolCallRequested{.tool_call_id = "b", .call_id = "call_2", .tool = "table"});
  log.add(core::ToolCallFinished{.tool_call_id = "a",
                                 .call_id = "call_1",
                                 .tool = "inbox_search",
                                 .result = R"({"count":3})"});
  EXPECT_EQ(log.types(), (std::vector<std::string>{"tool_call", "tool_call", "tool_result"}));
  EXPECT_EQ(log.events[0], Json::parse(R"({"type":"tool_call","name":"inbox_search",)"
                                       R"("params":{"day":"today"},"callId":"call_1",)"
                                       R"("threadId":"t1","_seq":1})"));
  EXPECT_EQ(log.events[2], Json::parse(R"({"type":"tool_result","name":"inbox_search",)"
                                       R"("result":{"count":3},"callId":"call_1",)"
                                       R"("threadId":"t1","_seq":3})"));
  log.add(core::ToolCallFinished{.tool_call_id = "b",
                                 .call_id = "call_2",
                                 .tool = "table",
                                 .result = R"({"rows":[[1,"a"]],"display":{"kind":"table",)"
                                           R"("summary":"1 row","columns":["n","s"]}})"});
  EXPECT_EQ(log.events[3].at("result"), Json::parse(R"({"rows":[[1,"a"]]})"));
  EXPECT_EQ(log.events[3].at("display"),
            Json::parse(R"({"kind":"table","summary":"1 row","columns":["n","s"]})"));
  EXPECT_EQ(log.events[4].at("type"), "message_boundary");
}

std::vector<std::string> statuses(const Log& log) {
  std::vector<std::string> out;
  for (const Json& one : log.events) {
    if (one.at("type") == "status") out.push_back(one.at("status"));
  }
  return out;
}

TEST(PlatosTurnEventsTest, SaysWhatItIsDoingWhenThatChanges) {
  Log log;
  log.add(core::RunStarted{});
  log.add(core::ReasoningDelta{"hm"}).add(core::ReasoningDelta{", let me see"});
  log.add(core::TextDelta{"I look."}).add(core::TextDelta{" A moment."});
  for (const char* id : {"a", "b"}) {
    log.add(core::ToolCallRequested{.tool_call_id = id, .call_id = id, .tool = "search"});
  }
  for (const char* id : {"a", "b"}) {
    log.add(core::ToolCallStarted{.tool_call_id = id, .tool = "search"});
  }
  for (const char* id : {"a", "b"}) {
    log.add(core::ToolCallFinished{.tool_call_id = id, .call_id = id, .tool = "search"});
  }
  log.add(core::TextDelta{"Found."}).add(finished("Found."));
  EXPECT_EQ(statuses(log), (std::vector<std::string>{"connected", "thinking", "generating",
                                                     "executing", "thinking", "generating"}));
  const std::vector<std::string> types = log.types();
  const auto boundary = std::ranges::find(types, "message_boundary");
  ASSERT_NE(boundary, types.end());
  EXPECT_EQ(*(boundary + 1), "status") << "the model is asked again behind the boundary";
}

TEST(PlatosTurnEventsTest, MarksAFailedResult) {
  Log log;
  log.add(core::ToolCallFinished{.tool_call_id = "a",
                                 .call_id = "call_3",
                                 .tool = "inbox_search",
                                 .state = core::ToolCallState::failed,
                                 .result = "timeout"});
  EXPECT_EQ(log.events[0].at("result"), (Json{{"error", "timeout"}}));
  EXPECT_EQ(log.events[0].at("isError"), true);
  // One that says it in JSON already.
  log.add(core::ToolCallFinished{.tool_call_id = "b",
                                 .call_id = "call_4",
                                 .tool = "generate_artifact",
                                 .state = core::ToolCallState::failed,
                                 .result = R"({"error":"no kind","status":"failed"})"});
  EXPECT_EQ(log.events[1].at("result"), (Json{{"status", "failed"}, {"error", "no kind"}}));
}

TEST(PlatosTurnEventsTest, AsksAndTellsOfTheAnswer) {
  Log log;
  log.add(core::ApprovalRequested{
      .approval_id = "ap1",
      .tool_call_id = "a",
      .tool = "request_approval",
      .arguments = {{"action", "send_email"}, {"details", "to: bob@example.com"}}});
  EXPECT_TRUE(log.encoder.waits_for_human());
  EXPECT_EQ(log.events[0],
            Json::parse(R"({"type":"approval_needed","approvalId":"ap1","action":"send_email",)"
                        R"("details":"to: bob@example.com","agentId":"support",)"
                        R"("requestedBy":"usr_1","timeoutSeconds":300,"threadId":"t1","_seq":1})"));
  log.add(core::ApprovalResolved{.approval_id = "ap1", .approved = true, .by = "usr_1"});
  EXPECT_FALSE(log.encoder.waits_for_human());
  EXPECT_EQ(log.events[1],
            Json::parse(R"({"type":"approval_resolved","approvalId":"ap1","status":"approved",)"
                        R"("respondedBy":"usr_1","agentId":"support","threadId":"t1","_seq":2})"));
}

// It has no call in this log, and its answer ends none.
TEST(PlatosTurnEventsTest, TellsWhatASubAgentAsks) {
  Log log;
  log.add(core::RunStarted{});
  log.add(core::ToolCallRequested{
      .tool_call_id = "tc1", .call_id = "c1", .tool = std::string(core::sub_agent_tool)});
  log.events.clear();
  log.add(core::ApprovalRequested{
      .approval_id = "a1", .tool = "launch", .arguments = {{"target", "moon"}}});
  ASSERT_EQ(log.types(), (std::vector<std::string>{"approval_needed"}));
  EXPECT_EQ(log.events[0].at("approvalId"), "a1");
  EXPECT_EQ(log.events[0].at("action"), "launch");
  EXPECT_EQ(log.events[0].at("threadId"), "t1") << "of the conversation that the client reads";
  EXPECT_EQ(log.encoder.open_questions(), 1U);
  EXPECT_EQ(log.encoder.handed_on_questions(), 1U);
  log.events.clear();
  log.add(core::ApprovalResolved{.approval_id = "a1", .by = "usr_1", .reason = "no"});
  ASSERT_EQ(log.types(), (std::vector<std::string>{"approval_resolved"}));
  EXPECT_EQ(log.events[0].at("status"), "rejected");
  EXPECT_EQ(log.encoder.open_questions(), 0U);
}

// A sub-agent that ends with an open question leaves none behind.
TEST(PlatosTurnEventsTest, ASubAgentsQuestionEndsWithIt) {
  Log log;
  log.add(core::RunStarted{});
  for (const char* id : {"tc1", "tc2"}) {
    log.add(core::ToolCallRequested{
        .tool_call_id = id, .call_id = id, .tool = std::string(core::sub_agent_tool)});
  }
  log.add(core::ApprovalRequested{.approval_id = "a1", .tool = "launch"});
  const auto end = [](const char* id) {
    return core::ToolCallFinished{.tool_call_id = id,
                                  .call_id = id,
                                  .tool = std::string(core::sub_agent_tool),
                                  .state = core::ToolCallState::failed,
                                  .result = "no answer"};
  };
  log.add(end("tc1"));
  EXPECT_EQ(log.encoder.open_questions(), 1U) << "it may be the other one's";
  log.events.clear();
  log.add(end("tc2"));
  EXPECT_EQ(log.encoder.open_questions(), 0U);
  const auto types = log.types();
  EXPECT_EQ(std::ranges::count(types, "approval_resolved"), 1);
}

TEST(PlatosTurnEventsTest, TellsTimedOutFromRejected) {
  EXPECT_EQ(resolution_of(true, "u", ""), "approved");
  EXPECT_EQ(resolution_of(false, "u", "no"), "rejected");
  EXPECT_EQ(resolution_of(false, "", core::no_answer_reason), "timed_out");
  EXPECT_EQ(resolution_of(false, "", core::run_ended_reason), "rejected");
}

TEST(PlatosTurnEventsTest, RejectsWhatIsAskedWhenTheTurnIsStopped) {
  Log log;
  log.add(core::ApprovalRequested{.approval_id = "ap1", .tool_call_id = "a", .tool = "shell"});
  log.add(core::RunFinished{.state = core::RunState::cancelled, .error = "cancelled"});
  EXPECT_EQ(log.types(),
            (std::vector<std::string>{"approval_needed", "approval_resolved", "meta", "done"}));
  EXPECT_EQ(log.events[1].at("status"), "rejected");
  EXPECT_EQ(log.events[3].at("stopped"), true);
}

TEST(PlatosTurnEventsTest, NamesWhatFailed) {
  Log provider;
  provider.add(
      core::RunFinished{.state = core::RunState::failed, .error = "provider returned 529"});
  EXPECT_EQ(provider.types(), (std::vector<std::string>{"error", "meta", "done"}));
  EXPECT_EQ(provider.events[0].at("code"), "provider_unavailable");
  EXPECT_EQ(provider.events[0].at("providerId"), "anthropic");
  Log time;
  time.add(core::RunFinished{.state = core::RunState::failed,
                             .error = std::string(core::out_of_time) + " (run_time_max)"});
  EXPECT_EQ(time.events[0].at("code"), "aborted");
  EXPECT_FALSE(time.events[0].contains("model"));
  EXPECT_EQ(time.events.back().at("aborted"), true);
}

TEST(PlatosTurnEventsTest, FlagsWhatTheAnswerHolds) {
  Log log;
  log.add(finished("write to bob@example.com"));
  EXPECT_EQ(log.types(),
            (std::vector<std::string>{"safety_flags", "meta", "message_persisted", "done"}));
  EXPECT_EQ(log.events[0].at("flags"),
            Json::parse(R"([{"type":"pii","severity":"low","detail":"email in output",)"
                        R"("matchedText":"bob@***","piiType":"email"}])"));
}

TEST(PlatosTurnEventsTest, TracesToOperatorsAlone) {
  TurnFacts known = facts();
  known.for_operator = true;
  known.system_prompt = "Be kind.";
  Log log(std::move(known));
  log.add(core::RunStarted{}).add(finished("x"));
  EXPECT_EQ(log.types(), (std::vector<std::string>{"meta", "status", "trace_request", "trace_step",
                                                   "meta", "message_persisted", "done"}));
  EXPECT_EQ(log.events[2].at("systemPrompt"), "Be kind.");
  EXPECT_EQ(log.events[2].at("provider"), "anthropic");
}

TEST(PlatosTurnEventsTest, NamesTheModelThatAnswersInThePlaceOfOneThatFailed) {
  TurnFacts known = facts();
  known.for_operator = true;
  Log log(std::move(known));
  const core::ModelChanged change{.provider = "openai", .model = "gpt"};
  log.add(core::RunStarted{}).add(change);
  log.add(core::RunFinished{.state = core::RunState::failed, .error = "overloaded"});
  std::vector<std::string> asked;
  for (const Json& one : log.events) {
    if (one.at("type") == "trace_request") asked.push_back(one.at("model"));
    if (one.at("type") == "error") {
      EXPECT_EQ(one.at("model"), "openai:gpt");
      EXPECT_EQ(one.at("providerId"), "openai");
    }
    if (one.at("type") == "trace_step") {
      EXPECT_EQ(one.at("provider"), "openai");
    }
  }
  EXPECT_EQ(asked, (std::vector<std::string>{"anthropic:claude", "openai:gpt"}));
  Log user;
  user.add(core::RunStarted{}).add(change);
  EXPECT_EQ(user.types(), (std::vector<std::string>{"meta", "status"})) << "not told of it";
}

TEST(PlatosTurnEventsTest, TellsEachSourceThatAnAnswerCites) {
  Log log;
  log.add(core::TextDelta{"It rains."});
  log.add(core::SourcesCited{.citations = {{.url = "https://a.example/w", .title = "W"},
                                           {.title = "Almanac", .text = "rain"}}});
  ASSERT_EQ(log.types(), (std::vector<std::string>{"token", "citation", "citation"}));
  EXPECT_EQ(log.events[1].at("source"), (Json{{"type", "source"},
                                              {"sourceType", "url"},
                                              {"id", "source-1"},
                                              {"url", "https://a.example/w"},
                                              {"title", "W"}}));
  EXPECT_EQ(log.events[2].at("source"), (Json{{"type", "source"},
                                              {"sourceType", "document"},
                                              {"id", "source-2"},
                                              {"title", "Almanac"},
                                              {"citedText", "rain"}}));
}

TEST(PlatosTurnEventsTest, TellsHowRunsThatItBeganGetOn) {
  Log log;
  core::SpawnedJobMoved run{.job_id = "j1", .task = "digest", .metadata = R"({"a":1})"};
  log.add(run);
  run.state = core::JobState::delayed;
  run.attempts_made = 1;
  run.error = "no luck";
  log.add(run);
  run.state = core::JobState::failed;
  run.failure = core::JobFailure::timed_out;
  log.add(run);
  run = {.job_id = "j2", .state = core::JobState::done, .output = R"({"text":"x"})"};
  log.add(run);
  run = {.job_id = "j3", .state = core::JobState::done, .output_left_out = true};
  log.add(run);
  std::vector<Json> expected{
      {{"runId", "j1"}, {"status", "QUEUED"}, {"metadata", {{"a", 1}}}},
      {{"runId", "j1"}, {"status", "QUEUED"}, {"metadata", {{"a", 1}}}},
      {{"runId", "j1"}, {"status", "TIMED_OUT"}, {"metadata", {{"a", 1}}}, {"error", "no luck"}},
      {{"runId", "j2"}, {"status", "COMPLETED"}, {"output", {{"text", "x"}}}},
      {{"runId", "j3"}, {"status", "COMPLETED"}, {"truncated", true}}};
  ASSERT_EQ(log.events.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    expected[i].update({{"type", "run_update"}, {"threadId", "t1"}, {"_seq", i + 1}});
    EXPECT_EQ(log.events[i], expected[i]);
  }
  // What comes when the turn has ended is no part of its log.
  log.add(finished("x"));
  const std::size_t size = log.events.size();
  log.add(run);
  EXPECT_EQ(log.events.size(), size);
  const Json beside = Json::parse(run_update_event(event(run), run));
  EXPECT_EQ(beside, (Json{{"type", "run_update"},
                          {"runId", "j3"},
                          {"status", "COMPLETED"},
                          {"truncated", true},
                          {"threadId", "t1"}}));
}

TEST(PlatosTurnEventsTest, KeepsEveryFrameBelowItsLimit) {
  Log log;
  const std::string long_text(1'000'000, '\x01');  // six bytes each in JSON
  log.add(core::TextDelta{long_text}).add(core::ReasoningDelta{long_text});
  log.add(core::ToolCallRequested{
      .tool_call_id = "a", .call_id = "c", .tool = "x", .arguments = {{"text", long_text}}});
  log.add(core::ToolCallFinished{
      .tool_call_id = "a", .call_id = "c", .tool = "x", .result = long_text});
  log.add(core::RunFinished{.state = core::RunState::failed, .error = long_text});
  for (const std::size_t size : log.sizes) EXPECT_LE(size, limits::platos_frame_bytes_max);
  EXPECT_EQ(log.tokens(), long_text);
  for (const Json& one : log.events) {
    if (one.at("type") == "tool_call" || one.at("type") == "tool_result") {
      EXPECT_EQ(one.at("truncated"), true);
    }
  }
}

TEST(PlatosTurnEventsTest, NeverSplitsACharacter) {
  Log log;
  std::string text(limits::platos_delta_bytes_max - 1, 'a');
  text += "é and more";
  log.add(core::TextDelta{text});
  ASSERT_EQ(log.events.size(), 2U);
  EXPECT_EQ(log.tokens(), text);
}

// --- a model that is asked again ----------------------------------------------------------------

TEST(PlatosTurnEventsTest, LeavesOutWhatIsSaidAgain) {
  Log log;
  log.add(core::TextDelta{"Hello, "}).add(core::OutputRestarted{});
  log.add(core::TextDelta{"Hel"}).add(core::TextDelta{"lo, world"}).add(finished("Hello, world"));
  EXPECT_EQ(log.tokens(), "Hello, world");
}

TEST(PlatosTurnEventsTest, BeginsAnewWhereSomethingElseIsSaid) {
  Log log;
  log.add(core::TextDelta{"Hello, "}).add(core::OutputRestarted{});
  log.add(core::TextDelta{"Hel"}).add(core::TextDelta{"p is near"});
  EXPECT_EQ(log.types(), (std::vector<std::string>{"token", "message_boundary", "token"}));
  EXPECT_EQ(log.events[2].at("text"), "Help is near");
}

// --- resuming -----------------------------------------------------------------------------------

std::vector<core::EventBody> turn() {
  return {core::RunStarted{}, core::TextDelta{"one "}, core::TextDelta{"two "},
          core::TextDelta{"three"}, finished("one two three")};
}

// What somebody is sent who reads the log from its start with that point.
std::vector<std::int64_t> replayed(const ResumePoint& point) {
  TurnEncoder encoder(facts());
  std::vector<std::int64_t> out;
  std::int64_t cursor = 10;
  for (core::EventBody& body : turn()) {
    auto events = encoder.encode(event(std::move(body), cursor));
    point.take_out(events, cursor++);
    for (const TurnEvent& one : events) out.push_back(one.seq);
  }
  return out;
}

TEST(PlatosResumeTest, RepeatsTheSameNumbers) {
  EXPECT_EQ(replayed(ResumePoint::after_seq(0)),
            (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(replayed(ResumePoint::after_seq(4)), (std::vector<std::int64_t>{5, 6, 7, 8}));
}

TEST(PlatosResumeTest, AlwaysTellsTheEnd) {
  EXPECT_EQ(replayed(ResumePoint::after_seq(8)), std::vector<std::int64_t>{8});
  EXPECT_EQ(replayed(ResumePoint::after_seq(99)), std::vector<std::int64_t>{8});
  EXPECT_EQ(replayed(ResumePoint::after_cursor(99)), std::vector<std::int64_t>{8});
}

TEST(PlatosResumeTest, TakesARestartForTheLineBetweenSentAndNot) {
  EXPECT_EQ(replayed(ResumePoint::after_cursor(11)), (std::vector<std::int64_t>{4, 5, 6, 7, 8}));
}

// Three cuts in one turn: each socket gets what the one before had not been handed.
TEST(PlatosResumeTest, LosesAndRepeatsNothingOverThreeCuts) {
  std::vector<std::int64_t> heard;
  std::int64_t had = 0;
  for (int cut = 0; cut < 4; ++cut) {
    SentLog log(had);
    std::uint64_t packet = 2;  // a socket's first packets are not the turn's
    std::uint64_t handed_over = packet + 2;
    if (cut == 3) handed_over = 99;
    for (const std::int64_t seq : replayed(ResumePoint::after_seq(had))) {
      log.sent(++packet, seq);
      if (packet <= handed_over) heard.push_back(seq);
    }
    had = log.handed_over(handed_over);
  }
  EXPECT_EQ(heard, (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(PlatosSentLogTest, CountsWhatWasHadFromBefore) {
  SentLog log;
  log.had(3);
  EXPECT_EQ(log.handed_over(0), 3);
  log.sent(1, 4);
  EXPECT_EQ(log.handed_over(0), 3);
  EXPECT_EQ(log.handed_over(1), 4);
}

TEST(PlatosSentLogTest, CountsWhatWasHandedOverWhole) {
  SentLog log(5);
  EXPECT_EQ(log.handed_over(100), 5);
  log.sent(3, 6);
  log.sent(4, 7);
  log.sent(0, 8);  // the socket was closed
  EXPECT_EQ(log.handed_over(2), 5);
  EXPECT_EQ(log.handed_over(3), 6);
  EXPECT_EQ(log.under_way(), 1U);
  EXPECT_EQ(log.handed_over(99), 7);
  EXPECT_EQ(log.under_way(), 0U);
}

}  // namespace
}  // namespace colonnade::dialects::platos
