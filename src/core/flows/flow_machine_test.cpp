#include "core/flows/flow_machine.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace colonnade::core {
namespace {

using base::ErrorKind;
using base::Time;
using Names = std::vector<std::string>;

FlowNode work_node(std::string id, Names depends_on = {}) {
  return {.id = std::move(id),
          .agent_id = "a",
          .objective = "do it",
          .depends_on = std::move(depends_on)};
}

FlowNode gate_node(std::string id, Names depends_on) {
  FlowNode out = work_node(std::move(id), std::move(depends_on));
  out.stage = std::string(approval_stage);
  return out;
}

FlowDefinition flow_of_nodes(std::vector<FlowNode> nodes, int parallel_max = 1) {
  return {.name = "f",
          .agents = {{.id = "a"}},
          .nodes = std::move(nodes),
          .bounds = {.parallel_max = parallel_max}};
}

// A run of a flow, and its driver.
class FlowMachineTest : public ::testing::Test {
 protected:
  void begin(FlowDefinition definition) {
    definition_ = std::move(definition);
    machine_.emplace(definition_, FlowMachine::fresh(definition_));
    on(FlowLookedAt{});
  }
  FlowMachine& machine() { return machine_.value(); }
  void on(const FlowEvent& event) {
    const auto done = machine().on(event, {++now_});
    ASSERT_TRUE(done) << done.error().message;
  }
  base::Error refused(const FlowEvent& event) {
    const FlowProgress before = machine().progress();
    const auto done = machine().on(event, {++now_});
    EXPECT_FALSE(done);
    EXPECT_EQ(machine().progress(), before) << "a refusal changes nothing";
    return done ? base::Error{} : done.error();
  }
  void begun(const std::string& id) {
    machine().progress().nodes.at(id).thread_id = "thread-" + id;
    machine().progress().nodes.at(id).run_id = "run-" + id;
    on(FlowNodeBegan{.node_id = id});
  }
  void succeed(const std::string& id) {
    begun(id);
    on(FlowNodeEnded{
        .node_id = id, .end = FlowNodeEnd::succeeded, .text = "of " + id, .usage = usage_});
  }
  void fail_node(const std::string& id, bool had_effects = false,
                 FlowNodeEnd end = FlowNodeEnd::failed) {
    begun(id);
    on(FlowNodeEnded{.node_id = id, .end = end, .error = "no luck", .had_effects = had_effects});
  }
  FlowRunState state() { return machine().progress().state; }
  const FlowNodeWork& node(const std::string& id) { return machine().progress().nodes.at(id); }
  Names at_work() { return machine().commands().follow; }
  Names events() {
    Names out;
    for (const FlowMoment& one : machine().progress().history) {
      out.push_back(one.node_id.empty() ? one.event : one.event + " " + one.node_id);
    }
    return out;
  }

