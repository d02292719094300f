// Every POST over Tandem's wire has its effect once under an Idempotency-Key (architecture §2.6).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "../engine/launch_tool.hpp"
#include "dialects/answer_once.hpp"
#include "tandem_server.hpp"
#include "tools/builtin/write.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// POSTs without a key, and why.
const std::set<std::string>& without_key() {
  static const std::set<std::string> routes = {
      "POST /auth/token/generate",       // its answer is a secret
      "POST /mcp/{}/auth",               // its answer is for one use
      "POST /mcp/{}/auth/authenticate",  // the same
      "POST /memory/search",             // it changes nothing
  };
  return routes;
}

class TandemAnswerOnce : public ::testing::Test {
 protected:
  ~TandemAnswerOnce() override { workers_.end(); }

  TandemServerOptions options() {
    TandemServerOptions out;
    out.engine.workspaces = folder_.file("workspaces");
    out.engine.extra_tools.push_back(std::make_unique<LaunchTool>(launches_));
    out.engine.extra_tools.push_back(tools::write_tool(workers_));
    return out;
  }
  void restart() {
    server_.reset();
    server_ = std::make_unique<TandemServer>(folder_.file("colonnade.db"), options());
  }
  Answer post(const std::string& key, const std::string& target, const Json& body) {
    return server_->ask("POST", target, body.dump(), {{"Idempotency-Key", key}});
  }
  std::string new_session() { return server_->post("/session").json().at("id"); }
  // The same once more, and something else under the same key.
  void expect_once(const std::string& key, const std::string& target, const Json& body,
                   const Json& another) {
    const Answer first = post(key, target, body);
    EXPECT_EQ(first.status, 200) << target << first.body;
    const Answer again = post(key, target, body);
    EXPECT_EQ(again.status, first.status) << target;
    EXPECT_EQ(again.body, first.body) << target;
    const Answer other = post(key, target, another);
    EXPECT_EQ(other.status, 409) << target << other.body;
    EXPECT_EQ(other.json().at("code"), "CONFLICT");
    EXPECT_THAT(other.json().at("error").get<std::string>(), HasSubstr("Idempotency-Key"));
  }
  void approve(const std::string& id) {
    const Answer answer = server_->post("/permission/" + id + "/reply", {{"reply", "once"}});
    ASSERT_EQ(answer.status, 200) << answer.body;
  }
  std::string open_question() {
    for (;;) {
      const Json open = server_->get("/permission").json().at("requests");
      if (!open.empty()) return open.front().at("id");
      std::this_thread::yield();
    }
  }
  ScriptedProvider& model() { return *server_->engine.model; }
  core::Principal admin() const {
    return {core::Scope::main(), "admin", core::UserRole::operator_role};
  }

  TemporaryFolder folder_;
  base::Workers workers_{1};
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
  std::unique_ptr<TandemServer> server_ =
      std::make_unique<TandemServer>(folder_.file("colonnade.db"), options());
};

// A key that is too long is refused wherever keys count.
TEST_F(TandemAnswerOnce, EveryPostTakesAKey) {
  const std::string session = new_session();
  const std::string key(300, 'k');
  for (const std::string& route : server_->router.listing()) {
    if (!route.starts_with("POST ")) continue;
    std::string target = route.substr(route.find('/'));
    const bool of_session = target.starts_with("/session/") || target.starts_with("/api/session/");
    bool first = true;
    for (auto at = target.find("{}"); at != std::string::npos; at = target.find("{}")) {
      target.replace(at, 2, of_session && first ? session : "x");
      first = false;
    }
    const Answer answer = post(key, target, Json::object());
    if (answer.status == 501) continue;
    const bool refused = answer.body.contains("Idempotency-Key");
    EXPECT_EQ(refused, !without_key().contains(route)) << route << " " << answer.body;
    if (!refused) continue;
    EXPECT_EQ(answer.status, 400) << route << " " << answer.body;
    EXPECT_EQ(answer.json().at("field"), "Idempotency-Key") << route;
  }
}

TEST_F(TandemAnswerOnce, ServicesDoItOnceAndSayTheSame) {
  expect_once("put", "/memory/put", {{"text", "tulips"}}, {{"text", "roses"}});
  EXPECT_EQ(server_->get("/memory").json().at("count"), 1);
  expect_once("import", "/memory/import", {{"items", {{{"text", "tulips"}}}}},
              {{"items", {{{"text", "roses"}}}}});
  expect_once("write", "/resource", {{"key", "plan"}, {"value", 1}},
              {{"key", "plan"}, {"value", 2}});
  EXPECT_EQ(server_->get("/resource/plan").json().at("rev"), 1) << "written once";
  const Json mail = {{"name", "mail"}, {"transport", "http://127.0.0.1:1/mcp"}};
  expect_once("mcp", "/mcp", mail, {{"name", "other"}, {"transport", "http://127.0.0.1:1/mcp"}});
  expect_once("connect", "/mcp/mail/connect", Json::object(), {{"a", 1}});
  const std::string id = server_->get("/memory").json().at("items").at(0).at("id");
  expect_once("promote", "/memory/promote", {{"id", id}}, {{"id", "x"}});
}

// What may be otherwise next time is no answer to keep.
TEST_F(TandemAnswerOnce, AFailureThatPassesLeavesTheKeyFree) {
  const Answer missing = post("c", "/mcp/mail/connect", Json::object());
  EXPECT_EQ(missing.json().at("ok"), false);
  server_->post("/mcp", {{"name", "mail"}, {"transport", "http://127.0.0.1:1/mcp"}});
  EXPECT_EQ(post("c", "/mcp/mail/connect", Json::object()).json().at("ok"), true);
}

