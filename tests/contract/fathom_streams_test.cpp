// What the checklist of fathom.md does not number: resuming, leaving, one-shot runs, watching.
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "core/access/limits.hpp"
#include "fathom_server.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

class FathomStreams : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  std::string path_ = folder_.file("colonnade.db");
};

// A script that waits before it answers, and a future for when it waits.
std::future<void> hold_the_model(FathomServer& server, std::vector<Act> then) {
  auto held = std::make_shared<std::promise<void>>();
  server.engine.model->on_hold([held] { held->set_value(); });
  then.insert(then.begin(), Hold{});
  server.engine.model->script(std::move(then));
  return held->get_future();
}

// --- resuming -----------------------------------------------------------------------------------

TEST_F(FathomStreams, AStreamWithIdsIsTakenUpWhereItEndedAlsoAfterARestart) {
  std::string target;
  std::string seen;
  std::vector<std::string> missed;
  {
    FathomServer server(path_);
    const std::string thread = "/api/v1/threads/" + server.new_thread();
    target = thread + "/stream";
    server.script_answer("Before it.");
    ASSERT_EQ(server.post(thread + "/messages", R"({"text":"zero"})").status, 200);
    WireStream stream = server.stream(target + "?resume=1");
    const auto ready = stream.next();
    EXPECT_EQ(ready->id, std::to_string(ready->json()["cursor"].get<std::int64_t>()));
    server.script_answer("Sunny, 24 C.");
    ASSERT_EQ(server.post(thread + "/messages", R"({"text":"one"})").status, 200);
    const auto events = stream.until("agent_done");
    EXPECT_EQ(events.front().json()["message"]["content"], "one") << "live: nothing older";
    seen = events[1].id;
    for (std::size_t i = 2; i < events.size(); ++i) missed.push_back(events[i].id + events[i].data);
    stream.close();
    // Back with the id of `ready`: exactly what came after it.
    WireStream again = server.stream(target, {{"Last-Event-ID", ready->id}});
    EXPECT_EQ(again.next()->name, "ready");
    const auto repeated = again.until("agent_done");
    ASSERT_EQ(repeated.size(), events.size());
    for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(repeated[i].data, events[i].data);
  }
  FathomServer restarted(path_);
  WireStream stream = restarted.stream(target, {{"Last-Event-ID", seen}});
  EXPECT_EQ(stream.next()->json()["cursor"], std::stoll(seen));
  std::vector<std::string> got;
  for (const WireEvent& event : stream.until("agent_done")) got.push_back(event.id + event.data);
  EXPECT_EQ(got, missed);
}

TEST_F(FathomStreams, AnIdThatIsNoneIsIgnoredAndOneFromElsewhereStartsLive) {
  FathomServer server(path_);
  const std::string thread = "/api/v1/threads/" + server.new_thread();
  WireStream plain = server.stream(thread + "/stream", {{"Last-Event-ID", "junk"}});
  WireStream ahead = server.stream(thread + "/stream", {{"Last-Event-ID", "999999999"}});
  EXPECT_EQ(plain.next()->id, "");
  EXPECT_LT(ahead.next()->json()["cursor"], 999'999'999);
  server.script_answer();
  ASSERT_EQ(server.post(thread + "/messages", R"({"text":"hi"})").status, 200);
  EXPECT_EQ(plain.next()->name, "user_message");
  EXPECT_EQ(ahead.next()->name, "user_message");
}

// A backlog longer than a stream's queue is paced by the reader, not cut off.
TEST_F(FathomStreams, ALongBacklogIsReplayedWhole) {
  FathomServer server(path_);
  const std::string id = server.new_thread();
  constexpr int deltas = 3000;
  const std::string text(300, 'x');
  core::Unit unit{.scope = core::Scope::main()};
  for (int i = 0; i < deltas; ++i) {
    unit.events.push_back(core::Event{.scope = core::Scope::main(),
                                      .thread_id = id,
                                      .run_id = std::to_string(i),  // so that none are joined
                                      .at = server.engine.clock.now(),
                                      .body = core::TextDelta{text}});
  }
  ASSERT_TRUE(server.engine.run(server.engine.feed.commit(std::move(unit))));
  const std::size_t stored = server.engine.events(id).size();
  ASSERT_EQ(stored, 1000U) << "a page of the store";
  WireStream stream = server.stream("/api/v1/threads/" + id + "/stream", {{"Last-Event-ID", "0"}});
  EXPECT_EQ(stream.next()->name, "ready");
  std::int64_t last = 0;
  for (int i = 0; i < deltas; ++i) {
    const auto event = stream.next();
    ASSERT_TRUE(event.has_value()) << "cut off after " << i;
    ASSERT_LT(last, std::stoll(event->id));
    last = std::stoll(event->id);
  }
  EXPECT_EQ(server.http->counts().streams_cut_slow, 0U);
}

