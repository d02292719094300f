// Tandem's service routes: providers and configuration, the token routes, MCP servers (tandem §2.4,
// §2.9, §4.8, §4.13, §6).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "tandem_services_fixture.hpp"

namespace colonnade::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

// --- providers ----------------------------------------------------------------------------------

Json row_of(const Json& catalog, const std::string& id) {
  for (const Json& one : catalog.at("all")) {
    if (one.at("id") == id) return one;
  }
  return nullptr;
}

TEST_F(TandemServicesTest, CatalogSaysHonestlyWhatItKnows) {
  Json catalog = get("/provider");
  EXPECT_EQ(row_of(catalog, "openrouter").at("catalog_status"), "unavailable");
  EXPECT_EQ(row_of(catalog, "openrouter").at("models"), Json::object());
  EXPECT_EQ(row_of(catalog, "dead").at("catalog_status"), "error");
  EXPECT_EQ(row_of(catalog, "dead").at("catalog_message"), "dead: nobody is there");
  EXPECT_EQ(row_of(catalog, "cohere").at("catalog_source"), "empty");
  EXPECT_EQ(catalog.at("default"), "scripted");
  EXPECT_EQ(server_.services.vendors.asked("openrouter"), 0) << "without a key nobody is asked";

  ASSERT_EQ(send("PUT", "/auth/OpenRouter", {{"apiKey", "sk-or-test"}}).json(),
            (Json{{"ok", true}, {"id", "openrouter"}, {"backend", "file"}}));
  for (int i = 0; i < 2; ++i) catalog = get("/provider");
  EXPECT_EQ(server_.services.vendors.asked("openrouter"), 1) << "what was asked is kept";
  const Json row = row_of(catalog, "openrouter");
  EXPECT_EQ(row.at("catalog_source"), "remote");
  EXPECT_EQ(row.at("catalog_status"), "ok");
  EXPECT_EQ(
      row.at("models"),
      (Json{{"openai/gpt-4o-mini", {{"name", "GPT-4o mini"}, {"limit", {{"context", 128000}}}}}}));
  EXPECT_THAT(catalog.at("connected"), testing::Contains("openrouter"));
  EXPECT_EQ(get("/api/providers"), catalog);
}

TEST_F(TandemServicesTest, KeysAreUsedAtOnceSealedAndShownNowhere) {
  for (const char* name : {"token", "api_key", "apiKey"}) {
    const std::string key = std::string("sk-or-secret-") + name;
    ASSERT_EQ(send("PUT", "/auth/openrouter", {{name, key}}).json().at("ok"), true);
    EXPECT_EQ(server_.services.vendors.key(), key);
  }
  const auto kept =
      *server_.engine.run(server_.engine.store->documents_of_every_scope("provider_key", 10));
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_THAT(kept.front().text, Not(HasSubstr("sk-or-secret")));
  for (const char* target : {"/provider", "/provider/auth", "/config", "/config/providers"}) {
    EXPECT_THAT(server_.get(target).body, Not(HasSubstr("sk-or-secret"))) << target;
  }
  EXPECT_EQ(
      get("/provider/auth").at("providers").at("openrouter"),
      (Json{
          {"has_key", true}, {"configured", true}, {"connected", true}, {"source", "persisted"}}));
  EXPECT_EQ(get("/provider/auth").at("providers").at("ollama").at("source"), "none");
  EXPECT_EQ(get("/config/providers").at("providers").at("openrouter").at("api_key"), "[REDACTED]");

  EXPECT_EQ(send("DELETE", "/auth/openrouter", {}).json(), (Json{{"ok", true}}));
  EXPECT_EQ(server_.services.vendors.key(), "");
  EXPECT_EQ(send("DELETE", "/auth/openrouter", {}).json().at("ok"), false);
}

TEST_F(TandemServicesTest, AStoredKeyIsUsedAgainAfterARestart) {
  ASSERT_EQ(send("PUT", "/auth/openrouter", {{"apiKey", "sk-or-test"}}).json().at("ok"), true);
  server_.services.vendors.use_key("openrouter", "");
  ASSERT_TRUE(server_.engine.run(server_.services.catalog.open()));
  EXPECT_EQ(server_.services.vendors.key(), "sk-or-test");
}

