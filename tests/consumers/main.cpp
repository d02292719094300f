// What a user writes: only the installed headers and library.
#include <colonnade/faramesh.hpp>
#include <colonnade/fathom.hpp>
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
  const bool ok = right && reached && governs();
  std::cout << (ok ? "ok" : "wrong") << '\n';
  return ok ? 0 : 1;
}
