// The feed on a real store: order, resumption, and who is told first.
#include "core/events/event_feed.hpp"

#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <thread>

#include "engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;

const Principal alice(Scope::main(), "alice", UserRole::member);

class Recorder final : public Subscriber {
 public:
  void deliver(const EventPtr& event) override {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
    arrived_.notify_all();
  }
  std::vector<std::int64_t> cursors() {
    const std::lock_guard lock(mutex_);
    std::vector<std::int64_t> out;
    for (const auto& event : events_) out.push_back(event->cursor);
    return out;
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return events_.size() >= count; });
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return events_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<EventPtr> events_;
};

// Does something on a lane and waits for it.
void on_lane(base::Lane& lane, std::move_only_function<void()> work) {
  std::promise<void> done;
  lane.post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

class EventFeedTest : public ::testing::Test {
 protected:
  Unit events(int count) {
    Unit unit{.scope = Scope::main()};
    for (int i = 0; i < count; ++i) {
      unit.events.push_back(Event{.scope = Scope::main(),
                                  .thread_id = thread_.id,
                                  .at = engine_.clock.now(),
                                  .body = ThreadChanged{.title = std::to_string(i)}});
    }
    return unit;
  }
  EventTopic topic() const { return EventTopic::of_thread(Scope::main(), thread_.id); }
  void commit(int count) { ASSERT_TRUE(engine_.run(engine_.feed.commit(events(count)))); }
  std::unique_ptr<Subscription> subscribe(Recorder& recorder, std::size_t lane,
                                          std::optional<std::int64_t> after = {}) {
    std::unique_ptr<Subscription> out;
    on_lane(engine_.lanes[lane], [&] {
      out = engine_.feed.subscriptions().subscribe(engine_.lanes[lane], topic(), after, recorder);
    });
    return out;
  }
  void end(std::unique_ptr<Subscription> subscription, std::size_t lane) {
    on_lane(engine_.lanes[lane], [&] { subscription.reset(); });
  }

  TemporaryFolder folder_;
  Engine engine_{folder_.file("colonnade.db")};
  Thread thread_ = engine_.new_thread(alice);
};

TEST_F(EventFeedTest, EverySubscriberOnEveryLaneGetsEveryEventOnceInOrder) {
  Recorder a, b;
  auto on_a = subscribe(a, 0);
  auto on_b = subscribe(b, 1);
  for (int i = 0; i < 50; ++i) commit(3);
  EXPECT_EQ(a.size(), 150U) << "a commit returns after delivery";
  EXPECT_EQ(b.size(), 150U);
  EXPECT_EQ(a.cursors(), b.cursors());
  EXPECT_TRUE(std::ranges::is_sorted(a.cursors()));
  end(std::move(on_a), 0);
  commit(1);
  EXPECT_EQ(a.size(), 150U);
  EXPECT_EQ(b.size(), 151U);
  end(std::move(on_b), 1);
  EXPECT_EQ(engine_.feed.subscriptions().count(), 0U);
}

TEST_F(EventFeedTest, WithoutACursorNothingIsReplayed) {
  commit(5);
  Recorder late;
  auto subscription = subscribe(late, 0);
  EXPECT_EQ(late.size(), 0U);
  commit(1);
  EXPECT_EQ(late.size(), 1U);
  end(std::move(subscription), 0);
}

TEST_F(EventFeedTest, OtherThreadsStayOut) {
  Recorder recorder;
  auto subscription = subscribe(recorder, 0);
  const Thread other = engine_.new_thread(alice);
  Unit unit{.scope = Scope::main()};
  unit.events.push_back(
      Event{.scope = Scope::main(), .thread_id = other.id, .body = ThreadChanged{}});
  ASSERT_TRUE(engine_.run(engine_.feed.commit(std::move(unit))));
  EXPECT_EQ(recorder.size(), 0U);
  end(std::move(subscription), 0);
}

// The hard case: a long backlog is replayed page by page while more is committed all the time.
TEST_F(EventFeedTest, AResumingSubscriberMissesNothingAndRepeatsNothing) {
  constexpr std::size_t before = 1000;
  constexpr std::size_t during = 600;
  for (std::size_t i = 0; i < before / 100; ++i) commit(100);
  const auto all = engine_.events(thread_.id);
  const std::int64_t after = all[122].cursor;
  std::jthread writer([&] {
    for (std::size_t i = 0; i < during / 2; ++i) {
      engine_.feed.append(events(2), [](const auto& stored) { ASSERT_TRUE(stored); });
    }
  });
  Recorder recorder;
  auto subscription = subscribe(recorder, 1, after);
  recorder.wait_for(before - 123 + during);
  writer.join();
  std::vector<std::int64_t> expected;
  std::int64_t cursor = after;
  for (;;) {
    const auto page = engine_.run(engine_.store->events(Scope::main(), thread_.id, cursor, 200));
    if (page->empty()) break;
    for (const Event& event : *page) expected.push_back(event.cursor);
    cursor = expected.back();
  }
  EXPECT_EQ(recorder.cursors(), expected);
  end(std::move(subscription), 1);
}

TEST_F(EventFeedTest, ASubscriberMayLeaveWhileItIsTold) {
  class Leaver final : public Subscriber {
   public:
    void deliver(const EventPtr&) override {
      ++told;
      mine.reset();
    }
    int told = 0;
    std::unique_ptr<Subscription> mine;
  };
  Leaver live;
  commit(300);
  on_lane(engine_.lanes[0], [&] {
    live.mine = engine_.feed.subscriptions().subscribe(engine_.lanes[0], topic(), {}, live);
  });
  Recorder stays;
  auto subscription = subscribe(stays, 0);
  commit(5);
  EXPECT_EQ(live.told, 1);
  EXPECT_EQ(stays.size(), 5U);
  end(std::move(subscription), 0);
  EXPECT_EQ(engine_.feed.subscriptions().count(), 0U);
}

TEST_F(EventFeedTest, OneMayMakeAnotherLeaveAndBringAThirdWhileItIsTold) {
  class Replacer final : public Subscriber {
   public:
    void deliver(const EventPtr&) override {
      victim.reset();
      if (!brought) brought = bring();
    }
    std::unique_ptr<Subscription> mine, victim, brought;
    std::function<std::unique_ptr<Subscription>()> bring;
  };
  base::Lane& lane = engine_.lanes[0];
  const auto join = [&](Subscriber& subscriber) {
    return engine_.feed.subscriptions().subscribe(lane, topic(), {}, subscriber);
  };
  Recorder leaves, joins;
  Replacer replacer;
  replacer.bring = [&] { return join(joins); };
  on_lane(lane, [&] {
    replacer.mine = join(replacer);
    replacer.victim = join(leaves);
  });
  commit(1);
  EXPECT_EQ(leaves.size(), 0U);
  EXPECT_EQ(joins.size(), 0U) << "the event was behind it when it joined";
  commit(1);
  EXPECT_EQ(joins.size(), 1U);
  on_lane(lane, [&] {
    replacer.mine.reset();
    replacer.brought.reset();
  });
  EXPECT_EQ(engine_.feed.subscriptions().count(), 0U);
}

}  // namespace
}  // namespace colonnade::tests
