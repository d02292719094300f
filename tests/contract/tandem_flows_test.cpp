// Automations V2 over the wire (tandem §2.6, §4.5): graphs of nodes from their beginning to their
// end, what humans do with them, and what happens twice: nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/task.hpp"
#include "tandem_flows_fixture.hpp"
#include "tools/tool.hpp"

namespace colonnade::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// What a tool that takes long has come to.
struct LongWork {
  base::Signal released{};
  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
  std::atomic<int> stopped{0};
};

// `dig {}`: until it is released, or stopped.
class LongTool final : public tools::Tool {
 public:
  explicit LongTool(std::shared_ptr<LongWork> work)
      : work_(std::move(work)),
        definition_{.name = "dig", .description = "Digs.", .input_schema = {{"type", "object"}}} {}
  const core::ToolDefinition& definition() const override { return definition_; }
  tools::Effect effect() const override { return tools::Effect::changes; }
  base::Task<core::ToolOutcome> run(tools::ToolContext /*context*/, base::Json /*arguments*/,
                                    std::stop_token stop) override {
    const auto work = work_;
    ++work->begun;
    co_await work->released.wait(stop);
    ++(stop.stop_requested() ? work->stopped : work->ended);
    co_return core::ToolOutcome{.content = "dug"};
  }

 private:
  std::shared_ptr<LongWork> work_;
  core::ToolDefinition definition_;
};

class TandemFlows : public TandemFlowsTest {
 protected:
  // A run of one node, whose tool is at work.
  std::string dig(const std::string& tools_at_stop) {
    TandemServerOptions with_tool = options();
    with_tool.engine.extra_tools.push_back(std::make_unique<LongTool>(work_));
    server_ = std::make_unique<TandemServer>(folder_.file("colonnade.db"), std::move(with_tool));
    model().script({tool_call("c1", "dig", Json::object())});
    const Json agent = {{"agent_id", "worker"}, {"tool_policy", {{"allowlist", {"dig"}}}}};
    Json more = {{"execution", {{"tools_at_stop", tools_at_stop}}}};
    more["agents"] = Json::array({agent});
    const std::string run_id = run_flow(make_flow({flow_node("a")}, more));
    while (work_->begun == 0) std::this_thread::yield();
    return run_id;
  }
  // Looks again and again until the newest run of the automation is in that state.
  Json wait_for_flow(const std::string& id, const std::string& status) {
    for (;;) {
      const Json runs = ok("GET", "/automations/v2/" + id + "/runs").at("runs");
      if (!runs.empty() && runs.front().at("status") == status) return runs.front();
      std::this_thread::yield();
    }
  }
  Answer refused(const Json& body) { return server().ask("POST", "/automations/v2", body.dump()); }
  // Events of the run's history, without what they are about.
  static std::vector<std::string> history(const Json& run) {
    std::vector<std::string> out;
    for (const Json& one : run.at("checkpoint").at("lifecycle_history")) {
      out.push_back(one.at("event"));
    }
    return out;
  }

  std::shared_ptr<LongWork> work_ = std::make_shared<LongWork>();
};

// --- running ------------------------------------------------------------------------------------

TEST_F(TandemFlows, NodesRunOneAfterTheOtherAndHearOfEachOther) {
  answer_by_node();
  const auto stream = follow_flows();
  Json second = flow_node("b", {"a"});
  second["input_refs"] = Json::array({{{"from_step_id", "a"}, {"alias", "findings"}}});
  const std::string id = make_flow({flow_node("a"), second});
  const std::string run_id = run_flow(id);
  events_until(*stream, "automation.v2.run.completed");
  const Json run = flow_run(run_id);
  EXPECT_EQ(run.at("status"), "completed");
  const Json& checkpoint = run.at("checkpoint");
  EXPECT_EQ(checkpoint.at("completed_nodes"), Json::array({"a", "b"}));
  EXPECT_THAT(checkpoint.at("pending_nodes"), IsEmpty());
  EXPECT_EQ(checkpoint.at("node_outputs").at("a").at("content").at("text"), "of a");
  EXPECT_EQ(checkpoint.at("node_outputs").at("b").at("summary"), "of b");
  EXPECT_EQ(checkpoint.at("node_attempts"), Json({{"a", 1}, {"b", 1}}));
  EXPECT_EQ(run.at("total_tokens"), 30);
  EXPECT_THAT(run.at("active_session_ids"), IsEmpty());
  const std::string session = checkpoint.at("node_outputs").at("b").at("content").at("session_id");
  EXPECT_EQ(ok("GET", "/session/" + session).at("title"), "Automation " + id + " / b");
  const std::string told = core::visible_text(model().requests().back().messages.back().parts);
  EXPECT_THAT(told, HasSubstr("findings\nof a"));
  EXPECT_THAT(history(run), ElementsAre("node_started", "node_completed", "node_started",
                                        "node_completed", "run_completed"));
}

