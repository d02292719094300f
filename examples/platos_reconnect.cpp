// A turn over a line that may break: what the client says of its connection, and that nothing of
// the answer is lost or comes twice.
//
//   PLATOS_BASE_URL=http://localhost:8790 PLATOS_SESSION_TOKEN=… platos_reconnect
#include <chrono>
#include <iostream>
#include <string>

#include "colonnade/platos.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [follow]
std::string follow(const platos::Client& client, const platos::Thread& thread) {
  std::string answer;
  for (const auto& event : client.threads.send(thread.id, "/slow 5\n/tokens 60")) {
    match(
        event, [](const platos::Connected&) { std::cout << "connected\n"; },
        [](const platos::Disconnected& lost) {
          std::cout << "disconnected: " << lost.reason << '\n';
        },
        [](const platos::Reconnecting& again) {
          std::cout << "reconnecting, attempt " << again.attempt << '\n';
        },
        [&](const platos::Token& t) { answer += t.text; },
        [](const platos::Failed& f) { std::cerr << f.message << '\n'; }, [](const auto&) {});
  }
  return answer;
}
// [follow]

bool converse(std::stop_token enough) {
  const auto root = platos::Client::from_env();
  const auto client = root.with({.stop = enough});
  const auto thread = client.threads.create();
  const std::string answer = follow(client, thread);
  const std::string stored = client.threads.messages(thread.id).back().content;
  std::cout << answer.size() << " bytes heard, " << stored.size() << " stored\n";
  return !answer.empty() && answer == stored;
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
