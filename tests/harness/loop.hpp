// A bare epoll loop: what the load generators, the stub provider and the floors run on. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

namespace colonnade::bench {

using SteadyClock = std::chrono::steady_clock;

class Loop {
 public:
  using OnReady = std::function<void(std::uint32_t epoll_events)>;

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Watches `fd` for the given EPOLL… events, level-triggered. One watch per descriptor.
  void watch(int fd, std::uint32_t events, OnReady on_ready);
  void change(int fd, std::uint32_t events);
  // Before the descriptor is closed. Allowed from within any callback.
  void forget(int fd);

  // Calls `work` once on this thread, not before `at`.
  void at(SteadyClock::time_point at, std::function<void()> work);

  // Runs until stop() or `deadline`. True when stopped, false when the deadline passed.
  bool run_until(SteadyClock::time_point deadline);
  void stop() { stopped_ = true; }

 private:
  struct Watch {
    int fd = -1;
    OnReady on_ready{};
  };

  timespec wait_time(SteadyClock::time_point deadline) const;
  void run_timers();

  int epoll_ = -1;
  bool stopped_ = false;
  std::unordered_map<int, std::unique_ptr<Watch>> watches_;
  std::vector<std::unique_ptr<Watch>> forgotten_;  // freed after the round that may still name them
  std::multimap<SteadyClock::time_point, std::function<void()>> timers_;
};

}  // namespace colonnade::bench
