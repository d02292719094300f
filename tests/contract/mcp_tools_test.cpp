// What the MCP server's tools do: agents, runs, threads, approvals, the gate.
#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <thread>

#include "mcp_client.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

const std::string sum = R"(/tool calculator {"expression":"6*7"})";
// Writes for longer than any test takes.
const std::string endless = "/slow 50\n/tokens 100000";

class McpTools : public ::testing::Test {
 protected:
  TemporaryFolder folder;
  std::optional<FarameshServer> server{std::in_place, folder,
                                       FarameshServerOptions{.policy = mcp_policy}};
  McpClient client{server->port(), server->token};

  // Follows the run to its end; the last page.
  std::vector<Json> follow(const std::string& run_id, std::int64_t after = 0) {
    std::vector<Json> events;
    for (;;) {
      const Json page =
          client.use("follow_run", {{"run_id", run_id}, {"after", after}, {"wait_seconds", 60}});
      for (const Json& event : page.at("events")) events.push_back(event);
      if (page.at("done") == true) return events;
      after = page.at("cursor").get<std::int64_t>();
    }
  }
  // Until the run asks a human.
  Json await_question(const std::string& run_id) {
    for (std::int64_t after = 0;;) {
      const Json page = client.use("follow_run", {{"run_id", run_id}, {"after", after}});
      if (page.at("state") == "waiting_approval") {
        return client.use("list_approvals", {{"run_id", run_id}}).at("approvals").at(0);
      }
      after = page.at("cursor").get<std::int64_t>();
    }
  }
  static net::Headers call_headers(const std::string& tool) {
    return McpClient::modern_headers("tools/call", {{"name", tool}});
  }
  // The body of a call of the newer era.
  static std::string call_body(const std::string& tool, const Json& arguments) {
    Json params = {{"name", tool}, {"arguments", arguments}};
    params["_meta"] = McpClient::modern_meta();
    params["_meta"]["progressToken"] = "p1";
    return McpClient::request(1, "tools/call", params).dump();
  }
  // An open call, whose answer comes as a stream.
  std::unique_ptr<WireStream> open_call(const std::string& tool, const Json& arguments,
                                        net::Headers headers) {
    headers.push_back({"Content-Type", "application/json"});
    headers.push_back({"Accept", "application/json, text/event-stream"});
    return std::make_unique<WireStream>(server->port(), Call{.method = "POST",
                                                             .target = "/api/mcp",
                                                             .body = call_body(tool, arguments),
                                                             .token = server->token,
                                                             .headers = std::move(headers)});
  }
  std::string newest_thread() {
    return client.use("list_threads").at("threads").at(0).at("thread_id");
  }
  // Of the one run in the newest thread.
  std::string newest_run() {
    const Json thread = client.use("read_thread", {{"thread_id", newest_thread()}});
    return thread.at("messages").at(0).at("run_id");
  }
};

// --- asking -------------------------------------------------------------------------------------

TEST_F(McpTools, AnAgentAnswersAndTheThreadGoesOn) {
  const Json agents = client.use("list_agents").at("agents");
  EXPECT_EQ(agents.at(0).at("is_default"), true);
  const Json first = client.use("ask_agent", {{"message", "/say hello"}});
  EXPECT_EQ(first.at("state"), "succeeded");
  EXPECT_EQ(first.at("answer"), "hello");
  const Json again =
      client.use("ask_agent", {{"message", "/say and bye"}, {"thread_id", first.at("thread_id")}});
  EXPECT_EQ(again.at("thread_id"), first.at("thread_id"));
  const Json thread = client.use("read_thread", {{"thread_id", first.at("thread_id")}});
  ASSERT_EQ(thread.at("messages").size(), 4u);
  EXPECT_EQ(thread.at("messages")[3].at("text"), "and bye");
  EXPECT_EQ(thread.at("running"), false);
}

TEST_F(McpTools, TextAndStructureSayTheSame) {
  const Json result = client.tool("ask_agent", {{"message", "/say hello"}});
  EXPECT_EQ(Json::parse(result.at("content")[0].at("text").get<std::string>()),
            result.at("structuredContent"));
  EXPECT_EQ(result.at("resultType"), "complete");
}

TEST_F(McpTools, AFailedRunIsAFailure) {
  const Json result = client.tool("ask_agent", {{"message", "/fail invalid"}});
  EXPECT_EQ(result.at("isError"), true);
  EXPECT_EQ(result.at("structuredContent").at("state"), "failed");
  EXPECT_FALSE(result.at("structuredContent").at("error").get<std::string>().empty());
}

