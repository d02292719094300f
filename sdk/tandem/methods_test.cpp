// The tables of methods (tandem §2), by number, over a scripted transport, and the page of the
// Python SDK as a program. What the example rows replay is not repeated here.
#include <gtest/gtest.h>

#include <stdexcept>

#include "sdk/tandem/script.hpp"

namespace colonnade {
namespace {

using namespace std::chrono_literals;
using tandem_script::AsyncClient;
using tandem_script::Client;
using tandem_script::options_of;
using Strings = std::vector<std::string>;

constexpr std::string_view session_s1 = R"({"id":"s1","title":"T"})";

TEST(TandemMethods, S2_2_the_run_id_under_any_name) {
  const Strings bodies{R"({"id":"r1"})",     R"({"runID":"r1"})",      R"({"runId":"r1"})",
                       R"({"run_id":"r1"})", R"({"run":{"id":"r1"}})", R"({"run":{"runID":"r1"}})"};
  for (const std::string& body : bodies) {
    testing::ScriptedTransport wire;
    wire.expect("POST", "/session/s1/prompt_async?return=run").reply(202, body);
    const Client client(options_of(wire));
    const auto run = client.sessions.prompt_async("s1", "hi");
    EXPECT_EQ(run.run_id, "r1") << body;
    EXPECT_FALSE(run.conflict);
  }
  testing::ScriptedTransport wire;
  wire.expect("POST", "/session/s1/prompt_async?return=run")
      .reply(204, "", {{"X-Tandem-Run-Id", "r1"}});
  wire.expect("POST", "/session/s1/prompt_async?return=run").reply(202, "{}");
  const Client client(options_of(wire));
  EXPECT_EQ(client.sessions.prompt_async("s1", "hi").run_id, "r1");
  try {
    client.sessions.prompt_async("s1", "hi");
    FAIL() << "read";
  } catch (const tandem::ValidationError& error) {
    EXPECT_EQ(error.issues(), Strings{"Run ID missing in engine response"});
  }
}

TEST(TandemMethods, S4_1_a_busy_session) {
  testing::ScriptedTransport wire;
  const std::string busy =
      R"({"code":"SESSION_RUN_CONFLICT","activeRun":{"runID":"r1"},"retryAfterMs":500,)"
      R"("attachEventStream":"/event?sessionID=s1&runID=r1"})";
  wire.expect("POST", "/session/s1/prompt_async?return=run").reply(409, busy);
  wire.expect("POST", "/session/s1/prompt_async?return=run").reply(409, R"({"code":"OTHER"})");
  wire.expect("POST", "/session/s1/prompt_sync").reply(409, busy);
  const Client client(options_of(wire));
  const auto run = client.sessions.prompt_async("s1", "again");
  EXPECT_TRUE(run.conflict);
  EXPECT_EQ(run.run_id, "r1");
  EXPECT_EQ(run.retry_after, 500ms);
  EXPECT_EQ(run.attach_event_stream, "/event?sessionID=s1&runID=r1");
  for (const bool sync : {false, true}) {
    try {
      sync ? (void)client.sessions.prompt_sync("s1", "x")
           : (void)client.sessions.prompt_async("s1", "x");
      FAIL() << "taken";
    } catch (const tandem::EngineError& error) {
      EXPECT_EQ(error.status(), 409);
      EXPECT_EQ(error.code(), sync ? "SESSION_RUN_CONFLICT" : "OTHER");
    }
  }
}

TEST(TandemMethods, S2_2_prompts_hold_what_was_set_and_no_more) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/session/s1/prompt_async?return=run")
      .reply(202, R"({"runID":"r"})")
      .times(2);
  wire.expect("POST", "/session/s1/prompt_sync").reply(200, R"({"text":"Hi."})");
  const Client client(options_of(wire));
  client.sessions.prompt_async("s1", "hi");
  client.sessions.prompt_async_parts(
      "s1",
      {tandem::FilePart{.mime = "image/png", .url = "data:,x"}, tandem::TextPart{"\"quoted\""},
       Json{{"type", "newer"}, {"n", 1}}},
      {.tool_mode = tandem::ToolMode::automatic,
       .tool_allowlist = {"read", "mcp.github.*"},
       .context_mode = tandem::ContextMode::full,
       .model = tandem::ModelRef{"p", "m"},
       .agent = "coder",
       .write_required = false});
  EXPECT_EQ(client.sessions.prompt_sync("s1", "hi", {.tool_mode = tandem::ToolMode::none}), "Hi.");
  Strings bodies;
  for (const auto& request : wire.requests()) bodies.push_back(request.body);
  EXPECT_EQ(bodies[0], R"({"parts":[{"type":"text","text":"hi"}]})");
  EXPECT_EQ(bodies[1],
            R"({"parts":[{"type":"file","mime":"image/png","url":"data:,x"},)"
            R"({"type":"text","text":"\"quoted\""},{"n":1,"type":"newer"}],"toolMode":"auto",)"
            R"("toolAllowlist":["read","mcp.github.*"],"contextMode":"full",)"
            R"("model":{"providerID":"p","modelID":"m"},"agent":"coder","writeRequired":false})");
  EXPECT_EQ(bodies[2], R"({"parts":[{"type":"text","text":"hi"}],"toolMode":"none"})");
}

