// Pairs a device: an authorised client issues a code, the new device turns it into a token of its
// own, uses it, and is revoked again.
//
//   FATHOM_BASE_URL=http://localhost:8790 FATHOM_TOKEN=… fathom_pairing
#include <chrono>
#include <iostream>

#include "colonnade/fathom.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [pair]
int pair_a_device() {
  fathom::Client owner;  // FATHOM_BASE_URL, FATHOM_TOKEN
  auto issued = owner.pair_start();

  fathom::Client f;
  auto claim = f.pair({.code = issued.code, .device_name = "ci-bot"});
  auto authed = f.with_token(claim.token);  // same connections, new token

  std::stop_source ctrl_c;
  auto impatient = authed.with({.timeout = 5s, .stop = ctrl_c.get_token()});
  try {
    for (const auto& thread : impatient.threads.list()) std::cout << thread.title << '\n';
  } catch (const fathom::UnauthorizedError&) {  // revoked: pair again
    return 1;
  } catch (const fathom::HttpError& e) {
    std::cerr << e.status() << ' ' << e.body() << '\n';
    return 1;
  }

  if (auto threads = attempt([&] { return authed.threads.list(); })) {
    std::cout << threads->size() << '\n';
  } else {
    std::cerr << threads.error().message << '\n';
    return 1;
  }

  owner.devices.revoke(claim.device_id);
  auto refused = attempt([&] { return authed.threads.list(); });
  return !refused && refused.error().kind == ErrorKind::unauthorized ? 0 : 1;
}
// [pair]

}  // namespace

int main() {
  try {
    return pair_a_device();
  } catch (const colonnade::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
