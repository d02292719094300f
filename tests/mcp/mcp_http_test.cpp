// Sessions over streamable HTTP: recorded exchanges played again, and what servers may do to us.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/limits.hpp"
#include "base/sse.hpp"
#include "net/testing.hpp"
#include "tests/mcp/mcp_bench.hpp"
#include "tools/mcp/http_connection.hpp"

namespace colonnade::tools::mcp {
namespace {

using base::ErrorKind;
using base::Json;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

// What the server under test is to do, and what it saw.
struct Stage {
  std::mutex mutex{};
  std::vector<Json> recorded{};  // {"request", "response"}
  std::vector<net::Request> seen{};
  int broken_streams = 0;    // of tools/call, before one is answered
  int status = 0;            // of every answer, instead of a real one
  std::string credential{};  // wanted in Authorization
  bool forget_session = false;
};

Json body_of(const net::Request& request) {
  auto body = base::parse_json(request.body, "body");
  return body ? *body : Json::object();
}

net::Response json_reply(const Json& id, const Json& result) {
  net::Response out;
  out.body = Json{{"jsonrpc", "2.0"}, {"id", id}, {"result", result}}.dump();
  return out;
}

// The answer to the same method in the recording, under the id of this request.
net::Response replayed(Stage& stage, const net::Request& request) {
  net::Response out;
  out.status = 404;
  const Json body = body_of(request);
  for (const Json& one : stage.recorded) {
    const Json& incoming = member(one, "request");
    if (text_member(incoming, "method") != request.method_text ||
        text_member(member(incoming, "body"), "method") != text_member(body, "method")) {
      continue;
    }
    const Json& response = member(one, "response");
    out.status = response.at("status");
    for (const auto& [name, value] : response.at("headers").items()) {
      if (name == "content-type") out.content_type = value;
      if (name == "mcp-session-id") out.headers.push_back({"Mcp-Session-Id", value});
    }
    out.body = response.at("body").is_string() ? response.at("body") : "";
    // Ids of the recording, as they are written in its answers.
    const Json& id = member(member(incoming, "body"), "id");
    const std::string old = "\"id\":" + id.dump();
    if (const auto at = out.body.find(old); !id.is_null() && at != std::string::npos) {
      out.body.replace(at, old.size(), "\"id\":" + member(body, "id").dump());
    }
    return out;
  }
  return out;
}

// A server of the older era with sessions and streams that break.
net::Response own(Stage& stage, const net::Request& request) {
  const Json body = body_of(request);
  const Json& id = member(body, "id");
  const std::string method = text_member(body, "method");
  net::Response out;
  if (stage.status != 0) {
    out.status = stage.status;
    return out;
  }
  if (!stage.credential.empty() && request.header("Authorization") != stage.credential) {
    out.status = 401;
    out.headers.push_back({"WWW-Authenticate", "Bearer"});
    return out;
  }
  if (request.method == net::Method::get) {
    out.content_type = "text/event-stream";
    const std::string_view last = request.header("Last-Event-ID");
    if (last.empty()) {
      out.status = 405;
    } else if (stage.broken_streams-- > 0) {
      out.body = "id: again\nretry: 1\ndata: \n\n";
    } else {
      const Json block = {{"type", "text"}, {"text", "resumed"}};
      const auto call = std::ranges::find_if(stage.seen, [](const net::Request& one) {
        return text_member(body_of(one), "method") == "tools/call";
      });
      out.body =
          "id: end\ndata: " +
          json_reply(member(body_of(*call), "id"), {{"content", Json::array({block})}}).body +
          "\n\n";
    }
    return out;
  }
  if (method == "server/discover") {
    out.status = 400;
    return out;
  }
  if (method == "initialize") {
    out = json_reply(id, {{"protocolVersion", "2025-11-25"},
                          {"capabilities", {{"tools", Json::object()}}},
                          {"serverInfo", {{"name", "own"}, {"version", "1"}}}});
    out.headers.push_back({"Mcp-Session-Id", "session-1"});
    return out;
  }
  if (stage.forget_session && method == "tools/call") {
    stage.forget_session = false;
    out.status = 404;
    return out;
  }
  if (method == "tools/list") {
    const Json tool = {{"name", "t"}, {"inputSchema", {{"type", "object"}}}};
    return json_reply(id, {{"tools", Json::array({tool})}});
  }
  if (method == "tools/call") {
    out.content_type = "text/event-stream";
    out.body = "id: e1\nretry: 1\ndata: \n\n";
    return out;
  }
  out.status = id.is_null() ? 202 : 200;
  return out;
}

base::Task<net::Reply> serve(std::shared_ptr<Stage> stage,
                             std::shared_ptr<const net::Request> request) {
  const std::lock_guard lock(stage->mutex);
  stage->seen.push_back(*request);
  net::Response out = stage->recorded.empty() ? own(*stage, *request) : replayed(*stage, *request);
  co_return net::Reply(std::move(out));
}

std::vector<net::Route> routes(const std::shared_ptr<Stage>& stage) {
  std::vector<net::Route> out;
  for (const net::Method method : {net::Method::get, net::Method::post, net::Method::del}) {
    out.push_back({.method = method,
                   .pattern = "/mcp",
                   .handler = std::bind_front(serve, stage),
                   .body_bytes_max = limits::MiB});
  }
  return out;
}

class McpHttp : public ::testing::Test {
 protected:
  ~McpHttp() override { stop(); }

