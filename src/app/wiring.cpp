#include "app/wiring.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "app/action_meter.hpp"
#include "app/audit_routes.hpp"
#include "app/files.hpp"
#include "app/mcp_routes.hpp"
#include "app/metrics.hpp"
#include "app/model_meter.hpp"
#include "app/operator_routes.hpp"
#include "app/prices_file.hpp"
#include "app/running_server.hpp"
#include "app/secret_key.hpp"
#include "app/server_questions.hpp"
#include "app/startup_memory.hpp"
#include "app/version.hpp"
#include "app/windows_file.hpp"
#include "app/wiring_mcp.hpp"
#include "app/wiring_memory.hpp"
#include "app/wiring_policy.hpp"
#include "app/wiring_providers.hpp"
#include "app/wiring_store.hpp"
#include "app/wiring_tools.hpp"
#include "base/clock.hpp"
#include "base/lane.hpp"
#include "base/log.hpp"
#include "base/secret_box.hpp"
#include "base/workers.hpp"
#include "core/access/credentials.hpp"
#include "core/access/keyed_requests.hpp"
#include "core/access/pairings.hpp"
#include "core/agents/agents.hpp"
#include "core/events/event_feed.hpp"
#include "core/events/store_health.hpp"
#include "core/governance/actions.hpp"
#include "core/governance/audit_feed.hpp"
#include "core/memory/memories.hpp"
#include "core/models/prices.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/erasure.hpp"
#include "core/threads/threads.hpp"
#include "core/tools/tool_servers.hpp"
#include "dialects/authentication.hpp"
#include "dialects/client_address.hpp"
#include "dialects/faramesh/routes.hpp"
#include "dialects/fathom/routes.hpp"
#include "dialects/mcp/routes.hpp"
#include "dialects/phoson/routes.hpp"
#include "gate/policy_inspector.hpp"
#include "gate/rule_gate.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/router.hpp"
#include "tools/catalog.hpp"
#include "tools/limits.hpp"
#include "tools/mcp/tool_host.hpp"

