// The coroutine type: laziness, results, exceptions, stack use, where coroutines resume.
#include "colonnade/task.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "colonnade/stream.hpp"

namespace colonnade {
namespace {

using namespace std::chrono_literals;

Task<int> one() {
  co_return 1;
}

Task<int> add_up(int times) {
  int sum = 0;
  for (int i = 0; i < times; ++i) {
    const int value = co_await one();
    sum += value;
  }
  co_return sum;
}

Task<int> descend(int depth) {
  if (depth == 0) co_return 0;
  const int below = co_await descend(depth - 1);
  co_return below + 1;
}

Task<std::string> fail_with(std::string what) {
  const int value = co_await one();
  if (value == 1) throw std::runtime_error(what);
  co_return what;
}

Task<void> set_flag(bool* flag) {
  *flag = true;
  co_return;
}

TEST(Task, a_million_completions_in_a_row_need_no_stack) {
  EXPECT_EQ(run(add_up(1'000'000)), 1'000'000);
}

TEST(Task, deep_nesting_needs_no_stack) {
  EXPECT_EQ(run(descend(100'000)), 100'000);
}

TEST(Task, is_lazy) {
  bool ran = false;
  {
    const auto dropped = set_flag(&ran);
  }
  EXPECT_FALSE(ran);
  run(set_flag(&ran));
  EXPECT_TRUE(ran);
}

Task<std::string> catch_it() {
  std::string seen;
  try {
    seen = co_await fail_with("inner");
  } catch (const std::runtime_error& error) {
    seen = std::string("caught ") + error.what();
  }
  co_return seen;
}

TEST(Task, exceptions_reach_the_awaiter_and_the_caller_of_run) {
  EXPECT_EQ(run(catch_it()), "caught inner");
  EXPECT_THROW(run(fail_with("outer")), std::runtime_error);
}

Task<std::unique_ptr<int>> make_owned() {
  co_return std::make_unique<int>(7);
}

Task<int> take_owned() {
  const std::unique_ptr<int> owned = co_await make_owned();
  co_return *owned;
}

TEST(Task, results_may_be_move_only) {
  EXPECT_EQ(run(take_owned()), 7);
}

// Completes from another thread.
Task<int> from_thread(std::vector<std::jthread>* threads, int value) {
  const auto start = [threads, value](std::function<void(int)> done) {
    threads->emplace_back([done, value] { done(value); });
  };
  detail::FromCallback<int> arrival(start);
  const int got = co_await arrival;
  co_return got;
}

Task<std::thread::id> resumed_on(std::vector<std::jthread>* threads) {
  const int got = co_await from_thread(threads, 1);
  EXPECT_EQ(got, 1);
  co_return std::this_thread::get_id();
}

TEST(Task, resumes_on_the_thread_of_run) {
  std::vector<std::jthread> threads;
  EXPECT_EQ(run(resumed_on(&threads)), std::this_thread::get_id());
}

Task<int> sum_of_all(std::vector<std::jthread>* threads, int count) {
  std::vector<Task<int>> tasks;
  for (int i = 0; i < count; ++i) tasks.push_back(from_thread(threads, i));
  const std::vector<int> values = co_await when_all(std::move(tasks));
  int sum = 0;
  for (const int value : values) sum += value;
  co_return sum;
}

TEST(Task, when_all_gathers_in_order) {
  std::vector<std::jthread> threads;
  EXPECT_EQ(run(sum_of_all(&threads, 20)), 190);
  EXPECT_EQ(run(when_all(std::vector<Task<int>>{})), std::vector<int>{});
  const auto [number, text] = run(when_all(one(), catch_it()));
  EXPECT_EQ(number, 1);
  EXPECT_EQ(text, "caught inner");
}

Task<void> drop_text(Task<std::string> failing) {
  const std::string text = co_await std::move(failing);
  EXPECT_EQ(text, "");
}

TEST(Task, when_all_waits_for_all_before_it_throws) {
  bool ran = false;
  std::vector<Task<void>> tasks;
  tasks.push_back(drop_text(fail_with("x")));
  tasks.push_back(set_flag(&ran));
  EXPECT_THROW(run(when_all(std::move(tasks))), std::runtime_error);
  EXPECT_TRUE(ran);
}

Task<std::string> fail_in_sdk() {
  const int value = co_await one();
  if (value == 1) throw Error("wrong");
  co_return "";
}

Task<std::string> attempt_it() {
  const Result<std::string> result = co_await attempt(fail_in_sdk());
  co_return result ? "value" : result.error().message;
}

TEST(Task, attempt_of_a_task) {
  EXPECT_EQ(run(attempt_it()), "wrong");
  EXPECT_EQ(*run(attempt(one())), 1);
  EXPECT_THROW((void)run(attempt(fail_in_sdk())).value(), Error);
  EXPECT_THROW((void)run(attempt(fail_with("not ours"))), std::runtime_error);
}

TEST(Task, sleep_ends_by_time_or_by_stop) {
  EXPECT_TRUE(run(sleep_for(1ms)));
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(run(sleep_for(1h, stop.get_token())));
  EXPECT_FALSE(run(sleep_for(1h, stop.get_token())));
}

// An AsyncStream over a list, some of it at once, some after a wait.
class Numbers final : public AsyncStreamSource<int> {
 public:
  explicit Numbers(int count) : count_(count) {}
  bool ready() const noexcept override { return filled_ || next_ % 3 != 0; }
  Task<void> fill() override { return fill_self(this); }
  std::optional<int> take() override {
    filled_ = false;
    if (next_ == count_) return std::nullopt;
    return next_++;
  }
  bool cancelled() const noexcept override { return false; }

 private:
  static Task<void> fill_self(Numbers* self) {
    const bool whole = co_await sleep_for(0ms);
    EXPECT_TRUE(whole);
    self->filled_ = true;
  }
  int count_;
  int next_ = 0;
  bool filled_ = false;
};

Task<int> sum_stream(int count) {
  AsyncStream<int> numbers(std::make_shared<Numbers>(count));
  int sum = 0;
  while (auto number = co_await numbers.next()) {
    sum += *number;
  }
  co_return sum;
}

TEST(AsyncStream, next_gives_all_then_nothing) {
  EXPECT_EQ(run(sum_stream(10)), 45);
}

static_assert(std::ranges::input_range<Stream<int>>);
static_assert(!std::copyable<Stream<int>>);

}  // namespace
}  // namespace colonnade
