// A thread, one message and its answer, then a whole turn watched live.
//
//   FATHOM_BASE_URL=http://localhost:8790 FATHOM_TOKEN=… fathom_quickstart
#include <chrono>
#include <iostream>
#include <stop_token>
#include <thread>

#include "colonnade/fathom.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [ask]
void ask() {
  fathom::Client f;  // FATHOM_BASE_URL, FATHOM_TOKEN
  auto thread = f.threads.create();
  auto reply = f.threads.send(thread.id, "What's the weather in NYC?");
  std::cout << reply.agent_message.content << '\n';
}
// [ask]

// [watch]
// The stream brings only what happens after it is open, so it is opened first and another thread
// sends.
bool watch(std::stop_source enough) {
  fathom::Client f;
  auto thread = f.threads.create();

  auto bounded = f.with({.stop = enough.get_token()});
  std::jthread sender;
  bool answered = false;
  for (const auto& event : bounded.threads.stream(thread.id)) {
    if (event.as<fathom::Ready>()) {
      sender = std::jthread([&] {
        // A refused message brings no event: end the stream then.
        if (!attempt([&] { return bounded.threads.send(thread.id, "And tomorrow?"); })) {
          enough.request_stop();
        }
      });
    }
    if (event.as<fathom::AgentThinking>()) std::cout << "agent is working...\n";
    if (auto* done = event.as<fathom::AgentDone>()) {
      std::cout << done->message.content << '\n';
      answered = true;
      break;  // leaving the loop closes the stream
    }
    if (event.as<fathom::AgentError>()) break;
  }
  return answered;
}
// [watch]

}  // namespace

int main() {
  try {
    ask();
    const Deadline deadline(60s);
    return watch(deadline.source()) ? 0 : 1;
  } catch (const colonnade::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