// --- large threads ------------------------------------------------------------------------------

TEST_F(FathomStreams, ALargeThreadIsSentInPieces) {
  FathomServer server(path_);
  const std::string id = server.new_thread("Large");
  core::Unit unit{.scope = core::Scope::main()};
  std::vector<std::string> texts;
  for (int i = 0; i < 12; ++i) {
    texts.push_back(std::to_string(i) + std::string(100'000, 'x'));
    unit.changes.emplace_back(core::InsertMessage{{.id = "m" + std::to_string(i),
                                                   .thread_id = id,
                                                   .parts = {core::TextPart{texts.back()}},
                                                   .user_id = "admin",
                                                   .created_at = server.engine.clock.now()}});
  }
  ASSERT_TRUE(server.engine.run(server.engine.feed.commit(std::move(unit))));
  const auto contents = [](const Json& messages) {
    std::vector<std::string> out;
    for (const Json& message : messages) out.push_back(message["content"]);
    return out;
  };
  const Answer view = server.get("/api/v1/threads/" + id);
  EXPECT_EQ(view.header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(view.json()["thread"]["title"], "Large");
  EXPECT_EQ(view.json()["running"], false);
  EXPECT_EQ(contents(view.json()["messages"]), texts);
  const Answer page = server.get("/api/v1/threads/" + id + "/messages?limit=7");
  EXPECT_EQ(page.header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(contents(page.json()["messages"]), std::vector(texts.begin() + 5, texts.end()));
  const Answer small = server.get("/api/v1/threads/" + id + "/messages?limit=1");
  EXPECT_FALSE(small.header("Content-Length").empty());
  EXPECT_EQ(contents(small.json()["messages"]), std::vector{texts.back()});
}

// --- leaving ------------------------------------------------------------------------------------

TEST_F(FathomStreams, AClientThatLeavesTakesItsRunWithIt) {
  FathomServer server(path_);
  const std::string thread = "/api/v1/threads/" + server.new_thread();
  WireStream stream = server.stream(thread + "/stream");
  auto held = hold_the_model(server, FathomServer::answer_acts());
  {
    WireConnection leaving(server.port());
    leaving.send({.method = "POST",
                  .target = thread + "/messages",
                  .body = R"({"text":"hi"})",
                  .token = server.token});
    held.wait();
  }
  const auto events = stream.until("agent_error");
  EXPECT_FALSE(events.back().json()["error"].get<std::string>().empty());
  const Json view = server.get(thread).json();
  EXPECT_EQ(view["running"], false);
  ASSERT_EQ(view["messages"].size(), 1U);
  EXPECT_EQ(server.engine.model->stopped_calls(), 1) << "the model call was stopped";
  server.script_answer();
  EXPECT_EQ(server.post(thread + "/messages", R"({"text":"again"})").status, 200);
}

TEST_F(FathomStreams, ADeletedThreadsStreamStaysOpen) {
  FathomServer server(path_);
  const std::string thread = "/api/v1/threads/" + server.new_thread();
  WireStream stream = server.stream(thread + "/stream");
  EXPECT_EQ(stream.next()->name, "ready");
  ASSERT_EQ(server.ask("DELETE", thread).status, 200);
  ASSERT_EQ(server.post(thread + "/restore").status, 200);
  server.script_answer();
  ASSERT_EQ(server.post(thread + "/messages", R"({"text":"hi"})").status, 200);
  EXPECT_EQ(stream.next()->name, "user_message") << "deletion and restoration are not told";
}

TEST_F(FathomStreams, AStreamEndsQuietlyWhenTheServerStops) {
  auto server = std::make_unique<FathomServer>(path_);
  WireStream stream = server->stream("/api/v1/threads/" + server->new_thread() + "/stream");
  EXPECT_EQ(stream.next()->name, "ready");
  server.reset();
  EXPECT_FALSE(stream.next().has_value());
}

TEST_F(FathomStreams, WithoutAProviderNothingIsStored) {
  FathomServer server(path_);
  const std::string thread = "/api/v1/threads/" + server.new_thread();
  server.engine.providers.set_default("absent");
  for (const char* target : {"/api/v1/message", "/api/v1/stream"}) {
    EXPECT_EQ(server.post(target, R"({"text":"hi"})").status, 503) << target;
  }
  EXPECT_EQ(server.post(thread + "/messages", R"({"text":"hi"})").status, 503);
  EXPECT_EQ(server.get(thread).json()["messages"], Json::array());
  EXPECT_EQ(server.get("/api/v1/threads").json()["threads"].size(), 1U);
}

// --- one-shot -----------------------------------------------------------------------------------

TEST_F(FathomStreams, AOneShotMessageLeavesNoThreadBehind) {
  FathomServer server(path_);
  server.script_answer("Sunny, 24 C.");
  const Answer answer = server.post("/api/v1/message", R"({"text":"Weather?"})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json()["response"], "Sunny, 24 C.");
  EXPECT_EQ(answer.json()["sessionId"].get<std::string>().size(), 32U);
  EXPECT_EQ(answer.json().size(), 2U);
  EXPECT_EQ(server.get("/api/v1/threads").body, R"({"threads":[]})");
  EXPECT_EQ(server.get("/api/v1/threads/search?q=Sunny").json()["hits"], Json::array());
  server.engine.model->script({Break{{.kind = base::ErrorKind::upstream, .message = "no model"}}});
  EXPECT_EQ(server.post("/api/v1/message", R"({"text":"Weather?"})").status, 500);
  EXPECT_EQ(server.post("/api/v1/message", R"({"text":""})").status, 400);
}

TEST_F(FathomStreams, AOneShotStreamIsDeltasAndOneEnd) {
  FathomServer server(path_);
  server.script_answer("Sunny, 24 C.");
  const Call ask{.method = "POST",
                 .target = "/api/v1/stream",
                 .body = R"({"text":"Weather?"})",
                 .token = server.token};
  WireStream stream(server.port(), ask);
  EXPECT_EQ(stream.head().header("Content-Type"), "text/event-stream");
  std::string deltas;
  for (;;) {
    const auto event = stream.next();
    ASSERT_TRUE(event.has_value());
    if (event->name == "done") {
      EXPECT_EQ(event->json()["reply"], "Sunny, 24 C.");
      EXPECT_EQ(event->json()["session_id"].get<std::string>().size(), 32U);
      break;
    }
    EXPECT_EQ(event->name, "");
    deltas += event->json()["delta"].get<std::string>();
  }
  EXPECT_EQ(deltas, "Sunny, 24 C.");
  EXPECT_FALSE(stream.next().has_value()) << "it ends by itself";
  EXPECT_EQ(server.get("/api/v1/threads").body, R"({"threads":[]})");

  server.engine.model->script(
      {text("Su"), Break{{.kind = base::ErrorKind::upstream, .message = "no model"}}});
  WireStream failing(server.port(), ask);
  const auto error = failing.until("error").back();
  EXPECT_NE(error.json()["error"].get<std::string>().find("no model"), std::string::npos);
}

TEST_F(FathomStreams, LeavingAOneShotStreamCancelsItsRun) {
  FathomServer server(path_);
  std::promise<void> stopped;
  auto held = hold_the_model(server, FathomServer::answer_acts());
  WireStream stream(server.port(), {.method = "POST",
                                    .target = "/api/v1/stream",
                                    .body = R"({"text":"Weather?"})",
                                    .token = server.token});
  held.wait();
  ASSERT_EQ(server.engine.runs.counts().active, 1U);
  stream.close();
  // Waits for the run's end through the store's own words: nothing is left unfinished.
  while (server.engine.runs.counts().active > 0) std::this_thread::yield();
  EXPECT_EQ(server.engine.runs.counts().cancelled, 1U);
}

// --- pairing ------------------------------------------------------------------------------------

TEST_F(FathomStreams, AWatchEndsWithTheClaim) {
  FathomServer server(path_);
  const std::string code = server.post("/api/v1/pair/start").json()["code"];
  auto watching =
      std::async(std::launch::async, [&] { return server.get("/api/v1/pair/watch?code=" + code); });
  const Answer claimed =
      call(server.port(),
           {.method = "POST", .target = "/api/v1/pair/claim", .body = Json{{"code", code}}.dump()});
  ASSERT_EQ(claimed.status, 200);
  EXPECT_EQ(claimed.json()["device_name"], "Unnamed device");
  EXPECT_EQ(claimed.header("Cache-Control"), "no-store");
  const Answer watched = watching.get();
  EXPECT_EQ(watched.status, 200);
  EXPECT_EQ(watched.json()["claimed"], true);
  EXPECT_EQ(watched.json()["device"]["id"], claimed.json()["device_id"]);
  EXPECT_EQ(server.get("/api/v1/pair/watch?code=" + code).json(), watched.json());
}

TEST_F(FathomStreams, AWatchOfNothingIsRefused) {
  FathomServer server(path_);
  EXPECT_EQ(server.get("/api/v1/pair/watch").status, 400);
  EXPECT_EQ(server.get("/api/v1/pair/watch?code=x").status, 404);
  const std::string code = server.post("/api/v1/pair/start").json()["code"];
  const std::string stranger = server.create_token("bob");
  EXPECT_EQ(
      call(server.port(), {.target = "/api/v1/pair/watch?code=" + code, .token = stranger}).status,
      404)
      << "another user's code";
  server.pairing_clock.advance(limits::pairing_code_time);
  EXPECT_EQ(server.get("/api/v1/pair/watch?code=" + code).status, 410);
}

TEST_F(FathomStreams, ACodeThatIsNoSixDigitsIsAnUnknownOne) {
  FathomServer server(path_);
  for (const char* code : {"12345", " 123456", "", "abcdef"}) {
    EXPECT_EQ(call(server.port(), {.method = "POST",
                                   .target = "/api/v1/pair/claim",
                                   .body = Json{{"code", code}}.dump()})
                  .status,
              404)
        << code;
  }
}

TEST_F(FathomStreams, ReadySaysWhyNot) {
  FathomServer server(
      path_, {.readiness = [] {
        return base::Result<void>(base::fail(base::ErrorKind::unavailable, "the store is closed"));
      }});
  const Answer answer = call(server.port(), {.target = "/api/v1/ready"});
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.json(), (Json{{"error", "the store is closed"}}));
}

TEST_F(FathomStreams, IdsArePercentDecodedAndReservedWordsAreNoIds) {
  FathomServer server(path_);
  const std::string id = server.new_thread();
  std::string escaped;
  for (const char c : id) {
    escaped += '%';
    escaped += "0123456789ABCDEF"[c >> 4];
    escaped += "0123456789ABCDEF"[c & 15];
  }
  EXPECT_EQ(server.get("/api/v1/threads/" + escaped).json()["thread"]["id"], id);
  EXPECT_EQ(server.get("/api/v1/threads/search/messages").status, 404);
  EXPECT_EQ(server.ask("DELETE", "/api/v1/threads/search").status, 404);
  EXPECT_EQ(server.get("/api/v1/threads/a%2Fb").status, 404);
}

TEST_F(FathomStreams, TheSchemeIsTakenInAnyCase) {
  FathomServer server(path_);
  const auto with = [&](const std::string& value) {
    return call(server.port(), {.target = "/api/v1/threads", .headers = {{"Authorization", value}}})
        .status;
  };
  EXPECT_EQ(with("bearer  " + server.token), 200);
  EXPECT_EQ(with("BEARER " + server.token), 200);
  EXPECT_EQ(with("Basic " + server.token), 401);
  EXPECT_EQ(with(server.token), 401);
  EXPECT_EQ(call(server.port(), {.target = "/api/v1/threads?token=" + server.token}).status, 401);
}

}  // namespace
}  // namespace colonnade::tests
