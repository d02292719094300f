// A server that does the runs of routines, and how tests of them ask it.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "../engine/launch_tool.hpp"
#include "tandem_server.hpp"
#include "tools/builtin/write.hpp"

namespace colonnade::tests {

using base::Json;

class TandemRoutinesTest : public ::testing::Test {
 protected:
  TandemServerOptions options(bool runs_jobs = true) {
    TandemServerOptions out;
    out.runs_jobs = runs_jobs;
    out.job_questions = job_questions_;
    out.engine.workspaces = folder_.file("workspaces");
    out.engine.extra_tools.push_back(std::make_unique<LaunchTool>(launches_));
    out.engine.extra_tools.push_back(std::make_unique<LaunchTool>(launches_, "land"));
    out.engine.extra_tools.push_back(tools::write_tool(workers_));
    if (!policy_.empty()) {
      out.engine.policy_file = folder_.file("policy.yaml");
      std::ofstream(out.engine.policy_file) << policy_;
    }
    return out;
  }
  TandemServer& server() {
    if (!server_) server_ = std::make_unique<TandemServer>(folder_.file("colonnade.db"), options());
    return *server_;
  }
  ~TandemRoutinesTest() override {
    if (server_) server_->engine.model->release();
    server_.reset();
    workers_.end();
  }

  ScriptedProvider& model() { return *server().engine.model; }
  // What each run says from now on.
  void answer_always(const std::string& said) {
    model().answer_with([said](const core::ModelRequest&) -> std::vector<Act> {
      return {reply({core::TextPart{said}})};
    });
  }
  Json ok(const std::string& method, const std::string& target, const Json& body = nullptr) {
    const Answer answer =
        server().ask(method, target, body.is_null() ? std::string() : body.dump());
    EXPECT_EQ(answer.status, 200) << method << target << answer.body;
    return answer.status == 200 ? answer.json() : Json::object();
  }
  std::string create(Json body) {
    if (!body.contains("name")) body["name"] = "Daily digest";
    if (!body.contains("schedule")) body["schedule"] = {{"type", "manual"}};
    if (!body.contains("entrypoint")) body["entrypoint"] = "Summarize today's activity";
    return ok("POST", "/routines", body).at("routine").at("id");
  }
  std::string run_now(const std::string& id) {
    return ok("POST", "/routines/" + id + "/run_now", Json::object()).at("runID");
  }
  Json run(const std::string& run_id) { return ok("GET", "/routines/runs/" + run_id).at("run"); }

  // A stream whose greeting was read: it misses nothing from then on.
  std::unique_ptr<WireStream> follow(const std::string& target, const std::string& token = "") {
    const std::string& bearer = token.empty() ? server().token : token;
    auto out =
        std::make_unique<WireStream>(server().port(), Call{.target = target, .token = bearer});
    EXPECT_EQ(out->head().status, 200) << target << out->head().body;
    const bool has_two = target.starts_with("/event") || target.starts_with("/global");
    for (int i = 0; i < (has_two ? 2 : 1); ++i) out->next();
    return out;
  }

  bool job_questions_ = true;
  std::string policy_{};
  TemporaryFolder folder_;
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
  base::Workers workers_{1};
  std::unique_ptr<TandemServer> server_{};
};

}  // namespace colonnade::tests
