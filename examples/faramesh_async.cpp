// The same client for coroutines: several verdicts at once on one thread, and the feed of events.
//
//   FARAMESH_BASE_URL=http://localhost:8000 FARAMESH_TOKEN=… faramesh_async
#include <chrono>
#include <iostream>
#include <vector>

#include "colonnade/faramesh.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [verdicts]
// Asks about several tools at once.
Task<bool> verdicts(const faramesh::AsyncClient* gate) {
  std::vector<Task<faramesh::GateDecision>> asked;
  for (const char* tool : {"http", "shell", "no-such-tool"}) {
    const faramesh::ActionRequest request{
        .agent_id = "my-agent", .tool = tool, .operation = "get", .params = {{"x", 1}}};
    asked.push_back(gate->gate_decide(request));
  }
  auto decisions = co_await when_all(std::move(asked));
  for (const auto& decision : decisions) {
    std::cout << to_string(decision.outcome) << ' ' << decision.reason << '\n';
  }
  co_return decisions.size() == 3;
}
// [verdicts]

// [feed]
// Submits an action and waits until the feed tells of it.
Task<bool> heard_of(const faramesh::AsyncClient* gate) {
  const faramesh::EventFilter created{.types = {"action.created"}};
  auto events = gate->stream_events(created);
  const faramesh::ActionRequest request{
      .agent_id = "my-agent", .tool = "shell", .operation = "exec", .params = {{"cmd", "ls"}}};
  auto submitting = gate->submit_action(request);
  auto action = co_await std::move(submitting);
  // The feed begins with the newest earlier events, so an action just before it is not missed.
  while (auto event = co_await events.next()) {
    if (event->action_id == action.id) co_return true;
  }
  co_return false;
}
// [feed]

Task<bool> everything(std::stop_token stop) {
  const faramesh::AsyncClient root;
  const CallOptions bounded{.stop = stop};
  const auto gate = root.with(bounded);
  auto judged = co_await verdicts(&gate);
  auto heard = co_await heard_of(&gate);
  co_return judged&& heard;
}

}  // namespace

int main() {
  try {
    const Deadline deadline(60s);
    return run(everything(deadline.source().get_token())) ? 0 : 1;
  } catch (const faramesh::Error& error) {
    std::cerr << error.code() << ": " << error.what() << '\n';
    return 1;
  }
}
