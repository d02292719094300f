// A tool behind the gate: it runs when the policy allows it, waits for a human when the policy says
// so, and does not run otherwise.
//
//   FARAMESH_BASE_URL=http://localhost:8000 FARAMESH_TOKEN=… faramesh_governed
#include <chrono>
#include <iostream>
#include <thread>

#include "colonnade/faramesh.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [govern]
// Only the wrapped function is given to the agent; the bare one stays here.
faramesh::Governed guarded_shell(const faramesh::Client& gate, int* runs) {
  return faramesh::governed(gate, "shell",
                            [runs](const Json& params) {
                              ++*runs;
                              return Json{{"ran", params["cmd"]}};
                            },
                            {.operation = "exec", .approval = {.interval = 50ms, .timeout = 20s}});
}
// [govern]

// [human]
// What a person does in another window: approves the first shell action of this agent that comes.
void approve_next(const faramesh::Client& gate, std::stop_token over) {
  gate.with({.stop = over})
      .tail_events(
          [&](const faramesh::FeedEvent& event) {
            const bool ours = event.agent_id == "governed-example" &&
                              event.status == faramesh::Status::pending_approval;
            // The feed begins with earlier events; an action of those may be decided about already.
            return !ours || !attempt([&] {
              return gate.approve_action(event.action_id, {.reason = "looks fine"});
            });
          },
          {.types = {"action.created"}});
}
// [human]

bool runs_once_approved(const faramesh::Client& gate) {
  int runs = 0;
  const auto shell = guarded_shell(gate, &runs);
  // The thread stops and is joined when this function is left.
  const std::jthread human(
      [&](std::stop_token over) { (void)attempt([&] { approve_next(gate, over); }); });
  const Json result = shell({{"cmd", "ls -la"}});
  std::cout << result.dump() << '\n';
  return runs == 1;
}

// [typed]
// Any function will do. The gate judges {"name": …, "copies": …}, and a human may change both.
bool keeps_types(const faramesh::Client& gate) {
  const auto print = faramesh::governed(
      gate, "printer", {"name", "copies"},
      [](const std::string& name, int copies) { return name + " × " + std::to_string(copies); });
  const auto printed = attempt([&] { return print("report", 2); });
  std::cout << (printed ? *printed : printed.error().message) << '\n';
  return !printed || *printed == "report × 2";
}
// [typed]

// [refused]
// No server: the tool does not run.
bool fails_closed() {
  const faramesh::Client nowhere{{.base_url = "http://127.0.0.1:1", .retries = 0}};
  int runs = 0;
  const auto shell = guarded_shell(nowhere, &runs);
  try {
    shell({{"cmd", "ls -la"}});
    return false;
  } catch (const faramesh::NotAllowedError& no) {  // denied, or not decided about
    std::cerr << no.reason_code() << ": " << no.reason() << '\n';
    return false;
  } catch (const faramesh::ConnectionError&) {  // nobody answered
    return runs == 0;
  }
}
// [refused]

}  // namespace

int main() {
  try {
    const Deadline deadline(60s);
    const faramesh::Client root{{.agent_id = "governed-example"}};
    const auto gate = root.with({.timeout = 10s, .stop = deadline.source().get_token()});
    return runs_once_approved(gate) && keeps_types(gate) && fails_closed() ? 0 : 1;
  } catch (const faramesh::Error& error) {
    std::cerr << error.code() << ": " << error.what() << '\n';
    return 1;
  }
}
