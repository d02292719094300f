// The stub provider as a program: prints "port <n>" and serves until it is killed.
#include <cstdio>

#include "harness/stub_provider.hpp"

int main() {
  colonnade::bench::Loop loop;
  const colonnade::bench::StubProvider stub(loop);
  std::printf("port %u\n", static_cast<unsigned>(stub.port()));
  std::fflush(stdout);
  while (true) loop.run_until(colonnade::bench::SteadyClock::now() + std::chrono::hours(1));
}
