// The server side of Phoson's conformance checklist (phoson §6), by number, and the rules around
// it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "phoson_fixture.hpp"

namespace colonnade::tests {
namespace {

TEST_F(Phoson, S01BearerOnEveryRouteButHealth) {
  const std::pair<const char*, const char*> routes[] = {{"GET", "/v1/agents"},
                                                        {"POST", "/v1/agents"},
                                                        {"GET", "/v1/agents/a"},
                                                        {"PATCH", "/v1/agents/a"},
                                                        {"DELETE", "/v1/agents/a"},
                                                        {"PUT", "/v1/agents/a/mcp/m"},
                                                        {"DELETE", "/v1/agents/a/mcp/m"},
                                                        {"GET", "/v1/conversations"},
                                                        {"POST", "/v1/conversations"},
                                                        {"GET", "/v1/conversations/c"},
                                                        {"PATCH", "/v1/conversations/c"},
                                                        {"DELETE", "/v1/conversations/c"},
                                                        {"GET", "/v1/conversations/c/messages"},
                                                        {"POST", "/v1/conversations/c/messages"},
                                                        {"GET", "/v1/mcp"},
                                                        {"POST", "/v1/mcp"},
                                                        {"DELETE", "/v1/mcp/m"}};
  for (const auto& [method, target] : routes) {
    for (const std::string token : {"", "pk_wrong"}) {
      const Answer answer =
          call(server_.port(), {.method = method, .target = target, .body = "{", .token = token});
      SCOPED_TRACE(std::string(method) + " " + target);
      expect_detail(answer, 401, "Invalid or missing API key");
      EXPECT_EQ(answer.header("WWW-Authenticate"), "Bearer");
    }
  }
  const Answer health = call(server_.port(), {.target = "/v1/health"});
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.json(), (Json{{"status", "ok"}}));
}

TEST_F(Phoson, S02UnknownObjectsAre404WithTheirText) {
  const std::string agent = server_.new_agent();
  for (const char* method : {"GET", "DELETE"}) {
    expect_detail(server_.ask(method, "/v1/agents/nope"), 404, "Agent not found");
    expect_detail(server_.ask(method, "/v1/conversations/nope"), 404, "Conversation not found");
  }
  expect_detail(server_.ask("PATCH", "/v1/agents/nope", {{"name", "x"}}), 404, "Agent not found");
  expect_detail(server_.ask("PATCH", "/v1/conversations/nope", {{"title", "x"}}), 404,
                "Conversation not found");
  expect_detail(server_.get("/v1/conversations/nope/messages"), 404, "Conversation not found");
  expect_detail(server_.ask("DELETE", "/v1/mcp/nope"), 404, "MCP server not found");
  expect_detail(server_.ask("PUT", "/v1/agents/nope/mcp/x"), 404, "Agent not found");
  expect_detail(server_.ask("PUT", "/v1/agents/" + agent + "/mcp/x"), 404, "MCP server not found");
  expect_detail(server_.get("/v1/agents/a/b/c"), 404, "Not found");
  expect_detail(server_.ask("PUT", "/v1/agents"), 405, "Method not allowed");
}

TEST_F(Phoson, S03Defaults) {
  const Json agent = server_.made("/v1/agents", {{"name", "Bare"}});
  EXPECT_EQ(agent["memory_type"], "persistent");
  EXPECT_EQ(agent["description"], "");
  EXPECT_EQ(agent["mcp_ids"], Json::array());
  EXPECT_EQ(agent["created_at"], agent["updated_at"]);
  const Json conversation = server_.made(
      "/v1/conversations", {{"agent_id", agent["id"]}, {"title", nullptr}, {"thread_id", nullptr}});
  EXPECT_EQ(conversation["title"], "New Conversation");
  EXPECT_EQ(conversation["thread_id"], conversation["id"]);
  // Nobody names it after its first message.
  server_.script_answer();
  server_.post(PhosonServer::messages_of(conversation["id"]), {{"content", "hi"}});
  EXPECT_EQ(
      server_.get("/v1/conversations/" + conversation["id"].get<std::string>()).json()["title"],
      "New Conversation");
}

TEST_F(Phoson, S04StatusesAreThoseOfTheTable) {
  const Answer made = server_.post("/v1/agents", {{"name", "A"}});
  EXPECT_EQ(made.status, 201);
  const std::string agent = "/v1/agents/" + made.json()["id"].get<std::string>();
  EXPECT_EQ(server_.get(agent).status, 200);
  EXPECT_EQ(server_.ask("PATCH", agent, {{"name", "B"}}).status, 200);
  const Answer conversation = server_.post("/v1/conversations", {{"agent_id", made.json()["id"]}});
  EXPECT_EQ(conversation.status, 201);
  const std::string path = "/v1/conversations/" + conversation.json()["id"].get<std::string>();
  EXPECT_EQ(server_.ask("PATCH", path, {{"title", "T"}}).status, 200);
  const Answer gone = server_.ask("DELETE", path);
  EXPECT_EQ(gone.status, 204);
  EXPECT_EQ(gone.body, "");
  EXPECT_EQ(server_.ask("DELETE", path).status, 404);
  EXPECT_EQ(server_.ask("DELETE", agent).status, 204);
  EXPECT_EQ(server_.ask("DELETE", agent).status, 404);
}

TEST_F(Phoson, S05ConversationsAreFilteredByAgent) {
  const std::string one = server_.new_agent("one");
  const std::string two = server_.new_agent("two");
  const std::string a = server_.new_conversation(one);
  const std::string b = server_.new_conversation(two);
  const std::string c = server_.new_conversation(one);
  const auto ids = [&](const std::string& query) {
    std::vector<std::string> out;
    for (const Json& each : server_.get("/v1/conversations" + query).json()) {
      out.push_back(each["id"]);
    }
    return out;
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids("?agent_id=" + one), (Ids{c, a}));
  EXPECT_EQ(ids("?agent_id=unknown"), Ids{});
  EXPECT_EQ(ids(""), (Ids{c, b, a}));
  EXPECT_EQ(ids("?limit=1&offset=1"), (Ids{b}));
  // A message brings its conversation to the front.
  server_.script_answer();
  server_.post(PhosonServer::messages_of(a), {{"content", "hi"}});
  EXPECT_EQ(ids(""), (Ids{a, c, b}));
  for (const char* bad : {"?limit=0", "?limit=1001", "?limit=x", "?offset=-1"}) {
    const Json wrong = fault(server_.get(std::string("/v1/conversations") + bad));
    EXPECT_EQ(wrong["loc"][0], "query") << bad;
  }
}

TEST_F(Phoson, S06AttachTwiceDetachTwice) {
  const std::string agent = "/v1/agents/" + server_.new_agent();
  const Json made = server_.made(
      "/v1/mcp", {{"name", "files"}, {"transport", "stdio"}, {"command", {"mcp-files", "--root"}}});
  const std::string attachment = agent + "/mcp/" + made["id"].get<std::string>();
  for (int i = 0; i < 2; ++i) {
    const Answer attached = server_.ask("PUT", attachment);
    EXPECT_EQ(attached.status, 200);
    EXPECT_EQ(attached.json()["mcp_ids"], Json::array({made["id"]}));
  }
  const Answer detached = server_.ask("DELETE", attachment);
  EXPECT_EQ(detached.status, 200);
  EXPECT_EQ(detached.json()["mcp_ids"], Json::array());
  expect_detail(server_.ask("DELETE", attachment), 404, "MCP server not attached");
  // Deleting a server detaches it everywhere.
  server_.ask("PUT", attachment);
  EXPECT_EQ(server_.ask("DELETE", "/v1/mcp/" + made["id"].get<std::string>()).status, 204);
  EXPECT_EQ(server_.get(agent).json()["mcp_ids"], Json::array());
  EXPECT_TRUE(server_.host.seen().empty());
}

TEST_F(Phoson, S07EachBadOptionIsA422) {  // long: one row a fault
  const std::string id = server_.new_conversation();
  struct Bad {
    const char* target;
    Json body;
    const char* field;
    const char* type;
  };
  const std::string messages = PhosonServer::messages_of(id);
  const auto with = [](const char* name, Json value) {
    return Json{{"content", "hi"}, {name, std::move(value)}};
  };
  const Bad cases[] = {
      {"/v1/agents", Json::object(), "name", "missing"},
      {"/v1/agents", {{"name", " \t"}}, "name", "blank"},
      {"/v1/agents", {{"name", 7}}, "name", "string"},
      {"/v1/agents", {{"name", std::string(201, 'x')}}, "name", "too_long"},
      {"/v1/agents", {{"name", "x"}, {"memory_type", "episodic"}}, "memory_type", "enum"},
      {"/v1/agents", {{"name", "x"}, {"description", 1}}, "description", "string"},
      {"/v1/conversations", Json::object(), "agent_id", "missing"},
      {"/v1/conversations", {{"agent_id", "a"}, {"title", ""}}, "title", "blank"},
      {"/v1/conversations",
       {{"agent_id", "a"}, {"title", std::string(501, 'x')}},
       "title",
       "too_long"},
      {"/v1/conversations", {{"agent_id", "a"}, {"thread_id", " "}}, "thread_id", "blank"},
      {"/v1/conversations",
       {{"agent_id", "a"}, {"thread_id", std::string(256, 'x')}},
       "thread_id",
       "too_long"},
      {messages.c_str(), Json::object(), "content", "missing"},
      {messages.c_str(), {{"content", ""}}, "content", "empty"},
      {messages.c_str(), {{"content", 1}}, "content", "string"},
      {messages.c_str(), with("model", 1), "model", "string"},
      {messages.c_str(), with("provider", false), "provider", "string"},
      {messages.c_str(), with("temperature", "hot"), "temperature", "number"},
      {messages.c_str(), with("temperature", 2.1), "temperature", "range"},
      {messages.c_str(), with("temperature", -0.1), "temperature", "range"},
      {messages.c_str(), with("max_tokens", 0), "max_tokens", "range"},
      {messages.c_str(), with("max_tokens", 1.5), "max_tokens", "integer"},
      {messages.c_str(), with("max_tokens", "9"), "max_tokens", "integer"},
      {messages.c_str(), with("reasoning_effort", "extreme"), "reasoning_effort", "enum"},
      {messages.c_str(), with("stream", 1), "stream", "boolean"},
      {"/v1/mcp", {{"name", "a b"}, {"transport", "stdio"}, {"command", {"x"}}}, "name", "value"},
      {"/v1/mcp", {{"name", "a"}, {"transport", "pigeon"}}, "transport", "enum"},
      {"/v1/mcp", {{"name", "a"}, {"transport", "stdio"}}, "command", "value"},
      {"/v1/mcp", {{"name", "a"}, {"transport", "stdio"}, {"command", "x"}}, "command", "array"},
      {"/v1/mcp", {{"name", "a"}, {"transport", "http"}, {"url", "ftp://x"}}, "url", "value"},
      {"/v1/mcp",
       {{"name", "a"}, {"transport", "http"}, {"url", "http://x"}, {"env", {{"A", "b"}}}},
       "env",
       "value"},
      {"/v1/mcp",
       {{"name", "a"},
        {"transport", "http"},
        {"url", "http://x"},
        {"headers", {{"A", "b\r\nC: d"}}}},
       "headers",
       "value"}};
  for (const Bad& bad : cases) {
    SCOPED_TRACE(std::string(bad.target) + " " + bad.body.dump());
    const Json wrong = fault(server_.post(bad.target, bad.body));
    EXPECT_EQ(wrong["loc"], (Json::array({"body", bad.field})));
    EXPECT_EQ(wrong["type"], bad.type);
    EXPECT_FALSE(wrong["msg"].get<std::string>().empty());
  }
  const std::string agent = "/v1/agents/" + server_.new_agent();
  for (const char* fixed : {"memory_type", "mcp_ids"}) {
    EXPECT_EQ(fault(server_.ask("PATCH", agent, {{fixed, nullptr}}))["loc"][1], fixed);
  }
  expect_detail(
      call(server_.port(),
           {.method = "POST", .target = "/v1/agents", .body = "{\"name\":", .token = server_.key}),
      400, "Malformed JSON");
  EXPECT_EQ(fault(server_.post("/v1/agents", Json::array()))["loc"], Json::array({"body"}));
  EXPECT_EQ(message_list(id), Json::array()) << "nothing of it was stored";
}

TEST_F(Phoson, S08EventsInOrderAndOneFinalOne) {
  const std::string id = server_.new_conversation();
  server_.engine.model->script(
      {text("Let me see. "), tool_call("call_1", "calculator", {{"expression", "2+2"}})});
  server_.script_answer("It is 4.");
  WireStream stream = server_.stream(id, "2+2?");
  std::vector<std::string> names;
  while (auto event = stream.next()) names.push_back(event->name);
  ASSERT_GE(names.size(), 5U);
  EXPECT_EQ(names.front(), "token");
  EXPECT_EQ(names.back(), "run_done");
  EXPECT_EQ(std::ranges::count(names, "run_done"), 1);
  const auto at = [&](const char* name) { return std::ranges::find(names, name) - names.begin(); };
  EXPECT_LT(at("tool_start"), at("tool_end"));
  EXPECT_LT(at("tool_end"), at("run_done"));
  // A failure has one, too.
  server_.engine.model->script(
      {text("Fine"), Break{{.kind = base::ErrorKind::upstream, .message = "overloaded"}}});
  WireStream failing = server_.stream(id, "again");
  EXPECT_EQ(failing.until("error").back().json(),
            (Json{{"type", "error"}, {"message", "overloaded"}}));
  EXPECT_FALSE(failing.next());
}

TEST_F(Phoson, S09ToolResultsAreTexts) {
  const std::string id = server_.new_conversation();
  server_.engine.model->script({tool_call("call_1", "calculator", {{"expression", "2+2"}})});
  server_.engine.model->script({tool_call("call_1", "calculator", {{"expression", "2+"}})});
  server_.script_answer();
  WireStream stream = server_.stream(id, "2+2?");
  std::vector<Json> ends;
  while (auto event = stream.next()) {
    if (event->name == "tool_end") ends.push_back(event->json());
  }
  ASSERT_EQ(ends.size(), 2U);
  EXPECT_TRUE(ends[0]["result"].is_string());
  EXPECT_EQ(ends[0]["tool_call_id"], "call_1");
  EXPECT_TRUE(ends[1]["result"].get<std::string>().starts_with("Error: ")) << ends[1].dump();
  // The stored message says the same.
  const Json stored = message_list(id).back();
  ASSERT_EQ(stored["tool_calls"].size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(stored["tool_calls"][i]["result"], ends[i]["result"]);
    EXPECT_EQ(stored["tool_calls"][i]["tool"], "calculator");
  }
  EXPECT_EQ(stored["tool_calls"][1]["input"], (Json{{"expression", "2+"}}));
}

TEST_F(Phoson, S10TheStoredMessageIsTheFinalOneAndThereBefore) {
  const std::string id = server_.new_conversation();
  server_.engine.model->script(
      {text("Let me see. "),
       reply({core::TextPart{"Let me see. "},
              core::ToolCallPart{
                  .call_id = "call_1", .tool = "calculator", .arguments = {{"expression", "2+2"}}}},
             core::StopReason::tool_use)});
  server_.script_answer("It is 4.");
  WireStream stream = server_.stream(id, "2+2?");
  std::string final_tokens;
  std::optional<WireEvent> last;
  while (auto event = stream.next()) {
    if (event->name == "token") final_tokens += event->json()["content"].get<std::string>();
    if (event->name == "tool_end") final_tokens.clear();
    last = std::move(event);
    if (last->name == "run_done") break;
  }
  const Json messages = message_list(id);
  ASSERT_EQ(messages.size(), 2U);
  const Json done = last->json();
  EXPECT_EQ(done["content"], "It is 4.");
  EXPECT_EQ(final_tokens, "It is 4.");
  EXPECT_EQ(messages[1]["content"], done["content"]);
  EXPECT_EQ(messages[1]["run_id"], done["run_id"]);
  EXPECT_EQ(messages[0]["run_id"], done["run_id"]);
  EXPECT_EQ(messages[0]["role"], "user");
  EXPECT_EQ(messages[0]["usage"], nullptr);
  EXPECT_EQ(messages[1]["provider"], "scripted");
  EXPECT_EQ(messages[1]["model"], "scripted-1");
  EXPECT_EQ(messages[1]["usage"], (Json{{"input_tokens", 822}, {"output_tokens", 14}}));
}

TEST_F(Phoson, S11ASecondTurnIsA409) {
  const std::string id = server_.new_conversation();
  WireConnection running(server_.port());
  begin_turn(running, id, false);
  for (const bool stream : {false, true}) {
    expect_detail(
        server_.post(PhosonServer::messages_of(id), {{"content", "x"}, {"stream", stream}}), 409,
        "A run is already in progress for this conversation");
  }
  server_.engine.model->release();
  EXPECT_EQ(running.read_answer().status, 200);
  EXPECT_EQ(message_list(id).size(), 2U);
}

TEST_F(Phoson, S12AClientThatLeavesTakesItsTurnWithIt) {
  for (const bool stream : {false, true}) {
    const std::string id = server_.new_conversation();
    {
      WireConnection running(server_.port());
      begin_turn(running, id, stream);
    }
    // The next turn is refused until the first has ended; each attempt waits for what it got.
    server_.script_answer();
    Answer next;
    do {
      next = server_.post(PhosonServer::messages_of(id), {{"content", "again"}});
    } while (next.status == 409);
    EXPECT_EQ(next.status, 200) << next.body;
    const Json messages = message_list(id);
    ASSERT_EQ(messages.size(), 3U) << "the first turn has no answer";
    EXPECT_EQ(messages[0]["content"], "hi");
    EXPECT_EQ(messages[1]["content"], "again");
  }
  EXPECT_EQ(server_.engine.model->stopped_calls(), 2);
}

TEST_F(Phoson, S13TheFlagBeatsTheAcceptHeader) {
  const std::string id = server_.new_conversation();
  const net::Headers wants_events = {{"Accept", "text/event-stream"}};
  const std::string target = PhosonServer::messages_of(id);
  server_.script_answer();
  const Answer json = server_.post(target, {{"content", "hi"}, {"stream", false}}, wants_events);
  EXPECT_EQ(json.header("Content-Type"), "application/json");
  EXPECT_EQ(json.json()["role"], "assistant");
  server_.script_answer();
  WireStream flagged = server_.stream(id, "hi", Json::object(), {{"Accept", "application/json"}});
  EXPECT_EQ(flagged.until("run_done").back().json()["content"], "Fine, thanks.");
  // Without a flag the header decides.
  server_.script_answer();
  WireStream accepted(server_.port(), {.method = "POST",
                                       .target = target,
                                       .body = Json{{"content", "hi"}}.dump(),
                                       .token = server_.key,
                                       .headers = wants_events});
  EXPECT_FALSE(accepted.until("run_done").empty());
  server_.script_answer();
  EXPECT_EQ(server_.post(target, {{"content", "hi"}}).json()["role"], "assistant");
}

TEST_F(Phoson, S14NullOptionsCountAsAbsent) {
  const std::string id = server_.new_conversation();
  server_.script_answer();
  const Answer sent = server_.post(PhosonServer::messages_of(id), {{"content", "hi"},
                                                                   {"model", nullptr},
                                                                   {"provider", nullptr},
                                                                   {"temperature", nullptr},
                                                                   {"max_tokens", nullptr},
                                                                   {"reasoning_effort", nullptr},
                                                                   {"stream", nullptr},
                                                                   {"unknown", 1}});
  EXPECT_EQ(sent.status, 200) << sent.body;
  const auto request = server_.engine.model->requests().back();
  EXPECT_EQ(request.model, "scripted-1");
  EXPECT_EQ(request.temperature, 0.7);
  EXPECT_EQ(request.max_output_tokens, 4096);
  EXPECT_EQ(request.reasoning_effort, std::nullopt);
}

}  // namespace
}  // namespace colonnade::tests
