// Streams of the Tandem client (tandem §3), against a scripted server.
#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "sdk/tandem/script.hpp"

namespace colonnade {
namespace {

using namespace std::chrono_literals;
using tandem_script::AsyncClient;
using tandem_script::Client;
using tandem_script::connected;
using tandem_script::frame;
using tandem_script::of_the_run;
using tandem_script::options_of;
using tandem_script::ours;
using tandem_script::Ran;
using tandem_script::read_run;
using tandem_script::read_with_both;
using Strings = std::vector<std::string>;

std::string delta(std::string_view text) { return ours("session.response", {{"delta", text}}); }
std::string finished(std::string_view status = "completed") {
  return ours("session.run.finished", {{"status", status}, {"error", nullptr}});
}

TEST(TandemStream, S3_5_a_run_ends_behind_its_last_event) {
  const Ran ran =
      read_run({connected(), ours("session.run.started"), delta("It "), delta("is."),
                ours("run.completed", {{"status", "completed"}}), finished(), delta("more")});
  EXPECT_EQ(ran.events, (Strings{"server.connected", "session.run.started", "session.response It ",
                                 "session.response is.", "run.completed completed",
                                 "session.run.finished completed"}));
  EXPECT_EQ(ran.thrown, "");
}

TEST(TandemStream, S3_3_all_terminal_names_are_run_finished) {
  const std::vector<std::pair<std::string, std::string>> names{
      {"run.complete", "completed"},
      {"run.completed", "completed"},
      {"run.failed", "error"},
      {"run.cancelled", "cancelled"},
      {"run.canceled", "cancelled"},
      {"session.run.finished", ""},
      {"session.run.completed", "completed"},
      {"session.run.failed", "error"},
      {"session.run.cancelled", "cancelled"},
      {"session.run.canceled", "cancelled"}};
  for (const auto& [name, status] : names) {
    EXPECT_TRUE(tandem::is_run_terminal_event(name)) << name;
    testing::ScriptedTransport wire;
    wire.expect("GET", "/global/event").stream({frame({{"type", name}})});
    const Client client(options_of(wire));
    const auto event = client.global_stream().next();
    ASSERT_TRUE(event && event->as<tandem::RunFinished>()) << name;
    EXPECT_EQ(event->as<tandem::RunFinished>()->status, status) << name;
    EXPECT_TRUE(is_run_terminal_event(*event));
  }
  EXPECT_FALSE(tandem::is_run_terminal_event("run.started"));
  EXPECT_FALSE(tandem::is_run_terminal_event(""));
}

TEST(TandemStream, S3_2_what_is_no_event_is_skipped) {
  const Strings pieces{": keep-alive\n\n",
                       "data: {\"type\":\"x\",\"properties\":{\"a\":\"cut...<truncated>\n\n",
                       "data: [1]\n\n",
                       "data: \"text\"\n\n",
                       "data: {\"status\":\"ready\",\"timestamp_ms\":1}\n\n",
                       "data: {\"type\":\"x\",\"properties\":null}\n\n",
                       "data: {\"type\":\"x\",\"properties\":[]}\n\n",
                       "event: heartbeat\ndata: {\"type\":\"x\"}\n\n",
                       "data: {\"type\":7}\n\n",
                       "data: {\"event_type\":\"named.otherwise\"}\n\n",
                       "event: by.block\ndata: {\"properties\":{}}\n\n"};
  const Ran ran = read_with_both(
      [&](testing::ScriptedTransport& wire) { wire.expect("GET", "/global/event").stream(pieces); },
      [](const auto& client) { return client.global_stream(); });
  EXPECT_EQ(ran.events, (Strings{"unknown", "named.otherwise", "by.block"}));
  EXPECT_EQ(ran.thrown, "") << "an orderly end of a stream that is no run's";
}

tandem::Event only_event(const std::string& bytes) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/global/event").stream({bytes});
  const Client client(options_of(wire));
  return client.global_stream().next().value();
}

TEST(TandemStream, S3_3_ids_wherever_they_stand) {
  const Strings forms{R"({"type":"t","sessionID":"s","runID":"r"})",
                      R"({"type":"t","sessionId":"s","runId":"r"})",
                      R"({"type":"t","session_id":"s","run_id":"r"})",
                      R"({"type":"t","properties":{"sessionID":"s","runID":"r"}})",
                      R"({"type":"t","properties":{"run_id":"r","part":{"sessionID":"s"}}})",
                      R"({"type":"session.updated","properties":{"id":"s","runID":"r"}})",
                      R"({"type":"t","sessionID":"x","runID":"y","envelope":{"event_id":"e",)"
                      R"("seq":1,"schema_version":1,"occurred_at_ms":1,"session_id":"s",)"
                      R"("run_id":"r"}})"};
  for (const std::string& form : forms) {
    const auto event = only_event("data: " + form + "\n\n");
    EXPECT_EQ(event.session_id(), "s") << form;
    EXPECT_EQ(event.run_id(), "r") << form;
  }
  const auto broken = only_event(
      R"(data: {"type":"t","sessionID":"s","envelope":{"event_id":"e","session_id":"x"}})"
      "\n\n");
  EXPECT_EQ(broken.session_id(), "s") << "half an envelope does not count";
}

TEST(TandemStream, S5_the_id_of_an_event) {
  EXPECT_EQ(only_event("id: 42\ndata: {\"type\":\"t\"}\n\n").id(), "42");
  const auto wrapped = only_event(R"(data: {"cursor":7,"event":{"type":"t","sessionID":"s"}})"
                                  "\n\n");
  EXPECT_EQ(wrapped.id(), "7");
  EXPECT_EQ(wrapped.type(), "t");
  EXPECT_EQ(wrapped.data(), (Json{{"type", "t"}, {"sessionID", "s"}}));
}

TEST(TandemStream, S6_a_stream_goes_on_behind_an_id) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/event?sessionID=s1&runID=r1").stream({finished()});
  const Client client(options_of(wire));
  auto stream = client.stream("s1", "r1", {.last_event_id = "41"});
  const auto end = stream.next();
  ASSERT_TRUE(end && end->as<tandem::RunFinished>()) << "the text came before: it is not asked for";
  EXPECT_FALSE(stream.next());
  const auto requests = wire.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].header("Last-Event-ID"), "41");
  EXPECT_EQ(requests[0].header("Accept"), "text/event-stream");
  EXPECT_EQ(requests[0].header("Cache-Control"), "no-cache");
  EXPECT_EQ(requests[0].header("Authorization"), "Bearer tk_1");
}

