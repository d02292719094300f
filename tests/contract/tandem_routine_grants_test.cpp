// What runs of routines may do unasked (architecture §2.4): their list of allowed tools is a grant
// by their creator, which answers what a human would be asked, and never a denial.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "tandem_routines_fixture.hpp"

namespace colonnade::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TandemRoutineGrants : public TandemRoutinesTest {
 protected:
  void launches_once() {
    model().script({tool_call("c1", "launch", {{"target", "moon"}})});
    model().script({reply({core::TextPart{"Done."}})});
  }
  // All that the audit trail says.
  std::string audit() {
    std::string out;
    const auto records = server().engine.run(server().engine.store->audit(0, 1000));
    EXPECT_TRUE(records);
    for (const core::AuditRecord& one : *records) out += one.text + "\n";
    return out;
  }
  // What the model was told of its call, in its second request.
  std::string told() {
    const auto requests = model().requests();
    std::string out;
    for (const core::Message& message : requests.back().messages) {
      for (const core::Part& part : message.parts) {
        if (const auto* result = std::get_if<core::ToolResultPart>(&part)) out += result->content;
      }
    }
    return out;
  }
};

TEST_F(TandemRoutineGrants, ANamedToolRunsUnasked) {
  launches_once();
  const auto stream = follow("/routines/events");
  const std::string id = create({{"allowed_tools", {"launch"}}});
  const std::string run_id = run_now(id);
  events_until(*stream, "routine.run.completed");
  EXPECT_EQ(run(run_id).at("status"), "completed");
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
  EXPECT_THAT(ok("GET", "/permission").at("requests"), IsEmpty());
}

TEST_F(TandemRoutineGrants, TheGrantIsShownAndAudited) {
  launches_once();
  const auto stream = follow("/routines/events");
  const Json made = ok("POST", "/routines",
                       {{"routine_id", "moonshot"},
                        {"name", "Moonshot"},
                        {"schedule", {{"type", "manual"}}},
                        {"entrypoint", "Launch"},
                        {"allowed_tools", {"launch", "launch"}}});
  EXPECT_EQ(made.at("routine").at("allowed_tools"), Json::array({"launch"}));
  EXPECT_THAT(audit(), HasSubstr(R"("allowed_tools":["launch"])"));
  EXPECT_THAT(audit(), HasSubstr(R"("subject":"moonshot")"));
  run_now("moonshot");
  events_until(*stream, "routine.run.completed");
  EXPECT_THAT(audit(), HasSubstr("allowed unasked by the grant of Routine moonshot"));
  ok("PATCH", "/routines/moonshot", {{"allowed_tools", {"launch", "land"}}});
  EXPECT_THAT(audit(), HasSubstr(R"("allowed_tools":["land","launch"])"));
}

TEST_F(TandemRoutineGrants, AnotherToolIsNotEvenOffered) {
  model().script({tool_call("c1", "land", {{"target", "moon"}})});
  model().script({reply({core::TextPart{"Done."}})});
  const auto stream = follow("/routines/events");
  run_now(create({{"allowed_tools", {"launch"}}}));
  events_until(*stream, "routine.run.completed");
  EXPECT_THAT(launches_->seen(), IsEmpty());
  std::vector<std::string> offered;
  const auto requests = model().requests();
  for (const auto& tool : requests.front().tools) offered.push_back(tool.name);
  EXPECT_THAT(offered, ElementsAre("launch"));
}

// What is denied is told of once it is stored: the session's own events have it, too.
TEST_F(TandemRoutineGrants, ADeniedCallIsToldOf) {
  model().script({tool_call("c1", "land", {{"target", "moon"}})});
  model().script({reply({core::TextPart{"Done."}})});
  const auto stream = follow("/routines/events");
  const auto automations = follow("/automations/events");
  const std::string id = create({{"allowed_tools", {"launch"}}});
  const std::string run_id = run_now(id);
  const Json denied = events_until(*stream, "routine.tool.denied").back();
  const Json& about = denied.at("properties");
  EXPECT_EQ(about.at("routineID"), id);
  EXPECT_EQ(about.at("runID"), run_id);
  EXPECT_EQ(denied.at("sessionID"), run(run_id).at("latest_session_id"));
  EXPECT_EQ(about.at("tool"), "land");
  EXPECT_NE(about.at("toolCallID"), "");
  EXPECT_THAT(about.at("reason").get<std::string>(), HasSubstr("TOOL_NOT_OFFERED"));
  events_until(*stream, "routine.run.completed");
  for (const Json& event : events_until(*automations, "run.completed")) {
    EXPECT_NE(event.at("type"), "routine.tool.denied") << "automations have no word for it";
  }
}

