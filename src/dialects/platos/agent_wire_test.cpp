// Agents as the contract's examples have them (agents.* of the examples).
#include "dialects/platos/agent_wire.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace colonnade::dialects::platos {
namespace {

using base::Json;

constexpr std::string_view server_default = "anthropic:claude-sonnet";
const core::Scope scope_1("org_1", "prj_1", "env_1");
const base::Time made = *base::parse_rfc3339("2026-05-12T09:00:00Z");

core::Agent support() {
  core::Agent agent = agent_template(scope_1);
  agent.id = "cmagent0000support";
  agent.name = "Support";
  agent.slug = "support";
  agent.instructions = "You help {{user.name}}.";
  agent.settings.provider = "anthropic";
  agent.settings.model = "claude-sonnet";
  agent.created_at = made;
  agent.updated_at = made;
  agent.version_id = "cmver00000000000001";
  agent.version_number = 2;
  return agent;
}

const Json support_json = Json::parse(R"({"id": "cmagent0000support", "name": "Support",
  "slug": "support", "model": "anthropic:claude-sonnet", "systemPrompt": "You help {{user.name}}.",
  "promptBlocks": null, "dynamicBlocks": null, "maxSteps": 20, "contextLimit": 20,
  "historyMode": "rolling", "compactThreshold": 40, "enableUserProfiling": false,
  "toolMode": "direct", "toolsBlockConfig": null, "subAgentConfig": null, "memoryConfig": null,
  "metaTools": null, "featureFlags": null, "isActive": true, "organizationId": "org_1",
  "projectId": "prj_1", "environmentId": "env_1", "currentVersionId": "cmver00000000000001",
  "canaryVersionId": null, "canaryPercent": 0, "outputSchema": null, "extractionPolicy": null,
  "governanceConfig": null, "contextMapping": null, "visibility": "private",
  "providerKeyId": null, "modelRoutes": null, "agentRetryConfig": null, "enableThreading": false,
  "threadingConfig": null, "clusteringId": null, "createdAt": "2026-05-12T09:00:00.000Z",
  "updatedAt": "2026-05-12T09:00:00.000Z", "_count": {"threads": 3}})");

Json encoded(const core::Agent& agent) {
  return Json::parse(encode_agent({.agent = agent, .threads = 3}, server_default));
}

// agents.get
TEST(PlatosAgentWire, AnAgentIsAsInTheExample) { EXPECT_EQ(encoded(support()), support_json); }

// agents.list, agents.list empty
TEST(PlatosAgentWire, ListsAreObjects) {
  const AgentView view{.agent = support(), .threads = 3};
  EXPECT_EQ(Json::parse(encode_agents({&view, 1}, 1, server_default)),
            (Json{{"agents", {support_json}}, {"total", 1}}));
  EXPECT_EQ(Json::parse(encode_agents({}, 0, server_default)),
            Json::parse(R"({"agents": [], "total": 0})"));
  EXPECT_EQ(Json::parse(encode_rolled_back(view, server_default)), (Json{{"agent", support_json}}));
}

// agents.list_versions: the members of the example; a snapshot has more of them.
TEST(PlatosAgentWire, VersionsSayWhichIsCurrent) {
  core::Agent agent = support();
  agent.canary_version_id = "cmver00000000000000";
  std::vector<core::AgentVersion> versions{{.id = "cmver00000000000001",
                                            .agent_id = agent.id,
                                            .number = 2,
                                            .created_by = "usr_1",
                                            .snapshot = core::snapshot_of(agent),
                                            .created_at = made},
                                           {.id = "cmver00000000000000",
                                            .agent_id = agent.id,
                                            .number = 1,
                                            .created_by = "usr_1",
                                            .note = "Initial version",
                                            .created_at = made}};
  const Json page = Json::parse(encode_versions(
      {.versions = versions, .agent = &agent, .page_size = 2, .more = true}, server_default));
  EXPECT_EQ(page["nextCursor"], "1");
  EXPECT_EQ(page["pageSize"], 2);
  const Json& current = page["versions"][0];
  EXPECT_EQ(current["versionNumber"], 2);
  EXPECT_EQ(current["note"], nullptr);
  EXPECT_EQ(current["createdAt"], "2026-05-12T09:00:00.000Z");
  EXPECT_EQ(current["isCurrent"], true);
  EXPECT_EQ(current["isCanary"], false);
  EXPECT_EQ(current["snapshot"]["systemPrompt"], "You help {{user.name}}.");
  EXPECT_EQ(current["snapshot"]["maxSteps"], 20);
  EXPECT_EQ(current["snapshot"].count("name"), 0);
  EXPECT_EQ(page["versions"][1]["note"], "Initial version");
  EXPECT_EQ(page["versions"][1]["isCanary"], true);
  const Json last = Json::parse(
      encode_versions({.versions = versions, .agent = &agent, .page_size = 50}, server_default));
  EXPECT_EQ(last["nextCursor"], nullptr);
}

