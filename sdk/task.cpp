#include "colonnade/task.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>

namespace colonnade::inline v1 {
namespace detail {

class Loop : public std::enable_shared_from_this<Loop> {
 public:
  using Clock = std::chrono::steady_clock;

  void ready(std::coroutine_handle<> handle) { ready_.push_back(handle); }

  void post(std::coroutine_handle<> handle) {
    const std::lock_guard lock(mutex_);
    posted_.push_back(handle);
    changed_.notify_one();
  }

  // Like post(), at a moment. A waiter that is posted twice is its own business.
  void post_at(Clock::time_point when, std::function<void()> due) {
    const std::lock_guard lock(mutex_);
    timers_.push_back({when, std::move(due)});
    changed_.notify_one();
  }

  void drive(std::coroutine_handle<> root) {
    ready(root);
    for (;;) {
      while (!ready_.empty()) {
        const std::coroutine_handle<> next = ready_.front();
        ready_.pop_front();
        next.resume();
      }
      if (root.done()) return;
      wait();
    }
  }

 private:
  struct Timer {
    Clock::time_point when;
    std::function<void()> due;
  };

  // Blocks until something was posted or a timer is due, and moves it to ready_.
  void wait() {
    std::vector<std::function<void()>> due;
    {
      std::unique_lock lock(mutex_);
      while (posted_.empty() && due.empty()) {
        const Clock::time_point now = Clock::now();
        Clock::time_point next = Clock::time_point::max();
        for (std::size_t i = 0; i < timers_.size();) {
          if (timers_[i].when <= now) {
            due.push_back(std::move(timers_[i].due));
            timers_[i] = std::move(timers_.back());
            timers_.pop_back();
          } else {
            next = std::min(next, timers_[i].when);
            ++i;
          }
        }
        if (!due.empty()) break;
        if (next == Clock::time_point::max()) {
          changed_.wait(lock);
        } else {
          changed_.wait_until(lock, next);
        }
      }
    }
    for (const auto& call : due) call();
    const std::lock_guard lock(mutex_);
    ready_.insert(ready_.end(), posted_.begin(), posted_.end());
    posted_.clear();
  }

  std::deque<std::coroutine_handle<>> ready_;  // of the driving thread alone
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::coroutine_handle<>> posted_;
  std::vector<Timer> timers_;
};

std::shared_ptr<Loop> make_loop() { return std::make_shared<Loop>(); }
void ready(Loop& loop, std::coroutine_handle<> handle) { loop.ready(handle); }
void post(Loop& loop, std::coroutine_handle<> handle) { loop.post(handle); }
std::shared_ptr<Loop> share(Loop& loop) { return loop.shared_from_this(); }
void drive(Loop& loop, std::coroutine_handle<> root) { loop.drive(root); }

namespace {

// Ends by its timer or by the stop token, whichever comes first; the loser finds it done.
class Sleep {
 public:
  Sleep(std::chrono::milliseconds duration, std::stop_token stop)
      : duration_(duration), stop_(std::move(stop)) {}

  bool await_ready() const noexcept { return stop_.stop_requested(); }

  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> parent) {
    state_ = std::make_shared<State>();
    state_->loop = parent.promise().loop;
    state_->handle = parent;
    state_->loop->post_at(Loop::Clock::now() + duration_, [state = state_] { state->end(true); });
    on_stop_.emplace(stop_, End{state_});
  }

  bool await_resume() {
    on_stop_.reset();
    return state_ && state_->whole;
  }

 private:
  struct State {
    Loop* loop =
        nullptr;  // outlives the suspended coroutine, and on_stop_ ends before that resumes
    std::coroutine_handle<> handle;
    std::mutex mutex;
    bool ended = false;
    bool whole = false;

    void end(bool by_timer) {
      {
        const std::lock_guard lock(mutex);
        if (ended) return;
        ended = true;
        whole = by_timer;
      }
      loop->post(handle);
    }
  };
  struct End {
    std::shared_ptr<State> state;
    void operator()() const { state->end(false); }
  };

  std::chrono::milliseconds duration_;
  std::stop_token stop_;
  std::shared_ptr<State> state_{};
  std::optional<std::stop_callback<End>> on_stop_{};
};

}  // namespace
}  // namespace detail

Task<bool> sleep_for(std::chrono::milliseconds duration, std::stop_token stop) {
  detail::Sleep sleep(duration, std::move(stop));
  const bool whole = co_await sleep;
  co_return whole;
}

}  // namespace colonnade::inline v1
