// Every kind of failure, provoked on purpose and told apart.
//
//   PLATOS_BASE_URL=http://localhost:8790 PLATOS_SESSION_TOKEN=… platos_errors
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "colonnade/platos.hpp"

using namespace colonnade;

namespace {

// [errors]
std::string explain(const platos::Client& client, std::string_view thread_id) {
  try {
    return std::to_string(client.threads.messages(thread_id).size()) + " messages";
  } catch (const platos::AuthError& e) {
    return "refused with " + std::to_string(e.status());  // 401, 403
  } catch (const platos::NotFoundError& e) {
    return "missing, " + e.code();
  } catch (const platos::ValidationError& e) {
    return std::to_string(e.validation_errors().size()) + " fields are wrong";
  } catch (const platos::RateLimitError& e) {
    return "wait for " + std::to_string(e.retry_after_ms().value_or(0)) + " ms";
  } catch (const platos::ServerError& e) {
    return e.what();
  } catch (const platos::CancelledError&) {
    return "we stopped it ourselves";
  } catch (const platos::NetworkError& e) {
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
  auto options = platos::Options::from_env();
  options.retries.retries = 0;  // a failure is told at once
  const platos::Client client(options);
  const auto thread = client.threads.create();
  expect("0 messages", explain(client, thread.id));
  expect("missing, not_found", explain(client, "non-existent-id"));
  expect("the call itself is wrong", explain(client, ""));

  std::stop_source stop;
  stop.request_stop();
  expect("we stopped it ourselves", explain(client.with({.stop = stop.get_token()}), thread.id));

  auto unknown = options;
  unknown.session_token = "no.such.token";  // wins over a key
  expect("refused with 401", explain(platos::Client(unknown), thread.id));
  options.base_url = "http://127.0.0.1:1";  // nobody listens on port 1
  expect("connect", explain(platos::Client(options), thread.id));

  // A missing agent or thread is no error where one is asked for by its id.
  expect("nothing", client.threads.get("non-existent-id") ? "something" : "nothing");
  // attempt() gives a result instead of an exception.
  const auto missing = attempt([&] { client.threads.archive("non-existent-id"); });
  expect("404", missing ? "archived" : std::to_string(missing.error().status));
  client.threads.remove(thread.id);
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
