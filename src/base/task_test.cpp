#include "base/task.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "base/lane.hpp"

namespace colonnade::base {
namespace {

using namespace std::chrono_literals;

Task<void> nothing() { co_return; }

// --- Signal
// ---------------------------------------------------------------------------------------

Task<bool> wait_once(std::shared_ptr<Signal> signal, Lane* lane) {
  co_await signal->wait();
  co_return lane->is_current();
}

TEST(Signal, RemembersANotificationThatNobodyAwaited) {
  Lanes lanes(1);
  auto signal = std::make_shared<Signal>();
  signal->notify();
  signal->notify();  // one, not a count
  EXPECT_TRUE(run_on(lanes[0], wait_once(signal, &lanes[0])));
}

TEST(Signal, ResumesOnTheWaitersLane) {
  Lanes lanes(2);
  auto signal = std::make_shared<Signal>();
  std::jthread notifier([&] {
    run_on(lanes[0], nothing());
    signal->notify();
  });
  EXPECT_TRUE(run_on(lanes[0], wait_once(signal, &lanes[0])));
}

struct Baton {
  Signal ping;
  Signal pong;
  std::atomic<int> runs{0};
};

Task<void> take_turns(std::shared_ptr<Baton> baton, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    while (baton->runs.load() <= 2 * i) co_await baton->ping.wait();
    baton->runs.fetch_add(1);
    baton->pong.notify();
  }
}

Task<void> give_turns(std::shared_ptr<Baton> baton, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    baton->runs.fetch_add(1);
    baton->ping.notify();
    while (baton->runs.load() <= 2 * i + 1) co_await baton->pong.wait();
  }
}

TEST(Signal, LosesNoWakeUpBetweenLanes) {
  constexpr int rounds = 5'000;
  Lanes lanes(2);
  auto baton = std::make_shared<Baton>();
  lanes[1].spawn("take_turns", take_turns(baton, rounds));
  run_on(lanes[0], give_turns(baton, rounds));
  EXPECT_EQ(baton->runs.load(), 2 * rounds);
}

Task<int> consume(std::shared_ptr<Signal> signal, std::shared_ptr<std::atomic<int>> produced,
                  int wanted) {
  int wakes = 0;
  while (produced->load() < wanted) {
    co_await signal->wait();
    ++wakes;
  }
  co_return wakes;
}

