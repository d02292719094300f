// A real server with the whole Platos dialect: SQLite store, engine with scripted models, HTTP and
// sockets on a free port. Its clock stands still until a test moves it.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../engine/background.hpp"
#include "../engine/engine.hpp"
#include "base/json_web_token.hpp"
#include "base/log.hpp"
#include "base/secret_box.hpp"
#include "core/access/access_keys.hpp"
#include "core/access/credentials.hpp"
#include "core/access/entities.hpp"
#include "core/access/keyed_requests.hpp"
#include "core/access/login_failures.hpp"
#include "core/access/rate_limits.hpp"
#include "core/events/background_commits.hpp"
#include "core/governance/audit_log.hpp"
#include "core/tasks/spawned_runs.hpp"
#include "core/threads/erasure.hpp"
#include "dialects/platos/routes.hpp"
#include "net/http_server.hpp"
#include "tools/builtin/background_tools.hpp"
#include "tools/builtin/request_approval.hpp"
#include "wire_client.hpp"

namespace colonnade::tests {

// The store's credentials, whose look-up by token can be held up.
class HeldLookups final : public core::CredentialStore {
 public:
  explicit HeldLookups(core::CredentialStore& inner) : inner_(inner) {}

  // The next look-up waits for let_go().
  void hold() { held_ = true; }
  void wait_until_asked() { asked_.get_future().wait(); }
  void let_go() { released_.notify(); }

  base::Task<base::Result<std::optional<core::Credential>>> credential_by_token(
      std::string token_sha256) override {
    if (held_.exchange(false)) {
      asked_.set_value();
      co_await released_.wait();
    }
    auto found = co_await inner_.credential_by_token(std::move(token_sha256));
    co_return found;
  }
  base::Task<base::Result<std::vector<core::Credential>>> credentials(
      core::Scope scope, std::optional<std::string> user_id, core::CredentialKind kind) override {
    return inner_.credentials(std::move(scope), std::move(user_id), kind);
  }
  base::Task<base::Result<std::optional<core::Credential>>> credential(core::Scope scope,
                                                                       std::string id) override {
    return inner_.credential(std::move(scope), std::move(id));
  }
  base::Task<base::Result<bool>> any_server_operator() override {
    return inner_.any_server_operator();
  }

 private:
  core::CredentialStore& inner_;
  std::atomic<bool> held_ = false;
  std::promise<void> asked_;
  base::Signal released_;
};

// A tool that answers what a test says.
class AnsweringTool final : public tools::Tool {
 public:
  using Answer = std::function<core::ToolOutcome(const base::Json& arguments)>;
  AnsweringTool(std::string name, tools::Effect effect, Answer answer)
      : answer_(std::move(answer)),
        effect_(effect),
        definition_{.name = std::move(name),
                    .description = "Answers.",
                    .input_schema = {{"type", "object"}}} {}
  const core::ToolDefinition& definition() const override { return definition_; }
  tools::Effect effect() const override { return effect_; }
  base::Task<core::ToolOutcome> run(tools::ToolContext, base::Json arguments,
                                    std::stop_token) override {
    co_return answer_(arguments);
  }

 private:
  Answer answer_;
  tools::Effect effect_;
  core::ToolDefinition definition_;
};

struct PlatosServerOptions {
  base::Time now = base::SystemClock().now();  // of the dialect
  core::RateLimitOptions rates{};
  std::function<std::string()> default_model = [] { return std::string("scripted:scripted-1"); };
  net::HttpServerOptions http{};
  std::vector<std::unique_ptr<tools::Tool>> tools{};
  core::BudgetOptions budgets{};
  std::vector<core::Price> prices{};
  std::vector<std::string> private_hosts{};  // of webhooks
  bool works = true;                         // on jobs
};

class PlatosServer {
 public:
  static inline const std::string secret =
      "0123456789abcdef0123456789abcdef";  // of the platform too