TEST(TandemStream, a_blocking_stream_is_open_before_it_is_read) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/event?sessionID=s1").stream({connected()}).hang();
  const Client client(options_of(wire));
  const auto stream = client.stream("s1");
  EXPECT_EQ(wire.requests().size(), 1U);
  EXPECT_EQ(wire.open_streams(), 1U);
}

TEST(TandemStream, without_a_run_it_goes_on_over_runs) {
  const Ran ran = read_with_both(
      [](testing::ScriptedTransport& wire) {
        wire.expect("GET", "/event?sessionID=s1")
            .stream({ours("run.started", Json::object(), "r1"), delta("a"), finished(),
                     ours("run.started", Json::object(), "r2"), delta("b"), finished()});
      },
      [](const auto& client) { return client.stream("s1"); });
  EXPECT_EQ(ran.events.size(), 6U);
  EXPECT_EQ(ran.thrown, "");
}

TEST(TandemStream, a_run_whose_stream_breaks_off_throws_behind_its_last_event) {
  const Ran ran = read_run({delta("It ")});
  EXPECT_EQ(ran.events, Strings{"session.response It "});
  EXPECT_EQ(ran.kind, TransportErrorKind::reset) << ran.thrown;
  const Ran failed = read_with_both(
      [](testing::ScriptedTransport& wire) {
        wire.expect("GET", "/event?sessionID=s1&runID=r1")
            .stream({delta("It ")})
            .fail(TransportErrorKind::timeout);
      },
      of_the_run);
  EXPECT_EQ(failed.events, Strings{"session.response It "});
  EXPECT_EQ(failed.kind, TransportErrorKind::timeout) << failed.thrown;
}