  void start() {
    http_.url = "http://127.0.0.1:" + std::to_string(server_.server.port()) + "/mcp";
    http_.name = "web";
    options_.name = "web";
    options_.times.restart_min = 1ms;
    options_.times.restart_max = 10ms;
    options_.on_status = [reports = reports_](const ServerStatus& status) { reports->add(status); };
    session_ = Session::start(lanes_[0], options_,
                              [this] { return make_http_connection(lanes_[0], client_, http_); });
  }
  void stop() {
    if (session_) base::run_on(lanes_[1], Session::stop(std::exchange(session_, nullptr)));
  }
  bool replay(const std::string& name) {
    std::ifstream file(std::string(COLONNADE_FIXTURES) + "/mcp/" + name + ".jsonl");
    for (std::string line; std::getline(file, line);) {
      stage_->recorded.push_back(Json::parse(line));
    }
    return !stage_->recorded.empty();
  }
  base::Result<core::ToolOutcome> call(const std::string& tool, Json arguments = Json::object()) {
    return base::run_on(lanes_[1],
                        Session::call_tool(session_, tool, std::move(arguments), RequestOptions{}));
  }
  std::vector<net::Request> seen(const std::string& method) {
    const std::lock_guard lock(stage_->mutex);
    std::vector<net::Request> out;
    for (const net::Request& one : stage_->seen) {
      if (one.method_text == method || text_member(body_of(one), "method") == method) {
        out.push_back(one);
      }
    }
    return out;
  }

  std::shared_ptr<Stage> stage_ = std::make_shared<Stage>();
  net::testing::TestServer server_{routes(stage_)};
  base::Lanes lanes_{2};
  net::HttpClient client_{lanes_};
  std::shared_ptr<Reports> reports_ = std::make_shared<Reports>();
  HttpOptions http_{};
  SessionOptions options_{};
  std::shared_ptr<Session> session_{};
};

TEST_F(McpHttp, ReplaysTheModernExchange) {
  if (!replay("http-tools-call-2026-07-28")) GTEST_SKIP() << "COLONNADE_FIXTURES/mcp is absent";
  start();
  const auto ready = reports_->wait_for(ServerState::ready);
  EXPECT_TRUE(ready.server.modern());
  EXPECT_EQ(ready.server.name, "conformance-mock-server");
  const auto outcome = call("add_numbers", {{"a", 2}, {"b", 3}});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->content, "The sum of 2 and 3 is 5");
  const auto calls = seen("tools/call");
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].header("Mcp-Method"), "tools/call");
  EXPECT_EQ(calls[0].header("Mcp-Name"), "add_numbers");
  EXPECT_EQ(calls[0].header("MCP-Protocol-Version"), "2026-07-28");
  const Json sent = body_of(calls[0]);
  EXPECT_TRUE(sent.at("params").at("_meta").contains("io.modelcontextprotocol/clientInfo"));
  EXPECT_TRUE(seen("initialize").empty());
  stop();
  EXPECT_TRUE(seen("DELETE").empty());
}