TEST(Signal, TakesNotificationsFromManyThreads) {
  Lanes lanes(1);
  auto signal = std::make_shared<Signal>();
  auto produced = std::make_shared<std::atomic<int>>(0);
  std::vector<std::jthread> producers;
  for (int t = 0; t < 4; ++t) {
    producers.emplace_back([signal, produced] {
      for (int i = 0; i < 2'000; ++i) {
        produced->fetch_add(1);
        signal->notify();
      }
    });
  }
  const int wakes = run_on(lanes[0], consume(signal, produced, 8'000));
  EXPECT_LE(wakes, 8'000);
  EXPECT_EQ(produced->load(), 8'000);
}

Task<bool> wait_for_stop(std::shared_ptr<Signal> signal, std::stop_token stop,
                         std::shared_ptr<std::latch> waiting) {
  waiting->count_down();
  while (!stop.stop_requested()) co_await signal->wait(stop);
  co_return true;
}

TEST(Signal, ReturnsWhenStopped) {
  Lanes lanes(1);
  for (int i = 0; i < 500; ++i) {
    auto signal = std::make_shared<Signal>();
    auto waiting = std::make_shared<std::latch>(1);
    std::stop_source source;
    std::jthread stopper([&] {
      waiting->wait();
      source.request_stop();
    });
    EXPECT_TRUE(run_on(lanes[0], wait_for_stop(signal, source.get_token(), waiting)));
  }
}

TEST(Signal, ReturnsAtOnceWhenStoppedBefore) {
  Lanes lanes(1);
  std::stop_source source;
  source.request_stop();
  auto waiting = std::make_shared<std::latch>(1);
  EXPECT_TRUE(
      run_on(lanes[0], wait_for_stop(std::make_shared<Signal>(), source.get_token(), waiting)));
}

// --- sleep_for
// ------------------------------------------------------------------------------------

TEST(SleepFor, PassesTheWholeTime) {
  Lanes lanes(1);
  const auto before = std::chrono::steady_clock::now();
  EXPECT_TRUE(run_on(lanes[0], sleep_for(5ms, std::stop_token())));
  EXPECT_GE(std::chrono::steady_clock::now() - before, 5ms);
}

TEST(SleepFor, EndsEarlyWhenStopped) {
  Lanes lanes(1);
  for (int i = 0; i < 200; ++i) {
    std::stop_source source;
    std::jthread stopper([&] { source.request_stop(); });  // races with the beginning of the sleep
    EXPECT_FALSE(run_on(lanes[0], sleep_for(1h, source.get_token())));
  }
}

TEST(SleepFor, DoesNotBeginWhenStoppedBefore) {
  Lanes lanes(1);
  std::stop_source source;
  source.request_stop();
  EXPECT_FALSE(run_on(lanes[0], sleep_for(1h, source.get_token())));
}

// --- Completion
// -----------------------------------------------------------------------------------

using TextCompletion = Completion<std::string>;

Task<std::string> await_value(std::shared_ptr<TextCompletion> completion) {
  std::string value = co_await completion->wait();
  co_return value;
}

Task<std::optional<std::string>> await_value_or_stop(std::shared_ptr<TextCompletion> completion,
                                                     std::stop_token stop) {
  std::optional<std::string> value = co_await completion->wait(stop);
  co_return value;
}

TEST(Completion, DeliversAValueThatCameBefore) {
  Lanes lanes(1);
  auto completion = std::make_shared<TextCompletion>();
  EXPECT_TRUE(completion->complete("early"));
  EXPECT_FALSE(completion->complete("late"));
  EXPECT_EQ(run_on(lanes[0], await_value(completion)), "early");
  EXPECT_FALSE(completion->complete("after it was taken"));
}

TEST(Completion, TheFirstOfManyThreadsWins) {
  Lanes lanes(1);
  for (int round = 0; round < 200; ++round) {
    auto completion = std::make_shared<TextCompletion>();
    std::atomic<int> winners{0};
    std::atomic<int> winner{-1};
    std::string got;
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&, t] {
          if (completion->complete(std::to_string(t))) {
            winners.fetch_add(1);
            winner.store(t);
          }
        });
      }
      got = run_on(lanes[0], await_value(completion));
    }
    EXPECT_EQ(winners.load(), 1);
    EXPECT_EQ(got, std::to_string(winner.load()));
  }
}

TEST(Completion, IsEitherDeliveredOrStopped) {
  Lanes lanes(1);
  for (int round = 0; round < 200; ++round) {
    auto completion = std::make_shared<TextCompletion>();
    std::stop_source source;
    std::jthread stopper([&] { source.request_stop(); });
    std::jthread completer([&] { completion->complete("value"); });
    const auto got = run_on(lanes[0], await_value_or_stop(completion, source.get_token()));
    if (got) EXPECT_EQ(*got, "value");
  }
}

TEST(Completion, ReturnsNothingWhenStoppedFirst) {
  Lanes lanes(1);
  auto completion = std::make_shared<TextCompletion>();
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(run_on(lanes[0], await_value_or_stop(completion, source.get_token())), std::nullopt);
}

TEST(Completion, PrefersTheValueWhenBothAreThere) {
  Lanes lanes(1);
  auto completion = std::make_shared<TextCompletion>();
  std::stop_source source;
  source.request_stop();
  completion->complete("value");
  EXPECT_EQ(run_on(lanes[0], await_value_or_stop(completion, source.get_token())), "value");
}

// --- alarms -------------------------------------------------------------------------------------

struct AlarmFixture {
  std::unique_ptr<Alarm> alarm{};
  Signal rang;
  std::string said{};
};

Task<std::string> ring_and_destroy(std::shared_ptr<AlarmFixture> clockwork) {
  // What the call holds must outlive the alarm that it destroys.
  auto call = [weak = std::weak_ptr(clockwork), text = std::string(100, 'x')] {
    const auto self = weak.lock();
    self->alarm.reset();
    self->said = text;
    self->rang.notify();
  };
  clockwork->alarm = co_await call_after(1ms, std::move(call));
  co_await clockwork->rang.wait();
  co_return clockwork->said;
}

TEST(Alarm, MayBeDestroyedByItsOwnCall) {
  Lanes lanes(1);
  EXPECT_EQ(run_on(lanes[0], ring_and_destroy(std::make_shared<AlarmFixture>())),
            std::string(100, 'x'));
}

}  // namespace
}  // namespace colonnade::base
