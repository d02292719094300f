// Runs a callback into a return value for the blocking clients.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace colonnade::inline v1::detail {

template <class R>
struct Handoff {
  std::mutex mutex;
  std::condition_variable arrived;
  std::optional<R> value;
};

// `start` gets the handler. A transport that keeps the rule of Calling::blocking has called it
// before start returns; one that does not is waited for.
template <class R, class Start>
R wait_for(Start&& start) {
  const auto handoff = std::make_shared<Handoff<R>>();
  std::forward<Start>(start)([handoff](R value) {
    const std::lock_guard lock(handoff->mutex);
    handoff->value.emplace(std::move(value));
    handoff->arrived.notify_one();
  });
  std::unique_lock lock(handoff->mutex);
  handoff->arrived.wait(lock, [&] { return handoff->value.has_value(); });
  return std::move(*handoff->value);
}

}  // namespace colonnade::inline v1::detail
