#include "core/agents/agents.hpp"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/secret_text.hpp"
#include "core/access/account.hpp"
#include "core/access/visibility.hpp"
#include "core/limits.hpp"
#include "core/tools/tool_server.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

void put(std::string& member, const std::optional<std::string>& change) {
  if (change) member = *change;
}

// Those have to be there when it is stored.
std::vector<std::string> added_servers(const std::vector<std::string>& before,
                                       const std::vector<std::string>& after) {
  std::vector<std::string> out;
  for (const std::string& id : after) {
    const bool is_new = std::ranges::find(before, id) == before.end();
    if (is_new && !is_configured_tool_server(id)) out.push_back(id);
  }
  return out;
}

NewAgentVersion first_version(const Principal& who) {
  return {.created_by = who.user_id, .note = "Initial version"};
}

std::unexpected<base::Error> no_such_version() {
  return fail(ErrorKind::not_found, "no such version of the agent", "version_id");
}

std::unexpected<base::Error> no_such_agent() {
  return fail(ErrorKind::not_found, "no such agent", "agent_id");
}

}  // namespace

AuditEntry agent_entry(std::string_view change, const Agent& agent, std::string actor, Time at) {
  AuditEntry out{.kind = std::string(audit_kind::agent),
                 .actor = std::move(actor),
                 .subject = agent.id,
                 .details = {{"change", change},
                             {"name", base::hide_secrets(agent.name)},
                             {"owner", agent.owner},
                             {"version", agent.version},
                             {"memory", to_string(agent.memory)},
                             {"tool_servers", agent.tool_servers},
                             {"instructions_sha256", base::sha256_hex(agent.instructions)}},
                 .at = at};
  out.details["tools"] = agent.tools ? base::Json(*agent.tools) : base::Json();
  return out;
}

Agents::Agents(AgentStore& store, EventFeed& feed, base::Clock& clock, NewAgent fallback)
    : store_(store), feed_(feed), clock_(clock), fallback_(std::move(fallback)) {}

Task<Result<Agent>> Agents::create(Principal who, NewAgent input, AlsoWithAgent also) {
  if (input.name.empty()) co_return fail(ErrorKind::invalid, "name must not be empty", "name");
  const Time now = clock_.now();
  Agent agent{.id = base::new_uuid(),
              .scope = who.scope,
              .owner = who.user_id,
              .name = std::move(input.name),
              .description = std::move(input.description),
              .instructions = std::move(input.instructions),
              .settings = std::move(input.settings),
              .tools = std::move(input.tools),
              .memory = input.memory,
              .tool_servers = std::move(input.tool_servers),
              .version = 1,
              .created_at = now,
              .updated_at = now,
              .slug = std::move(input.slug),
              .profile = std::move(input.profile),
              .active = input.active,
              .open_to_guests = input.open_to_guests,
              .version_id = base::new_id(now),
              .version_number = 1};
  if (input.shared) agent.owner.clear();
  if (agent.slug.empty()) agent.slug = slug_of(agent.name);
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(PutAgent{.agent = agent,
                                     .servers_needed = added_servers({}, agent.tool_servers),
                                     .new_version = first_version(who)});
  unit.changes.emplace_back(AppendAudit{agent_entry("created", agent, who.user_id, now)});
  if (!input.keyed_request_id.empty()) {
    unit.changes.emplace_back(LinkKeyedRequest{std::move(input.keyed_request_id), agent.id});
  }
  if (also) {
    for (Change& one : also(agent)) unit.changes.push_back(std::move(one));
  }
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return agent;
}

Agent Agents::default_agent(const Scope& scope) const {
  Agent out{.id = {},
            .scope = scope,
            .name = fallback_.name,
            .description = fallback_.description,
            .instructions = fallback_.instructions,
            .settings = fallback_.settings,
            .tools = fallback_.tools,
            .memory = fallback_.memory,
            .tool_servers = fallback_.tool_servers};
  const std::lock_guard lock(mutex_);
  if (const auto more = default_tool_servers_.find(scope); more != default_tool_servers_.end()) {
    out.tool_servers.insert(out.tool_servers.end(), more->second.begin(), more->second.end());
  }
  return out;
}

void Agents::set_default_tool_servers(const Scope& scope, std::vector<std::string> ids) {
  const std::lock_guard lock(mutex_);
  default_tool_servers_[scope] = std::move(ids);
}

Task<Result<Agent>> Agents::get(Scope scope, std::string id) const {
  if (id.empty()) co_return default_agent(scope);
  const bool is_default = id == default_agent_id;
  auto agent = co_await store_.agent(scope, std::move(id));
  if (!agent) co_return fail(std::move(agent.error()));
  if (!*agent && is_default) co_return default_agent(scope);
  if (!*agent) co_return no_such_agent();
  co_return std::move(**agent);
}

