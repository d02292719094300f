// For tests that play the same calls with both clients: what a call gave, awaited or not, so that
// one table of calls serves both.
#pragma once

#include <utility>

#include "colonnade/task.hpp"

namespace colonnade {

template <class T>
T result_of(T value) {
  return value;
}
template <class T>
T result_of(Task<T> task) {
  return run(std::move(task));
}

}  // namespace colonnade
