#include "base/lane.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/task.hpp"

namespace colonnade::base {
namespace {

using namespace std::chrono_literals;

Task<int> answer(int value) { co_return value; }

Task<std::string> fail_with(std::string what) {
  throw std::runtime_error(what);
  co_return what;
}

Task<bool> on_lane(Lane* lane) { co_return lane->is_current(); }

TEST(Lanes, StartAtLeastOne) {
  Lanes lanes(0);
  EXPECT_EQ(lanes.size(), 1u);
  EXPECT_EQ(lanes[0].index(), 0u);
}

TEST(Lanes, GoRound) {
  Lanes lanes(3);
  std::vector<std::size_t> order;
  for (int i = 0; i < 7; ++i) order.push_back(lanes.next().index());
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 0, 1, 2, 0}));
}

TEST(RunOn, GivesTheResultFromTheLane) {
  Lanes lanes(2);
  EXPECT_EQ(run_on(lanes[1], answer(42)), 42);
  EXPECT_TRUE(run_on(lanes[1], on_lane(&lanes[1])));
  EXPECT_FALSE(run_on(lanes[1], on_lane(&lanes[0])));
  EXPECT_FALSE(lanes[0].is_current());
}

TEST(RunOn, PassesAnExceptionOn) {
  Lanes lanes(1);
  EXPECT_THROW(run_on(lanes[0], fail_with("broken")), std::runtime_error);
  EXPECT_EQ(run_on(lanes[0], answer(1)), 1) << "the lane goes on";
}

