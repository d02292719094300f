// Sessions with servers that misbehave. No call hangs, nothing is left behind, each fault has a
// clear error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>

#include "tests/mcp/mcp_bench.hpp"
#include "tools/mcp/session.hpp"
#include "tools/mcp/stdio_connection.hpp"

namespace colonnade::tools::mcp {
namespace {

using namespace std::chrono_literals;
using base::ErrorKind;
using base::Json;
using base::Result;
using ::testing::HasSubstr;

struct Bench {
  base::Lanes lanes{2};
  std::shared_ptr<Reports> reports = std::make_shared<Reports>();
  StdioOptions process{};
  SessionOptions options{};
  std::shared_ptr<Session> session{};

  explicit Bench(const std::string& mode) {
    process.name = "faulty";
    process.command.program = "python3";
    process.command.arguments = {std::string(COLONNADE_SOURCE_DIR) + "/tests/faulty/mcp_server.py",
                                 mode};
    process.command.inherited = variables();
    process.exit_time_max = 10s;
    options.name = "faulty";
    options.times.probe_max = 60s;  // a busy machine starts Python slowly
    options.times.restart_min = 1ms;
    options.times.restart_max = 10ms;
    options.times.relist_min = 1ms;
    options.on_status = [reports = reports](const ServerStatus& status) { reports->add(status); };
  }
  ~Bench() {
    if (session) base::run_on(lanes[1], Session::stop(session));
    session.reset();
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  void start() {
    session = Session::start(lanes[0], options, [lane = &lanes[0], process = process] {
      return make_stdio_connection(*lane, process);
    });
  }
  void start_ready() {
    start();
    reports->wait_for(ServerState::ready);
  }
  // From another lane than the session's.
  Result<core::ToolOutcome> call(const std::string& tool, Json arguments = Json::object(),
                                 RequestOptions request = {}) {
    return base::run_on(lanes[1], Session::call_tool(session, tool, std::move(arguments), request));
  }
  std::string text(const std::string& tool, Json arguments = Json::object()) {
    auto outcome = call(tool, std::move(arguments));
    EXPECT_TRUE(outcome) << outcome.error().message;
    return outcome ? outcome->content : "";
  }
};

// Waits until that process is gone.
bool ends(pid_t pid) {
  const Descriptor watched(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!watched.open()) return true;    // it is gone already
  constexpr int patience_ms = 60'000;  // a test that needs it is about to fail
  pollfd exited{watched.number(), POLLIN, 0};
  return ::poll(&exited, 1, patience_ms) == 1;
}

bool is_running(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(status, text);
  const auto end = text.rfind(')');
  return end != std::string::npos && text.size() > end + 2 && text[end + 2] != 'Z';
}

TEST(McpStdio, TalksToAnOlderServer) {
  Bench bench("good");
  bench.start_ready();
  const ServerStatus status = bench.session->status();
  EXPECT_EQ(status.server.revision, "2025-11-25");
  EXPECT_EQ(status.server.name, "faulty");
  EXPECT_EQ(bench.session->tools()->size(), 14U);  // of two pages
  EXPECT_EQ(bench.text("echo", {{"text", "hi ☃"}}), "hi ☃");
  const auto resources =
      base::run_on(bench.lanes[1], Session::list(bench.session, "resources", {}));
  ASSERT_TRUE(resources);
  EXPECT_EQ(resources->at(0).at("uri"), "a://b");
  const auto unknown =
      base::run_on(bench.lanes[1], Session::request(bench.session, "no/such", {}, {}));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, ErrorKind::not_found);
}

TEST(McpStdio, TalksToAModernServer) {
  Bench bench("modern");
  bench.start_ready();
  EXPECT_TRUE(bench.session->status().server.modern());
  EXPECT_EQ(bench.text("echo", {{"text", "x"}}), "x");
}

TEST(McpStdio, ASilentProbeMeansAnOlderServer) {
  Bench bench("silent");
  bench.options.times.probe_max = 50ms;
  bench.start_ready();
  EXPECT_EQ(bench.session->status().server.revision, "2025-11-25");
}

TEST(McpStdio, AServerThatTheProbeKillsIsAskedTheOldWayNext) {
  Bench bench("dies-when-probed");
  bench.start();
  EXPECT_THAT(bench.reports->wait_for(ServerState::failed).reason, HasSubstr("code 9"));
  bench.reports->wait_for(ServerState::ready);
}

TEST(McpStdio, GivesAServerACleanEnvironment) {
  Bench bench("good");
  bench.process.command.inherited["COLONNADE_TEST_SECRET"] = "not for servers";
  bench.process.command.environment = {{"TOKEN", "for-this-server"}};
  bench.start_ready();
  const Json seen = Json::parse(bench.text("environment"));
  EXPECT_FALSE(seen.contains("COLONNADE_TEST_SECRET"));
  EXPECT_EQ(seen.at("TOKEN"), "for-this-server");
  EXPECT_TRUE(seen.contains("PATH"));
}

TEST(McpStdio, ACrashFailsTheCallAndTheServerComesBack) {
  Bench bench("good");
  bench.start_ready();
  const auto outcome = bench.call("die");
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->is_error);
  EXPECT_THAT(outcome->content, HasSubstr("exited with code 3"));
  bench.reports->wait_for(ServerState::ready, 3);
  EXPECT_EQ(bench.text("echo", {{"text", "again"}}), "again");
}

TEST(McpStdio, ADeathInMidLineFailsTheCall) {
  Bench bench("good");
  bench.start_ready();
  EXPECT_THAT(bench.text("half"), HasSubstr("exited with code 4"));
}

TEST(McpStdio, AServerThatDoesNotStartIsTriedAgainAndCallsFailAtOnce) {
  Bench bench("exits");
  bench.start();
  EXPECT_THAT(bench.reports->wait_for(ServerState::failed).reason, HasSubstr("code 7"));
  bench.reports->wait_for(ServerState::failed, 4);
  const auto outcome = bench.call("echo");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::unavailable);
}

