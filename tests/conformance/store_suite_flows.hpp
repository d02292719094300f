// Flows and their runs.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/flows/flow_machine.hpp"
#include "core/flows/flow_store.hpp"
#include "core/jobs/job_store.hpp"
#include "tests/conformance/store_backend.hpp"
#include "tests/conformance/store_suite_jobs.hpp"

namespace colonnade::conformance {

class StoreFlows : public StoreJobs {
 protected:
  static core::Flow flow_of(std::string id, std::string owner = "ann") {
    return {.id = std::move(id),
            .scope = here,
            .owner = std::move(owner),
            .revision = 1,
            .created_at = {100},
            .updated_at = {200},
            .definition = {.name = "Daily", .nodes = {{.id = "n", .objective = "o"}}}};
  }
  static core::FlowRun run_of(std::string id, std::int64_t revision = 1) {
    core::FlowRun out{.id = id,
                      .scope = here,
                      .owner = "ann",
                      .flow_id = "daily",
                      .job_id = id,
                      .revision = revision,
                      .trigger = core::FlowTrigger::scheduled,
                      .created_at = {300},
                      .updated_at = {400},
                      .flow = flow_of("daily")};
    out.progress = core::FlowMachine::fresh(out.flow.definition);
    return out;
  }
  template <class One>
  void store(One one) {
    put({core::flow_change(std::move(one))});
  }
  template <class One>
  base::Error kept_out(One one) {
    core::Unit unit{.scope = here};
    unit.changes.emplace_back(core::flow_change(std::move(one)));
    const auto done = commit(std::move(unit));
    EXPECT_FALSE(done);
    return done ? base::Error{.kind = ErrorKind::upstream} : done.error();
  }
  std::optional<core::Flow> flow(const std::string& id, std::optional<std::string> owner) {
    const auto found = awaited(stores().flows.flow(here, std::move(owner), id));
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(std::nullopt);
  }
  std::optional<core::FlowRun> run(const std::string& id) {
    const auto found = awaited(stores().flows.flow_run(here, id));
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(std::nullopt);
  }
  Ids listed(core::FlowRunFilter filter, std::optional<std::string> owner = "ann") {
    Ids out;
    const auto page = awaited(stores().flows.flow_runs(here, std::move(owner), std::move(filter)));
    EXPECT_TRUE(page) << page.error().message;
    for (const core::FlowRun& one : page->runs) out.push_back(one.id);
    return out;
  }
};

TEST_P(StoreFlows, AFlowKeepsEveryMember) {
  core::Flow made = flow_of("daily");
  made.schedule_id = "s1";
  made.status = core::FlowStatus::active;
  made.definition.bounds.tokens_max = 7;
  made.creator_id = "c";
  store(core::PutFlow{.flow = made});
  backend_->reopen();
  const auto read = flow("daily", "ann");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->schedule_id, "s1");
  EXPECT_EQ(read->status, core::FlowStatus::active);
  EXPECT_EQ(read->revision, 1);
  EXPECT_EQ(read->created_at, Time{100});
  EXPECT_EQ(read->updated_at, Time{200});
  EXPECT_EQ(read->definition, made.definition);
  EXPECT_EQ(read->creator_id, "c");
  const auto other = awaited(stores().flows.flow(elsewhere, std::nullopt, "daily"));
  ASSERT_TRUE(other);
  EXPECT_FALSE(*other);
}

TEST_P(StoreFlows, AFlowIsChangedOnlyAtTheRevisionThatIsMeant) {
  core::Flow made = flow_of("daily");
  store(core::PutFlow{.flow = made});
  store(core::PutFlow{.flow = flow_of("daily", "bob")});
  EXPECT_EQ(kept_out(core::PutFlow{.flow = made}).field, core::flow_revision_field);
  made.revision = 2;
  made.definition.name = "Weekly";
  store(core::PutFlow{.flow = made});
  EXPECT_EQ(flow("daily", "ann")->definition.name, "Weekly");
  EXPECT_EQ(flow("daily", "bob")->definition.name, "Daily");
  EXPECT_EQ(flow("daily", std::nullopt)->owner, "ann") << "the oldest";
  EXPECT_EQ(kept_out(core::RemoveFlow{.owner = "carl", .id = "daily"}).kind, ErrorKind::not_found);
  store(core::RemoveFlow{.owner = "ann", .id = "daily"});
  EXPECT_FALSE(flow("daily", "ann"));
}

