// The client's half of the Fathom contract: its checklist (fathom §6), by number, over a scripted
// transport, and the rules of §1 and §3 that no checklist number covers.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <thread>
#include <type_traits>

#include "colonnade/fathom.hpp"
#include "colonnade/testing.hpp"

namespace colonnade {
namespace {

using namespace std::chrono_literals;
using fathom::Client;

Client client_of(const testing::ScriptedTransport& wire, std::string token = "t",
                 std::string base_url = "http://test") {
  return Client{{.base_url = std::move(base_url),
                 .token = std::move(token),
                 .http = {.transport = wire.transport()}}};
}

constexpr std::string_view thread_t1 = R"({"id":"t1","title":""})";
const std::string done_event =
    "event: agent_done\ndata: {\"type\":\"agent_done\",\"message\":{\"content\":\"hi\"}}\n\n";

TEST(FathomClientChecklist, C01_base_path_kept) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/c/r1/api/v1/threads").reply(200, R"({"threads":[]})");
  wire.expect("GET", "/c/r1/api/v1/threads/t1/stream").stream({});
  const Client client = client_of(wire, "t", "https://relay.example/c/r1//");
  EXPECT_TRUE(client.threads.list().empty());
  for (const auto& event : client.threads.stream("t1")) FAIL() << event.type();
  wire.verify();
  EXPECT_EQ(wire.requests()[0].url, "https://relay.example/c/r1/api/v1/threads");
}

TEST(FathomClientChecklist, C02_no_token_means_pairing_required_and_nothing_sent) {
  testing::ScriptedTransport wire;
  const Client client = client_of(wire, "");
  EXPECT_THROW(client.threads.list(), fathom::PairingRequiredError);
  EXPECT_THROW((void)client.threads.stream("t1"), fathom::PairingRequiredError);
  EXPECT_THROW(client.devices.revoke("d"), fathom::PairingRequiredError);
  EXPECT_THROW(client.with_token(" ").threads.create(), fathom::PairingRequiredError);
  EXPECT_TRUE(wire.requests().empty());
}

TEST(FathomClientChecklist, C03_pair_sends_no_authorization) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/api/v1/pair/claim")
      .reply(200, R"({"token":"secret","device_id":"d1","device_name":"ci-bot"})");
  const Client client = client_of(wire, "held");
  const auto claim = client.pair({.code = " 042317\n", .device_name = "ci-bot"});
  EXPECT_EQ(claim.token, "secret");
  EXPECT_EQ(claim.device_id, "d1");
  const auto request = wire.requests().at(0);
  EXPECT_FALSE(request.has_header("Authorization"));
  EXPECT_EQ(Json::parse(request.body), (Json{{"code", "042317"}, {"device_name", "ci-bot"}}));
}

TEST(FathomClientChecklist, C04_401_is_unauthorized_also_for_streams) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads").reply(401, R"({"error":"invalid token"})");
  wire.expect("GET", "/api/v1/threads/t1/stream").reply(401, R"({"error":"invalid token"})");
  const Client client = client_of(wire);
  try {
    client.threads.list();
    FAIL();
  } catch (const fathom::UnauthorizedError& error) {
    EXPECT_EQ(error.status(), 401);
    EXPECT_EQ(error.body(), R"({"error":"invalid token"})");
  }
  EXPECT_THROW((void)client.threads.stream("t1"), fathom::UnauthorizedError);
  static_assert(!std::is_base_of_v<fathom::HttpError, fathom::UnauthorizedError>);
}

TEST(FathomClientChecklist, C05_success_that_is_not_the_contract_is_malformed) {
  for (const char* body : {"<html>", "[]", "\"x\"", "", "{}", R"({"threads":3})"}) {
    testing::ScriptedTransport wire;
    wire.expect("GET", "/api/v1/threads").reply(200, body);
    const Client client = client_of(wire);
    try {
      client.threads.list();
      FAIL() << body;
    } catch (const fathom::MalformedResponseError& error) {
      EXPECT_EQ(error.body(), body);
    }
  }
}

