// Routines and automations V1 over the wire (tandem §2.5, §4.4): schedules in every form, runs from
// their beginning to their end, what they leave, and who hears of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
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
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class TandemRoutines : public TandemRoutinesTest {
 protected:
  Json schedule_of(const Json& schedule) {
    return ok("POST", "/routines", {{"name", "n"}, {"entrypoint", "e"}, {"schedule", schedule}})
        .at("routine");
  }
  Answer refused(const std::string& target, const Json& body) {
    return server().ask("POST", target, body.dump());
  }
  Json runs_of(const std::string& id) { return ok("GET", "/routines/" + id + "/runs").at("runs"); }
  // Looks again and again until the newest run of the routine is in that state.
  Json wait_for(const std::string& id, const std::string& status) {
    for (;;) {
      const Json runs = runs_of(id);
      if (!runs.empty() && runs.front().at("status") == status) return runs.front();
      std::this_thread::yield();
    }
  }
  // A server whose model answers from its first moment on.
  void start_again(const std::string& said) {
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

// --- schedules ----------------------------------------------------------------------------------

TEST_F(TandemRoutines, ACronExpressionIsTakenInEveryForm) {
  const Json five = {{"cron", {{"expression", "0 8 * * *"}}}};
  EXPECT_EQ(schedule_of("0 8 * * *").at("schedule"), five);
  EXPECT_EQ(schedule_of(five).at("schedule"), five);
  EXPECT_EQ(schedule_of({{"type", "cron"}, {"cron", "0 8 * * *"}}).at("schedule"), five);
  EXPECT_EQ(schedule_of({{"type", "cron"}, {"cronExpression", "0 8 * * *"}}).at("schedule"), five);
  EXPECT_EQ(schedule_of({{"type", "cron"}, {"cron_expression", "0 8 * * *"}}).at("schedule"), five);
  EXPECT_TRUE(schedule_of("0 0 8 * * *").contains("next_fire_at_ms"));
  EXPECT_TRUE(schedule_of("0 0 8 * * * 2030").contains("next_fire_at_ms"));
}

TEST_F(TandemRoutines, AnIntervalIsTakenInEveryForm) {
  const Json hour = {{"interval_seconds", {{"seconds", 3600}}}};
  EXPECT_EQ(schedule_of(hour).at("schedule"), hour);
  EXPECT_EQ(schedule_of({{"type", "interval"}, {"intervalMs", 3'600'000}}).at("schedule"), hour);
  EXPECT_EQ(schedule_of({{"type", "interval"}, {"interval_seconds", 3600}}).at("schedule"), hour);
  EXPECT_EQ(schedule_of({{"type", "interval"}, {"intervalSeconds", 3600}}).at("schedule"), hour);
}

TEST_F(TandemRoutines, AManualOneIsNeverDue) {
  const Json made = schedule_of({{"type", "manual"}});
  EXPECT_EQ(made.at("schedule"), Json({{"type", "manual"}}));
  EXPECT_FALSE(made.contains("next_fire_at_ms"));
}

TEST_F(TandemRoutines, WhatIsNoScheduleIsRefused) {
  const std::vector<Json> wrong = {
      "not a cron", "0 25 * * *", 7, Json::object(), {{"interval_seconds", {{"seconds", 0}}}}};
  for (const Json& schedule : wrong) {
    const Answer answer =
        refused("/routines", {{"name", "n"}, {"entrypoint", "e"}, {"schedule", schedule}});
    EXPECT_EQ(answer.status, 400) << schedule << answer.body;
    EXPECT_EQ(answer.json().at("code"), "INVALID_ROUTINE_SCHEDULE") << schedule;
    EXPECT_TRUE(answer.json().at("detail").is_string());
  }
  const Answer zone = refused("/routines", {{"name", "n"},
                                            {"entrypoint", "e"},
                                            {"schedule", "0 8 * * *"},
                                            {"timezone", "Europe/Nowhere"}});
  EXPECT_EQ(zone.json().at("code"), "INVALID_ROUTINE_SCHEDULE") << zone.body;
}

TEST_F(TandemRoutines, AMisfirePolicyIsTakenInEveryForm) {
  const auto policy = [this](const char* name, const Json& given) {
    return ok("POST", "/routines",
              {{"name", "n"}, {"entrypoint", "e"}, {"schedule", "0 8 * * *"}, {name, given}})
        .at("routine")
        .at("misfire_policy");
  };
  EXPECT_EQ(policy("misfire_policy", "skip"), Json({{"type", "skip"}}));
  EXPECT_EQ(policy("misfirePolicy", {{"type", "run_once"}}), Json({{"type", "run_once"}}));
  EXPECT_EQ(policy("misfire_policy", "run_late"), Json({{"type", "run_once"}}));
  EXPECT_EQ(policy("misfire_policy", "run_now"), Json({{"type", "run_once"}}));
  EXPECT_EQ(policy("misfire_policy", {{"type", "catch_up"}, {"max_runs", 4}}),
            Json({{"type", "catch_up"}, {"max_runs", 4}}));
  const Answer none = refused("/routines", {{"name", "n"},
                                            {"entrypoint", "e"},
                                            {"schedule", "0 8 * * *"},
                                            {"misfire_policy", "sometimes"}});
  EXPECT_EQ(none.status, 422);
  EXPECT_EQ(none.json().at("field"), "misfire_policy");
}

// --- definitions --------------------------------------------------------------------------------

TEST_F(TandemRoutines, AnIdIsTheOwnersOwn) {
  create({{"routine_id", "digest"}});
  const Json body = {{"routine_id", "digest"},
                     {"name", "n"},
                     {"entrypoint", "e"},
                     {"schedule", {{"type", "manual"}}}};
  const Answer again = refused("/routines", body);
  EXPECT_EQ(again.status, 400) << again.body;
  EXPECT_EQ(again.json().at("code"), "INVALID_ROUTINE_ID");
  EXPECT_EQ(again.json().at("routineID"), "digest");
  const std::string bob = server().new_token("bob");
  const Answer bobs =
      server().ask("POST", "/routines", body.dump(), {{"Authorization", "Bearer " + bob}});
  EXPECT_EQ(bobs.status, 200) << "another user may have one of that id: " << bobs.body;
  for (const char* id : {"a/b", "runs", "events", "with space", ""}) {
    Json wrong = body;
    wrong["routine_id"] = id;
    const Answer answer = refused("/routines", wrong);
    EXPECT_EQ(answer.status, *id == '\0' ? 200 : 400) << id << answer.body;
  }
}

TEST_F(TandemRoutines, APatchChangesWhatItNames) {
  const std::string id = create({{"schedule", "0 8 * * *"}, {"timezone", "Europe/Berlin"}});
  Json after = ok("PATCH", "/routines/" + id, {{"status", "paused"}});
  EXPECT_EQ(after.at("status"), "paused");
  EXPECT_FALSE(after.contains("next_fire_at_ms"));
  EXPECT_EQ(after.at("routine").at("status"), "paused");
  after = ok("PATCH", "/routines/" + id, {{"status", "active"}, {"schedule", "30 9 * * *"}});
  EXPECT_EQ(after.at("status"), "enabled");
  EXPECT_EQ(after.at("schedule").at("cron").at("expression"), "30 9 * * *");
  EXPECT_EQ(after.at("timezone"), "Europe/Berlin") << "as it was";
  EXPECT_TRUE(after.contains("next_fire_at_ms"));
  after = ok("PATCH", "/routines/" + id, {{"timezone", "Asia/Tokyo"}, {"name", "Morning"}});
  EXPECT_EQ(after.at("timezone"), "Asia/Tokyo");
  EXPECT_EQ(after.at("name"), "Morning");
  EXPECT_EQ(after.at("entrypoint"), "Summarize today's activity");
  after = ok("PATCH", "/routines/" + id, {{"schedule", {{"type", "manual"}}}});
  EXPECT_FALSE(after.contains("next_fire_at_ms"));
  after = ok("PATCH", "/routines/" + id, {{"schedule", {{"interval_seconds", {{"seconds", 60}}}}}});
  EXPECT_TRUE(after.contains("next_fire_at_ms"));
  const Answer none = server().ask("PATCH", "/routines/none", R"({"name":"x"})");
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(none.json().at("code"), "ROUTINE_NOT_FOUND");
}

TEST_F(TandemRoutines, BothFamiliesAreOneThing) {
  const std::string id = create({{"allowed_tools", {"read"}}, {"args", {{"briefing", "short"}}}});
  const Json listed = ok("GET", "/automations").at("automations");
  ASSERT_THAT(listed, SizeIs(1));
  const Json& seen = listed.front();
  EXPECT_EQ(seen.at("automation_id"), id);
  EXPECT_EQ(seen.at("mission").at("objective"), "Summarize today's activity");
  EXPECT_EQ(seen.at("mission").at("briefing"), "short");
  EXPECT_EQ(seen.at("policy").at("tool").at("run_allowlist"), Json::array({"read"}));
  const Json after = ok("PATCH", "/automations/" + id,
                        {{"mission", {{"objective", "Write it down"}}},
                         {"mode", "orchestrated"},
                         {"policy", {{"tool", {{"run_allowlist", {"write"}}}}}}});
  EXPECT_EQ(after.at("mission").at("objective"), "Write it down");
  EXPECT_EQ(after.at("mission").at("briefing"), "short");
  EXPECT_EQ(after.at("mode"), "orchestrated");
  EXPECT_EQ(ok("GET", "/routines").at("routines").front().at("allowed_tools"),
            Json::array({"write"}));
  const Answer wrong = server().ask("PATCH", "/automations/" + id, R"({"mode":"alone"})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(wrong.json().at("code"), "AUTOMATION_INVALID");
  ok("DELETE", "/automations/" + id);
  EXPECT_THAT(ok("GET", "/routines").at("routines"), IsEmpty());
}

// --- runs ---------------------------------------------------------------------------------------

TEST_F(TandemRoutines, ARunIsASessionOfItsOwn) {
  answer_always("Nothing happened today.");
  const auto stream = follow("/routines/events");
  const std::string id = create({{"output_targets", {"file://report.md"}}});
  const std::string run_id = run_now(id);
  const auto events = events_until(*stream, "routine.run.completed");
  ASSERT_GE(events.size(), 2U);
  const Json& added = events.at(events.size() - 2);
  EXPECT_EQ(added.at("type"), "routine.run.artifact_added");
  EXPECT_EQ(added.at("properties").at("artifact").at("uri"), "file://report.md");
  const Json made = run(run_id);
  EXPECT_EQ(made.at("trigger_type"), "manual");
  EXPECT_EQ(made.at("prompt_tokens"), 10);
  EXPECT_EQ(made.at("total_tokens"), 15);
  EXPECT_EQ(made.at("artifacts").front().at("uri"), "file://report.md");
  EXPECT_THAT(made.at("active_session_ids"), IsEmpty());
  const std::string session = made.at("latest_session_id");
  EXPECT_EQ(ok("GET", "/session/" + session).at("title"), "Routine " + id);
  const std::string said = ok("GET", "/session/" + session + "/message").dump();
  EXPECT_THAT(said, HasSubstr("Summarize today's activity"));
  EXPECT_THAT(said, HasSubstr("Nothing happened today."));
  EXPECT_EQ(ok("GET", "/routines/runs/" + run_id).at("status"), "succeeded");
}

TEST_F(TandemRoutines, ARunThatFailsSaysWhy) {
  model().answer_with([](const core::ModelRequest&) -> std::vector<Act> {
    return {Break{{.kind = base::ErrorKind::invalid, .message = "the model is not there"}}};
  });
  const auto stream = follow("/routines/events");
  const std::string run_id = run_now(create(Json::object()));
  const Json failed = events_until(*stream, "routine.run.failed").back();
  EXPECT_THAT(failed.at("properties").at("reason").get<std::string>(),
              HasSubstr("the model is not there"));
  EXPECT_EQ(run(run_id).at("status"), "failed");
  EXPECT_EQ(ok("GET", "/routines/runs/" + run_id).at("status"), "failed");
}

TEST_F(TandemRoutines, ARunIsCancelledWithItsSession) {
  model().script({text("Half"), Hold{}, reply({core::TextPart{"Half"}})});
  const auto stream = follow("/routines/events");
  const std::string run_id = run_now(create(Json::object()));
  const Json started = events_until(*stream, "routine.run.started").back();
  ok("POST", "/session/" + started.at("sessionID").get<std::string>() + "/abort", Json::object());
  events_until(*stream, "routine.run.failed");
  EXPECT_EQ(run(run_id).at("status"), "cancelled");
  EXPECT_EQ(ok("GET", "/routines/runs/" + run_id).at("status"), "canceled");
}

TEST_F(TandemRoutines, WhatUsesExternalIntegrationsIsGated) {
  answer_always("Sent.");
  const auto stream = follow("/routines/events");
  const Answer blocked = refused(
      "/routines/" + create({{"entrypoint", "connector.mail"}}) + "/run_now", Json::object());
  EXPECT_EQ(blocked.status, 403);
  EXPECT_EQ(blocked.json().at("code"), "ROUTINE_POLICY_BLOCKED");
  EXPECT_EQ(run(blocked.json().at("runID")).at("status"), "blocked_policy");
  const std::string id =
      create({{"entrypoint", "connector.mail"}, {"external_integrations_allowed", true}});
  const Json waits = ok("POST", "/routines/" + id + "/run_now", Json::object());
  EXPECT_FALSE(waits.contains("status")) << "clients know no word for it";
  EXPECT_EQ(waits.at("run").at("status"), "pending_approval");
  events_until(*stream, "routine.approval_required");
  const std::string denied = waits.at("runID");
  EXPECT_EQ(ok("POST", "/routines/runs/" + denied + "/deny", {{"reason", "not today"}})
                .at("run")
                .at("denial_reason"),
            "not today");
  EXPECT_EQ(run(denied).at("status"), "denied");
  const std::string approved = run_now(id);
  ok("POST", "/routines/runs/" + approved + "/approve");
  events_until(*stream, "routine.run.completed");
  EXPECT_EQ(run(approved).at("approval_reason"), "approved by operator");
  ok("PATCH", "/routines/" + id, {{"requires_approval", false}});
  EXPECT_EQ(ok("POST", "/routines/" + id + "/run_now", Json::object()).at("status"), "queued");
  events_until(*stream, "routine.run.completed");
}

TEST_F(TandemRoutines, ARequestWithAKeyRunsOnce) {
  answer_always("Once.");
  const auto stream = follow("/routines/events");
  const std::string id = create(Json::object());
  const auto ask = [&] {
    return server().ask("POST", "/routines/" + id + "/run_now", "{}", {{"Idempotency-Key", "k1"}});
  };
  const Json first = ask().json();
  EXPECT_EQ(ask().json(), first);
  events_until(*stream, "routine.run.completed");
  EXPECT_THAT(runs_of(id), SizeIs(1));
}

TEST_F(TandemRoutines, ARunOfADeletedRoutineFails) {
  const std::string id =
      create({{"entrypoint", "connector.mail"}, {"external_integrations_allowed", true}});
  const auto stream = follow("/routines/events");
  const std::string run_id = run_now(id);
  ok("DELETE", "/routines/" + id);
  ok("POST", "/routines/runs/" + run_id + "/approve");
  events_until(*stream, "routine.run.failed");
  EXPECT_EQ(run(run_id).at("status"), "failed");
}

// --- firing -------------------------------------------------------------------------------------

TEST_F(TandemRoutines, ADueTimeFiresOnceOverRestarts) {
  const std::int64_t now = std::chrono::duration_cast<std::chrono::milliseconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
  // A server that fires nothing makes it.
  server_ = std::make_unique<TandemServer>(folder_.file("colonnade.db"), options(false));
  const std::string id = create({{"schedule", {{"interval_seconds", {{"seconds", 86'400}}}}},
                                 {"next_fire_at_ms", now - 1'000}});
  for (int start = 0; start < 3; ++start) {
    start_again("Good morning.");
    const Json fired = wait_for(id, "completed");
    EXPECT_EQ(fired.at("trigger_type"), "scheduled");
    EXPECT_EQ(fired.at("run_count"), 1);
    EXPECT_THAT(runs_of(id), SizeIs(1)) << "after start " << start;
  }
  const Json routine = ok("GET", "/routines").at("routines").front();
  EXPECT_GT(routine.at("next_fire_at_ms").get<std::int64_t>(), now);
  EXPECT_GE(routine.at("last_fired_at_ms").get<std::int64_t>(), now - 1'000);
}

TEST_F(TandemRoutines, ARunUnderWayGoesOnAfterARestart) {
  model().script({text("Half"), Hold{}});
  const std::string id = create(Json::object());
  std::string session;
  {
    const auto stream = follow("/routines/events");
    run_now(id);
    session = events_until(*stream, "routine.run.started").back().at("sessionID");
  }
  start_again("Whole.");
  const Json run = wait_for(id, "completed");
  EXPECT_EQ(run.at("latest_session_id"), session) << "in the session that it had";
  EXPECT_THAT(runs_of(id), SizeIs(1));
}

TEST_F(TandemRoutines, APausedRoutineDoesNotFire) {
  answer_always("Good morning.");
  const std::string paused =
      create({{"schedule", {{"interval_seconds", {{"seconds", 1}}}}}, {"status", "paused"}});
  const std::string active = create({{"schedule", {{"interval_seconds", {{"seconds", 1}}}}}});
  wait_for(active, "completed");
  ok("PATCH", "/routines/" + active, {{"status", "paused"}});
  EXPECT_THAT(runs_of(paused), IsEmpty());
}

TEST_F(TandemRoutines, AQueuedRunCanBePaused) {
  // Nothing runs here.
  server_ = std::make_unique<TandemServer>(folder_.file("colonnade.db"), options(false));
  const std::string run_id = run_now(create(Json::object()));
  EXPECT_EQ(run(run_id).at("status"), "queued");
  const Json paused = ok("POST", "/routines/runs/" + run_id + "/pause", {{"reason", "later"}});
  EXPECT_EQ(paused.at("run").at("status"), "paused");
  EXPECT_EQ(paused.at("run").at("paused_reason"), "later");
  EXPECT_THAT(paused.at("cancelledSessionIDs"), IsEmpty());
  const Answer again = refused("/routines/runs/" + run_id + "/pause", Json::object());
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.json().at("code"), "ROUTINE_RUN_NOT_PAUSABLE");
  EXPECT_EQ(ok("POST", "/routines/runs/" + run_id + "/resume").at("run").at("status"), "queued");
  const Answer not_paused = refused("/routines/runs/" + run_id + "/resume", Json::object());
  EXPECT_EQ(not_paused.json().at("code"), "ROUTINE_RUN_NOT_PAUSED");
}

// --- what runs leave ----------------------------------------------------------------------------

TEST_F(TandemRoutines, AnArtifactIsAUriOfAnyKind) {
  const std::string run_id = run_now(create(Json::object()));
  const std::string target = "/routines/runs/" + run_id + "/artifacts";
  ok("POST", target,
     {{"uri", "s3://bucket/a.parquet"}, {"kind", "dataset"}, {"metadata", {{"rows", 7}}}});
  const Json listed = ok("GET", target);
  EXPECT_EQ(listed.at("count"), 1);
  EXPECT_EQ(listed.at("artifacts").front().at("kind"), "dataset");
  EXPECT_EQ(listed.at("artifacts").front().at("metadata").at("rows"), 7);
  EXPECT_FALSE(listed.at("artifacts").front().contains("label"));
  const std::string id = listed.at("artifacts").front().at("artifact_id");
  EXPECT_EQ(server().get(target + "/" + id + "/content").status, 404) << "it lies elsewhere";
  for (const Json& wrong : {Json{{"kind", "file"}}, Json{{"uri", " "}, {"kind", "file"}},
                            Json{{"uri", "x"}, {"kind", 7}}}) {
    const Answer answer = refused(target, wrong);
    EXPECT_EQ(answer.status, 400) << answer.body;
    EXPECT_EQ(answer.json().at("code"), "ROUTINE_ARTIFACT_INVALID");
  }
}

TEST_F(TandemRoutines, WhatARunWroteIsKeptAndCanBeFetched) {
  model().script({tool_call("c1", "write", {{"path", "out/report.md"}, {"content", "# Today\n"}})});
  model().script({reply({core::TextPart{"Done."}})});
  const auto stream = follow("/routines/events");
  const std::string run_id = run_now(create({{"allowed_tools", {"write"}}}));
  const Json completed = events_until(*stream, "routine.run.completed").back();
  const Json artifacts = ok("GET", "/automations/runs/" + run_id + "/artifacts").at("artifacts");
  ASSERT_THAT(artifacts, SizeIs(1)) << run(run_id);
  EXPECT_EQ(artifacts.front().at("uri"), "file://out/report.md");
  EXPECT_EQ(artifacts.front().at("kind"), "file");
  const std::string path = artifacts.front().at("content_path");
  const Answer file = server().get(path);
  EXPECT_EQ(file.status, 200);
  EXPECT_EQ(file.body, "# Today\n");
  EXPECT_EQ(file.header("Content-Type"), "text/markdown");
  EXPECT_EQ(file.header("Content-Disposition"), "attachment; filename=\"report.md\"");
  // And as an artifact of the session, for Platos' clients.
  const core::Principal admin(core::Scope::main(), "admin", core::UserRole::operator_role);
  core::ArtifactPage page{.as_of = server().engine.artifacts.now()};
  const std::string session = completed.at("sessionID");
  const auto made = server().engine.run(server().engine.artifacts.list(admin, session, page));
  ASSERT_TRUE(made);
  ASSERT_THAT(*made, SizeIs(1));
  EXPECT_EQ(made->front().title, "out/report.md");
  EXPECT_EQ(made->front().content, "# Today\n");
}

// --- who hears ----------------------------------------------------------------------------------

TEST_F(TandemRoutines, AStreamOfOneRoutineTellsOfNoOther) {
  answer_always("Done.");
  const std::string one = create(Json::object());
  const std::string other = create(Json::object());
  const auto stream = follow("/routines/events?routine_id=" + one);
  run_now(other);
  wait_for(other, "completed");
  const std::string run_id = run_now(one);
  const auto events = events_until(*stream, "routine.run.completed");
  for (const Json& event : events) {
    EXPECT_EQ(event.at("properties").at("routineID"), one);
    EXPECT_NE(event.at("type"), "routine.run.created") << "has no routineID (tandem §3.6)";
  }
  EXPECT_EQ(events.back().at("runID"), run_id);
}

TEST_F(TandemRoutines, AutomationsHaveEventsInTheirOwnDress) {
  answer_always("Done.");
  const std::string id = create(Json::object());
  const auto stream = follow("/automations/events?automation_id=" + id);
  const std::string run_id =
      ok("POST", "/automations/" + id + "/run_now", Json::object()).at("runID");
  const auto events = events_until(*stream, "run.completed");
  std::vector<std::string> types;
  for (const Json& event : events) {
    types.push_back(event.at("type"));
    EXPECT_EQ(event.at("properties").at("automationID"), id);
    EXPECT_EQ(event.at("runID"), run_id);
  }
  EXPECT_THAT(types, ElementsAre("run.started", "run.step", "run.step", "run.completed"));
  EXPECT_EQ(events[1].at("properties").at("phase"), "do");
}

TEST_F(TandemRoutines, TheGlobalStreamTellsThemToWhomTheyAre) {
  answer_always("Done.");
  const std::string bob = server().new_token("bob");
  const auto bobs = follow("/event", bob);
  const auto admins = follow("/event");
  run_now(create(Json::object()));
  events_until(*admins, "routine.run.completed");
  const Answer own = server().ask("POST", "/routines",
                                  R"({"name":"b","entrypoint":"e","schedule":{"type":"manual"}})",
                                  {{"Authorization", "Bearer " + bob}});
  ASSERT_EQ(own.status, 200) << own.body;
  const auto heard = events_until(*bobs, "routine.created");
  EXPECT_THAT(heard, SizeIs(1)) << "of his own alone";
  EXPECT_EQ(events_until(*admins, "routine.created").back().at("properties").at("routineID"),
            own.json().at("routine").at("id"))
      << "the operator hears of it";
}

}  // namespace
}  // namespace colonnade::tests
