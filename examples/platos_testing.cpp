// A test of a program that uses the client: the server is a script, its sockets too, so it needs
// none. What is tested here is that a refused token is replaced, for a call and for a turn.
//
//   platos_testing
#include <iostream>
#include <string>

#include "colonnade/platos.hpp"
#include "colonnade/testing.hpp"

using namespace colonnade;

namespace {

std::string mint_session_token(const platos::TokenRefreshContext& refused) {
  std::cout << "refused with " << refused.status << ", asking for a new token\n";
  return refused.current_token == "token-1" ? "token-2" : "token-3";
}

platos::Client make_client(const testing::ScriptedTransport& wire) {
  return platos::Client{{
      .base_url = "https://platos.example.com",
      .session_token = "token-1",
      .on_token_refresh = mint_session_token,  // a function without arguments will do, too
      .http = {.transport = wire.transport()},
  }};
}

// [script]
// A server that takes each token for a single request, and a turn.
void play(testing::ScriptedTransport& wire) {
  wire.expect("GET", "/api/v1/agent/agents").reply(401, R"({"message":"expired"})");
  wire.expect("GET", "/api/v1/agent/agents").reply(200, R"({"agents":[]})");
  wire.expect("GET", "/socket.io/").reply(401, R"({"message":"expired"})");
  wire.expect_socket("/socket.io/")
      .say(R"(0{"sid":"s","pingInterval":25000,"pingTimeout":10000})")
      .hear(R"(40/agent,{"token":"token-3"})")
      .say(R"(40/agent,{"sid":"n"})")
      .say(R"(42/agent,["connected",{"status":"ok"}])")
      .hear(R"(42/agent,["message",{"message":"Hello","threadId":"th1",*)")
      .say(R"(42/agent,["agent_event",{"type":"token","text":"Hi.","_seq":1}])")
      .say(R"(42/agent,["agent_event",{"type":"done","_seq":2}])");
}
// [script]

bool converse() {
  testing::ScriptedTransport wire;
  play(wire);
  const auto client = make_client(wire);
  std::cout << client.agents.list().size() << " agents\n";
  std::string answer;
  for (const auto& event : client.threads.send("th1", "Hello")) {
    if (auto* token = event.as<platos::Token>()) answer += token->text;
  }
  std::cout << answer << '\n';
  wire.verify();
  return answer == "Hi.";
}

}  // namespace

int main() {
  try {
    return converse() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