TEST_F(TandemServicesTest, WhatIsWrongWithAKeyIsSaidSoftly) {
  const std::string member = server_.new_token("bob");
  const std::pair<const char*, Json> cases[] = {{"nobody", {{"apiKey", "k"}}},
                                                {"cohere", {{"apiKey", "k"}}},
                                                {"openrouter", Json::object()},
                                                {"openrouter", {{"apiKey", ""}}},
                                                {"openrouter", {{"apiKey", "two words"}}},
                                                {"openrouter", {{"apiKey", 7}}}};
  for (const auto& [provider, body] : cases) {
    const Answer answer = send("PUT", std::string("/auth/") + provider, body);
    EXPECT_EQ(answer.status, 200) << provider;
    EXPECT_EQ(answer.json().at("ok"), false) << provider << body;
    EXPECT_NE(answer.json().at("error"), "") << provider;
  }
  EXPECT_EQ(as(member, "PUT", "/auth/openrouter", {{"apiKey", "sk"}}).json().at("ok"), false);
  EXPECT_EQ(server_.services.vendors.key(), "");
}

TEST_F(TandemServicesTest, DefaultsAreMergedDeeplyAndReachRuns) {
  const Json first = {{"default_provider", "scripted"},
                      {"providers", {{"scripted", {{"default_model", "m-one"}}}}}};
  const Json now = send("PATCH", "/config", first).json().at("effective");
  EXPECT_EQ(now.at("default_provider"), "scripted");
  EXPECT_EQ(now.at("providers").at("scripted").at("default_model"), "m-one");
  const Json second = {{"providers", {{"openrouter", {{"default_model", "m-two"}}}}}};
  const Json merged = send("PATCH", "/global/config", second).json().at("effective");
  EXPECT_EQ(merged.at("providers").at("scripted").at("default_model"), "m-one");
  EXPECT_EQ(merged.at("providers").at("openrouter").at("default_model"), "m-two");
  const Json layers = get("/config").at("layers");
  EXPECT_EQ(layers.at("project"), first);
  EXPECT_EQ(layers.at("global"), second);
  EXPECT_EQ(get("/config/providers").at("default"), "scripted");

  const core::Principal who(core::Scope::main(), "admin", core::UserRole::operator_role);
  const core::Thread thread = server_.engine.new_thread(who);
  const auto run = server_.engine.start(who, thread.id, "hello");
  ASSERT_TRUE(run);
  EXPECT_EQ(run->settings.model, "m-one");

  EXPECT_EQ(send("PATCH", "/config", {{"providers", {{"scripted", nullptr}}}})
                .json()
                .at("effective")
                .at("providers")
                .contains("scripted"),
            false);
}

TEST_F(TandemServicesTest, SecretsAreRefusedWhereverTheyStandInAPatch) {
  const Json patches[] = {
      {{"providers", {{"openrouter", {{"api_key", "sk-x"}}}}}},
      {{"apiKey", "sk-x"}},
      {{"channels", {{"telegram", {{"bot_token", "1:x"}}}}}},
      {{"list", {{{"deep", {{"botToken", "1:x"}}}}}}},
  };
  for (const Json& patch : patches) {
    for (const char* target : {"/config", "/global/config"}) {
      const Answer answer = send("PATCH", target, patch);
      EXPECT_EQ(answer.status, 400) << patch;
      EXPECT_EQ(answer.json().at("code"), "CONFIG_SECRET_REJECTED");
      EXPECT_EQ(answer.json().at("hint"), "Use PUT /auth/{provider} or environment variables.");
    }
  }
  const Answer unknown = send("PATCH", "/config", {{"providers", {{"a", {{"url", "x"}}}}}});
  EXPECT_EQ(unknown.status, 422);
  EXPECT_EQ(unknown.json().at("field"), "providers.a.url");
  const std::string member = server_.new_token("bob");
  EXPECT_EQ(as(member, "PATCH", "/config", {{"default_provider", "openrouter"}}).status, 403);
  EXPECT_EQ(get("/config").at("layers").at("project"), Json::object());
}