  explicit PlatosServer(const std::string& path, PlatosServerOptions options = {})
      : clock(options.now),
        spawned_runs([this]() -> core::SpawnedRuns::Dependencies {
          return {.runs = *engine.store,
                  .jobs = background.jobs,
                  .schedules = background.schedules,
                  .catalog = background.catalog,
                  .subscriptions = engine.feed.subscriptions()};
        }),
        engine(path, engine_options(options)),
        background(engine),
        lookups(*engine.store),
        credentials(lookups, engine.feed, engine.clock),
        entities(*engine.store, credentials, engine.feed, engine.clock, box, secrets()),
        access_keys(*engine.store, engine.feed, engine.clock, dialects::platos::access_key_prefix),
        rate_limits(clock, options.rates),
        commits(engine.feed, engine.lanes[0]),
        audit_log(commits),
        login_failures(audit_log, clock),
        keyed_requests(*engine.store, engine.feed, engine.clock),
        erasure({.store = *engine.store,
                 .run_store = *engine.store,
                 .feed = engine.feed,
                 .agents = engine.agents,
                 .threads = engine.threads,
                 .runs = engine.runs,
                 .clock = engine.clock,
                 .memories = *engine.store}),
        dialect({.credentials = credentials,
                 .entities = entities,
                 .access_keys = access_keys,
                 .rate_limits = rate_limits,
                 .login_failures = login_failures,
                 .keyed_requests = keyed_requests,
                 .agents = engine.agents,
                 .threads = engine.threads,
                 .erasure = erasure,
                 .runs = engine.runs,
                 .actions = engine.actions,
                 .artifacts = engine.artifacts,
                 .attachments = engine.attachments,
                 .budgets = engine.budgets,
                 .subscriptions = engine.feed.subscriptions(),
                 .monitoring = engine.monitoring,
                 .background = {.tasks = background.catalog,
                                .payloads = background.payloads,
                                .jobs = background.jobs,
                                .schedules = background.schedules,
                                .due_times = background.due_times},
                 .clock = clock},
                {.default_model = std::move(options.default_model),
                 .private_hosts = std::move(options.private_hosts),
                 .trusted_proxies = *dialects::TrustedProxies::parse({"127.0.0.1"})}) {
    base::log::set_level(base::log::Level::off);
    auto owned = std::make_unique<ScriptedProvider>("anthropic");
    anthropic = owned.get();
    engine.providers.add(std::move(owned));
    must(engine.run(entities.open()));
    must(engine.run(access_keys.open()));
    must(engine.run(engine.budgets.open()));
    must(engine.run(engine.runs.recover()));
    internal_token = new_internal_token();
    dialect.add_to(router);
    http = std::make_unique<net::HttpServer>(engine.lanes, router, std::move(options.http));
    must(http->start());
    if (options.works) background.start();
  }
  // Parks first: a run that a client waits for goes on after the restart instead of being cancelled
  // with its connection.
  ~PlatosServer() {
    background.stop();
    engine.runs.park_all();
    http->stop(std::chrono::seconds(10));
    engine.lanes.stop();
  }

  std::uint16_t port() const { return http->port(); }
  std::int64_t seconds() { return clock.now().micros / 1'000'000; }

  // --- who asks ---------------------------------------------------------------------------------

  // Of a session token of org_1/prj_1/env_1; `more` is laid over.
  base::Json claims(const std::string& user = "usr_1", const base::Json& more = {}) {
    base::Json out = {{"organizationId", "org_1"}, {"projectId", "prj_1"},
                      {"environmentId", "env_1"},  {"userId", user},
                      {"entityId", "ent-1"},       {"iat", seconds()},
                      {"exp", seconds() + 3600}};
    if (more.is_object()) out.update(more);
    return out;
  }
  std::string token(const std::string& user = "usr_1", const base::Json& more = {}) {
    return base::make_token(base::to_text(claims(user, more)), secret);
  }
  net::Headers as(const std::string& user = "usr_1", const base::Json& more = {}) {
    return {{"X-Platos-Session-Token", token(user, more)}};
  }
  // An operator of the scope, by direct headers.
  net::Headers direct(const std::string& user = "usr_1") {
    return {{"Authorization", "Bearer " + internal_token},
            {"X-Platos-Organization-Id", "org_1"},
            {"X-Platos-Project-Id", "prj_1"},
            {"X-Platos-Environment-Id", "env_1"},
            {"X-Platos-User-Id", user}};
  }
  std::string new_internal_token() {
    core::Principal who(core::default_view(), "admin", core::UserRole::operator_role);
    who.every_scope = true;
    const auto made = engine.run(
        credentials.create(std::move(who), core::CredentialKind::operator_token, "test"));
    if (!made) throw std::runtime_error(made.error().message);
    return made->token;
  }