TEST(McpStdio, SaysWhenThereIsNoSuchProgram) {
  Bench bench("good");
  bench.process.command.program = "no-such-program-here";
  bench.start();
  EXPECT_THAT(bench.reports->wait_for(ServerState::failed).reason,
              HasSubstr("no program 'no-such-program-here'"));
}

TEST(McpStdio, ToleratesSomeNoiseButNotAnEndOfIt) {
  Bench babble("babble");
  babble.start_ready();
  EXPECT_EQ(babble.text("echo", {{"text", "x"}}), "x");
  Bench noise("noise");
  noise.start();
  EXPECT_THAT(noise.reports->wait_for(ServerState::failed).reason,
              HasSubstr("other things than MCP messages"));
}

TEST(McpStdio, BoundsALine) {
  Bench bench("endless-line");
  bench.start();
  EXPECT_THAT(bench.reports->wait_for(ServerState::failed).reason, HasSubstr("a line longer than"));
}

TEST(McpStdio, SurvivesAFlood) {
  Bench bench("good");
  bench.start_ready();
  EXPECT_EQ(bench.text("flood"), "flooded");
}

TEST(McpStdio, ACallThatIsNeverAnsweredEndsAndIsCancelled) {
  Bench bench("good");
  bench.start_ready();
  RequestOptions request;
  request.time_max = 20ms;
  const auto outcome = bench.call("never", Json::object(), request);
  ASSERT_TRUE(outcome);
  EXPECT_THAT(outcome->content, HasSubstr("did not answer within 20 ms"));
  // Sent before, on the same pipe.
  EXPECT_THAT(bench.text("cancelled"), HasSubstr("the time limit passed"));
}

TEST(McpStdio, AStopEndsACall) {
  Bench bench("good");
  bench.start_ready();
  std::stop_source stop;
  stop.request_stop();
  RequestOptions request;
  request.stop = stop.get_token();
  const auto outcome = bench.call("never", Json::object(), request);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::cancelled);
}

TEST(McpStdio, AServerThatNeverAnswersTheHandshakeFails) {
  Bench bench("never");
  bench.options.times.handshake_max = 50ms;
  bench.start();
  EXPECT_THAT(bench.reports->wait_for(ServerState::failed).reason, HasSubstr("did not answer"));
}

