#include "dialects/platos/session_ends.hpp"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

namespace colonnade::dialects::platos {
namespace {

using namespace std::chrono_literals;

class SystemTime final : public base::Clock {
 public:
  base::Time now() override {
    return {std::chrono::duration_cast<std::chrono::microseconds>(
                std::chrono::steady_clock::now().time_since_epoch())
                .count()};
  }
  base::SteadyTime steady() override { return std::chrono::steady_clock::now(); }
};

class Session final : public EndingSession {
 public:
  Session(std::string name, std::vector<std::string>& ended, std::promise<void>* last = nullptr)
      : name_(std::move(name)), ended_(ended), last_(last) {}
  void end_session() override {
    ended_.push_back(name_);
    if (last_ != nullptr) last_->set_value();
  }
  void leave() { keep_open(); }

 private:
  std::string name_;
  std::vector<std::string>& ended_;
  std::promise<void>* last_;
};

TEST(SessionEnds, ComeInTheOrderOfTheirTimesOnceAndOnTheLane) {
  base::Lanes lanes(1);
  SystemTime clock;
  SessionEnds ends(clock);
  std::vector<std::string> ended;
  std::promise<void> last;
  Session late("late", ended, &last);
  Session early("early", ended);
  Session past("past", ended);
  Session gone("gone", ended);
  auto dropped = std::make_unique<Session>("dropped", ended);
  std::promise<void> added;
  lanes[0].post([&] {
    const base::Time now = clock.now();
    ends.add(lanes[0], now + 60ms, late);
    ends.add(lanes[0], now + 20ms, early);  // wakes the wait for the one above
    ends.add(lanes[0], now - 1s, past);
    ends.add(lanes[0], now + 10ms, gone);
    ends.add(lanes[0], now + 10ms, *dropped);
    gone.leave();
    gone.leave();
    dropped.reset();
    added.set_value();
  });
  added.get_future().wait();
  last.get_future().wait();
  lanes.stop();
  EXPECT_EQ(ended, (std::vector<std::string>{"past", "early", "late"}));
}

TEST(SessionEnds, BeginAgainAfterTheLastOneHasEnded) {
  base::Lanes lanes(1);
  SystemTime clock;
  SessionEnds ends(clock);
  std::vector<std::string> ended;
  for (int i = 0; i < 3; ++i) {
    std::promise<void> last;
    Session session(std::to_string(i), ended, &last);
    lanes[0].post([&] { ends.add(lanes[0], clock.now() + 1ms, session); });
    last.get_future().wait();
  }
  lanes.stop();
  EXPECT_EQ(ended, (std::vector<std::string>{"0", "1", "2"}));
}

TEST(SessionEnds, ThatNeverComeKeepNothingFromStopping) {
  base::Lanes lanes(1);
  SystemTime clock;
  std::vector<std::string> ended;
  SessionEnds ends(clock);
  Session session("never", ended);
  std::promise<void> added;
  lanes[0].post([&] {
    ends.add(lanes[0], clock.now() + std::chrono::hours(100'000), session);
    added.set_value();
  });
  added.get_future().wait();
  lanes.stop();
  EXPECT_TRUE(ended.empty());
}

}  // namespace
}  // namespace colonnade::dialects::platos
