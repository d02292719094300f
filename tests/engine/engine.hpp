// The whole engine on a store in a temporary folder, with a scripted model; what wiring builds,
// without the server around it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/workers.hpp"
#include "core/access/rate_limits.hpp"
#include "core/agents/agents.hpp"
#include "core/artifacts/artifacts.hpp"
#include "core/attachments/attachments.hpp"
#include "core/budgets/budgets.hpp"
#include "core/events/event_feed.hpp"
#include "core/governance/actions.hpp"
#include "core/governance/judge.hpp"
#include "core/governance/user_calls.hpp"
#include "core/runs/runs.hpp"
#include "core/runs/sub_agents.hpp"
#include "core/snapshots/snapshots.hpp"
#include "core/spans/monitoring.hpp"
#include "core/spans/span_listener.hpp"
#include "core/threads/threads.hpp"
#include "faulty_journal.hpp"
#include "gate/rule_gate.hpp"
#include "scripted_provider.hpp"
#include "storage/attachment_folder.hpp"
#include "storage/sqlite/store.hpp"
#include "temporary_store.hpp"
#include "tools/builtin/artifact_tools.hpp"
#include "tools/builtin/calculator.hpp"
#include "tools/builtin/clock.hpp"
#include "tools/builtin/sub_agent.hpp"
#include "tools/catalog.hpp"

namespace colonnade::tests {

inline std::vector<std::unique_ptr<tools::Tool>> builtin_tools(base::Clock& clock) {
  std::vector<std::unique_ptr<tools::Tool>> out;
  out.push_back(std::make_unique<tools::CalculatorTool>());
  out.push_back(std::make_unique<tools::ClockTool>(clock));
  return out;
}

struct EngineOptions {
  core::RunOptions runs{.limits = {.retry_delay_min = std::chrono::milliseconds(0)}};
  std::vector<std::unique_ptr<tools::Tool>> extra_tools{};
  std::set<std::string, std::less<>> extra_allowed{};
  bool task = false;  // agents have the tool `task`
  core::ActionOptions actions{};
  std::string policy_file{};  // "": the built-in rules
  std::string workspace{};    // the folder of every thread; "": none has one
  std::string workspaces{};   // or the folder that holds one for each
  tools::DirectoryRules directories{};
  std::size_t lanes = 2;
  core::RateLimits* rate_limits = nullptr;
  core::SpanListener* spans = nullptr;
  core::BudgetOptions budgets{};
  base::Clock* budget_clock = nullptr;  // nullptr: the engine's own
  std::vector<core::Price> prices{};
  storage::FileCalls file_calls = storage::system_file_calls();  // of uploaded files
};

class Engine {
 public:
  explicit Engine(const std::string& path, EngineOptions options = {})
      : lanes(options.lanes),
        store(open_store(path)),
        journal(*store),
        feed(lanes, *store, journal),
        agents(*store, feed, clock, {.name = "test", .instructions = "Be brief."}),
        workspaces(
            {.root = options.workspaces, .fixed = options.workspace, .rules = options.directories}),
        kept_files(path + ".snapshots", workspaces, workers),
        threads(*store, feed, clock, workers, &workspaces),
        snapshots({.threads = threads,
                   .runs = *store,
                   .files = kept_files,
                   .feed = feed,
                   .redaction = redaction,
                   .clock = clock}),
        artifacts(*store, threads, feed, clock),
        files(path + ".attachments", options.file_calls),
        attachments(*store, files, feed, clock, workers),
        sub_agents({.threads = threads, .runs = [this]() -> core::Runs& { return runs; }}),
        catalog(with(with(with_sub_agents(builtin_tools(clock), options.task),
                          tools::artifact_tools(artifacts)),
                     std::move(options.extra_tools)),
                workspaces, nullptr, store.get(), &kept_files),
        permissions(*store, feed, clock, store.get()),
        policy({.policy_path = options.policy_file, .built_in = policy_of(catalog, options)}),
        gate(policy, catalog.asking()),
        judge(gate, agents),
        prices(std::move(options.prices)),
        budgets(store->stores().budgets, feed, prices,
                options.budget_clock != nullptr ? *options.budget_clock : clock, options.budgets),
        runs({.threads = *store,
              .runs = *store,
              .actions = *store,
              .feed = feed,
              .providers = providers,
              .judge = judge,
              .tools = catalog,
              .agents = agents,
              .permissions = permissions,
              .redaction = redaction,
              .prices = prices,
              .lanes = lanes,
              .clock = clock,
              .rate_limits = options.rate_limits,
              .attachments = &attachments,
              .spans = options.spans,
              .budgets = &budgets},
             options.runs),
        monitoring(store->stores().spans, workers, clock),
        actions({.store = *store,
                 .audit = *store,
                 .feed = feed,
                 .judge = judge,
                 .tools = catalog,
                 .permissions = permissions,
                 .redaction = redaction,
                 .runs = runs,
                 .clock = clock},
                options.actions),
        user_calls({.store = *store,
                    .feed = feed,
                    .judge = judge,
                    .tools = catalog,
                    .agents = agents,
                    .threads = threads,
                    .permissions = permissions,
                    .redaction = redaction,
                    .actions = actions,
                    .clock = clock},
                   {}) {
    feed.listen(budgets);
    auto owned = std::make_unique<ScriptedProvider>();
    model = owned.get();
    providers.add(std::move(owned));
    providers.set_default("scripted");
  }
  ~Engine() {
    runs.park_all();
    user_calls.stop_all();
    actions.stop_all();
    workers.end();
    lanes.stop();
    store->close();
  }