TEST(TandemStream, S1_9_an_answer_that_no_event_had_is_read_from_the_messages) {
  const auto script = [](testing::ScriptedTransport& wire) {
    wire.expect("GET", "/event?sessionID=s1&runID=r1")
        .stream({ours("run.started"), ours("run.completed"), finished()});
    wire.expect("GET", "/session/s1/message")
        .reply(200, R"([{"info":{"role":"assistant"},"parts":[{"type":"text","text":"Old."}]},
                        {"info":{"role":"user"},"parts":[{"type":"text","text":"Hi"}]},
                        {"info":{"role":"assistant"},"parts":[{"type":"text","text":"It "},
                          {"type":"tool","tool":"read"},{"type":"text","text":"is."}]}])");
  };
  const Ran ran = read_with_both(script, of_the_run);
  EXPECT_EQ(ran.events, (Strings{"run.started", "session.response It is.",
                                 "run.completed completed", "session.run.finished completed"}));
}

TEST(TandemStream, S1_9_each_run_of_a_session_has_its_own_answer) {
  const Ran ran = read_with_both(
      [](testing::ScriptedTransport& wire) {
        wire.expect("GET", "/event?sessionID=s1")
            .stream({ours("run.started"), delta("a"), finished(),
                     ours("run.started", Json::object(), "r2"), finished()});
        wire.expect("GET", "/session/s1/message")
            .reply(200, R"([{"info":{"role":"assistant"},"parts":[{"type":"text","text":"b"}]}])");
      },
      [](const auto& client) { return client.stream("s1"); });
  EXPECT_EQ(ran.events,
            (Strings{"run.started", "session.response a", "session.run.finished completed",
                     "run.started", "session.response b", "session.run.finished completed"}));
}

TEST(TandemStream, no_answer_is_looked_for_when_a_run_failed_or_nobody_can_read_it) {
  const Ran failed = read_run({ours("run.failed", {{"error", "no"}}), finished("error")});
  EXPECT_EQ(failed.events, (Strings{"run.failed error no", "session.run.finished error"}));
  const Ran hidden = read_with_both(
      [](testing::ScriptedTransport& wire) {
        wire.expect("GET", "/event?sessionID=s1&runID=r1").stream({finished()});
        wire.expect("GET", "/session/s1/message").reply(404, "");
      },
      of_the_run);
  EXPECT_EQ(hidden.events, Strings{"session.run.finished completed"});
  EXPECT_EQ(hidden.thrown, "");
}

TEST(TandemStream, S1_6_a_refused_stream_says_so) {
  const std::string body = R"({"error":"Unauthorized: missing token","code":"AUTH_REQUIRED"})";
  testing::ScriptedTransport wire;
  wire.expect("GET", "/event?sessionID=s1").reply(401, body).times(2);
  const Client client(options_of(wire));
  try {
    (void)client.stream("s1");
    FAIL() << "opened";
  } catch (const tandem::EngineError& error) {
    EXPECT_EQ(error.status(), 401);
    EXPECT_EQ(error.code(), "AUTH_REQUIRED");
  }
  const AsyncClient async(options_of(wire));
  const Ran ran = run(tandem_script::read_all(async.stream("s1")));
  EXPECT_NE(ran.thrown.find("Unauthorized: missing token"), std::string::npos) << ran.thrown;
}

TEST(TandemStream, S1_6_another_content_type_is_no_stream) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/event?sessionID=s1")
      .reply(200, "<html>", {{"Content-Type", "text/html; charset=utf-8"}});
  const Client client(options_of(wire));
  try {
    (void)client.stream("s1");
    FAIL() << "opened";
  } catch (const tandem::TandemValidationError& error) {
    EXPECT_EQ(error.endpoint(), "GET /event");
    EXPECT_EQ(error.issues(), Strings{"its content type is \"text/html; charset=utf-8\""});
  }
}