TEST_F(McpTools, ProgressIsSentInAStream) {
  auto stream = open_call("ask_agent", {{"message", "/tool clock"}}, call_headers("ask_agent"));
  ASSERT_EQ(stream->head().header("Content-Type"), "text/event-stream");
  const Json first = stream->next().value().json();
  EXPECT_EQ(first.at("method"), "notifications/progress");
  EXPECT_EQ(first.at("params").at("progressToken"), "p1");
  EXPECT_EQ(first.at("params").at("progress"), 1);
  Json last;
  while (const auto event = stream->next()) last = event->json();
  EXPECT_EQ(last.at("id"), 1);
  EXPECT_EQ(last.at("result").at("structuredContent").at("state"), "succeeded");
}

TEST_F(McpTools, ClientsWithoutStreamsGetJson) {
  client.accept = "application/json";
  const Answer answer =
      client.modern("tools/call", {{"name", "ask_agent"}, {"arguments", {{"message", "/say hi"}}}});
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_EQ(answer.json().at("result").at("structuredContent").at("answer"), "hi");
}

TEST_F(McpTools, AnAskerWhoseTimeIsOverLearnsTheRun) {
  const Json report = client.use("ask_agent", {{"message", endless}, {"wait_seconds", 1}});
  EXPECT_EQ(report.at("state"), "running");
  EXPECT_NE(report.at("next").get<std::string>().find("follow_run"), std::string::npos);
  const Json busy =
      client.tool("ask_agent", {{"message", "a"}, {"thread_id", report.at("thread_id")}});
  EXPECT_EQ(busy.at("isError"), true);
  EXPECT_EQ(client.use("cancel_run", {{"run_id", report.at("run_id")}}).at("state"), "cancelled");
}

TEST_F(McpTools, AKeyHasItsEffectOnce) {
  const Json arguments = {{"message", "/say once"}, {"idempotency_key", "k1"}};
  const Json first = client.use("ask_agent", arguments);
  const Json again = client.use("ask_agent", arguments);
  EXPECT_EQ(first, again);
  EXPECT_EQ(client.use("list_threads").at("threads").size(), 1u);
  const Json other =
      client.tool("ask_agent", {{"message", "/say twice"}, {"idempotency_key", "k1"}});
  EXPECT_EQ(other.at("isError"), true);
  // A run that goes on belongs to its key, too.
  const Json long_one = {{"message", endless}, {"idempotency_key", "k2"}, {"wait_seconds", 1}};
  const Json running = client.use("ask_agent", long_one);
  EXPECT_EQ(client.use("ask_agent", long_one).at("run_id"), running.at("run_id"));
  client.use("cancel_run", {{"run_id", running.at("run_id")}});
}

// --- runs in the background ---------------------------------------------------------------------

TEST_F(McpTools, ARunIsStartedFollowedAndRead) {
  const Json started = client.use("start_run", {{"message", "/think hm\n/tool clock"}});
  const auto events = follow(started.at("run_id"), started.at("cursor").get<std::int64_t>());
  std::vector<std::string> types;
  for (const Json& event : events) types.push_back(event.at("type"));
  EXPECT_EQ(types.front(), "user_message");
  EXPECT_EQ(types.back(), "finished");
  EXPECT_NE(std::ranges::find(types, "tool_finished"), types.end());
  EXPECT_NE(std::ranges::find(types, "text"), types.end());
  const Json run = client.use("read_run", {{"run_id", started.at("run_id")}});
  EXPECT_EQ(run.at("state"), "succeeded");
  EXPECT_EQ(run.at("tool_calls").at(0).at("tool"), "clock");
  EXPECT_EQ(run.at("answer"), events.back().at("answer"));
  // From the beginning it is the same; behind its end there is nothing.
  EXPECT_EQ(follow(started.at("run_id")).back(), events.back());
  const Json after_all = client.use(
      "follow_run", {{"run_id", started.at("run_id")}, {"after", events.back().at("cursor")}});
  EXPECT_EQ(after_all.at("done"), true);
  EXPECT_TRUE(after_all.at("events").empty());
}

TEST_F(McpTools, ALongRunIsFollowedPageByPage) {
  const Json started = client.use("start_run", {{"message", "/tokens 3000"}});
  std::string text;
  for (const Json& event : follow(started.at("run_id"))) {
    if (event.at("type") == "text") text += event.at("text").get<std::string>();
  }
  EXPECT_EQ(Json(text), client.use("read_run", {{"run_id", started.at("run_id")}}).at("answer"));
}

