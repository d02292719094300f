// Body of run_on(); included by lane.hpp only.
#pragma once

#include <exception>
#include <future>
#include <type_traits>

namespace colonnade::base {

namespace detail {

template <class T>
Task<void> fulfil(Task<T> task, std::shared_ptr<std::promise<T>> promise) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
      promise->set_value();
    } else {
      T value = co_await std::move(task);
      promise->set_value(std::move(value));
    }
  } catch (...) {
    promise->set_exception(std::current_exception());
  }
}

}  // namespace detail

template <class T>
T run_on(Lane& lane, Task<T> task) {
  auto promise = std::make_shared<std::promise<T>>();
  auto future = promise->get_future();
  lane.spawn("run_on", detail::fulfil(std::move(task), std::move(promise)));
  return future.get();
}

}  // namespace colonnade::base