  template <class T>
  T run(base::Task<T> task) {
    return base::run_on(lanes[0], std::move(task));
  }
  core::Thread new_thread(const core::Principal& who) { return *run(threads.create(who, {})); }
  core::Result<core::Run> start(const core::Principal& who, const std::string& thread_id,
                                const std::string& message) {
    core::NewMessage input{.thread_id = thread_id, .parts = {core::TextPart{message}}};
    return run(runs.start(who, std::move(input), lanes[0]));
  }
  core::Result<core::FinishedRun> wait(const core::Principal& who, const core::Run& started) {
    return run(runs.wait(who, started.id, {}));
  }
  std::vector<core::Event> events(const std::string& thread_id, std::int64_t after = 0) {
    return *run(store->events(core::Scope::main(), thread_id, after, 1000));
  }

 private:
  static std::vector<std::unique_ptr<tools::Tool>> with(
      std::vector<std::unique_ptr<tools::Tool>> all,
      std::vector<std::unique_ptr<tools::Tool>> more) {
    for (auto& tool : more) all.push_back(std::move(tool));
    return all;
  }
  std::vector<std::unique_ptr<tools::Tool>> with_sub_agents(
      std::vector<std::unique_ptr<tools::Tool>> all, bool task) {
    all.push_back(tools::sub_agent_tool(sub_agents));
    if (task) all.push_back(tools::task_tool(sub_agents));
    return all;
  }
  // The built-in rules, with some more tools that may run.
  static std::shared_ptr<const gate::Policy> policy_of(const tools::Catalog& catalog,
                                                       const EngineOptions& options) {
    gate::ToolNames harmless = catalog.harmless();
    harmless.insert(options.extra_allowed.begin(), options.extra_allowed.end());
    gate::ToolNames others = catalog.harmful();
    for (const std::string& allowed : options.extra_allowed) others.erase(allowed);
    return gate::built_in_policy(harmless, others);
  }

 public:
  base::SystemClock clock;
  base::Lanes lanes;
  base::Workers workers{1};
  std::unique_ptr<storage::sqlite::Store> store;
  FaultyJournal journal;  // the store's own, as long as no test asks for a fault
  core::EventFeed feed;
  core::Agents agents;
  tools::Workspaces workspaces;
  tools::Snapshots kept_files;
  core::Threads threads;
  core::Snapshots snapshots;
  core::Artifacts artifacts;
  storage::AttachmentFolder files;
  core::Attachments attachments;
  core::ModelProviders providers;
  ScriptedProvider* model = nullptr;
  core::SubAgents sub_agents;
  tools::Catalog catalog;
  core::Permissions permissions;
  core::Redaction redaction{};
  gate::PolicySource policy;
  gate::RuleGate gate;
  core::Judge judge;
  core::Prices prices;
  core::Budgets budgets;
  core::Runs runs;
  core::Monitoring monitoring;
  core::Actions actions;
  core::UserCalls user_calls;
};

}  // namespace colonnade::tests
