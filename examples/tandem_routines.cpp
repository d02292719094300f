// Work that begins by itself: a routine every morning, run once by hand and watched; and the same
// as an automation.
//
//   TANDEM_API_TOKEN=… TANDEM_BASE_URL=http://localhost:39731 tandem_routines
#include <chrono>
#include <iostream>

#include "colonnade/tandem.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [routines]
tandem::Routine make_digest(const tandem::Client& client) {
  return client.routines.create({.name = "Daily digest",
                                 .schedule = "0 8 * * *",
                                 .prompt = "Summarize today's activity into digest.md",
                                 .allowed_tools = {"read", "write", "websearch"}});
}

bool run_once(const tandem::Client& client, const tandem::Routine& digest) {
  auto begun = client.routines.run_now(digest.id);
  auto run = client.routines.wait_run(begun.run_id);
  std::cout << run.status << ' ' << run.detail << '\n';
  for (const auto& artifact : client.routines.list_artifacts(run.run_id)) {
    std::cout << artifact.kind << ' ' << artifact.uri << '\n';
  }
  return run.succeeded();
}
// [routines]

// [watch]
// A stream opens before it is read, so nothing that follows is missed.
bool watch(const tandem::Client& client, const tandem::Routine& digest) {
  auto events = client.routines.events(digest.id);
  client.routines.run_now(digest.id);
  for (const auto& event : events) {
    if (auto* fired = event.as<tandem::RoutineFired>()) std::cout << fired->trigger_type << '\n';
    auto* run = event.as<tandem::RoutineRunChanged>();
    if (run == nullptr) continue;
    std::cout << event.run_id() << ' ' << run->status << ' ' << run->reason << '\n';
    if (tandem::is_terminal_routine_status(run->status)) return run->status == "completed";
  }
  return false;
}
// [watch]

// [change]
bool change(const tandem::Client& client, const tandem::Routine& digest) {
  client.routines.update(digest.id, {.paused = true});
  auto later = client.routines.update(
      digest.id, {.paused = false, .schedule = "30 9 * * 1-5", .timezone = "Europe/Paris"});
  std::cout << later.name << ": " << later.schedule.text() << ", "
            << (later.next_fire_at ? to_string(*later.next_fire_at) : "never") << '\n';
  client.routines.remove(digest.id);
  return !later.paused();
}
// [change]

// [automations]
bool automate(const tandem::Client& client) {
  auto mission = client.automations.create({.name = "Weekly report",
                                            .schedule = tandem::Interval{7 * 24h},
                                            .prompt = "Summarize the week",
                                            .allowed_tools = {"read"},
                                            .success_criteria = {"It fits on one page."}});
  auto begun = client.automations.run_now(mission.id);
  auto run = client.automations.wait_run(begun.run_id, {.interval = 200ms, .time_max = 30s});
  client.automations.remove(mission.id);
  return run.finished();
}
// [automations]

bool work(const tandem::Client& client) {
  const auto digest = make_digest(client);
  const bool ran = run_once(client, digest) && watch(client, digest);
  return change(client, digest) && ran && automate(client);
}

}  // namespace

int main() {
  try {
    const Deadline deadline(60s);
    const auto root = tandem::Client::from_env();
    return work(root.with({.stop = deadline.source().get_token()})) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
