#include "stub.hpp"

#include <chrono>

#include "harness/loop.hpp"
#include "harness/stub_provider.hpp"

namespace colonnade::kill {

Stub::Stub() : thread_([this] { serve(); }) {
  while (port_ == 0) std::this_thread::yield();
}

Stub::~Stub() {
  stop_ = true;
  thread_.join();
}

void Stub::serve() {
  bench::Loop loop;
  const bench::StubProvider stub(loop);
  port_ = stub.port();
  while (!stop_) loop.run_until(bench::SteadyClock::now() + std::chrono::milliseconds(50));
}

}  // namespace colonnade::kill