TEST(FathomClientChecklist, C05_required_fields_of_each_method) {
  const auto malformed = [](const char* method, const char* path, const char* body, auto call) {
    testing::ScriptedTransport wire;
    wire.expect(method, path).reply(200, body);
    const Client client = client_of(wire);
    EXPECT_THROW(call(client), fathom::MalformedResponseError) << path << ' ' << body;
  };
  malformed("GET", "/api/v1/threads/t1", R"({"thread":{}})",
            [](const Client& c) { (void)c.threads.get("t1"); });
  malformed("POST", "/api/v1/threads", R"({"title":""})",
            [](const Client& c) { (void)c.threads.create(); });
  malformed("POST", "/api/v1/threads/t1/messages", R"({"user_message":{}})",
            [](const Client& c) { (void)c.threads.send("t1", "hi"); });
  malformed("POST", "/api/v1/pair/claim", R"({"token":""})",
            [](const Client& c) { (void)c.pair({.code = "000000"}); });
  malformed("POST", "/api/v1/pair/claim", R"({"token":7})",
            [](const Client& c) { (void)c.pair({.code = "000000"}); });
}

TEST(FathomClientChecklist, C06_ping_glued_to_next_event) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads/t1/stream").stream({": ping\n" + done_event});
  std::vector<std::string> seen;
  const Client client = client_of(wire);
  for (const auto& event : client.threads.stream("t1")) seen.emplace_back(event.type());
  EXPECT_EQ(seen, std::vector<std::string>{"agent_done"});
}

TEST(FathomClientChecklist, C07_data_without_type_gets_the_event_name) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads/t1/stream")
      .stream({"event: ready\ndata: {\"thread_id\":\"t1\"}\n\n", "data: {\"a\":1}\n\n"});
  const Client client = client_of(wire);
  auto stream = client.threads.stream("t1");
  const auto ready = stream.next();
  ASSERT_TRUE(ready && ready->as<fathom::Ready>());
  EXPECT_EQ(ready->data(), (Json{{"thread_id", "t1"}, {"type", "ready"}}));
  const auto unnamed = stream.next();
  ASSERT_TRUE(unnamed);
  EXPECT_EQ(unnamed->data(), (Json{{"a", 1}, {"type", "message"}}));
}

TEST(FathomClientChecklist, C08_unknown_events_are_yielded) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads/t1/stream")
      .stream({"event: agent_dreams\ndata: {\"type\":\"agent_dreams\",\"depth\":3}\n\n"});
  const Client client = client_of(wire);
  auto stream = client.threads.stream("t1");
  const auto event = stream.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type(), "agent_dreams");
  const auto* other = event->as<fathom::OtherEvent>();
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(other->data["depth"].as_int64(), 3);
}

TEST(FathomClientChecklist, C09_eof_ends_the_loop_quietly) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads/t1/stream").stream({done_event});
  const Client client = client_of(wire);
  auto stream = client.threads.stream("t1");
  int events = 0;
  for ([[maybe_unused]] const auto& event : stream) ++events;
  EXPECT_EQ(events, 1);
  EXPECT_FALSE(stream.cancelled());
  EXPECT_FALSE(stream.next());
}

TEST(FathomClientChecklist, C10_with_token_shares_the_pool_and_leaves_the_parent_alone) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads").reply(200, R"({"threads":[]})").times(3);
  const Client parent = client_of(wire, "parent");
  {
    const Client child = parent.with_token("child");
    child.threads.list();
  }
  parent.threads.list();
  Client other = parent.with_token("other");
  other.close();
  parent.threads.list();
  const auto requests = wire.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].header("authorization"), "Bearer child");
  EXPECT_EQ(requests[1].header("authorization"), "Bearer parent");
  EXPECT_EQ(requests[2].header("authorization"), "Bearer parent");
}

TEST(FathomClientChecklist, C11_null_thread_list_is_empty) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads").reply(200, R"({"threads":null})");
  EXPECT_TRUE(client_of(wire).threads.list().empty());
}

