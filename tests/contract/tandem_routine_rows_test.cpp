// Rows of the contract's tables of routines and automations V1 (tandem §2.5, §3.6, §4.4): missed
// due times, counts, limits of lists, events and errors of both dresses, models of roles.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tandem_routines_fixture.hpp"

namespace colonnade::tests {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class TandemRoutineRows : public TandemRoutinesTest {
 protected:
  static std::int64_t minutes_now() {
    return std::chrono::duration_cast<std::chrono::minutes>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  // A server that fires and runs nothing.
  void stand_still() {
    server_ = std::make_unique<TandemServer>(folder_.file("colonnade.db"), options(false));
  }
  void start_again() {
    server_.reset();
    TandemServerOptions again = options();
    again.prepare = [](ScriptedProvider& model) {
      model.answer_with([](const core::ModelRequest&) -> std::vector<Act> {
        return {reply({core::TextPart{"Good."}})};
      });
    };
    server_ = std::make_unique<TandemServer>(folder_.file("colonnade.db"), std::move(again));
  }
  Json runs_of(const std::string& id) { return ok("GET", "/routines/" + id + "/runs").at("runs"); }
  Json ended_run_of(const std::string& id) {
    for (;;) {
      const Json runs = runs_of(id);
      if (!runs.empty() && runs.front().contains("finished_at_ms")) return runs.front();
      std::this_thread::yield();
    }
  }
  Json listed(const std::string& id) {
    for (const Json& one : ok("GET", "/routines").at("routines")) {
      if (one.at("id") == id) return one;
    }
    ADD_FAILURE() << "no routine " << id;
    return Json::object();
  }
  Answer post(const std::string& target, const Json& body = Json::object()) {
    return server().ask("POST", target, body.dump());
  }
  static Json external(bool allowed) {
    return {{"entrypoint", "connector.mail"}, {"external_integrations_allowed", allowed}};
  }
};

// --- due times ----------------------------------------------------------------------------------

// Five minutes of the last ten were missed; the next one is due in most of an hour.
TEST_F(TandemRoutineRows, MissedDueTimesAreMadeGoodAsThePolicySays) {
  stand_still();
  const std::int64_t first = minutes_now() - 10;
  std::string minutes;
  for (std::int64_t i = 0; i < 5; ++i) {
    minutes += (i == 0 ? "" : ",") + std::to_string((first + i) % 60);
  }
  const auto missed = [&](const Json& policy) {
    return create({{"schedule", minutes + " * * * *"},
                   {"misfire_policy", policy},
                   {"next_fire_at_ms", first * 60'000}});
  };
  const std::string left_out = missed("skip");
  const std::string once = missed("run_once");
  const std::string some = missed({{"type", "catch_up"}, {"max_runs", 3}});
  const std::string all = missed({{"type", "catch_up"}, {"max_runs", 9}});
  start_again();
  EXPECT_EQ(ended_run_of(once).at("run_count"), 1);
  EXPECT_EQ(ended_run_of(some).at("run_count"), 3);
  EXPECT_EQ(ended_run_of(all).at("run_count"), 5);
  while (listed(left_out).at("next_fire_at_ms").get<std::int64_t>() <= first * 60'000) {
    std::this_thread::yield();
  }
  EXPECT_THAT(runs_of(left_out), IsEmpty());
  for (const std::string& id : {once, some, all}) EXPECT_THAT(runs_of(id), SizeIs(1)) << id;
}

TEST_F(TandemRoutineRows, AScheduledRunIsToldWithWhenTheNextOneIsDue) {
  answer_always("Good.");
  const auto stream = follow("/routines/events");
  const std::int64_t minutes = minutes_now();
  const std::int64_t due = minutes * 60'000;
  const std::string daily =
      std::to_string(minutes % 60) + " " + std::to_string(minutes / 60 % 24) + " * * *";
  const std::string id =
      create({{"schedule", daily}, {"timezone", "UTC"}, {"next_fire_at_ms", due}});
  const Json fired = events_until(*stream, "routine.fired").back().at("properties");
  EXPECT_EQ(fired.at("routineID"), id);
  EXPECT_EQ(fired.at("triggerType"), "scheduled");
  EXPECT_EQ(fired.at("runCount"), 1);
  EXPECT_EQ(fired.at("scheduledAtMs"), due);
  EXPECT_EQ(fired.at("nextFireAtMs"), listed(id).at("next_fire_at_ms"));
  EXPECT_FALSE(fired.contains("firedAtMs"));
}

// --- runs ---------------------------------------------------------------------------------------

TEST_F(TandemRoutineRows, ARunTakesACountAndAReason) {
  stand_still();
  const std::string id = create(Json::object());
  const Json begun = ok("POST", "/routines/" + id + "/run_now",
                        {{"run_count", 20}, {"reason", "the numbers are late"}});
  EXPECT_EQ(begun.at("runCount"), 20);
  EXPECT_EQ(run(begun.at("runID")).at("run_count"), 20);
  EXPECT_EQ(run(begun.at("runID")).at("detail"), "the numbers are late");
  for (const int count : {0, 21, -1}) {
    const Answer refused = post("/routines/" + id + "/run_now", {{"run_count", count}});
    EXPECT_EQ(refused.status, 422) << refused.body;
    EXPECT_EQ(refused.json().at("field"), "run_count");
  }
}

TEST_F(TandemRoutineRows, ListsAreCutAsTheEngineCutsThem) {
  stand_still();
  const std::string id = create(Json::object());
  for (int i = 0; i < 3; ++i) run_now(id);
  const auto count = [&](const std::string& target, const char* member) {
    const Json answer = ok("GET", target);
    EXPECT_EQ(answer.at("count"), answer.at(member).size()) << target;
    return answer.at(member).size();
  };
  EXPECT_EQ(count("/routines/" + id + "/runs?limit=2", "runs"), 2U);
  EXPECT_EQ(count("/routines/" + id + "/runs?limit=0", "runs"), 1U);
  EXPECT_EQ(count("/routines/" + id + "/runs?limit=9999", "runs"), 3U);
  EXPECT_EQ(count("/routines/" + id + "/history?limit=2", "events"), 2U);
  EXPECT_EQ(count("/routines/" + id + "/history?limit=2", "history"), 2U);
  EXPECT_EQ(count("/routines/runs?limit=2&routine_id=" + id, "runs"), 2U);
  EXPECT_EQ(count("/automations/runs?automation_id=" + id, "runs"), 3U);
  EXPECT_EQ(count("/routines/runs?routine_id=none", "runs"), 0U);
}

TEST_F(TandemRoutineRows, ARunUsesTheModelOfItsRoleElseTheDefaultOne) {
  answer_always("Good.");
  const auto stream = follow("/routines/events");
  const Json models = {
      {"default_model", {{"provider_id", "scripted"}, {"model_id", "plain"}}},
      {"role_models", {{"orchestrator", {{"provider_id", "scripted"}, {"model_id", "large"}}}}}};
  const auto model_of = [&](const char* mode) {
    run_now(create({{"args", {{"mode", mode}, {"model_policy", models}}}}));
    const Json chosen = events_until(*stream, "routine.run.model_selected").back();
    EXPECT_EQ(chosen.at("properties").at("providerID"), "scripted");
    EXPECT_EQ(chosen.at("properties").at("source"), "model_policy");
    events_until(*stream, "routine.run.completed");
    EXPECT_EQ(chosen.at("properties").at("modelID"), model().requests().back().model);
    return model().requests().back().model;
  };
  EXPECT_EQ(model_of("orchestrated"), "large");
  EXPECT_EQ(model_of("standalone"), "plain");
}

TEST_F(TandemRoutineRows, WhatHumansSayOfARunIsToldOf) {
  stand_still();
  const std::string id = create(external(true));
  const auto stream = follow("/routines/events?routine_id=" + id);
  const auto says = [&](const std::string& run_id, const char* verb, const Json& body,
                        const char* event) {
    ok("POST", "/routines/runs/" + run_id + "/" + verb, body);
    const Json told = events_until(*stream, event).back();
    EXPECT_EQ(told.at("runID"), run_id) << event;
    return told.at("properties");
  };
  const std::string run_id = run_now(id);
  EXPECT_EQ(says(run_id, "approve", {{"reason", "fine"}}, "routine.run.approved").at("reason"),
            "fine");
  const Json paused = says(run_id, "pause", {{"reason", "lunch"}}, "routine.run.paused");
  EXPECT_EQ(paused.at("reason"), "lunch");
  EXPECT_THAT(paused.at("cancelledSessionIDs"), IsEmpty());
  EXPECT_EQ(says(run_id, "resume", Json::object(), "routine.run.resumed").at("reason"),
            "resumed by operator");
  EXPECT_EQ(says(run_now(id), "deny", Json::object(), "routine.run.denied").at("reason"),
            "denied by operator");
}

TEST_F(TandemRoutineRows, AStreamBeginsWithWhatClientsDrop) {
  stand_still();
  for (const char* family : {"routines", "automations"}) {
    WireStream stream(server().port(), Call{.target = std::string("/") + family + "/events",
                                            .token = server().token});
    EXPECT_EQ(stream.head().status, 200);
    const auto first = stream.next();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->json().at("status"), "ready");
    EXPECT_EQ(first->json().at("stream"), family);
    EXPECT_TRUE(first->json().at("timestamp_ms").is_number_integer());
    EXPECT_FALSE(first->json().contains("type"));
  }
}

// --- automations --------------------------------------------------------------------------------

TEST_F(TandemRoutineRows, AutomationsHearOfWhatIsBlockedAndOfWhatNeedsAWord) {
  const auto stream = follow("/automations/events");
  const Answer blocked = post("/automations/" + create(external(false)) + "/run_now");
  EXPECT_EQ(blocked.status, 403);
  EXPECT_EQ(blocked.json().at("code"), "AUTOMATION_POLICY_BLOCKED");
  const Json failed = events_until(*stream, "run.failed").back();
  EXPECT_EQ(failed.at("runID"), blocked.json().at("runID"));
  EXPECT_EQ(failed.at("properties").at("reason"), blocked.json().at("reason"));
  const std::string id = create(external(true));
  const std::string run_id =
      ok("POST", "/automations/" + id + "/run_now", Json::object()).at("runID");
  const Json asked = events_until(*stream, "approval.required").back();
  EXPECT_EQ(asked.at("properties").at("automationID"), id);
  EXPECT_EQ(asked.at("runID"), run_id);
  ok("POST", "/automations/runs/" + run_id + "/artifacts", {{"uri", "s3://a"}, {"kind", "link"}});
  const Json step = events_until(*stream, "run.step").back().at("properties");
  EXPECT_EQ(step.at("phase"), "do");
  EXPECT_EQ(step.at("artifact").at("uri"), "s3://a");
}

TEST_F(TandemRoutineRows, EveryStreamTellsThatAnAutomationWasChanged) {
  stand_still();
  const auto all = follow("/global/event");
  const std::string id = create(Json::object());
  const auto made = events_until(*all, "automation.updated");
  EXPECT_EQ(made.back().at("properties").at("automationID"), id);
  EXPECT_EQ(made.front().at("type"), "routine.created");
  run_now(id);
  ok("PATCH", "/automations/" + id, {{"name", "Evening digest"}});
  for (const Json& event : events_until(*all, "automation.updated")) {
    EXPECT_FALSE(event.at("type").get<std::string>().starts_with("run."))
        << "runs have their routine's names there";
  }
}

TEST_F(TandemRoutineRows, AStreamOfOneAutomationRunTellsOfNoOther) {
  const std::string id = create(external(true));
  const std::string one = ok("POST", "/automations/" + id + "/run_now", Json::object()).at("runID");
  const std::string other =
      ok("POST", "/automations/" + id + "/run_now", Json::object()).at("runID");
  const auto stream = follow("/automations/events?run_id=" + one);
  const Json artifact = {{"uri", "s3://a"}, {"kind", "link"}};
  ok("POST", "/automations/runs/" + other + "/artifacts", artifact);
  ok("POST", "/automations/runs/" + one + "/artifacts", artifact);
  const auto heard = events_until(*stream, "run.step");
  ASSERT_THAT(heard, SizeIs(1));
  EXPECT_EQ(heard.front().at("runID"), one);
}

TEST_F(TandemRoutineRows, ErrorsOfAutomationsNameThem) {
  stand_still();
  const std::string run_id =
      ok("POST", "/automations/" + create(Json::object()) + "/run_now", Json::object()).at("runID");
  const auto is = [](const Answer& answer, int status, const char* code) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.json().at("code"), code);
  };
  const Answer missing = server().ask("PATCH", "/automations/none", R"({"name":"x"})");
  is(missing, 404, "AUTOMATION_NOT_FOUND");
  EXPECT_EQ(missing.json().at("automationID"), "none");
  is(server().ask("DELETE", "/automations/none"), 404, "AUTOMATION_NOT_FOUND");
  const Answer no_run = server().get("/automations/runs/none");
  is(no_run, 404, "AUTOMATION_RUN_NOT_FOUND");
  EXPECT_EQ(no_run.json().at("runID"), "none");
  is(server().get("/routines/runs/none"), 404, "ROUTINE_RUN_NOT_FOUND");
  const std::string target = "/automations/runs/" + run_id;
  is(post(target + "/approve"), 409, "AUTOMATION_RUN_NOT_PENDING_APPROVAL");
  is(post(target + "/deny"), 409, "AUTOMATION_RUN_NOT_PENDING_APPROVAL");
  is(post(target + "/resume"), 409, "AUTOMATION_RUN_NOT_PAUSED");
  is(post(target + "/artifacts", {{"kind", "file"}}), 400, "AUTOMATION_ARTIFACT_INVALID");
  EXPECT_EQ(post(target + "/pause").status, 200);
  is(post(target + "/pause"), 409, "AUTOMATION_RUN_NOT_PAUSABLE");
}

TEST_F(TandemRoutineRows, MembersAreTakenInEitherSpelling) {
  const std::string id = create({{"allowedTools", {"read"}},
                                 {"outputTargets", {"file://a.md"}},
                                 {"requiresApproval", false},
                                 {"externalIntegrationsAllowed", true},
                                 {"misfirePolicy", "skip"},
                                 {"schedule", "0 8 * * *"},
                                 {"nextFireAtMs", (minutes_now() + 60) * 60'000}});
  const Json made = listed(id);
  EXPECT_THAT(made.at("allowed_tools"), ElementsAre("read"));
  EXPECT_THAT(made.at("output_targets"), ElementsAre("file://a.md"));
  EXPECT_EQ(made.at("requires_approval"), false);
  EXPECT_EQ(made.at("external_integrations_allowed"), true);
  EXPECT_EQ(made.at("misfire_policy"), Json({{"type", "skip"}}));
  EXPECT_EQ(made.at("creator_type"), "user");
  EXPECT_EQ(made.at("creator_id"), "unknown");
  EXPECT_GT(made.at("next_fire_at_ms").get<std::int64_t>(), minutes_now() * 60'000);
}

}  // namespace
}  // namespace colonnade::tests
