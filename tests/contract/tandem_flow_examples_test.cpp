// The contract's examples (tandem-examples.jsonl) of automations V2, against a server: the same
// status, and every member of the example with a value of its type.
#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tandem_examples.hpp"
#include "tandem_flows_fixture.hpp"

namespace colonnade::tests {
namespace {

std::string with_ours(std::string text, const std::string& theirs, const std::string& ours) {
  for (auto at = text.find(theirs); at != std::string::npos;
       at = text.find(theirs, at + ours.size())) {
    text.replace(at, theirs.size(), ours);
  }
  return text;
}

class TandemFlowExamples : public TandemFlowsTest {
 protected:
  void TearDown() override { expect_played(played_); }

  // Members that the example has of another moment; below "run" and "automation", too.
  Json replay(const std::string& name, std::initializer_list<const char*> unless = {}) {
    const Json& row = examples_.at(name);
    played_.insert(name);
    const Json request = row.value("request", Json());
    std::string body = request.is_null() ? "" : request.dump();
    std::string path = row.at("path");
    for (const auto& [theirs, own] : ids_) {
      body = with_ours(std::move(body), theirs, own);
      path = with_ours(std::move(path), theirs, own);
    }
    const Answer answer = server().ask(row.at("method").get<std::string>(), path, body);
    EXPECT_EQ(answer.status, row.at("status")) << name << ": " << answer.body;
    Json wanted = row.at("response");
    for (const char* member : unless) remove_everywhere(wanted, member);
    const Json got = answer.json();
    has_members(wanted, got, name);
    return got;
  }
  static void remove_everywhere(Json& tree, const std::string& member) {
    if (tree.is_object()) tree.erase(member);
    for (Json& one : tree) {
      if (one.is_structured()) remove_everywhere(one, member);
    }
  }

  const std::string their_flow_ = "automation-v2-0d8e7f6a-5b4c-4d3e-8f2a-1b0c9d8e7f6a";
  const std::string their_run_ = "automation-v2-run-7c6b5a49-3827-4615-a4b3-c2d1e0f9a8b7";
  std::map<std::string, Json> examples_ = tandem_examples();
  std::map<std::string, std::string> ids_{};
  std::set<std::string> played_{};
};

// Nothing runs here: a run stays as it was made.
TEST_F(TandemFlowExamples, OfAutomationsV2) {
  server_ = std::make_unique<TandemServer>(folder_.file("colonnade.db"), options(false));
  replay("automations_v2.create.unknown_node");
  replay("automations_v2.get.not_found");
  ids_[their_flow_] = replay("automations_v2.create").at("automation").at("automation_id");
  // The flow that the other examples have.
  const Json flow = examples_.at("automations_v2.get").at("response").at("automation").at("flow");
  ok("PATCH", "/automations/v2/" + ids_[their_flow_], {{"flow", flow}});
  for (const char* name : {"automations_v2.list", "automations_v2.get"}) replay(name);
  replay("automations_v2.update");
  replay("automations_v2.pause", {"next_fire_at_ms"});  // a paused one is not due
  replay("automations_v2.resume");
  // A snapshot says nothing of when the flow is due next.
  ids_[their_run_] = replay("automations_v2.run_now", {"next_fire_at_ms"}).at("run").at("run_id");
  replay("automations_v2.list_runs", {"next_fire_at_ms"});
  replay("automations_v2.pause_run", {"next_fire_at_ms"});
  replay("automations_v2.resume_run", {"next_fire_at_ms"});
  replay("automations_v2.cancel_run", {"next_fire_at_ms"});
  ids_["runs/done"] = "runs/" + ids_[their_run_];
  replay("automations_v2.cancel_run.terminal");
  replay("automations_v2.delete");
}

TEST_F(TandemFlowExamples, OfRunsOfAutomationsV2) {
  const auto stream = follow_flows();
  model().script({text("Half"), Hold{}, reply({core::TextPart{"3 signals found"}})});
  Json scan = flow_node("market-scan");
  Json gate = flow_gate("approve", {"market-scan"});
  gate["gate"] = {{"required", true},
                  {"decisions", {"approve", "rework", "cancel"}},
                  {"rework_targets", {"market-scan"}}};
  const Json more = {{"schedule", {{"type", "interval"}, {"interval_seconds", 86'400}}}};
  ids_[their_run_] = run_flow(make_flow({scan, gate}, more));
  const Json created = events_until(*stream, "automation.v2.run.created").back();
  played_.insert("event.automation.v2.run.created");
  Json wanted = examples_.at("event.automation.v2.run.created").at("event");
  remove_everywhere(wanted, "automation_snapshot");  // of other nodes
  has_members(wanted, created, "event.automation.v2.run.created");
  events_until(*stream, "automation.v2.node.started");
  replay("automations_v2.get_run", {"next_fire_at_ms", "model_policy"});
  model().release();
  events_until(*stream, "automation.v2.gate.opened");
  replay("engine046.automations_v2.get_run.awaiting_approval", {"next_fire_at_ms", "model_policy"});
  replay("automations_v2.gate",
         {"next_fire_at_ms", "model_policy", "pending_nodes", "blocked_nodes", "detail"});
}

}  // namespace
}  // namespace colonnade::tests