// The configured agent, and one of another dialect.
TEST(PlatosAgentWire, AnAgentOfAnotherDialectHasSensibleValues) {
  core::Agent agent{.scope = scope_1, .name = "My Helper", .tools = {{"read", "grep"}}};
  const Json json = encoded(agent);
  EXPECT_EQ(json["id"], "default");
  EXPECT_EQ(json["slug"], "my-helper");
  EXPECT_EQ(json["model"], server_default);
  EXPECT_EQ(json["historyMode"], "compact");
  EXPECT_EQ(json["maxSteps"], 20);
  EXPECT_EQ(json["currentVersionId"], nullptr);
  EXPECT_EQ(json["toolsBlockConfig"]["enabledTools"], (Json{"read", "grep"}));
}

constexpr std::string_view full_body = R"({"name": "Über", "slug": "uber", "model": "openai:gpt:4",
  "systemPrompt": null, "promptBlocks": [{"id": "b1", "type": "identity", "name": "Identity",
  "content": "You are {{user.name}}'s.", "enabled": true, "editable": false, "order": 0}],
  "dynamicBlocks": [{"key": "k", "name": "K",
  "defaultContent": "d", "description": "x", "order": 2}], "maxSteps": 7, "contextLimit": 8,
  "historyMode": "compact", "compactThreshold": 9, "enableUserProfiling": true,
  "toolMode": "sub-agent", "toolsBlockConfig": {"mode": "custom", "enabledTools": ["read"],
  "perToolPerms": {"read": {"requiresApproval": true, "destructive": false}}},
  "featureFlags": {"a": [1]}, "isActive": false, "visibility": "public-guest",
  "outputSchema": {"type": "object"}, "contextMapping": {"promptVars": ["user.name"]},
  "modelRoutes": [{"label": "fast", "model": "openai:mini", "providerKeyId": null,
  "isDefault": true}], "unknown": 1})";

TEST(PlatosAgentWire, WhatIsWrittenComesBack) {
  core::Agent agent = agent_template(scope_1);
  const Json body = Json::parse(full_body);
  ASSERT_TRUE(apply_agent_body(body, agent));
  EXPECT_EQ(agent.settings.provider, "openai");
  EXPECT_EQ(agent.settings.model, "gpt:4");
  EXPECT_EQ(agent.settings.rounds_max, 7);
  EXPECT_EQ(agent.tools, std::vector<std::string>{"read"});
  EXPECT_TRUE(agent.profile.tool_permissions.at("read").requires_approval);
  EXPECT_EQ(agent.profile.prompt_variables, std::vector<std::string>{"user.name"});
  EXPECT_TRUE(agent.open_to_guests);
  Json expected = body;
  expected.erase("unknown");
  expected["systemPrompt"] = "";
  const Json written = encoded(agent);
  for (const auto& [name, value] : expected.items()) EXPECT_EQ(written[name], value) << name;
}

TEST(PlatosAgentWire, PromptBlocksAreFilledUp) {
  core::Agent agent = agent_template(scope_1);
  ASSERT_TRUE(apply_agent_body(Json::parse(R"({"promptBlocks": [{"content": "x"}]})"), agent));
  EXPECT_EQ(encoded(agent)["promptBlocks"],
            Json::parse(R"([{"id": null, "type": "custom", "name": "", "content": "x",
                             "enabled": true, "editable": true, "order": null}])"));
  ASSERT_TRUE(apply_agent_body(Json::parse(R"({"promptBlocks": null})"), agent));
  EXPECT_TRUE(agent.profile.prompt_blocks.empty());
}

