// A few threads for work that would hold up a lane: long queries, file reads, big documents.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "base/task.hpp"

namespace colonnade::base {

class Workers {
 public:
  explicit Workers(std::size_t threads);
  // Finishes what runs, drops what waits.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void post(std::move_only_function<void()> work);

  // Runs `work` on a worker thread and resumes on the awaiting coroutine's lane with its result.
  // `work` must own what it uses. An exception in it is rethrown here.
  template <class T>
  Task<T> run(std::move_only_function<T()> work) {
    auto done = std::make_shared<Completion<Outcome<T>>>();
    post([done, work = std::move(work)]() mutable {
      Outcome<T> outcome;
      try {
        outcome.value.emplace(work());
      } catch (...) {
        outcome.error = std::current_exception();
      }
      done->complete(std::move(outcome));
    });
    auto outcome = co_await done->wait();
    if (outcome.error) std::rethrow_exception(outcome.error);
    co_return std::move(*outcome.value);
  }

 private:
  template <class T>
  struct Outcome {
    std::optional<T> value{};
    std::exception_ptr error{};
  };
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace colonnade::base