TEST_F(TandemFlows, AsManyAreAtWorkAsMayBe) {
  answer_by_node();
  const auto stream = follow_flows();
  const std::string run_id = run_flow(make_flow({flow_node("a"), flow_node("b"), flow_node("c")},
                                                {{"execution", {{"max_parallel_agents", 2}}}}));
  events_until(*stream, "automation.v2.run.completed");
  const Json run = flow_run(run_id);
  int at_work = 0;
  int most = 0;
  for (const std::string& event : history(run)) {
    if (event == "node_started") ++at_work;
    if (event == "node_completed") --at_work;
    most = std::max(most, at_work);
  }
  EXPECT_EQ(most, 2);
  EXPECT_EQ(run.at("checkpoint").at("completed_nodes"), Json::array({"a", "b", "c"}));
}

TEST_F(TandemFlows, AnOutputIsHeldToItsSchema) {
  model().script({reply({core::TextPart{"three"}})});
  model().script({reply({core::TextPart{R"({"n":3})"}})});
  const auto stream = follow_flows();
  Json node = flow_node("a");
  node["output_contract"] = {{"kind", "structured_json"},
                             {"schema", {{"type", "object"}, {"required", {"n"}}}}};
  const std::string run_id = run_flow(make_flow({node}));
  events_until(*stream, "automation.v2.run.completed");
  EXPECT_EQ(model().requests().size(), 2U) << "one repair";
  EXPECT_EQ(flow_run(run_id).at("checkpoint").at("node_outputs").at("a").at("content").at("text"),
            R"({"n":3})");
}

TEST_F(TandemFlows, ADryRunBeginsNothing) {
  const std::string id = make_flow({flow_node("a")});
  const Json answer = ok("POST", "/automations/v2/" + id + "/run_now", {{"dry_run", true}});
  EXPECT_EQ(answer.at("dry_run"), true);
  const Json& run = answer.at("run");
  EXPECT_EQ(run.at("status"), "completed");
  EXPECT_EQ(run.at("trigger_type"), "manual_dry_run");
  EXPECT_EQ(run.at("detail"), "dry_run");
  EXPECT_THAT(run.at("checkpoint").at("pending_nodes"), IsEmpty());
  EXPECT_THAT(model().requests(), IsEmpty());
}

TEST_F(TandemFlows, ARequestWithAKeyRunsOnce) {
  answer_by_node();
  const auto stream = follow_flows();
  const std::string id = make_flow({flow_node("a")});
  const auto ask = [&] {
    return server().ask("POST", "/automations/v2/" + id + "/run_now", "{}",
                        {{"Idempotency-Key", "k1"}});
  };
  EXPECT_EQ(ask().json(), ask().json());
  events_until(*stream, "automation.v2.run.completed");
  EXPECT_THAT(ok("GET", "/automations/v2/" + id + "/runs").at("runs"), SizeIs(1));
}

// --- definitions --------------------------------------------------------------------------------

