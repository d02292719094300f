#include "scheduler/scheduler.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock_wall.hpp"
#include "base/lane.hpp"
#include "base/log.hpp"
#include "scheduler/limits.hpp"
#include "scheduler/misfire.hpp"

namespace colonnade::scheduler {
namespace {

using namespace std::chrono_literals;
using base::Time;
using std::chrono::microseconds;

constexpr Time start{1'700'000'000'000'000};

// Time passes exactly as it is waited for. `each_wait` may do anything first: set the clock, add
// schedules, request a stop.
class SimulatedWaiting final : public Waiting {
 public:
  explicit SimulatedWaiting(base::ManualClock& clock) : clock_(clock) {}

  base::Task<void> wait(std::optional<microseconds> at_most, std::stop_token stop) override {
    waits.push_back(at_most);
    awake_ = false;
    if (each_wait) each_wait();
    if (!awake_ && !stop.stop_requested()) {
      if (at_most) {
        clock_.advance(*at_most);
      } else {
        stop_source.request_stop();  // nothing will ever happen
      }
    }
    co_return;
  }
  void wake() override { awake_ = true; }

  std::function<void()> each_wait{};
  std::stop_source stop_source{};
  std::vector<std::optional<microseconds>> waits{};

 private:
  base::ManualClock& clock_;
  bool awake_ = false;
};

// Claims as a store does, in memory: a pair of key and due time once.
class LedgerClaims final : public DueClaims {
 public:
  struct Claim {
    std::string key{};
    Time due{};
    Time now{};
  };

  base::Task<base::Result<std::vector<ClaimedSchedule>>> claim(std::vector<DueTime> due,
                                                               Time now) override {
    ++calls;
    if (before) before(due);
    last_failed = failures > 0;
    if (failures > 0) {
      --failures;
      if (throws) throw std::runtime_error("broken");
      co_return base::fail(base::ErrorKind::unavailable, "the store is full");
    }
    std::vector<ClaimedSchedule> out;
    for (const auto& [key, time] : due) {
      EXPECT_LE(time, now);
      const auto schedule = schedules.find(key);
      if (schedule == schedules.end()) continue;
      const auto firing = plan_firing(schedule->second, time, policy, now);
      for (const auto run : firing.runs) {
        EXPECT_TRUE(pairs.insert({key, run.micros}).second) << key << " ran twice";
        claims.push_back({key, run, now});
      }
      out.push_back({key, firing.next});
    }
    co_return out;
  }

  std::map<std::string, Schedule> schedules{};
  MisfirePolicy policy{.kind = Misfire::catch_up, .runs_max = limits::catch_up_runs_max};
  std::function<void(const std::vector<DueTime>&)> before{};
  int calls = 0;
  int failures = 0;  // to come
  bool last_failed = false;
  bool throws = false;
  std::vector<Claim> claims{};
  std::set<std::pair<std::string, std::int64_t>> pairs{};
};

class SchedulerTest : public ::testing::Test {
 protected:
  void add(const std::string& key, const Schedule& schedule) {
    claims_.schedules.insert_or_assign(key, schedule);
    scheduler_.set(key, next_due(schedule, clock_.now() - 1us).value());
  }
  void add_interval(const std::string& key, microseconds period) {
    add(key, make_interval(clock_.now() + period, period).value());
  }
  // Until nothing is waiting any more, or `until`.
  void run(Time until) {
    waiting_.each_wait = [this, until, then = std::move(waiting_.each_wait)] {
      if (clock_.now() >= until) waiting_.stop_source.request_stop();
      if (then) then();
    };
    base::run_on(lanes_[0], scheduler_.run(waiting_.stop_source.get_token()));
  }
  std::vector<std::string> claimed() const {
    std::vector<std::string> out;
    for (const auto& claim : claims_.claims) {
      out.push_back(claim.key + "+" + std::to_string((claim.due - start) / 1s));
    }
    return out;
  }

  base::Lanes lanes_{1};
  base::ManualClock clock_{start};
  SimulatedWaiting waiting_{clock_};
  LedgerClaims claims_{};
  Scheduler scheduler_{clock_, waiting_, claims_};
};

TEST_F(SchedulerTest, TellsWhatIsDueWhenItIsDue) {
  add_interval("a", 60s);
  add_interval("b", 90s);
  add("c", OneTime{start + 100s});
  run(start + 200s);
  EXPECT_EQ(claimed(),
            (std::vector<std::string>{"a+60", "b+90", "c+100", "a+120", "b+180", "a+180"}));
  for (const auto& claim : claims_.claims) EXPECT_EQ(claim.now, claim.due);
  EXPECT_EQ(scheduler_.size(), 2u);
}

TEST_F(SchedulerTest, WaitsWithoutATimerWhileThereIsNothing) {
  add("once", OneTime{start + 3s});
  run(start + 1h);
  EXPECT_EQ(waiting_.waits,
            (std::vector<std::optional<microseconds>>{microseconds(3s), std::nullopt}));
  EXPECT_EQ(claims_.calls, 1);
}

// One wait for all of them, cut into pieces in which a step of the clock would be seen.
TEST_F(SchedulerTest, LooksAtTheClockNowAndThen) {
  for (int i = 0; i < 10'000; ++i) add("key " + std::to_string(i), OneTime{start + 1h});
  run(start + 30min);
  EXPECT_EQ(waiting_.waits.size(), 30 * 60s / limits::clock_recheck_interval + 1);
  EXPECT_EQ(claims_.calls, 0);
}

TEST_F(SchedulerTest, TellsAllThatAreDueInBatches) {
  for (int i = 0; i < 1000; ++i) add("key " + std::to_string(i), OneTime{start + 1s});
  std::size_t most = 0;
  claims_.before = [&](const auto& due) { most = std::max(most, due.size()); };
  run(start + 1h);
  EXPECT_EQ(claims_.claims.size(), 1000u);
  EXPECT_EQ(most, limits::due_batch_max);
  EXPECT_EQ(claims_.calls, 4);
}

TEST_F(SchedulerTest, TellsAtOnceWhatIsPast) {
  add("old", OneTime{start});
  clock_.advance(10min);
  run(start + 1h);
  EXPECT_EQ(claimed(), (std::vector<std::string>{"old+0"}));
  EXPECT_EQ(claims_.claims.front().now, start + 10min);
}

TEST_F(SchedulerTest, TakesAnEarlierTimeWhileItWaits) {
  add_interval("a", 5s);
  waiting_.each_wait = [this] {
    if (waiting_.waits.size() == 1) add("b", OneTime{start + 2s});
  };
  run(start + 5s);
  EXPECT_EQ(claimed(), (std::vector<std::string>{"b+2", "a+5"}));
}

TEST_F(SchedulerTest, ForgetsWhatIsRemoved) {
  add_interval("a", 5s);
  add_interval("b", 7s);
  waiting_.each_wait = [this] {
    if (clock_.now() >= start + 5s) scheduler_.remove("a");
  };
  run(start + 14s);
  EXPECT_EQ(claimed(), (std::vector<std::string>{"a+5", "b+7", "b+14"}));
}

// --- claims
// ---------------------------------------------------------------------------------------

TEST_F(SchedulerTest, TellsAgainWhatCouldNotBeClaimed) {
  for (const bool throws : {false, true}) {
    claims_.throws = throws;
    claims_.failures = 3;
    claims_.claims.clear();
    const Time due = clock_.now() + 2s;
    add("a", OneTime{due});
    waiting_.stop_source = std::stop_source();
    waiting_.each_wait = nullptr;
    run(due + 1h);
    ASSERT_EQ(claims_.claims.size(), 1u);
    EXPECT_EQ(claims_.claims[0].due, due);
    EXPECT_EQ(claims_.claims[0].now, due + 1s + 2s + 4s);  // longer each time
  }
}

TEST_F(SchedulerTest, WaitsBetweenClaimsWhateverIsSetMeanwhile) {
  add("a", OneTime{start + 1s});
  claims_.failures = 1;
  int wakes = 0;
  waiting_.each_wait = [&] {
    if (claims_.calls == 1 && wakes++ < 5) {
      clock_.advance(1ms);
      add("b " + std::to_string(wakes), OneTime{start + 1h});
      scheduler_.set("a", start);  // wakes
    }
  };
  run(start + 10s);
  EXPECT_GE(wakes, 5);
  ASSERT_FALSE(claims_.claims.empty());
  EXPECT_EQ(claims_.claims[0].now, start + 2s);
}

TEST_F(SchedulerTest, ForgetsWhatAClaimLeavesOut) {
  scheduler_.set("deleted", start + 1s);
  run(start + 1h);
  EXPECT_EQ(claims_.calls, 1);
  EXPECT_EQ(scheduler_.size(), 0u);
}

// The claim answers the time of the schedule as it was.
TEST_F(SchedulerTest, PrefersWhatIsSetDuringAClaim) {
  add_interval("changed", 5s);
  add_interval("removed", 5s);
  claims_.before = [this](const auto&) {
    if (claims_.calls != 1) return;
    claims_.schedules.insert_or_assign("changed", OneTime{start + 8s});
    scheduler_.set("changed", start + 8s);
    scheduler_.remove("removed");
  };
  run(start + 20s);
  EXPECT_EQ(claimed().back(), "changed+8");
  EXPECT_EQ(scheduler_.size(), 0u);
}

// A claim that breaks its promise costs retries, not the schedule or a busy lane.
class StuckClaims final : public DueClaims {
 public:
  base::Task<base::Result<std::vector<ClaimedSchedule>>> claim(std::vector<DueTime> due,
                                                               Time) override {
    ++calls;
    co_return std::vector<ClaimedSchedule>{{due[0].key, due[0].due}};
  }
  int calls = 0;
};

TEST_F(SchedulerTest, PausesWhenAScheduleIsDueAgainAtOnce) {
  StuckClaims stuck;
  Scheduler scheduler(clock_, waiting_, stuck);
  scheduler.set("a", start);
  waiting_.each_wait = [this] {
    if (clock_.now() >= start + 60s) waiting_.stop_source.request_stop();
  };
  base::run_on(lanes_[0], scheduler.run(waiting_.stop_source.get_token()));
  EXPECT_LE(stuck.calls, 8);
  EXPECT_EQ(scheduler.size(), 1u);
}

// --- clocks that are set
// --------------------------------------------------------------------------

TEST_F(SchedulerTest, SeesSoonThatTheClockWasSetForward) {
  add("in two hours", OneTime{start + 2h});
  add("in five", OneTime{start + 5h});
  waiting_.each_wait = [this] {
    if (waiting_.waits.size() == 3) clock_.step(3h);
  };
  run(start + 4h);
  EXPECT_EQ(claimed(), (std::vector<std::string>{"in two hours+7200"}));
  EXPECT_LE(claims_.claims[0].now - start, 3h + 3 * limits::clock_recheck_interval);
}

TEST_F(SchedulerTest, WaitsForATimeThatTheClockWasSetBackFrom) {
  add_interval("hourly", 1h);
  bool is_back = false;
  waiting_.each_wait = [&] {
    if (!is_back && clock_.now() >= start + 90min) {
      clock_.step(-3h);
      is_back = true;
    }
  };
  run(start + 3h);
  // Not a second time at 1 h, and 2 h once the clock is there.
  EXPECT_EQ(claimed(), (std::vector<std::string>{"hourly+3600", "hourly+7200", "hourly+10800"}));
  for (const auto& claim : claims_.claims) EXPECT_EQ(claim.now, claim.due);
}

// Clocks that jump hours both ways, stores that fail, schedules that come and go: each due time is
// claimed once, and at the end none is owed. LedgerClaims fails when one is claimed twice.
RC_GTEST_PROP(SchedulerProperty, NoDueTimeIsLostOrTwice, ()) {
  base::log::set_level(base::log::Level::off);
  base::Lanes lanes(1);
  base::ManualClock clock(start);
  SimulatedWaiting waiting(clock);
  LedgerClaims claims;
  Scheduler scheduler(clock, waiting, claims);
  const int count = *rc::gen::inRange(1, 20);
  std::map<std::string, Time> first;
  for (int i = 0; i < count; ++i) {
    const std::string key = "key " + std::to_string(i);
    const microseconds period = *rc::gen::inRange(60, 7200) * 1s;
    first[key] = start + *rc::gen::inRange(1, 7200) * 1s;
    claims.schedules.emplace(key, make_interval(first[key], period).value());
    scheduler.set(key, first[key]);
  }
  const auto steps = *rc::gen::container<std::vector<int>>(*rc::gen::inRange<std::size_t>(0, 12),
                                                           rc::gen::inRange(-6 * 3600, 6 * 3600));
  auto step = steps.begin();
  const auto failing = *rc::gen::container<std::vector<int>>(steps.size(), rc::gen::inRange(0, 4));
  Time latest = start;
  waiting.each_wait = [&] {
    latest = std::max(latest, clock.now());
    if (waiting.waits.size() % 200 == 0 && step != steps.end()) {
      clock.step(*step * 1s);
      claims.failures = failing[static_cast<std::size_t>(step - steps.begin())];
      ++step;
    }
    // Not while what failed waits to be tried again.
    if (waiting.waits.size() >= 4000 && !claims.last_failed) waiting.stop_source.request_stop();
  };
  base::run_on(lanes[0], scheduler.run(waiting.stop_source.get_token()));
  base::log::set_level(base::log::Level::info);
  // Everything up to now, and nothing that was never due.
  for (const auto& [key, schedule] : claims.schedules) {
    for (Time due = first[key]; due <= clock.now(); due = next_due(schedule, due).value()) {
      RC_ASSERT(claims.pairs.erase({key, due.micros}) == 1);
    }
  }
  for (const auto& [key, due] : claims.pairs) RC_ASSERT(due <= latest.micros);
}

// --- on a real lane
// -------------------------------------------------------------------------------

TEST(LaneWaiting, EndsWithTheTimeAWakeOrAStop) {
  base::Lanes lanes(1);
  LaneWaiting waiting;
  std::stop_source stop;
  base::run_on(lanes[0], waiting.wait(1ms, stop.get_token()));
  waiting.wake();
  base::run_on(lanes[0], waiting.wait(1h, stop.get_token()));
  waiting.wake();
  base::run_on(lanes[0], waiting.wait(std::nullopt, stop.get_token()));
  stop.request_stop();
  base::run_on(lanes[0], waiting.wait(std::nullopt, stop.get_token()));
}

// Answers no time, and says when the last of some schedules was claimed.
class CountedClaims final : public DueClaims {
 public:
  explicit CountedClaims(std::size_t count) : left_(count) {}
  base::Task<base::Result<std::vector<ClaimedSchedule>>> claim(std::vector<DueTime> due,
                                                               Time) override {
    left_ -= due.size();
    if (left_ == 0) done->complete(true);
    co_return std::vector<ClaimedSchedule>{};
  }
  std::shared_ptr<base::Completion<bool>> done = std::make_shared<base::Completion<bool>>();

 private:
  std::size_t left_;
};

TEST(SchedulerOnALane, TakesSchedulesFromAnyThread) {
  constexpr std::size_t count = 400;
  base::Lanes lanes(2);
  base::WallClock clock;
  LaneWaiting waiting;
  CountedClaims claims(2 * count);
  Scheduler scheduler(clock, waiting, claims);
  std::stop_source stop;
  const auto ended = std::make_shared<base::Completion<bool>>();
  const auto run = [](Scheduler* in, std::stop_token token,
                      std::shared_ptr<base::Completion<bool>> end) -> base::Task<void> {
    co_await in->run(token);
    end->complete(true);
  };
  lanes[0].spawn("scheduler", run(&scheduler, stop.get_token(), ended));
  const auto add = [&](const std::string& name) {
    for (std::size_t i = 0; i < count; ++i) {
      scheduler.set(name + std::to_string(i), clock.now() + static_cast<int>(i % 7) * 1ms);
    }
  };
  {
    std::jthread one(add, "one ");
    std::jthread two(add, "two ");
  }
  EXPECT_TRUE(base::run_on(lanes[1], claims.done->wait()));
  stop.request_stop();
  EXPECT_TRUE(base::run_on(lanes[1], ended->wait()));
  EXPECT_EQ(scheduler.size(), 0u);
}

}  // namespace
}  // namespace colonnade::scheduler
