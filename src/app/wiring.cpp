// long: the one place where everything is made and meets
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
#include "app/audit_key.hpp"
#include "app/config_telemetry.hpp"
#include "app/files.hpp"
#include "app/listener_rules.hpp"
#include "app/metrics_route.hpp"
#include "app/model_meter.hpp"
#include "app/otlp_exporter.hpp"
#include "app/prices_file.hpp"
#include "app/provider_vendors.hpp"
#include "app/running_server.hpp"
#include "app/secret_key.hpp"
#include "app/server_questions.hpp"
#include "app/signed_webhooks.hpp"
#include "app/startup_memory.hpp"
#include "app/version.hpp"
#include "app/windows_file.hpp"
#include "app/wiring_audit.hpp"
#include "app/wiring_budgets.hpp"
#include "app/wiring_jobs.hpp"
#include "app/wiring_mcp.hpp"
#include "app/wiring_memory.hpp"
#include "app/wiring_platos.hpp"
#include "app/wiring_policy.hpp"
#include "app/wiring_providers.hpp"
#include "app/wiring_routines.hpp"
#include "app/wiring_store.hpp"
#include "app/wiring_tools.hpp"
#include "app/work_meter.hpp"
#include "base/clock.hpp"
#include "base/lane.hpp"
#include "base/log.hpp"
#include "base/secret_box.hpp"
#include "base/signing_key.hpp"
#include "base/workers.hpp"
#include "core/access/access_keys.hpp"
#include "core/access/credentials.hpp"
#include "core/access/entities.hpp"
#include "core/access/keyed_requests.hpp"
#include "core/access/login_failures.hpp"
#include "core/access/managed_token.hpp"
#include "core/access/pairings.hpp"
#include "core/access/rate_limits.hpp"
#include "core/access/tokens.hpp"
#include "core/agents/agents.hpp"
#include "core/artifacts/artifacts.hpp"
#include "core/attachments/attachments.hpp"
#include "core/budgets/budget_alerts.hpp"
#include "core/budgets/budgets.hpp"
#include "core/documents/identities.hpp"
#include "core/documents/resources.hpp"
#include "core/events/background_commits.hpp"
#include "core/events/event_feed.hpp"
#include "core/events/notices.hpp"
#include "core/events/store_health.hpp"
#include "core/governance/actions.hpp"
#include "core/governance/audit_feed.hpp"
#include "core/governance/audit_log.hpp"
#include "core/governance/audit_reader.hpp"
#include "core/governance/judge.hpp"
#include "core/governance/user_calls.hpp"
#include "core/memory/memories.hpp"
#include "core/memory/memory_imports.hpp"
#include "core/memory/run_ingestion.hpp"
#include "core/memory/tiered_memories.hpp"
#include "core/models/model_catalog.hpp"
#include "core/models/prices.hpp"
#include "core/runs/runs.hpp"
#include "core/snapshots/snapshots.hpp"
#include "core/spans/monitoring.hpp"
#include "core/spans/span_retention.hpp"
#include "core/tasks/spawned_runs.hpp"
#include "core/threads/erasure.hpp"
#include "core/threads/threads.hpp"
#include "core/tools/scope_tool_servers.hpp"
#include "core/tools/tool_server_connections.hpp"
#include "core/tools/tool_servers.hpp"
#include "dialects/client_address.hpp"
#include "dialects/faramesh/routes.hpp"
#include "dialects/fathom/routes.hpp"
#include "dialects/mcp/routes.hpp"
#include "dialects/operator/routes.hpp"
#include "dialects/phoson/routes.hpp"
#include "dialects/platos/routes.hpp"
#include "dialects/tandem/routes.hpp"
#include "gate/policy_inspector.hpp"
#include "gate/rule_gate.hpp"
#include "net/answer_budget.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/router.hpp"
#include "storage/attachment_folder.hpp"
#include "tools/catalog.hpp"
#include "tools/limits.hpp"
#include "tools/mcp/tool_host.hpp"
#include "tools/skill_folder.hpp"
#include "tools/workspace_removal.hpp"

