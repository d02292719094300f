// Work that begins by itself: a routine every morning, run once by hand.
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
bool schedule(const tandem::Client& client) {
  auto digest = client.routines.create({.name = "Daily digest",
                                        .schedule = "0 8 * * *",
                                        .prompt = "Summarize today's activity into digest.md",
                                        .allowed_tools = {"read", "write", "websearch"}});
  auto begun = client.routines.run_now(digest.id);
  for (const auto& run : client.routines.get_runs_for_routine(digest.id)) {
    std::cout << run.run_id << ' ' << run.status << '\n';
  }
  client.routines.update(digest.id, {{"status", "paused"}});
  client.routines.remove(digest.id);
  return !begun.run_id.empty();
}
// [routines]

}  // namespace

int main() {
  try {
    const Deadline deadline(60s);
    auto root = tandem::Client::from_env();
    return schedule(root.with({.stop = deadline.source().get_token()})) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
