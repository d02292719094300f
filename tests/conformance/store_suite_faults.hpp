// What every store does while its disk fails, and when it works again.
#pragma once

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/lane.hpp"
#include "tests/conformance/store_backend.hpp"

namespace colonnade::conformance {

// A store on a disk that can be made to fail.
class FaultyBackend : public StoreBackend {
 public:
  enum class Fault { no_space, failing_writes, short_writes, failing_syncs };
  // Every write, or sync, after the next `after` ones fails, until heal().
  virtual void fail(Fault fault, std::size_t after = 0) = 0;
  virtual void heal() = 0;
  // The writes or syncs that a fault could have met so far.
  virtual std::size_t chances(Fault fault) = 0;
  // The machine loses its power now; the store is opened again on what the disk has.
  virtual void lose_power() = 0;
  // What its integrity check finds.
  virtual std::vector<std::string> findings() = 0;
};

using Fault = FaultyBackend::Fault;

struct FaultyFactory {
  std::string name;
  std::function<std::unique_ptr<FaultyBackend>()> make;
  Fault fault = Fault::no_space;
  bool survives_power_cuts = true;
};
inline void PrintTo(const FaultyFactory& factory, std::ostream* out) { *out << factory.name; }

// What a read comes to, from a lane as in the server.
template <class T>
T awaited(base::Task<T> task) {
  base::Lanes lanes(1);
  return base::run_on(lanes[0], std::move(task));
}

class StoreFaults : public testing::TestWithParam<FaultyFactory> {
 protected:
  StoreFaults() : backend_(GetParam().make()) {}

  core::Stores stores() { return backend_->stores(); }
  void fail(std::size_t after = 0) { backend_->fail(GetParam().fault, after); }

  std::future<base::Result<std::int64_t>> append(core::Unit unit) {
    auto answer = std::make_shared<std::promise<base::Result<std::int64_t>>>();
    auto future = answer->get_future();
    stores().journal.append(std::move(unit), [answer](base::Result<std::int64_t> result) {
      answer->set_value(std::move(result));
    });
    return future;
  }
  base::Result<std::int64_t> commit(core::Unit unit) { return append(std::move(unit)).get(); }
  // As the recorder of a run does: again and again while it may be stored later.
  base::Result<std::int64_t> persist(const core::Unit& unit) {
    for (;;) {
      auto done = commit(unit);
      if (done || !done.error().retryable) return done;
      std::this_thread::yield();
    }
  }
  static core::Unit event_unit(const std::string& text) {
    return {.scope = here,
            .changes = {core::InsertMessage{message_of("m-" + text, "t1", text)}},
            .events = {delta_of("t1", text)}};
  }
  static core::Unit thread_unit(const std::string& id) {
    return {.scope = here, .changes = {core::InsertThread{thread_of(id)}}};
  }
  void expect_event_numbers() {
    const auto events = awaited(stores().events.events(here, "t1", 0, 10'000));
    ASSERT_TRUE(events) << events.error().message;
    std::int64_t seq = 0;
    for (const core::Event& event : *events) EXPECT_EQ(event.seq, ++seq);
    EXPECT_EQ(*awaited(stores().events.last_cursor()), events->empty() ? 0 : events->back().cursor);
  }
  bool has_message(const std::string& id) {
    const auto found = awaited(stores().threads.message(here, id));
    EXPECT_TRUE(found) << found.error().message;
    return found && found->has_value();
  }
  static void expect_not_stored_now(const base::Result<std::int64_t>& result) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::unavailable) << result.error().message;
    EXPECT_TRUE(result.error().retryable) << result.error().message;
    EXPECT_TRUE(result.error().retry_after) << result.error().message;
  }

