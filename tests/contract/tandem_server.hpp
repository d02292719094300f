// A real server with the whole Tandem dialect: SQLite store, engine with a scripted model, HTTP on
// a free port.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../engine/engine.hpp"
#include "base/log.hpp"
#include "core/access/credentials.hpp"
#include "core/access/keyed_requests.hpp"
#include "core/memory/run_ingestion.hpp"
#include "core/packs/pack_skills.hpp"
#include "core/threads/erasure.hpp"
#include "dialects/tandem/routes.hpp"
#include "net/http_server.hpp"
#include "net/limits.hpp"
#include "tandem_services.hpp"
#include "tools/skill_folder.hpp"
#include "wire_client.hpp"

namespace colonnade::tests {

struct TandemServerOptions {
  EngineOptions engine{};
  dialects::tandem::CallerOptions callers{};
  net::HttpServerOptions http{};
  std::chrono::milliseconds keepalive_interval = limits::tandem_keepalive_interval;
  bool runs_jobs = false;     // works on jobs and schedules
  bool job_questions = true;  // runs of routines ask humans
  // Called before unfinished runs are taken up again; for writing the model's script.
  std::function<void(ScriptedProvider&)> prepare{};
};

// All events up to and with the first of that type.
inline std::vector<base::Json> events_until(WireStream& stream, const std::string& type) {
  std::vector<base::Json> out;
  while (const auto event = stream.next()) {
    out.push_back(event->json());
    if (out.back().at("type") == type) return out;
  }
  ADD_FAILURE() << "the stream ended before " << type;
  return out;
}

class TandemServer {
 public:
  explicit TandemServer(const std::string& path, TandemServerOptions options = {})
      : engine(path, std::move(options.engine)),
        credentials(*engine.store, engine.feed, engine.clock),
        own_skills(engine.workers, path + ".skills"),
        keyed_requests(*engine.store, engine.feed, engine.clock),
        erasure({.store = *engine.store,
                 .run_store = *engine.store,
                 .feed = engine.feed,
                 .agents = engine.agents,
                 .threads = engine.threads,
                 .runs = engine.runs,
                 .clock = engine.clock,
                 .memories = *engine.store}),
        services(engine, credentials, erasure, path + ".packs", options.job_questions),
        skills(own_skills, engine.store->stores().packs, services.packs.files, tools::parse_skill),
        dialect({.credentials = credentials,
                 .keyed_requests = keyed_requests,
                 .agents = engine.agents,
                 .threads = engine.threads,
                 .runs = engine.runs,
                 .user_calls = engine.user_calls,
                 .skills = skills,
                 .actions = engine.actions,
                 .permissions = engine.permissions,
                 .attachments = engine.attachments,
                 .erasure = erasure,
                 .directories = engine.workspaces,
                 .snapshots = engine.snapshots,
                 .subscriptions = engine.feed.subscriptions(),
                 .workers = engine.workers,
                 .clock = engine.clock,
                 .services = services.dependencies()},
                {.callers = std::move(options.callers),
                 .version = "0.4.6",
                 .started_at = engine.clock.steady(),
                 .keepalive_interval = options.keepalive_interval}) {
    base::log::set_level(base::log::Level::off);
    listeners = services.jobs.listeners();
    dialect.follow(services.notices);
    dialect.add_to(router);
    if (options.prepare) options.prepare(*engine.model);
    must(engine.run(engine.runs.recover()));
    engine.run(services.packs.packs.recover());
    if (options.runs_jobs) services.jobs.start();
    http = std::make_unique<net::HttpServer>(engine.lanes, router, std::move(options.http));
    must(http->start());
    token = new_token("admin");
  }
  // Parks first: a run that a client waits for goes on after the restart instead of being cancelled
  // with its connection.
  ~TandemServer() {
    engine.runs.park_all();
    services.jobs.stop();
    http->stop(std::chrono::seconds(10));
    engine.lanes.stop();
  }

  // A token of that user's: "admin" is the server's operator, everybody else a member.
  std::string new_token(const std::string& user, const core::Scope& scope = core::Scope::main()) {
    const bool operates = user == "admin";
    core::Principal bearer(scope, user,
                           operates ? core::UserRole::operator_role : core::UserRole::member);
    bearer.every_scope = operates;
    const auto made = engine.run(credentials.create(
        bearer, operates ? core::CredentialKind::operator_token : core::CredentialKind::api_token,
        "test"));
    if (!made) throw std::runtime_error(made.error().message);
    return made->token;
  }

  std::uint16_t port() const { return http->port(); }
  Answer get(const std::string& target) { return ask("GET", target); }
  Answer post(const std::string& target, const base::Json& body = base::Json::object()) {
    return ask("POST", target, body.dump());
  }
  // With this server's token unless `headers` has one.
  Answer ask(const std::string& method, const std::string& target, const std::string& body = {},
             net::Headers headers = {}) {
    const bool named = !net::find_header(headers, "Authorization").empty();
    return call(port(), {.method = method,
                         .target = target,
                         .body = body,
                         .token = named ? std::string() : token,
                         .headers = std::move(headers)});
  }
  // Makes memories of the runs that finish from now on.
  void ingest_runs() {
    ingestion =
        std::make_unique<core::RunIngestion>(core::RunIngestionPorts{.memories = services.memories,
                                                                     .runs = *engine.store,
                                                                     .threads = *engine.store,
                                                                     .actions = *engine.store,
                                                                     .notices = services.notices,
                                                                     .clock = engine.clock},
                                             engine.lanes[0]);
    engine.feed.listen(*ingestion);
  }
  WireStream stream(const std::string& target, net::Headers headers = {}) {
    return WireStream(port(), {.target = target, .token = token, .headers = std::move(headers)});
  }

  // The feed asks these until the engine is gone.
  std::unique_ptr<core::RunIngestion> ingestion;
  std::vector<std::shared_ptr<core::FeedListener>> listeners;
  Engine engine;
  core::Credentials credentials;
  tools::SkillFolder own_skills;
  core::KeyedRequests keyed_requests;
  core::Erasure erasure;
  TandemServices services;
  core::PackSkills skills;
  dialects::tandem::Dialect dialect;
  net::Router router;
  std::unique_ptr<net::HttpServer> http;
  std::string token;

 private:
  template <class T>
  static void must(const base::Result<T>& result) {
    if (!result) throw std::runtime_error(result.error().message);
  }
};

}  // namespace colonnade::tests
