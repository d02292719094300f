// For tests of the Platos client: clients of a scripted server, what that server says over its
// socket, and what a turn gave.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/platos.hpp"
#include "colonnade/testing.hpp"

namespace colonnade::platos_script {

using namespace std::chrono_literals;

inline constexpr std::string_view socket_target = "/socket.io/?EIO=4&transport=websocket";

// Fast where the wire allows it: what waits, waits a millisecond.
inline platos::Options options_of(const testing::ScriptedTransport& wire) {
  return {.base_url = "http://test",
          .session_token = "t1",
          .retries = {.delay_min = 1ms, .delay_max = 2ms},
          .sockets = {.delay_min = 1ms,
                      .delay_max = 2ms,
                      .persisted_time_max = 1ms,
                      .resume_time_max = 1ms,
                      .poll_interval = 1ms},
          .http = {.transport = wire.transport()}};
}

inline std::string event(std::string_view name, const Json& payload) {
  return "42/agent,[\"" + std::string(name) + "\"," + payload.dump() + "]";
}
// An agent_event of thread "th1"; numbered unless `seq` is 0.
inline std::string turn_event(Json payload, int seq = 0) {
  payload.set("threadId", "th1");
  if (seq > 0) payload.set("_seq", seq);
  return event("agent_event", payload);
}
inline std::string token(std::string_view text, int seq = 0) {
  return turn_event({{"type", "token"}, {"text", text}}, seq);
}
inline std::string done(int seq = 0) { return turn_event({{"type", "done"}}, seq); }

inline constexpr std::string_view opened =
    R"(0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":10000,"maxPayload":1000000})";
inline constexpr std::string_view joined = R"(40/agent,{"sid":"n"})";
inline std::string connected() { return event("connected", {{"status", "ok"}}); }

// The handshake of a socket with this token, up to where it is live.
inline auto& greet(testing::ScriptedTransport::SocketScript& socket,
                   std::string_view token_text = "t1") {
  return socket.say(opened)
      .hear(R"(40/agent,{"token":")" + std::string(token_text) + "\"}")
      .say(joined)
      .say(connected());
}

// What a turn gave, by type, with the text of tokens behind a colon; what it threw, "" for a quiet
// end.
struct Ran {
  std::vector<std::string> events{};
  std::string thrown{};
  int status = 0;
  bool cancelled = false;
  bool operator==(const Ran&) const = default;
};

inline void note(Ran& ran, const platos::Event& event) {
  std::string line(event.type());
  if (const auto* token = event.as<platos::Token>()) line += ":" + token->text;
  if (const auto* again = event.as<platos::Reconnecting>()) {
    line += ":" + std::to_string(again->attempt);
  }
  if (const auto* end = event.as<platos::Done>(); end != nullptr && end->stopped) {
    line += ":stopped";
  }
  if (const auto* failed = event.as<platos::Failed>()) line += ":" + failed->code;
  ran.events.push_back(std::move(line));
}

inline Ran send_with(const platos::Client& client, const platos::SendOptions& options = {}) {
  Ran ran;
  auto events = client.threads.send("th1", "hi", options);
  try {
    for (const auto& event : events) note(ran, event);
  } catch (const colonnade::Error& error) {
    ran.thrown = error.what();
    ran.status = error.failure().status;
  }
  ran.cancelled = events.cancelled();
  return ran;
}

inline Task<Ran> send_async(const platos::AsyncClient* client, platos::SendOptions options) {
  Ran ran;
  auto events = client->threads.send("th1", "hi", options);
  try {
    while (auto event = co_await events.next()) note(ran, *event);
  } catch (const colonnade::Error& error) {
    ran.thrown = error.what();
    ran.status = error.failure().status;
  }
  ran.cancelled = events.cancelled();
  co_return ran;
}

// A turn that `script` plays, seen by the blocking client; the async one must see the same.
inline Ran send_with_both(const std::function<void(testing::ScriptedTransport&)>& script,
                          const std::function<void(platos::Options&)>& adjust = {},
                          const platos::SendOptions& options = {.idempotency_key = "k"}) {
  Ran both[2];
  for (const bool async : {false, true}) {
    testing::ScriptedTransport wire;
    script(wire);
    platos::Options settings = options_of(wire);
    if (adjust) adjust(settings);
    if (async) {
      const platos::AsyncClient client(settings);
      both[1] = run(send_async(&client, options));
    } else {
      both[0] = send_with(platos::Client(settings), options);
    }
    try {
      wire.verify();
    } catch (const testing::ScriptError& error) {
      both[0].thrown += error.what();
    }
    if (wire.open_streams() != 0) both[0].thrown += " a socket was left open";
  }
  if (both[0] == both[1]) return both[0];
  std::string seen = both[0].thrown + " / " + both[1].thrown;
  for (const auto& line : both[1].events) seen += " " + line;
  return {.events = both[0].events, .thrown = "the two clients differ: " + seen};
}

}  // namespace colonnade::platos_script
