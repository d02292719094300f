// Automations V2 of the Tandem client (tandem §2.6, §6), over a scripted transport.
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sdk/tandem/script.hpp"

namespace colonnade {
namespace {

using namespace std::chrono_literals;
using tandem_script::Client;
using tandem_script::options_of;

constexpr std::string_view made = R"({"automation":{"automation_id":"a1","name":"Daily"}})";
constexpr std::string_view waiting =
    R"({"run":{"run_id":"r1","automation_id":"a1","trigger_type":"manual","status":"paused",)"
    R"("created_at_ms":1773820800000,"active_session_ids":[],"checkpoint":{)"
    R"("completed_nodes":["scan"],"pending_nodes":["ok"],"blocked_nodes":[],)"
    R"("node_outputs":{"scan":{"contract_kind":"structured_json","summary":"3 found",)"
    R"("content":{"text":"three","session_id":"s1"},"created_at_ms":1,"node_id":"scan"}},)"
    R"("node_attempts":{"scan":2},"node_sessions":{"scan":"s1"},)"
    R"("awaiting_gate":{"node_id":"ok","title":"Approve","decisions":["approve","cancel"],)"
    R"("rework_targets":["scan"],"requested_at_ms":2000,"upstream_node_ids":["scan"]},)"
    R"("gate_history":[{"node_id":"ok","decision":"rework","decided_at_ms":1000}],)"
    R"("lifecycle_history":[{"event":"node_started","recorded_at_ms":1,)"
    R"("metadata":{"node_id":"scan"}}]},"detail":"awaiting approval","total_tokens":7,)"
    R"("estimated_cost_usd":0.5}})";

const tandem::CreateAutomationV2 daily{
    .name = "Daily",
    .schedule = "0 8 * * *",
    .agents = {{.agent_id = "worker",
                .model = tandem::ModelRef{.provider_id = "p", .model_id = "m"},
                .allowed_tools = {"read"},
                .mcp_servers = {"files"}}},
    .nodes = {{.node_id = "scan",
               .agent_id = "worker",
               .objective = "Find 3.",
               .contract = tandem::AutomationContract{.kind = "structured_json"},
               .max_attempts = 2,
               .timeout = 5s},
              {.node_id = "ok",
               .agent_id = "worker",
               .objective = "Approve",
               .depends_on = {"scan"},
               .inputs = {{.from_step_id = "scan", .alias = "findings"}},
               .stage_kind = "approval",
               .gate = tandem::AutomationGate{.decisions = {"approve"}}}},
    .status = "active",
    .execution = {.max_parallel_agents = 2, .max_total_cost_usd = 0.5}};

Json body_of(const tandem::CreateAutomationV2& request, bool real_engine) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/automations/v2").reply(200, made);
  const Client client(options_of(wire, real_engine));
  client.automations_v2.create(request);
  return Json::parse(wire.requests().at(0).body);
}

TEST(TandemAutomationsV2, S2_6_one_as_every_server_takes_it) {
  const Json body = body_of(daily, false);
  EXPECT_EQ(body["schedule"], (Json{{"type", "cron"},
                                    {"cron_expression", "0 8 * * *"},
                                    {"timezone", "UTC"},
                                    {"misfire_policy", {{"type", "run_once"}}}}));
  const Json& agent = body["agents"][0];
  EXPECT_EQ(agent["display_name"].as_string(), "worker") << "a real engine wants one";
  EXPECT_EQ(agent["tool_policy"]["allowlist"], Json::array({"read"}));
  EXPECT_EQ(agent["tool_policy"]["denylist"], Json::array());
  EXPECT_EQ(agent["mcp_policy"]["allowed_servers"], Json::array({"files"}));
  EXPECT_EQ(agent["model_policy"]["default_model"],
            (Json{{"provider_id", "p"}, {"model_id", "m"}}));
  const Json& scan = body["flow"]["nodes"][0];
  EXPECT_EQ(scan["retry_policy"], (Json{{"max_attempts", 2}}));
  EXPECT_EQ(scan["timeout_ms"], Json(5000));
  const Json& gate = body["flow"]["nodes"][1];
  EXPECT_EQ(gate["input_refs"][0], (Json{{"from_step_id", "scan"}, {"alias", "findings"}}));
  EXPECT_EQ(gate["gate"]["decisions"], Json::array({"approve"}));
  EXPECT_EQ(body["execution"], (Json{{"max_parallel_agents", 2}, {"max_total_cost_usd", 0.5}}));
  EXPECT_EQ(body_of(daily, true)["schedule"]["cron_expression"].as_string(), "0 0 8 * * *")
      << "an engine of 0.4.6 counts seconds, too";
}

TEST(TandemAutomationsV2, S2_6_what_is_said_comes_back) {
  testing::ScriptedTransport wire;
  Json answer = body_of(daily, false);
  answer.set("automation_id", "a1");
  answer.set("next_fire_at_ms", 2000);
  wire.expect("GET", "/automations/v2/a1").reply(200, Json{{"automation", answer}}.dump());
  const tandem::AutomationV2 read = Client(options_of(wire)).automations_v2.get("a1");
  EXPECT_EQ(read.automation_id, "a1");
  EXPECT_EQ(read.schedule, daily.schedule);
  EXPECT_EQ(read.timezone, "UTC");
  ASSERT_EQ(read.agents.size(), 1U);
  EXPECT_EQ(read.agents[0].model, daily.agents[0].model);
  EXPECT_EQ(read.agents[0].allowed_tools, daily.agents[0].allowed_tools);
  ASSERT_EQ(read.nodes.size(), 2U);
  EXPECT_EQ(read.nodes[0].max_attempts, 2);
  EXPECT_EQ(read.nodes[0].timeout, 5s);
  EXPECT_EQ(read.nodes[1].inputs.at(0).alias, "findings");
  ASSERT_TRUE(read.nodes[1].gate);
  EXPECT_TRUE(read.nodes[1].gate->required);
  EXPECT_EQ(read.execution.max_parallel_agents, 2);
  EXPECT_EQ(read.next_fire_at, Timestamp(2s));
}

TEST(TandemAutomationsV2, S6_a_run_at_a_gate_waits_whatever_the_word) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/automations/v2/runs/r1").reply(200, waiting);
  const tandem::AutomationV2Run run = Client(options_of(wire)).automations_v2.get_run("r1");
  EXPECT_TRUE(run.waits_at_gate());
  EXPECT_FALSE(run.finished());
  EXPECT_EQ(run.awaiting_gate->node_id, "ok");
  EXPECT_EQ(run.awaiting_gate->decisions, (std::vector<std::string>{"approve", "cancel"}));
  EXPECT_EQ(run.awaiting_gate->requested_at, Timestamp(2s));
  EXPECT_EQ(run.node_outputs.at("scan").text, "three");
  EXPECT_EQ(run.node_outputs.at("scan").session_id, "s1");
  EXPECT_EQ(run.node_attempts.at("scan"), 2);
  EXPECT_EQ(run.node_sessions.at("scan"), "s1");
  EXPECT_EQ(run.gate_history.at(0).decision, "rework");
  EXPECT_EQ(run.lifecycle_history.at(0).metadata["node_id"].as_string(), "scan");
  EXPECT_EQ(run.total_tokens, 7);
  EXPECT_DOUBLE_EQ(run.estimated_cost_usd, 0.5);
}

