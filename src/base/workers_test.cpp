#include "base/workers.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/lane.hpp"

namespace colonnade::base {
namespace {

using namespace std::chrono_literals;
using IntWork = std::move_only_function<Result<int>(std::stop_token)>;

constexpr auto long_time = 10min;

Task<Result<int>> run_job(Workers* workers, Job job, IntWork work) {
  auto result = co_await workers->run<int>(std::move(job), std::move(work));
  co_return result;
}

IntWork giving(int value) {
  return [value](const std::stop_token&) -> Result<int> { return value; };
}

// Runs until it is stopped, and no longer.
Result<int> until_stopped(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, stop, [] { return false; });
  return fail(ErrorKind::cancelled, "interrupted");
}

// A job that holds its thread until it is told to go on.
class Held {
 public:
  Held(Workers& workers, const std::string& account) {
    auto posted = workers.post(account, std::make_shared<JobTicket>(),
                               [latches = latches_](const std::stop_token&) {
                                 latches->begun.count_down();
                                 latches->go_on.wait();
                               });
    EXPECT_TRUE(posted);
  }
  ~Held() { release(); }
  void wait_until_it_runs() { latches_->begun.wait(); }
  void release() {
    if (!std::exchange(released_, true)) latches_->go_on.count_down();
  }

 private:
  struct Latches {
    std::latch begun{1};
    std::latch go_on{1};
  };
  // The job may still be on its way out of them when this has gone.
  std::shared_ptr<Latches> latches_ = std::make_shared<Latches>();
  bool released_ = false;
};

// Posts a job that writes a name down.
class Notes {
 public:
  void post(Workers& workers, const std::string& account, std::string name) {
    auto posted = workers.post(account, std::make_shared<JobTicket>(),
                               [this, name = std::move(name)](const std::stop_token&) {
                                 const std::lock_guard lock(mutex_);
                                 names_.push_back(name);
                                 written_.notify_all();
                               });
    EXPECT_TRUE(posted);
  }
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    written_.wait(lock, [&] { return names_.size() >= count; });
    return names_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable written_;
  std::vector<std::string> names_;
};

class WorkersTest : public testing::Test {
 protected:
  Result<int> run(Workers& workers, Job job, IntWork work) {
    return run_on(lanes_[0], run_job(&workers, std::move(job), std::move(work)));
  }
  // On a thread of its own, as it waits for the result.
  std::future<Result<int>> start(Workers& workers, Job job, IntWork work) {
    return std::async(std::launch::async,
                      [this, &workers, job = std::move(job), work = std::move(work)]() mutable {
                        return run(workers, std::move(job), std::move(work));
                      });
  }
  Lanes lanes_{1};
};

TEST_F(WorkersTest, GivesResultsErrorsAndExceptions) {
  Workers workers(1);
  EXPECT_EQ(run(workers, {.time_max = long_time}, giving(7)), 7);
  const auto failed = run(workers, {.time_max = long_time}, [](const std::stop_token&) {
    return Result<int>(fail(ErrorKind::conflict, "no"));
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::conflict);
  const IntWork::result_type never = 0;
  EXPECT_THROW(run(workers, {.time_max = long_time},
                   [&](const std::stop_token&) -> Result<int> {
                     if (never == 0) throw std::runtime_error("broken");
                     return never;
                   }),
               std::runtime_error);
}

TEST_F(WorkersTest, AccountsTakeTurns) {
  Workers workers({.threads = 1});
  Held held(workers, "ann");
  held.wait_until_it_runs();
  Notes notes;
  for (int i = 0; i < 3; ++i) notes.post(workers, "ann", "ann");
  notes.post(workers, "bob", "bob");
  notes.post(workers, "cid", "cid");
  held.release();
  EXPECT_EQ(notes.wait_for(5), (std::vector<std::string>{"ann", "bob", "cid", "ann", "ann"}));
}

TEST_F(WorkersTest, OneAccountLeavesThreadsToOthers) {
  Workers workers({.threads = 2});
  Held held(workers, "ann");
  held.wait_until_it_runs();
  Notes notes;
  notes.post(workers, "ann", "ann");  // there is a thread, but not for this account
  EXPECT_EQ(run(workers, {.account = "bob", .time_max = long_time}, giving(1)), 1);
  EXPECT_EQ(run(workers, {.account = "bob", .time_max = long_time}, giving(2)), 2);
  notes.post(workers, "bob", "bob");
  EXPECT_EQ(notes.wait_for(1), (std::vector<std::string>{"bob"}));
  held.release();
  EXPECT_EQ(notes.wait_for(2), (std::vector<std::string>{"bob", "ann"}));
}

TEST_F(WorkersTest, BeyondItsQueueAnAccountIsRefusedAndOthersAreNot) {
  Workers workers({.what = "searches", .threads = 1, .queued_per_account = 2, .queued = 3});
  Held held(workers, "ann");
  held.wait_until_it_runs();
  Notes notes;
  notes.post(workers, "ann", "1");
  notes.post(workers, "ann", "2");
  const auto third = run(workers, {.account = "ann", .time_max = long_time}, giving(0));
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind, ErrorKind::rate_limited);
  EXPECT_TRUE(third.error().retry_after);
  EXPECT_TRUE(third.error().message.contains("searches")) << third.error().message;
  notes.post(workers, "bob", "3");
  const auto of_all = run(workers, {.account = "cid", .time_max = long_time}, giving(0));
  ASSERT_FALSE(of_all);
  EXPECT_EQ(of_all.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(of_all.error().retry_after);
  held.release();
  notes.wait_for(3);
}

TEST_F(WorkersTest, ADeadlineStopsAJobThatRunsAndOneThatWaits) {
  Workers workers({.threads = 1});
  const auto ran = run(workers, {.account = "ann", .time_max = 1ms}, until_stopped);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().kind, ErrorKind::timeout);
  Held held(workers, "ann");
  held.wait_until_it_runs();
  const auto waited = run(workers, {.account = "ann", .time_max = 1ms}, giving(0));
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().kind, ErrorKind::timeout);
}

