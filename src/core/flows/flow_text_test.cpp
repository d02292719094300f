#include "core/flows/flow_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/flows/flow_prompt.hpp"

namespace colonnade::core {
namespace {

Flow whole_flow() {
  Flow out{.id = "f1",
           .scope = Scope::main(),
           .owner = "ann",
           .status = FlowStatus::paused,
           .created_at = {100},
           .updated_at = {200},
           .creator_id = "c1"};
  out.timing = {
      .timing =
          JobTiming{.kind = JobTimingKind::quartz, .text = "0 8 * * *", .zone = "Europe/Berlin"},
      .misfire = {.rule = MisfireRule::catch_up, .times_max = 7, .in_one_job = true}};
  FlowDefinition& definition = out.definition;
  definition.name = "Daily";
  definition.description = "d";
  definition.agents = {{.id = "a",
                        .template_id = "t",
                        .display_name = "A",
                        .avatar_url = "u",
                        .provider = "p",
                        .model = "m",
                        .role_models = {{"planner", "x"}},
                        .skills = {"s"},
                        .tools = {"read"},
                        .tools_left_out = {"shell"},
                        .servers = {"files"},
                        .server_tools = std::vector<std::string>{"get"},
                        .approval_policy = {{"mode", "ask"}}}};
  definition.nodes = {
      {.id = "n",
       .agent_id = "a",
       .objective = "o",
       .contract =
           FlowContract{.kind = "structured_json", .schema = {{"type", "object"}}, .guidance = "g"},
       .attempts_max = 2,
       .is_idempotent = true,
       .time_ms_max = 5000,
       .metadata = {{"k", 1}}},
      {.id = "g",
       .agent_id = "a",
       .objective = "ok?",
       .depends_on = {"n"},
       .inputs = {{.from = "n", .alias = "x"}},
       .stage = "approval",
       .gate = FlowGate{.required = false,
                        .decisions = {"approve"},
                        .rework_targets = {"n"},
                        .instructions = "i"}}};
  definition.bounds = {.parallel_max = 3,
                       .time_ms_max = 1,
                       .tool_calls_max = 2,
                       .tokens_max = 3,
                       .cost_micros_max = 4};
  definition.tools_at_stop = FlowToolsAtStop::end;
  definition.output_targets = {"file://a"};
  definition.workspace = "/w";
  definition.workspace_by_operator = true;
  definition.metadata = {{"m", 2}};
  return out;
}

TEST(FlowText, AFlowKeepsEveryMember) {
  const Flow before = whole_flow();
  Flow after{.scope = Scope::main()};
  ASSERT_TRUE(read_flow(flow_text(before), after));
  EXPECT_EQ(after.definition, before.definition);
  EXPECT_EQ(after.timing, before.timing);
  EXPECT_EQ(after.status, before.status);
  EXPECT_EQ(after.created_at, before.created_at);
  EXPECT_EQ(after.updated_at, before.updated_at);
  EXPECT_EQ(after.creator_id, "c1");
}

TEST(FlowText, ProgressKeepsEveryMember) {
  FlowProgress before{
      .state = FlowRunState::awaiting_approval,
      .moments = 9,
      .used = {.prompt_tokens = 1, .completion_tokens = 2, .cost_micros = 3, .tool_calls = 4},
      .stop = FlowStop::guardrail_stopped,
      .stop_reason = "s",
      .pause_reason = "p",
      .resume_reason = "r",
      .detail = "d",
      .started_at = base::Time{10},
      .finished_at = base::Time{20},
      .ran_micros = 30,
      .runs_since = base::Time{40},
      .is_seen = false};
  before.nodes["n"] = {
      .state = FlowNodeState::stopping,
      .attempts = 2,
      .thread_id = "t",
      .run_id = "r",
      .goes_on = true,
      .note = "why",
      .had_effects = true,
      .needs_all = true,
      .share = {.tool_calls = 1, .tokens = 2, .cost_micros = 3, .is_all = false},
      .output = FlowOutput{.kind = "k", .summary = "s", .text = "x", .thread_id = "t", .at = {5}}};
  before.gate = FlowOpenGate{.node_id = "g",
                             .title = "t",
                             .instructions = "i",
                             .decisions = {"approve"},
                             .rework_targets = {"n"},
                             .upstream = {"n"},
                             .asked_at = {6}};
  before.decisions = {{.node_id = "g", .decision = "rework", .reason = "r", .at = {7}}};
  before.history = {{.event = "run_paused",
                     .at = {8},
                     .node_id = "n",
                     .reason = "r",
                     .thread_id = "t",
                     .stop = FlowStop::cancelled}};
  before.failure = FlowFailure{.node_id = "n", .reason = "r", .at = {9}};
  FlowProgress after;
  ASSERT_TRUE(read_progress(progress_text(before), after));
  EXPECT_EQ(after, before);
}

TEST(FlowText, WhatIsNoFlowIsRefused) {
  FlowProgress progress;
  EXPECT_FALSE(read_progress("{}", progress));
  EXPECT_FALSE(read_progress("[1]", progress));
  Flow flow{.scope = Scope::main()};
  EXPECT_FALSE(read_flow("{\"definition\":1}", flow));
  EXPECT_FALSE(read_flow("nothing", flow));
}

TEST(FlowPrompt, TellsOfInputsByTheirAliases) {
  FlowDefinition definition{.name = "f"};
  definition.nodes = {{.id = "a", .objective = "first"},
                      {.id = "b",
                       .objective = "second",
                       .depends_on = {"a"},
                       .inputs = {{.from = "a", .alias = "findings"}}}};
  FlowProgress progress;
  progress.nodes["a"].output = FlowOutput{.text = "three signals"};
  progress.nodes["b"] = {};
  const auto prompt = flow_prompt(definition, progress, definition.nodes[1]);
  ASSERT_TRUE(prompt);
  EXPECT_TRUE(prompt->starts_with("second"));
  EXPECT_TRUE(prompt->contains("findings\nthree signals")) << *prompt;
  progress.nodes["a"].output.reset();
  EXPECT_FALSE(flow_prompt(definition, progress, definition.nodes[1]));
}

TEST(FlowPrompt, AnAgentHasTheToolsOfItsServersAlone) {
  const FlowAgent agent{
      .id = "a",
      .tools = {"read"},
      .servers = {"My Files"},
      .server_tools = std::vector<std::string>{"get", "mcp.my_files.put", "mcp.mail.send"}};
  EXPECT_EQ(flow_tools(agent),
            (std::vector<std::string>{"mcp.my_files.get", "mcp.my_files.put", "read"}));
  FlowAgent all = agent;
  all.server_tools.reset();
  EXPECT_EQ(flow_tools(all), (std::vector<std::string>{"mcp.my_files.*", "read"}));
}

TEST(FlowPrompt, ANodesTimeIsNeverLongerThanWhatTheFlowHas) {
  FlowNode node{.id = "n", .time_ms_max = 5500};
  EXPECT_EQ(flow_settings({}, node, std::nullopt).run_seconds_max, 6);
  EXPECT_EQ(flow_settings({}, node, 3).run_seconds_max, 3);
  node.time_ms_max.reset();
  EXPECT_EQ(flow_settings({}, node, std::nullopt).run_seconds_max, std::nullopt);
}

}  // namespace
}  // namespace colonnade::core