TEST(TandemMethods, S2_2_a_model_counts_with_its_provider_only) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/session").reply(200, session_s1).times(2);
  const Client client(options_of(wire));
  client.sessions.create({.title = "T", .directory = "/srv", .model = "m"});
  client.sessions.create(
      {.title = "T",
       .permission = {{.permission = "bash", .pattern = "git *", .action = "allow"},
                      {.permission = "write", .action = "deny"}}});
  EXPECT_EQ(wire.requests().at(0).body, R"({"title":"T","directory":"/srv"})");
  EXPECT_EQ(wire.requests().at(1).body,
            R"({"title":"T","directory":".","permission":[{"permission":"bash","pattern":"git *",)"
            R"("action":"allow"},{"permission":"write","action":"deny"}]})");
}

TEST(TandemMethods, S2_2_sessions_in_other_spellings) {
  testing::ScriptedTransport wire;
  wire.expect("PATCH", "/session/s1")
      .reply(200, R"({"id":"s1","title":"T","created_at_ms":1500,"archived":true})");
  wire.expect("GET", "/session/s1/todo")
      .reply(200, R"({"todos":[{"content":"a"},{"id":"2","text":"b","status":"done"}]})");
  wire.expect("GET", "/session/s1/diff").reply(200, R"({"diff":"--- a","files":["a","b"]})");
  wire.expect("POST", "/session/s1/attach").reply(200, session_s1);
  const Client client(options_of(wire));
  const auto archived = client.sessions.archive("s1");
  EXPECT_TRUE(archived.archived);
  EXPECT_EQ(to_string(archived.created_at), "1970-01-01T00:00:01.500000Z");
  EXPECT_EQ(wire.requests().at(0).body, R"({"archived":true})");
  const auto todos = client.sessions.todos("s1");
  ASSERT_EQ(todos.size(), 2U);
  EXPECT_EQ(todos[0].content + todos[1].content, "ab");
  const auto diff = client.sessions.diff("s1");
  EXPECT_EQ(diff.diff, "--- a");
  EXPECT_EQ(diff.files, (Strings{"a", "b"}));
  client.sessions.attach("s1", "/srv/other", "moved");
  EXPECT_EQ(wire.requests().at(3).body,
            R"({"target_workspace":"/srv/other","reason_tag":"moved"})");
}

TEST(TandemMethods, S2_2_times_beyond_reason_are_no_time) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/session/s1")
      .reply(200, R"({"id":"s1","title":"T","createdAtMs":9223372036854775807,
                      "time":{"created":-9223372036854775808,"updated":1.5}})");
  const Client client(options_of(wire));
  const auto session = client.sessions.get("s1");
  EXPECT_EQ(session.created_at, Timestamp());
  EXPECT_EQ(session.updated_at, Timestamp());
}