TEST_F(McpTools, OthersRunsDoNotExist) {
  const Json started = client.use("start_run", {{"message", "/say mine"}});
  McpClient eve(server->port(), server->token_of("eve"));
  for (const char* tool : {"read_run", "follow_run", "cancel_run"}) {
    EXPECT_EQ(eve.tool(tool, {{"run_id", started.at("run_id")}}).at("isError"), true) << tool;
  }
  EXPECT_EQ(eve.tool("read_thread", {{"thread_id", started.at("thread_id")}}).at("isError"), true);
  EXPECT_TRUE(eve.use("list_threads").at("threads").empty());
  const Answer resource =
      eve.modern("resources/read",
                 {{"uri", "colonnade://threads/" + started.at("thread_id").get<std::string>()}});
  EXPECT_EQ(resource.json().at("error").at("code"), -32602);
}

// --- cancelling ---------------------------------------------------------------------------------

TEST_F(McpTools, ClosingTheConnectionCancelsInTheNewerEra) {
  auto stream = open_call("ask_agent", {{"message", endless}}, call_headers("ask_agent"));
  ASSERT_TRUE(stream->next());  // it has begun
  const std::string run_id = newest_run();
  stream->close();
  EXPECT_EQ(follow(run_id).back().at("run_state"), "cancelled");
}

TEST_F(McpTools, ANotificationCancelsInTheOlderEra) {
  client.initialize();
  Json params = {{"name", "ask_agent"}, {"arguments", {{"message", endless}}}};
  params["_meta"]["progressToken"] = 5;
  net::Headers headers = client.session_headers();
  headers.push_back({"Content-Type", "application/json"});
  headers.push_back({"Accept", "application/json, text/event-stream"});
  WireStream call(server->port(), {.method = "POST",
                                   .target = "/api/mcp",
                                   .body = McpClient::request(77, "tools/call", params).dump(),
                                   .token = server->token,
                                   .headers = headers});
  ASSERT_EQ(call.next().value().json().at("method"), "notifications/progress");
  const std::string run_id = newest_run();
  // Another request's id, and another session's call, are left alone.
  client.notify("notifications/cancelled", {{"requestId", 78}});
  McpClient other(server->port(), server->token);
  other.initialize();
  other.notify("notifications/cancelled", {{"requestId", 77}});
  EXPECT_EQ(client.use("read_run", {{"run_id", run_id}}).at("state"), "running");
  EXPECT_EQ(client.notify("notifications/cancelled", {{"requestId", 77}}).status, 202);
  while (const auto event = call.next()) EXPECT_FALSE(event->json().contains("result"));
  EXPECT_EQ(client.use("read_run", {{"run_id", run_id}}).at("state"), "cancelled");
}

TEST_F(McpTools, GoingAwayCancelsNothingInTheOlderEra) {
  client.initialize();
  const Json params = {{"name", "ask_agent"}, {"arguments", {{"message", sum}}}};
  net::Headers headers = client.session_headers();
  headers.push_back({"Content-Type", "application/json"});
  headers.push_back({"Accept", "application/json, text/event-stream"});
  {
    WireConnection connection(server->port());
    connection.send({.method = "POST",
                     .target = "/api/mcp",
                     .body = McpClient::request(1, "tools/call", params).dump(),
                     .token = server->token,
                     .headers = headers});
    connection.read_head();
  }
  while (client.use("list_approvals").at("approvals").empty()) std::this_thread::yield();
  const Json question = client.use("list_approvals").at("approvals").at(0);
  client.use("approve", {{"approval_id", question.at("approval_id")}});
  EXPECT_EQ(follow(question.at("run_id")).back().at("run_state"), "succeeded");
}

TEST_F(McpTools, TwoClientsAtOnceWithTheSameIds) {
  std::vector<std::future<Json>> answers;
  for (int i = 0; i < 8; ++i) {
    answers.push_back(std::async(std::launch::async, [&, i] {
      McpClient one(server->port(), server->token);
      one.initialize();
      const Answer answer = one.older(
          "tools/call",
          {{"name", "ask_agent"}, {"arguments", {{"message", "/say " + std::to_string(i)}}}});
      return McpClient::last_message(answer).at("result").at("structuredContent").at("answer");
    }));
  }
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(answers[static_cast<std::size_t>(i)].get(), Json(std::to_string(i)));
}

