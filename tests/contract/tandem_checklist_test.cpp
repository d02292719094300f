// The calls of tandem §2, row by row: what each client sends, and what its models demand of the
// answer (tandem §1.7). The number of a row is in the test's name: 2_2_04 is the fourth call of
// §2.2. numbered_elsewhere() says where the others are. The checklist of §1.9 is the C++ client's:
// sdk/tandem/real_engine_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filled.hpp"
#include "tandem_server.hpp"
#include "tools/builtin/question.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

// What a row needs before it.
enum class Before {
  nothing,
  session,   // {id}
  finished,  // a session {id} with a run {run} that has ended
  busy,      // the same, under way
  asked,     // the same, which waits for {request}
  question,  // the same, which waits for the answer to {request}
  vendor,    // a key of openrouter's
  server,    // an MCP server "arcade", connected
  memory,    // a memory {memory} of the run "run-1"
  resource,  // a resource "plan/today"
  routine,   // a routine {routine} with a run {routine_run}, which waits for approval
};

struct Row {
  const char* number;
  const char* name;
  Before before;
  const char* method;
  const char* target;
  const char* body;  // "" for none
  int status;
  // Members that have to be there, with their types: "id:string time.created:integer". `[]` is the
  // first of a list.
  const char* members;
};

constexpr Row rows[] = {
    {"2_1_01", "health", Before::nothing, "GET", "/global/health", "", 200,
     "ready:boolean phase:string healthy:boolean"},
    {"2_1_02", "list_tool_ids", Before::nothing, "GET", "/tool/ids", "", 200, "[]:string"},
    {"2_1_03", "list_tools", Before::nothing, "GET", "/tool", "", 200,
     "[].name:string [].description:string [].input_schema:object"},
    {"2_1_04", "execute_tool", Before::nothing, "POST", "/tool/execute",
     R"({"tool":"calculator","args":{"expression":"6*7"}})", 200, "output:string metadata:object"},
    {"2_1_05", "stream", Before::nothing, "GET", "/event?sessionID=none", "", 404,
     "error:string code:string"},
    {"2_1_07", "run_events", Before::finished, "GET", "/run/{run}/events?since_seq=0&tail=50", "",
     200, "[].type:string [].properties:object [].sessionID:string [].runID:string"},
    {"2_2_01", "create", Before::nothing, "POST", "/session",
     R"({"title":"Tandem SDK Session","directory":"."})", 200,
     "id:string title:string directory:string createdAtMs:integer time.created:integer"},
    {"2_2_02", "list", Before::session, "GET", "/session?q=SDK&page=1&page_size=20&archived=false",
     "", 200, "sessions[].id:string sessions[].title:string count:integer"},
    {"2_2_03", "get", Before::session, "GET", "/session/{id}", "", 200, "id:string title:string"},
    {"2_2_04", "update", Before::session, "PATCH", "/session/{id}",
     R"({"title":"Renamed","archived":true})", 200, "id:string title:string archived:boolean"},
    {"2_2_05", "remove", Before::session, "DELETE", "/session/{id}", "", 200, "deleted:boolean"},
    {"2_2_06", "messages", Before::finished, "GET", "/session/{id}/message", "", 200,
     "[].info.id:string [].info.role:string [].info.time.created:integer [].parts[].type:string"},
    {"2_2_07", "todos", Before::session, "GET", "/session/{id}/todo", "", 200, ":array"},
    {"2_2_08", "active_run", Before::busy, "GET", "/session/{id}/run", "", 200,
     "active.runID:string active.startedAtMs:integer active.lastActivityAtMs:integer "
     "active.attachEventStream:string"},
    {"2_2_09", "prompt_async", Before::session, "POST", "/session/{id}/prompt_async?return=run",
     R"({"parts":[{"type":"text","text":"hi"}],"toolMode":"auto","contextMode":"full"})", 202,
     "runID:string attachEventStream:string"},
    {"2_2_10", "prompt_async_parts", Before::session, "POST",
     "/session/{id}/prompt_async?return=run",
     R"({"parts":[{"type":"file","mime":"text/plain","filename":"a.txt","url":"data:,hello"},)"
     R"({"type":"text","text":"hi"}],"tool_allowlist":["read","mcp.files.*"]})",
     202, "runID:string"},
    {"2_2_11", "prompt_sync", Before::session, "POST", "/session/{id}/prompt_sync",
     R"({"parts":[{"type":"text","text":"hi"}]})", 200, "reply:string"},
    {"2_2_12", "abort", Before::busy, "POST", "/session/{id}/abort", "{}", 200,
     "ok:boolean cancelled:boolean closedBrowserSessions:integer"},
    {"2_2_12", "cancel", Before::session, "POST", "/session/{id}/cancel", "{}", 200,
     "ok:boolean cancelled:boolean"},
    {"2_2_13", "cancel_run", Before::busy, "POST", "/session/{id}/run/{run}/cancel", "{}", 200,
     "ok:boolean cancelled:boolean"},
    {"2_2_14", "fork", Before::finished, "POST", "/session/{id}/fork", "{}", 200,
     "id:string title:string ok:boolean session.id:string"},
    {"2_2_15", "children", Before::session, "GET", "/session/{id}/children", "", 200,
     "sessions:array count:integer"},
    {"2_2_16", "diff", Before::finished, "GET", "/session/{id}/diff", "", 200,
     "diff:string files:array sessionID:string currentMessageCount:integer delta:integer"},
    {"2_2_17", "revert", Before::finished, "POST", "/session/{id}/revert", "{}", 200, "ok:boolean"},
    {"2_2_17", "unrevert", Before::finished, "POST", "/session/{id}/unrevert", "{}", 200,
     "ok:boolean"},
    {"2_2_18", "summarize", Before::session, "POST", "/session/{id}/summarize", "{}", 200,
     "ok:boolean summary:string"},
    {"2_2_19", "attach", Before::session, "POST", "/session/{id}/attach",
     R"({"target_workspace":"/srv/elsewhere","reason_tag":"manual"})", 200,
     "id:string title:string attachedToWorkspace:string attachTimestampMs:integer"},
    {"2_3_01", "permissions_list", Before::asked, "GET", "/permission", "", 200,
     "requests[].id:string requests[].sessionID:string requests[].permission:string "
     "requests[].status:string rules:array"},
    {"2_3_02", "permissions_reply", Before::asked, "POST", "/permission/{request}/reply",
     R"({"reply":"deny"})", 200,
     "ok:boolean requestID:string reply:string status:string persistedRule:boolean"},
    {"2_3_03", "questions_list", Before::question, "GET", "/question", "", 200,
     "[].id:string [].sessionID:string [].questions[].question:string [].status:string"},
    {"2_3_04", "questions_reply", Before::question, "POST", "/question/{request}/reply",
     R"({"answer":"blue"})", 200, "ok:boolean"},
    {"2_3_05", "questions_reject", Before::question, "POST", "/question/{request}/reject", "{}",
     200, "ok:boolean"},
    {"2_3_06", "approve_route", Before::asked, "POST", "/sessions/{id}/tools/{request}/approve",
     "{}", 200, "ok:boolean"},
    {"2_4_01", "providers_catalog", Before::vendor, "GET", "/provider", "", 200,
     "all[].id:string all[].name:string all[].models:object all[].catalog_source:string "
     "all[].catalog_status:string connected[]:string default:string"},
    {"2_4_02", "providers_config", Before::vendor, "GET", "/config/providers", "", 200,
     "providers.openrouter.api_key:string default:string"},
    {"2_4_03", "providers_set_defaults", Before::nothing, "PATCH", "/config",
     R"({"default_provider":"scripted","providers":{"scripted":{"default_model":"m"}}})", 200,
     "effective.default_provider:string effective.providers.scripted.default_model:string"},
    {"2_4_04", "providers_set_api_key", Before::nothing, "PUT", "/auth/OpenRouter",
     R"({"apiKey":"sk-or-test"})", 200, "ok:boolean id:string backend:string"},
    {"2_4_05", "providers_auth_status", Before::vendor, "GET", "/provider/auth", "", 200,
     "providers.openrouter.has_key:boolean providers.openrouter.configured:boolean "
     "providers.openrouter.connected:boolean providers.openrouter.source:string"},
    {"2_4_06", "remove_key", Before::vendor, "DELETE", "/auth/openrouter", "", 200, "ok:boolean"},
    {"2_4_07", "config_get", Before::nothing, "GET", "/config", "", 200,
     "effective:object layers:object"},
    {"2_4_07", "global_config_get", Before::nothing, "GET", "/global/config", "", 200,
     "effective:object layers:object"},
    {"2_4_07", "global_config_patch", Before::nothing, "PATCH", "/global/config",
     R"({"default_provider":"scripted"})", 200, "effective.default_provider:string"},
    {"2_5_01", "routines_list", Before::routine, "GET", "/routines", "", 200,
     "routines[].id:string routines[].routine_id:string routines[].status:string count:integer"},
    {"2_5_02", "routines_create", Before::nothing, "POST", "/routines",
     R"({"name":"Daily digest","schedule":"0 8 * * *","prompt":"Summarize","entrypoint":)"
     R"("Summarize","allowed_tools":["read"]})",
     200,
     "routine.id:string routine.name:string routine.status:string routine.schedule.cron:object "
     "routine.timezone:string routine.misfire_policy.type:string routine.entrypoint:string "
     "routine.args:object routine.allowed_tools[]:string routine.output_targets:array "
     "routine.creator_type:string routine.creator_id:string routine.requires_approval:boolean "
     "routine.external_integrations_allowed:boolean routine.next_fire_at_ms:integer"},
    {"2_5_02", "routines_create_of_npms_client", Before::nothing, "POST", "/routines",
     R"({"name":"Daily digest","schedule":{"type":"interval","intervalMs":60000},)"
     R"("misfirePolicy":"run_late","entrypoint":"x","allowedTools":["read"],)"
     R"("requiresApproval":false,"externalIntegrationsAllowed":true})",
     200, "routine.id:string routine.schedule.interval_seconds.seconds:integer"},
    {"2_5_03", "routines_update", Before::routine, "PATCH", "/routines/{routine}",
     R"({"status":"paused"})", 200, "id:string status:string routine.id:string"},
    {"2_5_04", "routines_delete", Before::routine, "DELETE", "/routines/{routine}", "", 200,
     "deleted:boolean routineID:string"},
    {"2_5_05", "routines_run_now", Before::routine, "POST", "/routines/{routine}/run_now", "{}",
     200, "ok:boolean routineID:string runID:string runCount:integer firedAtMs:integer"},
    {"2_5_06", "routines_list_runs", Before::routine, "GET",
     "/routines/runs?limit=25&routine_id={routine}", "", 200,
     "runs[].run_id:string runs[].routine_id:string runs[].trigger_type:string "
     "runs[].status:string runs[].artifacts:array count:integer"},
    {"2_5_07", "get_runs_for_routine", Before::routine, "GET", "/routines/{routine}/runs?limit=25",
     "", 200, "routineID:string runs[].run_id:string count:integer"},
    {"2_5_08", "routines_get_run", Before::routine, "GET", "/routines/runs/{routine_run}", "", 200,
     "run.run_id:string id:string run_id:string routine_id:string status:string"},
    {"2_5_09", "list_artifacts", Before::routine, "GET", "/routines/runs/{routine_run}/artifacts",
     "", 200, "runID:string artifacts:array count:integer"},
    {"2_5_10", "add_artifact", Before::routine, "POST", "/routines/runs/{routine_run}/artifacts",
     R"({"uri":"file://a.md","kind":"file","label":"A"})", 200,
     "ok:boolean run.artifacts[].artifact_id:string run.artifacts[].uri:string"},
    {"2_5_11", "approve_run", Before::routine, "POST", "/routines/runs/{routine_run}/approve",
     R"({"reason":""})", 200, "ok:boolean run.approval_reason:string"},
    {"2_5_11", "deny_run", Before::routine, "POST", "/routines/runs/{routine_run}/deny", "{}", 200,
     "ok:boolean run.denial_reason:string"},
    {"2_5_11", "pause_run", Before::routine, "POST", "/routines/runs/{routine_run}/pause", "{}",
     409, "error:string code:string runID:string"},
    {"2_5_11", "resume_run", Before::routine, "POST", "/routines/runs/{routine_run}/resume", "{}",
     409, "error:string code:string runID:string"},
    {"2_5_12", "history", Before::routine, "GET", "/routines/{routine}/history?limit=5", "", 200,
     "routineID:string events[].routine_id:string events[].trigger_type:string "
     "events[].run_count:integer events[].fired_at_ms:integer events[].status:string "
     "history[].event:string history[].ts_ms:integer count:integer"},
    {"2_14_04", "automations_list", Before::routine, "GET", "/automations", "", 200,
     "automations[].id:string automations[].automation_id:string automations[].mode:string "
     "automations[].mission.objective:string automations[].policy.tool.run_allowlist:array "
     "automations[].policy.approval.requires_approval:boolean count:integer"},
    {"2_14_04", "automations_create", Before::nothing, "POST", "/automations",
     R"({"name":"Mission","schedule":"0 8 * * *","mission":{"objective":"Summarize"}})", 200,
     "automation.id:string automation.automation_id:string automation.status:string "
     "automation.mission.success_criteria:array automation.next_fire_at_ms:integer"},
    {"2_14_04", "automations_update", Before::routine, "PATCH", "/automations/{routine}",
     R"({"status":"paused"})", 200, "id:string status:string automation.id:string"},
    {"2_14_04", "automations_delete", Before::routine, "DELETE", "/automations/{routine}", "", 200,
     "deleted:boolean automationID:string"},
    {"2_14_04", "automations_run_now", Before::routine, "POST", "/automations/{routine}/run_now",
     "{}", 200, "ok:boolean automationID:string runID:string run.automation_id:string"},
    {"2_14_04", "automations_list_runs", Before::routine, "GET",
     "/automations/runs?automation_id={routine}", "", 200,
     "runs[].automation_id:string count:integer"},
    {"2_14_04", "automations_runs_of_one", Before::routine, "GET", "/automations/{routine}/runs",
     "", 200, "automationID:string runs[].run_id:string count:integer"},
    {"2_14_04", "automations_get_run", Before::routine, "GET", "/automations/runs/{routine_run}",
     "", 200, "run.run_id:string automation_id:string status:string"},
    {"2_14_04", "automations_artifacts", Before::routine, "GET",
     "/automations/runs/{routine_run}/artifacts", "", 200,
     "runID:string automationRunID:string artifacts:array count:integer"},
    {"2_14_04", "automations_add_artifact", Before::routine, "POST",
     "/automations/runs/{routine_run}/artifacts", R"({"uri":"x","kind":"link"})", 200,
     "ok:boolean run.artifacts[].uri:string"},
    {"2_14_04", "automations_approve", Before::routine, "POST",
     "/automations/runs/{routine_run}/approve", "{}", 200, "ok:boolean run.run_id:string"},
    {"2_14_04", "automations_deny", Before::routine, "POST", "/automations/runs/{routine_run}/deny",
     "{}", 200, "ok:boolean run.run_id:string"},
    {"2_14_04", "automations_history", Before::routine, "GET", "/automations/{routine}/history", "",
     200, "automationID:string events[].automation_id:string count:integer"},
    {"2_9_01", "mcp_list", Before::server, "GET", "/mcp", "", 200,
     "arcade.name:string arcade.transport:string arcade.enabled:boolean arcade.connected:boolean "
     "arcade.headers:object arcade.tool_cache[].tool_name:string "
     "arcade.tool_cache[].input_schema:object arcade.tool_cache[].schema_hash:string"},
    {"2_9_02", "mcp_list_tools", Before::server, "GET", "/mcp/tools", "", 200,
     "[].server_name:string [].tool_name:string [].namespaced_name:string [].description:string "
     "[].input_schema:object [].fetched_at_ms:integer [].schema_hash:string"},
    {"2_9_03", "mcp_list_resources", Before::server, "GET", "/mcp/resources", "", 200,
     "[].server:string [].resources[].uri:string [].resources[].name:string"},
    {"2_9_04", "mcp_add", Before::nothing, "POST", "/mcp",
     R"({"name":"arcade","transport":"https://mcp.example.com/mcp","enabled":true,)"
     R"("headers":{"Authorization":"Bearer k"}})",
     200, "ok:boolean"},
    {"2_9_05", "mcp_connect", Before::server, "POST", "/mcp/arcade/connect", "", 200, "ok:boolean"},
    {"2_9_05", "mcp_disconnect", Before::server, "POST", "/mcp/arcade/disconnect", "", 200,
     "ok:boolean"},
    {"2_9_05", "mcp_refresh", Before::server, "POST", "/mcp/arcade/refresh", "", 200,
     "ok:boolean count:integer"},
    {"2_9_06", "mcp_set_enabled", Before::server, "PATCH", "/mcp/arcade", R"({"enabled":false})",
     200, "ok:boolean"},
    {"2_9_07", "mcp_delete", Before::server, "DELETE", "/mcp/arcade", "", 200,
     "ok:boolean removedToolCount:integer"},
    {"2_9_08", "mcp_auth", Before::server, "POST", "/mcp/arcade/auth", "{}", 200, ":object"},
    {"2_9_08", "mcp_delete_auth", Before::server, "DELETE", "/mcp/arcade/auth", "", 200, ":object"},
    {"2_9_08", "mcp_authenticate", Before::server, "POST", "/mcp/arcade/auth/authenticate", "{}",
     200, ":object"},
    {"2_13_01", "memory_put", Before::nothing, "POST", "/memory/put",
     R"({"text":"Use WAL mode","tags":["sqlite"],"run_id":"run-1"})", 200,
     "id:string stored:boolean tier:string partition_key:string audit_id:string"},
    {"2_13_01", "memory_put_of_npms_client", Before::nothing, "POST", "/memory/put",
     R"({"text":"Use WAL mode","sessionId":"s","runId":"run-1"})", 200, "id:string"},
    {"2_13_02", "memory_search", Before::memory, "POST", "/memory/search",
     R"({"query":"wal","limit":5})", 200,
     "results[].id:string results[].content:string results[].score:number "
     "results[].source_type:string results[].run_id:string results[].tier:string "
     "results[].kind:string results[].classification:string results[].visibility:string "
     "results[].created_at_ms:integer results[].artifact_refs:array results[].linkage:object "
     "count:integer scopes_used:array blocked_scopes:array audit_id:string"},
    {"2_13_03", "memory_list", Before::memory, "GET",
     "/memory?q=wal&limit=5&offset=0&user_id=user-123", "", 200,
     "items[].id:string items[].content:string items[].text:string count:integer "
     "offset:integer limit:integer"},
    {"2_13_04", "memory_promote", Before::memory, "POST", "/memory/promote", R"({"id":"{memory}"})",
     200,
     "ok:boolean id:string promoted:boolean to_tier:string scrub_report.status:string "
     "scrub_report.redactions:integer audit_id:string"},
    {"2_13_05", "memory_demote", Before::memory, "POST", "/memory/demote",
     R"({"id":"{memory}","run_id":"run-1"})", 200, "ok:boolean audit_id:string"},
    {"2_13_06", "memory_delete", Before::memory, "DELETE", "/memory/{memory}", "", 200,
     "ok:boolean audit_id:string"},
    {"2_13_07", "memory_audit", Before::memory, "GET", "/memory/audit?run_id=run-1&limit=10", "",
     200,
     "events:array entries[].id:string entries[].ts_ms:integer entries[].action:string "
     "entries[].run_id:string count:integer"},
    {"2_14_11", "identity_get", Before::nothing, "GET", "/config/identity", "", 200,
     "identity.bot.canonical_name:string identity.bot.aliases:object "
     "identity.personality.default.preset:string identity.personality.per_agent:object "
     "presets[].id:string presets[].label:string presets[].description:string"},
    {"2_14_11", "identity_patch", Before::nothing, "PATCH", "/config/identity",
     R"({"bot":{"canonical_name":"Ada"}})", 200, "identity.bot.canonical_name:string"},
    {"2_14_14", "skills_list", Before::nothing, "GET", "/skills", "", 200,
     "skills[].name:string skills[].description:string count:integer"},
    {"2_14_14", "skills_get", Before::nothing, "GET", "/skills/plan", "", 200,
     "name:string description:string content:string"},
    {"2_14_14", "skills_templates", Before::nothing, "GET", "/skills/templates", "", 200,
     "templates:array count:integer"},
    {"2_14_15", "resources_list", Before::resource, "GET", "/resource?prefix=plan/&limit=5", "",
     200, "items[].key:string items[].rev:integer items[].updated_at_ms:integer count:integer"},
    {"2_14_15", "resources_write", Before::nothing, "PUT", "/resource",
     R"({"key":"plan/today","value":1})", 200, "ok:boolean rev:integer"},
    {"2_14_15", "resources_get", Before::resource, "GET", "/resource/plan/today", "", 200,
     "key:string rev:integer updated_at_ms:integer"},
    {"2_14_15", "resources_put_key", Before::resource, "PUT", "/resource/plan/today",
     R"({"value":2})", 200, "ok:boolean rev:integer"},
    {"2_14_15", "resources_patch_key", Before::resource, "PATCH", "/resource/plan/today",
     R"({"a":2})", 200, "rev:integer"},
    {"2_14_15", "resources_delete_key", Before::resource, "DELETE", "/resource/plan/today", "", 200,
     "ok:boolean key:string"},
};