TEST_F(TandemServicesTest, SigningInToAProviderIsClearlyNotThere) {
  const Answer answer = server_.post("/provider/openai/oauth/authorize");
  EXPECT_EQ(answer.status, 501);
  EXPECT_THAT(answer.json().at("error").get<std::string>(), HasSubstr("PUT /auth/openai"));
}

// --- the token routes ---------------------------------------------------------------------------

TEST_F(TandemServicesTest, TheOneTokenIsReplacedTakenAwayAndNeverOpensTheServer) {
  const Json made = server_.post("/auth/token/generate").json();
  EXPECT_EQ(made.at("ok"), true);
  const std::string first = made.at("token");
  ASSERT_EQ(first.size(), 35U);
  EXPECT_TRUE(first.starts_with("tk_"));
  EXPECT_EQ(first.find_first_not_of("0123456789abcdef", 3), std::string::npos);
  EXPECT_EQ(as(first, "GET", "/config").status, 200);

  const std::string second = "a-token-of-ours-1234";
  EXPECT_EQ(send("PUT", "/auth/token", {{"apiToken", second}}).status, 200);
  EXPECT_EQ(as(second, "GET", "/config").status, 200);
  EXPECT_EQ(as(first, "GET", "/config").status, 401) << "a second call replaces the first token";

  // By the token itself: the answer comes, and then it counts no more.
  const Json third = as(second, "POST", "/auth/token/generate").json();
  EXPECT_EQ(third.at("ok"), true);
  const std::string last = third.at("token");
  EXPECT_EQ(as(last, "DELETE", "/auth/token").status, 200);
  for (const std::string& token : {first, second, last}) {
    int status = 200;
    for (int i = 0; i < 1000 && status != 401; ++i) {
      status = as(token, "GET", "/config").status;  // what is taken away by itself ends right after
      std::this_thread::yield();
    }
    EXPECT_EQ(status, 401);
  }
  EXPECT_EQ(server_.get("/config").status, 200) << "the other tokens stay";
  EXPECT_EQ(call(server_.port(), {.method = "GET", .target = "/config"}).status, 401);
  EXPECT_EQ(send("DELETE", "/auth/token", {}).json().at("removed"), false);
}

TEST_F(TandemServicesTest, TokenRoutesAreTheOperatorsAndMindTheLength) {
  const std::string member = server_.new_token("bob");
  EXPECT_EQ(as(member, "POST", "/auth/token/generate").status, 403);
  EXPECT_EQ(as(member, "PUT", "/auth/token", {{"token", "0123456789abcdef"}}).status, 403);
  EXPECT_EQ(as(member, "DELETE", "/auth/token").status, 403);
  for (const Json& body :
       {Json{{"token", "fifteen-chars-x"}}, Json{{"token", "with a blank in it"}},
        Json{{"token", 7}}, Json::object()}) {
    const Answer answer = send("PUT", "/auth/token", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.json().at("code"), "INVALID_TOKEN");
  }
  EXPECT_EQ(send("PUT", "/auth/token", {{"token", "0123456789abcdef"}}).status, 200);
  EXPECT_EQ(send("PUT", "/auth/token", {{"token", server_.token}}).status, 409)
      << "nobody's token becomes this one";
  EXPECT_EQ(as("0123456789abcdef", "GET", "/config").status, 200) << "the one before goes on";
  const auto kept =
      *server_.engine.run(server_.engine.store->documents_of_every_scope("managed_token", 10));
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_THAT(kept.front().text, Not(HasSubstr("0123456789abcdef")));
}

// --- MCP servers --------------------------------------------------------------------------------

