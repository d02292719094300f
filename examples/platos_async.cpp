// The same client for coroutines: two turns at once, on one thread.
//
//   PLATOS_BASE_URL=http://localhost:8790 PLATOS_SESSION_TOKEN=… platos_async
#include <chrono>
#include <iostream>
#include <string>

#include "colonnade/platos.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [ask]
// The whole answer, as it came piece by piece.
Task<std::string> ask(const platos::AsyncClient* client, std::string question) {
  const platos::CreateThread request{.title = question};  // name it, then await it
  const auto thread = co_await client->threads.create(request);
  std::string answer;
  auto events = client->threads.send(thread.id, question);
  while (auto event = co_await events.next()) {  // the first one connects
    if (auto* token = event->as<platos::Token>()) answer += token->text;
    if (auto* failed = event->as<platos::Failed>()) std::cerr << failed->message << '\n';
  }
  co_return answer;
}

Task<bool> converse(std::stop_token stop) {
  auto root = platos::AsyncClient::from_env();  // inside a Task; colonnade::run(...) starts one
  const CallOptions bounded{.stop = stop};
  const auto client = root.with(bounded);

  auto first = ask(&client, "Hello, how are you?");
  auto second = ask(&client, "What is a colonnade?");
  auto both = co_await when_all(std::move(first), std::move(second));
  const auto& [greeting, explanation] = both;
  std::cout << greeting << '\n' << explanation << '\n';
  co_return !greeting.empty() && !explanation.empty();
}
// [ask]

}  // namespace

int main() {
  try {
    const Deadline deadline(60s);
    return run(converse(deadline.source().get_token())) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