TEST_P(StoreFlows, AnAccountHasOnlySoManyFlows) {
  store(core::PutFlow{.flow = flow_of("f1"), .flows_max = 1});
  EXPECT_EQ(kept_out(core::PutFlow{.flow = flow_of("f2"), .flows_max = 1}).kind,
            ErrorKind::too_large);
  store(core::PutFlow{.flow = flow_of("f1", "bob"), .flows_max = 1});
}

TEST_P(StoreFlows, ARunKeepsEveryMemberAndKnowsItsJob) {
  add(job_of("r1"));
  core::FlowRun made = run_of("r1");
  made.progress.state = core::FlowRunState::running;
  made.progress.nodes.at("n").attempts = 3;
  store(core::PutFlowRun{.run = made});
  backend_->reopen();
  const auto read = run("r1");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->owner, "ann");
  EXPECT_EQ(read->flow_id, "daily");
  EXPECT_EQ(read->job_id, "r1");
  EXPECT_EQ(read->trigger, core::FlowTrigger::scheduled);
  EXPECT_EQ(read->created_at, Time{300});
  EXPECT_EQ(read->updated_at, Time{400});
  EXPECT_EQ(read->progress, made.progress);
  EXPECT_EQ(read->flow.definition, made.flow.definition);
  EXPECT_EQ(read->job_state, core::JobState::queued);
  EXPECT_EQ(read->state(), core::FlowRunState::running);
  apply(core::CancelJob{.id = "r1", .reason = "enough", .at = {3000}});
  EXPECT_EQ(run("r1")->state(), core::FlowRunState::cancelled) << "its job has ended";
  EXPECT_EQ(run("r1")->job_error, "enough");
  EXPECT_EQ(kept_out(core::PutFlowRun{.run = made}).field, core::flow_revision_field);
  EXPECT_EQ(kept_out(core::PutFlowRun{.run = run_of("none")}).kind, ErrorKind::not_found);
}

TEST_P(StoreFlows, RunsAreListedNewestFirst) {
  for (const char* id : {"r1", "r2", "r3"}) {
    add(job_of(id));
    store(core::PutFlowRun{.run = run_of(id)});
  }
  core::FlowRun ended = run_of("r2", 2);
  ended.progress.state = core::FlowRunState::completed;
  store(core::PutFlowRun{.run = ended});
  EXPECT_EQ(listed({.flow_id = "daily"}), (Ids{"r3", "r2", "r1"}));
  EXPECT_EQ(listed({.flow_id = "daily", .only_unended = true}), (Ids{"r3", "r1"}));
  EXPECT_EQ(listed({.flow_id = "other"}), Ids{});
  EXPECT_EQ(listed({}, "bob"), Ids{});
  const auto first = awaited(stores().flows.flow_runs(here, "ann", {.limit = 2}));
  ASSERT_TRUE(first);
  ASSERT_TRUE(first->next_before_no);
  EXPECT_EQ(listed({.before_no = *first->next_before_no}), (Ids{"r1"}));
}

TEST_P(StoreFlows, RunsCountAgainstTheirAccount) {
  add(job_of("r1"));
  add(job_of("r2"));
  store(core::PutFlowRun{.run = run_of("r1"), .bytes_max = 10'000});
  EXPECT_EQ(kept_out(core::PutFlowRun{.run = run_of("r2"), .bytes_max = 100}).kind,
            ErrorKind::too_large);
  EXPECT_FALSE(run("r2"));
  store(core::PutFlowRun{.run = run_of("r1", 2), .bytes_max = 100});  // one that there is goes on
}

TEST_P(StoreFlows, ARunGoesWithTheJobThatDrivesIt) {
  add(job_of("r1"));
  add(job_of("again"));
  store(core::PutFlowRun{.run = run_of("r1")});
  core::FlowRun moved = run_of("r1", 2);
  moved.job_id = "again";
  store(core::PutFlowRun{.run = moved});
  apply(core::CancelJob{.id = "r1", .at = {3000}});
  apply(core::PurgeJobs{.ended_before = {4000}});
  EXPECT_TRUE(run("r1")) << "another job drives it by now";
  apply(core::CancelJob{.id = "again", .at = {5000}});
  apply(core::PurgeJobs{.ended_before = {6000}});
  EXPECT_FALSE(run("r1"));
}

}  // namespace colonnade::conformance
