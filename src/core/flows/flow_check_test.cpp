#include "core/flows/flow_check.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace colonnade::core {
namespace {

using base::ErrorKind;

FlowNode checked_node(std::string id, std::vector<std::string> depends_on = {}) {
  return {.id = std::move(id),
          .agent_id = "worker",
          .objective = "do it",
          .depends_on = std::move(depends_on)};
}

FlowDefinition checked_flow(std::vector<FlowNode> nodes) {
  return {.name = "f", .agents = {{.id = "worker"}}, .nodes = std::move(nodes)};
}

// What is said of it; "" when nothing is.
base::Error wrong_in(FlowDefinition definition) {
  tidy_flow(definition);
  const auto fits = check_flow(definition);
  return fits ? base::Error{.message = ""} : fits.error();
}

TEST(FlowCheck, AFlowOfOneNodeIsOne) {
  EXPECT_EQ(wrong_in(checked_flow({checked_node("a")})).message, "");
}

TEST(FlowCheck, NamesTheNodeAndTheField) {
  FlowNode no_agent = checked_node("n");
  no_agent.agent_id = "ghost";
  FlowNode no_input = checked_node("n");
  no_input.inputs = {{.from = "ghost", .alias = "x"}};
  FlowNode no_target = checked_node("n");
  no_target.gate = FlowGate{.rework_targets = {"ghost"}};
  FlowNode impatient = checked_node("n");
  impatient.time_ms_max = 0;
  FlowNode stubborn = checked_node("n");
  stubborn.attempts_max = 11;
  FlowNode silent = checked_node("n");
  silent.objective = " \n";
  FlowNode elsewhere = checked_node("n");
  elsewhere.stage = "nowhere";
  FlowNode unclear = checked_node("n");
  unclear.contract = FlowContract{.kind = "structured_json", .schema = "a text"};
  const std::vector<std::pair<FlowNode, std::string>> all = {
      {checked_node("n", {"ghost"}), "depends_on"},
      {no_agent, "agent_id"},
      {no_input, "input_refs"},
      {no_target, "gate.rework_targets"},
      {impatient, "timeout_ms"},
      {stubborn, "retry_policy.max_attempts"},
      {silent, "objective"},
      {elsewhere, "stage_kind"},
      {unclear, "output_contract.schema"}};
  for (const auto& [node, field] : all) {
    const base::Error wrong = wrong_in(checked_flow({node}));
    EXPECT_EQ(wrong.kind, ErrorKind::invalid) << field;
    EXPECT_EQ(wrong.field, "flow.nodes.n." + field);
    EXPECT_TRUE(wrong.message.starts_with("node `n` ")) << wrong.message;
  }
}

TEST(FlowCheck, SaysWhichNodesGoInACircle) {
  const base::Error wrong = wrong_in(
      checked_flow({checked_node("start"), checked_node("a", {"start", "c"}),
                    checked_node("b", {"a"}), checked_node("c", {"b"}), checked_node("d", {"c"})}));
  EXPECT_EQ(wrong.kind, ErrorKind::invalid);
  EXPECT_TRUE(wrong.message.contains("depends on itself")) << wrong.message;
  for (const char* id : {"`a`", "`b`", "`c`"}) EXPECT_TRUE(wrong.message.contains(id)) << id;
  EXPECT_FALSE(wrong.message.contains("`d`")) << "it only waits for the circle";
  EXPECT_TRUE(wrong_in(checked_flow({checked_node("a", {"a"})})).message.contains("itself"));
}

TEST(FlowCheck, AnInputIsWaitedFor) {
  FlowNode later = checked_node("b");
  later.inputs = {{.from = "a", .alias = "x"}};
  FlowDefinition definition = checked_flow({checked_node("a"), later});
  tidy_flow(definition);
  EXPECT_EQ(definition.node("b")->depends_on, (std::vector<std::string>{"a"}));
  EXPECT_TRUE(check_flow(definition));
}

TEST(FlowCheck, NoTwoHaveOneName) {
  EXPECT_EQ(wrong_in(checked_flow({checked_node("a"), checked_node("a")})).field,
            "flow.nodes.node_id");
  FlowDefinition agents = checked_flow({checked_node("a")});
  agents.agents.push_back({.id = "worker"});
  EXPECT_EQ(wrong_in(agents).field, "agents.agent_id");
  FlowNode inputs = checked_node("b");
  inputs.inputs = {{.from = "a", .alias = "x"}, {.from = "a", .alias = "x"}};
  EXPECT_EQ(wrong_in(checked_flow({checked_node("a"), inputs})).field, "flow.nodes.b.input_refs");
}

TEST(FlowCheck, BoundsAreBounded) {
  FlowDefinition definition = checked_flow({checked_node("a")});
  definition.bounds.parallel_max = 17;
  EXPECT_EQ(wrong_in(definition).field, "execution.max_parallel_agents");
  definition.bounds = {.tokens_max = 0};
  EXPECT_EQ(wrong_in(definition).field, "execution.max_total_tokens");
  definition.bounds = {.tool_calls_max = 0};
  EXPECT_EQ(wrong_in(definition).message, "") << "no tool at all is a bound, too";
  definition.bounds = {};
  definition.workspace = "relative";
  EXPECT_EQ(wrong_in(definition).field, "workspace_root");
}

TEST(FlowCheck, WhatIsLeftOutIsFilledIn) {
  FlowDefinition definition = checked_flow({checked_node(" a ")});
  definition.agents.front() = {.id = "worker",
                               .tools = {" "},
                               .tools_left_out = {"shell"},
                               .server_tools = std::vector<std::string>{"read"}};
  tidy_flow(definition);
  const FlowAgent& agent = definition.agents.front();
  EXPECT_EQ(agent.display_name, "worker");
  EXPECT_EQ(agent.tools, (std::vector<std::string>{"read"}));
  EXPECT_TRUE(agent.tools_left_out.empty());
  EXPECT_FALSE(agent.server_tools);
  EXPECT_EQ(definition.nodes.front().id, "a");
}

}  // namespace
}  // namespace colonnade::core
