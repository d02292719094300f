// How sockets end that have done nothing wrong: what let them in is taken away, or their token
// expires. The dialect's clock stands still until a test moves it.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/access/operators.hpp"
#include "platos_server.hpp"
#include "platos_socket.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

class PlatosSocketEnds : public ::testing::Test {
 protected:
  static constexpr std::int64_t begin = 1'778'576'400;  // seconds
  static PlatosServerOptions starting_at(base::Time now) {
    PlatosServerOptions out;
    out.now = now;
    return out;
  }
  explicit PlatosSocketEnds(base::Time now = {begin * 1'000'000})
      : server_(folder_.file("colonnade.db"), starting_at(now)) {}

  ScriptedProvider& model() { return *server_.engine.model; }
  PlatosSocket joined(const net::Headers& headers) {
    PlatosSocket out(server_.port(), headers);
    out.event("connected");
    return out;
  }
  // Begins a turn whose model says "Half" and then, once it is released, the rest.
  void begin_turn(PlatosSocket& socket, const std::string& thread_id) {
    auto held = std::make_shared<std::promise<void>>();
    model().on_hold([held] { held->set_value(); });
    model().script(
        {text("Half"), Hold{}, text(" and half"), reply({core::TextPart{"Half and half"}})});
    socket.emit("message", {{"message", "hi"}, {"threadId", thread_id}});
    socket.until("token");
    held->get_future().wait();
    model().on_hold(nullptr);
  }
  // It is there and is answered.
  static void expect_open(PlatosSocket& socket) {
    socket.emit("stop", {{"threadId", "none"}});
    EXPECT_EQ(socket.until("done").front()["code"], "thread_not_found");
  }
  // Nothing but these, in this order, and the close of one who left.
  static void expect_expired(PlatosSocket& socket) {
    const Json bare = socket.event("error");
    EXPECT_EQ(bare["code"], "SESSION_EXPIRED");
    const std::size_t before = socket.packets().size();
    const auto told = socket.until("done");
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0]["type"], "error");
    EXPECT_EQ(told[0]["code"], "unauthorized");
    EXPECT_EQ(told[1], (Json{{"type", "done"}, {"stopped", true}})) << "of no turn: without usage";
    EXPECT_EQ(socket.next(), "41/agent,");
    EXPECT_EQ(socket.next(), std::nullopt);
    EXPECT_EQ(socket.close_code(), net::websocket_close::normal);
    EXPECT_EQ(socket.packets().size(), before + 3);
  }
  // Another socket of the user's has the rest of the turn that begin_turn() began.
  void expect_rest(PlatosSocket& next, const std::string& thread_id) {
    next.emit("resume_stream", {{"threadId", thread_id}});
    model().release();
    std::string said;
    const auto told = next.until("done");
    for (const Json& one : told) {
      if (one["type"] == "token") said += one["text"].get<std::string>();
    }
    EXPECT_EQ(said, " and half");
    EXPECT_TRUE(told.back().contains("usage")) << told.back();
    EXPECT_EQ(server_.messages(thread_id)["messages"].back()["content"], "Half and half");
  }

  TemporaryFolder folder_;
  PlatosServer server_;
};

// --- what let it in is taken away ----------------------------------------------------------------

// What lets somebody in, and how that is taken away.
struct Way {
  const char* name;
  net::Headers headers{};
  std::function<void()> take_away{};
};

class PlatosRevokedSockets : public PlatosSocketEnds {
 protected:
  Way credential() {
    core::Principal who(core::default_view(), "admin", core::UserRole::operator_role);
    who.every_scope = true;
    const auto made = server_.engine.run(
        server_.credentials.create(who, core::CredentialKind::operator_token, "test"));
    net::Headers headers = server_.direct();
    headers.front().value = "Bearer " + made->token;
    return {"an operator's token", std::move(headers), [this, id = made->credential.id] {
              EXPECT_TRUE(server_.engine.run(server_.credentials.revoke(
                  core::system_operator(), core::CredentialKind::operator_token, id)));
            }};
  }
  Way entity(const std::string& id) {
    const core::EntityName name{.organization = "org_1", .project = "prj_1", .entity = id};
    const auto made = server_.engine.run(server_.entities.add(core::system_operator(), name, ""));
    const Json claims = server_.claims("usr_1", {{"entityId", id}});
    return {
        "an entity",
        {{"X-Platos-Session-Token", base::make_token(base::to_text(claims), made->secret)}},
        [this, name] {
          EXPECT_TRUE(server_.engine.run(server_.entities.remove(core::system_operator(), name)));
        }};
  }
  Way old_secret(const std::string& id) {
    Way out = entity(id);
    out.name = "an entity's old secret";
    const core::EntityName name{.organization = "org_1", .project = "prj_1", .entity = id};
    out.take_away = [this, name] {
      const core::Principal system = core::system_operator();
      EXPECT_TRUE(server_.engine.run(server_.entities.rotate(system, name, "")));
      EXPECT_TRUE(server_.engine.run(server_.entities.finish_rotation(system, name)));
    };
    return out;
  }
  std::vector<Way> ways() { return {credential(), entity("shop"), old_secret("yard")}; }
};

