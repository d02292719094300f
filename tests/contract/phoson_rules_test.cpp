// What Phoson's contract says beside its checklist, and what this server adds.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/ids.hpp"
#include "dialects/phoson/limits.hpp"
#include "phoson_fixture.hpp"

namespace colonnade::tests {
namespace {

TEST_F(Phoson, OptionsReachTheProvidersRequest) {
  const std::string id = server_.new_conversation();
  server_.anthropic->script(PhosonServer::answer_acts("Hello."));
  const Answer sent = server_.post(PhosonServer::messages_of(id), {{"content", "hi"},
                                                                   {"provider", "anthropic"},
                                                                   {"model", "claude-x"},
                                                                   {"temperature", 0.2},
                                                                   {"max_tokens", 77},
                                                                   {"reasoning_effort", "low"}});
  ASSERT_EQ(sent.status, 200) << sent.body;
  EXPECT_EQ(sent.json()["provider"], "anthropic");
  const auto request = server_.anthropic->requests().back();
  EXPECT_EQ(request.model, "claude-x");
  EXPECT_EQ(request.temperature, 0.2);
  EXPECT_EQ(request.max_output_tokens, 77);
  EXPECT_EQ(request.reasoning_effort, "low");
  // A provider without a model is asked with its own.
  server_.anthropic->script(PhosonServer::answer_acts("Hello."));
  server_.post(PhosonServer::messages_of(id), {{"content", "hi"}, {"provider", "anthropic"}});
  EXPECT_EQ(server_.anthropic->requests().back().model, "scripted-1");
  expect_detail(
      server_.post(PhosonServer::messages_of(id), {{"content", "hi"}, {"provider", "openrouter"}}),
      503, "Provider not configured: openrouter");
}

TEST_F(Phoson, TheLimitOfRoundsEndsTheRun) {
  const std::string id = server_.new_conversation();
  for (int i = 0; i < limits::phoson_rounds_max; ++i) {
    server_.engine.model->script({tool_call("call_1", "calculator", {{"expression", "2+2"}})});
  }
  WireStream stream = server_.stream(id, "count for ever");
  EXPECT_EQ(stream.until("error").back().json()["message"], "Iteration limit reached");
  EXPECT_EQ(server_.engine.model->requests().size(), 12U);
  EXPECT_EQ(message_list(id).size(), 1U) << "no assistant message is stored";
}

TEST_F(Phoson, ACallThatCannotBeReadEndsToo) {
  const std::string id = server_.new_conversation();
  server_.engine.model->script({reply(
      {core::ToolCallPart{
          .call_id = "call_1", .tool = "calculator", .malformed_arguments = "{\"expression\":"}},
      core::StopReason::tool_use)});
  server_.script_answer();
  WireStream stream = server_.stream(id, "2+2?");
  std::vector<std::string> names;
  while (auto event = stream.next()) names.push_back(event->name);
  ASSERT_GE(names.size(), 3U);
  EXPECT_EQ(names[0], "tool_start");
  EXPECT_EQ(names[1], "tool_end");
  EXPECT_EQ(names.back(), "run_done");
}

TEST_F(Phoson, AccountsSeeTheirOwnObjectsOnly) {
  const std::string agent = server_.new_agent();
  const std::string conversation = server_.new_conversation(agent);
  const std::string mine = server_.key;
  server_.key = server_.create_token("bob", core::CredentialKind::api_token);
  expect_detail(server_.get("/v1/agents/" + agent), 404, "Agent not found");
  expect_detail(server_.ask("DELETE", "/v1/agents/" + agent), 404, "Agent not found");
  expect_detail(server_.get("/v1/conversations/" + conversation), 404, "Conversation not found");
  expect_detail(server_.ask("DELETE", "/v1/conversations/" + conversation), 404,
                "Conversation not found");
  expect_detail(server_.post(PhosonServer::messages_of(conversation), {{"content", "hi"}}), 404,
                "Conversation not found");
  expect_detail(server_.post("/v1/conversations", {{"agent_id", agent}}), 404, "Agent not found");
  EXPECT_EQ(server_.get("/v1/agents").json(), Json::array());
  EXPECT_EQ(server_.get("/v1/conversations").json(), Json::array());
  for (const char* method : {"GET", "POST"}) {
    EXPECT_EQ(server_.ask(method, "/v1/mcp", Json::object()).status, 403);
  }
  EXPECT_EQ(server_.ask("DELETE", "/v1/mcp/x").status, 403);
  server_.key = mine;
  EXPECT_EQ(server_.get("/v1/agents/" + agent).status, 200);
}

TEST_F(Phoson, DeletingAnAgentDeletesWhatItHeld) {
  const std::string agent = server_.new_agent();
  const std::string idle = server_.new_conversation(agent);
  const std::string busy = server_.new_conversation(agent);
  const std::string other = server_.new_conversation();
  server_.script_answer();
  server_.post(PhosonServer::messages_of(idle), {{"content", "remember me"}});
  WireConnection running(server_.port());
  begin_turn(running, busy, false);
  EXPECT_EQ(server_.ask("DELETE", "/v1/agents/" + agent).status, 204);
  EXPECT_EQ(running.read_answer().status, 502);
  for (const std::string& id : {idle, busy}) {
    expect_detail(server_.get("/v1/conversations/" + id), 404, "Conversation not found");
    EXPECT_TRUE(server_.engine
                    .run(server_.engine.store->messages(core::Scope::main(), base::plain_form(id),
                                                        {.limit = 10}))
                    ->empty());
  }
  EXPECT_TRUE(server_.engine.run(server_.engine.store->erased_threads({}))->empty());
  EXPECT_EQ(server_.get("/v1/conversations").json().size(), 1U);
  EXPECT_EQ(server_.get("/v1/conversations/" + other).status, 200);
}

TEST_F(Phoson, TheDefaultAgentCanBeTalkedToButNotChanged) {
  const Json agent = server_.get("/v1/agents/default").json();
  EXPECT_EQ(agent["id"], "default");
  EXPECT_EQ(server_.get("/v1/agents").json(), Json::array());
  const Json made = server_.made("/v1/conversations", {{"agent_id", "default"}});
  EXPECT_EQ(made["agent_id"], "default");
  EXPECT_EQ(server_.get("/v1/conversations?agent_id=default").json().size(), 1U);
  EXPECT_EQ(server_.ask("PATCH", "/v1/agents/default", {{"name", "x"}}).status, 409);
  EXPECT_EQ(server_.ask("DELETE", "/v1/agents/default").status, 409);
  EXPECT_EQ(server_.ask("PUT", "/v1/agents/default/mcp/any").status, 409);
}

TEST_F(Phoson, SecretsOfToolServersAreGivenToTheServerOnly) {
  const Json body = {{"name", "remote"},
                     {"transport", "http"},
                     {"url", "https://mcp.example/"},
                     {"headers", {{"Authorization", "Bearer s3cret"}}}};
  const Answer made = server_.post("/v1/mcp", body);
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.body.find("s3cret"), std::string::npos);
  EXPECT_EQ(made.json()["command"], nullptr);
  EXPECT_EQ(server_.get("/v1/mcp").body.find("s3cret"), std::string::npos);
  ASSERT_EQ(server_.host.seen().size(), 1U);
  EXPECT_EQ(server_.host.seen()[0].secrets.headers.at("Authorization"), "Bearer s3cret");
  const auto row = server_.engine.run(
      server_.engine.store->tool_server(core::Scope::main(), made.json()["id"].get<std::string>()));
  EXPECT_EQ((*row)->sealed_secrets.find("s3cret"), std::string::npos);
  EXPECT_EQ(server_.post("/v1/mcp", body).status, 409) << "the name is taken";
  // After a restart the host hears of it again, secrets included.
  HostLog again;
  server_.tool_servers.tell(again);
  ASSERT_TRUE(server_.engine.run(server_.tool_servers.open_all()));
  ASSERT_EQ(again.seen().size(), 1U);
  EXPECT_EQ(again.seen()[0].secrets.headers.at("Authorization"), "Bearer s3cret");
}

TEST_F(Phoson, AnIdempotencyKeyMakesOneOfEach) {
  const net::Headers key = {{"Idempotency-Key", "k1"}};
  const Answer first = server_.post("/v1/agents", {{"name", "A"}}, key);
  const Answer second = server_.post("/v1/agents", {{"name", "A"}}, key);
  EXPECT_EQ(first.body, second.body);
  EXPECT_EQ(second.status, 201);
  EXPECT_EQ(server_.get("/v1/agents").json().size(), 1U);
  EXPECT_EQ(server_.post("/v1/agents", {{"name", "B"}}, key).status, 409);
  const net::Headers too_long = {{"Idempotency-Key", std::string(256, 'k')}};
  const Answer refused = server_.post("/v1/agents", {{"name", "A"}}, too_long);
  EXPECT_EQ(refused.status, 400) << refused.body;
  EXPECT_NE(refused.body.find("Idempotency-Key must have 1 to 255 bytes"), std::string::npos);
  const std::string id = server_.new_conversation(first.json()["id"]);
  server_.script_answer();
  const net::Headers other = {{"Idempotency-Key", "k2"}};
  WireStream stream = server_.stream(id, "hi", Json::object(), other);
  const Json done = stream.until("run_done").back().json();
  EXPECT_FALSE(stream.next());
  Answer repeated = call(server_.port(), {.method = "POST",
                                          .target = PhosonServer::messages_of(id),
                                          .body = Json{{"content", "hi"}, {"stream", true}}.dump(),
                                          .token = server_.key,
                                          .headers = other});
  EXPECT_EQ(repeated.status, 200);
  EXPECT_NE(repeated.body.find(done["run_id"].get<std::string>()), std::string::npos)
      << repeated.body;
  EXPECT_EQ(message_list(id).size(), 2U);
}

TEST_F(Phoson, SilenceIsFilledWithItsOwnComment) {
  TemporaryFolder folder;
  PhosonServer server(folder.file("colonnade.db"),
                      {.keepalive_interval = std::chrono::milliseconds(20)});
  const std::string id = server.new_conversation();
  server.engine.model->script({Hold{}, text("x"), reply({core::TextPart{"x"}})});
  WireStream stream = server.stream(id, "hi");
  stream.wait_for_bytes(": keepalive\n\n");
  server.engine.model->release();
  EXPECT_EQ(stream.until("run_done").back().json()["content"], "x");
}

TEST_F(Phoson, AThreadIsSeenByBothDialects) {
  const std::string id = server_.new_conversation();
  server_.script_answer("Hello from Phoson.");
  server_.post(PhosonServer::messages_of(id), {{"content", "one"}});
  // Continued in Fathom, by either spelling of its id.
  server_.script_answer("Hello from Fathom.");
  const Answer sent = server_.post("/api/v1/threads/" + id + "/messages", {{"text", "two"}});
  EXPECT_EQ(sent.status, 200) << sent.body;
  const Json thread = server_.get("/api/v1/threads/" + base::plain_form(id)).json();
  EXPECT_EQ(thread["messages"].size(), 4U) << thread.dump();
  EXPECT_EQ(server_.get("/api/v1/threads/" + id).json(), thread);
  // And back.
  const Json messages = message_list(id);
  ASSERT_EQ(messages.size(), 4U);
  EXPECT_EQ(messages[3]["content"], "Hello from Fathom.");
  EXPECT_EQ(server_.get(PhosonServer::messages_of(id) + "?limit=2&offset=1").json(),
            Json::array({messages[1], messages[2]}));
  // A thread of Fathom's is a conversation with the default agent.
  const std::string theirs = server_.post("/api/v1/threads", {{"title", "Trip"}}).json()["id"];
  const Json found = server_.get("/v1/conversations/" + theirs).json();
  EXPECT_EQ(found["id"], base::uuid_form(theirs));
  EXPECT_EQ(found["agent_id"], "default");
  EXPECT_EQ(found["title"], "Trip");
  // One that Fathom deleted is not there.
  server_.ask("DELETE", "/api/v1/threads/" + theirs);
  EXPECT_EQ(server_.get("/v1/conversations/" + theirs).status, 404);
}

TEST(PhosonRestart, ATurnGoesOnThoughItsStreamWasLost) {
  TemporaryFolder folder;
  std::string id;
  std::unique_ptr<WireStream> stream;  // outlives the server: the client has not gone away
  {
    PhosonServer server(folder.file("colonnade.db"));
    id = server.new_conversation();
    server.engine.model->script({text("Fi"), Hold{}});
    const Json asked{{"content", "hi"}, {"stream", true}};
    stream =
        std::make_unique<WireStream>(server.port(), Call{.method = "POST",
                                                         .target = PhosonServer::messages_of(id),
                                                         .body = asked.dump(),
                                                         .token = server.key});
    stream->until("token");
  }
  PhosonServer again(folder.file("colonnade.db"), {.prepare = [](ScriptedProvider& model) {
                       model.script(PhosonServer::answer_acts("Fine, thanks."));
                     }});
  // The keys of the first server are in the store, too; this one is the second's own.
  const auto run = again.engine.run(again.engine.store->threads(core::Scope::main(), "admin", {}));
  ASSERT_EQ(run->size(), 1U);
  Answer next;
  again.script_answer("Again.");
  do {
    next = again.post(PhosonServer::messages_of(id), {{"content", "and now?"}});
  } while (next.status == 409);
  EXPECT_EQ(next.status, 200) << next.body;
  const Json messages = again.get(PhosonServer::messages_of(id)).json();
  ASSERT_EQ(messages.size(), 4U) << messages.dump();
  EXPECT_EQ(messages[1]["content"], "Fine, thanks.");
}

}  // namespace
}  // namespace colonnade::tests