TEST(TandemAutomationsV2, S2_6_each_method_has_its_route) {
  struct Row {
    const char* method;
    const char* path;
    Json body;
    std::function<void(const Client&)> ask;
  };
  const Json reason{{"reason", "why"}};
  const std::vector<Row> rows = {
      {"POST", "/automations/v2/a1/run_now", Json::object(),
       [](const Client& c) { c.automations_v2.run_now("a1"); }},
      {"POST", "/automations/v2/a1/run_now", Json{{"dry_run", true}},
       [](const Client& c) { c.automations_v2.run_now("a1", true); }},
      {"POST", "/automations/v2/runs/r1/pause", reason,
       [](const Client& c) { c.automations_v2.pause_run("r1", "why"); }},
      {"POST", "/automations/v2/runs/r1/resume", reason,
       [](const Client& c) { c.automations_v2.resume_run("r1", "why"); }},
      {"POST", "/automations/v2/runs/r1/cancel", reason,
       [](const Client& c) { c.automations_v2.cancel_run("r1", "why"); }},
      {"POST", "/automations/v2/runs/r1/recover", reason,
       [](const Client& c) { c.automations_v2.recover_run("r1", "why"); }},
      {"POST", "/automations/v2/runs/r1/gate", Json{{"decision", "approve"}, {"reason", "why"}},
       [](const Client& c) { c.automations_v2.decide_gate("r1", "approve", "why"); }},
      {"POST", "/automations/v2/runs/r1/repair", Json{{"node_id", "n"}, {"prompt", "p"}},
       [](const Client& c) { c.automations_v2.repair_run("r1", {.node_id = "n", .prompt = "p"}); }},
      {"POST", "/automations/v2/runs/r1/tasks/n%2F1/retry", reason,
       [](const Client& c) { c.automations_v2.retry_node("r1", "n/1", "why"); }},
      {"POST", "/automations/v2/runs/r1/tasks/n/continue", reason,
       [](const Client& c) { c.automations_v2.continue_node("r1", "n", "why"); }},
  };
  for (const Row& row : rows) {
    testing::ScriptedTransport wire;
    wire.expect(row.method, row.path).reply(200, waiting);
    row.ask(Client(options_of(wire)));
    EXPECT_EQ(Json::parse(wire.requests().at(0).body), row.body) << row.path;
  }
}

TEST(TandemAutomationsV2, S2_6_lists_and_what_is_taken_away) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/automations/v2").reply(200, R"({"automations":[],"count":0})");
  wire.expect("GET", "/automations/v2/a1/runs?limit=3")
      .reply(200, R"({"automationID":"a1","runs":[{"run_id":"r1","status":"failed"}],"count":1})");
  wire.expect("DELETE", "/automations/v2/a1").reply(200, R"({"ok":true,"deleted":true})");
  wire.expect("POST", "/automations/v2/a1/pause").reply(200, made);
  const Client client(options_of(wire));
  EXPECT_TRUE(client.automations_v2.list().empty());
  const auto runs = client.automations_v2.list_runs("a1", 3);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_TRUE(runs[0].finished());
  EXPECT_FALSE(runs[0].succeeded());
  client.automations_v2.remove("a1");
  EXPECT_EQ(client.automations_v2.pause("a1", "enough").automation_id, "a1");
}

TEST(TandemAutomationsV2, what_cannot_be_sent_is_not) {
  testing::ScriptedTransport wire;
  const Client client(options_of(wire));
  EXPECT_THROW(client.automations_v2.create({}), std::invalid_argument);
  EXPECT_THROW(client.automations_v2.get(""), std::invalid_argument);
  EXPECT_THROW(client.automations_v2.retry_node("r1", ""), std::invalid_argument);
  EXPECT_TRUE(wire.requests().empty());
}

}  // namespace
}  // namespace colonnade
