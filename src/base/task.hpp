// The server's coroutine vocabulary. A Task is lazy and runs on the lane it was spawned on; this
// file and lane.hpp are the only places outside net/ that know the coroutine machinery is Asio's.
//
// House rule for every coroutine: it takes values, is never a capturing lambda, holds no lock
// across an await, and each co_await stands alone on the right of `auto x =`, `x =` or `co_return`.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace colonnade::base {

template <class T = void>
using Task = boost::asio::awaitable<T>;

// Wakes one waiting coroutine. notify() may be called from any thread and before wait(): a
// notification that nobody awaited yet is remembered (one, not a count). At most one coroutine
// waits at a time. Wake-ups may be spurious, so wait in a loop over your own condition.
class Signal {
 public:
  Signal();
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void notify();
  // Resumes on the awaiting coroutine's own lane.
  Task<void> wait();
  // As above, but also returns when `stop` is requested.
  Task<void> wait(std::stop_token stop);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Suspends for `duration` or until `stop`; true when the whole time passed.
Task<bool> sleep_for(std::chrono::microseconds duration, std::stop_token stop);

// A call at a later time, on the lane of the coroutine that set it. Destroying the alarm, on that
// lane, calls it off.
class Alarm {
 public:
  virtual ~Alarm() = default;
};
Task<std::unique_ptr<Alarm>> call_after(std::chrono::microseconds delay,
                                        std::move_only_function<void()> call);

// A value that arrives once. complete() may be called from any thread; the first call wins. One
// coroutine may await it. Share it by shared_ptr between the two sides.
template <class T>
class Completion {
 public:
  // True when this call delivered the value.
  bool complete(T value) {
    {
      const std::lock_guard lock(mutex_);
      if (value_ || taken_) return false;
      value_.emplace(std::move(value));
    }
    signal_.notify();
    return true;
  }

  // The value, if it has arrived and nobody has it yet.
  std::optional<T> take() {
    const std::lock_guard lock(mutex_);
    std::optional<T> out;
    if (value_) {
      out.swap(value_);
      taken_ = true;
    }
    return out;
  }

  Task<T> wait() {
    for (;;) {
      if (auto value = take()) co_return std::move(*value);
      co_await signal_.wait();
    }
  }

  // nullopt when `stop` was requested first; a value that arrives later is dropped.
  Task<std::optional<T>> wait(std::stop_token stop) {
    for (;;) {
      if (auto value = take()) co_return value;
      if (stop.stop_requested()) co_return std::nullopt;
      co_await signal_.wait(stop);
    }
  }

 private:
  std::mutex mutex_;
  std::optional<T> value_;
  bool taken_ = false;
  Signal signal_;
};

}  // namespace colonnade::base