TEST(McpStdio, ARevisionOfTheFutureIsRefused) {
  Bench bench("future");
  bench.start();
  EXPECT_THAT(bench.reports->wait_for(ServerState::failed).reason, HasSubstr("2099-01-01"));
}

TEST(McpStdio, AListWithoutEndIsRefused) {
  Bench bench("endless");
  bench.start();
  EXPECT_THAT(bench.reports->wait_for(ServerState::failed).reason, HasSubstr("no end"));
}

TEST(McpStdio, ReportsProgress) {
  Bench bench("good");
  bench.start_ready();
  auto seen = std::make_shared<std::vector<double>>();
  RequestOptions request;
  request.on_progress = [seen](const Progress& progress) { seen->push_back(progress.progress); };
  const auto outcome = bench.call("progress", Json::object(), request);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->content, "done");
  EXPECT_EQ(*seen, (std::vector<double>{1, 2}));
}

TEST(McpStdio, HoldsBackAChangedToolUntilItIsAccepted) {
  for (const char* mode : {"good", "modern"}) {
    Bench bench(mode);
    bench.start_ready();
    EXPECT_EQ(bench.text("change"), "changed");
    const ServerStatus held = bench.reports->wait_for(ServerState::held_back);
    EXPECT_THAT(held.reason, HasSubstr("1 changed (echo)"));
    const auto outcome = bench.call("echo");
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind, ErrorKind::not_found);
    EXPECT_FALSE(bench.text("pid").empty());  // unchanged, so still there
    EXPECT_FALSE(bench.session->accept("another set"));
    EXPECT_TRUE(bench.session->accept(held.held_back_set));
    EXPECT_EQ(bench.session->status().state, ServerState::ready);
    EXPECT_EQ(bench.text("echo", {{"text", "x"}}), "x");
  }
}

base::Task<ElicitationAnswer> answer_blue(Elicitation question, std::stop_token) {
  ElicitationAnswer out;
  out.action = ElicitationAnswer::Action::accept;
  out.content = {{"said", "blue"}, {"to", question.message}};
  co_return out;
}

TEST(McpStdio, AsksAHuman) {
  for (const char* mode : {"good", "modern"}) {
    Bench bench(mode);
    bench.options.elicit = answer_blue;
    bench.start_ready();
    const std::string text = bench.text("ask");
    EXPECT_THAT(text, HasSubstr("blue"));
    EXPECT_THAT(text, HasSubstr("which one?"));
    if (std::string(mode) == "modern") EXPECT_THAT(text, HasSubstr("\"s1\""));
  }
}

TEST(McpStdio, RefusesSamplingUnlessConfigured) {
  Bench bench("good");
  bench.start_ready();
  EXPECT_THAT(bench.text("sample"), HasSubstr("-32601"));
  Bench modern("modern");
  modern.start_ready();
  EXPECT_THAT(modern.text("sample"), HasSubstr("does not offer"));
}

TEST(McpStdio, AnswersPingAndRefusesRoots) {
  Bench bench("asks");
  bench.start_ready();
  EXPECT_EQ(bench.text("echo", {{"text", "still here"}}), "still here");
}

TEST(McpStdio, NothingIsLeftAfterAStop) {
  Bench bench("stubborn");
  bench.process.exit_time_max = 10ms;
  bench.process.terminate_time_max = 10ms;
  bench.start_ready();
  const pid_t server = std::stoi(bench.text("pid"));
  const pid_t grandchild = std::stoi(bench.text("grandchild"));
  EXPECT_TRUE(is_running(server));
  EXPECT_TRUE(is_running(grandchild));
  base::run_on(bench.lanes[1], Session::stop(std::exchange(bench.session, nullptr)));
  EXPECT_FALSE(is_running(server));
  EXPECT_TRUE(ends(grandchild));  // killed, but somebody else waits for it
  EXPECT_EQ(bench.reports->last(), ServerState::stopped);
}

TEST(McpStdio, NothingIsLeftWhenTheLanesGoFirst) {
  pid_t server = 0;
  {
    Bench bench("stubborn");
    bench.start_ready();
    server = std::stoi(bench.text("pid"));
    bench.lanes.stop();
    bench.session.reset();
  }
  EXPECT_FALSE(is_running(server));
}

}  // namespace
}  // namespace colonnade::tools::mcp
