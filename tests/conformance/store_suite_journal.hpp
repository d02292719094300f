// Part of the store suite: units, transactions, events, the observer, concurrency and reopening.
#pragma once

#include <thread>

#include "core/events/limits.hpp"
#include "tests/conformance/store_backend.hpp"

namespace colonnade::conformance {

// Records commits; runs the completions at once, or keeps them for the test to run.
class RecordingObserver final : public core::CommitObserver {
 public:
  explicit RecordingObserver(bool keep = false) : keep_(keep) {}

  void committed(std::vector<std::shared_ptr<const core::Event>> events,
                 std::vector<std::move_only_function<void()>> completions) override {
    const std::lock_guard lock(mutex_);
    ++commits_;
    for (auto& event : events) events_.push_back(std::move(event));
    if (keep_) {
      for (auto& completion : completions) kept_.push_back(std::move(completion));
      changed_.notify_all();
    } else {
      for (auto& completion : completions) completion();
    }
  }
  std::vector<std::shared_ptr<const core::Event>> events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  int commits() {
    const std::lock_guard lock(mutex_);
    return commits_;
  }
  // Waits for `count` kept completions, then runs them.
  void run_kept(std::size_t count) {
    std::vector<std::move_only_function<void()>> kept;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return kept_.size() >= count; });
      kept.swap(kept_);
    }
    for (auto& completion : kept) completion();
  }

 private:
  const bool keep_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int commits_ = 0;
  std::vector<std::shared_ptr<const core::Event>> events_;
  std::vector<std::move_only_function<void()>> kept_;
};

class StoreJournal : public StoreSuite {
 protected:
  static std::string text_of(const core::Event& event) {
    const auto* delta = std::get_if<core::TextDelta>(&event.body);
    return delta != nullptr ? delta->text : "-";
  }
  static Ids texts_of(const std::vector<core::Event>& events) {
    Ids texts;
    for (const core::Event& event : events) texts.push_back(text_of(event));
    return texts;
  }
};

// --- units --------------------------------------------------------------------------------------

TEST_P(StoreJournal, UnitIsAppliedCompletelyOrNotAtAll) {
  put_thread("t1");
  const auto failed = commit(
      {.scope = here,
       .changes = {core::InsertThread{thread_of("t2")},
                   core::InsertMessage{message_of("m1", "t2", "words")},
                   core::RenameThread{.id = "t1", .title = "x"}, core::DeleteThread{.id = "t9"}},
       .events = {delta_of("t1", "never")}});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::not_found);
  EXPECT_EQ(thread_ids(), (Ids{"t1"}));
  EXPECT_EQ(thread("t1").title, "");
  EXPECT_FALSE(awaited(stores().threads.message(here, "m1"))->has_value());
  EXPECT_TRUE(stores().threads.search(here, "ann", "words", 5, {})->empty());
  EXPECT_TRUE(events("t1").empty());
  EXPECT_EQ(*awaited(stores().events.last_cursor()), 0);
}

TEST_P(StoreJournal, FailingUnitsDoNotDisturbTheirNeighbours) {
  put_thread("t1");
  std::vector<std::future<base::Result<std::int64_t>>> answers;
  {
    const HeldWriter held(stores().journal);
    for (int i = 0; i < 20; ++i) {
      const std::string id = "n" + std::to_string(i);
      core::Unit unit{.scope = here,
                      .changes = {core::InsertThread{thread_of(id)}},
                      .events = {event_of(id, core::ThreadChanged{.title = id})}};
      // Every third fails after it wrote.
      if (i % 3 == 0) unit.changes.emplace_back(core::InsertThread{thread_of("t1")});
      // The thread of this one is never made, so that its neighbour's event has nowhere to go.
      if (i % 3 == 1)
        unit.events.push_back(event_of("n" + std::to_string(i - 1), core::TextDelta{}));
      answers.push_back(append(std::move(unit)));
    }
  }
  for (int i = 0; i < 20; ++i) {
    const auto answer = answers[static_cast<std::size_t>(i)].get();
    const auto found = awaited(stores().threads.thread(here, "n" + std::to_string(i)));
    ASSERT_TRUE(found);
    EXPECT_EQ(answer.has_value(), i % 3 == 2) << i;
    EXPECT_EQ(found->has_value(), i % 3 == 2) << i;
    if (i % 3 == 0) EXPECT_EQ(answer.error().kind, ErrorKind::conflict);
    if (i % 3 == 1) EXPECT_EQ(answer.error().kind, ErrorKind::not_found);
    if (i % 3 == 2) EXPECT_EQ(events("n" + std::to_string(i)).size(), 1U);
  }
  // Six of twenty worked, one event each, without a gap.
  EXPECT_EQ(*awaited(stores().events.last_cursor()), 6);
}

