// For the examples: a stop source that stops by itself after a while, so that no program waits for
// ever.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

class Deadline {
 public:
  explicit Deadline(std::chrono::seconds limit)
      : watch_([source = source_, limit](std::stop_token over) mutable {
          std::mutex mutex;
          std::condition_variable_any woken;
          std::unique_lock lock(mutex);
          woken.wait_for(lock, over, limit, [] { return false; });
          if (!over.stop_requested()) source.request_stop();
        }) {}

  std::stop_source source() const { return source_; }

 private:
  std::stop_source source_{};
  std::jthread watch_;  // ends with this object
};
