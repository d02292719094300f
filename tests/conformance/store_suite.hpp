// long: the first of the suite's parts, which the others build on
// The suite that every store passes. Include it in one test file of the backend and instantiate
// each of its parts, in namespace colonnade::conformance:
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreSuite, testing::Values(factory));
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreSearch, testing::Values(factory));
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreJournal, testing::Values(factory));
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreActions, testing::Values(factory));
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreMemory, testing::Values(factory));
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreErasure, testing::Values(factory));
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreArtifacts, testing::Values(factory));
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreJobs, testing::Values(factory));
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreSpans, testing::Values(factory));
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreBudgets, testing::Values(factory));
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreRoutines, testing::Values(factory));
#pragma once

#include "core/limits.hpp"
#include "tests/conformance/store_backend.hpp"
#include "tests/conformance/store_suite_access.hpp"
#include "tests/conformance/store_suite_actions.hpp"
#include "tests/conformance/store_suite_agents.hpp"
#include "tests/conformance/store_suite_arranging.hpp"
#include "tests/conformance/store_suite_artifacts.hpp"
#include "tests/conformance/store_suite_budgets.hpp"
#include "tests/conformance/store_suite_documents.hpp"
#include "tests/conformance/store_suite_erasure.hpp"
#include "tests/conformance/store_suite_job_lists.hpp"
#include "tests/conformance/store_suite_jobs.hpp"
#include "tests/conformance/store_suite_journal.hpp"
#include "tests/conformance/store_suite_memory.hpp"
#include "tests/conformance/store_suite_routines.hpp"
#include "tests/conformance/store_suite_search.hpp"
#include "tests/conformance/store_suite_spans.hpp"
#include "tests/conformance/store_suite_spawned_jobs.hpp"

