// A real server with the Phoson dialect, and Fathom's beside it: SQLite store, engine with scripted
// models, HTTP on a free port.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "../engine/engine.hpp"
#include "../engine/launch_tool.hpp"
#include "base/secret_box.hpp"
#include "core/access/credentials.hpp"
#include "core/access/keyed_requests.hpp"
#include "core/access/pairings.hpp"
#include "core/events/background_commits.hpp"
#include "core/threads/erasure.hpp"
#include "core/tools/tool_servers.hpp"
#include "dialects/fathom/routes.hpp"
#include "dialects/phoson/routes.hpp"
#include "net/http_server.hpp"
#include "net/limits.hpp"
#include "wire_client.hpp"

namespace colonnade::tests {

struct PhosonServerOptions {
  std::chrono::milliseconds keepalive_interval = limits::stream_keepalive_interval;
  // Called before unfinished runs are taken up again; for writing the models' scripts.
  std::function<void(ScriptedProvider&)> prepare{};
};

// What the servers' host was told.
struct HostLog final : core::ToolServerHost {
  void added(core::OpenedToolServer server) override {
    const std::lock_guard lock(mutex);
    servers.push_back(std::move(server));
  }
  void removed(const core::Scope&, const std::string& id) override {
    const std::lock_guard lock(mutex);
    std::erase_if(servers, [&](const auto& one) { return one.server.id == id; });
  }
  std::vector<core::OpenedToolServer> seen() {
    const std::lock_guard lock(mutex);
    return servers;
  }
  std::mutex mutex{};
  std::vector<core::OpenedToolServer> servers{};
};

class PhosonServer {
 public:
  explicit PhosonServer(const std::string& path, PhosonServerOptions options = {})
      : engine(path, engine_options(launches)),
        credentials(*engine.store, engine.feed, engine.clock),
        pairings(credentials, engine.clock),
        keyed_requests(*engine.store, engine.feed, engine.clock),
        commits(engine.feed, engine.lanes[0]),
        tool_servers(*engine.store, engine.agents, engine.feed, commits, engine.clock, box, {}),
        erasure({.store = *engine.store,
                 .run_store = *engine.store,
                 .feed = engine.feed,
                 .agents = engine.agents,
                 .threads = engine.threads,
                 .runs = engine.runs,
                 .clock = engine.clock,
                 .memories = *engine.store}),
        phoson({.agents = engine.agents,
                .threads = engine.threads,
                .runs = engine.runs,
                .erasure = erasure,
                .tool_servers = tool_servers,
                .subscriptions = engine.feed.subscriptions(),
                .credentials = credentials,
                .keyed_requests = keyed_requests},
               {}),
        fathom({.threads = engine.threads,
                .runs = engine.runs,
                .credentials = credentials,
                .pairings = pairings,
                .keyed_requests = keyed_requests,
                .subscriptions = engine.feed.subscriptions(),
                .revisions = engine.feed.revisions(),
                .clock = engine.clock,
                .lanes = engine.lanes},
               {.version = "0.1.0", .started_at = engine.clock.steady()}) {
    auto owned = std::make_unique<ScriptedProvider>("anthropic");
    anthropic = owned.get();
    engine.providers.add(std::move(owned));
    tool_servers.tell(host);
    phoson.add_to(router);
    fathom.add_to(router);
    if (options.prepare) options.prepare(*engine.model);
    if (const auto taken_up = engine.run(engine.runs.recover()); !taken_up) {
      throw std::runtime_error(taken_up.error().message);
    }
    engine.run(erasure.recover());
    http = std::make_unique<net::HttpServer>(
        engine.lanes, router,
        net::HttpServerOptions{.keepalive_interval = options.keepalive_interval});
    if (const auto started = http->start(); !started) {
      throw std::runtime_error(started.error().message);
    }
    key = create_token("admin");
  }
  // Parks first: a run that a client waits for goes on after the restart instead of being cancelled
  // with its connection.
  ~PhosonServer() {
    engine.runs.park_all();
    http->stop(std::chrono::seconds(10));
    engine.lanes.stop();
  }

  // A key of that account's.
  std::string create_token(const std::string& account,
                           core::CredentialKind kind = core::CredentialKind::operator_token) {
    const bool operates = kind == core::CredentialKind::operator_token;
    core::Principal bearer(core::Scope::main(), account,
                           operates ? core::UserRole::operator_role : core::UserRole::member);
    bearer.every_scope = operates;
    const auto created = engine.run(credentials.create(bearer, kind, "test"));
    if (!created) throw std::runtime_error(created.error().message);
    return created->token;
  }

  std::uint16_t port() const { return http->port(); }
  Answer ask(const std::string& method, const std::string& target, const base::Json& body = nullptr,
             net::Headers headers = {}) {
    return call(port(), {.method = method,
                         .target = target,
                         .body = body.is_null() ? std::string() : body.dump(),
                         .token = key,
                         .headers = std::move(headers)});
  }
  Answer get(const std::string& target) { return ask("GET", target); }
  Answer post(const std::string& target, const base::Json& body, net::Headers headers = {}) {
    return ask("POST", target, body, std::move(headers));
  }
  // The object that a POST makes.
  base::Json made(const std::string& target, const base::Json& body) {
    const Answer answer = post(target, body);
    if (answer.status != 201) throw std::runtime_error(answer.body);
    return answer.json();
  }
  std::string new_agent(const std::string& name = "My Assistant") {
    return made("/v1/agents", {{"name", name}, {"description", "A helpful assistant"}})["id"];
  }
  std::string new_conversation(const std::string& agent_id) {
    return made("/v1/conversations", {{"agent_id", agent_id}})["id"];
  }
  std::string new_conversation() { return new_conversation(new_agent()); }
  static std::string messages_of(const std::string& id) {
    return "/v1/conversations/" + id + "/messages";
  }
  // Opens the stream of a turn.
  WireStream stream(const std::string& conversation, const std::string& content,
                    base::Json options = base::Json::object(), net::Headers headers = {}) {
    options["content"] = content;
    options["stream"] = true;
    return WireStream(port(), {.method = "POST",
                               .target = messages_of(conversation),
                               .body = options.dump(),
                               .token = key,
                               .headers = std::move(headers)});
  }
  void script_answer(const std::string& answer = "Fine, thanks.") {
    engine.model->script(answer_acts(answer));
  }
  static std::vector<Act> answer_acts(const std::string& answer) {
    const std::size_t cut = std::min<std::size_t>(6, answer.size());
    return {text(answer.substr(0, cut)), text(answer.substr(cut)),
            reply({core::TextPart{answer}}, core::StopReason::end_turn,
                  {.input_tokens = 812, .output_tokens = 9})};
  }

  std::shared_ptr<Launches> launches = std::make_shared<Launches>();
  Engine engine;
  base::SecretBox box{base::SecretBox::new_key()};
  core::Credentials credentials;
  core::Pairings pairings;
  core::KeyedRequests keyed_requests;
  HostLog host;
  core::BackgroundCommits commits;
  core::ToolServers tool_servers;
  core::Erasure erasure;
  dialects::phoson::Dialect phoson;
  dialects::fathom::Dialect fathom;
  net::Router router;
  std::unique_ptr<net::HttpServer> http;
  ScriptedProvider* anthropic = nullptr;
  std::string key;

 private:
  static EngineOptions engine_options(const std::shared_ptr<Launches>& launches) {
    EngineOptions options;
    options.extra_tools.push_back(std::make_unique<LaunchTool>(launches));
    return options;
  }
};

}  // namespace colonnade::tests
