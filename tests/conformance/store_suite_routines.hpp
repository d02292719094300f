// Routines, and what is known of their runs.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "core/jobs/job_store.hpp"
#include "core/routines/routine_store.hpp"
#include "tests/conformance/store_backend.hpp"
#include "tests/conformance/store_suite_jobs.hpp"

namespace colonnade::conformance {

class StoreRoutines : public StoreJobs {
 protected:
  static core::Routine routine_of(std::string id, std::string owner = "ann") {
    return {.id = std::move(id),
            .scope = here,
            .owner = std::move(owner),
            .revision = 1,
            .created_at = {100},
            .updated_at = {200},
            .name = "Daily digest"};
  }
  static core::RoutineRunNotes notes_of(std::string job_id, std::int64_t revision = 1) {
    return {.id = std::move(job_id),
            .scope = here,
            .owner = "ann",
            .routine_id = "digest",
            .revision = revision};
  }
  template <class One>
  void store(One one) {
    put({core::routine_change(std::move(one))});
  }
  template <class One>
  base::Error kept_out(One one) {
    core::Unit unit{.scope = here};
    unit.changes.emplace_back(core::routine_change(std::move(one)));
    const auto done = commit(std::move(unit));
    EXPECT_FALSE(done);
    return done ? base::Error{.kind = ErrorKind::upstream} : done.error();
  }
  std::optional<core::Routine> routine(const std::string& id, std::optional<std::string> owner) {
    const auto found = awaited(stores().routines.routine(here, std::move(owner), id));
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(std::nullopt);
  }
  std::optional<core::RoutineRunNotes> notes(const std::string& job_id) {
    const auto found = awaited(stores().routines.routine_run(here, job_id));
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(std::nullopt);
  }
  Ids listed(std::optional<std::string> owner, std::string after_owner = {},
             std::string after_id = {}, std::size_t limit = 100) {
    Ids out;
    const auto found = awaited(stores().routines.routines(
        here, std::move(owner), std::move(after_owner), std::move(after_id), limit));
    EXPECT_TRUE(found) << found.error().message;
    for (const core::Routine& one : *found) out.push_back(one.owner + "/" + one.id);
    return out;
  }
};

TEST_P(StoreRoutines, ARoutineKeepsEveryMember) {
  core::Routine made = routine_of("digest");
  made.schedule_id = "s1";
  made.is_active = false;
  made.task = {.entrypoint = "Say \"hello\"",
               .arguments = {{"prompt", "x"}, {"n", 7}},
               .allowed_tools = {"read", "mcp.files.*"},
               .output_targets = {"file://a.md"},
               .requires_approval = false,
               .external_integrations_allowed = true};
  made.creator_type = "agent";
  made.creator_id = "a1";
  store(core::PutRoutine{.routine = made});
  backend_->reopen();
  const auto read = routine("digest", "ann");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->schedule_id, "s1");
  EXPECT_FALSE(read->is_active);
  EXPECT_EQ(read->revision, 1);
  EXPECT_EQ(read->created_at, Time{100});
  EXPECT_EQ(read->updated_at, Time{200});
  EXPECT_EQ(read->name, made.name);
  EXPECT_EQ(read->task, made.task);
  EXPECT_EQ(read->creator_type, "agent");
  EXPECT_EQ(read->creator_id, "a1");
  EXPECT_EQ(*awaited(stores().routines.routine(elsewhere, std::nullopt, "digest")), std::nullopt);
}

TEST_P(StoreRoutines, EachOwnerHasIdsOfTheirOwn) {
  store(core::PutRoutine{.routine = routine_of("digest", "bob")});
  store(core::PutRoutine{.routine = routine_of("digest", "ann")});
  store(core::PutRoutine{.routine = routine_of("mail", "ann")});
  EXPECT_EQ(routine("digest", "ann")->owner, "ann");
  EXPECT_EQ(routine("digest", std::nullopt)->owner, "bob") << "the oldest";
  EXPECT_FALSE(routine("mail", "bob"));
  EXPECT_EQ(listed("ann"), (Ids{"ann/digest", "ann/mail"}));
  EXPECT_EQ(listed(std::nullopt), (Ids{"bob/digest", "ann/digest", "ann/mail"}));
  EXPECT_EQ(listed(std::nullopt, "", "", 1), (Ids{"bob/digest"}));
  EXPECT_EQ(listed(std::nullopt, "bob", "digest", 1), (Ids{"ann/digest"}));
}

