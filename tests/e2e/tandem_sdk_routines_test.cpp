// The Tandem client against the real server: routines and automations, their runs, what those leave
// behind, and the streams about them.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tandem_sdk.hpp"

namespace colonnade::e2e {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class TandemSdkRoutines : public TandemSdkTest {
 protected:
  static std::vector<std::string> ids_of(const std::vector<tandem::Routine>& routines) {
    std::vector<std::string> out;
    for (const auto& routine : routines) out.push_back(routine.id);
    return out;
  }
  // "status code" of what a call is refused with, "" when it is not.
  template <class Call>
  static std::string refused_with(Call call) {
    try {
      call();
    } catch (const tandem::EngineError& error) {
      return std::to_string(error.status()) + " " + error.code();
    }
    return "";
  }
};

// As the SDKs' own page begins.
TEST_F(TandemSdkRoutines, ADigestEveryMorning) {
  const auto& client = *client_;
  const auto digest = client.routines.create({.name = "Daily digest",
                                              .schedule = "0 8 * * *",
                                              .prompt = "Summarize today's activity",
                                              .allowed_tools = {"read", "write", "websearch"}});
  EXPECT_EQ(digest.name, "Daily digest");
  EXPECT_EQ(digest.status, "enabled");
  EXPECT_EQ(digest.schedule, tandem::Schedule("0 8 * * *"));
  EXPECT_EQ(digest.timezone, "UTC");
  EXPECT_EQ(digest.misfire_policy, tandem::MisfirePolicy::run_once);
  EXPECT_EQ(digest.prompt, "Summarize today's activity");
  EXPECT_THAT(digest.allowed_tools, UnorderedElementsAre("read", "write", "websearch"));
  EXPECT_TRUE(digest.next_fire_at);

  const auto begun = client.routines.run_now(digest.id);
  EXPECT_TRUE(begun.ok);
  const auto run = client.routines.wait_run(begun.run_id);
  ASSERT_TRUE(run.succeeded()) << run.status << ' ' << run.detail;
  EXPECT_EQ(run.run_id, begun.run_id);
  EXPECT_EQ(run.routine_id, digest.id);
  EXPECT_EQ(run.trigger_type, "manual");
  const auto messages = client.sessions.messages(run.latest_session_id);
  ASSERT_FALSE(messages.empty());
  EXPECT_EQ(messages.back().text(), "Heard: Summarize today's activity");

  const auto of_it = client.routines.get_runs_for_routine(digest.id);
  ASSERT_THAT(of_it, SizeIs(1));
  EXPECT_EQ(of_it[0].run_id, begun.run_id);
  EXPECT_THAT(client.routines.list_runs(digest.id), SizeIs(1));
  EXPECT_FALSE(client.routines.history(digest.id).empty());
  EXPECT_THAT(ids_of(client.routines.list()), Contains(digest.id));

  EXPECT_TRUE(client.routines.update(digest.id, {.paused = true}).paused());
  const auto later =
      client.routines.update(digest.id, {.paused = false,
                                         .name = "Digest",
                                         .schedule = tandem::Interval{std::chrono::hours(2)},
                                         .prompt = "Say less"});
  EXPECT_EQ(later.status, "enabled");
  EXPECT_EQ(later.name, "Digest");
  EXPECT_EQ(later.schedule, tandem::Schedule(tandem::Interval{std::chrono::hours(2)}));
  EXPECT_EQ(later.prompt, "Say less");
  EXPECT_EQ(client.routines.update(digest.id, {.more = {{"status", "paused"}}}).status, "paused");
  client.routines.remove(digest.id);
  EXPECT_TRUE(client.routines.list().empty());
  EXPECT_EQ(refused_with([&] { client.routines.run_now(digest.id); }), "404 ROUTINE_NOT_FOUND");
}

TEST_F(TandemSdkRoutines, EveryFormOfASchedule) {
  const auto& client = *client_;
  const std::vector<tandem::Schedule> schedules{
      "0 8 * * 1-5",
      "30 0 8 * * MON-FRI",
      "30 0 8 * * MON-FRI 2030",
      tandem::Interval{std::chrono::minutes(90)},
      tandem::Manual{},
      Json{{"type", "cron"}, {"cron_expression", "0 8 * * *"}},
      Json{{"type", "interval"}, {"intervalMs", 60000}}};
  for (const auto& schedule : schedules) {
    SCOPED_TRACE(schedule.text());
    const auto made = client.routines.create({.name = "n", .schedule = schedule, .prompt = "p"});
    if (schedule.cron() != nullptr || schedule.interval() != nullptr || schedule.manual()) {
      EXPECT_EQ(made.schedule, schedule) << made.schedule.text();
    }
    EXPECT_EQ(made.next_fire_at.has_value(), !schedule.manual());
  }
  const auto zoned = client.routines.create({.name = "n",
                                             .schedule = "0 8 * * *",
                                             .prompt = "p",
                                             .timezone = "Asia/Tokyo",
                                             .misfire_policy = tandem::MisfirePolicy::catch_up,
                                             .catch_up_max = 3});
  EXPECT_EQ(zoned.timezone, "Asia/Tokyo");
  EXPECT_EQ(zoned.misfire_policy, tandem::MisfirePolicy::catch_up);
  EXPECT_EQ(zoned.catch_up_max, 3);
  for (const tandem::CreateRoutine& wrong :
       {tandem::CreateRoutine{.name = "n", .schedule = "not a cron", .prompt = "p"},
        tandem::CreateRoutine{
            .name = "n", .schedule = "0 8 * * *", .prompt = "p", .timezone = "Europe/Oz"}}) {
    EXPECT_EQ(refused_with([&] { client.routines.create(wrong); }), "400 INVALID_ROUTINE_SCHEDULE");
  }
}

TEST_F(TandemSdkRoutines, AStreamTellsOfARunToItsEnd) {
  const auto& client = *client_;
  for (const auto family : {tandem::Family::routines, tandem::Family::automations}) {
    SCOPED_TRACE(family == tandem::Family::routines ? "routines" : "automations");
    const auto made = client.routines.create(
        {.name = "n", .schedule = tandem::Interval{std::chrono::hours(24)}, .prompt = "Summarize"},
        family);
    const auto other = client.routines.create(
        {.name = "other", .schedule = tandem::Manual{}, .prompt = "Summarize"}, family);
    auto events = client.routines.events(made.id, family);
    client.routines.run_now(other.id, family);
    const auto begun = client.routines.run_now(made.id, family);
    std::vector<std::string> states;
    for (const auto& event : events) {
      EXPECT_EQ(event.routine_id(), made.id) << event.type();
      const auto* changed = event.as<tandem::RoutineRunChanged>();
      if (changed == nullptr) continue;
      EXPECT_EQ(event.run_id(), begun.run_id) << event.type();
      states.push_back(changed->status);
      if (tandem::is_terminal_routine_status(changed->status)) break;
    }
    // The filter drops routine.run.created, which names no routine (tandem §3.6).
    // An automation's run.step, which tells of the begin, has no status.
    EXPECT_THAT(states, Contains(family == tandem::Family::routines ? "running" : "queued"));
    EXPECT_EQ(states.back(), "completed");
  }
}

TEST_F(TandemSdkRoutines, WhatARunWritesIsKept) {
  const auto& client = *client_;
  const auto writer = client.routines.create({.name = "Writer",
                                              .schedule = tandem::Manual{},
                                              .prompt = write_call("digest.md", "All is well."),
                                              .allowed_tools = {"write"}});
  const auto run = client.routines.wait_run(client.routines.run_now(writer.id).run_id);
  ASSERT_TRUE(run.succeeded()) << run.status << ' ' << run.detail;
  const auto artifacts = client.routines.list_artifacts(run.run_id);
  const auto kept = std::ranges::find_if(artifacts, [](const tandem::RunArtifact& artifact) {
    return artifact.uri.ends_with("digest.md") && !artifact.content_path.empty();
  });
  ASSERT_NE(kept, artifacts.end());
  EXPECT_EQ(client.routines.artifact_content(run.run_id, kept->artifact_id), "All is well.");

  const auto added = client.routines.add_artifact(
      run.run_id, {.uri = "https://example.com/report", .kind = "link", .label = "Report"});
  ASSERT_FALSE(added.artifacts.empty());
  EXPECT_EQ(added.artifacts.back().uri, "https://example.com/report");
  EXPECT_EQ(added.artifacts.back().content_path, "");
  const auto elsewhere = added.artifacts.back().artifact_id;
  EXPECT_THROW(client.routines.artifact_content(run.run_id, elsewhere), tandem::EngineError);
}

TEST_F(TandemSdkRoutines, ARunThatNeedsAWordWaitsForIt) {
  const auto& client = *client_;
  const tandem::CreateRoutine outside{.name = "Outside",
                                      .schedule = tandem::Manual{},
                                      .entrypoint = "connector.mail",
                                      .requires_approval = true,
                                      .external_integrations_allowed = true};
  const auto routine = client.routines.create(outside);
  const auto first = client.routines.run_now(routine.id).run_id;
  EXPECT_TRUE(client.routines.get_run(first).waits_for_approval());
  const auto denied = client.routines.deny_run(first, "not today");
  EXPECT_EQ(denied.status, "denied");
  EXPECT_EQ(denied.denial_reason, "not today");
  EXPECT_TRUE(denied.finished());
  EXPECT_EQ(refused_with([&] { client.routines.approve_run(first); }),
            "409 ROUTINE_RUN_NOT_PENDING_APPROVAL");
  const auto second = client.routines.run_now(routine.id).run_id;
  EXPECT_FALSE(client.routines.approve_run(second).waits_for_approval());
  EXPECT_TRUE(client.routines.wait_run(second).finished());
  EXPECT_EQ(refused_with([&] { client.routines.resume_run(second); }),
            "409 ROUTINE_RUN_NOT_PAUSED");

  tandem::CreateRoutine forbidden = outside;
  forbidden.external_integrations_allowed = false;
  const auto blocked = client.routines.create(forbidden);
  EXPECT_EQ(refused_with([&] { client.routines.run_now(blocked.id); }),
            "403 ROUTINE_POLICY_BLOCKED");
}

TEST_F(TandemSdkRoutines, AutomationsAreTheSameInAnotherDress) {
  const auto& client = *client_;
  const auto made = client.automations.create({.name = "Mission",
                                               .schedule = "0 8 * * *",
                                               .prompt = "Summarize today's activity.",
                                               .allowed_tools = {"read"},
                                               .output_targets = {"file://report.md"},
                                               .requires_approval = false,
                                               .mode = "standalone",
                                               .success_criteria = {"It is short."}});
  EXPECT_EQ(made.prompt, "Summarize today's activity.");
  EXPECT_EQ(made.allowed_tools, std::vector<std::string>{"read"});
  EXPECT_FALSE(made.requires_approval);
  EXPECT_EQ(made.mode, "standalone");
  EXPECT_EQ(made.mission["success_criteria"], Json::array({"It is short."}));
  EXPECT_THAT(ids_of(client.automations.list()), Contains(made.id));
  EXPECT_THAT(ids_of(client.automations.list(tandem::Family::routines)), Contains(made.id))
      << "one store";
  const auto run = client.automations.wait_run(client.automations.run_now(made.id).run_id);
  EXPECT_TRUE(run.succeeded()) << run.status << ' ' << run.detail;
  EXPECT_EQ(run.routine_id, made.id);
  EXPECT_EQ(client.automations.update(made.id, {.prompt = "Say less."}).prompt, "Say less.");
  EXPECT_EQ(refused_with([&] {
              client.automations.create({.name = "n", .schedule = "0 8 * * *", .prompt = " "});
            }),
            "400 AUTOMATION_INVALID");
  client.automations.remove(made.id);
  EXPECT_TRUE(client.automations.list().empty());
}

Task<tandem::RoutineRun> run_routine(const tandem::AsyncClient* client, std::string routine_id) {
  const auto begun = co_await client->routines.run_now(routine_id);
  const auto run = co_await client->routines.wait_run(begun.run_id);
  co_return run;
}

TEST_F(TandemSdkRoutines, TheClientForCoroutinesSaysTheSame) {
  const tandem::AsyncClient client(options());
  const tandem::CreateRoutine request{
      .name = "n", .schedule = tandem::Manual{}, .prompt = "Summarize"};
  const auto made = run(client.routines.create(request));
  EXPECT_EQ(client_->routines.list().at(0).id, made.id);
  const auto ended = run(run_routine(&client, made.id));
  EXPECT_TRUE(ended.succeeded()) << ended.status << ' ' << ended.detail;
  EXPECT_EQ(client_->routines.get_run(ended.run_id).status, ended.status);
  const tandem::UpdateRoutine pause{.paused = true};
  EXPECT_TRUE(run(client.routines.update(made.id, pause)).paused());
  EXPECT_EQ(run(client.routines.history(made.id)).size(),
            client_->routines.history(made.id).size());
  run(client.routines.remove(made.id));
  EXPECT_TRUE(client_->routines.list().empty());
}

}  // namespace
}  // namespace colonnade::e2e