TEST_P(StoreJournal, UnitsOfOneThreadAreAppliedInOrder) {
  put_thread("t1");
  std::vector<std::future<base::Result<std::int64_t>>> answers;
  for (int i = 0; i < 200; ++i) {
    answers.push_back(
        append({.scope = here,
                .changes = {core::RenameThread{.id = "t1", .title = std::to_string(i), .at = {i}}},
                .events = {event_of("t1", core::ThreadChanged{.title = std::to_string(i)})}}));
  }
  std::int64_t before = 0;
  for (auto& answer : answers) {
    const auto cursor = answer.get();
    ASSERT_TRUE(cursor);
    EXPECT_GT(*cursor, before);
    before = *cursor;
  }
  EXPECT_EQ(thread("t1").title, "199");
  const auto all = events("t1");
  ASSERT_EQ(all.size(), 200U);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(std::get<core::ThreadChanged>(all[static_cast<std::size_t>(i)].body).title,
              std::to_string(i));
  }
}

TEST_P(StoreJournal, CompletionMaySubmitAgain) {
  put_thread("t1");
  std::promise<base::Result<std::int64_t>> second;
  auto done = second.get_future();
  core::Journal& journal = stores().journal;
  journal.append({.scope = here, .events = {delta_of("t1", "a")}},
                 [&](base::Result<std::int64_t> first) {
                   ASSERT_TRUE(first);
                   journal.append({.scope = here, .events = {delta_of("t1", "b")}},
                                  [&](base::Result<std::int64_t> r) { second.set_value(r); });
                 });
  EXPECT_TRUE(done.get());
  EXPECT_EQ(texts_of(events("t1")), (Ids{"a", "b"}));
}

TEST_P(StoreJournal, EmptyUnitSucceedsWithoutACursor) {
  const auto done = commit({.scope = here});
  ASSERT_TRUE(done);
  EXPECT_EQ(*done, 0);
}

TEST_P(StoreJournal, FullQueueTellsWritersToWait) {
  std::atomic<int> refused = 0;
  std::atomic<int> completed = 0;
  std::promise<void> all;
  constexpr int extra = 3;
  constexpr std::size_t accounts =
      limits::commit_queue_units_max / limits::commit_queue_units_per_account;
  constexpr int total = static_cast<int>(limits::commit_queue_units_max) + extra;
  {
    const HeldWriter held(stores().journal);
    for (int i = 0; i < total; ++i) {
      // What comes too late is of an account that holds nothing.
      const bool is_late = i >= total - extra;
      const std::string account =
          is_late ? "late" : std::to_string(static_cast<std::size_t>(i) % accounts);
      core::Unit unit{.scope = here, .account = account};
      stores().journal.append(std::move(unit), [&](base::Result<std::int64_t> result) {
        if (!result) {
          EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
          EXPECT_TRUE(result.error().retryable);
          EXPECT_TRUE(result.error().retry_after);
          ++refused;
        }
        if (++completed == total) all.set_value();
      });
    }
    EXPECT_EQ(refused.load(), extra);
  }
  all.get_future().wait();
  EXPECT_EQ(refused.load(), extra);
}

