// A session token that has expired: the server says 401, the client asks for another one, once, and
// repeats what was refused; for a call, for a turn that is about to begin, and awaited.
//
//   PLATOS_BASE_URL=http://localhost:8790 PLATOS_SESSION_TOKEN=<an expired one>
//   PLATOS_ENTITY_SECRET=… platos_refresh
//
// The server must know the entity acme/shop/backend with that secret.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>

#include "colonnade/platos.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::invalid_argument(std::string(name) + " is not set");
  return value;
}

int minted = 0;

// [mint]
// What your back end does, which alone has the entity's secret: it asks the server for a token of
// this user.
std::string mint_session_token() {
  ++minted;
  const platos::Client back_end{{
      .base_url = setting("PLATOS_BASE_URL"),
      .api_key = setting("PLATOS_ENTITY_SECRET"),
      .scope = {.organization_id = "acme", .project_id = "shop", .environment_id = "live"},
      .default_user = "backend",
  }};
  const Json reply = back_end.bgo.raw("/api/v1/entities/backend/session-tokens", "POST",
                                      {{"organizationId", "acme"},
                                       {"projectId", "shop"},
                                       {"environmentId", "live"},
                                       {"userId", "ann"}});
  return reply["token"].as_string();
}
// [mint]

// [refresh]
std::string replace_token(const platos::TokenRefreshContext& refused) {
  std::cout << "refused with " << refused.status << ", asking for a new token\n";
  return mint_session_token();
}

platos::Options with_refresh() {
  return {
      .base_url = setting("PLATOS_BASE_URL"),
      .session_token = setting("PLATOS_SESSION_TOKEN"),
      .on_token_refresh = replace_token,  // called once on a 401; then the call is repeated
  };
}
// [refresh]

void expect(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

// A call, then a turn of another client with the expired token: both are refused once.
std::string greet(std::stop_token enough) {
  const platos::Client root(with_refresh());
  const auto client = root.with({.stop = enough});
  const auto thread = client.threads.create();
  expect(minted == 1, "one token for the call");

  auto options = with_refresh();
  options.on_token_refresh = mint_session_token;  // a function without arguments will do, too
  const platos::Client other(options);
  std::string answer;
  for (const auto& event : other.with({.stop = enough}).threads.send(thread.id, "/say Hello.")) {
    if (const auto* token = event.as<platos::Token>()) answer += token->text;
  }
  expect(minted == 2, "one token for the turn");
  client.threads.remove(thread.id);
  return answer;
}

Task<std::size_t> count_agents(std::stop_token enough) {
  const platos::AsyncClient root(with_refresh());
  const CallOptions bounded{.stop = enough};
  const auto client = root.with(bounded);
  const auto agents = co_await client.agents.list();
  expect(minted == 3, "one token for the awaited call");
  co_return agents.size();
}

// Without a function the refusal is the caller's.
bool is_refused(std::stop_token enough) {
  auto options = with_refresh();
  options.on_token_refresh = {};
  const platos::Client root(options);
  try {
    root.with({.stop = enough}).agents.list();
    return false;
  } catch (const platos::AuthError& e) {
    std::cout << e.what() << '\n';
    return e.status() == 401;
  }
}

}  // namespace

int main() {
  try {
    const Deadline deadline(60s);
    const std::stop_token enough = deadline.source().get_token();
    std::cout << greet(enough) << '\n';
    std::cout << run(count_agents(enough)) << " agents\n";
    return is_refused(enough) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