TEST(TandemStream, a_stopped_stream_ends_quietly) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/event?sessionID=s1&runID=r1").stream({delta("It ")}).hang();
  const Client client(options_of(wire));
  std::stop_source enough;
  const Client bounded = client.with({.stop = enough.get_token()});
  auto stream = bounded.stream("s1", "r1");
  EXPECT_TRUE(stream.next());
  std::jthread stopper([&] { enough.request_stop(); });
  EXPECT_FALSE(stream.next());
  EXPECT_TRUE(stream.cancelled());
  EXPECT_FALSE(stream.next());
}

TEST(TandemStream, an_empty_session_is_refused_before_anything_is_sent) {
  testing::ScriptedTransport wire;
  const Client client(options_of(wire));
  EXPECT_THROW((void)client.stream(""), std::invalid_argument);
  EXPECT_THROW((void)client.run_stream(""), std::invalid_argument);
  const AsyncClient async(options_of(wire));
  EXPECT_THROW((void)run(tandem_script::read_all(async.stream(""))), std::invalid_argument);
  EXPECT_TRUE(wire.requests().empty());
}

TEST(TandemStream, events_of_one_run_and_of_resources) {
  const Ran ran = read_with_both(
      [](testing::ScriptedTransport& wire) {
        wire.expect("GET", "/run/r1/events")
            .stream({ours("run.stream.connected"), delta("a"), finished()});
      },
      [](const auto& client) { return client.run_stream("r1"); });
  EXPECT_EQ(ran.events, (Strings{"run.stream.connected", "session.response a",
                                 "session.run.finished completed"}));
  testing::ScriptedTransport wire;
  wire.expect("GET", "/resource/events")
      .stream({"data: {\"status\":\"ready\"}\n\n",
               frame({{"type", "resource.updated"}, {"properties", {{"key", "a/b"}}}})});
  const Client client(options_of(wire));
  const auto event = client.resources.events().next();
  ASSERT_TRUE(event && event->as<tandem::ResourceChanged>());
  EXPECT_EQ(event->as<tandem::ResourceChanged>()->key, "a/b");
}

TEST(TandemStream, other_events_keep_all_that_they_say) {
  const Json whole{{"type", "newer.kind"},
                   {"timestamp", "2026-03-18T08:00:00Z"},
                   {"extra", 1},
                   {"properties", {{"sessionID", "s1"}, {"a", Json::array({1, 2})}}}};
  const auto event = only_event(frame(whole));
  EXPECT_TRUE(event.as<tandem::OtherEvent>());
  EXPECT_EQ(event.data(), whole);
  EXPECT_EQ(event.properties(), whole["properties"]);
  EXPECT_EQ(event.timestamp(), "2026-03-18T08:00:00Z");
  std::string seen;
  match(
      event, [&](const tandem::SessionResponse&) { seen = "text"; },
      [&](const tandem::OtherEvent&) { seen = "other"; }, [](const auto&) {});
  EXPECT_EQ(seen, "other");
}

TEST(TandemStream, S3_5_a_tool_part_with_an_object_for_its_state) {
  const auto event = only_event(
      frame({{"type", "message.part.updated"},
             {"properties",
              {{"part",
                {{"id", "p"},
                 {"type", "tool"},
                 {"tool", "read"},
                 {"state",
                  {{"status", "completed"}, {"input", {{"path", "a"}}}, {"output", "text"}}}}}}}}));
  const auto* update = event.as<tandem::PartUpdated>();
  ASSERT_TRUE(update);
  EXPECT_EQ(update->part.state, "completed");
  EXPECT_EQ(update->part.args, (Json{{"path", "a"}}));
  EXPECT_EQ(update->part.result, Json("text"));
}

}  // namespace
}  // namespace colonnade
