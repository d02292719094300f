// The contract's examples (tandem-examples.jsonl): which are played against a server, by which
// test, and why the others are not. Those that a client reads are played against the C++ client in
// sdk/tandem.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "base/json.hpp"

namespace colonnade::tests {

inline std::map<std::string, base::Json> tandem_examples() {
  std::ifstream file(std::string(COLONNADE_CONTRACTS) + "/tandem-examples.jsonl");
  std::map<std::string, base::Json> out;
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    base::Json row = base::Json::parse(line);
    std::string name = row.at("name");
    out.emplace(std::move(name), std::move(row));
  }
  return out;
}

// Every member that the example has, with a value of its type. A null of the example's is a value
// that may be there or not (tandem §1.7: what is absent is left out).
inline void has_members(const base::Json& example, const base::Json& actual,
                        const std::string& where) {
  if (example.is_null()) return;
  const bool numbers = example.is_number() && actual.is_number() &&
                       (actual.is_number_integer() || !example.is_number_integer());
  ASSERT_TRUE(numbers || example.type() == actual.type())
      << where << " is " << actual.dump() << ", the example has " << example.dump();
  if (example.is_object()) {
    for (const auto& [name, value] : example.items()) {
      if (value.is_null() && !actual.contains(name)) continue;
      ASSERT_TRUE(actual.contains(name)) << where << " lacks " << name << ": " << actual.dump();
      has_members(value, actual.at(name), where + "." + name);
    }
  } else if (example.is_array() && !example.empty()) {
    ASSERT_FALSE(actual.empty()) << where;
    for (std::size_t i = 0; i < std::min(example.size(), actual.size()); ++i) {
      has_members(example[i], actual[i], where + "[" + std::to_string(i) + "]");
    }
  }
}

using PlayedRows = std::map<std::string, std::set<std::string>>;

// The rows that each test plays, by the test's name.
inline const PlayedRows& played_tandem_rows() {  // long: a row for each test
  static const PlayedRows tests = {
      {"OfTheDoor", {"client.health", "error.auth_required"}},
      {"OfTools", {"client.list_tool_ids", "client.list_tools", "client.execute_tool"}},
      {"OfSessions",
       {"sessions.create", "sessions.create.with_model", "sessions.list", "sessions.get",
        "sessions.messages", "sessions.todos", "sessions.active_run.none", "sessions.diff",
        "sessions.revert", "sessions.unrevert", "sessions.summarize", "sessions.fork",
        "sessions.children", "sessions.attach", "sessions.update", "sessions.delete"}},
      {"OfRuns",
       {"sessions.prompt_async", "sessions.prompt_sync", "client.run_events",
        "sessions.prompt_async.routing", "sessions.prompt_async.not_found", "sessions.active_run",
        "sessions.abort", "sessions.cancel", "sessions.cancel_run",
        "sessions.prompt_async.conflict", "event.session.run.conflict",
        "sessions.prompt_async_parts"}},
      {"OfPermissionsAndQuestions",
       {"permissions.list", "permissions.reply", "permissions.reply.invalid",
        "permissions.reply.not_found", "questions.list", "questions.reply"}},
      {"OfEvents",
       {"event.server.connected",
        "event.engine.lifecycle.ready",
        "event.session.run.started",
        "event.session.status",
        "event.session.response.delta",
        "event.session.tool_call",
        "event.session.tool_result",
        "event.message.part.updated.text",
        "event.message.part.updated.tool_running",
        "event.message.part.updated.tool_completed",
        "event.todo.updated",
        "event.provider.usage",
        "event.session.updated",
        "event.run.completed",
        "event.session.run.finished",
        "event.permission.asked",
        "event.permission.request",
        "event.permission.replied",
        "event.session.tool_result.failed",
        "event.question.asked",
        "event.session.error",
        "event.run.failed"}},
      {"OfProviders",
       {"providers.set_api_key", "providers.auth_status", "providers.set_defaults",
        "providers.config", "providers.set_defaults.secret_rejected", "providers.catalog"}},
      {"OfMcpServers",
       {"mcp.add", "mcp.connect", "mcp.list", "mcp.list_tools", "mcp.list_resources", "mcp.refresh",
        "mcp.connect.failed", "mcp.disconnect", "mcp.set_enabled", "mcp.delete",
        "mcp.list.failed_server"}},
      {"OfMemory",
       {"memory.put", "memory.search", "memory.list", "memory.audit", "memory.promote",
        "memory.demote", "memory.delete", "engine046.memory.put"}},
      {"OfPacks",
       {"packs.detect", "event.pack.detected", "packs.install", "packs.list", "packs.inspect",
        "packs.export", "packs.updates", "packs.update", "packs.uninstall.nothing_named",
        "packs.uninstall"}},
      {"OfCapabilities",
       {"capabilities.get_bindings", "capabilities.set_bindings", "capabilities.discovery",
        "capabilities.resolve", "capabilities.resolve.missing"}},
      {"OfRoutines",
       {"routines.create", "routines.create.bad_schedule", "engine046.routines.create",
        "routines.list", "routines.update", "routines.delete", "routines.delete.not_found",
        "routines.run_now", "routines.list_runs", "routines.get_runs_for_routine",
        "routines.get_run", "routines.list_artifacts", "routines.add_artifact",
        "routines.deny_run.conflict", "routines.history", "event.routine.fired",
        "event.routine.run.completed"}},
      {"OfRunsThatHumansDecideOn",
       {"routines.run_now.blocked", "routines.approve_run", "routines.pause_run",
        "routines.resume_run"}},
      {"OfAutomationsV2",
       {"automations_v2.create", "automations_v2.create.unknown_node", "automations_v2.list",
        "automations_v2.get", "automations_v2.get.not_found", "automations_v2.update",
        "automations_v2.delete", "automations_v2.run_now", "automations_v2.pause",
        "automations_v2.resume", "automations_v2.list_runs", "automations_v2.pause_run",
        "automations_v2.resume_run", "automations_v2.cancel_run",
        "automations_v2.cancel_run.terminal"}},
      {"OfRunsOfAutomationsV2",
       {"automations_v2.get_run", "engine046.automations_v2.get_run.awaiting_approval",
        "automations_v2.gate", "event.automation.v2.run.created"}},
      {"OfAutomations",
       {"automations.create", "automations.create.routine_shaped", "automations.create.invalid",
        "automations.run_now", "automations.get_run", "event.automations.run.completed"}},
  };
  return tests;
}

// That a test played what the table says.
inline void expect_played(const std::set<std::string>& played) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const auto found = played_tandem_rows().find(test->name());
  ASSERT_NE(found, played_tandem_rows().end()) << test->name() << " is not in the table";
  EXPECT_EQ(played, found->second) << "the table of tandem_examples.hpp says otherwise";
}

}  // namespace colonnade::tests