TEST_F(McpTools, AStopAnswersWhoeverWaitsAndTheRunGoesOnLater) {
  client.initialize();
  auto stream = open_call("ask_agent", {{"message", endless}}, call_headers("ask_agent"));
  ASSERT_TRUE(stream->next());
  const std::string run_id = newest_run();
  auto follower = std::async(std::launch::async, [&] {
    return McpClient(server->port(), server->token)
        .tool("follow_run", {{"run_id", run_id}, {"after", INT64_C(1) << 50}});
  });
  auto stop = std::async(std::launch::async, [&] { server.reset(); });
  Json last;
  while (const auto event = stream->next()) last = event->json();
  stop.get();
  try {
    follower.get();  // answered, or refused when it came too late
  } catch (const std::exception&) {
  }
  ASSERT_TRUE(last.contains("result")) << last;
  EXPECT_EQ(last.at("result").at("isError"), true);
  server.emplace(folder, FarameshServerOptions{.policy = mcp_policy});
  McpClient later(server->port(), server->token);
  EXPECT_EQ(later.use("read_run", {{"run_id", run_id}}).at("state"), "running");
  later.use("cancel_run", {{"run_id", run_id}});
}

// --- approvals ----------------------------------------------------------------------------------

TEST_F(McpTools, OpenQuestionsComeInPagesThatSayWhetherThereAreMore) {
  const Json report = client.use("ask_agent", {{"message", sum}});
  ASSERT_EQ(report.at("state"), "waiting_approval");
  EXPECT_FALSE(report.contains("more_approvals"));
  std::vector<std::string> asked;
  for (int i = 0; i < 4; ++i) {
    const Answer submitted = server->post(
        "/v1/actions", R"({"agent_id":"a","tool":"calculator","operation":"call","params":{"n":)" +
                           std::to_string(i) + "}}");
    asked.insert(asked.begin(), submitted.json().at("id").get<std::string>());
  }
  asked.push_back(report.at("approvals")[0].at("approval_id"));
  std::vector<std::string> listed;
  Json page = client.use("list_approvals", {{"limit", 2}});
  for (;;) {
    EXPECT_LE(page.at("approvals").size(), 2U);
    for (const Json& one : page.at("approvals")) listed.push_back(one.at("approval_id"));
    if (page.at("more") == false) break;
    page = client.use("list_approvals", {{"limit", 2}, {"before", page.at("before")}});
  }
  EXPECT_EQ(listed, asked) << "the newest first, each once";
  const Json of_run = client.use("list_approvals", {{"run_id", report.at("run_id")}});
  ASSERT_EQ(of_run.at("approvals").size(), 1U);
  EXPECT_EQ(of_run.at("approvals")[0].at("approval_id"), asked.back());
  const Json refused = client.tool("list_approvals", {{"before", "nothing"}});
  EXPECT_EQ(refused.at("isError"), true);
}

TEST_F(McpTools, AQuestionComesBackInsteadOfAnAnswer) {
  const Json report = client.use("ask_agent", {{"message", sum}});
  ASSERT_EQ(report.at("state"), "waiting_approval");
  ASSERT_EQ(report.at("approvals").size(), 1u);
  const Json& question = report.at("approvals")[0];
  EXPECT_EQ(question.at("tool"), "calculator");
  EXPECT_EQ(question.at("arguments"), Json({{"expression", "6*7"}}));
  EXPECT_FALSE(question.dump().contains("approval_token"));
  const Json approved =
      client.use("approve", {{"approval_id", question.at("approval_id")}, {"reason", "fine"}});
  EXPECT_NE(approved.at("state"), "pending_approval");
  EXPECT_EQ(follow(report.at("run_id")).back().at("run_state"), "succeeded");
  EXPECT_TRUE(client.use("list_approvals").at("approvals").empty());
  const Json again = client.tool("approve", {{"approval_id", question.at("approval_id")}});
  EXPECT_EQ(again.at("isError"), true);
}

TEST_F(McpTools, ArgumentsCanBeEdited) {
  const Json report = client.use("ask_agent", {{"message", sum}});
  client.use("approve", {{"approval_id", report.at("approvals")[0].at("approval_id")},
                         {"arguments", {{"expression", "5*5"}}}});
  EXPECT_EQ(follow(report.at("run_id")).back().at("run_state"), "succeeded");
  const Json run = client.use("read_run", {{"run_id", report.at("run_id")}});
  EXPECT_NE(run.at("tool_calls")[0].at("result").get<std::string>().find("25"), std::string::npos);
}

