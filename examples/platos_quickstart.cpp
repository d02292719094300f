// A thread and a streamed turn in it, with approvals answered on the way; then what is stored, and
// what it cost.
//
//   PLATOS_BASE_URL=http://localhost:8790 PLATOS_SESSION_TOKEN=… platos_quickstart
//
// With PLATOS_API_KEY instead of a token: PLATOS_ORGANIZATION_ID, PLATOS_PROJECT_ID,
// PLATOS_ENVIRONMENT_ID and PLATOS_USER_ID, too.
#include <chrono>
#include <iostream>

#include "colonnade/platos.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [send]
// Whether the turn ended with an answer.
bool send(const platos::Client& client, const platos::Thread& thread) {
  bool answered = false;
  for (const auto& event : client.threads.send(thread.id, "Summarise today's inbox.")) {
    match(
        event, [](const platos::Token& t) { std::cout << t.text << std::flush; },
        [](const platos::ToolCall& t) { std::cout << "-> " << t.name << '\n'; },
        [&](const platos::ApprovalNeeded& ask) {
          client.approvals.resolve(ask.approval_id,
                                   {.verdict = platos::Verdict::approve, .reason = "read-only"});
        },
        [](const platos::Failed& f) { std::cerr << f.message << '\n'; },  // an event, no exception
        [&](const platos::Done& d) {
          std::cout << "\n$" << d.usage.cost_usd << '\n';
          answered = !d.stopped;
        },
        [](const auto&) {});  // connections, reasoning, and events of a newer server
  }
  return answered;
}
// [send]

// [read]
// The transcript, and the threads of this user.
bool read(const platos::Client& client, const platos::Thread& thread) {
  for (const auto& message : client.threads.messages(thread.id)) {
    std::cout << message.role << ": " << message.content << '\n';
  }
  const bool listed = !client.threads.list({.agent_id = thread.agent_id, .limit = 10}).empty();
  client.threads.archive(thread.id);
  return listed && client.threads.get(thread.id).has_value();  // nothing for a missing one
}
// [read]

// [costs]
// A real service has no background operations: there the last line is a NotFoundError.
void show_costs(const platos::Client& client) {
  for (const auto& cost : client.monitoring.cost_by_agent()) {
    std::cout << cost.agent_id << " $" << cost.usd << '\n';
  }
  const auto budget = client.budgets.status();
  std::cout << '$' << budget.spent_usd << " of $" << budget.cap_usd << '\n';
  for (const auto& schedule : client.bgo.schedules.list()) std::cout << schedule.cron << '\n';
}
// [costs]

// [begin]
bool converse(std::stop_token enough) {
  auto root = platos::Client::from_env();
  auto client = root.with({.stop = enough});
  auto thread = client.threads.create({.title = "Inbox"});  // of the agent "default"
  const bool answered = send(client, thread) && read(client, thread);
  show_costs(client);
  return answered;
}
// [begin]

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