namespace colonnade::app {
namespace {

using base::Result;

constexpr std::size_t prices_bytes_max = 1024 * 1024;
constexpr auto purge_interval = std::chrono::hours(1);     // of idempotency keys that have expired
constexpr auto expiry_interval = std::chrono::seconds(1);  // how late an approval may expire
constexpr std::uint16_t classic_ports[] = {8790, 3100, 39731, 8000};

Result<core::Prices> load_prices(const Settings& settings) {
  if (settings.prices_file.empty()) return parse_prices(built_in_prices(), "built-in prices");
  const auto text = read_small_file(settings.prices_file, prices_bytes_max);
  if (!text) {
    return base::fail(base::ErrorKind::invalid, "prices_file: " + text.error().message,
                      "prices_file");
  }
  return parse_prices(*text, settings.prices_file);
}

std::string secret_key_path(const Settings& settings) {
  return settings.secret_key_file.empty() ? settings.data_dir + "/secrets.key"
                                          : settings.secret_key_file;
}

std::size_t lane_count(const Settings& settings) {
  if (settings.io_threads > 0) return static_cast<std::size_t>(settings.io_threads);
  return std::max(1U, std::thread::hardware_concurrency());
}

core::NewAgent default_agent(const Settings& settings) {
  return {.name = settings.agent_name,
          .instructions = settings.agent_instructions,
          .tool_servers = configured_tool_server_ids(settings)};
}

core::RunOptions run_options(const Settings& settings, const core::ModelWindows& windows) {
  core::RunOptions out;
  out.limits.rounds_max = settings.turn_rounds;
  out.limits.retries_max = settings.model_retries;
  out.run_time_max = settings.run_time;
  out.tool_time_max = settings.tool_time;
  out.approval_time_max = settings.approval_time;
  if (!settings.provider.empty()) out.defaults.provider = settings.provider;
  if (!settings.model.empty()) out.defaults.model = settings.model;
  out.defaults.temperature = settings.temperature;
  out.defaults.max_output_tokens = settings.max_output_tokens;
  if (!settings.reasoning_effort.empty()) {
    out.defaults.reasoning_effort = settings.reasoning_effort;
  }
  out.context.windows = windows;
  out.context.compact_at_percent = settings.context_compact_at_percent;
  out.context.input_tokens_max = settings.context_input_tokens_max;
  out.context.summary_provider = settings.context_summary_provider;
  out.context.summary_model = settings.context_summary_model;
  return out;
}

std::vector<ListenAddress> listen_addresses(const Settings& settings) {
  std::vector<ListenAddress> out = settings.listen;
  if (!settings.classic_ports) return out;
  for (const std::uint16_t port : classic_ports) {
    const ListenAddress address{settings.listen.front().host, port};
    if (std::ranges::find(out, address) == out.end()) out.push_back(address);
  }
  return out;
}

core::ActionOptions action_options(const Settings& settings) {
  return {.approval_time_max = settings.approval_time,
          .approve_when_expired = settings.approval_on_timeout == "approve",
          .tool_time_max = settings.tool_time};
}

std::vector<std::string> redacted_names(const Settings& settings) {
  std::vector<std::string> out = core::Redaction::default_names();
  out.insert(out.end(), settings.redacted_names.begin(), settings.redacted_names.end());
  return out;
}

net::HttpServerOptions http_options(const Settings& settings, const ListenAddress& address) {
  net::HttpServerOptions out;
  out.host = address.host;
  out.port = address.port;
  out.tls.certificate_file = settings.tls_certificate_file;
  out.tls.private_key_file = settings.tls_private_key_file;
  out.cors.origins = settings.cors_origins;
  out.base_path = settings.base_path;
  out.connections_max = static_cast<std::size_t>(settings.connections);
  return out;
}

// The listener names its own options; an operator knows them by the settings they come from.
base::Error listening_error(base::Error error) {
  const bool is_tls = error.field.ends_with("_file");
  error.field = is_tls ? "tls." + error.field : "listen";
  error.message = error.field + ": " + error.message;
  return error;
}

base::Task<void> purge_hourly(core::KeyedRequests* keyed_requests, std::stop_token stop) {
  for (;;) {
    co_await keyed_requests->purge();
    const bool passed = co_await base::sleep_for(purge_interval, stop);
    if (!passed) co_return;
  }
}

base::Task<void> settle_expired(core::Actions* actions, std::stop_token stop) {
  for (;;) {
    co_await actions->settle_expired();
    const bool passed = co_await base::sleep_for(expiry_interval, stop);
    if (!passed) co_return;
  }
}

}  // namespace

// In order of construction; see the header.
struct Server::Parts {
  Parts(Settings settings_in, std::unique_ptr<storage::Store> store_in, core::Prices prices_in,
        const core::ModelWindows& windows, dialects::TrustedProxies proxies,
        const base::SecretBox::Key& secret_key)
      : settings(std::move(settings_in)),
        secret_box(secret_key),
        lanes(lane_count(settings)),
        workers(static_cast<std::size_t>(settings.worker_threads)),
        tool_workers(limits::tool_threads),
        store(std::move(store_in)),
        stores(store->stores()),
        feed(lanes, stores.events, stores.journal),
        audit_feed(feed, lanes, stores.audit, stores.actions),
        action_meter(feed),
        agents(stores.agents, feed, clock, default_agent(settings)),
        threads(stores.threads, stores.runs, feed, clock, workers),
        tool_servers(stores.tool_servers, agents, feed, clock, secret_box,
                     configured_tool_servers(settings)),
        credentials(stores.credentials, feed, clock),
        pairings(credentials, clock),
        keyed_requests(stores.keyed_requests, feed, clock),
        prices(std::move(prices_in)),
        meter(prices),
        http_client(lanes),
        tool_host(lanes.next(), http_client, secret_box,
                  tool_host_options(settings, {.agents = agents, .tool_servers = tool_servers},
                                    std::bind_front(&Parts::ask_human, this),
                                    [this] { return redirect_url(); })),
        embedder(make_embedder(settings, http_client)),
        memories(stores.memories, feed, clock, workers, embedder.get()),
        tools(built_in_tools(settings, clock, tool_workers, http_client, memories),
              tools::Workspaces(workspaces_options(settings)), &tool_host),
        permissions(stores.permissions, feed, clock),
        redaction(redacted_names(settings)),
        policy(settings, gate::built_in_policy(tools.harmless(), tools.harmful()),
               {.feed = feed, .clock = clock, .workers = workers}),
        gate(policy.source(), tools.asking(),
             [this](std::string_view tool) { return tool_host.may_be(tool); }),
        runs({.stores = stores,
              .feed = feed,
              .providers = providers,
              .gate = gate,
              .tools = tools,
              .agents = agents,
              .permissions = permissions,
              .redaction = redaction,
              .prices = prices,
              .clock = clock},
             run_options(settings, windows)),
        actions({.store = stores.actions,
                 .audit = stores.audit,
                 .feed = feed,
                 .gate = gate,
                 .tools = tools,
                 .permissions = permissions,
                 .redaction = redaction,
                 .runs = runs,
                 .clock = clock},
                action_options(settings)),
        erasure({.store = stores.threads,
                 .run_store = stores.runs,
                 .feed = feed,
                 .agents = agents,
                 .threads = threads,
                 .runs = runs,
                 .clock = clock}),
        questions(actions, audit_feed, tool_host.lane()),
        mcp_routes(credentials, tool_host.servers()),
        operator_routes(credentials, stores.credentials),
        audit_routes(credentials, stores.audit),
        fathom({.threads = threads,
                .runs = runs,
                .credentials = credentials,
                .pairings = pairings,
                .keyed_requests = keyed_requests,
                .feed = feed,
                .clock = clock,
                .lanes = lanes},
               {.version = version(),
                .started_at = clock.now(),
                .readiness = readiness(),
                .trusted_proxies = std::move(proxies)}),
        phoson({.agents = agents,
                .threads = threads,
                .runs = runs,
                .erasure = erasure,
                .tool_servers = tool_servers,
                .feed = feed,
                .credentials = credentials,
                .keyed_requests = keyed_requests},
               {.configured = run_options(settings, windows).defaults}),
        policy_inspector(policy.source()),
        faramesh({.actions = actions,
                  .permissions = permissions,
                  .policies = policy_inspector,
                  .feed = audit_feed,
                  .credentials = credentials,
                  .keyed_requests = keyed_requests,
                  .workers = workers,
                  .lanes = lanes},
                 {.access = {.tokens = settings.faramesh_tokens, .open = settings.faramesh_open},
                  .readiness = readiness()}),
        mcp({.agents = agents,
             .threads = threads,
             .runs = runs,
             .actions = actions,
             .policies = policy_inspector,
             .credentials = credentials,
             .keyed_requests = keyed_requests,
             .feed = feed,
             .clock = clock},
            {.version = version(), .origins = settings.cors_origins}) {
    add_providers(settings, http_client, meter, providers);
    fathom.add_to(router);
    phoson.add_to(router);
    faramesh.add_to(router);
    mcp.add_to(router);
    router.add(operator_routes.routes());
    router.add(audit_routes.routes());
    router.add(mcp_routes.routes());
    tool_servers.tell(tool_host);
    started_at = clock.now();
    if (settings.metrics != "off") {
      router.add(net::Route{.method = net::Method::get,
                            .pattern = "/metrics",
                            .handler = [this](std::shared_ptr<const net::Request> request) {
                              return metrics(std::move(request));
                            }});
    }
  }