TEST_F(McpTools, TheAgentGetsTheDenial) {
  const Json report = client.use("ask_agent", {{"message", sum}});
  client.use("deny", {{"approval_id", report.at("approvals")[0].at("approval_id")},
                      {"reason", "no sums today"}});
  const auto events = follow(report.at("run_id"));
  const auto told = std::ranges::find_if(
      events, [](const Json& event) { return event.at("type") == "approval_resolved"; });
  ASSERT_NE(told, events.end());
  EXPECT_EQ(told->at("approved"), false);
  EXPECT_EQ(told->at("reason"), "no sums today");
  const Json run = client.use("read_run", {{"run_id", report.at("run_id")}});
  EXPECT_EQ(run.at("tool_calls")[0].at("state"), "denied");
  EXPECT_NE(run.at("answer").get<std::string>().find("no sums today"), std::string::npos);
}

TEST_F(McpTools, OthersQuestionsCannotBeAnswered) {
  const Json report = client.use("ask_agent", {{"message", sum}});
  McpClient eve(server->port(), server->token_of("eve"));
  EXPECT_TRUE(eve.use("list_approvals").at("approvals").empty());
  const Json id = report.at("approvals")[0].at("approval_id");
  EXPECT_EQ(eve.tool("approve", {{"approval_id", id}}).at("isError"), true);
  EXPECT_EQ(client.use("list_approvals").at("approvals").size(), 1u);
}

// --- gate and resources -------------------------------------------------------------------------

TEST_F(McpTools, TheGateDecidesWithoutRecording) {
  const auto outcome = [&](const std::string& tool) {
    return client
        .use("decide",
             {{"agent_id", "a"}, {"tool", tool}, {"operation", "call"}, {"params", {{"n", 1}}}})
        .at("outcome");
  };
  EXPECT_EQ(outcome("clock"), "EXECUTE");
  EXPECT_EQ(outcome("calculator"), "ABSTAIN");
  EXPECT_EQ(outcome("other"), "HALT");
  EXPECT_EQ(server->get("/v1/actions").json(), Json::array());
  const Json policy = client.use("policy_info");
  EXPECT_EQ(policy.at("source"), "file");
  EXPECT_EQ(policy.at("hash"), server->get("/v1/policy/info").json().at("policy_hash"));
}

// To the last digit and in the order that was sent: the hash is of the text.
TEST_F(McpTools, TheGateSeesWhatWasSent) {
  Json params = {{"name", "decide"}};
  const std::string body =
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"decide","arguments":)"
      R"({"agent_id":"a","tool":"clock","operation":"call","params":{"n":12345678901234567890123}},)"
      R"("_meta":)" +
      McpClient::modern_meta().dump() + "}}";
  const Json decided = client.post(body, call_headers("decide")).json().at("result");
  const Json by_faramesh =
      server
          ->post("/v1/gate/decide", R"({"agent_id":"a","tool":"clock","operation":"call","params":)"
                                    R"({"n":12345678901234567890123}})")
          .json();
  EXPECT_EQ(decided.at("structuredContent").at("request_hash"), by_faramesh.at("request_hash"));
}

TEST_F(McpTools, ThreadsAreResources) {
  const Json asked = client.use("ask_agent", {{"message", "/say hello"}});
  const std::string uri = "colonnade://threads/" + asked.at("thread_id").get<std::string>();
  const Json list = client.modern("resources/list").json().at("result");
  EXPECT_EQ(list.at("resources").at(0).at("uri"), Json(uri));
  const Json read = client.modern("resources/read", {{"uri", uri}}).json().at("result");
  const Json thread = Json::parse(read.at("contents")[0].at("text").get<std::string>());
  EXPECT_EQ(thread.at("messages")[1].at("text"), "hello");
  const Json templates = client.modern("resources/templates/list").json().at("result");
  EXPECT_EQ(templates.at("resourceTemplates")[0].at("uriTemplate"),
            "colonnade://threads/{thread_id}");
  for (const char* unknown : {"colonnade://threads/none", "file:///etc/passwd", "x"}) {
    const Json error = client.modern("resources/read", {{"uri", unknown}}).json().at("error");
    EXPECT_EQ(error.at("code"), -32602);
    EXPECT_EQ(error.at("data").at("uri"), unknown);
  }
  client.initialize();
  EXPECT_EQ(client.older("resources/read", {{"uri", "x"}}).json().at("error").at("code"), -32002);
}

}  // namespace
}  // namespace colonnade::tests
