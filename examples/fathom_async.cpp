// The same client for coroutines: one turn watched live while it is being sent, on one thread.
//
//   FATHOM_BASE_URL=http://localhost:8790 FATHOM_TOKEN=… fathom_async
#include <chrono>
#include <iostream>
#include <stop_token>

#include "colonnade/fathom.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [watch]
// Whether the turn ended with an answer.
Task<bool> watch(AsyncStream<fathom::Event>* events) {
  while (auto event = co_await events->next()) {
    if (auto* done = event->as<fathom::AgentDone>()) {
      std::cout << done->message.content << '\n';
      co_return true;
    }
    if (event->as<fathom::AgentError>()) co_return false;
  }
  co_return false;
}

Task<bool> conversation(std::stop_token stop) {
  fathom::AsyncClient root;  // inside a Task; colonnade::run(...) starts one
  const CallOptions bounded{.stop = stop};
  auto f = root.with(bounded);
  const fathom::CreateThread request{.title = "Weather"};  // name it, then await it
  auto thread = co_await f.threads.create(request);

  auto events = f.threads.stream(thread.id);
  auto ready = co_await events.next();  // subscribed: from here on nothing is missed
  if (!ready) co_return false;

  auto [answered, reply] =
      co_await when_all(watch(&events), f.threads.send(thread.id, "What's the weather in NYC?"));
  co_return answered && !reply.agent_message.id.empty();
}
// [watch]

}  // namespace

int main() {
  try {
    const Deadline deadline(60s);
    return run(conversation(deadline.source().get_token())) ? 0 : 1;
  } catch (const colonnade::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
