// For tests of the Tandem client: clients of a scripted server, and what that server says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "colonnade/tandem.hpp"
#include "colonnade/testing.hpp"

namespace colonnade::tandem_script {

using tandem::AsyncClient;
using tandem::Client;
using tandem::Options;

inline Options options_of(const testing::ScriptedTransport& wire, bool real_engine = false) {
  return {.base_url = "http://test",
          .token = "tk_1",
          .real_engine = real_engine,
          .http = {.transport = wire.transport()}};
}

// One event as a server frames it.
inline std::string frame(const Json& event) { return "data: " + event.dump() + "\n\n"; }

// With the ids where Colonnade puts them.
inline std::string ours(std::string_view type, Json properties = Json::object(),
                        std::string_view run = "r1") {
  properties.set("sessionID", "s1").set("runID", run);
  return frame(
      {{"type", type}, {"sessionID", "s1"}, {"runID", run}, {"properties", std::move(properties)}});
}
// As a real engine sends it.
inline std::string engines(std::string_view type, Json properties) {
  return frame({{"type", type}, {"properties", std::move(properties)}});
}
inline std::string text_part(std::string_view delta, std::string_view session = "s1") {
  return engines("message.part.updated", {{"part",
                                           {{"id", "p1"},
                                            {"sessionID", session},
                                            {"messageID", "m1"},
                                            {"type", "text"},
                                            {"text", delta}}},
                                          {"delta", delta}});
}
inline std::string engines_end(std::string_view status = "completed") {
  return engines("session.run.finished",
                 {{"sessionID", "s1"}, {"runID", "r1"}, {"finishedAtMs", 5}, {"status", status}});
}
inline std::string connected() { return frame({{"type", "server.connected"}}); }

// What a stream gave: "type", or "type value" of the kinds that tests look at; and what it threw.
struct Ran {
  std::vector<std::string> events{};
  std::string thrown{};
  TransportErrorKind kind = TransportErrorKind::none;
  bool operator==(const Ran&) const = default;
};

inline std::string told(const tandem::Event& event) {
  const std::string type(event.type());
  if (const auto* text = event.as<tandem::SessionResponse>()) return type + " " + text->delta;
  if (const auto* end = event.as<tandem::RunFinished>()) {
    return type + " " + end->status + (end->error ? " " + *end->error : "");
  }
  if (const auto* call = event.as<tandem::ToolCall>()) {
    return type + " " + call->tool + " " + call->args.dump() + " " + call->call_id;
  }
  if (const auto* result = event.as<tandem::ToolResult>()) {
    return type + " " + result->tool + " " + result->output +
           (result->error ? " !" + *result->error : "") + " " + result->call_id;
  }
  if (const auto* ask = event.as<tandem::PermissionRequest>()) {
    return type + " " + ask->id + " " + ask->permission;
  }
  return type;
}

inline void note(Ran& ran, const Error& error) {
  ran.thrown = error.what();
  ran.kind = error.failure().transport;
}

inline Ran read_all(Stream<tandem::Event> stream) {
  Ran ran;
  try {
    for (const auto& event : stream) ran.events.push_back(told(event));
  } catch (const Error& error) {
    note(ran, error);
  }
  return ran;
}

inline Task<Ran> read_all(AsyncStream<tandem::Event> stream) {
  Ran ran;
  try {
    while (auto event = co_await stream.next()) ran.events.push_back(told(*event));
  } catch (const Error& error) {
    note(ran, error);
  }
  co_return ran;
}

// A stream that `script` plays, read to its end by both clients, which must see the same. `open`
// opens it with either.
template <class Script, class Open>
Ran read_with_both(Script script, Open open, bool real_engine = false) {
  testing::ScriptedTransport wire;
  script(wire);
  Ran ran;
  try {
    const Client client(options_of(wire, real_engine));
    ran = read_all(open(client));
  } catch (const Error& error) {  // of opening
    note(ran, error);
  }
  testing::ScriptedTransport again;
  script(again);
  const AsyncClient async(options_of(again, real_engine));
  const Ran awaited = run(read_all(open(async)));
  wire.verify();
  again.verify();
  if (ran == awaited) return ran;
  return {.thrown = "the two clients differ: " + ran.thrown + " / " + awaited.thrown};
}

// The stream of the run r1 in the session s1.
inline constexpr auto of_the_run = [](const auto& client) { return client.stream("s1", "r1"); };

inline Ran read_run(const std::vector<std::string>& pieces) {
  return read_with_both(
      [&](testing::ScriptedTransport& wire) {
        wire.expect("GET", "/event?sessionID=s1&runID=r1").stream(pieces);
      },
      of_the_run);
}

}  // namespace colonnade::tandem_script