TEST(FathomClientChecklist, C12_fractions_of_any_length_parse) {
  const auto parsed = [](std::string_view text) {
    testing::ScriptedTransport wire;
    wire.expect("POST", "/api/v1/threads")
        .reply(200, R"({"id":"t1","created_at":")" + std::string(text) + "\"}");
    return client_of(wire).threads.create().created_at;
  };
  const fathom::Timestamp base =
      std::chrono::sys_days(std::chrono::May / 24 / 2026) + 5h + 33min + 44s;
  EXPECT_EQ(parsed("2026-05-24T05:33:44Z"), base);
  EXPECT_EQ(parsed("2026-05-24T05:33:44.6Z"), base + 600ms);
  EXPECT_EQ(parsed("2026-05-24T05:33:44.601602Z"), base + 601602us);
  EXPECT_EQ(parsed("2026-05-24T05:33:44.601602133Z"), base + 601602133ns);
  EXPECT_EQ(parsed("2026-05-24T07:33:44.601602133+02:00"), base + 601602133ns);
  EXPECT_EQ(parsed("yesterday"), fathom::Timestamp{});
  EXPECT_EQ(fathom::to_string(base + 601602us), "2026-05-24T05:33:44.601602Z");
  EXPECT_EQ(fathom::to_string(base + 601602033ns), "2026-05-24T05:33:44.601602033Z");
}

// --- headers and targets (fathom §1.1, §1.2)
// ------------------------------------------------------

TEST(FathomClient, headers_of_each_kind_of_call) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads").reply(200, R"({"threads":[]})");
  wire.expect("POST", "/api/v1/threads").reply(200, thread_t1);
  wire.expect("POST", "/api/v1/threads/t1/restore").reply(200, R"({"restored":"t1"})");
  wire.expect("GET", "/api/v1/threads/t1/stream").stream({});
  wire.expect("GET", "/api/v1/health").reply(200, R"({"status":"ok"})");
  const Client client = client_of(wire, "tok");
  client.threads.list();
  client.threads.create();
  client.threads.restore("t1");
  (void)client.threads.stream("t1");
  (void)client.health();
  const auto requests = wire.requests();
  for (const auto& request : requests) EXPECT_NE(request.header("User-Agent"), "");
  EXPECT_EQ(requests[0].header("Accept"), "application/json");
  EXPECT_EQ(requests[0].header("Authorization"), "Bearer tok");
  EXPECT_FALSE(requests[0].has_header("Content-Type"));
  EXPECT_EQ(requests[1].header("Content-Type"), "application/json");
  EXPECT_EQ(requests[1].body, R"({"title":""})");
  EXPECT_FALSE(requests[2].has_body);
  EXPECT_FALSE(requests[2].has_header("Content-Type"));
  EXPECT_EQ(requests[3].header("Accept"), "text/event-stream");
  EXPECT_EQ(requests[3].header("Authorization"), "Bearer tok");
  EXPECT_FALSE(requests[4].has_header("Authorization"));
}

TEST(FathomClient, ids_are_checked_and_encoded) {
  testing::ScriptedTransport wire;
  wire.expect("DELETE", "/api/v1/threads/a%2Fb%20%C3%A9").reply(200, R"({"deleted":"x"})");
  const Client client = client_of(wire);
  client.threads.remove("a/b \xC3\xA9");
  for (const char* id : {"", ".", "..", "search"}) {
    EXPECT_THROW(client.threads.remove(id), fathom::Error) << id;
  }
  EXPECT_THROW(client.devices.revoke(""), fathom::Error);
  EXPECT_EQ(wire.requests().size(), 1U);
}

TEST(FathomClient, pairing_code_is_checked_before_anything_is_sent) {
  testing::ScriptedTransport wire;
  const Client client = client_of(wire);
  for (const char* code : {"", "12345", "1234567", "12345a", "١٢٣٤٥٦"}) {
    EXPECT_THROW((void)client.pair({.code = code}), fathom::Error) << code;
    EXPECT_THROW((void)client.pair_watch(code), fathom::Error) << code;
  }
  EXPECT_TRUE(wire.requests().empty());
}

