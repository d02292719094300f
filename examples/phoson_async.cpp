// The same client for coroutines: two conversations of one agent answered at once, on one thread.
//
//   PHOSON_API_KEY=… PHOSON_BASE_URL=http://localhost:8790 phoson_async
#include <chrono>
#include <iostream>
#include <string>

#include "colonnade/phoson.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [ask]
// The whole answer, as it came piece by piece.
Task<std::string> ask(const phoson::AsyncClient* client, std::string agent_id,
                      std::string question) {
  const phoson::CreateConversation request{.agent_id = agent_id};  // name it, then await it
  const auto chat = co_await client->conversations.create(request);
  std::string answer;
  auto events = client->messages.stream(chat.id, question);
  while (auto event = co_await events.next()) {  // the first one sends the request
    if (auto* token = event->as<phoson::Token>()) answer += token->content;
    if (auto* failed = event->as<phoson::Failed>()) std::cerr << failed->message << '\n';
  }
  co_return answer;
}

Task<bool> converse(std::stop_token stop) {
  auto root = phoson::AsyncClient::from_env();  // inside a Task; colonnade::run(...) starts one
  const CallOptions bounded{.stop = stop};
  const auto client = root.with(bounded);

  const phoson::CreateAgent assistant{.name = "My Assistant",
                                      .memory_type = phoson::MemoryType::semantic};
  const auto agent = co_await client.agents.create(assistant);

  auto first = ask(&client, agent.id, "Hello, how are you?");
  auto second = ask(&client, agent.id, "What is a colonnade?");
  auto both = co_await when_all(std::move(first), std::move(second));
  const auto& [greeting, explanation] = both;
  std::cout << greeting << '\n' << explanation << '\n';
  co_await client.agents.remove(agent.id);
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