  FlowDefinition definition_{};
  std::optional<FlowMachine> machine_{};
  FlowUsage usage_{};
  std::int64_t now_ = 0;
};

TEST_F(FlowMachineTest, NodesRunOneAfterTheOther) {
  begin(flow_of_nodes({work_node("b", {"a"}), work_node("a")}));
  EXPECT_EQ(state(), FlowRunState::running);
  EXPECT_EQ(machine().commands().start, (Names{"a"}));
  succeed("a");
  EXPECT_EQ(node("a").output->text, "of a");
  EXPECT_EQ(machine().commands().start, (Names{"b"}));
  succeed("b");
  EXPECT_EQ(state(), FlowRunState::completed);
  EXPECT_TRUE(machine().commands().is_over);
  EXPECT_EQ(events(), (Names{"node_started a", "node_completed a", "node_started b",
                             "node_completed b", "run_completed"}));
}

TEST_F(FlowMachineTest, NoMoreAreAtWorkThanMayBe) {
  begin(flow_of_nodes({work_node("c"), work_node("a"), work_node("b")}, 2));
  EXPECT_EQ(machine().commands().start, (Names{"a", "b"})) << "in the order of their names";
  succeed("b");
  EXPECT_EQ(at_work(), (Names{"c", "a"})) << "in that of the definition";
}

TEST_F(FlowMachineTest, AGateOpensWhenNothingElseCanBeDone) {
  begin(flow_of_nodes({work_node("a"), gate_node("g", {}), work_node("b", {"g"})}));
  EXPECT_EQ(state(), FlowRunState::running);
  succeed("a");
  EXPECT_EQ(state(), FlowRunState::awaiting_approval);
  EXPECT_EQ(machine().progress().gate->node_id, "g");
  EXPECT_EQ(machine().progress().gate->decisions, (Names{"approve", "rework", "cancel"}));
  on(FlowGateDecided{.verdict = FlowVerdict::approve, .reason = "fine"});
  EXPECT_EQ(state(), FlowRunState::queued);
  EXPECT_FALSE(machine().progress().is_seen);
  on(FlowLookedAt{});
  EXPECT_TRUE(machine().progress().is_seen);
  EXPECT_EQ(node("g").output->kind, gate_contract);
  EXPECT_EQ(machine().commands().start, (Names{"b"}));
}

TEST_F(FlowMachineTest, ReworkBeginsTheTargetsAndAllBehindThemAnew) {
  FlowNode gate = gate_node("g", {"b"});
  gate.gate = FlowGate{.rework_targets = {"a"}};
  begin(flow_of_nodes({work_node("a"), work_node("b", {"a"}), work_node("x"), gate}));
  for (const char* id : {"a", "b", "x"}) succeed(id);
  on(FlowGateDecided{.verdict = FlowVerdict::rework, .reason = "shorter"});
  on(FlowLookedAt{});
  EXPECT_EQ(node("x").state, FlowNodeState::completed);
  EXPECT_EQ(node("b").state, FlowNodeState::pending);
  EXPECT_FALSE(node("a").output);
  EXPECT_TRUE(node("a").note.contains("shorter"));
  EXPECT_EQ(machine().commands().start, (Names{"a"}));
  EXPECT_EQ(machine().progress().decisions.back().decision, "rework");
}

TEST_F(FlowMachineTest, AGateTakesOnlyItsOwnDecisions) {
  FlowNode gate = gate_node("g", {});
  gate.gate = FlowGate{.decisions = {"approve"}};
  begin(flow_of_nodes({gate}));
  EXPECT_EQ(refused(FlowGateDecided{.verdict = FlowVerdict::cancel}).field, flow_decision_field);
  on(FlowGateDecided{.verdict = FlowVerdict::approve});
  on(FlowLookedAt{});
  EXPECT_EQ(state(), FlowRunState::completed);
  EXPECT_EQ(refused(FlowGateDecided{}).field, flow_state_field);
}

TEST_F(FlowMachineTest, WhatDidNothingIsTriedAgain) {
  FlowNode one = work_node("a");
  one.attempts_max = 2;
  begin(flow_of_nodes({one}));
  fail_node("a");
  EXPECT_EQ(state(), FlowRunState::running);
  EXPECT_EQ(machine().commands().start, (Names{"a"}));
  EXPECT_EQ(node("a").thread_id, "") << "in a session of its own";
  fail_node("a");
  EXPECT_EQ(state(), FlowRunState::failed);
  EXPECT_EQ(machine().progress().failure->node_id, "a");
  EXPECT_EQ(node("a").attempts, 2);
}

TEST_F(FlowMachineTest, WhatHadEffectsIsNotTriedAgainByItself) {
  begin(flow_of_nodes({work_node("a")}));
  fail_node("a", true);
  EXPECT_EQ(state(), FlowRunState::failed);
  EXPECT_TRUE(machine().progress().failure->reason.contains("effects"));
  on(FlowRecoverAsked{.reason = "go on"});
  on(FlowLookedAt{});
  EXPECT_EQ(machine().commands().start, (Names{"a"}));
  EXPECT_TRUE(node("a").goes_on);
  EXPECT_EQ(node("a").thread_id, "thread-a") << "where it sees what it has done";
}

TEST_F(FlowMachineTest, AnIdempotentNodeIsTriedAgainWhateverItDid) {
  FlowNode one = work_node("a");
  one.is_idempotent = true;
  begin(flow_of_nodes({one}));
  fail_node("a", true);
  EXPECT_EQ(machine().commands().start, (Names{"a"}));
}

TEST_F(FlowMachineTest, WhatCannotSucceedIsNotTriedAgain) {
  begin(flow_of_nodes({work_node("a")}));
  fail_node("a", false, FlowNodeEnd::impossible);
  EXPECT_EQ(state(), FlowRunState::failed);
}

TEST_F(FlowMachineTest, APausedRunGoesOnWhereItWas) {
  begin(flow_of_nodes({work_node("a"), work_node("b", {"a"})}));
  begun("a");
  on(FlowPauseAsked{.reason = "lunch"});
  EXPECT_EQ(state(), FlowRunState::pausing);
  EXPECT_EQ(machine().commands().stop, (Names{"a"}));
  EXPECT_EQ(refused(FlowResumeAsked{}).field, flow_state_field);
  on(FlowNodeEnded{.node_id = "a", .end = FlowNodeEnd::cancelled, .had_effects = true});
  EXPECT_EQ(state(), FlowRunState::paused);
  EXPECT_EQ(at_work(), Names{});
  on(FlowLookedAt{});
  EXPECT_EQ(state(), FlowRunState::paused) << "looking does not wake it";
  on(FlowResumeAsked{.reason = "done"});
  on(FlowLookedAt{});
  EXPECT_TRUE(node("a").goes_on);
  EXPECT_EQ(node("a").attempts, 1) << "an interruption is no failure";
  EXPECT_EQ(node("a").thread_id, "thread-a");
  EXPECT_EQ(events(), (Names{"node_started a", "run_pause_requested", "node_interrupted a",
                             "run_paused", "run_resumed"}));
}

TEST_F(FlowMachineTest, WhatEndsWhileItIsPausedCounts) {
  begin(flow_of_nodes({work_node("a")}));
  begun("a");
  on(FlowPauseAsked{});
  on(FlowNodeEnded{.node_id = "a", .end = FlowNodeEnd::succeeded, .text = "done"});
  EXPECT_EQ(state(), FlowRunState::paused);
  on(FlowResumeAsked{});
  on(FlowLookedAt{});
  EXPECT_EQ(state(), FlowRunState::completed);
}

TEST_F(FlowMachineTest, ANodeThatHadNotBegunIsAsItWas) {
  begin(flow_of_nodes({work_node("a")}));
  on(FlowPauseAsked{});
  on(FlowNodeEnded{.node_id = "a", .end = FlowNodeEnd::cancelled, .had_begun = false});
  EXPECT_EQ(state(), FlowRunState::paused);
  EXPECT_FALSE(node("a").goes_on);
  EXPECT_EQ(node("a").attempts, 0);
}

TEST_F(FlowMachineTest, ACancelledRunIsOverWhenItsNodesAre) {
  begin(flow_of_nodes({work_node("a"), work_node("b")}, 2));
  begun("a");
  begun("b");
  on(FlowCancelAsked{.reason = "no", .stop = FlowStop::operator_stopped});
  EXPECT_EQ(state(), FlowRunState::cancelled);
  EXPECT_EQ(machine().commands().stop, (Names{"a", "b"}));
  EXPECT_FALSE(machine().commands().is_over);
  usage_.prompt_tokens = 5;
  on(FlowNodeEnded{.node_id = "a", .end = FlowNodeEnd::cancelled, .usage = usage_});
  on(FlowNodeEnded{.node_id = "b", .end = FlowNodeEnd::cancelled, .usage = usage_});
  EXPECT_TRUE(machine().commands().is_over);
  EXPECT_EQ(machine().progress().used.prompt_tokens, 10);
  EXPECT_EQ(refused(FlowCancelAsked{}).field, flow_state_field);
}

TEST_F(FlowMachineTest, AFailureStopsTheOthers) {
  FlowNode one = work_node("a");
  one.attempts_max = 1;
  begin(flow_of_nodes({one, work_node("b")}, 2));
  begun("b");
  fail_node("a");
  EXPECT_EQ(state(), FlowRunState::failed);
  EXPECT_EQ(machine().commands().stop, (Names{"b"}));
  EXPECT_EQ(refused(FlowNodeRetryAsked{.node_id = "a"}).field, flow_state_field)
      << "b is still coming to its stop";
}

TEST_F(FlowMachineTest, ARetryBeginsTheNodeAndWhatDependsOnItAnew) {
  begin(flow_of_nodes({work_node("a"), work_node("b", {"a"}), work_node("c", {"b"})}));
  EXPECT_EQ(refused(FlowNodeRetryAsked{.node_id = "b"}).field, flow_state_field);
  for (const char* id : {"a", "b", "c"}) succeed(id);
  EXPECT_EQ(refused(FlowNodeRetryAsked{.node_id = "ghost"}).field, flow_node_field);
  on(FlowNodeRetryAsked{.node_id = "b", .reason = "other words"});
  on(FlowLookedAt{});
  EXPECT_EQ(state(), FlowRunState::running);
  EXPECT_EQ(node("a").state, FlowNodeState::completed);
  EXPECT_EQ(node("c").state, FlowNodeState::pending);
  EXPECT_EQ(machine().commands().start, (Names{"b"}));
  EXPECT_EQ(node("b").thread_id, "");
  EXPECT_FALSE(machine().progress().finished_at);
}

TEST_F(FlowMachineTest, ANodeMayBeAskedToGoOnInItsSession) {
  begin(flow_of_nodes({work_node("a")}));
  succeed("a");
  on(FlowNodeRetryAsked{.node_id = "a", .reason = "one more thing", .goes_on = true});
  EXPECT_EQ(node("a").thread_id, "thread-a");
  EXPECT_TRUE(node("a").goes_on);
  EXPECT_EQ(node("a").note, "one more thing");
}

TEST_F(FlowMachineTest, TimeThatIsUsedUpStopsIt) {
  FlowDefinition definition = flow_of_nodes({work_node("a"), gate_node("g", {"a"})});
  definition.bounds.time_ms_max = 10;
  begin(definition);
  EXPECT_EQ(machine().commands().look_at, Time{now_ + 10'000});
  begun("a");
  now_ += 10'000;
  on(FlowLookedAt{});
  EXPECT_EQ(state(), FlowRunState::cancelled);
  EXPECT_EQ(machine().progress().stop, FlowStop::guardrail_stopped);
  EXPECT_EQ(machine().commands().stop, (Names{"a"}));
}

TEST_F(FlowMachineTest, AnOpenGateTakesNoTime) {
  FlowDefinition definition = flow_of_nodes({gate_node("g", {}), work_node("a", {"g"})});
  definition.bounds.time_ms_max = 10;
  begin(definition);
  now_ += 60'000'000;
  on(FlowGateDecided{.verdict = FlowVerdict::approve});
  on(FlowLookedAt{});
  EXPECT_EQ(state(), FlowRunState::running);
}

TEST_F(FlowMachineTest, WhatIsLeftIsSharedByThoseAtWork) {
  FlowDefinition definition = flow_of_nodes({work_node("a"), work_node("b"), work_node("c")}, 2);
  definition.bounds.tokens_max = 100;
  definition.bounds.tool_calls_max = 5;
  begin(definition);
  EXPECT_EQ(node("a").share.tokens, 50);
  EXPECT_EQ(node("b").share.tokens, 50);
  EXPECT_EQ(*node("a").share.tool_calls + *node("b").share.tool_calls, 5);
  usage_.prompt_tokens = 20;
  succeed("a");
  EXPECT_EQ(node("c").share.tokens, 30) << "b may still use its 50";
}

TEST_F(FlowMachineTest, WhatIsTooLittleForAllIsEnoughForOne) {
  FlowDefinition definition = flow_of_nodes({work_node("a"), work_node("b")}, 2);
  definition.bounds.tokens_max = 1;
  begin(definition);
  EXPECT_EQ(state(), FlowRunState::running);
  EXPECT_EQ(at_work(), (Names{"a"}));
}

TEST_F(FlowMachineTest, WhoHasUsedUpAShareWaitsForAllThatIsLeft) {
  FlowDefinition definition = flow_of_nodes({work_node("a"), work_node("b")}, 2);
  definition.bounds.tokens_max = 100;
  begin(definition);
  begun("a");
  begun("b");
  on(FlowNodeEnded{.node_id = "a",
                   .end = FlowNodeEnd::used_up,
                   .error = "used up",
                   .usage = {.prompt_tokens = 50}});
  EXPECT_EQ(at_work(), (Names{"b"}));
  on(FlowNodeEnded{
      .node_id = "b", .end = FlowNodeEnd::succeeded, .text = "b", .usage = {.prompt_tokens = 10}});
  EXPECT_EQ(at_work(), (Names{"a"}));
  EXPECT_EQ(node("a").share.tokens, 40);
  EXPECT_TRUE(node("a").share.is_all);
  begun("a");
  on(FlowNodeEnded{.node_id = "a",
                   .end = FlowNodeEnd::used_up,
                   .error = "used up",
                   .usage = {.prompt_tokens = 40}});
  EXPECT_EQ(state(), FlowRunState::cancelled);
  EXPECT_EQ(machine().progress().stop, FlowStop::guardrail_stopped);
}

TEST_F(FlowMachineTest, ARunWhoseJobIsGoneMayBeRecovered) {
  begin(flow_of_nodes({work_node("a"), work_node("b", {"a"})}));
  begun("a");
  on(FlowDriverLost{.reason = "lost"});
  EXPECT_EQ(state(), FlowRunState::failed);
  on(FlowRecoverAsked{});
  on(FlowLookedAt{});
  EXPECT_EQ(machine().commands().start, (Names{"a"}));
  EXPECT_TRUE(node("a").goes_on);
}

TEST_F(FlowMachineTest, WhoWasStoppedByHandFailed) {
  begin(flow_of_nodes({work_node("a")}));
  fail_node("a", false, FlowNodeEnd::cancelled);
  EXPECT_EQ(state(), FlowRunState::failed);
  EXPECT_TRUE(machine().progress().failure->reason.contains("stopped"));
}

}  // namespace
}  // namespace colonnade::core
