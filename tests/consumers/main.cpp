// What a user writes: only the installed headers and library.
#include <colonnade/fathom.hpp>
#include <colonnade/testing.hpp>
#include <iostream>

namespace {

colonnade::Task<std::size_t> count(const colonnade::fathom::AsyncClient* client) {
  auto threads = co_await client->threads.list();
  co_return threads.size();
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
  std::cout << (right && reached ? "ok" : "wrong") << '\n';
  return right && reached ? 0 : 1;
}
