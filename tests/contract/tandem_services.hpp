// What Tandem's service routes stand on, beside an engine: vendors and tool servers that answer as
// a test says, everything else real.
#pragma once

#include <algorithm>
#include <atomic>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "../engine/engine.hpp"
#include "base/secret_box.hpp"
#include "core/access/credentials.hpp"
#include "core/access/managed_token.hpp"
#include "core/capabilities/capabilities.hpp"
#include "core/documents/identities.hpp"
#include "core/documents/resources.hpp"
#include "core/events/background_commits.hpp"
#include "core/events/notices.hpp"
#include "core/memory/memories.hpp"
#include "core/memory/memory_imports.hpp"
#include "core/memory/tiered_memories.hpp"
#include "core/models/model_catalog.hpp"
#include "core/tools/scope_tool_servers.hpp"
#include "core/tools/tool_servers.hpp"
#include "dialects/tandem/services.hpp"
#include "tandem_jobs.hpp"
#include "tandem_packs.hpp"

namespace colonnade::tests {

// "openrouter" with one model once it has a key, "ollama" that is not configured, "dead" that is
// and fails, "cohere" that nobody speaks to.
class ScriptedVendors final : public core::Vendors {
 public:
  std::vector<core::VendorState> states() const override {
    const std::lock_guard lock(mutex_);
    return {{.id = "openrouter",
             .name = "OpenRouter",
             .key = key_.empty() ? core::VendorKey::none : core::VendorKey::given,
             .default_model = "openrouter/auto"},
            {.id = "ollama", .name = "Ollama", .needs_key = false},
            {.id = "dead", .name = "dead", .needs_key = false, .configured = true},
            {.id = "cohere", .name = "Cohere", .supported = false},
            {.id = "scripted", .name = "scripted", .needs_key = false, .configured = true}};
  }
  bool use_key(const std::string& id, const std::string& key) override {
    const std::lock_guard lock(mutex_);
    if (id != "openrouter") return false;
    key_ = key;
    return true;
  }
  base::Task<base::Result<std::vector<core::VendorModel>>> models(base::Lane* /*lane*/,
                                                                  std::string id,
                                                                  std::stop_token) override {
    std::vector<core::VendorModel> out;
    {
      const std::lock_guard lock(mutex_);
      ++asked_[id];
    }
    if (id == "dead") co_return base::fail(base::ErrorKind::unavailable, "dead: nobody is there");
    if (id == "openrouter") {
      out.push_back({.id = "openai/gpt-4o-mini", .name = "GPT-4o mini", .context_tokens = 128000});
    }
    co_return out;
  }
  std::string key() const {
    const std::lock_guard lock(mutex_);
    return key_;
  }
  int asked(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = asked_.find(id);
    return found == asked_.end() ? 0 : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::string key_;
  std::map<std::string, int> asked_;
};

// Every server is there at once, with one tool; those on port 9 refuse.
class ScriptedToolServers final : public core::ToolServerHost, public core::ToolServerConnector {
 public:
  void added(core::OpenedToolServer server) override {
    const std::lock_guard lock(mutex_);
    servers_.insert_or_assign(server.server.id, std::move(server));
  }
  void removed(const core::Scope&, const std::string& id) override {
    const std::lock_guard lock(mutex_);
    servers_.erase(id);
  }
  std::vector<core::ToolServerConnection> connections() const override { return {}; }
  std::optional<core::ToolServerConnection> connection(const std::string& id) const override {
    const std::lock_guard lock(mutex_);
    const auto found = servers_.find(id);
    if (found == servers_.end()) return std::nullopt;
    core::ToolServerConnection out{.id = id, .name = found->second.server.name};
    const std::string& url = found->second.server.url;
    if (url.contains(":9/")) {
      out.state = core::ToolServerState::failed;
      out.reason = "connection refused";
    } else if (url.contains("locked") && !authorized_) {
      out.state = core::ToolServerState::needs_auth;
      out.authorization_url = "https://auth.example.com/authorize?state=s1";
    } else {
      out.state = core::ToolServerState::ready;
      out.tools = {out.name + "__Gmail_SendEmail"};
    }
    return out;
  }
  std::vector<core::ServedTool> tools(const std::string& id) const override {
    const auto there = connection(id);
    if (!there || there->tools.empty()) return {};
    return {{.name = "Gmail_SendEmail",
             .model_name = there->tools.front(),
             .description = "Send mail",
             .input_schema = {{"type", "object"}}}};
  }
  base::Task<void> settled(std::string, std::stop_token) override { co_return; }
  base::Result<void> accept(const std::string&, const std::string&) override { return {}; }
  base::Result<void> retry(const std::string&) override { return {}; }
  base::Task<base::Result<void>> complete_authorization(std::string id,
                                                        std::string query) override {
    const auto asked = connection(id);
    if (!asked || asked->authorization_url.empty() || query != "code=c%201&state=s1") {
      co_return base::fail(base::ErrorKind::not_found, "nobody waits for " + query);
    }
    authorized_ = true;
    co_return base::Result<void>();
  }
  std::optional<core::OpenedToolServer> server(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, one] : servers_) {
      if (one.server.name == name) return one;
    }
    return std::nullopt;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, core::OpenedToolServer> servers_;
  std::atomic<bool> authorized_{false};
};

struct TandemServices {
  // `job_questions`: runs of routines ask humans; else a call that would is denied.
  TandemServices(Engine& engine_in, core::Credentials& credentials, core::Erasure& erasure,
                 const std::string& packs_folder, bool job_questions = true)
      : engine(engine_in),
        commits(engine.feed, engine.lanes[0]),
        catalog({.store = *engine.store,
                 .feed = engine.feed,
                 .clock = engine.clock,
                 .box = box,
                 .vendors = vendors,
                 .providers = engine.providers}),
        token(credentials, *engine.store, engine.feed, engine.clock),
        tool_servers(*engine.store, engine.agents, engine.feed, commits, engine.clock, box, {}),
        scope_tool_servers(tool_servers, tool_host, notices, engine.clock),
        memories(*engine.store, engine.feed, engine.clock, engine.workers),
        tiered_memories({.memories = memories,
                         .store = *engine.store,
                         .feed = engine.feed,
                         .notices = notices,
                         .clock = engine.clock}),
        memory_imports(tiered_memories, engine.workspaces, engine.workers),
        identities(*engine.store, engine.feed, engine.clock),
        resources(*engine.store, engine.feed, notices, engine.clock),
        jobs(engine, notices, job_questions),
        packs(engine, erasure, jobs.routines, notices, packs_folder),
        capabilities({.store = *engine.store,
                      .feed = engine.feed,
                      .user_calls = engine.user_calls,
                      .notices = notices,
                      .clock = engine.clock}) {
    notices.listen([this](const core::Notice& notice) {
      const std::lock_guard lock(told_mutex);
      told.push_back(notice);
    });
    tool_servers.tell(tool_host);
    for (const auto& opened : {engine.run(catalog.open()), engine.run(token.open()),
                               engine.run(tool_servers.open_all())}) {
      if (!opened) throw std::runtime_error(opened.error().message);
    }
  }
  dialects::tandem::ServiceDependencies dependencies() {
    return {.catalog = catalog,
            .token = token,
            .tool_servers = scope_tool_servers,
            .memories = tiered_memories,
            .imports = memory_imports,
            .identities = identities,
            .resources = resources,
            .routines = jobs.routines,
            .routine_runs = jobs.routine_runs,
            .packs = packs.packs,
            .capabilities = capabilities,
            .flows = jobs.flows,
            .flow_runs = jobs.flow_runs,
            .clock = engine.clock};
  }
  // What was told of this kind, by subject.
  std::vector<core::Notice> told_of(core::NoticeKind kind) {
    const std::lock_guard lock(told_mutex);
    std::vector<core::Notice> out;
    std::ranges::copy_if(told, std::back_inserter(out),
                         [&](const core::Notice& one) { return one.kind == kind; });
    return out;
  }

  Engine& engine;
  base::SecretBox box{base::SecretBox::Key{}};
  core::Notices notices;
  std::mutex told_mutex;
  std::vector<core::Notice> told;
  core::BackgroundCommits commits;
  ScriptedVendors vendors;
  core::ModelCatalog catalog;
  core::ManagedToken token;
  ScriptedToolServers tool_host;
  core::ToolServers tool_servers;
  core::ScopeToolServers scope_tool_servers;
  core::Memories memories;
  core::TieredMemories tiered_memories;
  core::MemoryImports memory_imports;
  core::Identities identities;
  core::Resources resources;
  TandemJobs jobs;
  TandemPacks packs;
  core::Capabilities capabilities;
};

}  // namespace colonnade::tests