namespace colonnade::conformance {

using core::RunState;
using core::ToolCallState;

// --- threads ------------------------------------------------------------------------------------

TEST_P(StoreSuite, ThreadKeepsEveryMember) {
  core::Thread made = thread_of("t1");
  made.title = "Title with \"quotes\" and \xF0\x9F\x8C\xB1";
  made.settings = {.provider = "p",
                   .model = "m",
                   .temperature = 1.0 / 3,
                   .max_output_tokens = 7,
                   .reasoning_effort = "low"};
  put({core::InsertThread{made}});
  const core::Thread read = thread("t1");
  EXPECT_EQ(read.title, made.title);
  EXPECT_EQ(read.settings, made.settings);
  EXPECT_EQ(read.owner, "ann");
  EXPECT_EQ(read.agent_id, "default");
  EXPECT_EQ(read.created_at, Time{1000});
  EXPECT_EQ(read.deleted_at, std::nullopt);
  EXPECT_EQ(refusal(core::InsertThread{made}), ErrorKind::conflict);
  EXPECT_EQ(*awaited(stores().threads.thread(elsewhere, "t1")), std::nullopt);
  EXPECT_EQ(*awaited(stores().threads.thread(here, "t2")), std::nullopt);
}

TEST_P(StoreSuite, ThreadsAreListedByUpdateThenCreationThenId) {
  const auto add = [&](const char* id, std::int64_t created, std::int64_t updated) {
    core::Thread one = thread_of(id, created);
    one.updated_at = {updated};
    put({core::InsertThread{one}});
  };
  add("old", 10, 10);
  add("tie-a", 20, 50);
  add("tie-b", 20, 50);
  add("tie-newer", 30, 50);
  add("new", 5, 60);
  core::Thread foreign = thread_of("foreign", 100, "bob");
  put({core::InsertThread{foreign}});
  EXPECT_EQ(thread_ids(), (Ids{"new", "tie-newer", "tie-b", "tie-a", "old"}));
  EXPECT_EQ(thread_ids(2), (Ids{"new", "tie-newer"}));
  EXPECT_TRUE(awaited(stores().threads.threads(elsewhere, "ann", {}))->empty());
}

TEST_P(StoreSuite, DeletionHidesFromListsAndRestorationReturnsToTheTop) {
  put_thread("t1", 1000);
  put_thread("t2", 2000);
  EXPECT_EQ(refusal(core::RestoreThread{.id = "t1", .at = {9}}), ErrorKind::not_found);
  put({core::DeleteThread{.id = "t1", .at = {3000}}});
  EXPECT_EQ(thread_ids(), (Ids{"t2"}));
  EXPECT_EQ(thread("t1").deleted_at, Time{3000});
  EXPECT_EQ(thread("t1").updated_at, Time{1000});
  EXPECT_EQ(refusal(core::DeleteThread{.id = "t1", .at = {3001}}), ErrorKind::not_found);
  EXPECT_EQ(refusal(core::DeleteThread{.id = "t9", .at = {3001}}), ErrorKind::not_found);
  put({core::RestoreThread{.id = "t1", .at = {4000}}});
  EXPECT_EQ(thread_ids(), (Ids{"t1", "t2"}));
  EXPECT_EQ(thread("t1").deleted_at, std::nullopt);
  EXPECT_EQ(thread("t1").updated_at, Time{4000});
  EXPECT_EQ(refusal(core::RestoreThread{.id = "t1", .at = {5000}}), ErrorKind::not_found);
  EXPECT_EQ(refusal(core::DeleteThread{.id = "t1", .at = {1}}, elsewhere), ErrorKind::not_found);
}

TEST_P(StoreSuite, RenamingBumpsAndLeavesTitledThreadsAloneWhenAsked) {
  put_thread("t1");
  put({core::RenameThread{.id = "t1", .title = "auto", .at = {10}, .only_if_untitled = true}});
  EXPECT_EQ(thread("t1").title, "auto");
  EXPECT_EQ(thread("t1").updated_at, Time{10});
  put({core::RenameThread{.id = "t1", .title = "again", .at = {20}, .only_if_untitled = true}});
  EXPECT_EQ(thread("t1").title, "auto");
  EXPECT_EQ(thread("t1").updated_at, Time{10});
  put({core::RenameThread{.id = "t1", .title = "mine", .at = {30}}});
  EXPECT_EQ(thread("t1").title, "mine");
  EXPECT_EQ(refusal(core::RenameThread{.id = "t9", .title = "x"}), ErrorKind::not_found);
  EXPECT_EQ(refusal(core::RenameThread{.id = "t9", .title = "x", .only_if_untitled = true}),
            ErrorKind::not_found);
  EXPECT_EQ(refusal(core::RenameThread{.id = "t1", .title = "x"}, elsewhere), ErrorKind::not_found);
}

TEST_P(StoreSuite, TheSummaryThatCoversMostCounts) {
  put_thread("t1");
  put_thread("t2");
  EXPECT_FALSE(*awaited(stores().threads.newest_summary(here, "t1")));
  core::ThreadSummary made{.id = "s1",
                           .thread_id = "t1",
                           .run_id = "r1",
                           .up_to_message_id = "m7",
                           .up_to = {7000},
                           .text = "Notes with \xF0\x9F\x8C\xB1",
                           .tokens = 12,
                           .provider = "p",
                           .model = "m",
                           .usage = {.input_tokens = 100,
                                     .output_tokens = 12,
                                     .cached_input_tokens = 3,
                                     .cache_write_tokens = 4,
                                     .reasoning_tokens = 5,
                                     .reported_cost_micros = 6},
                           .cost_micros = 77,
                           .created_at = {9000}};
  put({core::InsertSummary{made}});
  auto read = *awaited(stores().threads.newest_summary(here, "t1"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, "s1");
  EXPECT_EQ(read->thread_id, "t1");
  EXPECT_EQ(read->run_id, "r1");
  EXPECT_EQ(read->up_to_message_id, "m7");
  EXPECT_EQ(read->up_to, Time{7000});
  EXPECT_EQ(read->text, made.text);
  EXPECT_EQ(read->tokens, 12);
  EXPECT_EQ(read->provider, "p");
  EXPECT_EQ(read->model, "m");
  EXPECT_EQ(read->usage, made.usage);
  EXPECT_EQ(read->cost_micros, 77);
  EXPECT_EQ(read->created_at, Time{9000});
  EXPECT_EQ(refusal(core::InsertSummary{made}), ErrorKind::conflict);
  made.id = "s2";
  made.up_to = {8000};
  put({core::InsertSummary{made}});
  EXPECT_EQ((*awaited(stores().threads.newest_summary(here, "t1")))->id, "s2");
  EXPECT_FALSE(*awaited(stores().threads.newest_summary(here, "t2")));
  EXPECT_FALSE(*awaited(stores().threads.newest_summary(elsewhere, "t1")));
  const auto several = *awaited(stores().threads.newest_summaries(here, {"t1", "t2", "t9"}));
  ASSERT_EQ(several.size(), 1U);
  EXPECT_EQ(several.at("t1").id, "s2");
  EXPECT_TRUE(awaited(stores().threads.newest_summaries(elsewhere, {"t1"}))->empty());
  made.id = "s3";
  made.thread_id = "t9";
  EXPECT_EQ(refusal(core::InsertSummary{made}), ErrorKind::not_found);
}

// --- messages -----------------------------------------------------------------------------------

TEST_P(StoreSuite, MessageKeepsEveryMemberAndBumpsItsThread) {
  put_thread("t1");
  core::Message made = message_of("m1", "t1", "", 7000);
  made.role = core::Role::assistant;
  made.run_id = "r1";
  made.device_id = "d1";
  made.model = "model-x";
  made.usage = core::Usage{.input_tokens = 5, .output_tokens = 6, .reported_cost_micros = 7};
  made.metadata = base::Json::object({{"clientMessageId", "c1"}});
  made.parts = {
      core::ReasoningPart{.provider = "p",
                          .text = "hm",
                          .signature = "s",
                          .details = base::Json::array({1, "two"})},
      core::TextPart{"I look. "},
      core::ToolCallPart{.call_id = "c", .tool = "grep", .arguments = {{"q", 1.5}}},
      core::ToolResultPart{.call_id = "c", .tool = "grep", .content = "x", .is_error = true},
      core::RefusalPart{"No."},
      core::FilePart{.mime = "text/plain", .filename = "a", .url = "data:,a"},
      core::ProviderPart{.provider = "p", .block = base::Json::object()},
  };
  put({core::InsertMessage{made}});
  const auto read = awaited(stores().threads.message(here, "m1"));
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->thread_id, "t1");
  EXPECT_EQ((*read)->parts, made.parts);
  EXPECT_EQ((*read)->role, made.role);
  EXPECT_EQ((*read)->run_id, "r1");
  EXPECT_EQ((*read)->device_id, "d1");
  EXPECT_EQ((*read)->model, "model-x");
  EXPECT_EQ((*read)->usage, made.usage);
  EXPECT_EQ((*read)->metadata, made.metadata);
  EXPECT_EQ(thread("t1").updated_at, Time{7000});
  EXPECT_EQ((*awaited(stores().runs.reply_of(here, "r1")))->id, "m1");
  EXPECT_EQ(refusal(core::InsertMessage{made}), ErrorKind::conflict);
}

TEST_P(StoreSuite, MessagesOfOtherScopesAreNowhere) {
  put_thread("t1");
  core::Message reply = message_of("m1", "t1", "secret");
  reply.role = core::Role::assistant;
  reply.run_id = "r1";
  reply.usage = core::Usage{.input_tokens = 1};
  put({core::InsertMessage{reply}});
  EXPECT_TRUE(awaited(stores().threads.messages(elsewhere, "t1", {}))->empty());
  EXPECT_FALSE(awaited(stores().threads.message(elsewhere, "m1"))->has_value());
  EXPECT_FALSE(awaited(stores().runs.reply_of(elsewhere, "r1"))->has_value());
  EXPECT_EQ(awaited(stores().threads.usage(elsewhere, "t1"))->message_count, 0);
  EXPECT_EQ(refusal(core::InsertMessage{message_of("m2", "t1", "x")}, elsewhere),
            ErrorKind::not_found);
}

TEST_P(StoreSuite, OddTextsComeBack) {
  put_thread("t1");
  const std::vector<std::pair<std::string, std::string>> texts = {
      {"", ""},
      {std::string("a\0b", 3), std::string("a\0b", 3)},
      {"bad \xFF\xC3 end", "bad \xEF\xBF\xBD\xEF\xBF\xBD end"},
      {std::string(3'000'000, 'x'), std::string(3'000'000, 'x')},
      {"\xF0\x9F\x8C\xB1\n\t\"\\", "\xF0\x9F\x8C\xB1\n\t\"\\"}};
  int number = 0;
  for (const auto& [written, expected] : texts) {
    const std::string id = "m" + std::to_string(number++);
    put({core::InsertMessage{message_of(id, "t1", written)}});
    const auto read = awaited(stores().threads.message(here, id));
    ASSERT_TRUE(read && *read);
    ASSERT_EQ((*read)->parts.size(), 1U);
    EXPECT_TRUE(std::get<core::TextPart>((*read)->parts[0]).text == expected) << id;
  }
}

TEST_P(StoreSuite, MessagePagesHaveExclusiveBookmarks) {
  put_thread("t1");
  put_thread("t2");
  for (int i = 1; i <= 6; ++i) {
    put({core::InsertMessage{message_of("m" + std::to_string(i), "t1", "x", i * 10)}});
    put({core::InsertMessage{message_of("n" + std::to_string(i), "t2", "x", i * 10)}});
  }
  EXPECT_EQ(message_ids("t1", {}), (Ids{"m1", "m2", "m3", "m4", "m5", "m6"}));
  EXPECT_EQ(message_ids("t1", {.limit = 2}), (Ids{"m5", "m6"}));
  EXPECT_EQ(message_ids("t1", {.before = Time{50}, .limit = 2}), (Ids{"m3", "m4"}));
  EXPECT_EQ(message_ids("t1", {.after = Time{20}, .limit = 2}), (Ids{"m3", "m4"}));
  EXPECT_EQ(message_ids("t1", {.after = Time{20}, .before = Time{20}, .limit = 1}), (Ids{"m3"}));
  EXPECT_EQ(message_ids("t1", {.after = Time{60}}), Ids{});
  EXPECT_EQ(message_ids("t1", {.before = Time{10}}), Ids{});
  EXPECT_EQ(message_ids("nowhere", {}), Ids{});
}

TEST_P(StoreSuite, MessagePagesAreBounded) {
  put_thread("t1");
  std::vector<core::Change> many;
  for (int i = 0; i < 210; ++i) {
    many.emplace_back(core::InsertMessage{message_of("m" + std::to_string(i), "t1", "x", i)});
  }
  put(std::move(many));
  EXPECT_EQ(message_ids("t1", {.limit = 10'000}).size(), limits::page_rows_max);
  EXPECT_EQ(message_ids("t1", {.limit = 0}), (Ids{"m209"}));
}

TEST_P(StoreSuite, UsageIsTheSumOverMessagesThatCarryIt) {
  put_thread("t1");
  EXPECT_EQ(awaited(stores().threads.usage(here, "t1"))->usage, core::Usage{});
  core::Message one = message_of("m1", "t1", "x");
  one.usage = core::Usage{1, 2, 3, 4, 5, std::nullopt};
  core::Message two = message_of("m2", "t1", "x");
  two.usage = core::Usage{10, 20, 30, 40, 50, 60};
  put({core::InsertMessage{one}, core::InsertMessage{two},
       core::InsertMessage{message_of("m3", "t1", "x")}});
  const auto sum = awaited(stores().threads.usage(here, "t1"));
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->message_count, 2);
  EXPECT_EQ(sum->usage, (core::Usage{11, 22, 33, 44, 55, 60}));
}

// --- runs ---------------------------------------------------------------------------------------

// The newest message that started a run decides, and the cursor stands before all its events.
TEST_P(StoreSuite, TheNewestRunOfAThread) {
  put_thread("t1");
  put_thread("t2");
  EXPECT_FALSE(awaited(stores().runs.newest_run(here, "t1"))->has_value());
  std::int64_t before = 0;
  for (const char* id : {"r1", "r2"}) {
    const std::int64_t second = id == std::string_view("r1") ? 1 : 2;
    core::Run run = run_of(id, "t1", RunState::succeeded);
    run.created_at = Time{second * 1'000'000};
    core::Message message = message_of(std::string("m-") + id, "t1", "hi", run.created_at.micros);
    message.run_id = id;
    core::Event started = event_of("t1", core::RunStarted{}, id);
    started.at = run.created_at;
    core::Event ended = event_of("t1", core::RunFinished{}, id);
    ended.at = Time{second * 1'000'000 + 5};
    put({core::InsertMessage{message}, core::InsertRun{run}}, {started, ended});
    const auto newest = awaited(stores().runs.newest_run(here, "t1"));
    ASSERT_TRUE(newest && *newest);
    EXPECT_EQ((*newest)->run.id, id);
    EXPECT_EQ((*newest)->events_after, before);
    before = awaited(stores().events.last_cursor()).value();
  }
  EXPECT_FALSE(awaited(stores().runs.newest_run(here, "t2"))->has_value());
  EXPECT_FALSE(awaited(stores().runs.newest_run(elsewhere, "t1"))->has_value());
}

TEST_P(StoreSuite, OneUnfinishedRunAThread) {
  put_thread("t1");
  put_thread("t2");
  core::Run run = run_of("r1", "t1", RunState::waiting_approval);
  run.settings = {.model = "m"};
  put({core::InsertRun{run}});
  put({core::InsertRun{run_of("r2", "t2")}});
  EXPECT_EQ(refusal(core::InsertRun{run_of("r3", "t1")}), ErrorKind::conflict);
  EXPECT_EQ((*awaited(stores().runs.active_run(here, "t1")))->id, "r1");
  EXPECT_EQ((*awaited(stores().runs.active_run(here, "t1")))->settings, run.settings);
  EXPECT_EQ(awaited(stores().runs.unfinished_runs())->size(), 2U);

  run.state = RunState::succeeded;
  run.usage = {.input_tokens = 3};
  run.cost_micros = 9;
  run.rounds = 2;
  run.finished_at = Time{77};
  EXPECT_EQ(refusal(core::UpdateRun{.run = run, .from = RunState::running}), ErrorKind::conflict);
  put({core::UpdateRun{.run = run, .from = RunState::waiting_approval}});
  EXPECT_FALSE(awaited(stores().runs.active_run(here, "t1"))->has_value());
  const auto read = awaited(stores().runs.run(here, "r1"));
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->state, RunState::succeeded);
  EXPECT_EQ((*read)->usage, run.usage);
  EXPECT_EQ((*read)->cost_micros, 9);
  EXPECT_EQ((*read)->finished_at, Time{77});
  put({core::InsertRun{run_of("r3", "t1")}});
  EXPECT_EQ(refusal(core::InsertRun{run_of("r1", "t9")}), ErrorKind::not_found);
}

TEST_P(StoreSuite, WhatARunStartsFromIsOneRead) {
  EXPECT_FALSE(*awaited(stores().runs.opening(here, "t1")));
  put_thread("t1");
  for (std::int64_t at = 1; at <= 3; ++at) {
    put({core::InsertMessage{message_of("m" + std::to_string(at), "t1", "x", at * 1000)}});
  }
  auto opening = *awaited(stores().runs.opening(here, "t1"));
  ASSERT_TRUE(opening);
  EXPECT_EQ(opening->thread.id, "t1");
  EXPECT_FALSE(opening->active);
  EXPECT_FALSE(opening->summary);
  ASSERT_EQ(opening->newest.size(), 3U);
  EXPECT_EQ(opening->newest.front().id, "m1");
  EXPECT_FALSE(opening->more);

  put({core::InsertRun{run_of("r1", "t1")}, core::InsertSummary{{.id = "s1",
                                                                 .thread_id = "t1",
                                                                 .up_to_message_id = "m2",
                                                                 .up_to = {2000},
                                                                 .text = "notes"}}});
  opening = *awaited(stores().runs.opening(here, "t1"));
  ASSERT_TRUE(opening && opening->active && opening->summary);
  EXPECT_EQ(opening->active->id, "r1");
  EXPECT_EQ(opening->summary->id, "s1");
  ASSERT_EQ(opening->newest.size(), 1U) << "what the summary covers is not read";
  EXPECT_EQ(opening->newest.front().id, "m3");
  EXPECT_FALSE(*awaited(stores().runs.opening(elsewhere, "t1")));
}

TEST_P(StoreSuite, AnOpeningSaysThatThereAreOlderMessages) {
  put_thread("t1");
  const auto count = static_cast<std::int64_t>(limits::page_rows_max) + 2;
  std::vector<core::Change> messages;
  for (std::int64_t at = 1; at <= count; ++at) {
    messages.emplace_back(core::InsertMessage{message_of("m" + std::to_string(at), "t1", "x", at)});
  }
  put(std::move(messages));
  auto opening = *awaited(stores().runs.opening(here, "t1"));
  ASSERT_TRUE(opening);
  EXPECT_TRUE(opening->more);
  ASSERT_EQ(opening->newest.size(), limits::page_rows_max);
  EXPECT_EQ(opening->newest.front().id, "m3");
  // Behind a summary that covers the first one there is still more than a page.
  put({core::InsertSummary{
      {.id = "s1", .thread_id = "t1", .up_to_message_id = "m1", .up_to = {1}, .text = "notes"}}});
  opening = *awaited(stores().runs.opening(here, "t1"));
  EXPECT_TRUE(opening->more);
  EXPECT_EQ(opening->newest.size(), limits::page_rows_max);
  // Behind one that covers some of the newest page there is not.
  put({core::InsertSummary{
      {.id = "s2", .thread_id = "t1", .up_to_message_id = "m2", .up_to = {2}, .text = "notes"}}});
  opening = *awaited(stores().runs.opening(here, "t1"));
  EXPECT_EQ(opening->newest.front().id, "m3");
  EXPECT_EQ(opening->newest.size(), limits::page_rows_max);
}

TEST_P(StoreSuite, AThreadAndARunAreShownAsOfOneMoment) {
  EXPECT_FALSE(*awaited(stores().threads.thread_detail(here, "t1", 10)));
  EXPECT_FALSE(*awaited(stores().runs.run_detail(here, "r1")));
  put_thread("t1");
  core::Message reply = message_of("m2", "t1", "answer", 3000);
  reply.role = core::Role::assistant;
  reply.run_id = "r1";
  put({core::InsertMessage{message_of("m1", "t1", "question", 2000)},
       core::InsertRun{run_of("r1", "t1")}, core::InsertToolCall{call_of("c1", "r1", "t1")}});
  auto thread = *awaited(stores().threads.thread_detail(here, "t1", 1));
  ASSERT_TRUE(thread);
  EXPECT_EQ(thread->thread.id, "t1");
  EXPECT_TRUE(thread->running);
  auto run = *awaited(stores().runs.run_detail(here, "r1"));
  ASSERT_TRUE(run);
  EXPECT_FALSE(run->reply);
  ASSERT_EQ(run->calls.size(), 1U);
  EXPECT_EQ(run->calls.front().id, "c1");

  put({core::InsertMessage{reply},
       core::UpdateRun{.run = run_of("r1", "t1", RunState::succeeded), .from = RunState::running}});
  thread = *awaited(stores().threads.thread_detail(here, "t1", 1));
  EXPECT_FALSE(thread->running);
  ASSERT_EQ(thread->messages.size(), 1U);
  EXPECT_EQ(thread->messages.front().id, "m2");
  run = *awaited(stores().runs.run_detail(here, "r1"));
  ASSERT_TRUE(run->reply);
  EXPECT_EQ(run->reply->id, "m2");
  EXPECT_FALSE(*awaited(stores().threads.thread_detail(elsewhere, "t1", 1)));
  EXPECT_FALSE(*awaited(stores().runs.run_detail(elsewhere, "r1")));
}

TEST_P(StoreSuite, NoRunStartsInADeletedThread) {
  put_thread("t1");
  put({core::DeleteThread{.id = "t1", .at = {5}}});
  EXPECT_EQ(refusal(core::InsertRun{run_of("r1", "t1")}), ErrorKind::conflict);
}

TEST_P(StoreSuite, RunsOfOtherScopesAreNowhere) {
  put_thread("t1");
  put({core::InsertRun{run_of("r1", "t1")}, core::InsertStep{{.run_id = "r1"}},
       core::InsertToolCall{call_of("c1", "r1", "t1")}});
  EXPECT_FALSE(awaited(stores().runs.run(elsewhere, "r1"))->has_value());
  EXPECT_FALSE(awaited(stores().runs.active_run(elsewhere, "t1"))->has_value());
  EXPECT_TRUE(awaited(stores().runs.steps(elsewhere, "r1"))->empty());
  EXPECT_TRUE(awaited(stores().runs.tool_calls(elsewhere, "r1"))->empty());
  EXPECT_EQ(refusal(core::InsertStep{{.run_id = "r1", .number = 1}}, elsewhere),
            ErrorKind::not_found);
  EXPECT_EQ(refusal(core::InsertToolCall{call_of("c2", "r1", "t1")}, elsewhere),
            ErrorKind::not_found);
  EXPECT_EQ(refusal(core::MoveToolCall{.id = "c1"}, elsewhere), ErrorKind::conflict);
  EXPECT_EQ(refusal(core::UpdateRun{.run = run_of("r1", "t1")}, elsewhere), ErrorKind::conflict);
}

TEST_P(StoreSuite, StepsAndToolCallsComeInOrder) {
  put_thread("t1");
  put({core::InsertRun{run_of("r1", "t1")}});
  core::RunStep step{
      .run_id = "r1", .number = 1, .parts = {core::TextPart{"b"}}, .model = "m", .provider = "p"};
  step.usage = {.output_tokens = 4, .reported_cost_micros = 5};
  put({core::InsertStep{step}});
  put({core::InsertStep{{.run_id = "r1", .number = 0}}});
  EXPECT_EQ(refusal(core::InsertStep{step}), ErrorKind::conflict);
  const auto steps = awaited(stores().runs.steps(here, "r1"));
  ASSERT_TRUE(steps);
  ASSERT_EQ(steps->size(), 2U);
  EXPECT_EQ((*steps)[0].number, 0);
  EXPECT_EQ((*steps)[1].parts, step.parts);
  EXPECT_EQ((*steps)[1].usage, step.usage);
  EXPECT_EQ((*steps)[1].model, "m");
  EXPECT_EQ((*steps)[1].provider, "p");
  EXPECT_EQ((*steps)[0].provider, "");

  core::ToolCall call = call_of("z", "r1", "t1");
  call.arguments = {{"pattern", "a"}};
  put({core::InsertToolCall{call}, core::InsertToolCall{call_of("a", "r1", "t1")}});
  EXPECT_EQ(refusal(core::InsertToolCall{call}), ErrorKind::conflict);
  const auto calls = awaited(stores().runs.tool_calls(here, "r1"));
  ASSERT_TRUE(calls);
  ASSERT_EQ(calls->size(), 2U);
  EXPECT_EQ((*calls)[0].id, "z");
  EXPECT_EQ((*calls)[0].arguments, call.arguments);
  EXPECT_EQ((*calls)[0].thread_id, "t1");
  EXPECT_EQ((*calls)[1].id, "a");
}

TEST_P(StoreSuite, ToolCallMovesOnlyFromTheStateThatWasExpected) {
  put_thread("t1");
  put({core::InsertRun{run_of("r1", "t1")}, core::InsertToolCall{call_of("c1", "r1", "t1")}});
  put({core::MoveToolCall{.id = "c1"}});
  EXPECT_EQ(refusal(core::MoveToolCall{.id = "c1"}), ErrorKind::conflict);
  EXPECT_EQ(refusal(core::MoveToolCall{.id = "c9"}), ErrorKind::conflict);
  put({core::MoveToolCall{.id = "c1",
                          .from = ToolCallState::running,
                          .to = ToolCallState::succeeded,
                          .result = "found",
                          .finished_at = Time{8}}});
  const auto calls = awaited(stores().runs.tool_calls(here, "r1"));
  EXPECT_EQ((*calls)[0].state, ToolCallState::succeeded);
  EXPECT_EQ((*calls)[0].result, "found");
  EXPECT_EQ((*calls)[0].finished_at, Time{8});
}

// --- credentials --------------------------------------------------------------------------------

TEST_P(StoreSuite, CredentialsAreFoundByTokenUntilRevoked) {
  put({core::InsertCredential{credential_of("d1", "hash-1", 10)},
       core::InsertCredential{credential_of("d2", "hash-2", 20)}});
  EXPECT_FALSE(*awaited(stores().credentials.any_server_operator()));
  core::Credential root = credential_of("o1", "hash-0");
  root.kind = core::CredentialKind::operator_token;
  root.user_id = "root";
  root.every_scope = true;
  put({core::InsertCredential{root}});
  EXPECT_TRUE(*awaited(stores().credentials.any_server_operator()));
  const auto found = awaited(stores().credentials.credential_by_token("hash-1"));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->id, "d1");
  EXPECT_EQ((*found)->scope, here);
  EXPECT_EQ((*found)->name, "phone");
  const auto devices =
      awaited(stores().credentials.credentials(here, "ann", core::CredentialKind::device));
  ASSERT_EQ(devices->size(), 2U);
  EXPECT_EQ((*devices)[0].id, "d2");
  EXPECT_TRUE(
      awaited(stores().credentials.credentials(here, "ann", core::CredentialKind::api_token))
          ->empty());
  EXPECT_TRUE(
      awaited(stores().credentials.credentials(elsewhere, "ann", core::CredentialKind::device))
          ->empty());
  EXPECT_FALSE(awaited(stores().credentials.credential(elsewhere, "d1"))->has_value());

  put({core::TouchCredential{.id = "d1", .at = {99}}, core::TouchCredential{.id = "gone"}});
  EXPECT_EQ((*awaited(stores().credentials.credential(here, "d1")))->last_seen, Time{99});

  const auto revoke = [](std::string id, std::string user, core::CredentialKind kind) {
    return core::RevokeCredential{.id = id, .user_id = user, .kind = kind, .at = {100}};
  };
  using enum core::CredentialKind;
  EXPECT_EQ(refusal(revoke("d1", "bob", device)), ErrorKind::not_found);
  EXPECT_EQ(refusal(revoke("d1", "ann", api_token)), ErrorKind::not_found);
  EXPECT_EQ(refusal(revoke("d9", "ann", device)), ErrorKind::not_found);
  EXPECT_EQ(refusal(revoke("d1", "ann", device), elsewhere), ErrorKind::not_found);
  put({revoke("d1", "ann", device)});
  EXPECT_EQ(refusal(revoke("d1", "ann", device)), ErrorKind::not_found);
  EXPECT_FALSE(awaited(stores().credentials.credential_by_token("hash-1"))->has_value());
  EXPECT_EQ(awaited(stores().credentials.credentials(here, "ann", device))->size(), 1U);
  EXPECT_EQ((*awaited(stores().credentials.credential(here, "d1")))->revoked_at, Time{100});
  EXPECT_EQ(refusal(core::InsertCredential{credential_of("d3", "hash-2")}), ErrorKind::conflict);
}

TEST_P(StoreSuite, ACredentialIsStoredByTheRightOfALiveOneOnly) {
  core::Credential root = credential_of("o1", "hash-0");
  root.kind = core::CredentialKind::operator_token;
  root.every_scope = true;
  put({core::InsertCredential{root},
       core::InsertCredential{.credential = credential_of("d1", "hash-1"), .issuer_id = "o1"}});
  put({core::InsertCredential{.credential = credential_of("d2", "hash-2"), .issuer_id = "d1"}});
  const auto by = [](std::string issuer, const core::Scope& scope) {
    core::Credential made = credential_of("d3", "hash-3");
    made.scope = scope;
    return core::InsertCredential{.credential = std::move(made), .issuer_id = std::move(issuer)};
  };
  EXPECT_EQ(refusal(by("nobody", here)), ErrorKind::unauthorized);
  EXPECT_EQ(refusal(by("d1", elsewhere), elsewhere), ErrorKind::unauthorized) << "of one scope";
  const auto revoked = core::RevokeCredential{
      .id = "d1", .user_id = "ann", .kind = core::CredentialKind::device, .at = {100}};
  put({revoked});
  EXPECT_EQ(refusal(by("d1", here)), ErrorKind::unauthorized);
  EXPECT_FALSE(awaited(stores().credentials.credential(here, "d3"))->has_value());
}

// --- keyed requests -----------------------------------------------------------------------------

TEST_P(StoreSuite, SubmissionKeysAreTakenUntilTheyExpire) {
  put({core::InsertKeyedRequest{.keyed_request = submission_of("s1", "k", 100),
                                .expired_before = {0}}});
  EXPECT_EQ(refusal(core::InsertKeyedRequest{.keyed_request = submission_of("s2", "k", 150),
                                             .expired_before = {100}}),
            ErrorKind::conflict);
  core::KeyedRequest bobs = submission_of("s3", "k", 150);
  bobs.user_id = "bob";
  put({core::InsertKeyedRequest{.keyed_request = bobs, .expired_before = {100}}});
  EXPECT_TRUE(commit(
      {.scope = elsewhere, .changes = {core::InsertKeyedRequest{submission_of("s1", "k", 100)}}}));

  put({core::LinkKeyedRequest{.id = "s1", .object_id = "t1"},
       core::AnswerKeyedRequest{
           .id = "s1",
           .answer = {.status = 201, .content_type = "a/b", .body = std::string("\0\xFF", 2)}}});
  const auto read = awaited(stores().keyed_requests.keyed_request(here, "ann", "k"));
  ASSERT_TRUE(read && *read && (*read)->answer);
  EXPECT_EQ((*read)->object_id, "t1");
  EXPECT_EQ((*read)->fingerprint, "f");
  EXPECT_EQ((*read)->answer->status, 201);
  EXPECT_EQ((*read)->answer->content_type, "a/b");
  EXPECT_EQ((*read)->answer->body, std::string("\0\xFF", 2));
  EXPECT_FALSE((*awaited(stores().keyed_requests.keyed_request(elsewhere, "ann", "k")))->answer);

  // Expired: the new one takes the key, and nothing of the old one shows through.
  put({core::InsertKeyedRequest{.keyed_request = submission_of("s4", "k", 200),
                                .expired_before = {101}}});
  const auto fresh = awaited(stores().keyed_requests.keyed_request(here, "ann", "k"));
  ASSERT_TRUE(fresh && *fresh);
  EXPECT_EQ((*fresh)->id, "s4");
  EXPECT_EQ((*fresh)->object_id, "");
  EXPECT_FALSE((*fresh)->answer);
  EXPECT_EQ(refusal(core::LinkKeyedRequest{.id = "s1", .object_id = "x"}), ErrorKind::not_found);
}

TEST_P(StoreSuite, SubmissionsAreDroppedAndPurged) {
  put({core::InsertKeyedRequest{.keyed_request = submission_of("s1", "a", 100)},
       core::InsertKeyedRequest{.keyed_request = submission_of("s2", "b", 200)}});
  EXPECT_TRUE(commit(
      {.scope = elsewhere, .changes = {core::InsertKeyedRequest{submission_of("s3", "c", 100)}}}));
  put({core::PurgeKeyedRequests{.created_before = {200}}});
  EXPECT_FALSE(awaited(stores().keyed_requests.keyed_request(here, "ann", "a"))->has_value());
  EXPECT_FALSE(awaited(stores().keyed_requests.keyed_request(elsewhere, "ann", "c"))->has_value());
  EXPECT_TRUE(awaited(stores().keyed_requests.keyed_request(here, "ann", "b"))->has_value());
  put({core::DropKeyedRequest{.id = "s2"}});
  EXPECT_FALSE(awaited(stores().keyed_requests.keyed_request(here, "ann", "b"))->has_value());
  put({core::InsertKeyedRequest{.keyed_request = submission_of("s5", "b", 201)}});
}

}  // namespace colonnade::conformance
