// Too many requests and too many turns: the first is an error that says how long to wait, the
// second an event of the turn that was refused.
//
//   PLATOS_BASE_URL=http://localhost:8790 PLATOS_SESSION_TOKEN=… platos_limits
//
// The server must count both: platos.requests_per_user_minute and platos.turns_per_user_minute.
#include <chrono>
#include <cstdint>
#include <iostream>
#include <optional>

#include "colonnade/platos.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t minute_ms = 60'000;

// [turns]
// How many seconds the server asks to wait before the next turn; nothing when it took this one.
std::optional<double> ask(const platos::Client& client, const platos::Thread& thread) {
  std::optional<double> wait;
  for (const auto& event : client.threads.send(thread.id, "/say Hello.")) {
    const auto* failed = event.as<platos::Failed>();
    if (failed != nullptr && failed->code == "rate_limit") wait = failed->retry_after_seconds;
  }
  return wait;
}
// [turns]

bool turns_are_counted(const platos::Client& client) {
  const auto thread = client.threads.create();
  for (int i = 0; i < 100; ++i) {
    const auto wait = ask(client, thread);
    if (!wait) continue;
    std::cout << "the next turn in " << *wait << " s\n";
    return *wait > 0 && *wait <= 60;
  }
  return false;
}

// [requests]
// Without repeats the error comes at once; with them (the default) the client waits as long as the
// server asks and goes on.
bool requests_are_counted(const platos::Client& client) {
  for (int i = 0; i < 1000; ++i) {
    try {
      client.agents.list();
    } catch (const platos::RateLimitError& e) {
      const std::int64_t wait = e.retry_after_ms().value_or(0);
      std::cout << e.code() << ": the next request in " << wait << " ms\n";
      return wait > 0 && wait <= minute_ms;
    }
  }
  return false;
}
// [requests]

}  // namespace

int main() {
  try {
    const Deadline deadline(60s);
    auto options = platos::Options::from_env();
    options.retries.retries = 0;
    const platos::Client root(options);
    const auto client = root.with({.stop = deadline.source().get_token()});
    return turns_are_counted(client) && requests_are_counted(client) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
