// An agent, a conversation and its answers: one streamed with everything the run tells on the way,
// one waited for.
//
//   PHOSON_API_KEY=… PHOSON_BASE_URL=http://localhost:8790 phoson_quickstart
#include <chrono>
#include <iostream>

#include "colonnade/phoson.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [stream]
// Whether the run ended with an answer.
bool stream(const phoson::Client& client, const phoson::Conversation& chat) {
  bool answered = false;
  for (const auto& event :
       client.messages.stream(chat.id, "Hello, how are you?", {.temperature = 0.7})) {
    match(
        event, [](const phoson::Token& t) { std::cout << t.content << std::flush; },
        [](const phoson::ToolStart& t) { std::cout << "-> " << t.tool << '\n'; },
        [](const phoson::ToolEnd& t) { std::cout << "<- " << t.result << '\n'; },
        [&](const phoson::RunDone& d) {
          std::cout << "\nrun " << d.run_id << '\n';
          answered = true;
        },
        [](const phoson::Failed& f) { std::cerr << f.message << '\n'; },  // an event, no exception
        [](const auto&) {});  // reasoning, and events of a newer server
  }
  return answered;
}
// [stream]

// [send]
// The whole answer at once, then the transcript.
bool send(const phoson::Client& client, const phoson::Conversation& chat) {
  auto reply = client.messages.send(chat.id, "And in one word?", {.max_tokens = 256});
  for (const auto& message : client.messages.list(chat.id)) {
    std::cout << message.role << ": " << message.content << '\n';
  }
  return reply.role == "assistant";
}
// [send]

// [manage]
// Every object can be listed, read, changed and removed.
bool manage(const phoson::Client& client, const phoson::Agent& agent) {
  auto renamed = client.agents.update(agent.id, {.description = "Helpful and brief"});
  auto chat = client.conversations.create({.agent_id = agent.id, .thread_id = "order-1017"});
  chat = client.conversations.update(chat.id, {.title = "Order 1017"});
  const bool found = client.conversations.list(agent.id).size() == 2 &&
                     client.conversations.get(chat.id).title == "Order 1017" &&
                     client.agents.get(agent.id).description == renamed.description;
  client.conversations.remove(chat.id);
  client.agents.remove(agent.id);  // with its conversations, messages and memory
  return found;
}
// [manage]

// [begin]
bool converse(std::stop_token enough) {
  auto root = phoson::Client::from_env();  // PHOSON_API_KEY, PHOSON_BASE_URL
  auto client = root.with({.stop = enough});
  auto agent = client.agents.create({.name = "My Assistant", .description = "Helpful"});
  auto chat = client.conversations.create({.agent_id = agent.id, .title = "Hello"});
  return stream(client, chat) && send(client, chat) && manage(client, agent);
}
// [begin]

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
