// Clients that make runs as fast as the server lets them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/connection.hpp"

namespace colonnade::bench {

// Whose requests and events make a run.
enum class Wire {
  fathom,  // a thread, its stream, a message whose answer is waited for
  tandem,  // a session, its events, a prompt that is answered at once: prompt_async
};

struct RunLoad {
  Target target{};
  int clients = 1;
  bool streamed = true;  // each run is watched on an event stream of its own
  Wire wire = Wire::fathom;
  std::string prompt{};
  std::chrono::milliseconds time{};
};

struct RunRate {
  double a_second = 0;
  double p50_ms = 0;  // thread made to everything read
  double p99_ms = 0;
  std::size_t runs = 0;
};

// Each client, over and over: makes a thread, (opens its stream and waits until it is ready,) sends
// the prompt, reads until the reply is there (and the stream has shown the end), closes the stream.
// Throws std::runtime_error when anything is answered other than it must be.
RunRate load_runs(const RunLoad& load);

}  // namespace colonnade::bench
