// The same client for coroutines: two sessions at work at once, on one thread.
//
//   TANDEM_API_TOKEN=… TANDEM_BASE_URL=http://localhost:39731 tandem_async
#include <chrono>
#include <iostream>
#include <string>

#include "colonnade/tandem.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [ask]
// The whole answer, as it came piece by piece.
Task<std::string> ask(const tandem::AsyncClient* client, std::string question) {
  const tandem::CreateSession request{.title = "My agent"};  // name it, then await it
  const auto session = co_await client->sessions.create(request);
  const auto run = co_await client->sessions.prompt_async(session, question);
  std::string answer;
  auto events = client->stream(session, run.run_id);
  while (auto event = co_await events.next()) {
    if (auto* text = event->as<tandem::SessionResponse>()) answer += text->delta;
    if (auto* end = event->as<tandem::RunFinished>()) std::cout << end->status << '\n';
  }
  co_await client->sessions.remove(session);
  co_return answer;
}

Task<bool> work(std::stop_token stop) {
  auto root = tandem::AsyncClient::from_env();  // inside a Task; colonnade::run(...) starts one
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
    return run(work(deadline.source().get_token())) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