// How many rows the tables of §2 have, as far as they are about what this server has. §2.4 has
// further routes below its table: 6 and 7.
struct Table {
  const char* section;
  int rows;
};
constexpr Table tables[] = {{"2_1", 7},  {"2_2", 19}, {"2_3", 5},  {"2_4", 7},
                            {"2_5", 13}, {"2_9", 9},  {"2_13", 7}, {"2_14", 17}};

// Numbers without a row above, and why.
const std::map<std::string, std::string>& numbered_elsewhere() {
  static const std::string above = "with the section's own rows, above";
  static const std::string automation = "of the routes of automation, which are tested with them";
  static const std::string absent = "501: TandemDoor.WhatIsNotServedSaysSo";
  static const std::map<std::string, std::string> out = {
      {"2_1_06", "a stream without end: TandemSessions.StreamsAreFiltered"},
      {"2_9_09", "TOML and no JSON: TandemServices.AServerIsAddedConnectedRefreshedAndRemoved"},
      {"2_14_01", above},
      {"2_14_02", above},
      {"2_5_13", "a stream without end: TandemRoutines.AStreamOfOneRoutineTellsOfNoOther"},
      {"2_14_03", above},
      {"2_14_05", automation},
      {"2_14_06", automation},
      {"2_14_07", automation},
      {"2_14_08", above},
      {"2_14_09", above + "; channels, packs and capabilities are " + automation},
      {"2_14_10", above},
      {"2_14_12", absent},
      {"2_14_13", automation},
      {"2_14_16", automation},
      {"2_14_17", absent},
  };
  return out;
}

