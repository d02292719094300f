// Clients that make runs as fast as the server lets them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/connection.hpp"

namespace colonnade::bench {

struct RunLoad {
  Target target{};
  int clients = 1;
  bool streamed = true;  // each run is watched on an event stream of its own
  std::string prompt{};
  std::chrono::milliseconds time{};
};

struct RunRate {
  double a_second = 0;
  double p50_ms = 0;  // thread made to everything read
  double p99_ms = 0;
  std::size_t runs = 0;
};

// Each client, over and over: makes a thread, (opens its stream and waits for `ready`,) sends the
// prompt, reads until the reply is there (and the stream has shown it), closes the stream. Throws
// std::runtime_error when anything is answered other than 200.
RunRate load_runs(const RunLoad& load);

}  // namespace colonnade::bench