TEST_P(StoreJournal, OneAccountCannotFillTheQueue) {
  std::vector<std::future<base::Result<std::int64_t>>> held_back;
  std::future<base::Result<std::int64_t>> other;
  std::future<base::Result<std::int64_t>> of_server;
  {
    const HeldWriter held(stores().journal);
    for (std::size_t i = 0; i < limits::commit_queue_units_per_account; ++i) {
      held_back.push_back(append({.scope = here, .account = "ada"}));
    }
    const auto refused = append({.scope = here, .account = "ada"}).get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::rate_limited);
    EXPECT_TRUE(refused.error().retryable);
    EXPECT_EQ(refused.error().retry_after, limits::commit_queue_retry_after);
    other = append({.scope = here, .account = "bob"});
    of_server = append({.scope = here});
  }
  EXPECT_TRUE(other.get());
  EXPECT_TRUE(of_server.get());
  for (auto& one : held_back) EXPECT_TRUE(one.get());
  // Taken in several transactions; all of the account's places are free again.
  const HeldWriter held(stores().journal);
  for (std::size_t i = 0; i < limits::commit_queue_units_per_account; ++i) {
    held_back[i] = append({.scope = here, .account = "ada"});
  }
  EXPECT_EQ(held_back.back().wait_for(std::chrono::seconds(0)), std::future_status::timeout)
      << "it waits, and was not refused";
}

TEST_P(StoreJournal, CloseCommitsWhatWasSubmittedAndRefusesTheRest) {
  put_thread("t1");
  std::vector<std::future<base::Result<std::int64_t>>> answers;
  for (int i = 0; i < 100; ++i) {
    answers.push_back(append({.scope = here, .events = {delta_of("t1", ".")}}));
  }
  backend_->close();
  for (auto& answer : answers) EXPECT_TRUE(answer.get());
  const auto late = commit({.scope = here, .events = {delta_of("t1", "late")}});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::unavailable);
  std::string all;
  for (const core::Event& event : events("t1")) all += text_of(event);
  EXPECT_EQ(all, std::string(100, '.'));
}

// --- events -------------------------------------------------------------------------------------

TEST_P(StoreJournal, CursorsRiseStoreWideAndSeqPerThread) {
  put_thread("t1");
  put_thread("t2");
  EXPECT_EQ(put({}, {delta_of("t1", "a")}), 1);
  EXPECT_EQ(put({}, {delta_of("t2", "b"), delta_of("t1", "c")}), 3);
  EXPECT_EQ(*awaited(stores().events.last_cursor()), 3);
  const auto first = events("t1");
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].cursor, 1);
  EXPECT_EQ(first[0].seq, 1);
  EXPECT_EQ(first[1].cursor, 3);
  EXPECT_EQ(first[1].seq, 2);
  EXPECT_EQ(first[1].scope, here);
  EXPECT_EQ(first[1].run_id, "r1");
  EXPECT_EQ(first[1].at, Time{5000});
  EXPECT_EQ(events("t2")[0].seq, 1);
}

TEST_P(StoreJournal, ResumeGivesExactlyWhatWasMissed) {
  put_thread("t1");
  for (int i = 1; i <= 5; ++i) put({}, {delta_of("t1", std::to_string(i))});
  EXPECT_EQ(texts_of(events("t1", 3)), (Ids{"4", "5"}));
  EXPECT_EQ(texts_of(events("t1", 5)), Ids{});
  EXPECT_EQ(texts_of(*awaited(stores().events.events(here, "t1", 1, 2))), (Ids{"2", "3"}));
  EXPECT_TRUE(awaited(stores().events.events(elsewhere, "t1", 0, 10))->empty());
  EXPECT_TRUE(awaited(stores().events.events(here, "t9", 0, 10))->empty());
  const auto foreign = commit({.scope = elsewhere, .events = {delta_of("t1", "x")}});
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().kind, ErrorKind::not_found);
}

// One page of a topic, and all that follow it, as a subscription reads them.
inline core::EventPage page_of(core::EventStore& events, const core::EventTopic& topic,
                               std::int64_t after, std::size_t limit) {
  base::Lanes lanes(1);
  auto page = base::run_on(lanes[0], events.event_page(topic, after, limit));
  EXPECT_TRUE(page);
  return std::move(*page);
}

inline Ids all_of(core::EventStore& events, const core::EventTopic& topic, std::size_t limit) {
  Ids out;
  for (std::int64_t after = 0;;) {
    const core::EventPage page = page_of(events, topic, after, limit);
    EXPECT_LE(page.events.size(), limit);
    for (const core::Event& event : page.events) {
      EXPECT_EQ(event.owner, event.thread_id == "t3" ? "bob" : "ann");
      out.push_back(std::to_string(event.cursor));
    }
    EXPECT_GE(page.read_to, after);
    if (page.last) return out;
    EXPECT_GT(page.read_to, after) << "no progress";
    after = page.read_to;
  }
}

