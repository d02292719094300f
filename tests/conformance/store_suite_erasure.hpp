// Erased threads: gone at once, their content soon after.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/conformance/store_backend.hpp"

namespace colonnade::conformance {

class StoreErasure : public StoreSuite {
 protected:
  StoreErasure() {
    put_thread("t1");
    put_thread("t2");
    put({core::InsertMessage{message_of("m1", "t1", "red tulips", 10)},
         core::InsertMessage{message_of("m2", "t2", "yellow tulips", 20)}});
  }
  // A finished run with a step and a tool call.
  void put_run(const std::string& thread, core::RunState state) {
    put({core::InsertRun{run_of("r-" + thread, thread)},
         core::InsertStep{{.run_id = "r-" + thread, .parts = {core::TextPart{"thought"}}}},
         core::InsertToolCall{call_of("c-" + thread, "r-" + thread, thread)}});
    core::Run ended = run_of("r-" + thread, thread, state);
    put({core::UpdateRun{.run = ended, .from = core::RunState::running}});
  }
  Ids found(std::string_view query) {
    Ids ids;
    const auto hits = stores().threads.search(here, "ann", query, 20, {});
    for (const core::SearchHit& hit : *hits) ids.push_back(hit.message_id);
    return ids;
  }
};

TEST_P(StoreErasure, HidesAThreadForGood) {
  put({core::EraseThread{.id = "t1", .at = {50}}});
  EXPECT_EQ(*awaited(stores().threads.thread(here, "t1")), std::nullopt);
  EXPECT_EQ(thread_ids(), (Ids{"t2"}));
  EXPECT_EQ(found("tulips"), (Ids{"m2"}));
  EXPECT_EQ(refusal(core::EraseThread{.id = "t1", .at = {51}}), ErrorKind::not_found);
  EXPECT_EQ(refusal(core::InsertRun{run_of("r1", "t1")}), ErrorKind::conflict);
  const auto left = awaited(stores().threads.erased_threads({}));
  ASSERT_EQ(left->size(), 1U);
  EXPECT_EQ(left->front().id, "t1");
  EXPECT_EQ(left->front().scope, here);
}

TEST_P(StoreErasure, PurgesAllThatTheThreadHeld) {
  put_run("t1", core::RunState::succeeded);
  put_run("t2", core::RunState::succeeded);
  put({}, {event_of("t1", core::MessageStored{message_of("m1", "t1", "red tulips")}),
           event_of("t2", core::MessageStored{message_of("m2", "t2", "yellow tulips")})});
  put({core::InsertSummary{{.id = "s1", .thread_id = "t1", .text = "tulips"}},
       core::InsertSummary{{.id = "s2", .thread_id = "t2", .text = "tulips"}}});
  EXPECT_EQ(found("tulips"), (Ids{"m2", "m1"}));  // indexed
  EXPECT_EQ(refusal(core::PurgeThread{"t1"}), ErrorKind::not_found) << "not erased yet";
  put({core::EraseThread{.id = "t1", .at = {50}}, core::PurgeThread{"t1"}});
  EXPECT_TRUE(awaited(stores().threads.erased_threads({}))->empty());
  EXPECT_EQ(*awaited(stores().threads.message(here, "m1")), std::nullopt);
  EXPECT_EQ(*awaited(stores().runs.run(here, "r-t1")), std::nullopt);
  EXPECT_FALSE(*awaited(stores().threads.newest_summary(here, "t1")));
  EXPECT_TRUE(*awaited(stores().threads.newest_summary(here, "t2")));
  EXPECT_TRUE(awaited(stores().runs.steps(here, "r-t1"))->empty());
  EXPECT_TRUE(awaited(stores().runs.tool_calls(here, "r-t1"))->empty());
  EXPECT_TRUE(events("t1").empty());
  // The other thread has lost nothing.
  EXPECT_EQ(found("tulips"), (Ids{"m2"}));
  EXPECT_EQ(awaited(stores().runs.steps(here, "r-t2"))->size(), 1U);
  EXPECT_EQ(awaited(stores().runs.tool_calls(here, "r-t2"))->size(), 1U);
  EXPECT_EQ(events("t2").size(), 1U);
}

// What does not hang on the thread's row, but is about it.
TEST_P(StoreErasure, PurgesWhatIsAboutTheThreadElsewhere) {
  const core::MemoryHolder holder{.owner = "ann", .agent_id = "gardener"};
  const auto answer_of = [](const std::string& id, const std::string& object,
                            const std::string& body) {
    return core::InsertKeyedRequest{
        .keyed_request = {.id = id,
                          .scope = here,
                          .user_id = "ann",
                          .key = id,
                          .object_id = object,
                          .answer = core::StoredAnswer{.status = 200, .body = body},
                          .created_at = {1'000}}};
  };
  for (const std::string thread : {"t1", "t2"}) {
    put_run(thread, core::RunState::succeeded);
    core::MemoryItem item{.id = "i-" + thread, .scope = here, .holder = holder, .text = thread};
    item.thread_id = thread;
    core::Action action{.id = "a-" + thread, .scope = here, .thread_id = thread};
    action.run_id = "r-" + thread;
    action.owner = "ann";
    action.request.params = R"({"about":"tulips"})";
    put({core::PutMemory{.item = item, .items_max = 10}, core::InsertAction{action},
         core::InsertPermission{{.id = "p-" + thread,
                                 .scope = here,
                                 .owner = "ann",
                                 .thread_id = thread,
                                 .tool = "echo",
                                 .pattern = "tulips"}},
         answer_of("by-run-" + thread, "r-" + thread, "tulips"),
         answer_of("by-thread-" + thread, thread, "tulips"),
         answer_of("by-text-" + thread, "", R"({"id":")" + thread + "\"}")});
  }
  put({core::EraseThread{.id = "t1", .at = {50}}, core::PurgeThread{"t1"}});
  const auto is_there = [&](const std::string& thread) {
    std::vector<bool> out = {
        awaited(stores().memories.memory(here, holder, "i-" + thread, {2'000}))->has_value()};
    for (const std::string start : {"by-run-", "by-thread-", "by-text-"}) {
      out.push_back(
          awaited(stores().keyed_requests.keyed_request(here, "ann", start + thread))->has_value());
    }
    const auto standing = awaited(stores().permissions.permissions(here, "ann"));
    out.push_back(std::ranges::any_of(
        *standing, [&](const core::Permission& one) { return one.thread_id == thread; }));
    return out;
  };
  EXPECT_EQ(is_there("t1"), std::vector<bool>(5, false));
  EXPECT_EQ(is_there("t2"), std::vector<bool>(5, true));
  // The decision stays, without what it was about.
  const auto blank = awaited(stores().actions.action(here, "a-t1"));
  ASSERT_TRUE(blank && *blank);
  EXPECT_EQ((*blank)->request.params, "{}");
  EXPECT_EQ((*awaited(stores().actions.action(here, "a-t2")))->request.params,
            R"({"about":"tulips"})");
}

// What users called in the thread is found by the thread, and so are the answers that show it.
TEST_P(StoreErasure, PurgesWhatUsersCalledInTheThread) {
  for (const std::string thread : {"t1", "t2"}) {
    core::Action action{.id = "a-" + thread, .scope = here, .thread_id = thread};
    action.state = core::ActionState::executing;
    action.tool_call_id = action.id;
    action.owner = "ann";
    action.request.params = R"({"about":"tulips"})";
    put({core::InsertAction{action},
         core::InsertKeyedRequest{
             .keyed_request = {.id = "k-" + thread,
                               .scope = here,
                               .user_id = "ann",
                               .key = "k-" + thread,
                               .object_id = action.id,
                               .answer = core::StoredAnswer{.status = 200, .body = "tulips"},
                               .created_at = {1'000}}}});
  }
  put({core::EraseThread{.id = "t1", .at = {50}}, core::PurgeThread{"t1"}});
  const auto is_kept = [&](const std::string& key) {
    return awaited(stores().keyed_requests.keyed_request(here, "ann", key))->has_value();
  };
  EXPECT_FALSE(is_kept("k-t1"));
  EXPECT_TRUE(is_kept("k-t2"));
  // How it ends, which may say what was in the thread, is not stored any more.
  auto gone = *awaited(stores().actions.action(here, "a-t1"));
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->state, core::ActionState::failed);
  core::Action late{.id = "a-t1", .scope = here, .reason = "tulips", .version = 2};
  put({core::UpdateAction{.action = late, .if_unchanged = true}});
  EXPECT_EQ((*awaited(stores().actions.action(here, "a-t1")))->reason, "");
  EXPECT_EQ((*awaited(stores().actions.action(here, "a-t2")))->state, core::ActionState::executing);
}

TEST_P(StoreErasure, WaitsForTheRunToEnd) {
  put({core::InsertRun{run_of("r1", "t1")}, core::EraseThread{.id = "t1", .at = {50}}});
  EXPECT_EQ(refusal(core::PurgeThread{"t1"}), ErrorKind::conflict);
  EXPECT_EQ(awaited(stores().threads.erased_threads({}))->size(), 1U);
}

// Numbers of what was removed must not be given out again: readers resume by them, and the search
// index believes that it is past them.
TEST_P(StoreErasure, LeavesNumbersThatAreNotUsedTwice) {
  const std::int64_t last =
      put({core::InsertMessage{message_of("m3", "t1", "newest tulips", 30)}},
          {event_of("t1", core::MessageStored{message_of("m3", "t1", "newest tulips")})});
  EXPECT_EQ(found("newest"), (Ids{"m3"}));
  put({core::EraseThread{.id = "t1", .at = {50}}, core::PurgeThread{"t1"}});
  EXPECT_EQ(*awaited(stores().threads.message(here, "m3")), std::nullopt);
  EXPECT_EQ(message_ids("t1", {}), Ids{});
  backend_->reopen();
  EXPECT_EQ(found("newest"), Ids{});
  EXPECT_EQ(*awaited(stores().events.last_cursor()), last);
  const std::int64_t next =
      put({core::InsertMessage{message_of("m4", "t2", "later tulips", 60)}},
          {event_of("t2", core::MessageStored{message_of("m4", "t2", "later tulips")})});
  EXPECT_GT(next, last);
  EXPECT_EQ(found("later"), (Ids{"m4"}));
  EXPECT_EQ(found("tulips"), (Ids{"m4", "m2"}));
}

TEST_P(StoreErasure, ThreadsOfOneAgentAreAPage) {
  for (const std::string id : {"a1", "a2", "a3"}) {
    core::Thread thread = thread_of(id, 2000 + id.back());
    thread.agent_id = "gardener";
    thread.label = "label of " + id;
    put({core::InsertThread{thread}});
  }
  const auto page = [&](const core::ThreadPage& wanted) {
    Ids ids;
    for (const core::Thread& one : *awaited(stores().threads.threads(here, "ann", wanted))) {
      ids.push_back(one.id);
    }
    return ids;
  };
  EXPECT_EQ(page({.agent_id = "gardener"}), (Ids{"a3", "a2", "a1"}));
  EXPECT_EQ(page({.agent_id = "gardener", .limit = 1, .offset = 1}), (Ids{"a2"}));
  EXPECT_EQ(page({.limit = 2, .offset = 2}), (Ids{"a1", "t2"}));
  EXPECT_EQ(page({.agent_id = "nobody"}), Ids{});
  EXPECT_EQ(thread("a1").label, "label of a1");
}

TEST_P(StoreErasure, AThreadMayNeedItsAgent) {
  core::Thread thread = thread_of("a1");
  thread.agent_id = "gardener";
  EXPECT_EQ(refusal(core::InsertThread{.thread = thread, .agent_must_exist = true}),
            ErrorKind::not_found);
  put({core::PutAgent{{.id = "gardener", .scope = here}},
       core::InsertThread{.thread = thread, .agent_must_exist = true}});
}

}  // namespace colonnade::conformance