TEST_F(TandemServicesTest, AServerIsAddedConnectedRefreshedAndRemoved) {
  const Json added = {
      {"name", "arcade"}, {"transport", "https://mcp.example.com/mcp"}, {"enabled", true}};
  EXPECT_EQ(send("POST", "/mcp", added).json(), (Json{{"ok", true}}));
  Json row = get("/mcp").at("arcade");
  EXPECT_EQ(row.at("connected"), false) << "adding does not connect";
  EXPECT_EQ(row.at("transport"), "https://mcp.example.com/mcp");
  EXPECT_EQ(get("/mcp/tools"), Json::array());

  EXPECT_EQ(server_.post("/mcp/arcade/connect").json(), (Json{{"ok", true}}));
  EXPECT_EQ(send("POST", "/mcp", added).json(), (Json{{"ok", true}}));
  row = get("/mcp").at("arcade");
  EXPECT_EQ(row.at("connected"), true) << "the same again keeps the connection";
  ASSERT_EQ(row.at("tool_cache").size(), 1U);
  EXPECT_EQ(row.at("tool_cache").front().at("tool_name"), "Gmail_SendEmail");
  const Json tools = get("/mcp/tools");
  ASSERT_EQ(tools.size(), 1U);
  EXPECT_EQ(tools.front().at("namespaced_name"), "mcp.arcade.gmail_sendemail");
  EXPECT_EQ(tools.front().at("input_schema"), (Json{{"type", "object"}}));
  EXPECT_EQ(get("/mcp/resources"),
            (Json{{{"server", "arcade"},
                   {"resources",
                    {{{"uri", "mcp://arcade/tools"}, {"name", "tools"}},
                     {{"uri", "mcp://arcade/prompts"}, {"name", "prompts"}}}}}}));
  const auto agent = *server_.engine.run(server_.engine.agents.get(core::Scope::main(), ""));
  EXPECT_EQ(agent.tool_servers.size(), 1U) << "sessions have its tools";

  EXPECT_EQ(server_.post("/mcp/arcade/refresh").json(), (Json{{"ok", true}, {"count", 1}}));
  EXPECT_EQ(server_.post("/mcp/arcade/disconnect").json(), (Json{{"ok", true}}));
  EXPECT_EQ(get("/mcp").at("arcade").at("connected"), false);
  EXPECT_EQ(send("PATCH", "/mcp/arcade", {{"enabled", true}}).json(), (Json{{"ok", false}}))
      << "a change that changes nothing";
  EXPECT_EQ(send("PATCH", "/mcp/arcade", {{"enabled", false}}).json(), (Json{{"ok", true}}));
  EXPECT_EQ(server_.post("/mcp/arcade/connect").json().at("ok"), false) << "it is disabled";
  EXPECT_EQ(send("PATCH", "/mcp/arcade", {{"enabled", true}}).json(), (Json{{"ok", true}}));
  EXPECT_EQ(get("/mcp").at("arcade").at("connected"), true) << "enabling connects";
  const Answer toml = server_.get("/mcp/catalog/arcade/toml");
  EXPECT_EQ(toml.header("Content-Type"), "application/toml");
  EXPECT_THAT(toml.body, HasSubstr("transport = \"https://mcp.example.com/mcp\""));

  EXPECT_EQ(send("DELETE", "/mcp/arcade", {}).json(),
            (Json{{"ok", true}, {"removedToolCount", 1}}));
  EXPECT_EQ(get("/mcp"), Json::object());
  EXPECT_EQ(server_.get("/mcp/catalog/arcade/toml").status, 404);
  EXPECT_EQ(server_.services.told_of(core::NoticeKind::tool_server_removed).size(), 1U);
  EXPECT_EQ(server_.services.told_of(core::NoticeKind::tool_server_changed).size(), 4U);
}

TEST_F(TandemServicesTest, WhatGoesWrongWithAServerIsSaidSoftly) {
  EXPECT_EQ(server_.post("/mcp/nope/connect").json().at("ok"), false);
  send("POST", "/mcp",
       {{"name", "dead"},
        {"transport", "http://127.0.0.1:9/mcp"},
        {"headers", {{"Authorization", "Bearer s3cret-value"}}}});
  const Answer failed = server_.post("/mcp/dead/connect");
  EXPECT_EQ(failed.status, 200);
  EXPECT_EQ(failed.json(), (Json{{"ok", false}, {"error", "connection refused"}}));
  const Answer list = server_.get("/mcp");
  EXPECT_EQ(list.json().at("dead").at("last_error"), "connection refused");
  EXPECT_EQ(list.json().at("dead").at("headers"), (Json{{"Authorization", "[REDACTED]"}}));
  EXPECT_THAT(list.body, Not(HasSubstr("s3cret-value")));
  EXPECT_EQ(server_.services.tool_host.server("dead")->secrets.headers.at("Authorization"),
            "Bearer s3cret-value");
  EXPECT_EQ(server_.post("/mcp/dead/refresh").json().at("ok"), false);
  for (const Json& body :
       {Json{{"name", "x"}, {"transport", "ftp://h"}}, Json{{"name", "x"}, {"transport", "stdio"}},
        Json{{"name", "no good"}, {"transport", "http://h/"}}, Json::object(),
        Json{{"name", "x"}, {"transport", "http://h/"}, {"headers", {{"A", 1}}}}}) {
    const Answer answer = send("POST", "/mcp", body);
    EXPECT_EQ(answer.status, 200) << body;
    EXPECT_EQ(answer.json().at("ok"), false) << body;
    EXPECT_NE(answer.json().at("error"), "");
  }
}