TEST(FathomClient, base_url_is_checked) {
  const auto refused = [](std::string url) {
    EXPECT_THROW(Client({.base_url = url}), fathom::Error) << url;
  };
  refused("localhost:8790");
  refused("ftp://host");
  refused("http://");
  refused("http://:80");
  refused("http://host?x=1");
  refused("http://host#x");
  refused("http://user@host");
  refused("http://user:pw@host/c");
  refused("http://ho st");
  testing::ScriptedTransport wire;
  EXPECT_NO_THROW(client_of(wire, "t", " HTTPS://host:1/p/ \n"));
  EXPECT_NO_THROW(client_of(wire, "t", "http://host/has@sign"));
}

TEST(FathomClient, environment_gives_base_url_and_token) {
  setenv("FATHOM_BASE_URL", " http://from-env/x/ ", 1);
  setenv("FATHOM_TOKEN", " env-token\n", 1);
  testing::ScriptedTransport wire;
  wire.expect("GET", "/x/api/v1/threads").reply(200, R"({"threads":[]})").times(2);
  wire.expect("GET", "/api/v1/threads").reply(200, R"({"threads":[]})");
  const Client client{{.http = {.transport = wire.transport()}}};
  client.threads.list();
  // An empty argument counts as absent, a given one wins.
  const Client empty{{.base_url = "  ", .token = "", .http = {.transport = wire.transport()}}};
  empty.threads.list();
  client_of(wire, "given").threads.list();
  unsetenv("FATHOM_BASE_URL");
  unsetenv("FATHOM_TOKEN");
  const auto requests = wire.requests();
  EXPECT_EQ(requests[0].url, "http://from-env/x/api/v1/threads");
  EXPECT_EQ(requests[0].header("Authorization"), "Bearer env-token");
  EXPECT_EQ(requests[1].header("Authorization"), "Bearer env-token");
  EXPECT_EQ(requests[2].header("Authorization"), "Bearer given");
  EXPECT_THROW(Client(), fathom::Error);
}

TEST(FathomClient, a_token_that_would_split_the_header_is_refused) {
  testing::ScriptedTransport wire;
  EXPECT_THROW(client_of(wire, "a\r\nX-Evil: 1"), fathom::Error);
  const Client client = client_of(wire);
  EXPECT_THROW((void)client.with_token("a\nb"), fathom::Error);
  EXPECT_THROW((void)client.with({.idempotency_key = "a\nb"}), fathom::Error);
}

TEST(FathomClient, idempotency_key_goes_with_posts_only) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/api/v1/threads").reply(200, thread_t1).times(2);
  wire.expect("GET", "/api/v1/threads").reply(200, R"({"threads":[]})");
  const Client client = client_of(wire);
  const Client once = client.with({.idempotency_key = "k1"});
  once.threads.create("Trip");
  once.threads.list();
  client.threads.create("Trip");
  const auto requests = wire.requests();
  EXPECT_EQ(requests[0].header("Idempotency-Key"), "k1");
  EXPECT_FALSE(requests[1].has_header("Idempotency-Key"));
  EXPECT_FALSE(requests[2].has_header("Idempotency-Key"));
}

// --- errors (fathom §1.3, §1.4)
// -------------------------------------------------------------------

TEST(FathomClient, other_statuses_are_http_errors_redirects_too) {
  for (const int status : {301, 400, 403, 404, 409, 410, 413, 429, 500, 503}) {
    testing::ScriptedTransport wire;
    wire.expect("POST", "/api/v1/threads/t1/messages").reply(status, R"({"error":"why <so>"})");
    const Client client = client_of(wire);
    try {
      (void)client.threads.send("t1", "hi");
      FAIL() << status;
    } catch (const fathom::HttpError& error) {
      EXPECT_EQ(error.status(), status);
      EXPECT_EQ(error.body(), R"({"error":"why <so>"})");
      EXPECT_NE(std::string(error.what()).find("why <so>"), std::string::npos);
    }
  }
}

TEST(FathomClient, transport_failures_keep_their_kind) {
  for (const auto kind :
       {TransportErrorKind::resolve, TransportErrorKind::connect, TransportErrorKind::tls,
        TransportErrorKind::reset, TransportErrorKind::timeout, TransportErrorKind::protocol}) {
    testing::ScriptedTransport wire;
    wire.expect("GET", "/api/v1/threads").fail(kind);
    wire.expect("GET", "/api/v1/threads/t1/stream").fail(kind);
    const Client client = client_of(wire);
    try {
      client.threads.list();
      FAIL();
    } catch (const fathom::TransportError& error) {
      EXPECT_EQ(error.kind(), kind);
    }
    EXPECT_THROW((void)client.threads.stream("t1"), fathom::TransportError);
  }
}

