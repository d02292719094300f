// Our own MCP client against our own MCP server, over HTTP.
#include <gtest/gtest.h>

#include <atomic>

#include "../mcp/mcp_bench.hpp"
#include "mcp_client.hpp"
#include "net/http_client.hpp"
#include "tools/mcp/http_connection.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using tools::mcp::RequestOptions;
using tools::mcp::ServerState;
using tools::mcp::Session;

class McpSession : public ::testing::Test {
 protected:
  ~McpSession() override {
    for (const auto& session : sessions_) base::run_on(lanes[0], Session::stop(session));
  }
  std::shared_ptr<Session> start(const std::string& token) {
    tools::mcp::HttpOptions options;
    options.name = "own";
    options.url = "http://127.0.0.1:" + std::to_string(server.port()) + "/api/mcp";
    options.headers = {{"Authorization", "Bearer " + token}};
    auto connect = [this, options] {
      return tools::mcp::make_http_connection(lanes[0], http, options);
    };
    tools::mcp::SessionOptions session;
    session.name = "own";
    session.on_status = [this](const tools::mcp::ServerStatus& status) { reports.add(status); };
    sessions_.push_back(Session::start(lanes[0], std::move(session), connect));
    return sessions_.back();
  }
  core::ToolOutcome call(const std::shared_ptr<Session>& session, const std::string& tool,
                         const Json& arguments, RequestOptions options = {}) {
    auto outcome = base::run_on(lanes[0], Session::call_tool(session, tool, arguments, options));
    if (!outcome) throw std::runtime_error(outcome.error().message);
    return *outcome;
  }

  TemporaryFolder folder;
  FarameshServer server{folder, {.policy = mcp_policy}};
  base::Lanes lanes{1};
  net::HttpClient http{lanes};
  tools::mcp::Reports reports;

 private:
  std::vector<std::shared_ptr<Session>> sessions_;
};

TEST_F(McpSession, FindsTheToolsAndAsksAnAgent) {
  const auto session = start(server.token);
  const auto status = reports.wait_for(ServerState::ready);
  EXPECT_EQ(status.server.revision, "2026-07-28");
  EXPECT_EQ(status.server.name, "colonnade");
  EXPECT_TRUE(status.refused.empty());
  EXPECT_EQ(session->tools()->size(), 13u);
  std::atomic<int> told = 0;
  RequestOptions options;
  options.on_progress = [&](const tools::mcp::Progress&) { ++told; };
  const auto outcome = call(session, "ask_agent", {{"message", "/tool clock"}}, options);
  EXPECT_FALSE(outcome.is_error) << outcome.content;
  EXPECT_NE(outcome.content.find("succeeded"), std::string::npos) << outcome.content;
  EXPECT_GE(told.load(), 1);
  const auto wrong = call(session, "ask_agent", Json::object());
  EXPECT_TRUE(wrong.is_error);
}

TEST_F(McpSession, ListsAndReadsThreads) {
  const auto session = start(server.token);
  reports.wait_for(ServerState::ready);
  call(session, "ask_agent", {{"message", "/say hello"}});
  const auto list = base::run_on(lanes[0], Session::list(session, "resources", {}));
  ASSERT_TRUE(list) << list.error().message;
  const auto read = base::run_on(
      lanes[0], Session::request(session, "resources/read", {{"uri", list->at(0).at("uri")}}, {}));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_NE(read->dump().find("hello"), std::string::npos);
}

TEST_F(McpSession, AStoppedCallCancelsItsRun) {
  const auto session = start(server.token);
  reports.wait_for(ServerState::ready);
  std::stop_source stop;
  RequestOptions options;
  options.stop = stop.get_token();
  options.on_progress = [&](const tools::mcp::Progress&) { stop.request_stop(); };
  const Json endless = {{"message", "/slow 50\n/tokens 100000"}};
  const auto outcome =
      base::run_on(lanes[0], Session::call_tool(session, "ask_agent", endless, options));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, base::ErrorKind::cancelled);
  McpClient client(server.port(), server.token);
  const Json threads = client.use("list_threads").at("threads");
  const Json thread = client.use("read_thread", {{"thread_id", threads.at(0).at("thread_id")}});
  const Json run_id = thread.at("messages").at(0).at("run_id");
  std::int64_t after = 0;
  Json page;
  do {
    page = client.use("follow_run", {{"run_id", run_id}, {"after", after}});
    after = page.at("cursor").get<std::int64_t>();
  } while (page.at("done") != true);
  EXPECT_EQ(page.at("state"), "cancelled");
}

TEST_F(McpSession, AWrongTokenIsSeenAsSuch) {
  start("wrong");
  reports.wait_for(ServerState::needs_auth);
}

}  // namespace
}  // namespace colonnade::tests