Task<Result<Agent>> Agents::get(Principal who, std::string id) const {
  auto agent = co_await get(who.scope, std::move(id));
  // One without an owner is everybody's in the scope.
  if (agent && !agent->owner.empty() && !may_see(who, agent->scope, agent->owner)) {
    co_return no_such_agent();
  }
  co_return agent;
}

Task<Result<std::vector<Agent>>> Agents::list(Principal who, std::size_t limit, std::size_t offset,
                                              std::string before) const {
  AgentFilter filter{
      .owner = owner_seen_by(who), .limit = limit, .offset = offset, .before = std::move(before)};
  return store_.agents(std::move(who.scope), std::move(filter));
}

Task<Result<Agent>> Agents::change(Principal who, std::string id, AgentChange change) {
  Alter alter = [change = std::move(change)](Agent& agent) -> Result<bool> {
    const bool same = change.name.value_or(agent.name) == agent.name &&
                      change.description.value_or(agent.description) == agent.description &&
                      change.instructions.value_or(agent.instructions) == agent.instructions;
    if (same) return false;
    put(agent.name, change.name);
    put(agent.description, change.description);
    put(agent.instructions, change.instructions);
    if (agent.name.empty()) return fail(ErrorKind::invalid, "name must not be empty", "name");
    return true;
  };
  auto changed = co_await this->alter(std::move(who), std::move(id), std::move(alter));
  co_return changed;
}

Task<Result<Agent>> Agents::alter(Principal who, std::string id, Alter alter) {
  return alter_noted(std::move(who), std::move(id), std::move(alter), {});
}

Task<Result<Agent>> Agents::alter_noted(Principal who, std::string id, Alter alter,
                                        std::string note) {
  for (int attempt = 1;; ++attempt) {
    auto agent = co_await get(who, id);
    if (!agent) co_return agent;
    if (agent->id.empty()) {
      co_return fail(ErrorKind::conflict,
                     "the default agent is what the server's configuration says (agent.name, "
                     "agent.instructions); create an agent to have another");
    }
    const std::vector<std::string> servers = agent->tool_servers;
    AgentSnapshot before = snapshot_of(*agent);
    const auto altered = alter(*agent);
    if (!altered) co_return fail(altered.error());
    if (!*altered) co_return agent;
    auto needed = added_servers(servers, agent->tool_servers);
    auto stored =
        co_await update(who, std::move(*agent), std::move(before), std::move(needed), note);
    const bool again = !stored && stored.error().kind == ErrorKind::conflict;
    if (!again || attempt == limits::change_attempts_max) co_return stored;
  }
}

// Stores the agent, and a version of it when what is versioned changed; conflict when somebody else
// was faster.
Task<Result<Agent>> Agents::update(Principal who, Agent agent, AgentSnapshot before,
                                   std::vector<std::string> servers_needed, std::string note) {
  agent.scope = who.scope;
  agent.version += 1;
  agent.updated_at = clock_.now();
  PutAgent put{.agent = {.scope = who.scope}, .servers_needed = std::move(servers_needed)};
  if (snapshot_of(agent) != before) {
    agent.version_id = base::new_id(agent.updated_at);
    agent.version_number += 1;
    put.new_version = NewAgentVersion{.created_by = who.user_id, .note = std::move(note)};
  }
  put.agent = agent;
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(std::move(put));
  unit.changes.emplace_back(
      AppendAudit{agent_entry("changed", agent, who.user_id, agent.updated_at)});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return agent;
}

// --- the scope's agents -------------------------------------------------------------------------

Task<Result<std::vector<Agent>>> Agents::usable(Principal who, std::size_t limit,
                                                std::size_t offset) const {
  AgentFilter filter{.owner = owner_seen_by(who), .limit = limit, .offset = offset, .shared = true};
  return store_.agents(std::move(who.scope), std::move(filter));
}

Task<Result<std::size_t>> Agents::count_usable(Principal who) const {
  AgentFilter filter{.owner = owner_seen_by(who), .shared = true};
  return store_.count_agents(std::move(who.scope), std::move(filter));
}

Task<Result<Agent>> Agents::make_default(Principal who) {
  std::string id(default_agent_id);
  auto there = co_await store_.agent(who.scope, id);
  if (!there) co_return fail(std::move(there.error()));
  if (*there) co_return std::move(**there);
  const Time now = clock_.now();
  Agent agent = default_agent(who.scope);
  agent.id = id;
  agent.slug = id;
  agent.name = "Default Agent";
  agent.created_at = now;
  agent.updated_at = now;
  agent.version_id = base::new_id(now);
  agent.version_number = 1;
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(PutAgent{.agent = agent, .new_version = first_version(who)});
  auto committed = co_await feed_.commit(std::move(unit));
  if (committed) co_return agent;
  if (committed.error().kind != ErrorKind::conflict) co_return fail(std::move(committed.error()));
  auto made = co_await get(who.scope, std::move(id));  // by somebody else meanwhile
  co_return made;
}