TEST(TandemMethods, S2_3_questions) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/question")
      .reply(200, R"({"questions":[{"id":"q1","session_id":"s1","text":"Which?",
                      "choices":["A","B"],"status":"pending"}]})");
  wire.expect("POST", "/question/q1/reject").reply(200, R"({"ok":true})");
  wire.expect("POST", "/sessions/s1/questions/q1/answer").reply(200, R"({"ok":true})");
  const Client client(options_of(wire));
  const auto questions = client.questions.list();
  ASSERT_EQ(questions.size(), 1U);
  EXPECT_EQ(questions[0].session_id, "s1");
  ASSERT_EQ(questions[0].questions.size(), 1U);
  EXPECT_EQ(questions[0].questions[0].question, "Which?");
  ASSERT_EQ(questions[0].questions[0].options.size(), 2U);
  EXPECT_EQ(questions[0].questions[0].options[1].label, "B");
  EXPECT_TRUE(client.questions.reject("q1").ok);
  EXPECT_TRUE(client.questions.answer("s1", "q1", "A").ok);
  EXPECT_EQ(wire.requests().at(1).body, "{}");
  EXPECT_EQ(wire.requests().at(2).body, R"({"answer":"A"})");
}

TEST(TandemMethods, S2_3_all_replies_to_a_permission) {
  using enum tandem::PermissionReply;
  const std::vector<std::pair<tandem::PermissionReply, std::string>> words{
      {once, "once"}, {always, "always"}, {allow, "allow"}, {reject, "reject"}, {deny, "deny"}};
  for (const auto& [reply, word] : words) {
    testing::ScriptedTransport wire;
    wire.expect("POST", "/permission/p1/reply")
        .reply(200, R"({"ok":true,"requestID":"p1","persistedRule":true})");
    const Client client(options_of(wire));
    EXPECT_TRUE(client.permissions.reply("p1", reply).persisted_rule);
    EXPECT_EQ(Json::parse(wire.requests().at(0).body), (Json{{"reply", word}}));
  }
}

TEST(TandemMethods, S2_4_keys_and_configuration) {
  testing::ScriptedTransport wire;
  wire.expect("DELETE", "/auth/openai").reply(200, R"({"ok":true})");
  wire.expect("GET", "/config").reply(200, R"({"effective":{"a":1},"layers":{"project":{}}})");
  wire.expect("PATCH", "/config").reply(200, R"({"effective":{"a":2}})");
  wire.expect("GET", "/global/config").reply(200, R"({"a":3})");
  const Client client(options_of(wire));
  client.providers.remove_api_key("openai");
  // Its route is another one, which would take the key for the server's new token.
  EXPECT_THROW(client.providers.set_api_key("token", "sk"), std::invalid_argument);
  EXPECT_THROW(client.providers.remove_api_key("token"), std::invalid_argument);
  EXPECT_THROW(client.providers.set_defaults("", "m"), std::invalid_argument);
  const auto config = client.config.get();
  EXPECT_EQ(config.effective, (Json{{"a", 1}}));
  EXPECT_EQ(config.layers, (Json{{"project", Json::object()}}));
  EXPECT_EQ(client.config.patch({{"a", 2}}).effective, (Json{{"a", 2}}));
  EXPECT_EQ(client.config.global().effective, (Json{{"a", 3}}));
  EXPECT_THROW(client.config.patch(Json::array()), std::invalid_argument);
  wire.verify();
}

TEST(TandemMethods, S1_2_the_runtime_token) {
  testing::ScriptedTransport wire;
  wire.expect("PUT", "/auth/token").reply(200, R"({"ok":true})");
  wire.expect("POST", "/auth/token/generate").reply(200, R"({"ok":true,"token":"tk_9"})");
  wire.expect("DELETE", "/auth/token").reply(200, R"({"ok":true})");
  const Client client(options_of(wire));
  client.tokens.set("tk_8");
  EXPECT_EQ(client.tokens.generate(), "tk_9");
  client.tokens.remove();
  EXPECT_EQ(wire.requests().at(0).body, R"({"token":"tk_8"})");
  wire.verify();
}

