// Turns over a scripted socket, each seen by both clients.
#include <gtest/gtest.h>

#include "sdk/platos/packets.hpp"
#include "sdk/platos/script.hpp"

namespace colonnade {
namespace {

using namespace platos_script;
using testing::ScriptedTransport;
using Lines = std::vector<std::string>;

constexpr std::string_view message =
    R"(42/agent,["message",{"message":"hi","threadId":"th1","idempotencyKey":"k"}])";

// A socket up to where it is live and has the message.
auto& talk(ScriptedTransport::SocketScript& socket) { return greet(socket).hear(message); }

TEST(PlatosTurn, gives_the_events_of_our_server_and_ends_behind_done) {
  const Ran ran = send_with_both([](ScriptedTransport& wire) {
    auto socket = wire.expect_socket(socket_target);
    talk(socket)
        .say(turn_event({{"type", "meta"}, {"thread_id", "th1"}, {"agent_id", "a1"}}, 1))
        .say(token("Hel", 2))
        .say(token("lo", 3))
        .say(turn_event({{"type", "message_persisted"}, {"messageId", "m1"}}, 4))
        .say(done(5));
  });
  EXPECT_EQ(ran.thrown, "");
  EXPECT_EQ(ran.events,
            (Lines{"connected", "meta", "token:Hel", "token:lo", "message_persisted", "done"}));
}

// A real server drops a connection that says something before its namespace is joined, and answers
// "not authenticated" before it has greeted (platos §3.3, §3.8).
TEST(PlatosTurn, says_each_thing_only_after_what_it_answers) {
  for (const bool async : {false, true}) {
    ScriptedTransport wire;
    std::vector<std::size_t> said;
    const auto look = [&] { said.push_back(wire.sent_messages().size()); };
    auto socket = wire.expect_socket(socket_target);
    socket.then(look).say(opened).then(look).say(joined).then(look).say(connected()).then(look);
    socket.hear(R"(40/agent,{"token":"t1"})").hear(message).say(done(1));
    const platos::SendOptions options{.idempotency_key = "k"};
    if (async) {
      const platos::AsyncClient client(options_of(wire));
      EXPECT_EQ(run(send_async(&client, options)).thrown, "");
    } else {
      EXPECT_EQ(send_with(platos::Client(options_of(wire)), options).thrown, "");
    }
    EXPECT_EQ(said, (std::vector<std::size_t>{0, 1, 1, 2})) << "nothing, the join, the message";
    wire.verify();
  }
}

TEST(PlatosTurn, sends_the_headers_of_its_credential_with_the_upgrade) {
  ScriptedTransport wire;
  auto socket = wire.expect_socket(socket_target);
  greet(socket).say(done(1));
  send_with(platos::Client(options_of(wire)));
  ASSERT_EQ(wire.requests().size(), 1U);
  EXPECT_EQ(wire.requests()[0].header("X-Platos-Session-Token"), "t1");
  EXPECT_FALSE(wire.requests()[0].has_header("Authorization"));
}

TEST(PlatosTurn, joins_with_the_scope_in_direct_mode) {
  ScriptedTransport wire;
  auto socket = wire.expect_socket(socket_target);
  socket.say(opened)
      .hear(R"(40/agent,{"environmentId":"e","organizationId":"o","projectId":"p","userId":"u"})")
      .say(joined)
      .say(connected())
      .say(done(1));
  auto options = options_of(wire);
  options.session_token = "";
  options.api_key = "key";
  options.scope = {.organization_id = "o", .project_id = "p", .environment_id = "e"};
  options.default_user = "u";
  EXPECT_EQ(send_with(platos::Client(options)).thrown, "");
  EXPECT_EQ(wire.requests()[0].header("Authorization"), "Bearer key");
  EXPECT_EQ(wire.requests()[0].header("X-Platos-User-Id"), "u");
  wire.verify();
}

TEST(PlatosTurn, sends_every_option_that_is_set) {
  const platos::SendOptions options{.agent_id = "a1",
                                    .context_type = "ticket",
                                    .context_id = "T-17",
                                    .dynamic_blocks = {{"notes", "VIP"}},
                                    .attachment_ids = {"att_1"},
                                    .model_label = "fast",
                                    .reply_to_message_id = "m0",
                                    .idempotency_key = "k"};
  const Ran ran = send_with_both(
      [](ScriptedTransport& wire) {
        auto socket = wire.expect_socket(socket_target);
        greet(socket)
            .hear(R"(42/agent,["message",{"message":"hi","threadId":"th1","agentId":"a1",)"
                  R"("contextType":"ticket","contextId":"T-17","dynamicBlocks":{"notes":"VIP"},)"
                  R"("attachmentIds":["att_1"],"modelLabel":"fast","replyToMessageId":"m0",)"
                  R"("idempotencyKey":"k"}])")
            .say(done(1));
      },
      {}, options);
  EXPECT_EQ(ran.thrown, "");
}

TEST(PlatosTurn, answers_the_servers_pings) {
  const Ran ran = send_with_both([](ScriptedTransport& wire) {
    auto socket = wire.expect_socket(socket_target);
    talk(socket).say("2").hear("3").say(done(1));
  });
  EXPECT_EQ(ran.thrown, "");
}

TEST(PlatosTurn, makes_a_random_key_when_none_is_given_and_takes_that_of_the_scope) {
  ScriptedTransport wire;
  for (int i = 0; i < 3; ++i) {
    auto socket = wire.expect_socket(socket_target);
    greet(socket)
        .hear(R"(42/agent,["message",{"message":"hi","threadId":"th1","idempotencyKey":*)")
        .say(done(1));
  }
  const platos::Client client(options_of(wire));
  send_with(client);
  send_with(client);
  send_with(client.with({.idempotency_key = "mine"}));
  wire.verify();
  Lines messages;
  for (const std::string& sent : wire.sent_messages()) {
    if (sent.starts_with("42")) messages.push_back(sent);
  }
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_NE(messages[0], messages[1]);
  EXPECT_TRUE(messages[2].ends_with(R"("idempotencyKey":"mine"}])"));
}

TEST(PlatosTurn, resumes_where_it_was_and_gives_nothing_twice) {
  const Ran ran = send_with_both([](ScriptedTransport& wire) {
    auto first = wire.expect_socket(socket_target);
    talk(first).say(token("one ", 1)).say(token("two ", 2)).fail(TransportErrorKind::reset, "cut");
    auto second = wire.expect_socket(socket_target);
    greet(second)
        .hear(R"(42/agent,["resume_stream",{"threadId":"th1","lastSeq":2}])")
        .say(token("two ", 2))
        .say(token("three", 3))
        .say(done(4));
  });
  EXPECT_EQ(ran.thrown, "");
  EXPECT_EQ(ran.events, (Lines{"connected", "token:one ", "token:two ", "disconnected",
                               "reconnecting:1", "connected", "token:three", "done"}));
}

TEST(PlatosTurn, an_orderly_close_without_done_reconnects_without_a_disconnected) {
  const Ran ran = send_with_both([](ScriptedTransport& wire) {
    auto first = wire.expect_socket(socket_target);
    talk(first).say(token("one", 1)).close(1001);
    auto second = wire.expect_socket(socket_target);
    greet(second).say(done(2));
  });
  EXPECT_EQ(ran.thrown, "");
  EXPECT_EQ(ran.events, (Lines{"connected", "token:one", "reconnecting:1", "connected", "done"}));
}

TEST(PlatosTurn, sends_the_message_after_an_upgrade_that_failed) {
  const Ran ran = send_with_both(
      [](ScriptedTransport& wire) {
        wire.expect("GET", socket_target).fail(TransportErrorKind::connect, "refused");
        wire.expect("GET", socket_target).reply(503, "");
      },
      [](platos::Options& options) { options.sockets.reconnects = 1; });
  EXPECT_EQ(ran.events, (Lines{"disconnected", "reconnecting:1", "disconnected"}));
  EXPECT_EQ(ran.thrown,
            "Platos 0: network error: exhausted 1 reconnection attempts; the last: the server "
            "answered the handshake with HTTP 503");
}

TEST(PlatosTurn, a_message_that_a_lost_socket_swallowed_goes_out_again_with_its_key) {
  const Ran ran = send_with_both([](ScriptedTransport& wire) {
    auto first = wire.expect_socket(socket_target);
    talk(first).fail(TransportErrorKind::reset);
    auto second = wire.expect_socket(socket_target);
    greet(second)
        .hear(R"(42/agent,["resume_stream",{"threadId":"th1"}])")
        .say(turn_event({{"type", "error"}, {"code", "no_active_turn"}, {"message", "none"}}))
        .say(turn_event({{"type", "done"}}))
        .hear(message)
        .say(token("here", 1))
        .say(done(2));
  });
  EXPECT_EQ(ran.thrown, "");
  EXPECT_EQ(ran.events, (Lines{"connected", "disconnected", "reconnecting:1", "connected",
                               "token:here", "done"}));
}

TEST(PlatosTurn, every_event_of_the_turn_gives_it_its_attempts_back) {
  const Ran ran = send_with_both(
      [](ScriptedTransport& wire) {
        auto first = wire.expect_socket(socket_target);
        talk(first).say(token("a", 1)).fail(TransportErrorKind::reset);
        auto second = wire.expect_socket(socket_target);
        greet(second).say(token("b", 2)).fail(TransportErrorKind::reset);
        auto third = wire.expect_socket(socket_target);
        greet(third).say(done(3));
      },
      [](platos::Options& options) { options.sockets.reconnects = 1; });
  EXPECT_EQ(ran.thrown, "");
  EXPECT_EQ(ran.events.back(), "done");
}

TEST(PlatosTurn, a_server_that_accepts_and_drops_does_not_loop_for_ever) {
  const Ran ran = send_with_both([](ScriptedTransport& wire) {
    for (int i = 0; i < 6; ++i) {
      auto socket = wire.expect_socket(socket_target);
      greet(socket).fail(TransportErrorKind::reset, "cut");
    }
  });
  EXPECT_TRUE(ran.thrown.starts_with("Platos 0: network error: exhausted 5 reconnection attempts"))
      << ran.thrown;
  EXPECT_EQ(ran.events.back(), "disconnected");
}

TEST(PlatosTurn, waits_on_a_real_server_until_the_answer_is_stored) {
  int stored = 0;
  const Ran ran = send_with_both(
      [&stored](ScriptedTransport& wire) {
        auto socket = wire.expect_socket(socket_target);
        talk(socket)
            .say(token("hi"))
            .say(
                turn_event({{"type", "meta"}, {"usage", {{"inputTokens", 7}, {"costCents", 2.5}}}}))
            .say(done())
            .say(turn_event({{"type", "safety_flags"}, {"flags", Json::array()}}))
            .then([&stored] { ++stored; })
            .say(turn_event({{"type", "message_persisted"}, {"messageId", "m1"}}));
      },
      [](platos::Options& options) { options.sockets.persisted_time_max = 1h; });
  EXPECT_EQ(ran.thrown, "");
  EXPECT_EQ(ran.events, (Lines{"connected", "token:hi", "meta", "done"}));
  EXPECT_EQ(stored, 2) << "each client has waited for it";
}

TEST(PlatosTurn, gives_done_when_nobody_says_that_the_answer_is_stored) {
  const Ran ran = send_with_both([](ScriptedTransport& wire) {
    auto socket = wire.expect_socket(socket_target);
    talk(socket).say(token("hi")).say(done()).hang();
  });
  EXPECT_EQ(ran.thrown, "");
  EXPECT_EQ(ran.events, (Lines{"connected", "token:hi", "done"}));
}

TEST(PlatosTurn, a_bare_done_has_the_usage_that_came_before_it) {
  ScriptedTransport wire;
  auto socket = wire.expect_socket(socket_target);
  greet(socket)
      .say(turn_event({{"type", "meta"}, {"usage", {{"inputTokens", 7}, {"costCents", 250}}}}))
      .say(done());
  const platos::Client client(options_of(wire));
  double cost = 0;
  for (const auto& event : client.threads.send("th1", "hi")) {
    if (const auto* end = event.as<platos::Done>()) cost = end->usage.cost_usd;
  }
  EXPECT_EQ(cost, 2.5);
}

TEST(PlatosTurn, a_bare_error_and_a_bare_done_end_it) {
  const Ran ran = send_with_both([](ScriptedTransport& wire) {
    auto socket = wire.expect_socket(socket_target);
    talk(socket)
        .say(event("error", {{"code", "rate_limit"}, {"message", "later"}}))
        .say(event("done", {{"stopped", true}}));
  });
  EXPECT_EQ(ran.thrown, "");
  EXPECT_EQ(ran.events, (Lines{"connected", "error:rate_limit", "done:stopped"}));
}

TEST(PlatosTurn, an_error_is_an_event_and_done_follows) {
  const Ran ran = send_with_both(
      [](ScriptedTransport& wire) {
        auto socket = wire.expect_socket(socket_target);
        talk(socket)
            .say(turn_event({{"type", "error"}, {"code", "turn_in_progress"}, {"message", "busy"}}))
            .say(done())
            .hang();
      },
      [](platos::Options& options) { options.sockets.persisted_time_max = 1h; });
  EXPECT_EQ(ran.thrown, "");
  EXPECT_EQ(ran.events, (Lines{"connected", "error:turn_in_progress", "done"}));
}

TEST(PlatosTurn, gives_cited_sources_their_members) {
  const auto read = [](std::string_view source) {
    return platos::wire::read_event(R"(["agent_event",{"type":"citation","source":)" +
                                    std::string(source) + "}]");
  };
  const auto incoming =
      read(R"({"type":"source","sourceType":"url","id":"s1",)"
           R"("url":"https://a.example/w","title":"W","citedText":"rain","x":1})");
  ASSERT_TRUE(incoming);
  EXPECT_EQ(incoming->event.type(), "citation");
  const auto* citation = incoming->event.as<platos::Citation>();
  ASSERT_NE(citation, nullptr);
  EXPECT_EQ(citation->id, "s1");
  EXPECT_EQ(citation->source_type, "url");
  EXPECT_EQ(citation->url, "https://a.example/w");
  EXPECT_EQ(citation->title, "W");
  EXPECT_EQ(citation->cited_text, "rain");
  EXPECT_EQ(citation->source["x"], 1);
  const auto text = read(R"("a name")");
  ASSERT_TRUE(text);
  ASSERT_NE(text->event.as<platos::Citation>(), nullptr);
  EXPECT_EQ(text->event.as<platos::Citation>()->source, "a name");
  EXPECT_EQ(text->event.as<platos::Citation>()->url, "");
}

TEST(PlatosTurn, gives_updates_of_background_runs_their_members) {
  const auto incoming = platos::wire::read_event(
      R"(["agent_event",{"type":"run_update","runId":"r1","status":"FAILED",)"
      R"("metadata":{"progress":0.4},"output":{"text":"x"},"error":"no luck","threadId":"t1"}])");
  ASSERT_TRUE(incoming);
  EXPECT_EQ(incoming->thread_id, "t1");
  const auto* update = incoming->event.as<platos::RunUpdate>();
  ASSERT_NE(update, nullptr);
  EXPECT_EQ(update->run_id, "r1");
  EXPECT_EQ(update->status, "FAILED");
  EXPECT_EQ(update->metadata["progress"], 0.4);
  EXPECT_EQ(update->output["text"], "x");
  EXPECT_EQ(update->error, "no luck");
}

TEST(PlatosTurn, leaves_out_what_other_threads_do) {
  const Ran ran = send_with_both([](ScriptedTransport& wire) {
    wire.expect("GET", "/api/v1/agent/monitoring/approvals/x%3A1")
        .reply(200, R"({"approvalId":"x:1","status":"pending","threadId":"other"})");
    wire.expect("GET", "/api/v1/agent/monitoring/approvals/x%3A2")
        .reply(200, R"({"approvalId":"x:2","status":"pending","threadId":"th1"})");
    auto socket = wire.expect_socket(socket_target);
    talk(socket)
        .say(token("a"))
        .say(event("agent_event", {{"type", "run_update"}, {"runId", "r"}, {"threadId", "other"}}))
        .say(event("agent_event", {{"type", "approval_needed"}, {"approvalId", "x:1"}}))
        .say(event("agent_event", {{"type", "approval_resolved"}, {"approvalId", "x:1"}}))
        .say(event("agent_event", {{"type", "approval_needed"}, {"approvalId", "x:2"}}))
        .say(event("agent_event", {{"type", "approval_resolved"}, {"approvalId", "x:2"}}))
        .say(turn_event({{"type", "message_persisted"}}))
        .say(done());
  });
  EXPECT_EQ(ran.thrown, "");
  EXPECT_EQ(ran.events, (Lines{"connected", "token:a", "approval_needed", "approval_resolved",
                               "message_persisted", "done"}));
}

TEST(PlatosTurn, follows_a_real_server_to_the_thread_that_it_made) {
  const Ran ran = send_with_both([](ScriptedTransport& wire) {
    auto socket = wire.expect_socket(socket_target);
    talk(socket)
        .say(event("agent_event", {{"type", "meta"}, {"thread_id", "new"}, {"threadId", "new"}}))
        .say(event("agent_event", {{"type", "token"}, {"text", "x"}, {"threadId", "new"}}))
        .say(event("agent_event", {{"type", "done"}, {"threadId", "new"}}));
  });
  EXPECT_EQ(ran.events, (Lines{"connected", "meta", "token:x", "done"}));
}

// What the thread has stored, on a server that knows no resume_stream.
std::string stored(std::string_view answer) {
  Json rows = Json::array();
  rows.push_back({{"id", "m1"}, {"role", "user"}, {"content", "hi"}});
  if (!answer.empty()) {
    rows.push_back({{"id", "m2"}, {"role", "assistant"}, {"content", answer}});
  }
  const Json body{{"messages", rows}, {"total", 2}};
  return body.dump();
}

TEST(PlatosTurn, polls_for_the_answer_where_resume_is_unknown) {
  const Ran ran = send_with_both([](ScriptedTransport& wire) {
    auto first = wire.expect_socket(socket_target);
    talk(first).say(token("one ")).fail(TransportErrorKind::reset);
    auto second = wire.expect_socket(socket_target);
    greet(second).hear(R"(42/agent,["resume_stream",{"threadId":"th1"}])").hang();
    wire.expect("GET", "/api/v1/agent/threads/th1/messages?limit=200").reply(200, stored(""));
    wire.expect("GET", "/api/v1/agent/threads/th1/messages?limit=200")
        .reply(200, stored("one two"));
  });
  EXPECT_EQ(ran.thrown, "");
  EXPECT_EQ(ran.events, (Lines{"connected", "token:one ", "disconnected", "reconnecting:1",
                               "connected", "token:two", "done"}));
}

TEST(PlatosTurn, gives_a_lost_turn_up_in_time) {
  const Ran ran = send_with_both(
      [](ScriptedTransport& wire) {
        auto first = wire.expect_socket(socket_target);
        talk(first).say(token("one ")).fail(TransportErrorKind::reset);
        auto second = wire.expect_socket(socket_target);
        greet(second).hang();
      },
      [](platos::Options& options) { options.sockets.lost_time_max = 1ms; });
  EXPECT_TRUE(ran.thrown.starts_with("Platos 0: network error: the turn was lost")) << ran.thrown;
}

// The ways in which a server refuses a token.
void refuse(ScriptedTransport& wire, int way) {
  if (way == 0) {
    wire.expect("GET", socket_target).reply(401, R"({"statusCode":401,"message":"expired"})");
    return;
  }
  auto socket = wire.expect_socket(socket_target);
  socket.say(opened).hear(R"(40/agent,{"token":"t1"})");
  if (way == 1) {
    socket.say(R"(44/agent,{"message":"expired","data":{"status":401,"code":"unauthorized"}})");
  } else if (way == 2) {
    socket.say(joined)
        .say(event(
            "agent_event",
            {{"type", "error"}, {"code", "unauthorized"}, {"status", 401}, {"message", "expired"}}))
        .say(event("agent_event", {{"type", "done"}, {"stopped", true}}));
  } else {
    socket.say(joined).say(event("error", {{"message", "expired"}}));
  }
}

TEST(PlatosTurn, a_refused_token_is_replaced_once) {
  for (int way = 0; way < 4; ++way) {
    const Ran ran = send_with_both(
        [way](ScriptedTransport& wire) {
          refuse(wire, way);
          auto socket = wire.expect_socket(socket_target);
          greet(socket, "t2").hear(message).say(token("hi", 1)).say(done(2));
        },
        [](platos::Options& options) {
          options.on_token_refresh = [](const platos::TokenRefreshContext& context) {
            EXPECT_EQ(context.current_token, "t1");
            EXPECT_EQ(context.status, 401);
            return std::string("t2");
          };
        });
    EXPECT_EQ(ran.thrown, "") << way;
    EXPECT_EQ(ran.events, (Lines{"connected", "token:hi", "done"})) << way;
  }
}

TEST(PlatosTurn, a_token_that_cannot_be_replaced_is_an_error) {
  for (int way = 0; way < 4; ++way) {
    const Ran ran = send_with_both([way](ScriptedTransport& wire) { refuse(wire, way); });
    EXPECT_EQ(ran.status, 401) << way;
    EXPECT_NE(ran.thrown.find("expired"), std::string::npos) << ran.thrown;
    EXPECT_TRUE(ran.events.empty());
  }
}

TEST(PlatosTurn, a_stop_gives_a_stopped_done_and_the_end) {
  for (const bool async : {false, true}) {
    ScriptedTransport wire;
    std::stop_source stop;
    auto socket = wire.expect_socket(socket_target);
    greet(socket).say(token("a", 1)).then([&] { stop.request_stop(); }).hang();
    Ran ran;
    if (async) {
      const platos::AsyncClient root(options_of(wire));
      const platos::AsyncClient client = root.with({.stop = stop.get_token()});
      ran = run(send_async(&client, {}));
    } else {
      const platos::Client root(options_of(wire));
      ran = send_with(root.with({.stop = stop.get_token()}));
    }
    EXPECT_EQ(ran.thrown, "");
    EXPECT_EQ(ran.events, (Lines{"connected", "token:a", "done:stopped"}));
    EXPECT_TRUE(ran.cancelled);
    EXPECT_EQ(wire.open_streams(), 0U);
  }
}

TEST(PlatosTurn, a_stop_before_it_begins_opens_nothing) {
  ScriptedTransport wire;
  std::stop_source stop;
  stop.request_stop();
  const platos::Client root(options_of(wire));
  const Ran ran = send_with(root.with({.stop = stop.get_token()}));
  EXPECT_EQ(ran.events, (Lines{"done:stopped"}));
  EXPECT_TRUE(wire.requests().empty());
}

TEST(PlatosTurn, a_closed_client_throws_and_leaving_the_loop_closes_the_socket) {
  ScriptedTransport wire;
  auto socket = wire.expect_socket(socket_target);
  greet(socket).say(token("a", 1)).hang();
  platos::Client client(options_of(wire));
  for (const auto& event : client.threads.send("th1", "hi")) {
    EXPECT_EQ(wire.open_streams(), 1U);
    if (event.as<platos::Token>() != nullptr) break;
  }
  EXPECT_EQ(wire.open_streams(), 0U);
  client.close();
  auto events = client.threads.send("th1", "hi");
  EXPECT_THROW(events.next(), platos::CancelledError);
}

TEST(PlatosTurn, what_cannot_be_sent_throws_before_anything_is_opened) {
  ScriptedTransport wire;
  const platos::Client client(options_of(wire));
  auto nameless = client.threads.send("", "hi");
  EXPECT_THROW(nameless.next(), std::invalid_argument);
  auto silent = client.threads.send("th1", "");
  EXPECT_THROW(silent.next(), std::invalid_argument);
  EXPECT_TRUE(wire.requests().empty());
}

TEST(PlatosTurn, a_silent_server_is_given_up_for_a_new_socket) {
  const Ran ran = send_with_both([](ScriptedTransport& wire) {
    auto first = wire.expect_socket(socket_target);
    first.say(R"(0{"pingInterval":1,"pingTimeout":1})")
        .hear(R"(40/agent,{"token":"t1"})")
        .say(joined)
        .say(connected())
        .say(token("a", 1))
        .hang();
    auto second = wire.expect_socket(socket_target);
    greet(second).say(done(2));
  });
  EXPECT_EQ(ran.thrown, "");
  EXPECT_EQ(ran.events,
            (Lines{"connected", "token:a", "disconnected", "reconnecting:1", "connected", "done"}));
}

TEST(PlatosTurn, a_server_that_never_lets_it_join_is_given_up) {
  const Ran ran = send_with_both(
      [](ScriptedTransport& wire) {
        auto first = wire.expect_socket(socket_target);
        first.say(opened).hear("40*").say(joined).hang();
      },
      [](platos::Options& options) {
        options.sockets.open_time_max = 1ms;
        options.sockets.reconnects = 0;
      });
  EXPECT_NE(ran.thrown.find("did not let us join in time"), std::string::npos) << ran.thrown;
}

TEST(PlatosPackets, other_namespaces_and_nonsense_are_nothing) {
  using platos::wire::PacketKind;
  for (const char* text : {"", "4", "42[\"agent_event\",{}]", "42/other,[\"a\",{}]",
                           "42/agentx,[\"a\",{}]", "42/agent/a1,[\"a\",{}]", "6"}) {
    EXPECT_EQ(platos::wire::read_packet(text).kind, PacketKind::unimportant) << text;
  }
  EXPECT_EQ(platos::wire::read_packet("42/agent,17[\"a\",{}]").data, "[\"a\",{}]");
  EXPECT_EQ(platos::wire::read_packet("41/agent,").kind, PacketKind::left);
  EXPECT_EQ(platos::wire::read_packet("40/agent,{}").kind, PacketKind::joined);
  for (const char* data : {"", "{}", "[]", "[1]", "{\"a\":"}) {
    EXPECT_FALSE(platos::wire::read_event(data)) << data;
  }
  EXPECT_EQ(platos::wire::read_event("[\"a\",7]")->name, "a");
  EXPECT_FALSE(platos::wire::silence_ms("{\"pingInterval\":-5,\"pingTimeout\":1}"));
}

}  // namespace
}  // namespace colonnade