  // --- asking -----------------------------------------------------------------------------------

  Answer ask(net::Headers who, const std::string& method, const std::string& target,
             const std::string& body = {}) {
    // Clients name the type always; call() does where there may be a body.
    if (method == "GET") who.push_back({"Content-Type", "application/json"});
    return call(port(),
                {.method = method, .target = target, .body = body, .headers = std::move(who)});
  }
  Answer get(const std::string& target) { return ask(as(), "GET", target); }
  Answer post(const std::string& target, const base::Json& body) {
    return ask(as(), "POST", target, body.dump());
  }
  // The object that a request makes or gives.
  base::Json made(net::Headers who, const std::string& method, const std::string& target,
                  const base::Json& body) {
    const Answer answer = ask(std::move(who), method, target, body.dump());
    if (answer.status >= 300) throw std::runtime_error(target + ": " + answer.body);
    return answer.json();
  }
  std::string new_agent(const base::Json& body = {{"name", "Support"}}) {
    return made(direct(), "POST", "/api/v1/agent/agents", body)["id"];
  }
  std::string new_thread(const std::string& agent_id = "default", const std::string& title = {},
                         const std::string& user = "usr_1") {
    const base::Json named = title.empty() ? base::Json() : base::Json(title);
    return made(as(user), "POST", "/api/v1/agent/threads",
                {{"agentId", agent_id}, {"title", named}})["id"];
  }
  static std::string thread_path(const std::string& thread_id) {
    return "/api/v1/agent/threads/" + thread_id;
  }
  base::Json messages(const std::string& thread_id, const std::string& user = "usr_1") {
    return ask(as(user), "GET", thread_path(thread_id) + "/messages").json();
  }

  base::ManualClock clock;  // of the dialect and its rates
  core::SpawnedRuns spawned_runs;
  Engine engine;
  Background background;
  HeldLookups lookups;
  base::SecretBox box{{}};
  core::Credentials credentials;
  core::Entities entities;
  core::AccessKeys access_keys;
  core::RateLimits rate_limits;
  core::BackgroundCommits commits;
  core::AuditLog audit_log;
  core::LoginFailures login_failures;
  core::KeyedRequests keyed_requests;
  core::Erasure erasure;
  dialects::platos::Dialect dialect;
  net::Router router;
  std::unique_ptr<net::HttpServer> http;
  ScriptedProvider* anthropic = nullptr;
  std::string internal_token;

 private:
  // Takes what the engine needs alone.
  EngineOptions engine_options(PlatosServerOptions& from) {
    EngineOptions options;
    options.extra_tools = std::move(from.tools);
    for (auto& tool : tools::background_tools(spawned_runs)) {
      options.extra_tools.push_back(std::move(tool));
    }
    options.extra_tools.push_back(std::make_unique<tools::RequestApprovalTool>());
    options.budgets = std::move(from.budgets);
    options.prices = std::move(from.prices);
    options.budget_clock = &clock;
    return options;
  }
  static core::ConfiguredSecrets secrets() {
    return {.entities = {{.name = {.organization = "org_1", .project = "prj_1", .entity = "ent-1"},
                          .secret = secret}},
            .platform_secret = secret};
  }
  template <class T>
  static void must(const base::Result<T>& result) {
    if (!result) throw std::runtime_error(result.error().message);
  }
};

}  // namespace colonnade::tests
