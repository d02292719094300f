// Asks before it acts: a verdict, a recorded action with its approval, a command that runs only
// when it may. The server's policy allows http, wants approval for shell and denies the rest.
//
//   FARAMESH_BASE_URL=http://localhost:8000 FARAMESH_TOKEN=… faramesh_quickstart
#include <chrono>
#include <iostream>

#include "colonnade/faramesh.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [decide]
// Whether the gate lets the command pass, and what came of it.
bool list_when_allowed(const faramesh::Client& gate) {
  const faramesh::ActionRequest list_files{
      .agent_id = "my-agent", .tool = "shell", .operation = "exec", .params = {{"cmd", "ls -la"}}};

  auto decision = gate.gate_decide(list_files);  // asks only: no side effect
  std::cout << decision.reason_code << ": " << decision.reason << '\n';

  try {
    auto listing = gate.execute_if_allowed(list_files, [&](const Json& params) {
      return "would run " + params["cmd"].as_string();  // runs only when the gate says EXECUTE
    });
    std::cout << listing << '\n';
    return decision.outcome == faramesh::Outcome::execute;
  } catch (const faramesh::NotAllowedError& no) {
    std::cerr << no.decision().reason << '\n';
    return decision.outcome != faramesh::Outcome::execute;
  }
}
// [decide]

// [approve]
// Submits the command, approves it when that is asked for, and reports how it went.
bool submit_and_approve(const faramesh::Client& gate) {
  auto action = gate.submit_action({.agent_id = "my-agent",
                                    .tool = "shell",
                                    .operation = "exec",
                                    .params = {{"cmd", "ls -la"}}});
  if (action.status == faramesh::Status::pending_approval) {
    action =
        gate.approve_action(action.id, {.token = *action.approval_token, .reason = "Approved"});
  }
  // … the program runs the command itself here …
  action = gate.report_result(action.id, {.success = true});
  std::cout << action.id << ' ' << to_string(action.status) << '\n';
  return action.status == faramesh::Status::succeeded &&
         faramesh::verify_request_hash(request_of(action), action.request_hash);
}
// [approve]

// [functions]
// The same without a client: the process has one, from the environment or configure().
bool free_functions() {
  try {
    auto action =
        faramesh::submit_action("my-agent", "http", "get", {{"url", "https://example.com"}});
    return faramesh::get_action(action.id).id == action.id && !faramesh::list_actions().empty();
  } catch (const faramesh::PolicyError& no) {  // denied, and recorded: no.action().id
    std::cerr << no.action().id << ' ' << no.reason() << '\n';
    return true;
  }
}
// [functions]

}  // namespace

int main() {
  try {
    const Deadline deadline(60s);
    const faramesh::Client root;  // FARAMESH_URL, FARAMESH_API_KEY and their other names
    const auto gate = root.with({.timeout = 10s, .stop = deadline.source().get_token()});
    return gate.ready() && list_when_allowed(gate) && submit_and_approve(gate) && free_functions()
               ? 0
               : 1;
  } catch (const faramesh::Error& error) {
    std::cerr << error.code() << ": " << error.what() << '\n';
    return 1;
  }
}