TEST_F(TandemFlows, WhatIsWrongNamesTheNodeAndTheField) {
  const Answer circle = refused(flow_body({flow_node("a", {"b"}), flow_node("b", {"a"})}));
  EXPECT_EQ(circle.status, 400);
  EXPECT_EQ(circle.json().at("code"), "AUTOMATION_V2_CREATE_FAILED");
  EXPECT_THAT(circle.json().at("error").get<std::string>(), HasSubstr("`a`"));
  Json stranger = flow_node("a");
  stranger["agent_id"] = "ghost";
  const Answer unknown = refused(flow_body({stranger}));
  EXPECT_EQ(unknown.json().at("field"), "flow.nodes.a.agent_id");
  Json never = flow_body({flow_node("a")});
  never["schedule"] = {{"type", "cron"}, {"cron_expression", "0 0 30 2 *"}};
  EXPECT_EQ(refused(never).status, 400) << refused(never).body;
  never["schedule"] = {
      {"type", "cron"}, {"cron_expression", "0 8 * * *"}, {"timezone", "Europe/Nowhere"}};
  EXPECT_EQ(refused(never).json().at("code"), "AUTOMATION_V2_CREATE_FAILED");
  Json wrong = flow_body({flow_node("a")});
  wrong["flow"]["nodes"][0]["depends_on"] = 7;
  EXPECT_EQ(refused(wrong).status, 422);
  EXPECT_EQ(refused(wrong).json().at("field"), "flow.nodes[0].depends_on");
  wrong.erase("flow");
  EXPECT_EQ(refused(wrong).json().at("field"), "flow");
}

TEST_F(TandemFlows, LooseInputIsTakenAndWhatIsLeftOutFilledIn) {
  const Json made =
      ok("POST", "/automations/v2",
         {{"name", "n"},
          {"schedule",
           {{"type", "cron"}, {"cronExpression", "0 8 * * *"}, {"misfirePolicy", "skip"}}},
          {"agents",
           {{{"agentId", "w"},
             {"modelPolicy", {{"defaultModel", {{"providerId", "scripted"}, {"modelId", "m"}}}}}}}},
          {"flow",
           {{"nodes",
             {{{"nodeId", "a"}, {"agentId", "w"}, {"objective", "x"}},
              {{"nodeId", "b"},
               {"agentId", "w"},
               {"objective", "y"},
               {"inputRefs", {{{"fromStepId", "a"}, {"alias", "i"}}}},
               {"retryPolicy", {{"maxAttempts", 2}}},
               {"timeoutMs", 5000}}}}}}})
          .at("automation");
  EXPECT_EQ(made.at("status"), "draft");
  EXPECT_EQ(made.at("schedule").at("timezone"), "UTC");
  EXPECT_EQ(made.at("schedule").at("misfire_policy"), Json({{"type", "skip"}}));
  const Json& agent = made.at("agents").front();
  EXPECT_EQ(agent.at("display_name"), "w");
  EXPECT_EQ(agent.at("tool_policy").at("allowlist"), Json::array({"read"}));
  EXPECT_EQ(agent.at("model_policy").at("default_model").at("model_id"), "m");
  const Json& node = made.at("flow").at("nodes").at(1);
  EXPECT_EQ(node.at("depends_on"), Json::array({"a"})) << "an input is waited for";
  EXPECT_EQ(node.at("retry_policy").at("max_attempts"), 2);
  EXPECT_EQ(node.at("timeout_ms"), 5000);
  EXPECT_EQ(made.at("execution").at("max_parallel_agents"), 1);
  EXPECT_FALSE(made.contains("next_fire_at_ms")) << "a draft is never due";
}

TEST_F(TandemFlows, AnActiveOneFiresAndAPausedOneDoesNot) {
  answer_by_node();
  const Json each_second = {{"schedule", {{"type", "interval"}, {"interval_seconds", 1}}}};
  Json paused = each_second;
  paused["status"] = "paused";
  const std::string quiet = make_flow({flow_node("a")}, paused);
  const std::string id = make_flow({flow_node("a")}, each_second);
  const Json run = wait_for_flow(id, "completed");
  EXPECT_EQ(run.at("trigger_type"), "scheduled");
  ok("POST", "/automations/v2/" + id + "/pause", {{"reason", "enough"}});
  EXPECT_FALSE(ok("GET", "/automations/v2/" + id).at("automation").contains("next_fire_at_ms"));
  EXPECT_THAT(ok("GET", "/automations/v2/" + quiet + "/runs").at("runs"), IsEmpty());
}

