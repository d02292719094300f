#include "stub.hpp"

#include <chrono>

#include "harness/loop.hpp"

namespace colonnade::kill {
namespace {

constexpr auto look_again = std::chrono::milliseconds(10);

}  // namespace

Stub::Stub() : thread_([this] { serve(); }) {
  while (port_ == 0) std::this_thread::yield();
}

Stub::~Stub() {
  stop_ = true;
  thread_.join();
}

std::size_t Stub::held() const {
  const std::lock_guard lock(mutex_);
  return held_.size();
}

void Stub::release(std::size_t count) {
  const std::lock_guard lock(mutex_);
  to_release_ += count;
}

void Stub::serve() {
  bench::Loop loop;
  bench::StubProvider stub(loop);
  stub.on_held = [this](std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    held_.push_back(id);
  };
  stub.on_left = [this](std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    std::erase(held_, id);
  };
  stub.on_billed = [this](std::uint64_t tokens) { billed_tokens_ += tokens; };
  port_ = stub.port();
  while (!stop_) {
    loop.run_until(bench::SteadyClock::now() + look_again);
    release_held(stub);
  }
}

void Stub::release_held(bench::StubProvider& stub) {
  for (;;) {
    std::uint64_t id = 0;
    {
      const std::lock_guard lock(mutex_);
      if (to_release_ == 0 || held_.empty()) return;
      --to_release_;
      id = held_.front();
      held_.pop_front();
    }
    stub.finish(id);
  }
}

}  // namespace colonnade::kill
