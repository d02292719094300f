// The words that a run is in, and what it says to its agent.
#include "core/routines/routine_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "core/routines/routine_prompt.hpp"
#include "core/routines/routine_runs.hpp"

namespace colonnade::core {
namespace {

Job job_in(JobState state, std::string waits_for = {}) {
  Job out{.id = "j1", .owner = {Scope::main(), "ann"}};
  out.work = {.kind = JobHandlerKind::internal, .name = std::string(routine_handler)};
  out.payload = to_payload({.routine_id = "digest", .task = {.entrypoint = "Say hello"}});
  out.state = state;
  out.waits_for = std::move(waits_for);
  return out;
}

RoutineRunNotes notes_with(std::string run_id, RoutineRunEnd end = RoutineRunEnd::none) {
  return {.id = "j1", .scope = Scope::main(), .run_id = std::move(run_id), .end = end};
}

TEST(RoutineRuns, TheirStateIsTheirJobsAndWhatIsKnownBesides) {
  using enum RoutineRunState;
  const auto state = [](const Job& job, RoutineRunNotes notes) {
    return routine_run_of(job, std::move(notes))->state;
  };
  EXPECT_EQ(state(job_in(JobState::queued), notes_with("")), queued);
  EXPECT_EQ(state(job_in(JobState::queued), notes_with("r1")), running) << "about to be settled";
  EXPECT_EQ(state(job_in(JobState::running), notes_with("")), queued) << "about to get in line";
  RoutineRunNotes leading = notes_with("");
  leading.line = RoutineLine::leads;
  EXPECT_EQ(state(job_in(JobState::running), leading), running);
  EXPECT_EQ(state(job_in(JobState::waiting, "run:r1"), notes_with("r1")), running);
  EXPECT_EQ(state(job_in(JobState::waiting), notes_with("")), queued) << "for a time";
  EXPECT_EQ(state(job_in(JobState::waiting, "approval"), notes_with("")), pending_approval);
  EXPECT_EQ(state(job_in(JobState::waiting, "resume"), notes_with("")), paused);
  EXPECT_EQ(state(job_in(JobState::done), notes_with("r1")), completed);
  EXPECT_EQ(state(job_in(JobState::failed), notes_with("r1")), failed);
  EXPECT_EQ(state(job_in(JobState::failed), notes_with("r1", RoutineRunEnd::cancelled)), cancelled);
  EXPECT_EQ(state(job_in(JobState::cancelled), notes_with("", RoutineRunEnd::denied)), denied);
  EXPECT_EQ(state(job_in(JobState::cancelled), notes_with("", RoutineRunEnd::blocked)),
            blocked_policy);
}

TEST(RoutineRuns, OneOfAnotherKindOfJobIsNone) {
  Job job = job_in(JobState::queued);
  EXPECT_TRUE(is_routine_job(job));
  job.payload = "{}";
  EXPECT_FALSE(routine_run_of(job, std::nullopt));
  job.work.name = "purge-jobs";
  EXPECT_FALSE(is_routine_job(job));
}

TEST(RoutineRuns, WhatUsesExternalIntegrationsIsGated) {
  RoutineTask task{.entrypoint = "Summarize"};
  EXPECT_EQ(gate_of(task), RoutineGate::runs) << "an approval alone stops nothing";
  for (const char* entry : {"connector.mail", "integration.crm", "ask the external system"}) {
    task.entrypoint = entry;
    EXPECT_EQ(gate_of(task), RoutineGate::blocks) << entry;
  }
  task.external_integrations_allowed = true;
  EXPECT_EQ(gate_of(task), RoutineGate::asks);
  task.requires_approval = false;
  EXPECT_EQ(gate_of(task), RoutineGate::runs);
  task = {.entrypoint = "Summarize", .arguments = {{"uses_external_integrations", true}}};
  EXPECT_EQ(gate_of(task), RoutineGate::blocks);
}

TEST(RoutinePrompts, SayWhatTheMissionSays) {
  RoutineTask task{.entrypoint = "mission.default",
                   .arguments = {{"prompt", "Look around"},
                                 {"briefing", "Be quick"},
                                 {"success_criteria", {"A report", "No questions"}}},
                   .output_targets = {"file://report.md"}};
  EXPECT_EQ(routine_prompt(task),
            "Look around\n\nBriefing: Be quick\n\nIt has succeeded when:\n- A report\n- No "
            "questions\n\nThe output goes to:\n- file://report.md");
  task = {.entrypoint = "Summarize"};
  EXPECT_EQ(routine_prompt(task), "Summarize");
}

TEST(RoutinePrompts, NameAModelWhereThePolicyDoes) {
  RoutineTask task{
      .arguments = {{"model_policy",
                     {{"default_model", {{"provider_id", "openai"}, {"model_id", "small"}}}}}}};
  EXPECT_EQ(routine_model(task).provider, "openai");
  EXPECT_EQ(routine_model(task).model, "small");
  EXPECT_FALSE(routine_model({}).model);
}

TEST(RoutinePrompts, NameTheModelOfTheRoleBeforeTheDefaultOne) {
  const base::Json policy = {
      {"default_model", {{"provider_id", "openai"}, {"model_id", "small"}}},
      {"role_models",
       {{"orchestrator", {{"provider_id", "anthropic"}, {"model_id", "large"}}},
        {"worker", {{"provider_id", "openai"}, {"model_id", ""}}}}}};
  RoutineTask task{.arguments = {{"mode", "orchestrated"}, {"model_policy", policy}}};
  EXPECT_EQ(routine_model(task).provider, "anthropic");
  EXPECT_EQ(routine_model(task).model, "large");
  task.arguments["mode"] = "standalone";
  EXPECT_EQ(routine_model(task).model, "small") << "its role has none";
}

}  // namespace
}  // namespace colonnade::core
