// Every kind of failure, provoked on purpose and told apart.
//
//   FATHOM_BASE_URL=http://localhost:8790 FATHOM_TOKEN=… fathom_errors
#include <chrono>
#include <iostream>
#include <string_view>

#include "colonnade/fathom.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [errors]
std::string_view explain(const fathom::Client& client, std::string_view thread_id) {
  try {
    client.threads.get(thread_id);
    return "there it is";
  } catch (const fathom::PairingRequiredError&) {
    return "no token: pair first";  // nothing was sent
  } catch (const fathom::UnauthorizedError&) {
    return "the token does not count any more: pair again";
  } catch (const fathom::HttpError& e) {
    return e.status() == 404 ? "no such thread" : "the server refuses";
  } catch (const fathom::CancelledError&) {
    return "we stopped it ourselves";
  } catch (const fathom::TransportError& e) {
    return to_string(e.kind());  // resolve, connect, tls, reset, timeout, protocol
  } catch (const fathom::Error&) {
    return "the call itself is wrong";  // an empty id, a closed client
  }
}
// [errors]

int failures = 0;

void expect(std::string_view wanted, std::string_view got) {
  std::cout << got << '\n';
  if (wanted != got) ++failures;
}

void provoke_all() {
  fathom::Client client;  // FATHOM_BASE_URL, FATHOM_TOKEN
  const auto thread = client.threads.create("Errors");
  expect("there it is", explain(client, thread.id));
  expect("no such thread", explain(client, "00000000000000000000000000000000"));
  expect("no token: pair first", explain(client.with_token(""), thread.id));
  expect("the token does not count any more: pair again",
         explain(client.with_token("not-a-token"), thread.id));
  expect("the call itself is wrong", explain(client, ""));

  std::stop_source stop;
  stop.request_stop();
  expect("we stopped it ourselves", explain(client.with({.stop = stop.get_token()}), thread.id));

  // Nobody listens on port 1.
  const fathom::Client nowhere{{.base_url = "http://127.0.0.1:1", .token = "t"}};
  expect("connect", explain(nowhere, thread.id));
  client.threads.remove(thread.id);
}

}  // namespace

int main() {
  try {
    provoke_all();
    return failures;
  } catch (const colonnade::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