TEST_F(TandemFlows, APatchDoesNotReachARunUnderWay) {
  model().script({Hold{}, reply({core::TextPart{"a"}})});
  const auto stream = follow_flows();
  const std::string id = make_flow({flow_node("a"), flow_node("b", {"a"})});
  const std::string run_id = run_flow(id);
  events_until(*stream, "automation.v2.node.started");
  ok("PATCH", "/automations/v2/" + id, {{"flow", {{"nodes", {flow_node("z")}}}}});
  answer_by_node();
  model().release();
  events_until(*stream, "automation.v2.run.completed");
  const Json run = flow_run(run_id);
  EXPECT_EQ(run.at("checkpoint").at("completed_nodes"), Json::array({"a", "b"}));
  EXPECT_EQ(run.at("automation_snapshot").at("flow").at("nodes").size(), 2U);
  EXPECT_EQ(ok("GET", "/automations/v2/" + id).at("automation").at("flow").at("nodes").size(), 1U);
}

// --- gates --------------------------------------------------------------------------------------

TEST_F(TandemFlows, AGateWaitsForAHuman) {
  answer_by_node();
  const auto stream = follow_flows();
  const std::string id =
      make_flow({flow_node("a"), flow_gate("ok", {"a"}), flow_node("b", {"ok"})});
  const std::string run_id = run_flow(id);
  EXPECT_EQ(refused_run(run_id, "gate", {{"decision", "maybe"}}).json().at("code"),
            "AUTOMATION_V2_GATE_INVALID_DECISION");
  events_until(*stream, "automation.v2.gate.opened");
  const Json waits = flow_run(run_id);
  EXPECT_EQ(waits.at("status"), "awaiting_approval");
  EXPECT_EQ(waits.at("checkpoint").at("awaiting_gate").at("node_id"), "ok");
  EXPECT_EQ(waits.at("checkpoint").at("awaiting_gate").at("upstream_node_ids"), Json::array({"a"}));
  const Answer python = server().ask("GET", "/automations/v2/runs/" + run_id, "",
                                     {{"User-Agent", "python-httpx/0.28.1"}});
  EXPECT_EQ(python.json().at("run").at("status"), "paused") << "it knows no other word";
  ask_run(run_id, "gate", {{"decision", "rework"}, {"reason", "shorter"}});
  events_until(*stream, "automation.v2.gate.opened");
  EXPECT_EQ(model().requests().size(), 2U) << "a is done again";
  EXPECT_THAT(core::visible_text(model().requests().back().messages.back().parts),
              HasSubstr("shorter"));
  ask_run(run_id, "gate", {{"decision", "approve"}});
  events_until(*stream, "automation.v2.run.completed");
  EXPECT_EQ(flow_run(run_id).at("checkpoint").at("gate_history").size(), 2U);
  EXPECT_EQ(refused_run(run_id, "gate", {{"decision", "approve"}}).json().at("code"),
            "AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL");
}

TEST_F(TandemFlows, AGateMayEndTheRun) {
  const auto stream = follow_flows();
  const std::string run_id = run_flow(make_flow({flow_gate("ok", {})}));
  events_until(*stream, "automation.v2.gate.opened");
  const Json run = ask_run(run_id, "gate", {{"decision", "cancel"}, {"reason", "no"}});
  EXPECT_EQ(run.at("status"), "cancelled");
  EXPECT_EQ(run.at("stop_kind"), "cancelled");
  EXPECT_EQ(run.at("stop_reason"), "no");
}

// --- pausing and stopping -----------------------------------------------------------------------