TEST_F(WorkersTest, AJobThatNobodyWantsIsStoppedAndLeavesItsPlace) {
  Workers workers({.threads = 1, .queued_per_account = 1});
  std::stop_source stop;
  std::latch begun(1);
  auto running = start(workers, {.account = "ann", .time_max = long_time, .stop = stop.get_token()},
                       [&begun](std::stop_token over) {
                         begun.count_down();
                         return until_stopped(std::move(over));
                       });
  begun.wait();
  stop.request_stop();
  EXPECT_EQ(running.get().error().kind, ErrorKind::cancelled);
  Held held(workers, "ann");
  held.wait_until_it_runs();
  const auto waited =
      run(workers, {.account = "ann", .time_max = long_time, .stop = stop.get_token()}, giving(0));
  EXPECT_EQ(waited.error().kind, ErrorKind::cancelled);
  Notes notes;
  notes.post(workers, "ann", "next");  // in the one place that there is
  held.release();
  notes.wait_for(1);
}

TEST_F(WorkersTest, TheEndStopsEveryJobAndWaitsForThem) {
  std::optional<std::string> used("used by jobs");
  Workers workers({.threads = 2});
  std::latch begun(1);
  auto running = start(workers, {.account = "ann", .time_max = long_time},
                       [&](std::stop_token over) -> Result<int> {
                         begun.count_down();
                         (void)until_stopped(std::move(over));
                         return static_cast<int>(used.value().size());
                       });
  begun.wait();
  Notes notes;
  notes.post(workers, "ann", "never");
  workers.end();
  used.reset();  // nothing runs any more
  const auto ended = running.get();
  EXPECT_TRUE(ended ? *ended == 12 : ended.error().kind == ErrorKind::unavailable);
  const auto later = run(workers, {.account = "ann", .time_max = long_time}, giving(0));
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(later.error().retry_after);
  EXPECT_TRUE(notes.wait_for(0).empty());
}

}  // namespace
}  // namespace colonnade::base