TEST(FathomClient, attempt_gives_a_result) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads").reply(200, R"({"threads":[{"id":"t1"}]})");
  wire.expect("GET", "/api/v1/threads").reply(401, "no");
  wire.expect("DELETE", "/api/v1/threads/t1").reply(200, "{}");
  const Client client = client_of(wire);
  if (auto threads = attempt([&] { return client.threads.list(); })) {
    EXPECT_EQ(threads->size(), 1U);
  } else {
    FAIL() << threads.error().message;
  }
  const auto refused = attempt([&] { return client.threads.list(); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unauthorized);
  EXPECT_EQ(refused.error().body, "no");
  EXPECT_THROW((void)refused.value(), fathom::UnauthorizedError);
  const Result<void> removed = attempt([&] { client.threads.remove("t1"); });
  EXPECT_TRUE(removed);
}

TEST(FathomClient, unknown_fields_are_kept) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads")
      .reply(200, R"({"threads":[{"id":"t1","mood":"calm","n":18446744073709551616}]})");
  const auto threads = client_of(wire).threads.list();
  EXPECT_EQ(threads.at(0).extra["mood"].as_string(), "calm");
  EXPECT_DOUBLE_EQ(threads.at(0).extra["n"].as_double(), 18446744073709551616.0);
}

// --- streams
// --------------------------------------------------------------------------------------

TEST(FathomStream, every_split_of_the_bytes_gives_the_same_events) {
  const std::string bytes =
      "\xEF\xBB\xBF: ping\r\nevent:agent_delta\r\ndata:{\"delta\":\"\xE2\x98\x83\",\r\n"
      "data:\"thread_id\":\"t1\"}\r\n\r\n: ping\n\n" +
      done_event + "data: hello\n\ndata: [1]\n\nevent: agent_done\ndata: {\"type\":1}";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    testing::ScriptedTransport wire;
    wire.expect("GET", "/api/v1/threads/t1/stream")
        .stream({bytes.substr(0, cut), bytes.substr(cut)});
    const Client client = client_of(wire);
    auto stream = client.threads.stream("t1");
    const auto delta = stream.next();
    ASSERT_TRUE(delta && delta->as<fathom::AgentDelta>()) << cut;
    EXPECT_EQ(delta->as<fathom::AgentDelta>()->delta, "\xE2\x98\x83");
    EXPECT_EQ(delta->as<fathom::AgentDelta>()->thread_id, "t1");
    const auto done = stream.next();
    ASSERT_TRUE(done && done->as<fathom::AgentDone>()) << cut;
    EXPECT_EQ(done->as<fathom::AgentDone>()->message.content, "hi");
    EXPECT_FALSE(stream.next()) << cut;
  }
}

TEST(FathomStream, one_byte_at_a_time) {
  std::vector<std::string> pieces;
  for (const char c : ": ping\n" + done_event + done_event) pieces.emplace_back(1, c);
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads/t1/stream").stream(pieces);
  int events = 0;
  const Client client = client_of(wire);
  for (const auto& event : client.threads.stream("t1")) events += event.type() == "agent_done";
  EXPECT_EQ(events, 2);
}

TEST(FathomStream, a_reset_throws_after_the_events_before_it) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads/t1/stream")
      .stream({done_event})
      .fail(TransportErrorKind::reset);
  const Client client = client_of(wire);
  auto stream = client.threads.stream("t1");
  EXPECT_TRUE(stream.next());
  EXPECT_THROW((void)stream.next(), fathom::TransportError);
  EXPECT_FALSE(stream.next());
}

TEST(FathomStream, leaving_the_loop_closes_that_connection_only) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads/t1/stream").stream({done_event, done_event}).times(2);
  const Client client = client_of(wire);
  auto kept = client.threads.stream("t1");
  for ([[maybe_unused]] const auto& event : client.threads.stream("t1")) {
    EXPECT_EQ(wire.open_streams(), 2U);
    break;
  }
  EXPECT_EQ(wire.open_streams(), 1U);
  EXPECT_TRUE(kept.next());
  kept.close();
  EXPECT_EQ(wire.open_streams(), 0U);
  EXPECT_FALSE(kept.next());
}

