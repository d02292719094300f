// The stub provider on a thread of its own; it outlives every server. Any thread may ask it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>

#include "harness/stub_provider.hpp"

namespace colonnade::kill {

class Stub {
 public:
  Stub();
  ~Stub();
  Stub(const Stub&) = delete;
  Stub& operator=(const Stub&) = delete;

  std::uint16_t port() const { return port_; }

  // Calls with "held=1" whose clients wait for their ends.
  std::size_t held() const;
  // Ends so many of them, those that wait longest first; those that come later count too.
  void release(std::size_t count);
  // Of all answers that were given to their ends.
  std::uint64_t billed_tokens() const { return billed_tokens_; }

 private:
  void serve();
  void release_held(bench::StubProvider& stub);

  std::atomic<std::uint16_t> port_{0};
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> billed_tokens_{0};
  mutable std::mutex mutex_;
  std::deque<std::uint64_t> held_{};
  std::size_t to_release_ = 0;
  std::thread thread_;  // last: it uses the others
};

}  // namespace colonnade::kill
