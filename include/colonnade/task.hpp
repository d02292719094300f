// Task<T>: the coroutine type of the async clients. Lazy: nothing happens before it is awaited or
// run.
//
// run(task) drives one task on the calling thread. Every coroutine of that task resumes on that
// same thread, never on a thread of the SDK, so state shared between the coroutines of one run()
// needs no lock. Waiting for the network blocks the thread only when no coroutine of the run can go
// on.
//
// Rules that keep g++ 12 right (it miscompiles the rest): a coroutine takes values, is never a
// capturing lambda, and each co_await stands alone on the right of `auto x =`, `x =` or
// `co_return`, with named arguments and no braces. The async clients delete the overloads that
// would invite a braced temporary.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "colonnade/error.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1 {

template <class T = void>
class Task;

namespace detail {

// The queue behind run(). A coroutine is only ever resumed from its loop, one after the other, so a
// million awaits that are ready at once need no more stack than one.
class Loop;
COLONNADE_API std::shared_ptr<Loop> make_loop();
// Resume `handle` soon. Loop's own thread only.
COLONNADE_API void ready(Loop& loop, std::coroutine_handle<> handle);
// As ready(), from any thread.
COLONNADE_API void post(Loop& loop, std::coroutine_handle<> handle);
COLONNADE_API std::shared_ptr<Loop> share(Loop& loop);
// Resumes what is ready, waiting in between, until `root` has ended.
COLONNADE_API void drive(Loop& loop, std::coroutine_handle<> root);

struct PromiseBase {
  Loop* loop = nullptr;
  std::coroutine_handle<> continuation{};
  std::size_t* outstanding = nullptr;  // of a when_all(): the last one to end resumes the parent
  // What a coroutine above says to all below it; each takes it over from the one that awaits it.
  const void* scope = nullptr;

  struct Final {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      PromiseBase& promise = ended.promise();
      if (promise.outstanding != nullptr && --*promise.outstanding > 0) return;
      if (promise.continuation) ready(*promise.loop, promise.continuation);
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  Final final_suspend() const noexcept { return {}; }
};

template <class T>
struct Promise : PromiseBase {
  std::variant<std::monostate, T, std::exception_ptr> outcome{};

  Task<T> get_return_object();
  template <class U>
  void return_value(U&& value) {
    outcome.template emplace<1>(std::forward<U>(value));
  }
  void unhandled_exception() noexcept { outcome.template emplace<2>(std::current_exception()); }
  T take() {
    if (outcome.index() == 2) std::rethrow_exception(std::get<2>(outcome));
    return std::move(std::get<1>(outcome));
  }
};

template <>
struct Promise<void> : PromiseBase {
  std::exception_ptr error{};

  Task<void> get_return_object();
  void return_void() const noexcept {}
  void unhandled_exception() noexcept { error = std::current_exception(); }
  void take() const {
    if (error) std::rethrow_exception(error);
  }
};

}  // namespace detail

template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using value_type = T;

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  class Awaiter {
   public:
    explicit Awaiter(Task task) : task_(std::move(task)) {}
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> parent) {
      start(parent);
    }
    T await_resume() { return result(); }

    template <class Promise>
    void start(std::coroutine_handle<Promise> parent) {
      static_assert(std::is_base_of_v<detail::PromiseBase, Promise>,
                    "await a colonnade::Task inside another colonnade::Task, and start the "
                    "outermost one with colonnade::run()");
      detail::PromiseBase& promise = task_.handle_.promise();
      promise.loop = parent.promise().loop;
      promise.scope = parent.promise().scope;
      promise.continuation = parent;
      detail::ready(*promise.loop, task_.handle_);
    }
    T result() { return task_.handle_.promise().take(); }

   private:
    Task task_;
  };

  Awaiter operator co_await() && { return Awaiter(std::move(*this)); }

  // For run() and when_all().
  std::coroutine_handle<promise_type> handle() const noexcept { return handle_; }

 private:
  friend promise_type;
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}

  std::coroutine_handle<promise_type> handle_;
};

