// Routines, and what is known of their runs.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "core/attachments/attachment_store.hpp"
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
  static core::RoutineRunNotes in_line(std::string job_id, core::RoutineLine line,
                                       std::int64_t revision = 1) {
    core::RoutineRunNotes out = notes_of(std::move(job_id), revision);
    out.line = line;
    return out;
  }
  std::optional<std::string> run_before(const std::string& job_id) {
    const auto found = awaited(stores().routines.run_before(here, "ann", "digest", job_id));
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(std::nullopt);
  }
  // A run with a file of 60 bytes.
  void keep_file(const std::string& job_id, const std::string& file_id,
                 const std::string& thread_id = "") {
    add(job_of(job_id));
    core::RoutineRunNotes made = notes_of(job_id);
    made.last_thread_id = thread_id;
    made.artifacts = {{.id = file_id, .uri = "file://a", .kind = "file", .bytes = 60}};
    store(core::PutRoutineRun{.notes = made});
  }
  bool is_there(const std::string& file_id) {
    return *awaited(stores().attachments.any_attachment(file_id));
  }
  Ids to_remove() {
    Ids out;
    const auto found = awaited(stores().attachments.files_to_remove({}, {}));
    EXPECT_TRUE(found) << found.error().message;
    for (const core::FilePlace& one : *found) out.push_back(one.id);
    return out;
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
  store(core::PutRoutine{.routine = routine_of("digest")});
  add(job_of("j1"));
  core::RoutineRunNotes made = notes_of("j1");
  made.thread_id = "t1";
  made.run_id = "r1";
  made.last_thread_id = "t0";
  made.line = core::RoutineLine::leads;
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
  EXPECT_EQ(read->line, core::RoutineLine::leads);
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
  store(core::PutRoutine{.routine = routine_of("digest")});
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
  store(core::PutRoutine{.routine = routine_of("digest")});
  keep_file("j1", "f1");
  apply(core::CancelJob{.id = "j1", .at = {3000}});
  apply(core::PurgeJobs{.ended_before = {4000}});
  EXPECT_FALSE(notes("j1"));
  EXPECT_FALSE(is_there("f1"));
  EXPECT_EQ(to_remove(), (Ids{"f1"})) << "its bytes go next";
  put({core::RemoveAttachment{"f1"}});
  EXPECT_EQ(to_remove(), Ids{});
}

TEST_P(StoreRoutines, FilesGoWithTheSessionThatTheyComeFrom) {
  store(core::PutRoutine{.routine = routine_of("digest")});
  put_thread("t1");
  keep_file("j1", "f1", "t1");
  keep_file("j2", "f2", "t2");
  put({core::EraseThread{.id = "t1", .at = {2000}}});
  core::RoutineRunNotes late = *notes("j1");
  ++late.revision;
  late.artifacts.push_back({.id = "f3", .uri = "file://c", .kind = "file", .bytes = 1});
  const base::Error refused_late = kept_out(core::PutRoutineRun{.notes = late});
  EXPECT_EQ(refused_late.kind, ErrorKind::not_found) << "nothing is kept of it any more";
  EXPECT_EQ(refused_late.field, core::routine_files_field);
  put({core::PurgeThread{"t1"}});
  const auto read = notes("j1");
  ASSERT_TRUE(read) << "that there was a run stays";
  EXPECT_TRUE(read->artifacts.empty());
  EXPECT_EQ(read->detail, core::routine_session_erased);
  EXPECT_EQ(to_remove(), (Ids{"f1"}));
  EXPECT_FALSE(is_there("f1"));
  EXPECT_TRUE(is_there("f2"));
  EXPECT_TRUE(notes("j2")->artifacts.front().is_kept());
  // They do not count against the account any more.
  core::RoutineRunNotes more = *notes("j2");
  ++more.revision;
  more.artifacts.push_back({.id = "f4", .uri = "file://d", .kind = "file", .bytes = 60});
  store(core::PutRoutineRun{.notes = more, .file_bytes_max = 120});
}

TEST_P(StoreRoutines, FilesGoWithTheirRoutine) {
  store(core::PutRoutine{.routine = routine_of("digest")});
  store(core::PutRoutine{.routine = routine_of("digest", "bob")});
  keep_file("j1", "f1");
  store(core::RemoveRoutine{.owner = "bob", .id = "digest"});
  EXPECT_TRUE(is_there("f1")) << "another user's";
  store(core::RemoveRoutine{.owner = "ann", .id = "digest"});
  EXPECT_EQ(to_remove(), (Ids{"f1"}));
  const auto read = notes("j1");
  ASSERT_TRUE(read);
  ASSERT_EQ(read->artifacts.size(), 1U) << "where it was, the run still says";
  EXPECT_FALSE(read->artifacts.front().is_kept());
  core::RoutineRunNotes late = *read;
  ++late.revision;
  late.artifacts.push_back({.id = "f2", .uri = "file://b", .kind = "file", .bytes = 1});
  EXPECT_EQ(kept_out(core::PutRoutineRun{.notes = late}).field, core::routine_files_field);
}

