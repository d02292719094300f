// Subscriptions on a real store: any number of lanes, wide topics, resumption, and failing reads.
#include "core/events/subscriptions.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "core/events/event_feed.hpp"
#include "engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;

// A dialect is handed subscriptions, and cannot commit with them.
template <class T>
concept Commits = requires(T& it, Unit unit) { it.commit(std::move(unit)); } ||
                  requires(T& it, Unit unit) { it.append(std::move(unit), {}); };
static_assert(Commits<EventFeed> && !Commits<Subscriptions>);

const Principal alice(Scope::main(), "alice", UserRole::member);
const Principal bob(Scope::main(), "bob", UserRole::member);

class Recorder final : public Subscriber {
 public:
  void deliver(const EventPtr& event) override {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
    changed_.notify_all();
  }
  void caught_up() override { mark(caught_up_); }
  void cut_off() override { mark(cut_off_); }
  std::vector<std::int64_t> cursors() {
    const std::lock_guard lock(mutex_);
    std::vector<std::int64_t> out;
    for (const auto& event : events_) out.push_back(event->cursor);
    return out;
  }
  std::vector<EventPtr> events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return events_.size() >= count; });
  }
  void wait_until_caught_up() { wait(caught_up_); }
  void wait_until_cut_off() { wait(cut_off_); }

 private:
  void mark(bool& flag) {
    const std::lock_guard lock(mutex_);
    flag = true;
    changed_.notify_all();
  }
  void wait(const bool& flag) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return flag; });
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<EventPtr> events_;
  bool caught_up_ = false;
  bool cut_off_ = false;
};

void on_lane(base::Lane& lane, std::move_only_function<void()> work) {
  std::promise<void> done;
  lane.post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

// A subscription that lives on a lane, held by a test.
class Held {
 public:
  Held(base::Lanes& lanes, EventFeed& feed, std::size_t lane, const EventTopic& topic,
       std::optional<std::int64_t> after = {})
      : lane_(lanes[lane]) {
    on_lane(lane_, [&] { mine_ = feed.subscriptions().subscribe(lane_, topic, after, recorder); });
  }
  ~Held() { end(); }
  void end() {
    if (mine_) on_lane(lane_, [&] { mine_.reset(); });
  }
  Recorder recorder;

 private:
  base::Lane& lane_;
  std::unique_ptr<Subscription> mine_;
};

std::int64_t commit(Engine& engine, const std::string& thread_id, int count = 1) {
  Unit unit{.scope = Scope::main()};
  for (int i = 0; i < count; ++i) {
    unit.events.push_back(
        Event{.scope = Scope::main(), .thread_id = thread_id, .body = ThreadChanged{}});
  }
  const auto committed = engine.run(engine.feed.commit(std::move(unit)));
  EXPECT_TRUE(committed);
  return *committed;
}

class SubscriptionsTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  std::string path_ = folder_.file("colonnade.db");
};

// --- lanes --------------------------------------------------------------------------------------

class ManyLanes : public ::testing::TestWithParam<std::size_t> {
 protected:
  TemporaryFolder folder_;
  Engine engine_{folder_.file("colonnade.db"), {.lanes = GetParam()}};
  Thread thread_ = engine_.new_thread(alice);
  EventTopic topic_ = EventTopic::of_thread(Scope::main(), thread_.id);
};

TEST_P(ManyLanes, EveryLaneIsDeliveredTo) {
  std::vector<std::unique_ptr<Held>> held;
  for (std::size_t lane = 0; lane < GetParam(); ++lane) {
    held.push_back(std::make_unique<Held>(engine_.lanes, engine_.feed, lane, topic_));
  }
  const std::int64_t cursor = commit(engine_, thread_.id);
  for (std::size_t lane = 0; lane < GetParam(); ++lane) {
    EXPECT_EQ(held[lane]->recorder.cursors(), std::vector{cursor}) << "lane " << lane;
  }
}

