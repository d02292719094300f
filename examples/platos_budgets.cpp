// What turns cost: who spent what, what a turn did step by step, and a cap that an operator sets.
//
//   PLATOS_BASE_URL=http://localhost:8790 PLATOS_API_KEY=… PLATOS_ORGANIZATION_ID=…
//   PLATOS_PROJECT_ID=… PLATOS_ENVIRONMENT_ID=… PLATOS_USER_ID=… platos_budgets
#include <chrono>
#include <iostream>

#include "colonnade/platos.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [cap]
// Five dollars a day for everybody together, with a word at half of it and at 80 %.
bool cap(const platos::Client& client) {
  auto made =
      client.budgets.set({.period = "day", .limit_cents = 500, .alert_thresholds = {50, 80}});
  auto budget = client.budgets.status();
  std::cout << '$' << budget.spent_usd << " of $" << budget.cap_usd << '\n';
  client.budgets.override_cap(made.id, 30min);  // it stops nobody for half an hour
  client.budgets.remove(made.id);
  return budget.cap_usd == 5;
}
// [cap]

// [spans]
// The last turn of a thread, step by step.
bool look(const platos::Client& client, const platos::Thread& thread) {
  auto runs = client.monitoring.runs({.thread_id = thread.id, .limit = 1});
  if (runs.empty()) return false;
  std::cout << runs.front().status << ", $" << runs.front().cost_cents / 100 << '\n';
  auto spans = client.monitoring.traces(runs.front().id);
  for (const auto& span : spans) {
    std::cout << (span.parent_span_id ? "  " : "") << span.name << ' ' << span.duration_ms
              << " ms\n";
  }
  return !spans.empty();
}
// [spans]

// [costs]
void show_costs(const platos::Client& client) {
  for (const auto& cost : client.monitoring.cost_by_agent()) {
    std::cout << cost.agent_name << " $" << cost.usd << '\n';
  }
  for (const auto& cost : client.monitoring.cost_by_model()) {
    std::cout << cost.model << " $" << cost.usd << '\n';
  }
  for (const auto& day : client.monitoring.cost_by_scope(7)) {
    std::cout << day.day << " $" << day.usd << ", " << day.runs << " turns\n";
  }
}
// [costs]

bool work(const platos::Client& client) {
  const auto thread = client.threads.create({.title = "Inbox"});
  client.threads.ask(thread.id, "/say Hello.");
  const bool seen = look(client, thread);
  show_costs(client);
  return seen && cap(client);
}

}  // namespace

int main() {
  try {
    const Deadline deadline(60s);
    const auto root = platos::Client::from_env();
    return work(root.with({.stop = deadline.source().get_token()})) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