TEST_F(TandemAnswerOnce, AnAnswerOutlivesTheServer) {
  const Answer first = post("k", "/memory/put", {{"text", "tulips"}});
  restart();
  EXPECT_EQ(post("k", "/memory/put", {{"text", "tulips"}}).body, first.body);
  EXPECT_EQ(post("k", "/memory/put", {{"text", "roses"}}).status, 409);
}

// The key is free while a human is asked, and taken once the tool ran.
TEST_F(TandemAnswerOnce, AToolRunsOnce) {
  const Json call = {{"tool", "launch"}, {"args", {{"target", "moon"}}}};
  const Answer waiting = post("k", "/tool/execute", call);
  ASSERT_EQ(waiting.status, 409) << waiting.body;
  approve(waiting.json().at("requestID"));
  const Answer done = post("k", "/tool/execute", call);
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(done.json().at("output"), "launched moon");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(post("k", "/tool/execute", call).body, done.body);
    restart();
  }
  EXPECT_EQ(post("k", "/tool/execute", {{"tool", "launch"}, {"args", {{"target", "mars"}}}}).status,
            409);
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
}

TEST_F(TandemAnswerOnce, AToolThatFailedIsNotRunAgain) {
  const Json call = {{"tool", "calculator"}, {"args", {{"expression", "1 / 0"}}}};
  const Answer first = post("k", "/tool/execute", call);
  ASSERT_EQ(first.status, 500) << first.body;
  EXPECT_EQ(post("k", "/tool/execute", call).body, first.body);
}

// The server died between the tool's end and the answer.
TEST_F(TandemAnswerOnce, ALostAnswerIsMadeFromTheRecord) {
  const Json call = {{"tool", "calculator"}, {"args", {{"expression", "6 * 7"}}}};
  const net::Request request{
      .method = net::Method::post, .path = "/tool/execute", .body = call.dump()};
  Engine& engine = server_->engine;
  auto begun =
      engine.run(server_->keyed_requests.begin(admin(), "k", dialects::fingerprint_of(request)));
  ASSERT_TRUE(begun);
  const std::string id = std::get<core::KeyedRequests::First>(*begun).id;
  core::UserCall input{.tool = "calculator", .arguments = call.at("args"), .keyed_request_id = id};
  const auto made = engine.run(engine.user_calls.call(
      admin(), std::move(input), std::chrono::milliseconds(0), engine.lanes[0], {}));
  ASSERT_TRUE(made) << made.error().message;
  server_->keyed_requests.leave(id);
  restart();
  const Answer answer = post("k", "/tool/execute", call);
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json().at("output"), "42");
  EXPECT_EQ(answer.json().at("metadata").at("requestID"), made->action_id);
}

TEST_F(TandemAnswerOnce, APromptIsOneRunHoweverItIsFollowed) {
  const std::string id = new_session();
  model().script({text("Hello"), reply({core::TextPart{"Hello"}})});
  const std::string target = "/session/" + id + "/prompt_sync";
  const Json body = {{"text", "hi"}};
  const Answer first = post("k", target, body);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.json().at("reply"), "Hello");
  EXPECT_EQ(post("k", target, body).body, first.body);
  const Answer streamed = server_->ask("POST", target, body.dump(),
                                       {{"Idempotency-Key", "k"}, {"Accept", "text/event-stream"}});
  EXPECT_THAT(streamed.body, HasSubstr(first.json().at("runID").get<std::string>()));
  EXPECT_THAT(streamed.body, HasSubstr("session.run.started"));
  EXPECT_EQ(post("k", target, {{"text", "another"}}).status, 409);
  EXPECT_THAT(model().requests(), SizeIs(1));
}

// Without a body the run is named by a header alone.
TEST_F(TandemAnswerOnce, ARepeatedPromptNamesItsRunInTheHeader) {
  const std::string id = new_session();
  model().script({text("Hello"), reply({core::TextPart{"Hello"}})});
  const std::string target = "/session/" + id + "/prompt_async";
  const Answer first = post("k", target, {{"text", "hi"}});
  EXPECT_EQ(first.status, 204);
  const Answer again = post("k", target, {{"text", "hi"}});
  EXPECT_EQ(again.status, 204);
  EXPECT_FALSE(first.header("x-tandem-run-id").empty());
  EXPECT_EQ(again.header("x-tandem-run-id"), first.header("x-tandem-run-id"));
}

TEST_F(TandemAnswerOnce, FilesAreRestoredOnce) {
  const std::string id = new_session();
  for (const char* text : {"one", "two"}) {
    const Json args = {{"path", "a.txt"}, {"content", text}};
    model().script({tool_call("c", "write", args)});
    model().script({reply({core::TextPart{"done"}})});
    const Answer started =
        server_->post("/session/" + id + "/prompt_async?return=run", {{"text", "write"}});
    ASSERT_EQ(started.status, 202) << started.body;
    approve(open_question());
    const std::string run = started.json().at("runID");
    ASSERT_TRUE(server_->engine.run(server_->engine.runs.wait(admin(), run, {})));
  }
  const std::string target = "/session/" + id + "/revert";
  const Answer first = post("k", target, Json::object());
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_THAT(first.json().at("files"), SizeIs(1));
  EXPECT_EQ(post("k", target, Json::object()).body, first.body);
  std::ifstream file(folder_.file("workspaces/" + id + "/a.txt"));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "one") << "not undone twice";
}

}  // namespace
}  // namespace colonnade::tests
