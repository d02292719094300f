// Replays the frames, events and the exchange of the Platos example file, those too that only the
// real server sends and those that a client makes. Skips when the file is not there.
#include <gtest/gtest.h>

#include <fstream>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "sdk/platos/packets.hpp"
#include "sdk/platos/script.hpp"

namespace colonnade {
namespace {

using namespace platos_script;
using testing::ScriptedTransport;
using Lines = std::vector<std::string>;

// The event of the example file's row of that name; null when there is no file.
Json example(std::string_view name) {
  std::ifstream file(std::string(COLONNADE_CONTRACTS) + "/platos-examples.jsonl");
  for (std::string line; std::getline(file, line);) {
    Json row = Json::parse(line);
    if (row["name"].as_string() == name) return row["event"];
  }
  return {};
}
std::string example_frame(std::string_view name) { return example(name)["frame"].as_string(); }

// Every event of the example file comes out as it is, and those with a type of their own as that.
TEST(PlatosTurnExamples, every_example_event_is_kept_whole) {
  std::ifstream file(std::string(COLONNADE_CONTRACTS) + "/platos-examples.jsonl");
  if (!file) GTEST_SKIP() << "no example file";
  int events = 0;
  for (std::string line; std::getline(file, line);) {
    const Json row = Json::parse(line);
    const std::string& name = row["name"].as_string();
    if (name.starts_with("event.")) {
      const Json packet = Json::array({"agent_event", row["event"]});
      const auto incoming = platos::wire::read_event(packet.dump());
      ASSERT_TRUE(incoming) << name;
      EXPECT_EQ(incoming->event.data(), row["event"]) << name;
      EXPECT_EQ(incoming->event.type(), row["event"]["type"].as_string());
      EXPECT_EQ(incoming->event.as<platos::OtherEvent>(), nullptr) << name;
      ++events;
    } else if (name.starts_with("frame.") && row["event"].contains("frame") &&
               row["event"]["direction"].as_string() == "server→client") {
      const std::string& frame = row["event"]["frame"].as_string();
      const auto packet = platos::wire::read_packet(frame);
      EXPECT_NE(packet.kind, platos::wire::PacketKind::unimportant) << name;
      if (packet.kind == platos::wire::PacketKind::event) {
        EXPECT_TRUE(platos::wire::read_event(packet.data)) << name;
      }
      ++events;
    }
  }
  EXPECT_GT(events, 30);
}

// What a client makes itself: `data()` of those events is what the rows have.
TEST(PlatosTurnExamples, makes_the_events_of_the_client_rows) {
  if (example("client.connected").is_null()) GTEST_SKIP() << "no example file";
  ScriptedTransport wire;
  std::stop_source stop;
  auto first = wire.expect_socket(socket_target);
  greet(first).say(token("a", 1)).fail(TransportErrorKind::reset, "cut");
  auto second = wire.expect_socket(socket_target);
  greet(second).say(token("b", 2)).then([&] { stop.request_stop(); }).hang();
  const platos::Client root(options_of(wire));
  const platos::Client client = root.with({.stop = stop.get_token()});
  std::vector<Json> made;
  for (const auto& event : client.threads.send("th1", "hi")) {
    if (event.as<platos::Token>() == nullptr) made.push_back(event.data());
  }
  ASSERT_EQ(made.size(), 5U);
  EXPECT_EQ(made[0], example("client.connected"));
  // The reason is a text of the transport's.
  EXPECT_EQ(made[1]["type"], example("client.disconnected")["type"]);
  EXPECT_NE(made[1]["reason"].as_string(), "");
  EXPECT_EQ(made[1].as_object().size(), example("client.disconnected").as_object().size());
  EXPECT_EQ(made[2], example("client.reconnecting"));
  EXPECT_EQ(made[3], example("client.connected"));
  EXPECT_EQ(made[4], example("client.cancelled"));
}

// The real server's bare end of a turn, with its notice before.
TEST(PlatosTurnExamples, reads_the_bare_frames_of_the_real_server) {
  if (example("client.connected").is_null()) GTEST_SKIP() << "no example file";
  ScriptedTransport wire;
  auto socket = wire.expect_socket(socket_target);
  greet(socket)
      .say(example_frame("frame.deprecation notice"))
      .say(example_frame("frame.bare error of real Platos, unseen by Python"))
      .say(example_frame("frame.bare done of real Platos, unseen by Python"));
  const platos::Client client(options_of(wire));
  Lines seen;
  for (const auto& event : client.threads.send("th1", "hi")) {
    seen.emplace_back(event.type());
    if (const auto* failed = event.as<platos::Failed>()) {
      EXPECT_EQ(failed->code, "rate_limit");
      EXPECT_EQ(failed->retry_after_seconds, 12);
    }
    if (const auto* end = event.as<platos::Done>()) EXPECT_TRUE(end->stopped);
  }
  EXPECT_EQ(seen, (Lines{"connected", "error", "done"}));
  wire.verify();
}

// It names no thread, so the approval is looked up.
TEST(PlatosTurnExamples, reads_a_question_of_the_real_server) {
  const Json question = example("event.approval_needed (real Platos)");
  if (question.is_null()) GTEST_SKIP() << "no example file";
  for (const bool here : {true, false}) {
    ScriptedTransport wire;
    wire.expect("GET",
                "/api/v1/agent/monitoring/approvals/org_1%3Aprj_1%3Aenv_1%3Acmagent0000support%3A"
                "1778576400000%3A9f3a1c")
        .reply(200, Json{{"approvalId", question["approvalId"]},
                         {"status", "pending"},
                         {"threadId", here ? "th1" : "other"}}
                        .dump());
    auto socket = wire.expect_socket(socket_target);
    greet(socket)
        .say(token("a"))
        .say(event("agent_event", question))
        .say(turn_event({{"type", "message_persisted"}}))
        .say(done());
    const platos::Client client(options_of(wire));
    Lines seen;
    for (const auto& event : client.threads.send("th1", "hi")) {
      seen.emplace_back(event.type());
      if (event.as<platos::ApprovalNeeded>() != nullptr) EXPECT_EQ(event.data(), question);
    }
    const Lines with{"connected", "token", "approval_needed", "message_persisted", "done"};
    const Lines without{"connected", "token", "message_persisted", "done"};
    EXPECT_EQ(seen, here ? with : without);
    wire.verify();
  }
}

// The whole exchange of the example file, with the notice that a C++ client waits for.
TEST(PlatosTurnExamples, plays_the_example_sequence) {
  std::ifstream file(std::string(COLONNADE_CONTRACTS) + "/platos-examples.jsonl");
  if (!file) GTEST_SKIP() << "no example file";
  for (std::string line; std::getline(file, line);) {
    const Json row = Json::parse(line);
    if (row["name"].as_string() != "sequence.turn") continue;
    const Json::Array& frames = row["event"]["serverFrames"].as_array();
    Lines wanted;
    for (const Json& type : row["event"]["yielded"].as_array()) wanted.push_back(type.as_string());
    ScriptedTransport wire;
    auto socket = wire.expect_socket(socket_target);
    socket.say(frames[0].as_string()).say(frames[1].as_string()).say(connected());
    for (std::size_t i = 2; i < frames.size(); ++i) socket.say(frames[i].as_string());
    const platos::Client client(options_of(wire));
    Lines given;
    for (const auto& event : client.threads.send("cmthread0000000001", "hi")) {
      given.emplace_back(event.type());
    }
    EXPECT_EQ(given, wanted);
  }
}

}  // namespace
}  // namespace colonnade