TEST_P(ManyLanes, ALaneThatLeavesTakesNoOtherWithIt) {
  const std::size_t last = GetParam() - 1;
  Held stays(engine_.lanes, engine_.feed, last % 64, topic_);
  Held leaves(engine_.lanes, engine_.feed, last, topic_);
  leaves.end();
  const std::int64_t cursor = commit(engine_, thread_.id);
  EXPECT_EQ(stays.recorder.cursors(), std::vector{cursor});
  EXPECT_TRUE(engine_.feed.is_followed(thread_.scope, thread_.id, thread_.owner));
  stays.end();
  EXPECT_FALSE(engine_.feed.is_followed(thread_.scope, thread_.id, thread_.owner));
}

INSTANTIATE_TEST_SUITE_P(Lanes, ManyLanes, ::testing::Values(65, 200));

// --- topics -------------------------------------------------------------------------------------

TEST_F(SubscriptionsTest, AUserAndAScopeAreFollowedOverAllTheirThreads) {
  Engine engine(path_);
  const Thread one = engine.new_thread(alice);
  const Thread two = engine.new_thread(alice);
  const Thread foreign = engine.new_thread(bob);
  Held user(engine.lanes, engine.feed, 0, EventTopic::of_user(Scope::main(), "alice"));
  Held scope(engine.lanes, engine.feed, 1, EventTopic::of_scope(Scope::main()));
  Held nobody(engine.lanes, engine.feed, 1, EventTopic::of_user(Scope("a", "b", "c"), "alice"));
  Held elsewhere(engine.lanes, engine.feed, 0, EventTopic::of_scope(Scope("a", "b", "c")));
  Held namesake(engine.lanes, engine.feed, 0, EventTopic::of_thread(Scope("a", "b", "c"), one.id));
  const std::int64_t a = commit(engine, one.id);
  const std::int64_t b = commit(engine, two.id);
  const std::int64_t c = commit(engine, foreign.id);
  EXPECT_EQ(user.recorder.cursors(), (std::vector{a, b}));
  EXPECT_EQ(scope.recorder.cursors(), (std::vector{a, b, c}));
  EXPECT_EQ(scope.recorder.events()[2]->owner, "bob");
  EXPECT_TRUE(nobody.recorder.cursors().empty());
  EXPECT_TRUE(elsewhere.recorder.cursors().empty());
  EXPECT_TRUE(namesake.recorder.cursors().empty()) << "of the same id in another scope";
  EXPECT_TRUE(engine.feed.is_followed(foreign.scope, foreign.id, foreign.owner))
      << "by whoever follows the scope";
  scope.end();
  EXPECT_FALSE(engine.feed.is_followed(foreign.scope, foreign.id, foreign.owner));
  EXPECT_TRUE(engine.feed.is_followed(one.scope, one.id, one.owner));
}

TEST_F(SubscriptionsTest, WhatAPrincipalSeesIsItsOwnOrAllOfItsScope) {
  const Principal admin(Scope::main(), "root", UserRole::operator_role);
  EXPECT_EQ(EventTopic::visible_to(alice), EventTopic::of_user(Scope::main(), "alice"));
  EXPECT_EQ(EventTopic::visible_to(admin), EventTopic::of_scope(Scope::main()));
}

// A long backlog of several threads is replayed while more is committed all the time, and again
// after a restart from the middle.
TEST_F(SubscriptionsTest, WideTopicsResumeExactlyOnceAlsoAfterARestart) {
  const EventTopic user = EventTopic::of_user(Scope::main(), "alice");
  std::vector<std::int64_t> expected;
  std::string one_id;
  {
    Engine engine(path_);
    const Thread one = engine.new_thread(alice);
    const Thread two = engine.new_thread(alice);
    const Thread foreign = engine.new_thread(bob);
    one_id = one.id;
    for (int i = 0; i < 20; ++i) {
      commit(engine, one.id, 40);
      commit(engine, foreign.id, 60);
      commit(engine, two.id, 40);
    }
    std::jthread writer([&] {
      for (int i = 0; i < 200; ++i) {
        Unit unit{.scope = Scope::main()};
        for (const std::string& id : {one.id, foreign.id, two.id}) {
          unit.events.push_back(
              Event{.scope = Scope::main(), .thread_id = id, .body = ThreadChanged{}});
        }
        engine.feed.append(std::move(unit), [](const auto& stored) { EXPECT_TRUE(stored); });
      }
    });
    Held held(engine.lanes, engine.feed, 1, user, 0);
    held.recorder.wait_for(20 * 80 + 200 * 2);
    writer.join();
    for (const std::string& id : {one.id, two.id}) {
      for (std::int64_t after = 0;;) {
        const auto page = engine.run(engine.store->events(Scope::main(), id, after, 200));
        if (page->empty()) break;
        for (const Event& event : *page) expected.push_back(event.cursor);
        after = expected.back();
      }
    }
    std::ranges::sort(expected);
    EXPECT_EQ(held.recorder.cursors(), expected);
  }
  Engine restarted(path_);
  const std::int64_t after = expected[777];
  expected.erase(expected.begin(), expected.begin() + 778);
  Held held(restarted.lanes, restarted.feed, 0, user, after);
  held.recorder.wait_until_caught_up();
  EXPECT_EQ(held.recorder.cursors(), expected);
  expected.push_back(commit(restarted, one_id));
  EXPECT_EQ(held.recorder.cursors(), expected);
}