namespace colonnade::app {
namespace {

using base::Result;

constexpr const char* first_user = "admin";
constexpr std::size_t prices_bytes_max = 1024 * 1024;
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

std::size_t lane_count(const Settings& settings) {
  if (settings.io_threads > 0) return static_cast<std::size_t>(settings.io_threads);
  return std::max(1U, std::thread::hardware_concurrency());
}

core::NewAgent default_agent(const Settings& settings) {
  return {.name = settings.agent.name,
          .instructions = settings.agent.instructions,
          .tool_servers = configured_tool_server_ids(settings)};
}

core::RunOptions run_options(const Settings& settings, const core::ModelWindows& windows) {
  core::RunOptions out;
  out.limits.rounds_max = settings.limits.rounds;
  out.limits.retries_max = settings.limits.retries;
  out.run_time_max = settings.limits.run_time;
  out.tool_time_max = settings.limits.tool_time;
  out.message_bytes_max = static_cast<std::size_t>(settings.limits.message_bytes_max);
  out.approval_time_max = settings.approvals.time;
  if (!settings.provider.empty()) out.defaults.provider = settings.provider;
  if (!settings.model.empty()) out.defaults.model = settings.model;
  out.defaults.temperature = settings.temperature;
  out.defaults.max_output_tokens = settings.max_output_tokens;
  if (settings.reasoning_effort != ReasoningEffort::vendor_default) {
    out.defaults.reasoning_effort = value_text(*find_setting("reasoning_effort"), settings);
  }
  out.context.windows = windows;
  out.context.compact_at_percent = settings.context.compact_at_percent;
  out.context.input_tokens_max = settings.context.input_tokens_max;
  out.context.summary_provider = settings.context.summary_provider;
  out.context.summary_model = settings.context.summary_model;
  return out;
}

// "provider:model" of what answers when nobody names another.
std::string default_model_of(const Settings& settings, const core::ModelProviders& providers) {
  const core::ModelProvider* provider = providers.find("");
  const std::string model = !settings.model.empty() ? settings.model
                            : provider != nullptr   ? std::string(provider->default_model())
                                                    : "";
  return providers.default_name() + ":" + model;
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
  return {.approval_time_max = settings.approvals.time,
          .approve_when_expired = settings.approvals.on_timeout == UnansweredApproval::approve,
          .tool_time_max = settings.limits.tool_time};
}

std::vector<std::string> redacted_names(const Settings& settings) {
  std::vector<std::string> out = core::Redaction::default_names();
  out.insert(out.end(), settings.audit.redact.begin(), settings.audit.redact.end());
  return out;
}

// Whose pages may ask without a credential. The narrower of the two lists.
std::vector<std::string> page_origins(const Settings& settings) {
  return settings.allowed_origins.empty() ? settings.cors.origins : settings.allowed_origins;
}

net::BodyLimits body_limits(const Settings& settings) {
  return {.bytes_max = static_cast<std::size_t>(settings.limits.bodies_mib) * limits::MiB,
          .account_bytes_max =
              static_cast<std::size_t>(settings.limits.bodies_per_account_mib) * limits::MiB,
          .address_bytes_max =
              static_cast<std::size_t>(settings.limits.bodies_per_address_mib) * limits::MiB};
}

// What all listeners share.
struct HttpBudgets {
  std::shared_ptr<net::BodyBudget> bodies;
  std::shared_ptr<net::AnswerBudget> answers;
};

net::HttpServerOptions http_options(const Settings& settings, const ListenAddress& address,
                                    HttpBudgets budgets) {
  net::HttpServerOptions out;
  out.body_budget = std::move(budgets.bodies);
  out.host = address.host;
  out.port = address.port;
  out.tls.certificate_file = settings.tls.certificate_file;
  out.tls.private_key_file = settings.tls.private_key_file;
  out.cors.origins = settings.cors.origins;
  out.base_path = settings.base_path;
  out.connections_max = static_cast<std::size_t>(settings.limits.connections);
  out.answers = std::move(budgets.answers);
  out.local = is_local_listener(address, settings);
  out.admit = [rules = head_rules(address, settings)](const net::Request& head) {
    return dialects::check_head(rules, head);
  };
  return out;
}

// The listener names its own options; an operator knows them by the settings they come from.
base::Error listening_error(base::Error error) {
  const bool is_tls = error.field.ends_with("_file");
  error.field = is_tls ? "tls." + error.field : "listen";
  error.message = error.field + ": " + error.message;
  return error;
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
struct Server::Components {
  Components(Settings settings_in, std::unique_ptr<storage::Store> store_in, core::Prices prices_in,
             const core::ModelWindows& windows, const dialects::TrustedProxies& proxies,
             const base::SecretBox::Key& secret_key, base::SigningKey audit_key)
      : settings(std::move(settings_in)),
        secret_box(secret_key),
        lanes(lane_count(settings)),
        store(std::move(store_in)),
        workers({.what = "searches and other long requests",
                 .threads = static_cast<std::size_t>(settings.worker_threads)}),
        tool_workers({.what = "tools",
                      .threads = limits::tool_threads,
                      .running_per_account = limits::tool_threads_per_account}),
        stores(store->stores()),
        feed(lanes, stores.events, stores.journal, {&action_meter, &work_meter}),
        audit_feed(feed, lanes, stores.audit, stores.actions),
        background_commits(feed, lanes[0]),
        audit_log(background_commits),
        audit_signing(settings, std::move(audit_key),
                      {.store = stores.audit, .feed = feed, .clock = clock}),
        agents(stores.agents, feed, clock, default_agent(settings)),
        workspaces(workspaces_options(settings)),
        kept_files(settings.data_dir + "/snapshots", workspaces, workers),
        threads(stores.threads, feed, clock, workers, &workspaces),
        snapshots({.threads = threads,
                   .runs = stores.runs,
                   .files = kept_files,
                   .feed = feed,
                   .redaction = redaction,
                   .clock = clock}),
        tool_servers(stores.tool_servers, agents, feed, background_commits, clock, secret_box,
                     configured_tool_servers(settings)),
        credentials(stores.credentials, feed, clock),
        entities(stores.entities, credentials, feed, clock, secret_box,
                 configured_secrets(settings)),
        access_keys(stores.access_keys, feed, clock, dialects::platos::access_key_prefix),
        rate_limits(clock, rate_limit_options(settings)),
        login_failures(audit_log, clock),
        pairings(credentials, clock, &login_failures),
        keyed_requests(stores.keyed_requests, feed, clock),
        background(settings, {.lanes = lanes, .store = stores.jobs, .feed = feed, .clock = clock}),
        prices(std::move(prices_in)),
        budgets(stores.budgets, feed, prices, clock, budget_options(settings)),
        meter(prices),
        http_client(lanes),
        webhooks(http_client, lanes.next(), clock, webhook_options(settings)),
        budget_alerts(stores.budgets, feed, clock, webhooks),
        vendors(settings, http_client, meter, providers),
        model_catalog({.store = stores.documents,
                       .feed = feed,
                       .clock = clock,
                       .box = secret_box,
                       .vendors = vendors,
                       .providers = providers}),
        tool_host(lanes.next(), http_client, secret_box,
                  tool_host_options(settings, {.agents = agents, .tool_servers = tool_servers},
                                    std::bind_front(&Components::ask_human, this),
                                    std::bind_front(&Components::note_tool_server, this),
                                    [this] { return redirect_url(); })),
        scope_tool_servers(tool_servers, tool_host, notices, clock),
        embedder(make_embedder(settings, http_client)),
        memories(stores.memories, feed, clock, workers, embedder.get()),
        artifacts(stores.artifacts, threads, feed, clock),
        attachment_files(attachments_folder(settings.data_dir)),
        attachments(stores.attachments, attachment_files, feed, clock, workers),
        sub_agents({.threads = threads, .runs = [this]() -> core::Runs& { return runs; }}),
        spawned_runs([this]() -> core::SpawnedRuns::Dependencies {
          return {.runs = stores.runs,
                  .jobs = background.jobs(),
                  .schedules = background.schedules(),
                  .catalog = background_tasks.catalog(),
                  .subscriptions = feed.subscriptions()};
        }),
        skills(tool_workers, skills_folder(settings)),
        tools(built_in_tools(settings, clock, tool_workers, http_client, memories, artifacts,
                             sub_agents, spawned_runs, skills),
              workspaces, &tool_host, &stores.threads, &kept_files),
        permissions(stores.permissions, feed, clock, &stores.threads),
        redaction(redacted_names(settings)),
        policy(settings, gate::built_in_policy(tools.harmless(), tools.harmful()),
               {.audit = audit_log, .clock = clock}),
        gate(policy.source(), tools.asking(),
             [this](std::string_view tool) { return tool_host.may_be(tool); }),
        judge(gate, agents),
        runs({.threads = stores.threads,
              .runs = stores.runs,
              .actions = stores.actions,
              .feed = feed,
              .providers = providers,
              .judge = judge,
              .tools = tools,
              .agents = agents,
              .permissions = permissions,
              .redaction = redaction,
              .prices = prices,
              .lanes = lanes,
              .clock = clock,
              .rate_limits = &rate_limits,
              .attachments = &attachments,
              .spans = &work_meter,
              .budgets = &budgets},
             run_options(settings, windows)),
        actions({.store = stores.actions,
                 .audit = stores.audit,
                 .feed = feed,
                 .judge = judge,
                 .tools = tools,
                 .permissions = permissions,
                 .redaction = redaction,
                 .runs = runs,
                 .clock = clock},
                action_options(settings)),
        user_calls({.store = stores.actions,
                    .feed = feed,
                    .judge = judge,
                    .tools = tools,
                    .agents = agents,
                    .threads = threads,
                    .permissions = permissions,
                    .redaction = redaction,
                    .actions = actions,
                    .clock = clock},
                   {.tool_time_max = settings.limits.tool_time,
                    .approval_time_max = settings.approvals.time}),
        background_tasks(settings, {.background = background,
                                    .store = stores.jobs,
                                    .documents = stores.documents,
                                    .feed = feed,
                                    .threads = threads,
                                    .runs = runs,
                                    .subscriptions = feed.subscriptions(),
                                    .user_calls = user_calls,
                                    .actions = actions,
                                    .tools = tools,
                                    .clock = clock}),
        workspace_removal(workspaces, workers, &kept_files),
        erasure({.store = stores.threads,
                 .run_store = stores.runs,
                 .feed = feed,
                 .agents = agents,
                 .threads = threads,
                 .runs = runs,
                 .clock = clock,
                 .readiness = readiness(),
                 .memories = stores.memories,
                 .files = &workspace_removal}),
        questions(actions, audit_feed, tool_host.lane()),
        tokens(stores.credentials, credentials),
        audit_reader(stores.audit, &audit_signing.signer()),
        tool_server_connections(tool_host, &audit_log, &clock),
        operators({.credentials = credentials,
                   .tokens = tokens,
                   .entities = entities,
                   .access_keys = access_keys,
                   .budgets = budgets,
                   .audit = audit_reader,
                   .connections = tool_server_connections,
                   .private_hosts = settings.tools.private_hosts,
                   .jobs = background.jobs(),
                   .tasks = background_tasks.catalog()}),
        monitoring(stores.spans, workers, clock),
        platos({.credentials = credentials,
                .entities = entities,
                .access_keys = access_keys,
                .rate_limits = rate_limits,
                .login_failures = login_failures,
                .keyed_requests = keyed_requests,
                .agents = agents,
                .threads = threads,
                .erasure = erasure,
                .runs = runs,
                .actions = actions,
                .artifacts = artifacts,
                .attachments = attachments,
                .budgets = budgets,
                .subscriptions = feed.subscriptions(),
                .monitoring = monitoring,
                .background = background_tasks.platos_use(),
                .clock = clock},
               {.user_id_required = settings.platos.user_id_required,
                .default_model = [this] { return default_model_of(settings, providers); },
                .private_hosts = settings.tools.private_hosts,
                .trusted_proxies = proxies}),
        fathom({.threads = threads,
                .runs = runs,
                .credentials = credentials,
                .pairings = pairings,
                .keyed_requests = keyed_requests,
                .subscriptions = feed.subscriptions(),
                .revisions = feed.revisions(),
                .clock = clock,
                .lanes = lanes},
               {.version = version(),
                .started_at = clock.steady(),
                .readiness = readiness(),
                .warnings = [this] { return policy.warnings(); },
                .trusted_proxies = proxies,
                .origins = page_origins(settings)}),
        phoson({.agents = agents,
                .threads = threads,
                .runs = runs,
                .erasure = erasure,
                .tool_servers = tool_servers,
                .subscriptions = feed.subscriptions(),
                .credentials = credentials,
                .keyed_requests = keyed_requests},
               {.configured = run_options(settings, windows).defaults}),
        policy_inspector(policy.source()),
        faramesh(
            {.actions = actions,
             .permissions = permissions,
             .policies = policy_inspector,
             .feed = audit_feed,
             .credentials = credentials,
             .keyed_requests = keyed_requests,
             .workers = workers,
             .lanes = lanes},
            {.access = {.shared = core::Principal(core::default_view(), first_user,
                                                  core::UserRole::member),
                        .tokens = settings.faramesh.tokens,
                        .open = settings.faramesh.open && settings.proxy == ProxyInFront::none},
             .readiness = readiness(),
             .warnings = [this] { return policy.warnings(); }}),
        mcp({.agents = agents,
             .threads = threads,
             .runs = runs,
             .actions = actions,
             .policies = policy_inspector,
             .credentials = credentials,
             .keyed_requests = keyed_requests,
             .subscriptions = feed.subscriptions(),
             .clock = clock},
            {.version = version(), .origins = settings.cors.origins, .readiness = readiness()}),
        managed_token(credentials, stores.documents, feed, clock),
        run_ingestion({.memories = memories,
                       .runs = stores.runs,
                       .threads = stores.threads,
                       .actions = stores.actions,
                       .notices = notices,
                       .clock = clock},
                      lanes.next()),
        tiered_memories({.memories = memories,
                         .store = stores.documents,
                         .feed = feed,
                         .notices = notices,
                         .clock = clock}),
        memory_imports(tiered_memories, workspaces, workers),
        identities(stores.documents, feed, clock),
        resources(stores.documents, feed, notices, clock),
        routines(settings, {.stores = stores,
                            .feed = feed,
                            .jobs = background.jobs(),
                            .schedules = background.schedules(),
                            .handlers = background.handlers(),
                            .threads = threads,
                            .runs = runs,
                            .artifacts = artifacts,
                            .files = attachment_files,
                            .notices = notices,
                            .redaction = redaction,
                            .snapshots = kept_files,
                            .workspaces = workspaces,
                            .workers = workers,
                            .lanes = lanes,
                            .clock = clock}),
        tandem({.credentials = credentials,
                .keyed_requests = keyed_requests,
                .agents = agents,
                .threads = threads,
                .runs = runs,
                .user_calls = user_calls,
                .skills = skills,
                .actions = actions,
                .permissions = permissions,
                .attachments = attachments,
                .erasure = erasure,
                .directories = workspaces,
                .snapshots = snapshots,
                .subscriptions = feed.subscriptions(),
                .workers = workers,
                .clock = clock,
                .services = {.catalog = model_catalog,
                             .token = managed_token,
                             .tool_servers = scope_tool_servers,
                             .memories = tiered_memories,
                             .imports = memory_imports,
                             .identities = identities,
                             .resources = resources,
                             .routines = routines.routines(),
                             .routine_runs = routines.runs(),
                             .clock = clock}},
               {.callers = {.tokens = settings.tandem.tokens,
                            .open = settings.tandem.open && settings.proxy == ProxyInFront::none,
                            .readiness = readiness(),
                            .any_origin = settings.cors.origins.empty()},
                .version = version(),
                .started_at = clock.steady()}),
        span_retention(stores.spans, feed, clock, std::chrono::days(settings.telemetry.spans_days)),
        metrics(credentials, {.readers = settings.metrics,
                              .started_at = clock.now(),
                              .snapshot = [this] { return metrics_snapshot(this); }}) {
    // Of requests that a guard turned away; who judges a caller elsewhere records it there.
    router.tell_refusals([this, proxies](const net::Request& head, int status) {
      constexpr int unauthorized = 401;
      const bool tried = head.has_header("Authorization") ||
                         head.has_header(dialects::platos::session_token_header) ||
                         !dialects::tandem::sent_token(head).empty();
      if (status != unauthorized || !tried) return;
      login_failures.add(dialects::client_address(head, proxies), "token");
    });
    fathom.add_to(router);
    phoson.add_to(router);
    platos.add_to(router);
    faramesh.add_to(router);
    mcp.add_to(router);
    tandem.add_to(router);
    tandem.follow(notices);
    operators.add_to(router);
    background.add_own_work(keyed_requests);
    add_budget_handler(background.handlers(), budget_alerts);
    tool_servers.tell(tool_host);
    feed.listen(budgets);
    budgets.on_alerts([this] { budget_alerts.look(); });
    if (settings.memory.ingest_runs) feed.listen(run_ingestion);
    if (!settings.telemetry.otlp.endpoint.empty()) {
      otlp = std::make_unique<OtlpExporter>(
          OtlpExporter::Ports{.spans = stores.spans,
                              .runs = stores.runs,
                              .threads = stores.threads,
                              .redaction = redaction,
                              .client = http_client},
          otlp_options(settings.telemetry.otlp.endpoint, otlp_headers(settings),
                       settings.telemetry.otlp.content),
          lanes.next());
      feed.listen(*otlp);
    }
    if (settings.metrics != MetricsReaders::off) router.add(metrics.route());
  }

  base::Task<tools::mcp::ElicitationAnswer> ask_human(tools::ToolContext context,
                                                      tools::mcp::Elicitation question,
                                                      std::stop_token stop) {
    return questions.ask(std::move(context), std::move(question), std::move(stop));
  }
  void note_tool_server(const core::Scope& scope, const std::string& id) {
    tool_host.lane().spawn("note_tool_server", scope_tool_servers.note(scope, id));
  }
  // Of every dialect's readiness route.
  std::function<Result<void>()> readiness() {
    return [this] { return core::readiness_of(stores.journal.health()); };
  }
  std::string redirect_url();
  Result<std::string> make_first_token();
  static base::Task<MetricsSnapshot> metrics_snapshot(Components* self);

  Settings settings;
  base::SecretBox secret_box;
  base::SystemClock clock;
  base::Lanes lanes;
  std::unique_ptr<storage::Store> store;
  // Jobs use what comes before and after: stop() ends them before anything of it.
  base::Workers workers;
  base::Workers tool_workers;  // apart: a command may hold its thread for minutes
  core::Stores stores;
  ActionMeter action_meter;
  WorkMeter work_meter;
  core::EventFeed feed;
  core::AuditFeed audit_feed;  // before anything that commits
  core::Notices notices;
  core::BackgroundCommits background_commits;
  core::AuditLog audit_log;
  AuditSigning audit_signing;
  core::Agents agents;
  tools::Workspaces workspaces;
  tools::Snapshots kept_files;
  core::Threads threads;
  core::Snapshots snapshots;
  core::ToolServers tool_servers;
  core::Credentials credentials;
  core::Entities entities;
  core::AccessKeys access_keys;
  core::RateLimits rate_limits;
  core::LoginFailures login_failures;
  core::Pairings pairings;
  core::KeyedRequests keyed_requests;
  BackgroundJobs background;
  core::Prices prices;
  core::Budgets budgets;
  ModelMeter meter;
  net::HttpClient http_client;
  SignedWebhooks webhooks;
  core::BudgetAlerts budget_alerts;
  core::ModelProviders providers;
  ProviderVendors vendors;
  core::ModelCatalog model_catalog;
  tools::mcp::ToolHost tool_host;
  core::ScopeToolServers scope_tool_servers;
  std::unique_ptr<core::Embedder> embedder;  // none: full text alone
  core::Memories memories;
  core::Artifacts artifacts;
  storage::AttachmentFolder attachment_files;
  core::Attachments attachments;
  core::SubAgents sub_agents;
  core::SpawnedRuns spawned_runs;
  tools::SkillFolder skills;
  tools::Catalog tools;
  core::Permissions permissions;
  core::Redaction redaction;
  PolicyWatch policy;
  gate::RuleGate gate;
  core::Judge judge;
  core::Runs runs;
  core::Actions actions;
  core::UserCalls user_calls;
  BackgroundTasks background_tasks;
  tools::WorkspaceRemoval workspace_removal;
  core::Erasure erasure;
  ServerQuestions questions;
  core::Tokens tokens;
  core::AuditReader audit_reader;
  core::ToolServerConnections tool_server_connections;
  dialects::operators::Dialect operators;
  core::Monitoring monitoring;
  dialects::platos::Dialect platos;
  dialects::fathom::Dialect fathom;
  dialects::phoson::Dialect phoson;
  gate::PolicyInspector policy_inspector;
  dialects::faramesh::Dialect faramesh;
  dialects::mcp::Dialect mcp;
  core::ManagedToken managed_token;
  core::RunIngestion run_ingestion;
  core::TieredMemories tiered_memories;
  core::MemoryImports memory_imports;
  core::Identities identities;
  core::Resources resources;
  RoutineParts routines;
  dialects::tandem::Dialect tandem;
  core::SpanRetention span_retention;
  std::unique_ptr<OtlpExporter> otlp;  // none: nothing is exported
  MetricsRoute metrics;
  net::Router router;
  std::shared_ptr<net::AnswerBudget> answers = std::make_shared<net::AnswerBudget>();
  std::vector<std::unique_ptr<net::HttpServer>> servers;
  std::stop_source stopping;
  std::mutex first_url_mutex;
  std::string first_url;
  bool note_left = false;
  bool stopped = false;
};

// Of the first address, whose port is known once it listens.
std::string Server::Components::redirect_url() {
  if (!settings.mcp.redirect_url.empty()) return settings.mcp.redirect_url;
  const std::lock_guard lock(first_url_mutex);
  if (first_url.empty()) return "";
  return first_url + settings.base_path + dialects::operators::mcp_callback_path;
}

// The operator's token when the store has none yet: the first start. Else "".
Result<std::string> Server::Components::make_first_token() {
  const auto none_yet = base::run_on(lanes[0], credentials.none_yet());
  if (!none_yet) return std::unexpected(none_yet.error());
  if (!*none_yet) return "";
  // Written down before it counts: a crash here must not leave a server that nobody can enter.
  core::Principal first(core::default_view(), first_user, core::UserRole::operator_role);
  first.every_scope = true;
  auto created =
      credentials.prepare(std::move(first), core::CredentialKind::operator_token, "operator");
  const auto saved = write_owner_only_file(settings.token_file, created.token + "\n");
  if (!saved) {
    return base::fail(base::ErrorKind::unavailable,
                      "the first token could not be saved: " + saved.error().message, "token_file");
  }
  const auto admitted = base::run_on(lanes[0], credentials.admit(std::move(created.credential)));
  if (!admitted) return std::unexpected(admitted.error());
  return std::move(created.token);
}

base::Task<MetricsSnapshot> Server::Components::metrics_snapshot(Components* self) {
  MetricsSnapshot out{.runs = self->runs.counts(),
                      .subscribers = self->feed.subscriptions().count(),
                      .models = self->meter.counts(),
                      .actions = self->action_meter.counts(),
                      .model_times = self->meter.times(),
                      .work = self->work_meter.times()};
  for (const auto& server : self->servers) {
    out.http = sum(out.http, server->counts());
    add_route_times(out.routes, server->route_times());
  }
  if (self->otlp) out.otlp = self->otlp->counts();
  auto gauges = co_await self->stores.spans.gauges();
  if (gauges) out.store = std::move(*gauges);
  out.now = self->clock.now();
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
  auto windows = load_windows(settings.context.windows_file);
  if (!windows) return std::unexpected(windows.error());
  const auto secret_key = load_secret_key(secret_key_path(settings));
  if (!secret_key) return std::unexpected(secret_key.error());
  auto audit_key = load_audit_key(audit_files(settings.data_dir, settings.audit.key_file));
  if (!audit_key) return std::unexpected(audit_key.error());
  auto store = open_store(settings, OlderSchema::migrate);
  if (!store) return std::unexpected(store.error());
  auto components =
      std::make_unique<Components>(std::move(settings), std::move(*store), std::move(*prices),
                                   *windows, *proxies, *secret_key, *std::move(audit_key));
  auto fault = components->policy.fault();
  std::unique_ptr<Server> server(new Server(std::move(components)));
  if (fault) return base::fail(std::move(*fault));
  return server;
}

Server::Server(std::unique_ptr<Components> components) : components_(std::move(components)) {}

Server::~Server() { stop(); }

Result<Server::Started> Server::start() {  // long: a start from its first step to its last
  Components& p = *components_;
  Started out;
  const auto compared = base::run_on(p.lanes[0], p.audit_signing.look_for_restore());
  if (!compared) return std::unexpected(compared.error());
  // Before anybody is let in: who has come in by them is judged from memory.
  const auto entities = base::run_on(p.lanes[0], p.entities.open());
  if (!entities) return std::unexpected(entities.error());
  const auto managed = base::run_on(p.lanes[0], p.managed_token.open());
  if (!managed) return std::unexpected(managed.error());
  const auto access_keys = base::run_on(p.lanes[0], p.access_keys.open());
  if (!access_keys) return std::unexpected(access_keys.error());
  // Before a run goes on: what the process before had reserved is given back.
  const auto ledger = base::run_on(p.lanes[0], p.budgets.open());
  if (!ledger) return std::unexpected(ledger.error());
  // Before a run goes on: it may have been asked for with a key that is stored.
  const auto catalog = base::run_on(p.lanes[0], p.model_catalog.open());
  if (!catalog) return std::unexpected(catalog.error());
  // First: a run that goes on may be about to call one. They are connected once it is known where a
  // human's consent comes back to.
  const auto opened = base::run_on(p.lanes[0], p.tool_servers.open_all());
  if (!opened) return std::unexpected(opened.error());
  const auto settled = base::run_on(p.lanes[0], p.actions.recover());
  if (!settled) return std::unexpected(settled.error());
  if (p.otlp) p.otlp->begin();
  const auto recovered = base::run_on(p.lanes[0], p.runs.recover());
  if (!recovered) return std::unexpected(recovered.error());
  out.recovered_runs = *recovered;
  base::run_on(p.lanes[0], p.erasure.recover());
  auto uploaded_files = base::run_on(p.lanes[0], p.attachments.stored_files());
  const HttpBudgets budgets{.bodies = std::make_shared<net::BodyBudget>(body_limits(p.settings)),
                            .answers = p.answers};
  for (const ListenAddress& address : listen_addresses(p.settings)) {
    auto server = std::make_unique<net::HttpServer>(p.lanes, p.router,
                                                    http_options(p.settings, address, budgets));
    if (auto bound = server->bind(); !bound) {
      return base::fail(listening_error(bound.error()));
    }
    ListenAddress real = address;
    real.port = server->port();
    out.urls.push_back(local_url(real, !p.settings.tls.certificate_file.empty()));
    p.servers.push_back(std::move(server));
  }
  {
    const std::lock_guard lock(p.first_url_mutex);
    p.first_url = out.urls.front();
  }
  // With the addresses taken, as a start that fails must not use up the one time that the token is
  // shown; and before anybody is let in, so that the token counts when it can first be sent.
  auto first_token = p.make_first_token();
  if (!first_token) return std::unexpected(std::move(first_token.error()));
  out.first_token = std::move(*first_token);
  for (const auto& server : p.servers) {
    if (auto listening = server->listen(); !listening) {
      return base::fail(listening_error(listening.error()));
    }
  }
  p.tool_host.servers().begin();
  const auto ended =
      base::run_on(p.lanes[0], p.background_tasks.agent_jobs().end_cancelled(&p.stores.runs));
  if (!ended) return std::unexpected(ended.error());
  const auto tasks = base::run_on(p.lanes[0], p.background_tasks.catalog().open());
  if (!tasks) return std::unexpected(tasks.error());
  // Last of what acts by itself: a job may need anything that there is.
  if (auto working = p.background.start(); !working) return std::unexpected(working.error());
  p.lanes[0].spawn("sign_audit", p.audit_signing.keep(p.stopping.get_token()));
  p.lanes[0].spawn("sweep_attachments",
                   p.attachments.sweep(std::move(uploaded_files), p.stopping.get_token()));
  p.lanes[0].spawn("purge_attachments", p.attachments.keep_purging(p.stopping.get_token()));
  p.lanes[0].spawn("settle_expired", settle_expired(&p.actions, p.stopping.get_token()));
  p.lanes[0].spawn("keep_memories", p.memories.keep(&p.lanes[0], p.stopping.get_token()));
  p.lanes[0].spawn("forget_spans", p.span_retention.keep(p.stopping.get_token()));
  p.lanes[0].spawn("purge_budgets", p.budgets.keep_purging(p.stopping.get_token()));
  p.lanes[0].spawn("queue_budget_alerts", p.budget_alerts.keep_queueing(p.stopping.get_token()));
  p.lanes[0].spawn("watch_policy", p.policy.watch(p.stopping.get_token()));
  const RunningServer note{
      .pid = static_cast<int>(::getpid()), .version = version(), .urls = out.urls};
  if (auto left = leave_note(p.settings.data_dir, note); !left) {
    return std::unexpected(left.error());
  }
  p.note_left = true;
  out.policy_missing = p.policy.policy_missing();
  out.profile_unusable = p.policy.profile_unusable();
  out.provider = p.providers.default_name();
  const core::ModelProvider* provider = p.providers.find("");
  out.model = !p.settings.model.empty() ? p.settings.model
              : provider != nullptr     ? std::string(provider->default_model())
                                        : "";
  release_startup_memory();  // what is read in from here on is what the server needs
  return out;
}

std::vector<std::string> Server::routes() const { return components_->router.listing(); }

void Server::reload_policy() { components_->policy.reload(); }

void Server::reload_keys() {
  components_->vendors.reload_keys();
  for (const auto& server : components_->servers) {
    if (const auto read = server->reload_tls(); !read) {
      base::log::error("certificate_not_reloaded", {{"error", read.error().message}});
    }
  }
}

void Server::stop() {
  Components& p = *components_;
  if (p.stopped) return;
  p.stopped = true;
  p.stopping.request_stop();
  if (p.note_left) remove_note(p.settings.data_dir);
  // Runs are parked before any connection ends: a client that loses its connection while its run
  // goes on would cancel it. Whoever waits for a run, or starts one now, hears that the server
  // stops.
  p.pairings.stop();
  // Before the runs are parked: who works on a job hears that the server stops, and lets its run go
  // on at the next start.
  p.background.stop();
  p.runs.park_all();
  p.user_calls.stop_all();
  p.actions.stop_all();
  p.mcp.stop();
  // Whoever waits for a search hears it now; nobody's connection is held up for one.
  p.workers.end();
  p.tool_workers.end();
  p.policy.end();
  base::run_on(p.lanes[0], p.tool_host.stop());
  std::vector<std::thread> stoppers;
  for (const auto& server : p.servers) {
    stoppers.emplace_back([&server, grace = p.settings.drain_time] { server->stop(grace); });
  }
  for (std::thread& stopper : stoppers) stopper.join();
  p.mcp.stop();
  if (p.otlp) p.otlp->end();
  base::run_on(p.lanes[0], p.audit_signing.sign());
  p.store->close();
  p.lanes.stop();
}

}  // namespace colonnade::app