TEST(PlatosAgentWire, TheToolModeIsSaidByItselfOrBesideTheTools) {
  struct Row {
    const char* body;
    const char* shown;
    core::ToolMode acted_on;
  };
  const Row rows[] = {
      {R"({})", "direct", core::ToolMode::direct},
      {R"({"toolMode": "execute-tool"})", "execute-tool", core::ToolMode::by_name},
      {R"({"toolMode": "sub-agent"})", "sub-agent", core::ToolMode::sub_agent},
      {R"({"toolsBlockConfig": {"mode": "execute-tool"}})", "execute-tool",
       core::ToolMode::by_name},
      {R"({"toolMode": "direct", "toolsBlockConfig": {"mode": "execute-tool"}})", "direct",
       core::ToolMode::direct},
      {R"({"toolsBlockConfig": {"mode": "allowlist"}})", "direct", core::ToolMode::direct}};
  for (const Row& row : rows) {
    core::Agent agent = agent_template(scope_1);
    ASSERT_TRUE(apply_agent_body(Json::parse(row.body), agent)) << row.body;
    EXPECT_EQ(encoded(agent)["toolMode"], row.shown) << row.body;
    EXPECT_EQ(agent.profile.tool_mode, row.acted_on) << row.body;
    ASSERT_TRUE(apply_agent_body(Json::parse(R"({"name": "n"})"), agent));
    EXPECT_EQ(agent.profile.tool_mode, row.acted_on) << "a change of something else";
  }
}

TEST(PlatosAgentWire, ASubAgentHasItsOwnModelAndPrompt) {
  core::Agent agent = agent_template(scope_1);
  const Json config = Json::parse(
      R"({"model": "openai:mini", "maxSteps": 4, "systemPrompt": "Do it.", "theme": 1})");
  ASSERT_TRUE(apply_agent_body(Json{{"subAgentConfig", config}}, agent));
  EXPECT_EQ(agent.profile.sub_agent,
            (core::SubAgent{
                .provider = "openai", .model = "mini", .rounds_max = 4, .instructions = "Do it."}));
  EXPECT_EQ(encoded(agent)["subAgentConfig"], config);
  ASSERT_TRUE(apply_agent_body(Json::parse(R"({"subAgentConfig": null})"), agent));
  EXPECT_EQ(agent.profile.sub_agent, core::SubAgent{});
}

TEST(PlatosAgentWire, MetaToolsAreTheToolsForBackgroundRuns) {
  core::Agent agent = agent_template(scope_1);
  const Json said = Json::parse(
      R"({"spawn_bgo": true, "list_runs": true, "cancel_run": false, "shell": true, "x": 1})");
  ASSERT_TRUE(apply_agent_body(Json{{"metaTools", said}}, agent));
  EXPECT_EQ(agent.profile.extra_tools, (std::vector<std::string>{"spawn_bgo", "list_runs"}));
  EXPECT_EQ(encoded(agent)["metaTools"], said);
  ASSERT_TRUE(apply_agent_body(Json{{"name", "n"}}, agent));
  EXPECT_EQ(agent.profile.extra_tools.size(), 2U) << "a change of something else";
  for (const char* none : {R"({"metaTools": null})", R"({"metaTools": ["spawn_bgo"]})"}) {
    ASSERT_TRUE(apply_agent_body(Json{{"metaTools", said}}, agent));
    ASSERT_TRUE(apply_agent_body(Json::parse(none), agent));
    EXPECT_TRUE(agent.profile.extra_tools.empty()) << none;
  }
}