TEST_F(SubscriptionsTest, OfADeletedThreadOnlyThatItIsDeletedIsReplayed) {
  Engine engine(path_);
  const Thread thread = engine.new_thread(alice);
  Unit unit{.scope = Scope::main()};
  unit.events.push_back(
      Event{.scope = Scope::main(), .thread_id = thread.id, .body = TextDelta{"secret"}});
  ASSERT_TRUE(engine.run(engine.feed.commit(std::move(unit))));
  ASSERT_TRUE(engine.run(engine.threads.remove(alice, thread.id)));
  for (const EventTopic& topic :
       {EventTopic::of_user(Scope::main(), "alice"), EventTopic::of_scope(Scope::main())}) {
    Held held(engine.lanes, engine.feed, 0, topic, 0);
    held.recorder.wait_until_caught_up();
    const auto events = held.recorder.events();
    ASSERT_FALSE(events.empty());
    for (const EventPtr& event : events) {
      EXPECT_TRUE(std::holds_alternative<ThreadChanged>(event->body));
    }
    EXPECT_TRUE(std::get<ThreadChanged>(events.back()->body).deleted);
  }
}

TEST_F(SubscriptionsTest, OfAnErasedThreadNothingIsReplayed) {
  Engine engine(path_);
  const Thread erased = engine.new_thread(alice);
  const Thread stays = engine.new_thread(alice);
  commit(engine, erased.id, 3);
  const std::int64_t other = commit(engine, stays.id);
  Unit unit{.scope = Scope::main()};
  unit.changes.emplace_back(EraseThread{.id = erased.id, .at = engine.clock.now()});
  ASSERT_TRUE(engine.run(engine.feed.commit(std::move(unit))));
  for (const EventTopic& topic :
       {EventTopic::of_user(Scope::main(), "alice"), EventTopic::of_scope(Scope::main()),
        EventTopic::of_thread(Scope::main(), erased.id)}) {
    Held held(engine.lanes, engine.feed, 0, topic, 0);
    held.recorder.wait_until_caught_up();
    for (const EventPtr& event : held.recorder.events()) EXPECT_NE(event->thread_id, erased.id);
    if (topic.kind() != EventTopic::Kind::thread) {
      EXPECT_EQ(held.recorder.cursors().back(), other);
    }
  }
}

// --- a store that takes its time, or cannot read
// --------------------------------------------------

class SlowEvents final : public EventStore {
 public:
  explicit SlowEvents(EventStore& events) : events_(events) {}
  base::Task<base::Result<std::vector<Event>>> events(Scope scope, std::string thread_id,
                                                      std::int64_t after,
                                                      std::size_t limit) override {
    return events_.events(std::move(scope), std::move(thread_id), after, limit);
  }
  base::Task<base::Result<EventPage>> event_page(EventTopic topic, std::int64_t after,
                                                 std::size_t limit) override {
    auto page = co_await events_.event_page(std::move(topic), after, limit);
    if (fails) {
      co_return base::fail(base::ErrorKind::unavailable, "the disk is gone");
    }
    if (holds) {
      read.set_value();
      co_await go_on.wait();
      holds = false;
    }
    co_return page;
  }
  base::Task<base::Result<std::int64_t>> last_cursor() override { return events_.last_cursor(); }

  std::atomic<bool> fails = false;
  std::atomic<bool> holds = false;
  std::promise<void> read;
  base::Signal go_on;