TEST_F(TandemFlows, APausedNodeGoesOnInItsSession) {
  model().script({text("Half"), Hold{}});
  const auto stream = follow_flows();
  const std::string run_id = run_flow(make_flow({flow_node("a")}));
  const std::string session =
      events_until(*stream, "automation.v2.node.started").back().at("sessionID");
  ask_run(run_id, "pause", {{"reason", "lunch"}});
  events_until(*stream, "automation.v2.run.paused");
  const Json paused = flow_run(run_id);
  EXPECT_EQ(paused.at("status"), "paused");
  EXPECT_EQ(paused.at("pause_reason"), "lunch");
  EXPECT_THAT(paused.at("active_session_ids"), IsEmpty());
  EXPECT_EQ(refused_run(run_id, "pause").json().at("code"), "AUTOMATION_V2_RUN_NOT_PAUSABLE");
  model().script({reply({core::TextPart{"Whole."}})});
  EXPECT_EQ(ask_run(run_id, "resume").at("resume_reason"), "resumed by operator");
  events_until(*stream, "automation.v2.run.completed");
  const Json run = flow_run(run_id);
  EXPECT_EQ(run.at("checkpoint").at("node_outputs").at("a").at("content").at("session_id"),
            session);
  EXPECT_EQ(run.at("checkpoint").at("node_attempts").at("a"), 1);
  EXPECT_EQ(refused_run(run_id, "resume").json().at("code"), "AUTOMATION_V2_RUN_NOT_PAUSED");
}

TEST_F(TandemFlows, AToolMayComeToItsEndBeforeThePause) {
  const std::string run_id = dig("finish");
  const auto stream = follow_flows();
  // Should the tool end before its run is told to stop.
  model().answer_with([](const core::ModelRequest&) -> std::vector<Act> { return {Hold{}}; });
  EXPECT_EQ(ask_run(run_id, "pause").at("status"), "pausing");
  work_->released.notify();
  events_until(*stream, "automation.v2.run.paused");
  EXPECT_EQ(work_->ended, 1);
  EXPECT_EQ(work_->stopped, 0);
  // It is not done again: the agent sees its result.
  answer_by_node();
  ask_run(run_id, "resume");
  events_until(*stream, "automation.v2.run.completed");
  EXPECT_EQ(work_->begun, 1);
}

TEST_F(TandemFlows, AToolMayBeCancelledByThePause) {
  const std::string run_id = dig("cancel");
  const auto stream = follow_flows();
  ask_run(run_id, "pause");
  events_until(*stream, "automation.v2.run.paused");
  EXPECT_EQ(work_->stopped, 1);
  answer_by_node();
  ask_run(run_id, "resume");
  events_until(*stream, "automation.v2.run.completed");
  EXPECT_EQ(work_->begun, 1);
}

TEST_F(TandemFlows, ACancelledRunStopsItsNodes) {
  model().script({text("Half"), Hold{}});
  const auto stream = follow_flows();
  const std::string run_id = run_flow(make_flow({flow_node("a"), flow_node("b", {"a"})}));
  events_until(*stream, "automation.v2.node.started");
  const Json run = ask_run(run_id, "cancel", {{"reason", "enough"}});
  EXPECT_EQ(run.at("status"), "cancelled");
  EXPECT_EQ(run.at("stop_kind"), "operator_stopped");
  EXPECT_EQ(run.at("stop_reason"), "enough");
  events_until(*stream, "automation.v2.node.interrupted");
  EXPECT_THAT(flow_run(run_id).at("active_session_ids"), IsEmpty());
  const Answer again = refused_run(run_id, "cancel");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.json().at("code"), "AUTOMATION_V2_RUN_TERMINAL");
}

TEST_F(TandemFlows, ToolCallsBeyondTheGuardRailAreNotMade) {
  launch_once();
  launch_once();
  const auto stream = follow_flows();
  const std::string run_id =
      run_flow(make_flow({flow_node("a")}, {{"execution", {{"max_total_tool_calls", 1}}}}));
  events_until(*stream, "automation.v2.run.guardrail_stopped");
  const Json run = flow_run(run_id);
  EXPECT_EQ(run.at("status"), "cancelled");
  EXPECT_EQ(run.at("stop_kind"), "guardrail_stopped");
  EXPECT_THAT(run.at("stop_reason").get<std::string>(), HasSubstr("tool calls"));
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
}