TEST(PlatosAgentWire, RetryRulesAreTheAgentsOwnLimits) {
  core::Agent agent = agent_template(scope_1);
  const Json rules = Json::parse(
      R"({"rules": [{"cause": "temporary-error", "action": "retry", "retryCount": 1},
                    {"cause": "temporary-error", "action": "fallback",
                     "fallbackToRouteLabel": "spare"}]})");
  ASSERT_TRUE(apply_agent_body(Json{{"agentRetryConfig", rules}}, agent));
  EXPECT_EQ(agent.settings.retries_max, 1);
  const std::vector<core::ModelFallback> wanted{{core::ModelFault::unavailable, "spare"}};
  EXPECT_EQ(agent.settings.fallbacks, wanted);
  EXPECT_EQ(encoded(agent)["agentRetryConfig"], rules);
  ASSERT_TRUE(apply_agent_body(Json::parse(R"({"agentRetryConfig": null})"), agent));
  EXPECT_EQ(agent.settings.retries_max, std::nullopt);
  EXPECT_EQ(agent.settings.fallbacks, std::nullopt);
}

TEST(PlatosAgentWire, AChangeLeavesTheRest) {
  core::Agent agent = agent_template(scope_1);
  ASSERT_TRUE(apply_agent_body(Json::parse(full_body), agent));
  ASSERT_TRUE(apply_agent_body(
      Json::parse(R"({"maxSteps": 3, "featureFlags": null, "toolsBlockConfig": null,
                      "modelRoutes": null, "model": null})"),
      agent));
  const Json json = encoded(agent);
  EXPECT_EQ(json["maxSteps"], 3);
  EXPECT_EQ(json["featureFlags"], nullptr);
  EXPECT_EQ(json["toolsBlockConfig"], nullptr);
  EXPECT_EQ(json["modelRoutes"], nullptr);
  EXPECT_EQ(json["model"], server_default);
  EXPECT_EQ(json["contextLimit"], 8);
  EXPECT_EQ(agent.tools, std::nullopt);
  EXPECT_TRUE(agent.profile.tool_permissions.empty());
}

TEST(PlatosAgentWire, WrongMembersAreNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"name": ""})", "name"},
      {R"({"slug": "A B"})", "slug"},
      {R"({"maxSteps": 0})", "maxSteps"},
      {R"({"maxSteps": 101})", "maxSteps"},
      {R"({"contextLimit": 1.5})", "contextLimit"},
      {R"({"historyMode": "whole"})", "historyMode"},
      {R"({"visibility": null})", "visibility"},
      {R"({"isActive": 1})", "isActive"},
      {R"({"toolMode": "x"})", "toolMode"},
      {R"({"dynamicBlocks": [{"name": "n"}]})", "dynamicBlocks"},
      {R"({"promptBlocks": "text"})", "promptBlocks"},
      {R"({"subAgentConfig": []})", "subAgentConfig"},
      {R"({"subAgentConfig": {"maxSteps": 0}})", "subAgentConfig.maxSteps"},
      {R"({"promptBlocks": ["text"]})", "promptBlocks"},
      {R"({"promptBlocks": [{"content": 1}]})", "promptBlocks"},
      {R"({"promptBlocks": [{"enabled": "no"}]})", "promptBlocks"},
      {R"({"modelRoutes": [{"label": "l"}]})", "modelRoutes"},
      {R"({"outputSchema": []})", "outputSchema"},
      {R"({"toolsBlockConfig": {"enabledTools": [1]}})", "toolsBlockConfig.enabledTools"},
      {R"({"toolsBlockConfig": {"perToolPerms": {"t": {"destructive": 1}}}})",
       "toolsBlockConfig.perToolPerms.t.destructive"}};
  for (const auto& [body, field] : cases) {
    core::Agent agent = agent_template(scope_1);
    const auto applied = apply_agent_body(Json::parse(body), agent);
    ASSERT_FALSE(applied) << body;
    EXPECT_EQ(applied.error().kind, base::ErrorKind::invalid);
    EXPECT_EQ(applied.error().field, field);
  }
}

TEST(PlatosAgentWire, ACanaryIsAVersionAndAShare) {
  const auto canary =
      decode_canary(Json::parse(R"({"canaryVersionId": "v", "canaryPercent": 25})"));
  ASSERT_TRUE(canary);
  EXPECT_EQ(canary->version_id, "v");
  EXPECT_EQ(canary->percent, 25);
  EXPECT_EQ(decode_canary(Json::parse(R"({"canaryVersionId": null})"))->version_id, "");
  EXPECT_EQ(decode_canary(Json::parse(R"({"canaryPercent": 101})")).error().field, "canaryPercent");
}

}  // namespace
}  // namespace colonnade::dialects::platos