TEST(TandemMethods, S2_9_mcp_headers_authentication_and_catalogue) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/mcp").reply(200, R"({"ok":true})");
  wire.expect("POST", "/mcp/a/auth").reply(200, R"({"authorizationUrl":"https://x"})");
  wire.expect("DELETE", "/mcp/a/auth").reply(200, R"({"ok":true,"name":"a"})");
  wire.expect("POST", "/mcp/a/auth/callback").reply(200, R"({"ok":true})");
  wire.expect("POST", "/mcp/a/auth/authenticate").reply(200, R"({"ok":true})");
  wire.expect("GET", "/mcp/catalog/github/toml").reply(200, "name = \"github\"\n");
  const Client client(options_of(wire));
  EXPECT_TRUE(
      client.mcp.add("a", "https://x", {.headers = {{"Authorization", "b"}}, .enabled = false}).ok);
  EXPECT_EQ(client.mcp.auth("a")["authorizationUrl"].as_string(), "https://x");
  client.mcp.delete_auth("a");
  client.mcp.auth_callback("a", {{"code", "1"}});
  client.mcp.authenticate("a");
  EXPECT_EQ(client.mcp.catalog_toml("github"), "name = \"github\"\n");
  EXPECT_EQ(wire.requests().at(0).body, R"({"name":"a","transport":"https://x","enabled":false,)"
                                        R"("headers":{"Authorization":"b"}})");
  EXPECT_EQ(wire.requests().at(1).body, "{}");
  EXPECT_EQ(wire.requests().at(3).body, R"({"code":"1"})");
}

TEST(TandemMethods, S2_13_memory_with_all_that_can_be_said) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/memory/put").reply(200, R"({"memoryID":"m1"})").times(2);
  wire.expect("POST", "/memory/search").reply(200, R"([{"id":"m1","text":"x","score":0.5}])");
  wire.expect("POST", "/memory/promote").reply(200, R"({"promoted":false})");
  wire.expect("GET", "/memory/audit").reply(200, R"({"events":[{"audit_id":"a"}]})");
  wire.expect("GET", "/memory?limit=5&offset=10").reply(200, R"({"items":[]})");
  const Client client(options_of(wire));
  EXPECT_EQ(client.memory
                .put("x", {.tags = {"t"},
                           .source = "doc",
                           .session_id = "s",
                           .run_id = "r",
                           .capability = "cap",
                           .metadata = {{"k", 1}}})
                .id,
            "m1");
  client.memory.put("x", {.partition = tandem::MemoryPartition{.tier = "project"}});
  const auto found = client.memory.search("q", {.tags = {"t"}, .session_id = "s"});
  EXPECT_EQ(found.count, 1);
  EXPECT_EQ(found.results.at(0).content, "x");
  EXPECT_EQ(found.results.at(0).score, 0.5);
  EXPECT_FALSE(client.memory.promote("m1", {.capability = {{"subject", "me"}}}).promoted);
  EXPECT_EQ(client.memory.audit().entries.at(0).id, "a");
  EXPECT_EQ(client.memory.list({.limit = 5, .offset = 10}).count, 0);
  Strings bodies;
  for (const auto& request : wire.requests()) bodies.push_back(request.body);
  EXPECT_EQ(bodies[0], R"({"text":"x","run_id":"r","tags":["t"],"source":"doc","session_id":"s",)"
                       R"("metadata":{"k":1},"capability":"cap"})");
  EXPECT_EQ(Json::parse(bodies[1])["partition"]["tier"].as_string(), "project");
  EXPECT_EQ(bodies[2], R"({"query":"q","tags":["t"],"session_id":"s"})");
  EXPECT_EQ(bodies[3], R"({"id":"m1","capability":{"subject":"me"}})");
}

TEST(TandemMethods, S2_14_identity_and_skills) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/config/identity").reply(200, R"({"identity":{"bot":{}},"presets":[]})");
  wire.expect("PATCH", "/config/identity").reply(200, R"({"identity":{"bot":{"a":1}}})");
  wire.expect("GET", "/skills").reply(200, R"({"skills":[{"name":"a"}],"count":1})");
  wire.expect("GET", "/skills?location=project").reply(200, R"([{"name":"b","description":"d"}])");
  wire.expect("GET", "/skills/a").reply(200, R"({"name":"a","content":"text"})");
  wire.expect("GET", "/skills/templates").reply(200, R"({"templates":[{"name":"t"}]})");
  const Client client(options_of(wire));
  EXPECT_EQ(client.identity.get().presets, Json::array());
  EXPECT_EQ(client.identity.patch({{"bot", {{"a", 1}}}}).identity, (Json{{"bot", {{"a", 1}}}}));
  EXPECT_EQ(client.skills.list().at(0).name, "a");
  EXPECT_EQ(client.skills.list("project").at(0).description, "d");
  EXPECT_EQ(client.skills.get("a").extra, (Json{{"content", "text"}}));
  EXPECT_EQ(client.skills.templates().at(0).name, "t");
  wire.verify();
}