TEST_F(McpHttp, ReplaysTheFallBackToInitialize) {
  if (!replay("http-tools-call-2025-11-25")) GTEST_SKIP() << "COLONNADE_FIXTURES/mcp is absent";
  start();
  EXPECT_EQ(reports_->wait_for(ServerState::ready).server.revision, "2025-11-25");
  const auto outcome = call("add_numbers", {{"a", 2}, {"b", 3}});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->content, "The sum of 2 and 3 is 5");
  EXPECT_EQ(seen("initialize").at(0).header("MCP-Protocol-Version"), "");
  EXPECT_EQ(seen("tools/call").at(0).header("MCP-Protocol-Version"), "2025-11-25");
}

TEST_F(McpHttp, TakesUpABrokenStream) {
  stage_->broken_streams = 2;
  start();
  reports_->wait_for(ServerState::ready);
  const auto outcome = call("t");
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->content, "resumed");
  const auto gets = seen("GET");
  EXPECT_TRUE(std::ranges::any_of(
      gets, [](const net::Request& one) { return one.header("Last-Event-ID") == "e1"; }));
  EXPECT_EQ(gets.back().header("Last-Event-ID"), "again");
  stop();
  ASSERT_EQ(seen("DELETE").size(), 1U);
  EXPECT_EQ(seen("DELETE")[0].header("Mcp-Session-Id"), "session-1");
}

TEST_F(McpHttp, BeginsANewSessionWhenTheServerForgotTheOld) {
  stage_->forget_session = true;
  start();
  reports_->wait_for(ServerState::ready);
  const auto outcome = call("t");
  ASSERT_TRUE(outcome);
  EXPECT_THAT(outcome->content, HasSubstr("has ended its session"));
  reports_->wait_for(ServerState::ready, 3);
  EXPECT_EQ(seen("initialize").size(), 2U);
}

TEST_F(McpHttp, ARefusedCredentialIsVisibleAndAwaitsANewOne) {
  stage_->credential = "Bearer right";
  start();
  EXPECT_THAT(reports_->wait_for(ServerState::needs_auth).reason, HasSubstr("credential"));
  const auto outcome = call("t");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::unavailable);
  {
    const std::lock_guard lock(stage_->mutex);
    stage_->credential.clear();
  }
  session_->retry();
  reports_->wait_for(ServerState::ready);
}

TEST_F(McpHttp, SendsTheOperatorsHeaders) {
  stage_->credential = "Bearer right";
  http_.headers.push_back({"Authorization", "Bearer right"});
  start();
  reports_->wait_for(ServerState::ready);
}

TEST_F(McpHttp, ABrokenServerFailsAndIsTriedAgain) {
  stage_->status = 503;
  start();
  EXPECT_THAT(reports_->wait_for(ServerState::failed).reason, HasSubstr("503"));
  {
    const std::lock_guard lock(stage_->mutex);
    stage_->status = 0;
  }
  reports_->wait_for(ServerState::ready);
}

TEST_F(McpHttp, SaysWhatIsWrongWithAUrl) {
  start();
  reports_->wait_for(ServerState::ready);
  stop();
  auto connection = make_http_connection(lanes_[0], client_, {.name = "w", .url = "ftp://x"});
  const auto opened = connection->open({});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().field, "url");
}

}  // namespace
}  // namespace colonnade::tools::mcp