TEST_P(StoreRoutines, ARoutineIsChangedOnlyAtTheRevisionThatIsMeant) {
  core::Routine made = routine_of("digest");
  store(core::PutRoutine{.routine = made});
  const base::Error again = kept_out(core::PutRoutine{.routine = made});
  EXPECT_EQ(again.kind, ErrorKind::conflict);
  EXPECT_EQ(again.field, core::routine_revision_field);
  made.revision = 2;
  made.name = "Evening digest";
  store(core::PutRoutine{.routine = made});
  EXPECT_EQ(routine("digest", "ann")->name, "Evening digest");
  EXPECT_EQ(kept_out(core::RemoveRoutine{.owner = "bob", .id = "digest"}).kind,
            ErrorKind::not_found);
  store(core::RemoveRoutine{.owner = "ann", .id = "digest"});
  EXPECT_FALSE(routine("digest", "ann"));
}

TEST_P(StoreRoutines, AnAccountHasOnlySoMany) {
  store(core::PutRoutine{.routine = routine_of("r1"), .routines_max = 2});
  store(core::PutRoutine{.routine = routine_of("r2"), .routines_max = 2});
  EXPECT_EQ(kept_out(core::PutRoutine{.routine = routine_of("r3"), .routines_max = 2}).kind,
            ErrorKind::too_large);
  store(core::PutRoutine{.routine = routine_of("r1", "bob"), .routines_max = 2});
}

TEST_P(StoreRoutines, NotesOfARunKeepEveryMember) {
  add(job_of("j1"));
  core::RoutineRunNotes made = notes_of("j1");
  made.thread_id = "t1";
  made.run_id = "r1";
  made.last_thread_id = "t0";
  made.end = core::RoutineRunEnd::denied;
  made.is_told = true;
  made.is_approved = true;
  made.approval_reason = "a";
  made.denial_reason = "d";
  made.paused_reason = "p";
  made.detail = "x";
  made.prompt_tokens = 1;
  made.completion_tokens = 2;
  made.cost_micros = 3;
  made.artifacts = {{.id = "f1",
                     .uri = "file://a.md",
                     .kind = "file",
                     .label = "A",
                     .metadata = {{"rows", 7}},
                     .created_at = {50},
                     .bytes = 9},
                    {.id = "f2", .uri = "s3://b", .kind = "link", .created_at = {51}}};
  store(core::PutRoutineRun{.notes = made});
  backend_->reopen();
  const auto read = notes("j1");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->routine_id, "digest");
  EXPECT_EQ(read->thread_id, "t1");
  EXPECT_EQ(read->run_id, "r1");
  EXPECT_EQ(read->last_thread_id, "t0");
  EXPECT_EQ(read->end, core::RoutineRunEnd::denied);
  EXPECT_TRUE(read->is_told);
  EXPECT_TRUE(read->is_approved);
  EXPECT_EQ(read->approval_reason, "a");
  EXPECT_EQ(read->denial_reason, "d");
  EXPECT_EQ(read->paused_reason, "p");
  EXPECT_EQ(read->detail, "x");
  EXPECT_EQ(read->prompt_tokens, 1);
  EXPECT_EQ(read->completion_tokens, 2);
  EXPECT_EQ(read->cost_micros, 3);
  EXPECT_EQ(read->artifacts, made.artifacts);
  EXPECT_EQ(kept_out(core::PutRoutineRun{.notes = made}).kind, ErrorKind::conflict);
  EXPECT_EQ(kept_out(core::PutRoutineRun{.notes = notes_of("none")}).kind, ErrorKind::not_found);
}

TEST_P(StoreRoutines, FilesOfRunsCountAgainstTheirAccount) {
  add(job_of("j1"));
  core::RoutineRunNotes made = notes_of("j1");
  made.artifacts = {{.id = "f1", .uri = "file://a", .kind = "file", .bytes = 60}};
  store(core::PutRoutineRun{.notes = made, .file_bytes_max = 100});
  made.revision = 2;
  made.artifacts.push_back({.id = "f2", .uri = "file://b", .kind = "file", .bytes = 60});
  EXPECT_EQ(kept_out(core::PutRoutineRun{.notes = made, .file_bytes_max = 100}).kind,
            ErrorKind::too_large);
  EXPECT_EQ(notes("j1")->revision, 1) << "nothing of it was stored";
  EXPECT_TRUE(*awaited(stores().attachments.any_attachment("f1"))) << "a file that is to stay";
  EXPECT_FALSE(*awaited(stores().attachments.any_attachment("f2")));
}

TEST_P(StoreRoutines, NotesGoWithTheirJob) {
  add(job_of("j1"));
  core::RoutineRunNotes made = notes_of("j1");
  made.artifacts = {{.id = "f1", .uri = "file://a", .kind = "file", .bytes = 1}};
  store(core::PutRoutineRun{.notes = made});
  apply(core::CancelJob{.id = "j1", .at = {3000}});
  apply(core::PurgeJobs{.ended_before = {4000}});
  EXPECT_FALSE(notes("j1"));
  EXPECT_FALSE(*awaited(stores().attachments.any_attachment("f1")));
}

}  // namespace colonnade::conformance
