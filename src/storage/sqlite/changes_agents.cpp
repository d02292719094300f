// Agents and the servers of their tools.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/agent_codec.hpp"
#include "storage/event_codec.hpp"
#include "storage/sqlite/change_results.hpp"
#include "storage/sqlite/changes.hpp"
#include "storage/sqlite/rows.hpp"

namespace colonnade::storage::sqlite {

Result<void> Changes::on(const core::Scope& scope, const core::PutAgent& change) {
  const core::Agent& a = change.agent;
  const std::string settings = settings_text(a.settings);
  const std::optional<std::string> tools = names_text(a.tools);
  const std::string servers = *names_text(a.tool_servers);
  for (const std::string& server : change.servers_needed) {
    const auto there = database_.number(
        "SELECT count(*) FROM tool_servers WHERE id = ?1 AND scope = ?2", server, scope.key());
    if (!there) return fail(there.error());
    if (*there == 0) return fail(ErrorKind::not_found, "no such tool server", "tool_server");
  }
  const std::string profile = profile_text(a.profile);
  const auto is_put =
      a.version == 1
          ? inserted(
                write("INSERT INTO agents (scope, id, version, name, description, settings, tools,"
                      " created_at, updated_at, instructions, owner, memory, tool_servers, slug,"
                      " profile, active, open_to_guests, version_id, version_number,"
                      " canary_version_id, canary_percent)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,"
                      " ?16, ?17, ?18, ?19, ?20, ?21)",
                      scope.key(), a.id, a.version, a.name, a.description, settings, tools,
                      a.created_at, a.updated_at, a.instructions, a.owner,
                      core::to_string(a.memory), servers, a.slug, profile, a.active,
                      a.open_to_guests, a.version_id, a.version_number, a.canary_version_id,
                      a.canary_percent),
                "agent", a.id)
          : one_row(write("UPDATE agents SET version = ?3, name = ?4, description = ?5,"
                          " settings = ?6, tools = ?7, created_at = ?8, updated_at = ?9,"
                          " instructions = ?10, owner = ?11, memory = ?12, tool_servers = ?13,"
                          " slug = ?14, profile = ?15, active = ?16, open_to_guests = ?17,"
                          " version_id = ?18, version_number = ?19, canary_version_id = ?20,"
                          " canary_percent = ?21"
                          " WHERE id = ?2 AND scope = ?1 AND version + 1 = ?3",
                          scope.key(), a.id, a.version, a.name, a.description, settings, tools,
                          a.created_at, a.updated_at, a.instructions, a.owner,
                          core::to_string(a.memory), servers, a.slug, profile, a.active,
                          a.open_to_guests, a.version_id, a.version_number, a.canary_version_id,
                          a.canary_percent),
                    [&] {
                      return fail(ErrorKind::conflict,
                                  quoted("agent", a.id) + " was changed by somebody else");
                    });
  if (!is_put) return is_put;
  // A row without a number is what the agent was, but no version of it.
  const bool versioned = change.new_version.has_value();
  const auto version_id = versioned ? std::optional<std::string>(a.version_id) : std::nullopt;
  const auto number = versioned ? std::optional<std::int64_t>(a.version_number) : std::nullopt;
  const core::NewAgentVersion note = change.new_version.value_or(core::NewAgentVersion{});
  return inserted(
      write("INSERT INTO agent_versions (scope, id, version, name, description, settings, tools,"
            " created_at, updated_at, instructions, owner, memory, tool_servers, profile,"
            " version_id, number, created_by, note)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
            " ?18)",
            scope.key(), a.id, a.version, a.name, a.description, settings, tools, a.created_at,
            a.updated_at, a.instructions, a.owner, core::to_string(a.memory), servers, profile,
            version_id, number, note.created_by, note.note),
      "version", a.version_id);
}

Result<void> Changes::on(const core::Scope& scope, const core::DeleteAgent& change) {
  const auto gone =
      one_row(write("DELETE FROM agents WHERE id = ?1 AND scope = ?2", change.id, scope.key()),
              [&] { return missing("agent", change.id); });
  if (!gone) return gone;
  const auto versions = any_row(
      write("DELETE FROM agent_versions WHERE id = ?1 AND scope = ?2", change.id, scope.key()));
  if (!versions) return versions;
  return erase_threads_of(scope, change.id, change.at);
}

Result<void> Changes::on(const core::Scope& scope, const core::PutToolServer& change) {
  const core::ToolServer& s = change.server;
  return inserted(
      write("INSERT INTO tool_servers (" COLONNADE_TOOL_SERVER_COLUMNS
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            s.id, scope.key(), s.name, core::to_string(s.transport), *names_text(s.command), s.url,
            s.sealed_secrets, s.created_at, s.enabled ? 1 : 0, s.for_default_agent ? 1 : 0),
      "tool server", s.name);
}

Result<void> Changes::on(const core::Scope& scope, const core::ReplaceToolServer& change) {
  const core::ToolServer& s = change.server;
  return one_row(write("UPDATE tool_servers SET transport = ?3, command = ?4, url = ?5,"
                       " sealed_secrets = ?6, enabled = ?7, for_default_agent = ?8"
                       " WHERE id = ?1 AND scope = ?2",
                       s.id, scope.key(), core::to_string(s.transport), *names_text(s.command),
                       s.url, s.sealed_secrets, s.enabled ? 1 : 0, s.for_default_agent ? 1 : 0),
                 [&] { return missing("tool server", s.id); });
}

Result<void> Changes::on(const core::Scope& scope, const core::DeleteToolServer& change) {
  const auto gone = one_row(
      write("DELETE FROM tool_servers WHERE id = ?1 AND scope = ?2", change.id, scope.key()),
      [&] { return missing("tool server", change.id); });
  if (!gone) return gone;
  const auto agents =
      database_.all<core::Agent>("SELECT " COLONNADE_AGENT_COLUMNS
                                 " FROM agents WHERE scope = ?1 AND EXISTS"
                                 " (SELECT 1 FROM json_each(tool_servers) WHERE value = ?2)",
                                 read_agent, scope.key(), change.id);
  if (!agents) return fail(agents.error());
  for (core::Agent agent : *agents) {
    std::erase(agent.tool_servers, change.id);
    ++agent.version;
    agent.updated_at = change.at;
    if (auto put = on(scope, core::PutAgent{.agent = std::move(agent)}); !put) return put;
  }
  return any_row(
      write("DELETE FROM tool_pins WHERE server_id = ?1 AND scope = ?2", change.id, scope.key()));
}

Result<void> Changes::on(const core::Scope& scope, const core::KeepToolPins& change) {
  return any_row(
      write("INSERT INTO tool_pins (server_id, scope, pins) VALUES (?1, ?2, ?3)"
            " ON CONFLICT (server_id, scope) DO UPDATE SET pins = excluded.pins",
            change.server_id, scope.key(), change.pins));
}

}  // namespace colonnade::storage::sqlite
