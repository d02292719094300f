// Work that runs later, or again: a task that an operator writes, runs of it, a batch, a schedule.
//
//   PLATOS_BASE_URL=http://localhost:8790 PLATOS_API_KEY=… PLATOS_ORGANIZATION_ID=…
//   PLATOS_PROJECT_ID=… PLATOS_ENVIRONMENT_ID=… PLATOS_USER_ID=… platos_background
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include "colonnade/platos.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [task]
platos::TaskDefinition make_task(const platos::Client& client, const platos::Agent& agent) {
  return client.bgo.catalog.create({
      .task_id = "nightly-digest",
      .display_name = "Nightly digest",
      .handler =
          platos::AgentHandler{.agent_id = agent.id, .prompt = "/say Digest of {{payload.day}}."},
  });
}
// [task]

// [trigger]
bool trigger(const platos::Client& client) {
  auto begun = client.bgo.tasks.trigger("nightly-digest", {{"day", "today"}},
                                        {.idempotency_key = "digest-today", .tags = {"inbox"}});
  auto run = client.bgo.runs.wait(begun.id);
  if (!run.succeeded()) {
    std::cerr << run.status << ": " << run.error_message() << '\n';
    return false;
  }
  std::cout << run.output["text"].as_string() << '\n';
  return true;
}
// [trigger]

// [batch]
bool trigger_batch(const platos::Client& client) {
  const std::vector<Json> days{{{"day", "monday"}}, {{"day", "tuesday"}}};
  auto begun = client.bgo.batches.trigger("nightly-digest", days);
  auto batch = client.bgo.batches.wait(begun.batch_id, {.interval = 500ms, .time_max = 30s});
  std::cout << batch.run_ids.size() << " runs: " << batch.status << '\n';
  return batch.status == "COMPLETED";
}
// [batch]

// [schedule]
bool schedule(const platos::Client& client) {
  auto made = client.bgo.schedules.create({.task_id = "nightly-digest",
                                           .cron = "0 6 * * 1-5",
                                           .timezone = "Europe/Paris",
                                           .payload = {{"day", "today"}}});
  for (const auto& one : client.bgo.schedules.list()) {
    std::cout << one.cron << ", next " << (one.next_run_at ? to_string(*one.next_run_at) : "never")
              << '\n';
  }
  auto off = client.bgo.schedules.deactivate(made.id);
  client.bgo.schedules.remove(made.id);
  return made.active && !off.active;
}
// [schedule]

bool work(const platos::Client& client) {
  const auto agent = client.agents.create({.name = "Digester", .system_prompt = "Be brief."});
  const auto task = make_task(client, agent);
  const bool worked = trigger(client) && trigger_batch(client) && schedule(client);
  client.bgo.catalog.remove(task.id);
  client.agents.remove(agent.id);
  return worked;
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