Task<Result<Agent>> Agents::open_to_guests(std::string id) const {
  auto agent = co_await store_.agent_open_to_guests(std::move(id));
  if (!agent) co_return fail(std::move(agent.error()));
  if (!*agent) co_return no_such_agent();
  co_return std::move(**agent);
}

// --- versions -----------------------------------------------------------------------------------

Task<Result<std::vector<AgentVersion>>> Agents::versions(Principal who, std::string id,
                                                         AgentVersionPage page) const {
  auto agent = co_await get(who, std::move(id));
  if (!agent) co_return fail(std::move(agent.error()));
  auto versions = co_await store_.agent_versions(who.scope, agent->id, page);
  co_return versions;
}

Task<Result<AgentVersion>> Agents::version(Scope scope, std::string agent_id,
                                           std::string version_id) const {
  auto found =
      co_await store_.agent_version(std::move(scope), std::move(agent_id), std::move(version_id));
  if (!found) co_return fail(std::move(found.error()));
  if (!*found) co_return no_such_version();
  co_return std::move(**found);
}

Task<Result<Agent>> Agents::roll_back(Principal who, std::string id, std::string version_id) {
  auto agent = co_await get(who, id);
  if (!agent) co_return agent;
  auto older = co_await version(who.scope, agent->id, std::move(version_id));
  if (!older) co_return fail(std::move(older.error()));
  std::string note = "Rollback to version " + std::to_string(older->number);
  Alter alter = [snapshot = std::move(older->snapshot)](Agent& changed) -> Result<bool> {
    if (snapshot_of(changed) == snapshot) return false;
    changed = with_snapshot(std::move(changed), snapshot);
    return true;
  };
  auto stored =
      co_await alter_noted(std::move(who), std::move(id), std::move(alter), std::move(note));
  co_return stored;
}

Task<Result<Agent>> Agents::set_canary(Principal who, std::string id, std::string version_id,
                                       int percent) {
  if (percent < 0 || percent > 100) {
    co_return fail(ErrorKind::invalid, "canary_percent must be between 0 and 100",
                   "canary_percent");
  }
  if (!version_id.empty()) {
    auto agent = co_await get(who, id);
    if (!agent) co_return agent;
    auto found = co_await version(who.scope, agent->id, version_id);
    if (!found) co_return fail(std::move(found.error()));
  }
  Alter alter = [version_id, percent](Agent& agent) -> Result<bool> {
    const int share = version_id.empty() ? 0 : percent;
    if (agent.canary_version_id == version_id && agent.canary_percent == share) return false;
    agent.canary_version_id = version_id;
    agent.canary_percent = share;
    return true;
  };
  auto stored = co_await this->alter(std::move(who), std::move(id), std::move(alter));
  co_return stored;
}

Task<Result<Agent>> Agents::at_version(Agent agent, std::string version_id) const {
  if (version_id.empty() || version_id == agent.version_id) co_return agent;
  auto found = co_await version(agent.scope, agent.id, std::move(version_id));
  if (!found) co_return fail(std::move(found.error()));
  agent.version_id = found->id;
  agent.version_number = found->number;
  co_return with_snapshot(std::move(agent), std::move(found->snapshot));
}

// --- values -------------------------------------------------------------------------------------

std::string slug_of(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      out.push_back(upper ? static_cast<char>(c - 'A' + 'a') : c);
    } else if (!out.empty() && out.back() != '-') {
      out.push_back('-');
    }
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out.empty() ? "agent" : out;
}

AgentSnapshot snapshot_of(const Agent& agent) {
  return {.instructions = agent.instructions,
          .settings = agent.settings,
          .tools = agent.tools,
          .profile = agent.profile};
}

Agent with_snapshot(Agent agent, AgentSnapshot snapshot) {
  agent.instructions = std::move(snapshot.instructions);
  agent.settings = std::move(snapshot.settings);
  agent.tools = std::move(snapshot.tools);
  agent.profile = std::move(snapshot.profile);
  return agent;
}

// FNV-1a, 32 bits, and a last mix, so that ids which differ in one place only spread too.
int canary_place(std::string_view thread_id) {
  std::uint32_t hash = 2166136261U;
  for (const char c : thread_id) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  hash ^= hash >> 16U;
  hash *= 0x85ebca6bU;
  hash ^= hash >> 13U;
  return static_cast<int>(hash % 100U);
}

VersionChoice version_for(const Agent& agent, std::string_view thread_id, std::string_view locked) {
  if (!locked.empty()) return {.id = std::string(locked), .bucket = "locked"};
  const bool canary =
      !agent.canary_version_id.empty() && canary_place(thread_id) < agent.canary_percent;
  if (canary) return {.id = agent.canary_version_id, .bucket = "canary"};
  return {.id = agent.version_id, .bucket = "current"};
}

}  // namespace colonnade::core
