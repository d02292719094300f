// What a user writes: only the installed headers and library.
#include <colonnade/faramesh.hpp>
#include <colonnade/fathom.hpp>
#include <colonnade/phoson.hpp>
#include <colonnade/platos.hpp>
#include <colonnade/tandem.hpp>
#include <colonnade/testing.hpp>
#include <iostream>

namespace {

colonnade::Task<std::size_t> count(const colonnade::fathom::AsyncClient* client) {
  auto threads = co_await client->threads.list();
  co_return threads.size();
}

// Whether a tool behind the gate runs when it may, and only then.
bool governs() {
  using namespace colonnade;
  const faramesh::ActionRequest request{
      .agent_id = "a", .tool = "shell", .operation = "exec", .params = {{"cmd", "ls"}}};
  Json verdict{{"outcome", "EXECUTE"}, {"request_hash", faramesh::compute_request_hash(request)}};
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/gate/decide").reply(200, verdict.dump());
  wire.expect("POST", "/v1/gate/decide").reply(200, verdict.set("outcome", "HALT").dump());
  const faramesh::Client gate{{.base_url = "http://test", .http = {.transport = wire.transport()}}};
  const auto run_it = [](const Json& params) { return params["cmd"].as_string(); };
  if (gate.execute_if_allowed(request, run_it) != "ls") return false;
  return !gate.try_execute_if_allowed(request, run_it).executed;
}

// Whether an answer arrives piece by piece, and the server's words with an error.
bool converses() {
  using namespace colonnade;
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/conversations/c1/messages")
      .stream({"data: {\"type\":\"token\",\"content\":\"Fine.\"}\n\n",
               "data: {\"type\":\"run_done\",\"content\":\"Fine.\",\"run_id\":\"r1\"}\n\n"});
  wire.expect("GET", "/v1/agents/a1").reply(404, R"({"detail":"Agent not found"})");
  const phoson::Client client{
      {.api_key = "k", .base_url = "http://test", .http = {.transport = wire.transport()}}};
  std::string answer;
  for (const auto& event : client.messages.stream("c1", "Hello", {.temperature = 0.7})) {
    if (const auto* token = event.as<phoson::Token>()) answer += token->content;
  }
  const auto refused = attempt([&] { return client.agents.get("a1"); });
  return answer == "Fine." && !refused && refused.error().status == 404;
}

// Whether a turn runs over a socket, for both clients, and a refused token is replaced.
colonnade::Task<std::string> answer(const colonnade::platos::AsyncClient* client) {
  std::string text;
  auto events = client->threads.send("th1", "Hello");
  while (auto event = co_await events.next()) {
    if (const auto* token = event->as<colonnade::platos::Token>()) text += token->text;
  }
  co_return text;
}

bool takes_turns() {
  using namespace colonnade;
  testing::ScriptedTransport wire;
  wire.expect("GET", "/socket.io/").reply(401, R"({"message":"expired"})");
  for (int i = 0; i < 2; ++i) {
    wire.expect_socket("/socket.io/")
        .say(R"(0{"pingInterval":25000,"pingTimeout":10000})")
        .hear(i == 0 ? R"(40/agent,{"token":"t2"})" : R"(40/agent,{"token":"t1"})")
        .say(R"(40/agent,{"sid":"n"})")
        .say(R"(42/agent,["connected",{}])")
        .say(R"(42/agent,["agent_event",{"type":"token","text":"Hi.","_seq":1}])")
        .say(R"(42/agent,["agent_event",{"type":"done","_seq":2}])");
  }
  const platos::Options options{.base_url = "http://test",
                                .session_token = "t1",
                                .on_token_refresh = [] { return std::string("t2"); },
                                .http = {.transport = wire.transport()}};
  const platos::Client client(options);
  std::string text;
  for (const auto& event : client.threads.send("th1", "Hello")) {
    if (const auto* token = event.as<platos::Token>()) text += token->text;
  }
  const platos::AsyncClient async(options);
  const std::string awaited = run(answer(&async));
  wire.verify();

  // The built-in WebSocket is linked in, too: port 1 refuses.
  const platos::Client nowhere{
      {.base_url = "http://127.0.0.1:1", .session_token = "t", .sockets = {.reconnects = 0}}};
  auto events = nowhere.threads.send("th1", "Hello");
  const auto lost = events.next();
  return text == "Hi." && awaited == "Hi." && lost && lost->as<platos::Disconnected>() != nullptr;
}

// Whether a run's answer arrives with both clients.
colonnade::Task<std::string> work(const colonnade::tandem::AsyncClient* client) {
  std::string text;
  auto events = client->stream("s1", "r1");
  while (auto event = co_await events.next()) {
    if (const auto* piece = event->as<colonnade::tandem::SessionResponse>()) text += piece->delta;
  }
  co_return text;
}

bool works() {
  using namespace colonnade;
  testing::ScriptedTransport wire;
  wire.expect("GET", "/event?sessionID=s1&runID=r1")
      .stream({"data: {\"type\":\"session.response\",\"properties\":{\"delta\":\"Hi.\"}}\n\n",
               "data: {\"type\":\"session.run.finished\",\"properties\":{}}\n\n"})
      .times(2);
  const tandem::Options options{.base_url = "http://test", .http = {.transport = wire.transport()}};
  const tandem::Client client(options);
  std::string text;
  for (const auto& event : client.stream("s1", "r1")) {
    if (const auto* piece = event.as<tandem::SessionResponse>()) text += piece->delta;
  }
  const tandem::AsyncClient async(options);
  const std::string awaited = run(work(&async));
  wire.verify();
  return text == "Hi." && awaited == "Hi.";
}

}  // namespace

int main() {
  using namespace colonnade;
  testing::ScriptedTransport wire;
  wire.expect("POST", "/api/v1/threads").reply(200, R"({"id":"t1","title":""})");
  wire.expect("GET", "/api/v1/threads").reply(200, R"({"threads":[{"id":"t1"}]})");
  const fathom::Options options{
      .base_url = "http://test", .token = "t", .http = {.transport = wire.transport()}};
  const fathom::Client client(options);
  const fathom::AsyncClient async(options);
  const bool right = client.threads.create().id == "t1" && run(count(&async)) == 1;
  wire.verify();

  // The built-in transport is linked in, too: port 1 refuses.
  const fathom::Client nowhere{{.base_url = "http://127.0.0.1:1", .token = "t"}};
  const auto refused = attempt([&] { return nowhere.threads.list(); });
  const bool reached = !refused && refused.error().transport == TransportErrorKind::connect;
  const bool ok = right && reached && governs() && converses() && takes_turns() && works();
  std::cout << (ok ? "ok" : "wrong") << '\n';
  return ok ? 0 : 1;
}
