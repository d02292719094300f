// Recorded sessions with third-party servers, played again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/mcp/mcp_bench.hpp"
#include "tools/mcp/stdio_connection.hpp"

namespace colonnade::tools::mcp {
namespace {

using base::Json;
using ::testing::HasSubstr;

std::string transcript(const std::string& name) {
  const std::string path = std::string(COLONNADE_FIXTURES) + "/mcp/" + name + ".jsonl";
  return std::filesystem::exists(path) ? path : "";
}

struct Replay {
  base::Lanes lanes{2};
  std::shared_ptr<Reports> reports = std::make_shared<Reports>();
  std::shared_ptr<Session> session{};

  explicit Replay(const std::string& path) {
    StdioOptions process;
    process.name = "replay";
    process.command.program = "python3";
    process.command.arguments = {std::string(COLONNADE_SOURCE_DIR) + "/tests/mcp/replay_server.py",
                                 path};
    process.command.inherited = variables();
    SessionOptions options;
    options.name = "replay";
    options.on_status = [reports = reports](const ServerStatus& status) { reports->add(status); };
    session = Session::start(lanes[0], options, [lane = &lanes[0], process] {
      return make_stdio_connection(*lane, process);
    });
    reports->wait_for(ServerState::ready);
  }
  ~Replay() { base::run_on(lanes[1], Session::stop(session)); }
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  core::ToolOutcome call(const std::string& tool, Json arguments = Json::object(),
                         RequestOptions request = {}) {
    auto out =
        base::run_on(lanes[1], Session::call_tool(session, tool, std::move(arguments), request));
    if (!out) ADD_FAILURE() << out.error().message;
    return out ? *out : core::ToolOutcome{};
  }
};

TEST(McpReplay, EveryRecordedLineIsUnderstood) {
  int lines = 0;
  for (const char* name : {"stdio-everything", "stdio-memory"}) {
    std::ifstream file(transcript(name));
    for (std::string text; std::getline(file, text);) {
      const Json record = Json::parse(text);
      if (!record.contains("line")) continue;
      const auto messages = decode_messages(record.at("line").get<std::string>());
      ASSERT_TRUE(messages) << messages.error().message;
      ++lines;
    }
  }
  if (lines == 0) GTEST_SKIP() << "COLONNADE_FIXTURES/mcp is absent";
  EXPECT_GT(lines, 40);
}

TEST(McpReplay, TheEverythingServer) {
  const std::string path = transcript("stdio-everything");
  if (path.empty()) GTEST_SKIP() << "COLONNADE_FIXTURES/mcp is absent";
  Replay replay(path);
  EXPECT_EQ(replay.session->status().server.name, "mcp-servers/everything");
  EXPECT_EQ(replay.session->status().server.revision, "2025-11-25");
  EXPECT_GE(replay.session->tools()->size(), 10U);
  EXPECT_EQ(replay.call("echo", {{"message", "hi ☃"}}).content, "Echo: hi ☃");
  EXPECT_EQ(replay.call("get-sum", {{"a", 2}, {"b", 40}}).content, "The sum of 2 and 40 is 42.");
  EXPECT_THAT(replay.call("get-tiny-image").content, HasSubstr("[image image/png"));
  EXPECT_THAT(replay.call("get-resource-links", {{"count", 2}}).content,
              HasSubstr("demo://resource/dynamic/blob/1"));
  const auto wrong = replay.call("echo");
  EXPECT_TRUE(wrong.is_error);
  EXPECT_THAT(wrong.content, HasSubstr("Input validation error"));
  auto seen = std::make_shared<std::vector<double>>();
  RequestOptions request;
  request.on_progress = [seen](const Progress& progress) { seen->push_back(progress.progress); };
  const auto slow =
      replay.call("trigger-long-running-operation", {{"duration", 1}, {"steps", 3}}, request);
  EXPECT_THAT(slow.content, HasSubstr("Long running operation completed"));
  EXPECT_EQ(*seen, (std::vector<double>{1, 2, 3}));
}

TEST(McpReplay, TheMemoryServer) {
  const std::string path = transcript("stdio-memory");
  if (path.empty()) GTEST_SKIP() << "COLONNADE_FIXTURES/mcp is absent";
  Replay replay(path);
  EXPECT_EQ(replay.session->status().server.name, "memory-server");
  EXPECT_THAT(replay.call("read_graph").content, HasSubstr("\"entities\""));
}

}  // namespace
}  // namespace colonnade::tools::mcp