  std::unique_ptr<FaultyBackend> backend_;
};

TEST_P(StoreFaults, RefusedUnitsMayBeStoredLaterAndAreNotSeenBefore) {
  ASSERT_TRUE(commit(thread_unit("t1")));
  fail();
  expect_not_stored_now(commit(event_unit("one")));
  EXPECT_FALSE(has_message("m-one"));
  EXPECT_TRUE(awaited(stores().events.events(here, "t1", 0, 10))->empty());
  EXPECT_EQ(*awaited(stores().events.last_cursor()), 0);
  EXPECT_TRUE(awaited(stores().threads.thread(here, "t1"))->has_value()) << "reads go on";
  backend_->heal();
  EXPECT_EQ(persist(event_unit("one")), 1);
  EXPECT_EQ(persist(event_unit("two")), 2);
  EXPECT_TRUE(has_message("m-one"));
  expect_event_numbers();
  EXPECT_EQ(backend_->findings(), Ids{});
}

TEST_P(StoreFaults, HealthNamesTheFaultAndRecoversWithoutAnyWrite) {
  ASSERT_TRUE(commit(thread_unit("t1")));
  core::Journal& journal = stores().journal;
  EXPECT_EQ(journal.health().state, core::StoreState::writable);
  EXPECT_EQ(journal.health().reason, "");
  fail();
  const auto refused = commit(event_unit("one"));
  const core::StoreHealth health = journal.health();
  EXPECT_EQ(health.state, GetParam().fault == Fault::failing_syncs
                              ? core::StoreState::cannot_sync
                              : core::StoreState::cannot_write);
  EXPECT_NE(health.reason, "");
  EXPECT_GT(health.since.micros, 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, health.reason);
  backend_->heal();
  // Nobody writes: the store finds out by itself.
  while (journal.health().state != core::StoreState::writable) std::this_thread::yield();
  EXPECT_GE(journal.health().since, health.since);
  EXPECT_EQ(commit(event_unit("one")), 1);
}

// Whatever was in the queue behind the transaction that failed fails too, so that nothing is stored
// before what failed in front of it.
TEST_P(StoreFaults, UnitsBehindAFailedOneAreRefusedInOrder) {
  ASSERT_TRUE(commit(thread_unit("t1")));
  std::vector<int> refused;
  std::mutex mutex;
  std::promise<void> all;
  constexpr int units = 3000;  // more than one transaction
  {
    const HeldWriter held(stores().journal);
    fail();
    for (int i = 0; i < units; ++i) {
      stores().journal.append(event_unit(std::to_string(i)), [&, i](auto result) {
        const std::lock_guard lock(mutex);
        if (!result && result.error().retryable) refused.push_back(i);
        if (refused.size() == units) all.set_value();
      });
    }
  }
  all.get_future().wait();
  EXPECT_TRUE(std::ranges::is_sorted(refused));
  EXPECT_EQ(*awaited(stores().events.last_cursor()), 0);
  backend_->heal();
  EXPECT_EQ(persist(event_unit("first")), 1);
}

// A unit that another one of a lost transaction refused is not told so: the other was not stored.
TEST_P(StoreFaults, NoUnitIsJudgedByOneThatWasLost) {
  std::future<base::Result<std::int64_t>> first;
  std::future<base::Result<std::int64_t>> second;
  {
    const HeldWriter held(stores().journal);
    fail();
    first = append(thread_unit("same"));
    second = append(thread_unit("same"));
  }
  expect_not_stored_now(first.get());
  expect_not_stored_now(second.get());
  backend_->heal();
  EXPECT_TRUE(persist(thread_unit("same")));
  const auto again = persist(thread_unit("same"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  EXPECT_FALSE(again.error().retryable);
}

// The fault hits at each write, or sync, of a commit in turn.
TEST_P(StoreFaults, NothingAcknowledgedIsLostWhereverTheFaultHits) {
  ASSERT_TRUE(commit(thread_unit("t1")));
  std::set<std::string> acknowledged;
  int number = 0;
  for (std::size_t after = 0; after < 12; ++after) {
    fail(after);
    for (int i = 0; i < 6; ++i) {
      const std::string text = std::to_string(number++);
      if (commit(event_unit(text))) acknowledged.insert("m-" + text);
    }
    backend_->heal();
    const std::string text = std::to_string(number++);
    ASSERT_TRUE(persist(event_unit(text)));
    acknowledged.insert("m-" + text);
    expect_event_numbers();
  }
  for (const std::string& id : acknowledged) EXPECT_TRUE(has_message(id)) << id;
  backend_->reopen();
  for (const std::string& id : acknowledged) EXPECT_TRUE(has_message(id)) << id;
  EXPECT_EQ(awaited(stores().events.events(here, "t1", 0, 10'000))->size(), acknowledged.size());
  EXPECT_EQ(backend_->findings(), Ids{});
}

// What was acknowledged after a fault is as durable as what was acknowledged before: the disk lost
// what the failed call should have confirmed, and the kernel never says so again.
TEST_P(StoreFaults, WhatIsAcknowledgedAfterAFaultSurvivesAPowerCut) {
  ASSERT_TRUE(commit(thread_unit("t1")));
  std::set<std::string> acknowledged;
  int number = 0;
  for (std::size_t after = 0; after < 8; ++after) {
    fail(after);
    for (int i = 0; i < 4; ++i) {
      const std::string text = std::to_string(number++);
      if (commit(event_unit(text))) acknowledged.insert("m-" + text);
    }
    backend_->heal();
    const std::string text = std::to_string(number++);
    ASSERT_TRUE(persist(event_unit(text)));
    acknowledged.insert("m-" + text);
    backend_->lose_power();
    EXPECT_EQ(backend_->findings(), Ids{});
    if (GetParam().survives_power_cuts) {
      for (const std::string& id : acknowledged) EXPECT_TRUE(has_message(id)) << id;
    }
    expect_event_numbers();
  }
}

TEST_P(StoreFaults, AClosedStoreIsNotWorthARetry) {
  ASSERT_TRUE(commit(thread_unit("t1")));
  fail();
  expect_not_stored_now(commit(event_unit("one")));
  backend_->close();
  const auto refused = commit(event_unit("two"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_FALSE(refused.error().retryable);
  backend_->heal();
  backend_->reopen();
  // The store ended before the disk worked again: what was written and not synced may be there.
  const bool is_stored = has_message("m-one");
  EXPECT_TRUE(!is_stored || GetParam().fault == Fault::failing_syncs);
  EXPECT_EQ(commit(event_unit("three")), is_stored ? 2 : 1);
  expect_event_numbers();
  EXPECT_EQ(backend_->findings(), Ids{});
}

}  // namespace colonnade::conformance