TEST_P(StoreJournal, EventsAreReadByThreadByUserAndByScope) {
  using core::EventTopic;
  put_thread("t1");
  put_thread("t2");
  put({core::InsertThread{thread_of("t3", 1000, "bob")}});
  for (const char* id : {"t1", "t2", "t3", "t1"}) put({}, {delta_of(id, "x")});
  for (const std::size_t limit : {1, 2, 100}) {
    core::EventStore& events = stores().events;
    EXPECT_EQ(all_of(events, EventTopic::of_thread(here, "t1"), limit), (Ids{"1", "4"}));
    EXPECT_EQ(all_of(events, EventTopic::of_user(here, "ann"), limit), (Ids{"1", "2", "4"}));
    EXPECT_EQ(all_of(events, EventTopic::of_user(here, "bob"), limit), Ids{"3"});
    EXPECT_EQ(all_of(events, EventTopic::of_user(here, ""), limit), Ids{});
    EXPECT_EQ(all_of(events, EventTopic::of_scope(here), limit), (Ids{"1", "2", "3", "4"}));
    EXPECT_EQ(all_of(events, EventTopic::of_scope(elsewhere), limit), Ids{});
    EXPECT_EQ(all_of(events, EventTopic::of_user(elsewhere, "ann"), limit), Ids{});
  }
}

// A page ends after so many events of others, and the next goes on behind them.
TEST_P(StoreJournal, APageOfAUserLooksAtABoundedNumberOfEvents) {
  using core::EventTopic;
  put_thread("t1");
  put({core::InsertThread{thread_of("t3", 1000, "bob")}});
  put({}, {delta_of("t1", "first")});
  std::vector<core::Event> many;
  for (std::size_t i = 0; i < limits::events_looked_at_max + 10; ++i) {
    many.push_back(delta_of("t3", "x", "r" + std::to_string(i)));
  }
  put({}, std::move(many));
  put({}, {delta_of("t1", "last")});
  const EventTopic ann = EventTopic::of_user(here, "ann");
  const auto page = page_of(stores().events, ann, 1, 200);
  EXPECT_TRUE(page.events.empty());
  EXPECT_FALSE(page.last);
  EXPECT_EQ(page.read_to, 1 + static_cast<std::int64_t>(limits::events_looked_at_max));
  EXPECT_EQ(all_of(stores().events, ann, 200).size(), 2U);
}

TEST_P(StoreJournal, EveryEventComesBackAsItWas) {
  put_thread("t1");
  core::Message reply = message_of("m2", "t1", "done");
  reply.role = core::Role::assistant;
  reply.usage = core::Usage{.input_tokens = 1};
  const std::int64_t last = put(
      {},
      {event_of("t1", core::MessageStored{message_of("m1", "t1", "hello")}),
       event_of("t1", core::RunStarted{message_of("m1", "t1", "hello")}, "r1"),
       event_of("t1", core::ReasoningDelta{"hm"}, "r1"), event_of("t1", core::OutputRestarted{}),
       event_of("t1", core::ToolCallRequested{"tc", "c", "grep", {{"a", 1}}}, "r1"),
       event_of("t1", core::ToolCallStarted{"tc", "grep"}, "r1"),
       event_of("t1", core::ToolCallFinished{"tc", "c", "grep", core::ToolCallState::denied, "no"}),
       event_of("t1", core::ApprovalRequested{"ap", "tc", "grep", {{"a", 1}}}, "r1"),
       event_of("t1", core::RunFinished{.message = reply}, "r1"),
       event_of("t1", core::ThreadChanged{.title = "x", .deleted = true})});
  EXPECT_EQ(last, 10);
  const auto all = events("t1");
  ASSERT_EQ(all.size(), 10U);
  EXPECT_EQ(std::get<core::MessageStored>(all[0].body).message.parts,
            message_of("m1", "t1", "hello").parts);
  EXPECT_EQ(std::get<core::RunStarted>(all[1].body).user_message.id, "m1");
  EXPECT_EQ(std::get<core::ReasoningDelta>(all[2].body).text, "hm");
  EXPECT_TRUE(std::holds_alternative<core::OutputRestarted>(all[3].body));
  EXPECT_EQ(std::get<core::ToolCallRequested>(all[4].body).arguments, (base::Json{{"a", 1}}));
  EXPECT_EQ(std::get<core::ToolCallStarted>(all[5].body).tool, "grep");
  EXPECT_EQ(std::get<core::ToolCallFinished>(all[6].body).state, core::ToolCallState::denied);
  EXPECT_EQ(std::get<core::ApprovalRequested>(all[7].body).approval_id, "ap");
  EXPECT_EQ(std::get<core::RunFinished>(all[8].body).message->usage, reply.usage);
  EXPECT_TRUE(std::get<core::ThreadChanged>(all[9].body).deleted);
}