TEST_F(PlatosRevokedSockets, AWebSocketEndsAtOnceAndSaysNothingMore) {
  PlatosSocket other = joined(server_.as());
  for (const Way& way : ways()) {
    SCOPED_TRACE(way.name);
    PlatosSocket socket = joined(way.headers);
    const std::size_t before = socket.packets().size();
    way.take_away();
    EXPECT_EQ(socket.next(), std::nullopt);
    EXPECT_EQ(socket.packets().size(), before);
    PlatosSocket again(server_.port(), way.headers);
    EXPECT_EQ(again.until("done").front()["code"], "unauthorized");
  }
  expect_open(other);
}

TEST_F(PlatosRevokedSockets, ASocketEndsInTheMiddleOfItsTurn) {
  const std::string thread_id = server_.new_thread();
  const Way way = entity("shop");
  PlatosSocket socket = joined(way.headers);
  begin_turn(socket, thread_id);
  way.take_away();
  EXPECT_EQ(socket.next(), std::nullopt);
  // The turn is of the user, who has another way in.
  PlatosSocket next = joined(server_.as());
  expect_rest(next, thread_id);
}

TEST_F(PlatosRevokedSockets, APollThatWaitsIsRefusedAtOnceAndTheSessionIsOver) {
  PlatosPolling other(server_.port(), server_.as());
  for (const Way& way : ways()) {
    SCOPED_TRACE(way.name);
    PlatosPolling polling(server_.port(), way.headers);
    const auto waiting = polling.waiting();
    way.take_away();
    EXPECT_EQ(waiting->read_answer().status, 400);
    EXPECT_EQ(polling.get().status, 400);
  }
  EXPECT_EQ(other.post(R"(42/agent,["stop",{"threadId":"none"}])").status, 200);
  EXPECT_TRUE(other.get().body.contains("thread_not_found"));
}

TEST_F(PlatosRevokedSockets, AWebSocketThatBeganWithPollsEndsToo) {
  for (const Way& way : ways()) {
    SCOPED_TRACE(way.name);
    PlatosPolling polling(server_.port(), way.headers);
    PlatosSocket socket(server_.port(), {}, "2probe", polling.session_id());
    EXPECT_EQ(socket.next(), "3probe");
    socket.send("5");
    expect_open(socket);
    way.take_away();
    EXPECT_EQ(socket.next(), std::nullopt);
  }
}

// An access key is no credential: a scope asks for one beside it when somebody comes in.
TEST_F(PlatosRevokedSockets, ARemovedAccessKeyRefusesTheNextJoinAndEndsNothing) {
  const core::Principal olga(core::Scope("org_1", "prj_1", "env_1"), "olga",
                             core::UserRole::operator_role);
  const auto kept = server_.engine.run(server_.access_keys.add(olga, {.name = "kept"}));
  const auto made = server_.engine.run(server_.access_keys.add(olga, {.name = "web"}));
  ASSERT_TRUE(kept && made);
  net::Headers headers = server_.as();
  headers.push_back({"X-Platos-Api-Key", made->text});
  PlatosSocket socket = joined(headers);
  ASSERT_TRUE(server_.engine.run(server_.access_keys.remove(olga, made->key.id)));
  PlatosSocket next(server_.port(), headers);
  EXPECT_EQ(next.until("done").front()["code"], "unauthorized");
  expect_open(socket);
}

// --- the token expires ---------------------------------------------------------------------------

TEST_F(PlatosSocketEnds, ATokenThatExpiresEndsItsSocket) {
  // At the last moment at which it counts: the socket is let in, and its time has come.
  PlatosSocket socket(server_.port(), server_.as("usr_1", {{"exp", begin}}));
  socket.event("connected");
  expect_expired(socket);
}

// Nothing looks at the socket at that moment but what it sends.
TEST_F(PlatosSocketEnds, AnExpiredTokenBeginsNothing) {
  const std::string thread_id = server_.new_thread();
  PlatosSocket socket = joined(server_.as());
  expect_open(socket);  // and its end is waited for, by a clock that is not this one
  server_.clock.advance(std::chrono::seconds(3601));
  socket.emit("message", {{"message", "hi"}, {"threadId", thread_id}});
  expect_expired(socket);
  EXPECT_EQ(server_.messages(thread_id)["total"], 0);
  EXPECT_TRUE(model().requests().empty());
}

// Half a millisecond before a full second: a token that ends with it is waited for that long.
class PlatosSocketEndsSoon : public PlatosSocketEnds {
 protected:
  PlatosSocketEndsSoon() : PlatosSocketEnds({begin * 1'000'000 - 500}) {}
};

TEST_F(PlatosSocketEndsSoon, InTheMiddleOfATurnTheSocketEndsAndTheTurnGoesOn) {
  const std::string thread_id = server_.new_thread();
  PlatosSocket socket = joined(server_.as("usr_1", {{"exp", begin}}));
  begin_turn(socket, thread_id);
  server_.clock.advance(std::chrono::milliseconds(1));
  expect_expired(socket);
  PlatosSocket next = joined(server_.as());
  expect_rest(next, thread_id);
}

}  // namespace
}  // namespace colonnade::tests