// A tool that the gate asks about.
class ChangingTool final : public tools::Tool {
 public:
  ChangingTool() {
    definition_.name = "send";
    definition_.description = "Sends.";
    definition_.input_schema = {{"type", "object"}};
  }
  const core::ToolDefinition& definition() const override { return definition_; }
  tools::Effect effect() const override { return tools::Effect::changes; }
  bool uses_workspace() const override { return false; }
  base::Task<core::ToolOutcome> run(tools::ToolContext, Json, std::stop_token) override {
    co_return core::ToolOutcome{.content = "sent"};
  }

 private:
  core::ToolDefinition definition_;
};

EngineOptions checklist_tools(const TemporaryFolder& folder) {
  EngineOptions out;
  out.workspaces = folder.file("workspaces");
  out.extra_tools.push_back(std::make_unique<ChangingTool>());
  out.extra_tools.push_back(std::make_unique<tools::QuestionTool>());
  return out;
}

class TandemChecklist : public ::testing::TestWithParam<Row> {
 protected:
  TandemChecklist() {
    const std::filesystem::path skill(folder_.file("colonnade.db.skills/plan"));
    std::filesystem::create_directories(skill);
    std::ofstream(skill / "SKILL.md") << "---\nname: plan\ndescription: Plans.\n---\nThink.\n";
  }
  ScriptedProvider& model() { return *server_.engine.model; }
  // What the routes beside sessions stand on. False: a session is meant.
  bool prepare_service(Before before) {
    const auto sent = [this](const char* method, const char* target, const Json& body) {
      const Answer answer = server_.ask(method, target, body.dump());
      EXPECT_EQ(answer.status, 200) << target << answer.body;
      return answer.json();
    };
    switch (before) {
      case Before::nothing: return true;
      case Before::vendor: sent("PUT", "/auth/openrouter", {{"apiKey", "sk-or-test"}}); return true;
      case Before::server:
        sent("POST", "/mcp", {{"name", "arcade"}, {"transport", "https://mcp.example.com/mcp"}});
        sent("POST", "/mcp/arcade/connect", Json::object());
        return true;
      case Before::memory:
        things_["memory"] =
            sent("POST", "/memory/put", {{"text", "Use WAL mode"}, {"run_id", "run-1"}}).at("id");
        return true;
      case Before::resource:
        sent("PUT", "/resource", {{"key", "plan/today"}, {"value", {{"a", 1}}}});
        return true;
      case Before::routine:
        things_["routine"] = sent("POST", "/routines",
                                  {{"name", "Mail"},
                                   {"schedule", {{"type", "manual"}}},
                                   {"entrypoint", "connector.mail"},
                                   {"external_integrations_allowed", true}})
                                 .at("routine")
                                 .at("id");
        things_["routine_run"] =
            sent("POST", ("/routines/" + things_["routine"] + "/run_now").c_str(), Json::object())
                .at("runID");
        return true;
      default: return false;
    }
  }
  void prepare(Before before) {
    if (prepare_service(before)) return;
    things_["id"] = server_.post("/session", {{"title", "Tandem SDK Session"}}).json().at("id");
    const char* type = "session.run.finished";
    if (before == Before::session) {
      model().script({reply({core::TextPart{"Hello."}})});
      return;
    }
    if (before == Before::finished) {
      model().script({reply({core::TextPart{"Hello."}})});
    } else if (before == Before::busy) {
      model().script({text("Half"), Hold{}, reply({core::TextPart{"Half"}})});
      type = "session.run.started";
    } else {
      const bool question = before == Before::question;
      const Json arguments = question ? Json{{"question", "Which colour?"}} : Json::object();
      model().script({tool_call("c", question ? "question" : "send", arguments)});
      model().script({reply({core::TextPart{"Done."}})});
      type = question ? "question.asked" : "permission.request";
    }
    things_["run"] =
        server_.post("/session/" + things_["id"] + "/prompt_async?return=run", {{"text", "hi"}})
            .json()
            .at("runID");
    WireStream stream = server_.stream("/event?runID=" + things_["run"]);
    for (auto event = stream.next(); event; event = stream.next()) {
      const Json json = event->json();
      if (json.at("type") != type) continue;
      if (json.at("properties").contains("id")) things_["request"] = json.at("properties").at("id");
      return;
    }
    FAIL() << "no " << type;
  }
  std::string filled(std::string text) const { return tests::filled(std::move(text), things_); }
  static bool is_of(const Json& value, const std::string& type) {
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    if (type == "array") return value.is_array();
    return type == "object" && value.is_object();
  }
  // "sessions[].time.created:integer"
  static void expect_member(const Json& answer, const std::string& wanted) {
    const auto colon = wanted.find(':');
    const Json* at = &answer;
    std::string rest = wanted.substr(0, colon);
    while (!rest.empty()) {
      if (rest.starts_with("[]")) {
        ASSERT_TRUE(at->is_array() && !at->empty()) << wanted << " of " << answer;
        at = &at->front();
        rest.erase(0, 2);
      } else {
        const auto end = std::min(rest.find('.'), rest.find("[]"));
        const std::string name = rest.substr(0, end);
        ASSERT_TRUE(at->is_object() && at->contains(name)) << wanted << " of " << answer;
        at = &at->at(name);
        rest.erase(0, std::min(end, rest.size()));
      }
      if (rest.starts_with('.')) rest.erase(0, 1);
    }
    EXPECT_TRUE(is_of(*at, wanted.substr(colon + 1))) << wanted << " of " << answer;
  }
  // tandem §1.7: what is absent is left out, but for what may be null.
  static void expect_no_nulls(const Json& value, const std::string& where) {
    const bool may = where.ends_with(".active") || where.ends_with(".result") ||
                     where.ends_with(".error") || where.contains(".properties.") ||
                     where.contains(".linkage.");
    EXPECT_TRUE(may || !value.is_null()) << where;
    if (value.is_object()) {
      for (const auto& [name, each] : value.items()) expect_no_nulls(each, where + "." + name);
    } else if (value.is_array()) {
      for (const Json& each : value) expect_no_nulls(each, where + "[]");
    }
  }