TEST_P(StoreJournal, DeltasOfOneTransactionAreJoined) {
  put_thread("t1");
  put_thread("t2");
  std::vector<std::future<base::Result<std::int64_t>>> answers;
  {
    const HeldWriter held(stores().journal);
    const auto add = [&](std::vector<core::Event> events) {
      answers.push_back(append({.scope = here, .events = std::move(events)}));
    };
    add({delta_of("t1", "a"), delta_of("t1", "b")});
    add({delta_of("t2", "x", "r2")});
    add({delta_of("t1", "c")});  // across units and another thread's event
    add({event_of("t1", core::ReasoningDelta{"h"}, "r1"),
         event_of("t1", core::ReasoningDelta{"m"}, "r1")});
    add({delta_of("t1", "d")});           // reasoning stands between
    add({delta_of("t1", "e", "other")});  // another run
    add({event_of("t1", core::OutputRestarted{}, "other"), delta_of("t1", "f", "other")});
  }
  std::vector<std::int64_t> cursors;
  for (auto& answer : answers) cursors.push_back(answer.get().value_or(-1));
  const auto all = events("t1");
  EXPECT_EQ(texts_of(all), (Ids{"abc", "-", "d", "e", "-", "f"}));
  EXPECT_EQ(std::get<core::ReasoningDelta>(all[1].body).text, "hm");
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].seq, static_cast<std::int64_t>(i) + 1);
  }
  // A unit whose event was joined to an earlier one has that one's cursor.
  EXPECT_EQ(cursors, (std::vector<std::int64_t>{1, 2, 1, 3, 4, 5, 7}));
}

TEST_P(StoreJournal, JoinedDeltasAreBounded) {
  put_thread("t1");
  const std::string half(limits::joined_delta_bytes_max / 2, 'x');
  put({}, {delta_of("t1", half), delta_of("t1", half), delta_of("t1", "y")});
  const auto all = events("t1");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(text_of(all[0]).size(), limits::joined_delta_bytes_max);
  EXPECT_EQ(text_of(all[1]), "y");
}

// --- the observer -------------------------------------------------------------------------------