TEST_F(TandemFlows, TokensBeyondTheGuardRailAreNotUsed) {
  launch_once();
  const auto stream = follow_flows();
  const std::string run_id =
      run_flow(make_flow({flow_node("a")}, {{"execution", {{"max_total_tokens", 15}}}}));
  events_until(*stream, "automation.v2.run.guardrail_stopped");
  EXPECT_EQ(model().requests().size(), 1U);
  EXPECT_EQ(flow_run(run_id).at("total_tokens"), 15);
}

// --- what happens twice -------------------------------------------------------------------------

TEST_F(TandemFlows, ANodeThatDidNothingIsTriedAgain) {
  model().script({Break{{.kind = base::ErrorKind::invalid, .message = "no luck"}}});
  model().script({reply({core::TextPart{"Done."}})});
  const auto stream = follow_flows();
  const std::string run_id = run_flow(make_flow({flow_node("a")}));
  events_until(*stream, "automation.v2.run.completed");
  EXPECT_EQ(flow_run(run_id).at("checkpoint").at("node_attempts").at("a"), 2);
}

TEST_F(TandemFlows, ANodeThatHadEffectsIsNotTriedAgainByItself) {
  launch_once();
  model().script({Break{{.kind = base::ErrorKind::invalid, .message = "no luck"}}});
  const auto stream = follow_flows();
  const std::string run_id = run_flow(make_flow({flow_node("a"), flow_node("b", {"a"})}));
  events_until(*stream, "automation.v2.run.failed");
  const Json failed = flow_run(run_id);
  EXPECT_EQ(failed.at("status"), "failed");
  EXPECT_EQ(failed.at("checkpoint").at("last_failure").at("node_id"), "a");
  EXPECT_THAT(failed.at("checkpoint").at("last_failure").at("reason").get<std::string>(),
              HasSubstr("effects"));
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
  // A human says so: the agent sees what it has done.
  answer_by_node();
  ask_run(run_id, "recover", {{"reason", "go on"}});
  events_until(*stream, "automation.v2.run.completed");
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
  std::string seen;
  for (const core::ModelRequest& request : model().requests()) {
    for (const core::Message& message : request.messages) {
      for (const core::Part& part : message.parts) {
        if (const auto* result = std::get_if<core::ToolResultPart>(&part)) seen += result->content;
      }
    }
  }
  EXPECT_THAT(seen, HasSubstr("launched moon"));
}

TEST_F(TandemFlows, ARetryBeginsTheNodeAndWhatDependsOnItAnew) {
  answer_by_node();
  const auto stream = follow_flows();
  const std::string id = make_flow({flow_node("a"), flow_node("b", {"a"}), flow_node("c", {"b"})});
  const std::string run_id = run_flow(id);
  events_until(*stream, "automation.v2.run.completed");
  const Json preview = ok("GET", "/automations/v2/runs/" + run_id + "/tasks/b/reset_preview");
  EXPECT_EQ(preview.at("reset_nodes"), Json::array({"b", "c"}));
  const std::size_t asked = model().requests().size();
  ask_run(run_id, "tasks/b/retry", {{"reason", "once more"}});
  events_until(*stream, "automation.v2.run.completed");
  EXPECT_EQ(model().requests().size(), asked + 2) << "a is as it was";
  EXPECT_EQ(refused_run(run_id, "tasks/ghost/retry").status, 404);
}

TEST_F(TandemFlows, ARepairChangesTheRunAndTheAutomation) {
  model().script({Break{{.kind = base::ErrorKind::invalid, .message = "no luck"}}});
  const auto stream = follow_flows();
  Json node = flow_node("a");
  node["retry_policy"] = {{"max_attempts", 1}};
  const std::string id = make_flow({node});
  const std::string run_id = run_flow(id);
  events_until(*stream, "automation.v2.run.failed");
  EXPECT_EQ(refused_run(run_id, "repair", {{"node_id", "a"}}).json().at("code"),
            "AUTOMATION_V2_RUN_REPAIR_EMPTY");
  answer_by_node();
  const Json repaired = ok("POST", "/automations/v2/runs/" + run_id + "/repair",
                           {{"node_id", "a"}, {"prompt", "Do z."}});
  EXPECT_EQ(repaired.at("automation").at("flow").at("nodes")[0].at("objective"), "Do z.");
  events_until(*stream, "automation.v2.run.completed");
  EXPECT_EQ(flow_run(run_id).at("checkpoint").at("node_outputs").at("a").at("content").at("text"),
            "of z");
}

