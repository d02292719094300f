// Every kind of failure, provoked on purpose and told apart.
//
//   PHOSON_API_KEY=… PHOSON_BASE_URL=http://localhost:8790 phoson_errors
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "colonnade/phoson.hpp"

using namespace colonnade;

namespace {

// [errors]
std::string explain(const phoson::Client& client, std::string_view agent_id) {
  try {
    return "there it is: " + client.agents.get(agent_id).name;
  } catch (const phoson::ApiError& e) {
    return std::to_string(e.status_code()) + ' ' + e.detail();
  } catch (const phoson::CancelledError&) {
    return "we stopped it ourselves";
  } catch (const phoson::ConnectionError& e) {
    return std::string(to_string(e.kind()));  // resolve, connect, tls, reset, timeout, protocol
  } catch (const std::invalid_argument&) {
    return "the call itself is wrong";  // an empty id; nothing was sent
  }
}
// [errors]

int failures = 0;

void expect(std::string_view wanted, std::string_view got) {
  std::cout << got << '\n';
  if (wanted != got) ++failures;
}

void provoke_all() {
  auto options = phoson::Options::from_env();  // PHOSON_API_KEY, PHOSON_BASE_URL
  const phoson::Client client(options);
  const auto agent = client.agents.create({.name = "Errors"});
  expect("there it is: Errors", explain(client, agent.id));
  expect("404 Agent not found", explain(client, "non-existent-id"));
  expect("the call itself is wrong", explain(client, ""));

  std::stop_source stop;
  stop.request_stop();
  expect("we stopped it ourselves", explain(client.with({.stop = stop.get_token()}), agent.id));

  options.api_key = "pk_unknown";
  expect("401 Invalid or missing API key", explain(phoson::Client(options), agent.id));
  options.base_url = "http://127.0.0.1:1";  // nobody listens on port 1
  expect("connect", explain(phoson::Client(options), agent.id));

  // attempt() gives a result instead of an exception.
  const auto invalid = attempt([&] { return client.agents.create({.name = " "}); });
  expect("422", invalid ? "accepted" : std::to_string(invalid.error().status));
  client.agents.remove(agent.id);
}

}  // namespace

int main() {
  try {
    provoke_all();
    return failures;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