TEST_P(StoreJournal, ObserverHearsOnceATransactionBeforeTheCompletions) {
  RecordingObserver observer(/*keep=*/true);
  stores().journal.observe(observer);
  auto made = append({.scope = here, .changes = {core::InsertThread{thread_of("t1")}}});
  observer.run_kept(1);
  ASSERT_TRUE(made.get());
  EXPECT_EQ(observer.commits(), 1);
  EXPECT_TRUE(observer.events().empty());

  std::vector<std::future<base::Result<std::int64_t>>> answers;
  {
    const HeldWriter held(stores().journal);
    for (const char* text : {"a", "b"}) {
      answers.push_back(
          append({.scope = here,
                  .events = {delta_of("t1", text), event_of("t1", core::ThreadChanged{})}}));
    }
    answers.push_back(append({.scope = here, .events = {delta_of("t9", "lost")}}));
  }
  // The failed unit needs nobody; the others wait for the observer although they are durable.
  EXPECT_FALSE(answers[2].get());
  EXPECT_EQ(answers[0].wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  observer.run_kept(2);
  EXPECT_EQ(*answers[0].get(), 2);
  EXPECT_EQ(*answers[1].get(), 4);
  EXPECT_EQ(observer.commits(), 2);
  const auto told = observer.events();
  ASSERT_EQ(told.size(), 4U);
  const auto stored = events("t1");
  for (std::size_t i = 0; i < told.size(); ++i) {
    EXPECT_EQ(told[i]->cursor, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(told[i]->seq, stored[i].seq);
    EXPECT_EQ(told[i]->scope, here);
    EXPECT_EQ(told[i]->body.index(), stored[i].body.index());
  }
  backend_->close();  // the observer goes before the store
}

TEST_P(StoreJournal, ObserverSeesEveryThreadsEventsInOrder) {
  RecordingObserver observer;
  stores().journal.observe(observer);
  put_thread("t1");
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(
            commit({.scope = here,
                    .events = {event_of("t1", core::ThreadChanged{.title = std::to_string(w)})}}));
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  backend_->close();
  const auto told = observer.events();
  ASSERT_EQ(told.size(), 200U);
  for (std::size_t i = 0; i < told.size(); ++i) {
    EXPECT_EQ(told[i]->cursor, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(told[i]->seq, static_cast<std::int64_t>(i) + 1);
  }
}

// --- concurrency --------------------------------------------------------------------------------

TEST_P(StoreJournal, ToolCallStartsAtMostOnceUnderConcurrency) {
  put_thread("t1");
  put({core::InsertRun{run_of("r1", "t1")}});
  constexpr int calls = 25;
  for (int i = 0; i < calls; ++i) {
    put({core::InsertToolCall{call_of("c" + std::to_string(i), "r1", "t1")}});
  }
  std::vector<std::atomic<int>> winners(calls);
  std::atomic<int> conflicts = 0;
  std::vector<std::thread> racers;
  for (int r = 0; r < 8; ++r) {
    racers.emplace_back([&] {
      for (int i = 0; i < calls; ++i) {
        const auto moved =
            commit({.scope = here, .changes = {core::MoveToolCall{.id = "c" + std::to_string(i)}}});
        if (moved) {
          ++winners[static_cast<std::size_t>(i)];
        } else if (moved.error().kind == ErrorKind::conflict) {
          ++conflicts;
        }
      }
    });
  }
  for (std::thread& racer : racers) racer.join();
  for (const auto& count : winners) EXPECT_EQ(count.load(), 1);
  EXPECT_EQ(conflicts.load(), calls * 7);
}

TEST_P(StoreJournal, ReadAfterACompletionSeesItsUnitOnAnyThread) {
  std::vector<std::thread> workers;
  for (int w = 0; w < 4; ++w) {
    workers.emplace_back([&, w] {
      for (int i = 0; i < 30; ++i) {
        const std::string id = std::to_string(w) + "-" + std::to_string(i);
        EXPECT_TRUE(commit({.scope = here,
                            .changes = {core::InsertThread{thread_of(id)},
                                        core::InsertMessage{message_of(id, id, "x")}},
                            .events = {delta_of(id, "x")}}));
        EXPECT_TRUE(awaited(stores().threads.thread(here, id))->has_value());
        EXPECT_TRUE(awaited(stores().threads.message(here, id))->has_value());
        EXPECT_EQ(awaited(stores().events.events(here, id, 0, 10))->size(), 1U);
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(*awaited(stores().events.last_cursor()), 120);
}

// --- reopening ----------------------------------------------------------------------------------

TEST_P(StoreJournal, NumberingGoesOnAfterReopening) {
  put_thread("t1");
  put_thread("t2");
  put({core::InsertRun{run_of("r1", "t1")}}, {delta_of("t1", "a")});
  put({}, {delta_of("t2", "b")});
  backend_->reopen();
  EXPECT_EQ(*awaited(stores().events.last_cursor()), 2);
  EXPECT_EQ((*awaited(stores().runs.unfinished_runs())).size(), 1U);
  EXPECT_EQ(put({}, {delta_of("t1", "c")}), 3);
  const auto all = events("t1");
  EXPECT_EQ(texts_of(all), (Ids{"a", "c"}));
  EXPECT_EQ(all[1].seq, 2);
  EXPECT_EQ(refusal(core::InsertRun{run_of("r2", "t1")}), ErrorKind::conflict);
}

}  // namespace colonnade::conformance