TEST(TandemMethods, S2_14_resources) {
  testing::ScriptedTransport wire;
  const std::string record = R"({"key":"a/b c","value":{"n":1},"rev":3,"updatedAtMs":1500})";
  wire.expect("GET", "/resource?prefix=a%2F&limit=2").reply(200, R"({"items":[)" + record + "]}");
  wire.expect("GET", "/resource/a/b%20c").reply(200, R"({"resource":)" + record + "}");
  wire.expect("PUT", "/resource").reply(200, R"({"ok":true,"rev":4})");
  wire.expect("PUT", "/resource/a/b%20c").reply(200, R"({"ok":true,"resource":{"rev":5}})");
  wire.expect("PATCH", "/resource/a/b%20c").reply(200, R"({"ok":true,"rev":6})");
  wire.expect("DELETE", "/resource/a/b%20c").reply(200, R"({"ok":true})");
  const Client client(options_of(wire));
  const auto listed = client.resources.list({.prefix = "a/", .limit = 2});
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].value, (Json{{"n", 1}}));
  EXPECT_EQ(client.resources.get("a/b c").rev, 3);
  EXPECT_EQ(
      client.resources.write("a/b c", 1, {.if_match_rev = 0, .updated_by = "me", .ttl = 1500ms})
          .rev,
      4);
  EXPECT_EQ(client.resources.put_key("a/b c", {{"n", 2}}).rev, 5);
  EXPECT_EQ(client.resources.patch_key("a/b c", {{"n", 3}}).rev, 6);
  EXPECT_TRUE(client.resources.delete_key("a/b c").ok);
  EXPECT_EQ(wire.requests().at(2).body,
            R"({"key":"a/b c","value":1,"if_match_rev":0,"updated_by":"me","ttl_ms":1500})");
  EXPECT_EQ(wire.requests().at(3).body, R"({"value":{"n":2}})");
  EXPECT_THROW(client.resources.get(""), std::invalid_argument);
  EXPECT_THROW(client.resources.get("a//b"), std::invalid_argument);
  EXPECT_THROW(client.resources.get("a/../b"), std::invalid_argument);
}

TEST(TandemMethods, any_other_route) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/packs").reply(200, R"({"packs":[]})");
  wire.expect("POST", "/routines").reply(204, "");
  const Client client(options_of(wire));
  EXPECT_EQ(client.request("GET", "/packs"), (Json{{"packs", Json::array()}}));
  EXPECT_TRUE(client.request("POST", "/routines", {{"name", "x"}}).is_null());
  EXPECT_THROW(client.request("GET", "packs"), std::invalid_argument);
  EXPECT_EQ(wire.requests().at(1).body, R"({"name":"x"})");
}

// --- the page of the Python SDK as a program
// ------------------------------------------------------

void script_the_page(testing::ScriptedTransport& wire) {
  using tandem_script::ours;
  wire.expect("POST", "/session").reply(200, session_s1);
  wire.expect("POST", "/session/s1/prompt_async?return=run").reply(202, R"({"runID":"r1"})");
  wire.expect("GET", "/event?sessionID=s1&runID=r1")
      .stream({ours("session.response", {{"delta", "Three "}}),
               ours("session.response", {{"delta", "TODOs."}}),
               ours("session.run.finished", {{"status", "completed"}})});
  wire.expect("GET", "/permission").reply(200, R"({"requests":[{"id":"p1","status":"pending"}]})");
  wire.expect("POST", "/permission/p1/reply").reply(200, R"({"ok":true})");
  wire.expect("POST", "/memory/put").reply(200, R"({"id":"m1"})");
  wire.expect("POST", "/memory/search").reply(200, R"({"results":[]})");
  wire.expect("GET", "/memory?q=sqlite&user_id=user-123").reply(200, R"({"items":[{"id":"m1"}]})");
  wire.expect("POST", "/memory/promote").reply(200, R"({"promoted":true})");
  wire.expect("DELETE", "/memory/m1").reply(200, R"({"ok":true})");
  wire.expect("GET", "/provider").reply(200, R"({"all":[],"connected":["openrouter"]})");
  wire.expect("POST", "/mcp").reply(200, R"({"ok":true})");
  wire.expect("POST", "/mcp/arcade/connect").reply(200, R"({"ok":true})");
  wire.expect("GET", "/mcp/tools").reply(200, R"([{"namespaced_name":"mcp.arcade.mail"}])");
}

