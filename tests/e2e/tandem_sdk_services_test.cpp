// The Tandem client against the real server: providers, configuration, tokens, MCP servers, memory,
// identity, skills, resources; and the client for coroutines over all of it.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tandem_sdk.hpp"

namespace colonnade::e2e {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class TandemSdkServices : public TandemSdkTest {};

TEST_F(TandemSdkServices, ProvidersAndConfiguration) {
  const auto& client = *client_;
  EXPECT_FALSE(client.providers.auth_status().at("openrouter").has_key);
  client.providers.set_api_key("openrouter", "sk-or-example");
  const auto status = client.providers.auth_status().at("openrouter");
  EXPECT_TRUE(status.has_key);
  EXPECT_EQ(status.source, "persisted");
  const auto catalog = client.providers.catalog();
  EXPECT_THAT(catalog.connected, Contains("openrouter"));
  const auto openrouter = std::ranges::find(catalog.all, "openrouter", &tandem::ProviderEntry::id);
  ASSERT_NE(openrouter, catalog.all.end());
  EXPECT_EQ(openrouter->catalog_status, "ok") << openrouter->catalog_message;
  EXPECT_EQ(openrouter->models.at("recorded-1").context_limit, 9000);

  client.providers.set_defaults("openrouter", "anthropic/claude-3.7-sonnet");
  const auto config = client.providers.config();
  EXPECT_EQ(config.default_model(),
            (tandem::ModelRef{"openrouter", "anthropic/claude-3.7-sonnet"}));
  EXPECT_THAT(config.providers.at("openrouter").extra.dump(), HasSubstr("[REDACTED]"));
  const auto session = client.sessions.create();
  EXPECT_EQ(client.sessions.prompt_sync(session, "Hello"), "Heard: Hello");
  EXPECT_EQ(vendor_.requests().back().at("model"), "anthropic/claude-3.7-sonnet")
      << "what was chosen is asked";

  EXPECT_EQ(client.config.get().effective["default_provider"].as_string(), "openrouter");
  EXPECT_EQ(client.config.patch({{"default_provider", "recorded"}})
                .effective["default_provider"]
                .as_string(),
            "recorded");
  EXPECT_EQ(client.config.global().effective, client.config.get().effective);
  EXPECT_EQ(
      client.config.patch_global({{"providers", {{"recorded", {{"default_model", "recorded-2"}}}}}})
          .effective["providers"]["recorded"]["default_model"]
          .as_string(),
      "recorded-2");
  EXPECT_EQ(status_of([&] { client.config.patch({{"api_key", "sk"}}); }), 400);
  client.providers.remove_api_key("openrouter");
  EXPECT_FALSE(client.providers.auth_status().at("openrouter").has_key);
  EXPECT_THROW(client.providers.set_api_key("cohere", "sk-no"), tandem::EngineError);
}

TEST_F(TandemSdkServices, TheTokenOfTheRoutes) {
  const auto& client = *client_;
  const std::string made = client.tokens.generate();
  EXPECT_TRUE(made.starts_with("tk_"));
  const auto id = client.with_token(made).sessions.create({.title = "By the token"});
  EXPECT_EQ(client.sessions.get(id).title, "By the token") << "it acts as whoever made it";
  client.tokens.set("0123456789abcdef-of-mine");
  EXPECT_EQ(status_of([&] { client.with_token(made).sessions.list(); }), 401);
  EXPECT_EQ(client.with_token("0123456789abcdef-of-mine").sessions.list().count, 1);
  client.tokens.remove();
  EXPECT_EQ(status_of([&] { client.with_token("0123456789abcdef-of-mine").sessions.list(); }), 401);
  EXPECT_EQ(client.sessions.list().count, 1) << "the other tokens stay";
}

TEST_F(TandemSdkServices, ToolServersAreAddedAndUsed) {
  const auto& client = *client_;
  ASSERT_TRUE(client.mcp.add("echo", tools_.url(), {.headers = {{"X-Secret", "hidden value"}}}).ok);
  const auto connected = client.mcp.connect("echo");
  ASSERT_TRUE(connected.ok) << connected.error;
  const auto server = client.mcp.list().at("echo");
  EXPECT_TRUE(server.connected);
  EXPECT_EQ(server.headers.at("X-Secret"), "[REDACTED]");
  const auto tools = client.mcp.list_tools();
  ASSERT_EQ(tools.size(), 1U);
  EXPECT_EQ(tools[0].namespaced_name, "mcp.echo.say");
  EXPECT_EQ(client.mcp.list_resources().size(), 1U);
  EXPECT_EQ(client.mcp.refresh("echo").extra["count"].as_int64(), 1);

  const auto session =
      client.sessions.create({.permission = {{.permission = "mcp.echo.say", .action = "allow"}}});
  EXPECT_THAT(run_to_end(session, R"(call echo__say {"text":"hello"})"), HasSubstr("said hello"));

  EXPECT_THAT(client.mcp.catalog_toml("echo"), HasSubstr("echo"));
  EXPECT_TRUE(client.mcp.set_enabled("echo", false).ok);
  EXPECT_FALSE(client.mcp.list().at("echo").enabled);
  EXPECT_FALSE(client.mcp.set_enabled("echo", false).ok) << "nothing changed";
  EXPECT_TRUE(client.mcp.set_enabled("echo", true).ok);
  EXPECT_TRUE(client.mcp.disconnect("echo").ok);
  EXPECT_FALSE(client.mcp.list().at("echo").connected);
  EXPECT_TRUE(client.mcp.remove("echo").ok);
  EXPECT_TRUE(client.mcp.list().empty());
  ASSERT_TRUE(client.mcp.add("dead", "http://127.0.0.1:9/mcp").ok);
  EXPECT_FALSE(client.mcp.connect("dead").ok);
  EXPECT_TRUE(client.mcp.list().at("dead").last_error);
}

TEST_F(TandemSdkServices, MemoryIsKeptFoundAndShared) {
  const auto& client = *client_;
  const auto stored = client.memory.put("Use WAL mode for sqlite in long-lived services.",
                                        {.tags = {"sqlite"}, .run_id = "run-123"});
  EXPECT_TRUE(stored.stored);
  EXPECT_EQ(stored.tier, "session");
  const auto found = client.memory.search("sqlite wal", {.limit = 5});
  ASSERT_EQ(found.results.size(), 1U);
  EXPECT_EQ(found.results[0].id, stored.id);
  EXPECT_EQ(found.results[0].tags, std::vector<std::string>{"sqlite"});
  EXPECT_TRUE(found.results[0].score);
  const auto listed = client.memory.list({.q = "sqlite", .user_id = "user-123"});
  ASSERT_EQ(listed.items.size(), 1U);
  EXPECT_EQ(listed.items[0].run_id, "run-123");
  const auto promoted = client.memory.promote(stored.id);
  EXPECT_TRUE(promoted.promoted);
  EXPECT_EQ(promoted.to_tier, "project");
  EXPECT_EQ(client.memory.search("sqlite wal").results.at(0).visibility, "shared");
  EXPECT_TRUE(client.memory.demote(stored.id, "run-123").ok);
  EXPECT_TRUE(client.memory.search("sqlite wal").results.empty()) << "out of searches";
  EXPECT_TRUE(client.memory.remove(stored.id).ok);
  EXPECT_EQ(status_of([&] { client.memory.remove(stored.id); }), 404);
  std::vector<std::string> actions;
  for (const auto& entry : client.memory.audit({.limit = 20}).entries) {
    actions.push_back(entry.action);
  }
  for (const char* action : {"put", "promote", "demote", "delete"}) {
    EXPECT_THAT(actions, Contains(HasSubstr(action)));
  }
}

TEST_F(TandemSdkServices, IdentitySkillsAndResources) {
  const auto& client = *client_;
  EXPECT_EQ(client.identity.patch({{"bot", {{"canonical_name", "Ada"}}}})
                .identity["bot"]["canonical_name"]
                .as_string(),
            "Ada");
  EXPECT_EQ(client.identity.get().identity["bot"]["canonical_name"].as_string(), "Ada");
  EXPECT_GT(client.identity.get().presets.size(), 0U);

  const auto skills = client.skills.list();
  ASSERT_EQ(skills.size(), 1U);
  EXPECT_EQ(skills[0].name, "plan");
  EXPECT_EQ(skills[0].description, "Plans a piece of work.");
  EXPECT_THAT(client.skills.get("plan").extra["content"].as_string(), HasSubstr("Think first."));
  EXPECT_TRUE(client.skills.templates().empty());

  const auto written = client.resources.write("notes/plan", {{"done", false}});
  EXPECT_TRUE(written.ok);
  EXPECT_EQ(client.resources.get("notes/plan").rev, written.rev);
  EXPECT_EQ(status_of([&] { client.resources.write("notes/plan", 1, {.if_match_rev = 99}); }), 409);
  EXPECT_GT(client.resources.put_key("notes/plan", {{"done", false}, {"by", "me"}}).rev,
            written.rev);
  client.resources.patch_key("notes/plan", {{"done", true}});
  EXPECT_EQ(client.resources.get("notes/plan").value, (Json{{"done", true}, {"by", "me"}}));
  EXPECT_EQ(client.resources.list({.prefix = "notes/"}).size(), 1U);
  EXPECT_TRUE(client.resources.delete_key("notes/plan").ok);
}

// Whoever has no type for a route asks by hand, and is told in the same way.
TEST_F(TandemSdkServices, OtherRoutesAreAskedByHand) {
  EXPECT_EQ(client_->request("GET", "/session")["count"].as_int64(), 0);
  EXPECT_EQ(status_of([&] { client_->request("GET", "/no/such/route"); }), 404);
  EXPECT_EQ(status_of([&] { client_->request("GET", "/browser/status"); }), 501);
}

// --- for coroutines -----------------------------------------------------------------------------

struct Awaited {
  std::string said{};
  std::string end{};
  int asked = 0;
  std::vector<tandem::ToolResult> results{};
};

// A prompt to its end; what is asked is allowed once.
Task<Awaited> run_awaited(const tandem::AsyncClient* client, std::string session,
                          std::string prompt) {
  Awaited out;
  const auto run = co_await client->sessions.prompt_async(session, prompt);
  auto events = client->stream(session, run.run_id);
  while (auto event = co_await events.next()) {
    if (const auto* piece = event->as<tandem::SessionResponse>()) out.said += piece->delta;
    if (const auto* end = event->as<tandem::RunFinished>()) out.end = end->status;
    if (const auto* result = event->as<tandem::ToolResult>()) out.results.push_back(*result);
    const auto* ask = event->as<tandem::PermissionRequest>();
    if (ask == nullptr) continue;
    ++out.asked;
    const std::string id = ask->id;
    co_await client->permissions.reply(id, tandem::PermissionReply::once);
  }
  co_return out;
}

// The last event that the stream of a run has.
Task<std::string> end_of(const tandem::AsyncClient* client, std::string run_id) {
  auto events = client->run_stream(run_id);
  std::string last;
  while (auto event = co_await events.next()) {
    last = std::string(event->type());
    if (last == "session.run.finished") break;
  }
  co_return last;
}

class TandemSdkAsync : public TandemSdkTest {};

TEST_F(TandemSdkAsync, RunsFilesAndPermissions) {
  const tandem::AsyncClient client(options());
  EXPECT_TRUE(run(client.health()).ready);
  const auto request = in_project(true);
  const auto session = run(client.sessions.create(request));
  const auto first = run(run_awaited(&client, session, "Summarize the README"));
  EXPECT_EQ(first.said, "Heard: Summarize the README");
  EXPECT_EQ(first.end, "completed");
  const auto asked = run(run_awaited(&client, session, write_call("async.txt", "x")));
  EXPECT_EQ(asked.asked, 1);
  ASSERT_EQ(asked.results.size(), 1U);
  EXPECT_FALSE(asked.results[0].error);
  EXPECT_EQ(in_file("async.txt"), "x");
  const std::vector<tandem::PromptPart> parts{
      tandem::FilePart{.mime = "text/plain", .filename = "README.md", .url = "README.md"},
      tandem::TextPart{"Explain this."}};
  const auto started = run(client.sessions.prompt_async_parts(session, parts));
  EXPECT_FALSE(started.run_id.empty());
  EXPECT_EQ(run(end_of(&client, started.run_id)), "session.run.finished");
  EXPECT_EQ(run(client.sessions.prompt_sync(session, "Once more")), "Heard: Once more");
  EXPECT_EQ(run(client.sessions.messages(session)).size(), 8U);
  EXPECT_EQ(run(client.sessions.diff(session)).files, std::vector<std::string>{"async.txt"});
  EXPECT_TRUE(run(client.permissions.list()).requests.empty());
  run(client.sessions.remove(session));
  EXPECT_EQ(status_of([&] { run(client.sessions.get(session)); }), 404);
}

TEST_F(TandemSdkAsync, ServicesSayTheSameAsToTheBlockingClient) {
  const tandem::AsyncClient client(options());
  EXPECT_EQ(run(client.list_tool_ids()), client_->list_tool_ids());
  EXPECT_EQ(run(client.execute_tool("calculator", {{"expression", "6*7"}})).output, "42");
  run(client.providers.set_defaults("recorded", "recorded-3"));
  EXPECT_EQ(client_->providers.config().default_model(),
            (tandem::ModelRef{"recorded", "recorded-3"}));
  EXPECT_EQ(run(client.config.get()).effective, client_->config.get().effective);
  const std::string made = run(client.tokens.generate());
  EXPECT_EQ(status_of([&] { client_->with_token(made).sessions.list(); }), 200);
  ASSERT_TRUE(run(client.mcp.add("echo", tools_.url())).ok);
  ASSERT_TRUE(run(client.mcp.connect("echo")).ok);
  EXPECT_EQ(run(client.mcp.list_tools()).at(0).namespaced_name,
            client_->mcp.list_tools().at(0).namespaced_name);
  const auto stored = run(client.memory.put("Columns carry an entablature."));
  EXPECT_EQ(client_->memory.search("entablature").results.at(0).id, stored.id);
  EXPECT_EQ(run(client.memory.search("entablature")).results.at(0).id, stored.id);
  EXPECT_EQ(run(client.identity.get()).identity, client_->identity.get().identity);
  EXPECT_EQ(run(client.skills.get("plan")).description, "Plans a piece of work.");
  run(client.resources.put_key("k", 1));
  EXPECT_EQ(client_->resources.get("k").value, Json(1));
  EXPECT_TRUE(run(client.questions.list()).empty());
  EXPECT_EQ(run(client.request("GET", "/session"))["count"].as_int64(), 0);
}

}  // namespace
}  // namespace colonnade::e2e
