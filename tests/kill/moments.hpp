// Letting time pass, and waiting for what only a look can tell.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

namespace colonnade::kill {

inline void pass(std::chrono::microseconds time) {
  std::this_thread::sleep_for(time);  // allow(sleep): a random moment is what a kill needs
}

// By the machine's clock, µs since 1970, as stores have it.
inline std::int64_t clock_micros() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}

// Looks again and again. Throws std::logic_error when `what` is not so after `patience`.
inline void wait_until(const std::string& what, std::chrono::seconds patience,
                       const std::function<bool()>& is_so) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > end) {
      throw std::logic_error("after " + std::to_string(patience.count()) + " s it is not so that " +
                             what);
    }
    pass(std::chrono::milliseconds(5));
  }
}

}  // namespace colonnade::kill