constexpr std::string_view page_said = "Three TODOs.|p1|m1|true|openrouter|mcp.arcade.mail|";

std::string page(const tandem::SyncTandemClient& client) {
  std::string said;
  const auto session_id =
      client.sessions.create({.title = "My agent", .directory = "/path/to/my/project"});
  const auto run =
      client.sessions.prompt_async(session_id, "Summarize the README and list the top 3 TODOs");
  for (const auto& event : client.stream(session_id, run.run_id)) {
    if (event.type() == "session.response") said += event.properties()["delta"].as_string();
    if (is_run_terminal_event(event)) break;
  }
  for (const auto& ask : client.permissions.list().requests) {
    client.permissions.reply(ask.id, tandem::PermissionReply::allow);
    said += "|" + ask.id;
  }
  client.memory.put("Use WAL mode for sqlite in long-lived services.", {.run_id = "run-123"});
  client.memory.search("sqlite wal", {.limit = 5});
  const auto listing = client.memory.list({.q = "sqlite", .user_id = "user-123"});
  const std::string first = listing.items.at(0).id;
  said += "|" + first;
  said += client.memory.promote(first).promoted ? "|true|" : "|false|";
  client.memory.remove(first);
  said += client.providers.catalog().connected.at(0) + "|";
  client.mcp.add("arcade", "https://mcp.arcade.ai/mcp");
  client.mcp.connect("arcade");
  for (const auto& tool : client.mcp.list_tools()) said += tool.namespaced_name + "|";
  return said;
}

Task<std::string> page_async(const tandem::TandemClient* client) {
  std::string said;
  const tandem::CreateSession request{.title = "My agent", .directory = "/path/to/my/project"};
  const auto session_id = co_await client->sessions.create(request);
  const auto run = co_await client->sessions.prompt_async(session_id, "Summarize the README");
  auto events = client->stream(session_id, run.run_id);
  while (auto event = co_await events.next()) {
    if (auto* text = event->as<tandem::SessionResponse>()) said += text->delta;
    if (event->as<tandem::RunFinished>()) break;
  }
  const auto asked = co_await client->permissions.list();
  for (const auto& ask : asked.requests) {
    auto replied = co_await client->permissions.reply(ask.id, tandem::PermissionReply::allow);
    said += "|" + ask.id;
  }
  const tandem::PutMemory of_the_run{.run_id = "run-123"};
  auto stored = co_await client->memory.put("Use WAL mode for sqlite.", of_the_run);
  const tandem::SearchMemory five{.limit = 5};
  auto found = co_await client->memory.search("sqlite wal", five);
  const tandem::ListMemory of_the_user{.q = "sqlite", .user_id = "user-123"};
  auto listing = co_await client->memory.list(of_the_user);
  const std::string first = listing.items.at(0).id;
  said += "|" + first;
  auto promoted = co_await client->memory.promote(first);
  said += promoted.promoted ? "|true|" : "|false|";
  auto removed = co_await client->memory.remove(first);
  auto catalog = co_await client->providers.catalog();
  said += catalog.connected.at(0) + "|";
  auto added = co_await client->mcp.add("arcade", "https://mcp.arcade.ai/mcp");
  auto connected = co_await client->mcp.connect("arcade");
  auto tools = co_await client->mcp.list_tools();
  for (const auto& tool : tools) said += tool.namespaced_name + "|";
  co_return said;
}

TEST(TandemPage, sync) {
  testing::ScriptedTransport wire;
  script_the_page(wire);
  EXPECT_EQ(page(Client(options_of(wire))), page_said);
  wire.verify();
}

TEST(TandemPage, async) {
  testing::ScriptedTransport wire;
  script_the_page(wire);
  const AsyncClient client(options_of(wire));
  EXPECT_EQ(run(page_async(&client)), page_said);
  wire.verify();
}

}  // namespace
}  // namespace colonnade