// --- lines --------------------------------------------------------------------------------------

TEST_P(StoreRoutines, OneRunOfARoutineLeads) {
  for (const char* id : {"j1", "j2", "j3"}) add(job_of(id));
  store(core::PutRoutineRun{.notes = in_line("j1", core::RoutineLine::leads)});
  const base::Error taken =
      kept_out(core::PutRoutineRun{.notes = in_line("j2", core::RoutineLine::leads)});
  EXPECT_EQ(taken.kind, ErrorKind::conflict);
  EXPECT_EQ(taken.field, core::routine_line_field);
  core::RoutineRunNotes elsewhere_in_line = in_line("j3", core::RoutineLine::leads);
  elsewhere_in_line.routine_id = "mail";
  store(core::PutRoutineRun{.notes = elsewhere_in_line});
  // Whoever leads goes on leading with every change of its notes.
  store(core::PutRoutineRun{.notes = in_line("j1", core::RoutineLine::leads, 2)});
  apply(core::CancelJob{.id = "j1", .at = {3000}});
  store(core::PutRoutineRun{.notes = in_line("j2", core::RoutineLine::leads)});
  EXPECT_EQ(notes("j1")->line, core::RoutineLine::none) << "it has ended";
}

TEST_P(StoreRoutines, RunsStandInLineInTheOrderOfTheirJobs) {
  for (const char* id : {"j1", "j2", "j3", "j4"}) add(job_of(id));
  EXPECT_EQ(run_before("j1"), std::nullopt);
  store(core::PutRoutineRun{.notes = in_line("j2", core::RoutineLine::leads)});
  store(core::PutRoutineRun{.notes = in_line("j1", core::RoutineLine::waits)});
  store(core::PutRoutineRun{.notes = in_line("j3", core::RoutineLine::waits)});
  EXPECT_EQ(run_before("j1"), "j2") << "nobody is before it but the one that runs";
  EXPECT_EQ(run_before("j3"), "j1");
  EXPECT_EQ(run_before("j4"), "j3");
  apply(core::CancelJob{.id = "j3", .at = {3000}});
  EXPECT_EQ(run_before("j4"), "j1");
  EXPECT_EQ(run_before("j2"), "j1") << "asked again, after a pause say";
}

TEST_P(StoreRoutines, OnlySoManyWait) {
  for (const char* id : {"j1", "j2", "j3"}) add(job_of(id));
  store(core::PutRoutineRun{.notes = in_line("j1", core::RoutineLine::waits), .waiting_max = 1});
  const base::Error full = kept_out(
      core::PutRoutineRun{.notes = in_line("j2", core::RoutineLine::waits), .waiting_max = 1});
  EXPECT_EQ(full.kind, ErrorKind::rate_limited);
  EXPECT_EQ(full.field, core::routine_waiting_field);
  // Who is in line already stays there.
  store(core::PutRoutineRun{.notes = in_line("j1", core::RoutineLine::waits, 2), .waiting_max = 0});
  apply(core::CancelJob{.id = "j1", .at = {3000}});
  store(core::PutRoutineRun{.notes = in_line("j2", core::RoutineLine::waits), .waiting_max = 1});
}

// The run before it was paused between the look and the wait.
TEST_P(StoreRoutines, NobodyWaitsForARunThatIsNotInLineAnyMore) {
  add(job_of("j1"));
  add(job_of("j2"));
  claim(2);
  const auto park_behind = [&] {
    put({core::job_change(core::ParkJob{
             .hold = hold_of("j2"), .waits_for = core::until_job_ends("j1"), .at = {2100}}),
         core::routine_change(core::WatchRoutineLine{.job_id = "j1", .at = {2100}})});
  };
  store(core::PutRoutineRun{.notes = in_line("j1", core::RoutineLine::leads)});
  park_behind();
  EXPECT_EQ(state("j2"), core::JobState::waiting);
  apply(core::WakeJobs{.waits_for = core::until_job_ends("j1"), .at = {2200}});
  store(core::PutRoutineRun{.notes = in_line("j1", core::RoutineLine::none, 2)});
  ASSERT_EQ(claim(1, 2300).size(), 1U);
  park_behind();
  EXPECT_EQ(state("j2"), core::JobState::queued);
}

}  // namespace colonnade::conformance
