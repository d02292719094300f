// How tests of automations V2 ask a server that runs them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tandem_routines_fixture.hpp"

namespace colonnade::tests {

// A node of the agent "worker".
inline Json flow_node(const std::string& id, std::vector<std::string> depends_on = {}) {
  return {{"node_id", id},
          {"agent_id", "worker"},
          {"objective", "Do " + id + "."},
          {"depends_on", std::move(depends_on)}};
}

inline Json flow_gate(const std::string& id, std::vector<std::string> depends_on) {
  Json out = flow_node(id, std::move(depends_on));
  out["stage_kind"] = "approval";
  return out;
}

class TandemFlowsTest : public TandemRoutinesTest {
 protected:
  Json flow_body(const std::vector<Json>& nodes, const Json& more = Json::object()) {
    Json out = {
        {"name", "Daily"},
        {"status", "active"},
        {"schedule", {{"type", "manual"}}},
        {"agents", {{{"agent_id", "worker"}, {"tool_policy", {{"allowlist", {"launch"}}}}}}},
        {"flow", {{"nodes", nodes}}}};
    out.update(more);
    return out;
  }
  std::string make_flow(const std::vector<Json>& nodes, const Json& more = Json::object()) {
    return ok("POST", "/automations/v2", flow_body(nodes, more))
        .at("automation")
        .at("automation_id");
  }
  std::string run_flow(const std::string& id) {
    return ok("POST", "/automations/v2/" + id + "/run_now", Json::object()).at("run").at("run_id");
  }
  Json flow_run(const std::string& run_id) {
    return ok("GET", "/automations/v2/runs/" + run_id).at("run");
  }
  Json ask_run(const std::string& run_id, const std::string& verb,
               const Json& body = Json::object()) {
    return ok("POST", "/automations/v2/runs/" + run_id + "/" + verb, body).at("run");
  }
  Answer refused_run(const std::string& run_id, const std::string& verb,
                     const Json& body = Json::object()) {
    return server().ask("POST", "/automations/v2/runs/" + run_id + "/" + verb, body.dump());
  }
  std::unique_ptr<WireStream> follow_flows() { return follow("/automations/v2/events"); }
  // Answers each node by its objective: "of a" to "Do a.".
  void answer_by_node() {
    model().answer_with([](const core::ModelRequest& request) -> std::vector<Act> {
      const std::string said = core::visible_text(request.messages.back().parts);
      const auto at = said.find("Do ");
      const auto end = said.find('.', at);
      return {reply({core::TextPart{"of " + said.substr(at + 3, end - at - 3)}})};
    });
  }
  void launch_once() { model().script({tool_call("c1", "launch", {{"target", "moon"}})}); }
  // A server on the same file, whose model answers from its first moment on.
  void start_flows_again(const std::string& said) {
    server_.reset();
    TandemServerOptions again = options();
    again.prepare = [said](ScriptedProvider& model) {
      model.answer_with([said](const core::ModelRequest&) -> std::vector<Act> {
        return {reply({core::TextPart{said}})};
      });
    };
    server_ = std::make_unique<TandemServer>(folder_.file("colonnade.db"), std::move(again));
  }
};

}  // namespace colonnade::tests