  TemporaryFolder folder_;
  TandemServer server_{folder_.file("colonnade.db"), {.engine = checklist_tools(folder_)}};
  Things things_{};
};

TEST_P(TandemChecklist, IsAnsweredAsItsClientsDemand) {
  const Row& row = GetParam();
  prepare(row.before);
  const Answer answer = server_.ask(row.method, filled(row.target), filled(row.body));
  ASSERT_EQ(answer.status, row.status) << answer.body;
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  const Json json = answer.json();
  std::string members = row.members;
  while (!members.empty()) {
    const auto space = members.find(' ');
    expect_member(json, members.substr(0, space));
    members.erase(0, space == std::string::npos ? members.size() : space + 1);
  }
  expect_no_nulls(json, "answer");
}

// tandem §1.3: npm's client names a JSON type on every request, also on those without a body.
TEST_P(TandemChecklist, TakesTheHabitsOfNpmsClient) {
  const Row& row = GetParam();
  prepare(row.before);
  const bool empty = std::string_view(row.body) == "{}";
  const Answer answer = server_.ask(row.method, filled(row.target), empty ? "" : filled(row.body),
                                    {{"Content-Type", "application/json"}});
  EXPECT_EQ(answer.status, row.status) << answer.body;
}

TEST(TandemTables, EveryNumberHasARowOrAReason) {
  std::set<std::string> numbers;
  for (const Row& row : rows) numbers.insert(row.number);
  std::set<std::string> wanted;
  for (const Table& table : tables) {
    for (int i = 1; i <= table.rows; ++i) {
      const std::string number =
          std::string(table.section) + (i < 10 ? "_0" : "_") + std::to_string(i);
      wanted.insert(number);
      EXPECT_NE(numbers.contains(number), numbered_elsewhere().contains(number))
          << number << " needs a row or a reason, and not both";
    }
  }
  for (const auto& [number, reason] : numbered_elsewhere()) {
    EXPECT_TRUE(wanted.contains(number)) << number;
  }
  for (const std::string& number : numbers) {
    const bool known = wanted.contains(number) || number == "2_3_06";  // below its table
    EXPECT_TRUE(known) << number;
  }
}

std::string name_of(const ::testing::TestParamInfo<Row>& info) {
  return std::string("S") + info.param.number + "_" + info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Section, TandemChecklist, ::testing::ValuesIn(rows), name_of);

}  // namespace
}  // namespace colonnade::tests
