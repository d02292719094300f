#include "harness/loop.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace colonnade::bench {
namespace {

constexpr int events_a_round = 512;
constexpr std::int64_t wait_micros_max = 100'000;  // a deadline that moved is noticed within this

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

Loop::Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) fail("epoll_create1");
}

Loop::~Loop() { ::close(epoll_); }

void Loop::watch(int fd, std::uint32_t events, OnReady on_ready) {
  auto entry = std::make_unique<Watch>(Watch{.fd = fd, .on_ready = std::move(on_ready)});
  epoll_event event{.events = events, .data = {.ptr = entry.get()}};
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl add");
  watches_[fd] = std::move(entry);
}

void Loop::change(int fd, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.ptr = watches_.at(fd).get()}};
  if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) != 0) fail("epoll_ctl mod");
}

void Loop::forget(int fd) {
  const auto found = watches_.find(fd);
  if (found == watches_.end()) return;
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  found->second->fd = -1;
  forgotten_.push_back(std::move(found->second));
  watches_.erase(found);
}

void Loop::at(SteadyClock::time_point when, std::function<void()> work) {
  timers_.emplace(when, std::move(work));
}

timespec Loop::wait_time(SteadyClock::time_point deadline) const {
  auto until = deadline;
  if (!timers_.empty()) until = std::min(until, timers_.begin()->first);
  const auto left =
      std::chrono::duration_cast<std::chrono::microseconds>(until - SteadyClock::now()).count();
  const auto bounded = std::clamp<std::int64_t>(left, 0, wait_micros_max);
  return {.tv_sec = 0, .tv_nsec = bounded * 1000};
}

void Loop::run_timers() {
  const auto now = SteadyClock::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    auto node = timers_.extract(timers_.begin());
    node.mapped()();
  }
}

bool Loop::run_until(SteadyClock::time_point deadline) {
  stopped_ = false;
  std::array<epoll_event, events_a_round> ready;
  while (!stopped_ && SteadyClock::now() < deadline) {
    const timespec time = wait_time(deadline);
    const int count = ::epoll_pwait2(epoll_, ready.data(), events_a_round, &time, nullptr);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; ++i) {
      auto* entry = static_cast<Watch*>(ready[static_cast<std::size_t>(i)].data.ptr);
      if (entry->fd >= 0) entry->on_ready(ready[static_cast<std::size_t>(i)].events);
    }
    forgotten_.clear();
    run_timers();
  }
  return stopped_;
}

}  // namespace colonnade::bench