TEST_F(TandemServicesTest, ServersAreTheOperatorsToManage) {
  const std::string member = server_.new_token("bob");
  const Json http = {{"name", "arcade"}, {"transport", "https://mcp.example.com/mcp"}};
  EXPECT_EQ(as(member, "POST", "/mcp", http).json().at("ok"), false);
  EXPECT_EQ(send("POST", "/mcp", http).json().at("ok"), true);
  for (const char* route :
       {"POST /mcp/arcade/connect", "POST /mcp/arcade/disconnect", "POST /mcp/arcade/refresh",
        "DELETE /mcp/arcade", "DELETE /mcp/arcade/auth", "POST /mcp/arcade/auth"}) {
    const std::string text(route);
    const auto blank = text.find(' ');
    EXPECT_EQ(as(member, text.substr(0, blank), text.substr(blank + 1)).json().at("ok"), false)
        << route;
  }
  EXPECT_EQ(as(member, "PATCH", "/mcp/arcade", {{"enabled", false}}).json().at("ok"), false);
  EXPECT_EQ(get("/mcp").at("arcade").at("enabled"), true);

  // A command runs on this machine: an operator of one scope does not bring one in.
  core::Principal one_scope(core::Scope::main(), "carol", core::UserRole::operator_role);
  const auto carol = *server_.engine.run(
      server_.credentials.create(one_scope, core::CredentialKind::operator_token, "test"));
  const Json stdio = {{"name", "files"}, {"transport", "stdio:npx -y 'a server' /tmp"}};
  EXPECT_EQ(as(carol.token, "POST", "/mcp", stdio).json().at("ok"), false);
  EXPECT_EQ(send("POST", "/mcp", stdio).json().at("ok"), true);
  EXPECT_EQ(server_.post("/mcp/files/connect").json().at("ok"), true);
  EXPECT_EQ(server_.services.tool_host.server("files")->server.command,
            (std::vector<std::string>{"npx", "-y", "a server", "/tmp"}));
}

TEST_F(TandemServicesTest, AServerThatWantsAHumanSaysWhere) {
  send("POST", "/mcp", {{"name", "mail"}, {"transport", "https://locked.example.com/mcp"}});
  const Json asked = server_.post("/mcp/mail/auth").json();
  EXPECT_EQ(asked.at("authorizationUrl"), "https://auth.example.com/authorize?state=s1");
  EXPECT_EQ(get("/mcp").at("mail").at("last_auth_challenge").at("authorization_url"),
            asked.at("authorizationUrl"));
  EXPECT_EQ(server_.post("/mcp/mail/auth/callback", {{"code", "x"}}).json().at("ok"), false);
  EXPECT_EQ(server_.post("/mcp/mail/auth/callback", {{"code", "c 1"}, {"state", "s1"}}).json(),
            (Json{{"ok", true}, {"name", "mail"}}));
  EXPECT_EQ(server_.post("/mcp/mail/auth/authenticate").json().at("connected"), true);
  EXPECT_EQ(send("DELETE", "/mcp/mail/auth", {}).json(), (Json{{"ok", true}, {"name", "mail"}}));
}

