// stream_reconnecting(): nothing twice, nothing of the stored messages missed, refusals thrown.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <thread>

#include "colonnade/fathom.hpp"
#include "colonnade/testing.hpp"

namespace colonnade {
namespace {

using namespace std::chrono_literals;
using fathom::AsyncClient;
using fathom::Client;

constexpr fathom::ReconnectOptions quick{.delay_min = 1ms, .delay_max = 2ms};
constexpr const char* stream_path = "/api/v1/threads/t1/stream";
constexpr const char* thread_path = "/api/v1/threads/t1";

std::string detail(std::vector<std::pair<std::string, std::string>> messages) {
  Json list = Json::array();
  for (auto& [role, id] : messages) list.push_back({{"id", id}, {"role", role}, {"content", id}});
  return Json{{"thread", {{"id", "t1"}}}, {"messages", list}}.dump();
}

std::string ready() { return "event: ready\ndata: {\"thread_id\":\"t1\"}\n\n"; }
std::string stored(const std::string& type, const std::string& id) {
  return "event: " + type + "\ndata: {\"message\":{\"id\":\"" + id + "\"}}\n\n";
}

std::string describe(const fathom::Event& event) {
  std::string out(event.type());
  if (const auto* user = event.as<fathom::UserMessage>()) out += " " + user->message.id;
  if (const auto* done = event.as<fathom::AgentDone>()) out += " " + done->message.id;
  return out;
}

fathom::Options options_for(const testing::ScriptedTransport& wire) {
  return {.base_url = "http://test", .token = "t", .http = {.transport = wire.transport()}};
}

Task<void> drain_async(const AsyncClient* client, std::vector<std::string>* seen) {
  auto events = client->threads.stream_reconnecting("t1", quick);
  while (auto event = co_await events.next()) {
    seen->push_back(describe(*event));
  }
}

void drain(const Client& client, std::vector<std::string>* seen) {
  for (const auto& event : client.threads.stream_reconnecting("t1", quick)) {
    seen->push_back(describe(event));
  }
}

// Runs the script against both clients; it must end with a refusal of this status.
void both(const std::function<void(testing::ScriptedTransport&)>& script,
          const std::vector<std::string>& expected, int status) {
  for (const bool async : {false, true}) {
    SCOPED_TRACE(async ? "async" : "blocking");
    testing::ScriptedTransport wire;
    script(wire);
    std::vector<std::string> seen;
    const Client client(options_for(wire));
    const AsyncClient async_client(options_for(wire));
    try {
      if (async) {
        run(drain_async(&async_client, &seen));
      } else {
        drain(client, &seen);
      }
      FAIL() << "ended without a refusal";
    } catch (const fathom::HttpError& error) {
      EXPECT_EQ(error.status(), status);
    } catch (const fathom::UnauthorizedError& error) {
      EXPECT_EQ(error.status(), status);
    }
    EXPECT_EQ(seen, expected);
    wire.verify();
  }
}

TEST(FathomReconnect, missed_messages_are_given_once) {
  both(
      [](testing::ScriptedTransport& wire) {
        // Before: one old message. The first connection sees one user message and breaks.
        wire.expect("GET", thread_path).reply(200, detail({{"user", "m0"}}));
        wire.expect("GET", stream_path)
            .stream({ready(), stored("user_message", "m1"), stored("agent_thinking", "m1")})
            .fail(TransportErrorKind::reset);
        wire.expect("GET", thread_path).reply(200, detail({{"user", "m0"}}));
        // Meanwhile the reply and another question were stored; the live stream repeats the latter.
        wire.expect("GET", stream_path).stream({ready(), stored("user_message", "m3")});
        wire.expect("GET", thread_path)
            .reply(200, detail({{"user", "m0"}, {"user", "m1"}, {"agent", "m2"}, {"user", "m3"}}));
        wire.expect("GET", stream_path).reply(404, R"({"error":"gone"})");
      },
      {"ready", "user_message m1", "agent_thinking", "ready", "agent_done m2", "user_message m3"},
      404);
}

TEST(FathomReconnect, an_end_before_any_event_is_probed) {
  both(
      [](testing::ScriptedTransport& wire) {
        wire.expect("GET", thread_path).reply(200, detail({}));
        wire.expect("GET", stream_path).stream({});
        wire.expect("GET", thread_path).reply(401, R"({"error":"revoked"})");
      },
      {}, 401);
}

TEST(FathomReconnect, trouble_of_the_server_is_waited_out_a_refusal_is_not) {
  both(
      [](testing::ScriptedTransport& wire) {
        wire.expect("GET", thread_path).reply(200, detail({}));
        wire.expect("GET", stream_path).stream({ready()});
        wire.expect("GET", thread_path).reply(200, detail({}));
        wire.expect("GET", stream_path).fail(TransportErrorKind::connect);
        wire.expect("GET", thread_path).reply(503, "{}");
        wire.expect("GET", stream_path).stream({ready()});
        wire.expect("GET", thread_path).reply(200, detail({{"agent", "m9"}}));
        wire.expect("GET", stream_path).reply(403, "{}");
      },
      {"ready", "ready", "agent_done m9"}, 403);
}

TEST(FathomReconnect, the_first_failure_is_thrown) {
  testing::ScriptedTransport wire;
  wire.expect("GET", thread_path).fail(TransportErrorKind::connect).times(2);
  const Client client(options_for(wire));
  EXPECT_THROW((void)client.threads.stream_reconnecting("t1"), fathom::TransportError);
  const AsyncClient async(options_for(wire));
  std::vector<std::string> seen;
  EXPECT_THROW(run(drain_async(&async, &seen)), fathom::TransportError);
  EXPECT_THROW((void)client.threads.stream_reconnecting(""), fathom::Error);
}

TEST(FathomReconnect, a_stop_ends_it_while_it_waits) {
  testing::ScriptedTransport wire;
  wire.expect("GET", thread_path).reply(200, detail({})).times(4);
  wire.expect("GET", stream_path).stream({ready()}).times(2);
  constexpr fathom::ReconnectOptions slow{.delay_min = 1h, .delay_max = 1h};
  const Client client(options_for(wire));
  std::stop_source stop;
  const Client stoppable = client.with({.stop = stop.get_token()});
  auto stream = stoppable.threads.stream_reconnecting("t1", slow);
  EXPECT_TRUE(stream.next());
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(stream.next());
  EXPECT_TRUE(stream.cancelled());
}

TEST(FathomReconnect, closing_the_root_ends_it_with_an_error) {
  testing::ScriptedTransport wire;
  wire.expect("GET", thread_path).reply(200, detail({})).times(2);
  wire.expect("GET", stream_path).stream({ready()}).hang();
  Client client(options_for(wire));
  auto stream = client.threads.stream_reconnecting("t1", quick);
  EXPECT_TRUE(stream.next());
  std::jthread closer([&] { client.close(); });
  EXPECT_THROW((void)stream.next(), fathom::Error);
}

}  // namespace
}  // namespace colonnade