TEST_F(TandemRoutineGrants, WhatASubAgentIsDeniedIsToldOfItsRoutine) {
  TandemServerOptions with_task = options();
  with_task.engine.task = true;
  server_ = std::make_unique<TandemServer>(folder_.file("colonnade.db"), std::move(with_task));
  model().script({tool_call("c1", "task", {{"description", "Land"}, {"prompt", "Land it"}})});
  model().script({tool_call("c2", "land", {{"target", "moon"}})});
  model().script({reply({core::TextPart{"I may not."}})});
  model().script({reply({core::TextPart{"Done."}})});
  const auto stream = follow("/routines/events");
  const std::string run_id = run_now(create({{"allowed_tools", {"task"}}}));
  const Json denied = events_until(*stream, "routine.tool.denied").back();
  EXPECT_EQ(denied.at("runID"), run_id);
  EXPECT_EQ(denied.at("properties").at("tool"), "land");
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

TEST_F(TandemRoutineGrants, WithoutAListTheCallWaitsForAHuman) {
  launches_once();
  const auto all = follow("/event");
  const auto stream = follow("/routines/events");
  const std::string run_id = run_now(create(Json::object()));
  const Json asked = events_until(*all, "permission.asked").back();
  EXPECT_THAT(launches_->seen(), IsEmpty());
  EXPECT_EQ(run(run_id).at("status"), "running");
  const std::string request = asked.at("properties").at("requestID");
  ok("POST", "/permission/" + request + "/reply", {{"reply", "once"}});
  events_until(*stream, "routine.run.completed");
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
  EXPECT_EQ(run(run_id).at("status"), "completed");
}

// The job waits with it: a row, and no slot.
TEST_F(TandemRoutineGrants, ARunThatWaitsForAHumanHoldsNothing) {
  launches_once();
  const auto all = follow("/event");
  const std::string run_id = run_now(create(Json::object()));
  events_until(*all, "permission.asked");
  const core::Principal admin(core::Scope::main(), "admin", core::UserRole::operator_role);
  core::JobFilter filter{.tag = "routine"};
  for (;;) {
    const auto jobs = server().engine.run(server().services.jobs.jobs.list(admin, filter));
    ASSERT_TRUE(jobs);
    ASSERT_EQ(jobs->jobs.size(), 1U);
    if (jobs->jobs.front().state == core::JobState::waiting) break;
    std::this_thread::yield();
  }
  EXPECT_EQ(run(run_id).at("status"), "running");
}

class TandemRoutineGrantsUnasked : public TandemRoutineGrants {
 protected:
  TandemRoutineGrantsUnasked() { job_questions_ = false; }
};

TEST_F(TandemRoutineGrantsUnasked, WhereNobodyIsAskedTheCallFailsAtOnce) {
  launches_once();
  const auto stream = follow("/routines/events");
  const std::string run_id = run_now(create(Json::object()));
  events_until(*stream, "routine.run.completed");
  EXPECT_THAT(launches_->seen(), IsEmpty());
  EXPECT_THAT(told(), HasSubstr("denied"));
  EXPECT_THAT(ok("GET", "/permission").at("requests"), IsEmpty());
  EXPECT_EQ(run(run_id).at("status"), "completed");
}

TEST_F(TandemRoutineGrantsUnasked, ANamedToolRunsAllTheSame) {
  launches_once();
  const auto stream = follow("/routines/events");
  run_now(create({{"allowed_tools", {"*"}}}));
  events_until(*stream, "routine.run.completed");
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
}

class TandemRoutineGrantsDenied : public TandemRoutineGrants {
 protected:
  TandemRoutineGrantsDenied() {
    policy_ =
        "rules:\n"
        "  - match: {tool: launch}\n"
        "    deny: true\n"
        "  - match: {tool: '*'}\n"
        "    allow: true\n";
  }
};

TEST_F(TandemRoutineGrantsDenied, WhatIsDeniedStaysDenied) {
  launches_once();
  const auto stream = follow("/routines/events");
  run_now(create({{"allowed_tools", {"launch", "*"}}}));
  events_until(*stream, "routine.run.completed");
  EXPECT_THAT(launches_->seen(), IsEmpty());
  EXPECT_THAT(told(), HasSubstr("denied"));
}

}  // namespace
}  // namespace colonnade::tests