 private:
  EventStore& events_;
};

class SlowStore : public SubscriptionsTest {
 protected:
  ~SlowStore() override {
    lanes_.stop();
    store_->close();
  }
  std::int64_t commit(int count) {
    Unit unit{.scope = Scope::main()};
    for (int i = 0; i < count; ++i) {
      unit.events.push_back(
          Event{.scope = Scope::main(), .thread_id = "t", .body = ThreadChanged{}});
    }
    return *base::run_on(lanes_[0], feed_.commit(std::move(unit)));
  }
  void SetUp() override {
    Unit unit{.scope = Scope::main()};
    unit.changes.emplace_back(
        InsertThread{.thread = {.id = "t", .scope = Scope::main(), .owner = "alice"}});
    ASSERT_TRUE(base::run_on(lanes_[0], feed_.commit(std::move(unit))));
  }

  base::Lanes lanes_{2};
  std::unique_ptr<storage::sqlite::Store> store_ = open_store(path_);
  SlowEvents events_{*store_};
  EventFeed feed_{lanes_, events_, *store_};
  const EventTopic topic_ = EventTopic::of_thread(Scope::main(), "t");
};

// What is committed while a page is on its way is in neither the page nor, yet, in what is live.
TEST_F(SlowStore, NothingIsLostThatIsCommittedWhileAPageIsRead) {
  for (const int meanwhile : {3, 1000}) {
    const std::int64_t after = commit(5) - 5;
    events_.holds = true;
    events_.read = {};
    Held held(lanes_, feed_, 1, topic_, after);
    events_.read.get_future().wait();
    commit(meanwhile);
    events_.go_on.notify();
    held.recorder.wait_until_caught_up();
    commit(1);
    std::vector<std::int64_t> expected;
    for (int i = 1; i <= 5 + meanwhile + 1; ++i) expected.push_back(after + i);
    EXPECT_EQ(held.recorder.cursors(), expected);
  }
}

TEST_F(SlowStore, ASubscriberMayLeaveWhileAPageIsRead) {
  commit(5);
  events_.holds = true;
  auto held = std::make_unique<Held>(lanes_, feed_, 1, topic_, 0);
  events_.read.get_future().wait();
  held->end();
  events_.go_on.notify();
  on_lane(lanes_[1], [] {});
  EXPECT_TRUE(held->recorder.cursors().empty());
  EXPECT_EQ(feed_.subscriptions().count(), 0U);
}

TEST_F(SlowStore, AReceiverIsToldThatItsReplayFailedInsteadOfMissingEvents) {
  const std::int64_t last = commit(5);
  events_.fails = true;
  Held held(lanes_, feed_, 1, topic_, 0);
  held.recorder.wait_until_cut_off();
  commit(1);
  EXPECT_TRUE(held.recorder.cursors().empty()) << "nothing after a gap";
  events_.fails = false;
  Held again(lanes_, feed_, 1, topic_, 0);
  again.recorder.wait_until_caught_up();
  EXPECT_EQ(again.recorder.cursors().size(), static_cast<std::size_t>(last + 1));
}

// --- at the end ---------------------------------------------------------------------------------

base::Task<void> hold_for_ever(Engine* engine, Recorder* recorder, std::promise<void>* held) {
  const auto subscription = engine->feed.subscriptions().subscribe(
      engine->lanes[0], EventTopic::of_scope(Scope::main()), std::nullopt, *recorder);
  const auto never = std::make_shared<base::Signal>();
  held->set_value();
  co_await never->wait();
}

// What is suspended when everything stops goes with its lane, after the feed.
TEST(SubscriptionsAtTheEnd, MayOutliveTheFeedOnTheirLane) {
  const TemporaryFolder folder;
  Recorder recorder;
  auto engine = std::make_unique<Engine>(folder.file("colonnade.db"));
  std::promise<void> held;
  engine->lanes[0].spawn("hold_for_ever", hold_for_ever(engine.get(), &recorder, &held));
  held.get_future().wait();
  EXPECT_EQ(engine->feed.subscriptions().count(), 1U);
  engine.reset();
  EXPECT_TRUE(recorder.events().empty());
}

}  // namespace
}  // namespace colonnade::tests
