// A real server with the Fathom dialect: SQLite store, engine with a scripted model, HTTP on a free
// port.
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../engine/engine.hpp"
#include "core/access/credentials.hpp"
#include "core/access/keyed_requests.hpp"
#include "core/access/pairings.hpp"
#include "dialects/fathom/routes.hpp"
#include "net/http_server.hpp"
#include "net/limits.hpp"
#include "wire_client.hpp"

namespace colonnade::tests {

struct FathomServerOptions {
  std::string base_path{};
  std::chrono::milliseconds keepalive_interval = limits::stream_keepalive_interval;
  std::function<base::Result<void>()> readiness{};
  // Called before unfinished runs are taken up again; for writing the model's script.
  std::function<void(ScriptedProvider&)> prepare{};
};

class FathomServer {
 public:
  explicit FathomServer(const std::string& path, FathomServerOptions options = {})
      : engine(path),
        credentials(*engine.store, engine.feed, engine.clock),
        pairings(credentials, pairing_clock),
        keyed_requests(*engine.store, engine.feed, engine.clock),
        dialect({.threads = engine.threads,
                 .runs = engine.runs,
                 .credentials = credentials,
                 .pairings = pairings,
                 .keyed_requests = keyed_requests,
                 .subscriptions = engine.feed.subscriptions(),
                 .revisions = engine.feed.revisions(),
                 .clock = engine.clock,
                 .lanes = engine.lanes},
                {.version = "0.1.0",
                 .started_at = engine.clock.steady(),
                 .readiness = std::move(options.readiness)}) {
    dialect.add_to(router);
    if (options.prepare) options.prepare(*engine.model);
    if (const auto taken_up = engine.run(engine.runs.recover()); !taken_up) {
      throw std::runtime_error(taken_up.error().message);
    }
    http = std::make_unique<net::HttpServer>(
        engine.lanes, router,
        net::HttpServerOptions{.base_path = options.base_path,
                               .keepalive_interval = options.keepalive_interval});
    if (const auto started = http->start(); !started) {
      throw std::runtime_error(started.error().message);
    }
    token = create_token("admin");
  }
  // Parks first: a run that a client waits for goes on after the restart instead of being cancelled
  // with its connection.
  ~FathomServer() {
    engine.runs.park_all();
    http->stop(std::chrono::seconds(10));
    engine.lanes.stop();
  }

  // A token of that user's: "admin" is the operator, everybody else a member.
  std::string create_token(const std::string& user,
                           const core::Scope& scope = core::Scope::main()) {
    const bool operates = user == "admin";
    const core::Principal bearer(scope, user,
                                 operates ? core::UserRole::operator_role : core::UserRole::member);
    const auto created = engine.run(credentials.create(
        bearer, operates ? core::CredentialKind::operator_token : core::CredentialKind::api_token,
        "test"));
    if (!created) throw std::runtime_error(created.error().message);
    return created->token;
  }

  std::uint16_t port() const { return http->port(); }
  Answer get(const std::string& target) { return ask("GET", target); }
  Answer post(const std::string& target, const std::string& body = {}, net::Headers headers = {}) {
    return ask("POST", target, body, std::move(headers));
  }
  Answer ask(const std::string& method, const std::string& target, const std::string& body = {},
             net::Headers headers = {}) {
    return call(port(), {.method = method,
                         .target = target,
                         .body = body,
                         .token = token,
                         .headers = std::move(headers)});
  }
  WireStream stream(const std::string& target, net::Headers headers = {}) {
    return WireStream(port(), {.target = target, .token = token, .headers = std::move(headers)});
  }
  std::string new_thread(const std::string& title = {}) {
    const Answer created = post("/api/v1/threads", base::Json{{"title", title}}.dump());
    if (created.status != 200) throw std::runtime_error(created.body);
    return created.json()["id"];
  }

  // What the model says to the next request.
  void script_answer(const std::string& text = "Sunny, 24 C.") {
    engine.model->script(answer_acts(text));
  }
  static std::vector<Act> answer_acts(const std::string& answer = "Sunny, 24 C.") {
    return {text(answer.substr(0, 7)), text(answer.substr(std::min<std::size_t>(7, answer.size()))),
            reply({core::TextPart{answer}}, core::StopReason::end_turn,
                  {.input_tokens = 812, .output_tokens = 9})};
  }

  base::ManualClock pairing_clock;
  Engine engine;
  core::Credentials credentials;
  core::Pairings pairings;
  core::KeyedRequests keyed_requests;
  dialects::fathom::Dialect dialect;
  net::Router router;
  std::unique_ptr<net::HttpServer> http;
  std::string token;
};

}  // namespace colonnade::tests
