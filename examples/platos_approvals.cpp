// A tool that needs a yes: an agent that is told so, a turn that waits, and an answer with other
// arguments than the agent's.
//
//   PLATOS_BASE_URL=http://localhost:8790 PLATOS_API_KEY=… PLATOS_ORGANIZATION_ID=…
//   platos_approvals
//
// Agents are written by operators, so this needs an API key.
#include <chrono>
#include <iostream>
#include <string>

#include "colonnade/platos.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [agent]
platos::Agent make_agent(const platos::Client& client) {
  return client.agents.create({
      .name = "Reckoner",
      .system_prompt = "Reckon.",
      .more = {{"toolsBlockConfig",
                {{"enabledTools", Json::array({"calculator"})},
                 {"perToolPerms", {{"calculator", {{"requiresApproval", true}}}}}}}},
  });
}
// [agent]

// [approve]
// The tool runs with the edited arguments, and the agent is told so.
std::string reckon(const platos::Client& client, const platos::Thread& thread) {
  std::string result;
  for (const auto& event :
       client.threads.send(thread.id, R"(/tool calculator {"expression":"2+2"})")) {
    match(
        event,
        [&](const platos::ApprovalNeeded& ask) {
          const auto question = client.approvals.get(ask.approval_id);
          std::cout << question.action << ": " << question.args.dump() << '\n';
          client.approvals.resolve(ask.approval_id, {.verdict = platos::Verdict::approve,
                                                     .reason = "but larger",
                                                     .edited_args = {{"expression", "40+2"}}});
        },
        [](const platos::ApprovalResolved& answer) { std::cout << answer.status << '\n'; },
        [&](const platos::ToolResult& t) { result = t.result.dump(); },
        [](const platos::Failed& f) { std::cerr << f.message << '\n'; }, [](const auto&) {});
  }
  return result;
}
// [approve]

bool converse(std::stop_token enough) {
  const auto root = platos::Client::from_env();
  const auto client = root.with({.stop = enough});
  const auto agent = make_agent(client);
  const auto thread = client.threads.create({.agent_id = agent.id});
  const std::string result = reckon(client, thread);
  std::cout << result << '\n';
  const auto answered = client.approvals.list({.status = "approved", .thread_id = thread.id});
  client.agents.remove(agent.id);
  return result.find("42") != std::string::npos && answered.size() == 1;
}

}  // namespace

int main() {
  try {
    const Deadline deadline(60s);
    return converse(deadline.source().get_token()) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
