// For tests of the Phoson client: clients of a scripted server, and what that server says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "colonnade/phoson.hpp"
#include "colonnade/testing.hpp"

namespace colonnade::phoson_script {

using phoson::AsyncClient;
using phoson::Client;
using phoson::Options;

inline Options options_of(const testing::ScriptedTransport& wire,
                          std::string base_url = "http://test") {
  return {
      .api_key = "pk_1", .base_url = std::move(base_url), .http = {.transport = wire.transport()}};
}

// One event as the server frames it.
inline std::string frame(const Json& data) {
  return "event: " + data["type"].as_string() + "\ndata: " + data.dump() + "\n\n";
}
inline std::string token(std::string_view text) {
  return frame({{"type", "token"}, {"content", text}});
}
inline std::string run_done(std::string_view text) {
  return frame({{"type", "run_done"}, {"content", text}, {"run_id", "r1"}});
}

// What a stream gave, and the message of what it threw, "" for a quiet end.
struct Ran {
  std::vector<Json> events{};
  std::string thrown{};
  TransportErrorKind kind = TransportErrorKind::none;
  int status = 0;
  bool operator==(const Ran&) const = default;
};

inline void note(Ran& ran, const Error& error) {
  ran.thrown = error.what();
  ran.kind = error.failure().transport;
  ran.status = error.failure().status;
}

inline Ran stream_with(const Client& client) {
  Ran ran;
  try {
    for (const auto& event : client.messages.stream("c1", "Hi")) ran.events.push_back(event.data());
  } catch (const phoson::Error& error) {
    note(ran, error);
  }
  return ran;
}

inline Task<Ran> stream_async(const AsyncClient* client) {
  Ran ran;
  auto events = client->messages.stream("c1", "Hi");
  try {
    while (auto event = co_await events.next()) ran.events.push_back(event->data());
  } catch (const phoson::Error& error) {
    note(ran, error);
  }
  co_return ran;
}

// A run that `script` plays, seen by the blocking client; the async one must see the same.
template <class Script>
Ran stream_with_both(Script script) {
  testing::ScriptedTransport wire;
  for (int i = 0; i < 2; ++i) {
    script(wire.expect("POST", "/v1/conversations/c1/messages"));
  }
  const Client client(options_of(wire));
  const AsyncClient async(options_of(wire));
  const Ran ran = stream_with(client);
  const Ran awaited = run(stream_async(&async));
  if (ran == awaited) return ran;
  return {.events = {}, .thrown = "the two clients differ: " + ran.thrown + " / " + awaited.thrown};
}

inline Ran stream_with_both(std::vector<std::string> pieces) {
  return stream_with_both([&](auto expectation) { expectation.stream(pieces); });
}

}  // namespace colonnade::phoson_script