namespace detail {

template <class T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

// Starts several tasks and resumes the parent when the last has ended.
class Join {
 public:
  template <class T>
  void add(const Task<T>& task) {
    tasks_.push_back({&task.handle().promise(), task.handle()});
  }
  bool await_ready() const noexcept { return tasks_.empty(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> parent) {
    outstanding_ = tasks_.size();
    Loop& loop = *parent.promise().loop;
    for (const Entry& entry : tasks_) {
      entry.promise->loop = &loop;
      entry.promise->scope = parent.promise().scope;
      entry.promise->continuation = parent;
      entry.promise->outstanding = &outstanding_;
      ready(loop, entry.handle);
    }
  }
  void await_resume() const noexcept {}

 private:
  struct Entry {
    PromiseBase* promise;
    std::coroutine_handle<> handle;
  };
  std::vector<Entry> tasks_{};
  std::size_t outstanding_ = 0;
};

// Waits for a callback that may come from any thread. The callback must be called exactly once.
template <class R>
class FromCallback {
 public:
  using Handler = std::function<void(R)>;

  explicit FromCallback(std::function<void(Handler)> start) : start_(std::move(start)) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> parent) {
    auto cell = std::make_shared<std::optional<R>>();
    cell_ = cell;
    std::shared_ptr<Loop> loop = share(*parent.promise().loop);
    std::coroutine_handle<> handle = parent;
    auto start = std::move(start_);
    start([cell, loop, handle](R result) {
      cell->emplace(std::move(result));
      post(*loop, handle);
    });
  }
  R await_resume() { return std::move(**cell_); }

 private:
  std::function<void(Handler)> start_;
  std::shared_ptr<std::optional<R>> cell_{};
};

}  // namespace detail

// Runs `task` to its end on the calling thread and gives its result or throws its exception.
// Several threads may each run their own; run() inside a coroutine blocks that coroutine's whole
// run.
template <class T>
T run(Task<T> task) {
  const std::shared_ptr<detail::Loop> loop = detail::make_loop();
  task.handle().promise().loop = loop.get();
  detail::drive(*loop, task.handle());
  return task.handle().promise().take();
}

// Suspends for `duration`, or until `stop` is requested: false then.
COLONNADE_API Task<bool> sleep_for(std::chrono::milliseconds duration, std::stop_token stop = {});

// Runs several tasks at once, gives their results in the same order. All of them end before this
// does; then the first exception, in order, is thrown.
template <class T>
Task<std::vector<T>> when_all(std::vector<Task<T>> tasks) {
  detail::Join join;
  for (const Task<T>& task : tasks) join.add(task);
  co_await join;
  std::vector<T> results;
  results.reserve(tasks.size());
  for (const Task<T>& task : tasks) results.push_back(task.handle().promise().take());
  co_return results;
}

inline Task<void> when_all(std::vector<Task<void>> tasks) {
  detail::Join join;
  for (const Task<void>& task : tasks) join.add(task);
  co_await join;
  for (const Task<void>& task : tasks) task.handle().promise().take();
}

template <class A, class B, class... More>
  requires(!std::is_void_v<A> && !std::is_void_v<B> && (!std::is_void_v<More> && ...))
Task<std::tuple<A, B, More...>> when_all(Task<A> first, Task<B> second, Task<More>... more) {
  detail::Join join;
  join.add(first);
  join.add(second);
  (join.add(more), ...);
  co_await join;
  std::tuple<A, B, More...> results{first.handle().promise().take(),
                                    second.handle().promise().take(),
                                    more.handle().promise().take()...};
  co_return results;
}

// attempt() for a task: `auto threads = co_await attempt(client.threads.list());`
template <class T>
Task<Result<T>> attempt(Task<T> task) {
  std::optional<Failure> failed;
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
      co_return Result<T>();
    } else {
      T value = co_await std::move(task);
      co_return Result<T>(std::move(value));
    }
  } catch (const Error& error) {
    failed = error.failure();
    failed->origin = std::current_exception();
  }
  co_return Result<T>(std::move(*failed));
}

}  // namespace colonnade::inline v1