  base::Task<net::Reply> metrics(std::shared_ptr<const net::Request> request);
  base::Task<tools::mcp::ElicitationAnswer> ask_human(tools::ToolContext context,
                                                      tools::mcp::Elicitation question,
                                                      std::stop_token stop) {
    return questions.ask(std::move(context), std::move(question), std::move(stop));
  }
  // Of every dialect's readiness route.
  std::function<Result<void>()> readiness() {
    return [this] { return core::readiness_of(stores.journal.health()); };
  }
  std::string redirect_url();
  bool may_read_metrics(const net::Request& request);
  net::HttpServerCounts http_counts() const;

  Settings settings;
  base::SecretBox secret_box;
  base::SystemClock clock;
  base::Lanes lanes;
  base::Workers workers;
  base::Workers tool_workers;  // apart: a command may hold its thread for minutes
  std::unique_ptr<storage::Store> store;
  core::Stores stores;
  core::EventFeed feed;
  core::AuditFeed audit_feed;  // this and the next before anything that commits
  ActionMeter action_meter;
  core::Agents agents;
  core::Threads threads;
  core::ToolServers tool_servers;
  core::Credentials credentials;
  core::Pairings pairings;
  core::KeyedRequests keyed_requests;
  core::Prices prices;
  ModelMeter meter;
  net::HttpClient http_client;
  core::ModelProviders providers;
  tools::mcp::ToolHost tool_host;
  std::unique_ptr<core::Embedder> embedder;  // none: full text alone
  core::Memories memories;
  tools::Catalog tools;
  core::Permissions permissions;
  core::Redaction redaction;
  PolicyWatch policy;
  gate::RuleGate gate;
  core::Runs runs;
  core::Actions actions;
  core::Erasure erasure;
  ServerQuestions questions;
  McpRoutes mcp_routes;
  OperatorRoutes operator_routes;
  AuditRoutes audit_routes;
  dialects::fathom::Dialect fathom;
  dialects::phoson::Dialect phoson;
  gate::PolicyInspector policy_inspector;
  dialects::faramesh::Dialect faramesh;
  dialects::mcp::Dialect mcp;
  net::Router router;
  std::vector<std::unique_ptr<net::HttpServer>> servers;
  std::stop_source stopping;
  base::Time started_at{};
  std::mutex first_url_mutex;
  std::string first_url;
  bool note_left = false;
  bool stopped = false;
};

// Of the first address, whose port is known once it listens.
std::string Server::Parts::redirect_url() {
  if (!settings.mcp_redirect_url.empty()) return settings.mcp_redirect_url;
  const std::lock_guard lock(first_url_mutex);
  return first_url.empty() ? "" : first_url + settings.base_path + mcp_callback_path;
}

bool Server::Parts::may_read_metrics(const net::Request& request) {
  if (settings.metrics == "open") return true;
  // A proxy on this machine speaks for somebody else.
  const bool is_local = dialects::is_loopback(request.peer_address) &&
                        !request.has_header("X-Forwarded-For") && !request.has_header("Forwarded");
  if (settings.metrics == "local" && is_local) return true;
  return dialects::authenticate(credentials, request).has_value();
}

net::HttpServerCounts Server::Parts::http_counts() const {
  net::HttpServerCounts out;
  for (const auto& server : servers) out = sum(out, server->counts());
  return out;
}

base::Task<net::Reply> Server::Parts::metrics(std::shared_ptr<const net::Request> request) {
  net::Response out;
  if (!may_read_metrics(*request)) {
    out.status = 401;
    out.body = R"({"error":"metrics need a token from here; see the setting metrics"})";
    co_return out;
  }
  ProcessUse process = process_use();
  process.start_seconds = static_cast<double>(started_at.micros) / 1e6;
  out.content_type = "text/plain; version=0.0.4";
  out.body = metrics_text({.http = http_counts(),
                           .runs = runs.counts(),
                           .subscribers = feed.subscriber_count(),
                           .models = meter.counts(),
                           .actions = action_meter.counts()},
                          process);
  co_return out;
}

Result<std::unique_ptr<Server>> Server::build(Settings settings) {
  auto proxies = dialects::TrustedProxies::parse(settings.trusted_proxies);
  if (!proxies) {
    return base::fail(base::ErrorKind::invalid, "trusted_proxies: " + proxies.error().message,
                      "trusted_proxies");
  }
  auto prices = load_prices(settings);
  if (!prices) return std::unexpected(prices.error());
  auto windows = load_windows(settings.windows_file);
  if (!windows) return std::unexpected(windows.error());
  const auto secret_key = load_secret_key(secret_key_path(settings));
  if (!secret_key) return std::unexpected(secret_key.error());
  auto store = open_store(settings, OlderSchema::migrate);
  if (!store) return std::unexpected(store.error());
  auto parts = std::make_unique<Parts>(std::move(settings), std::move(*store), std::move(*prices),
                                       *windows, std::move(*proxies), *secret_key);
  auto fault = parts->policy.fault();
  std::unique_ptr<Server> server(new Server(std::move(parts)));
  if (fault) return base::fail(std::move(*fault));
  return server;
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { stop(); }

Result<Server::Started> Server::start() {
  Parts& p = *parts_;
  Started out;
  // First: a run that goes on may be about to call one. They are connected once it is known where a
  // human's consent comes back to.
  if (auto opened = p.tool_servers.open_all(); !opened) return std::unexpected(opened.error());
  const auto recovered = p.runs.recover(p.lanes);
  if (!recovered) return std::unexpected(recovered.error());
  out.recovered_runs = *recovered;
  const auto settled = base::run_on(p.lanes[0], p.actions.recover());
  if (!settled) return std::unexpected(settled.error());
  base::run_on(p.lanes[0], p.erasure.recover());
  release_startup_memory();
  for (const ListenAddress& address : listen_addresses(p.settings)) {
    auto server =
        std::make_unique<net::HttpServer>(p.lanes, p.router, http_options(p.settings, address));
    if (auto listening = server->start(); !listening) {
      return base::fail(listening_error(listening.error()));
    }
    ListenAddress real = address;
    real.port = server->port();
    out.urls.push_back(local_url(real, !p.settings.tls_certificate_file.empty()));
    p.servers.push_back(std::move(server));
  }
  {
    const std::lock_guard lock(p.first_url_mutex);
    p.first_url = out.urls.front();
  }
  p.tool_host.servers().begin();
  // Only once it listens: a start that fails must not use up the one time that the token is shown.
  const auto none_yet = p.credentials.none_yet();
  if (!none_yet) return std::unexpected(none_yet.error());
  if (*none_yet) {
    // Written down before it counts: a crash here must not leave a server that nobody can enter.
    auto minted = p.credentials.prepare(core::Scope::main(), core::CredentialKind::operator_token,
                                        "admin", "operator");
    auto saved = write_owner_only_file(p.settings.token_file, minted.token + "\n");
    if (!saved) {
      return base::fail(base::ErrorKind::unavailable,
                        "the first token could not be saved: " + saved.error().message,
                        "token_file");
    }
    auto admitted = base::run_on(p.lanes[0], p.credentials.admit(std::move(minted.credential)));
    if (!admitted) return std::unexpected(admitted.error());
    out.first_token = std::move(minted.token);
  }
  p.lanes[0].spawn("purge_hourly", purge_hourly(&p.keyed_requests, p.stopping.get_token()));
  p.lanes[0].spawn("settle_expired", settle_expired(&p.actions, p.stopping.get_token()));
  p.lanes[0].spawn("keep_memories", p.memories.keep(&p.lanes[0], p.stopping.get_token()));
  p.lanes[0].spawn("watch_policy", p.policy.watch(p.stopping.get_token()));
  const RunningServer note{
      .pid = static_cast<int>(::getpid()), .version = version(), .urls = out.urls};
  if (auto left = leave_note(p.settings.data_dir, note); !left) {
    return std::unexpected(left.error());
  }
  p.note_left = true;
  out.provider = p.providers.default_name();
  const core::ModelProvider* provider = p.providers.find("");
  out.model = !p.settings.model.empty() ? p.settings.model
              : provider != nullptr     ? std::string(provider->default_model())
                                        : "";
  return out;
}

void Server::reload_policy() { parts_->policy.reload(); }

void Server::stop() {
  Parts& p = *parts_;
  if (p.stopped) return;
  p.stopped = true;
  p.stopping.request_stop();
  if (p.note_left) remove_note(p.settings.data_dir);
  // Runs are parked before any connection ends: a client that loses its connection while its run
  // goes on would cancel it. Whoever waits for a run, or starts one now, hears that the server
  // stops.
  p.runs.park_all();
  p.actions.stop_all();
  p.mcp.stop();
  base::run_on(p.lanes[0], p.tool_host.stop());
  std::vector<std::thread> stoppers;
  for (const auto& server : p.servers) {
    stoppers.emplace_back([&server, grace = p.settings.drain_time] { server->stop(grace); });
  }
  for (std::thread& stopper : stoppers) stopper.join();
  p.mcp.stop();
  p.store->close();
  p.lanes.stop();
}

}  // namespace colonnade::app