TEST(Lane, RunsPostedWorkInOrder) {
  Lanes lanes(1);
  std::vector<int> order;
  std::latch done(1);
  for (int i = 0; i < 1'000; ++i) lanes[0].post([&order, i] { order.push_back(i); });
  lanes[0].post([&done] { done.count_down(); });
  done.wait();
  ASSERT_EQ(order.size(), 1'000u);
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(Lane, PostsLaterEvenFromItself) {
  Lanes lanes(1);
  std::vector<int> order;
  std::latch done(1);
  lanes[0].post([&] {
    lanes[0].post([&] {
      order.push_back(2);
      done.count_down();
    });
    order.push_back(1);
  });
  done.wait();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(Lane, OutlivesAnythingThatPostedWorkThrows) {
  Lanes lanes(1);
  lanes[0].post([] { throw std::runtime_error("posted work failed"); });
  lanes[0].post([] { throw 7; });
  EXPECT_EQ(run_on(lanes[0], answer(5)), 5);
}

TEST(Lane, OutlivesAFailedCoroutine) {
  Lanes lanes(1);
  lanes[0].spawn("failing", []() -> Task<void> {
    throw std::runtime_error("coroutine failed");
    co_return;
  }());
  EXPECT_EQ(run_on(lanes[0], answer(5)), 5);
}

// Also where a lane posts to itself and is not yet done with what it does.
TEST(Lane, RunsWorkInTheOrderOfPosting) {
  Lanes lanes(1);
  std::latch own_posted{1};
  std::latch other_posted{1};
  std::vector<std::string> order;
  lanes[0].post([&] {
    lanes[0].post([&] { order.emplace_back("own"); });
    own_posted.count_down();
    other_posted.wait();
  });
  own_posted.wait();
  lanes[0].post([&] { order.emplace_back("other"); });
  other_posted.count_down();
  EXPECT_EQ(run_on(lanes[0], answer(5)), 5);
  EXPECT_EQ(order, (std::vector<std::string>{"own", "other"}));
}

struct Call {
  bool under_way = false;
  bool started_within = false;
  std::latch started{1};
};

Task<void> start(std::shared_ptr<Call> call) {
  call->started_within = call->under_way;
  call->started.count_down();
  co_return;
}

// Who spawns may hold a lock that the coroutine takes.
TEST(Lane, StartsNoCoroutineWithinTheCall) {
  Lanes lanes(1);
  auto call = std::make_shared<Call>();
  lanes[0].post([&lane = lanes[0], call] {
    call->under_way = true;
    lane.spawn("start", start(call));
    call->under_way = false;
  });
  call->started.wait();
  EXPECT_FALSE(call->started_within);
}

Task<void> count(std::shared_ptr<std::atomic<int>> counter, std::shared_ptr<std::latch> done) {
  co_await sleep_for(1us, std::stop_token());
  counter->fetch_add(1);
  done->count_down();
}

TEST(Lane, RunsManyCoroutines) {
  constexpr int many = 10'000;
  Lanes lanes(2);
  auto counter = std::make_shared<std::atomic<int>>(0);
  auto done = std::make_shared<std::latch>(many);
  for (int i = 0; i < many; ++i) lanes.next().spawn("count", count(counter, done));
  done->wait();
  EXPECT_EQ(counter->load(), many);
}

Task<int> deep(int depth) {
  if (depth == 0) co_return 0;
  const int below = co_await deep(depth - 1);
  co_return below + 1;
}

TEST(Task, NestsDeeply) {
  Lanes lanes(1);
  EXPECT_EQ(run_on(lanes[0], deep(10'000)), 10'000);
}

TEST(Lanes, DropWorkAfterStop) {
  auto ran = std::make_shared<std::atomic<bool>>(false);
  {
    Lanes lanes(1);
    lanes.stop();
    lanes.stop();  // idempotent
    lanes[0].post([ran] { ran->store(true); });
  }
  EXPECT_FALSE(ran->load());
  EXPECT_EQ(ran.use_count(), 1) << "dropped work is destroyed";
}

// --- what is suspended when the lanes go
// ----------------------------------------------------------

// Parked for ever on a signal that only the coroutine itself holds.
Task<void> park(std::shared_ptr<int> token, std::shared_ptr<std::latch> parked) {
  Signal signal;
  parked->count_down();
  co_await signal.wait();
  *token = 1;
}

TEST(Lanes, DestroyCoroutinesThatWaitOnASignal) {
  auto token = std::make_shared<int>(0);
  {
    Lanes lanes(2);
    auto parked = std::make_shared<std::latch>(2);
    lanes[0].spawn("park", park(token, parked));
    lanes[1].spawn("park", park(token, parked));
    parked->wait();
    run_on(lanes[0], answer(1));  // the coroutines have reached their wait now
    run_on(lanes[1], answer(1));
    EXPECT_EQ(token.use_count(), 3);
  }
  EXPECT_EQ(token.use_count(), 1) << "the frames are gone";
  EXPECT_EQ(*token, 0) << "and were not resumed";
}

// What they use in their end is still there then, and is not when the lanes themselves go.
TEST(Lanes, DestroyCoroutinesWhenTheyStop) {
  auto token = std::make_shared<int>(0);
  Lanes lanes(1);
  auto parked = std::make_shared<std::latch>(1);
  lanes[0].spawn("park", park(token, parked));
  parked->wait();
  run_on(lanes[0], answer(1));
  lanes.stop();
  EXPECT_EQ(token.use_count(), 1);
}

Task<void> wait_on(std::shared_ptr<Signal> signal, std::shared_ptr<int> token) {
  co_await signal->wait();
  *token = 1;
}

TEST(Signal, MayOutliveTheLanes) {
  auto token = std::make_shared<int>(0);
  auto signal = std::make_shared<Signal>();
  {
    Lanes lanes(1);
    lanes[0].spawn("wait_on", wait_on(signal, token));
    run_on(lanes[0], answer(1));
  }
  EXPECT_EQ(token.use_count(), 1);
  signal->notify();  // nobody is there any more
  EXPECT_EQ(*token, 0);
}

Task<void> sleep_long(std::shared_ptr<int> token) {
  co_await sleep_for(1h, std::stop_token());
  *token = 1;
}

TEST(Lanes, DestroyCoroutinesThatSleep) {
  auto token = std::make_shared<int>(0);
  {
    Lanes lanes(1);
    lanes[0].spawn("sleep_long", sleep_long(token));
    run_on(lanes[0], answer(1));
  }
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_EQ(*token, 0);
}

// A frame's destructor may still speak to another lane, as an aborted exchange does.
struct PostsOnDestruction {
  Lane* lane;
  ~PostsOnDestruction() {
    lane->post([] {});
  }
};

Task<void> park_and_post_on_destruction(Lane* other) {
  const PostsOnDestruction goodbye{other};
  co_await sleep_for(1h, std::stop_token());
}

TEST(Lanes, AreAllThereWhileSuspendedWorkIsDestroyed) {
  Lanes lanes(2);
  lanes[0].spawn("goodbye", park_and_post_on_destruction(&lanes[1]));
  lanes[1].spawn("goodbye", park_and_post_on_destruction(&lanes[0]));
  run_on(lanes[0], answer(1));
  run_on(lanes[1], answer(1));
}

}  // namespace
}  // namespace colonnade::base