TEST_F(TandemFlows, ANodeUnderWayGoesOnAfterARestart) {
  launch_once();
  model().script({text("Half"), Hold{}});
  const std::string id = make_flow({flow_node("a"), flow_node("b", {"a"})});
  std::string session;
  {
    const auto stream = follow_flows();
    run_flow(id);
    session = events_until(*stream, "automation.v2.node.started").back().at("sessionID");
    while (launches_->seen().empty()) std::this_thread::yield();
    while (model().requests().size() < 2) std::this_thread::yield();
  }
  start_flows_again("Whole.");
  const Json run = wait_for_flow(id, "completed");
  EXPECT_EQ(run.at("checkpoint").at("node_outputs").at("a").at("content").at("session_id"),
            session);
  EXPECT_THAT(launches_->seen(), ElementsAre("moon")) << "a finished call is never repeated";
  EXPECT_THAT(ok("GET", "/automations/v2/" + id + "/runs").at("runs"), SizeIs(1));
}

TEST_F(TandemFlows, AGateIsOpenAfterARestart) {
  answer_by_node();
  std::string run_id;
  {
    const auto stream = follow_flows();
    run_id = run_flow(make_flow({flow_gate("ok", {}), flow_node("b", {"ok"})}));
    events_until(*stream, "automation.v2.gate.opened");
  }
  start_flows_again("Done.");
  EXPECT_EQ(flow_run(run_id).at("status"), "awaiting_approval");
  const auto stream = follow_flows();
  ask_run(run_id, "gate", {{"decision", "approve"}});
  events_until(*stream, "automation.v2.run.completed");
}

// --- grants -------------------------------------------------------------------------------------

TEST_F(TandemFlows, AnAgentsListIsItsGrant) {
  launch_once();
  model().script({reply({core::TextPart{"Done."}})});
  const auto stream = follow_flows();
  run_flow(make_flow({flow_node("a")}));
  events_until(*stream, "automation.v2.run.completed");
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
  EXPECT_THAT(ok("GET", "/permission").at("requests"), IsEmpty());
  std::vector<std::string> offered;
  const auto requests = model().requests();
  for (const auto& tool : requests.front().tools) offered.push_back(tool.name);
  EXPECT_THAT(offered, ElementsAre("launch"));
}

TEST_F(TandemFlows, WhatIsOnTheOtherListIsNotOffered) {
  answer_by_node();
  const auto stream = follow_flows();
  const Json agent = {{"agent_id", "worker"},
                      {"tool_policy", {{"allowlist", {"la*"}}, {"denylist", {"land"}}}}};
  run_flow(make_flow({flow_node("a")}, {{"agents", {agent}}}));
  events_until(*stream, "automation.v2.run.completed");
  std::vector<std::string> offered;
  const auto requests = model().requests();
  for (const auto& tool : requests.front().tools) offered.push_back(tool.name);
  EXPECT_THAT(offered, ElementsAre("launch"));
}

// --- who hears ----------------------------------------------------------------------------------

TEST_F(TandemFlows, AStreamOfOneAutomationTellsOfNoOther) {
  answer_by_node();
  const std::string one = make_flow({flow_node("a")});
  const std::string other = make_flow({flow_node("a")});
  const auto stream = follow("/automations/v2/events?automation_id=" + one);
  run_flow(other);
  wait_for_flow(other, "completed");
  const std::string run_id = run_flow(one);
  const auto events = events_until(*stream, "automation.v2.run.completed");
  for (const Json& event : events) EXPECT_EQ(event.at("properties").at("automationID"), one);
  EXPECT_EQ(events.front().at("type"), "automation.v2.run.created");
  EXPECT_EQ(events.front().at("properties").at("run").at("run_id"), run_id);
}

}  // namespace
}  // namespace colonnade::tests