// For everybody else, and at another server, there is nothing that waits.
TEST_F(TandemServicesTest, OnlyWhoBeganAnAuthorizationFinishesIt) {
  for (const char* name : {"mail", "post"}) {
    send("POST", "/mcp", {{"name", name}, {"transport", "https://locked.example.com/mcp"}});
  }
  const std::string bob = server_.new_token("bob");
  core::Principal one_scope(core::Scope::main(), "carol", core::UserRole::operator_role);
  const auto created = server_.engine.run(
      server_.credentials.create(one_scope, core::CredentialKind::operator_token, "test"));
  const std::string& carol = created->token;
  const std::string& admin = server_.token;
  const Json back = {{"code", "c 1"}, {"state", "s1"}};
  const auto finish = [&](const std::string& token, const std::string& name) {
    return as(token, "POST", "/mcp/" + name + "/auth/callback", back);
  };
  const Answer nobody_began = finish(admin, "mail");
  EXPECT_EQ(nobody_began.status, 200);
  EXPECT_EQ(nobody_began.json().at("ok"), false);
  ASSERT_EQ(as(carol, "POST", "/mcp/mail/auth").json().at("ok"), true);
  for (const std::string& other : {admin, bob}) {
    EXPECT_EQ(finish(other, "mail").body, nobody_began.body);
  }
  EXPECT_EQ(finish(carol, "post").json().at("ok"), false) << "the answer is mail's";
  EXPECT_EQ(get("/mcp").at("mail").at("connected"), false);
  // Who begins anew takes it over.
  ASSERT_EQ(as(admin, "POST", "/mcp/mail/auth").json().at("ok"), true);
  EXPECT_EQ(finish(carol, "mail").body, nobody_began.body);
  EXPECT_EQ(finish(admin, "mail").json(), (Json{{"ok", true}, {"name", "mail"}}));
  EXPECT_EQ(get("/mcp").at("mail").at("connected"), true);
}

// What operators and users change over these routes is in the audit trail, each with its own kind.
TEST_F(TandemServicesTest, EveryChangeIsInTheAuditTrail) {
  const std::string session = server_.post("/session").json().at("id");
  struct Change {
    std::string method;
    std::string target;
    Json body;
    std::string_view kind;
  };
  using namespace core;
  const Change changes[] = {
      {"PUT", "/auth/token", {{"token", "0123456789abcdef"}}, audit_kind::credential},
      {"POST", "/auth/token/generate", Json::object(), audit_kind::credential},
      {"DELETE", "/auth/token", Json::object(), audit_kind::credential},
      {"PUT", "/auth/openrouter", {{"apiKey", "k-12345678"}}, audit_kind::provider_key},
      {"DELETE", "/auth/openrouter", Json::object(), audit_kind::provider_key},
      {"PATCH", "/config", {{"default_provider", "scripted"}}, audit_kind::setting},
      {"PATCH", "/global/config", {{"default_provider", "scripted"}}, audit_kind::setting},
      {"PATCH", "/config/identity", {{"bot", {{"avatar_url", "x"}}}}, audit_kind::setting},
      {"POST",
       "/mcp",
       {{"name", "mail"}, {"transport", "http://127.0.0.1:1/mcp"}},
       audit_kind::tool_server},
      {"PATCH", "/mcp/mail", {{"enabled", false}}, audit_kind::tool_server},
      {"DELETE", "/mcp/mail", Json::object(), audit_kind::tool_server},
      {"POST",
       "/session/" + session + "/attach",
       {{"target_workspace", "/srv/x"}},
       audit_kind::thread},
      {"POST",
       "/session",
       {{"permission", Json::array({{{"permission", "bash"}, {"action", "allow"}}})}},
       audit_kind::thread},
      {"POST", "/session/" + session + "/revert", Json::object(), audit_kind::files},
  };
  for (const Change& change : changes) {
    const auto before = server_.engine.run(server_.engine.store->last_audit_seq());
    const Answer answer = send(change.method, change.target, change.body);
    EXPECT_LT(answer.status, 300) << change.target << answer.body;
    const auto records = server_.engine.run(server_.engine.store->audit(*before, 100));
    ASSERT_TRUE(records);
    const auto of_kind = [&](const AuditRecord& one) {
      return one.kind == change.kind && one.text.contains(R"("actor":"admin")");
    };
    EXPECT_TRUE(std::ranges::any_of(*records, of_kind))
        << change.method << " " << change.target << answer.body;
  }
}

}  // namespace
}  // namespace colonnade::tests
