// Three ways to have enough of a turn: leave the loop, stop the call, stop the turn itself.
//
//   PLATOS_BASE_URL=http://localhost:8790 PLATOS_SESSION_TOKEN=… platos_cancel
#include <chrono>
#include <iostream>
#include <string>

#include "colonnade/platos.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// Of the offline provider: half an hour of words.
constexpr std::string_view endless = "/slow 20\n/tokens 100000";

// [stop-call]
// The call ends at once with a `done` of the client's own; the turn goes on for a while, so that
// somebody may resume it.
bool stop_the_call(const platos::Client& client, const platos::Thread& thread) {
  std::stop_source enough;
  auto events = client.with({.stop = enough.get_token()}).threads.send(thread.id, endless);
  bool stopped = false;
  for (const auto& event : events) {
    if (event.as<platos::Token>()) enough.request_stop();
    if (const auto* done = event.as<platos::Done>()) stopped = done->stopped;
  }
  return stopped && events.cancelled();
}
// [stop-call]

// [stop-turn]
// The turn ends, whoever began it; what it has said is kept.
bool stop_the_turn(const platos::Client& client, const platos::Thread& thread) {
  std::string said;
  bool stopped = false;
  for (const auto& event : client.threads.send(thread.id, endless)) {
    if (const auto* token = event.as<platos::Token>()) {
      if (said.empty()) client.threads.stop(thread.id);
      said += token->text;
    }
    if (const auto* done = event.as<platos::Done>()) stopped = done->stopped;
  }
  return stopped && client.threads.messages(thread.id).back().content == said;
}
// [stop-turn]

Task<bool> stop_awaited(std::stop_token deadline) {
  const auto root = platos::AsyncClient::from_env();
  const CallOptions bounded{.stop = deadline};
  const auto client = root.with(bounded);
  const auto thread = co_await client.threads.create();
  auto events = client.threads.send(thread.id, endless);
  bool begun = false;
  bool stopped = false;
  while (auto event = co_await events.next()) {
    if (event->as<platos::Token>() != nullptr && !begun) {
      begun = true;
      co_await client.threads.stop(thread.id);
    }
    if (const auto* done = event->as<platos::Done>()) stopped = done->stopped;
  }
  co_return stopped;
}

bool cancel_all(std::stop_token deadline) {
  const auto root = platos::Client::from_env();
  const auto client = root.with({.stop = deadline});
  const auto left = client.threads.create();
  for (const auto& event : client.threads.send(left.id, endless)) {
    if (event.as<platos::Token>()) break;  // closes the socket
  }
  client.threads.stop(left.id);  // or the turn would go on for a while
  const auto called = client.threads.create();
  const bool call_stopped = stop_the_call(client, called);
  client.threads.stop(called.id);
  const bool turn_stopped = stop_the_turn(client, client.threads.create());
  std::cout << "call " << call_stopped << ", turn " << turn_stopped << '\n';
  return call_stopped && turn_stopped;
}

}  // namespace

int main() {
  try {
    const Deadline deadline(60s);
    const std::stop_token enough = deadline.source().get_token();
    return cancel_all(enough) && run(stop_awaited(enough)) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