TEST(FathomStream, a_stop_ends_it_quietly_and_says_so) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads/t1/stream").stream({done_event}).hang();
  std::stop_source stop;
  const Client client = client_of(wire);
  const Client stoppable = client.with({.stop = stop.get_token()});
  auto stream = stoppable.threads.stream("t1");
  EXPECT_TRUE(stream.next());
  std::jthread later([&] { stop.request_stop(); });
  EXPECT_FALSE(stream.next());
  EXPECT_TRUE(stream.cancelled());
}

TEST(FathomStream, a_stopped_call_throws) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads").hang();
  std::stop_source stop;
  const Client client = client_of(wire);
  const Client stoppable = client.with({.stop = stop.get_token()});
  std::jthread later([&] { stop.request_stop(); });
  EXPECT_THROW(stoppable.threads.list(), fathom::CancelledError);
  later.join();
  // Stopped for good: nothing more is sent.
  EXPECT_THROW(stoppable.threads.list(), fathom::CancelledError);
  EXPECT_LE(wire.requests().size(), 1U);
}

TEST(FathomStream, message_stream_reads_unnamed_deltas) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/api/v1/stream")
      .stream({"data: {\"delta\":\"Sun\"}\n\ndata: {\"delta\":\"ny\"}\n\n",
               "event: done\ndata: {\"session_id\":\"s\",\"reply\":\"Sunny\"}\n\n"});
  std::string text;
  std::string reply;
  const Client client = client_of(wire);
  for (const auto& event : client.message_stream("hi")) {
    match(
        event, [&](const fathom::ReplyDelta& delta) { text += delta.delta; },
        [&](const fathom::ReplyDone& done) { reply = done.reply; }, [](const auto&) {});
  }
  EXPECT_EQ(text, "Sunny");
  EXPECT_EQ(reply, "Sunny");
  EXPECT_EQ(wire.requests()[0].body, R"({"text":"hi"})");
}

// --- closing (fathom §3.7)
// ------------------------------------------------------------------------

TEST(FathomClosing, the_root_aborts_running_calls_and_streams) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads").hang();
  wire.expect("GET", "/api/v1/threads/t1/stream").stream({done_event}).hang();
  Client root = client_of(wire);
  const Client derived = root.with_token("other");
  auto stream = derived.threads.stream("t1");
  EXPECT_TRUE(stream.next());
  std::jthread caller([&] { EXPECT_THROW(derived.threads.list(), fathom::CancelledError); });
  while (wire.requests().size() < 2) std::this_thread::yield();
  root.close();
  caller.join();
  try {
    (void)stream.next();
    FAIL();
  } catch (const fathom::TransportError& error) {
    EXPECT_EQ(error.kind(), TransportErrorKind::canceled);
  }
  root.close();
  try {
    derived.threads.list();
    FAIL();
  } catch (const fathom::Error& error) {
    EXPECT_STREQ(error.what(), "client closed");
  }
  EXPECT_THROW(root.threads.list(), fathom::Error);
}

TEST(FathomClosing, a_stream_outlives_a_derived_client_and_closing_one_touches_nothing) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads/t1/stream").stream({done_event, done_event});
  wire.expect("GET", "/api/v1/threads").reply(200, R"({"threads":[]})");
  const Client root = client_of(wire);
  auto stream = root.with_token("x").threads.stream("t1");
  EXPECT_TRUE(stream.next());
  EXPECT_TRUE(stream.next());
  EXPECT_FALSE(stream.next());
  root.threads.list();
}

TEST(FathomClosing, moving_a_root_keeps_it_open) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads").reply(200, R"({"threads":[]})").times(2);
  Client first = client_of(wire);
  Client second = std::move(first);
  second.threads.list();
  Client third = client_of(wire);
  third = std::move(second);
  third.threads.list();
}

}  // namespace
}  // namespace colonnade
