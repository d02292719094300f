// The namespace /agent over real sockets, held against the habits of the Python client (platos §3,
// §8 rows 1, 2, 3, 4, 10, 13, 15).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../engine/engine.hpp"
#include "base/json_web_token.hpp"
#include "base/log.hpp"
#include "base/secret_box.hpp"
#include "core/access/access_keys.hpp"
#include "core/access/credentials.hpp"
#include "core/access/entities.hpp"
#include "core/access/keyed_requests.hpp"
#include "core/access/login_failures.hpp"
#include "core/access/rate_limits.hpp"
#include "core/events/background_commits.hpp"
#include "core/governance/audit_log.hpp"
#include "dialects/platos/access.hpp"
#include "dialects/platos/errors.hpp"
#include "dialects/platos/turns.hpp"
#include "dialects/socket_io/endpoint.hpp"
#include "net/http_server.hpp"
#include "platos_python_client.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using ::testing::Contains;
using ::testing::ElementsAre;

const std::string secret = "0123456789abcdef0123456789abcdef";
const core::Scope garden("acme", "garden", "test");

core::Principal member(const std::string& user) { return {garden, user, core::UserRole::member}; }

class PlatosSockets : public ::testing::Test {
 protected:
  explicit PlatosSockets(const net::HttpServerOptions& options = {})
      : http_(engine_.lanes, router_, options) {
    base::log::set_level(base::log::Level::off);
    EXPECT_TRUE(engine_.run(entities_.open()));
    EXPECT_TRUE(engine_.run(access_keys_.open()));
    EXPECT_TRUE(engine_.run(engine_.runs.recover()));
    router_.add(turns_.routes());
    if (const auto started = http_.start(); !started) {
      throw std::runtime_error(started.error().message);
    }
  }
  ~PlatosSockets() override {
    engine_.runs.park_all();
    http_.stop(std::chrono::seconds(10));
    engine_.lanes.stop();
  }

  std::string token(const std::string& user = "ann", std::int64_t seconds = 3600) {
    const std::int64_t now = engine_.clock.now().micros / 1'000'000;
    const Json claims = {{"organizationId", "acme"}, {"projectId", "garden"},
                         {"environmentId", "test"},  {"userId", user},
                         {"entityId", "ent-1"},      {"iat", now - 10},
                         {"exp", now + seconds}};
    return base::make_token(base::to_text(claims), secret);
  }
  std::string new_thread(const std::string& user = "ann") {
    return engine_.run(engine_.threads.create(member(user), {}))->id;
  }
  PythonSend send(const std::string& thread_id, std::string as, std::vector<int> cuts = {}) {
    return PythonSend({.port = http_.port(),
                       .token = std::move(as),
                       .thread_id = thread_id,
                       .message = "hi",
                       .cut_after_tokens = std::move(cuts)});
  }
  std::string stored_answer(const std::string& thread_id) {
    const auto view = engine_.run(engine_.threads.view(member("ann"), thread_id, 50));
    return view->messages.empty() ? "" : core::visible_text(view->messages.back().parts);
  }
  static void expect_refused(PythonSend& client, const std::string& code) {
    EXPECT_TRUE(client.run());
    EXPECT_THAT(client.types(), ElementsAre("connected", "error", "done"));
    EXPECT_EQ(client.yielded()[1].at("code"), code);
    EXPECT_EQ(client.connections(), 1);
  }

  TemporaryFolder folder_;
  Engine engine_{folder_.file("colonnade.db")};
  base::SecretBox box_{{}};
  core::Credentials credentials_{*engine_.store, engine_.feed, engine_.clock};
  core::Entities entities_{
      *engine_.store,
      credentials_,
      engine_.feed,
      engine_.clock,
      box_,
      {.entities = {{.name = {.organization = "acme", .project = "garden", .entity = "ent-1"},
                     .secret = secret}}}};
  core::AccessKeys access_keys_{*engine_.store, engine_.feed, engine_.clock, "platos_live_"};
  core::RateLimits rate_limits_{engine_.clock};
  core::BackgroundCommits commits_{engine_.feed, engine_.lanes[0]};
  core::AuditLog audit_log_{commits_};
  core::LoginFailures login_failures_{audit_log_, engine_.clock};
  core::KeyedRequests keyed_requests_{*engine_.store, engine_.feed, engine_.clock};
  dialects::platos::Access access_{{.credentials = credentials_,
                                    .entities = entities_,
                                    .access_keys = access_keys_,
                                    .rate_limits = rate_limits_,
                                    .login_failures = login_failures_,
                                    .clock = engine_.clock}};
  dialects::platos::Turns turns_{{.access = access_,
                                  .agents = engine_.agents,
                                  .threads = engine_.threads,
                                  .runs = engine_.runs,
                                  .actions = engine_.actions,
                                  .attachments = engine_.attachments,
                                  .subscriptions = engine_.feed.subscriptions(),
                                  .keyed_requests = keyed_requests_,
                                  .rate_limits = rate_limits_,
                                  .clock = engine_.clock},
                                 {},
                                 *dialects::TrustedProxies::parse({"127.0.0.0/8", "::1"})};
  net::Router router_;
  net::HttpServer http_;
};

TEST_F(PlatosSockets, ATurnIsStreamedAndStoredBeforeItsDone) {
  const std::string thread_id = new_thread();
  engine_.model->script({text("Hel"), text("lo"), reply({core::TextPart{"Hello"}})});
  PythonSend client = send(thread_id, token());
  ASSERT_TRUE(client.run());
  EXPECT_EQ(client.connections(), 1);
  EXPECT_EQ(client.text(), "Hello");
  EXPECT_EQ(stored_answer(thread_id), "Hello");
  const auto types = client.types();
  EXPECT_EQ(types.front(), "connected");
  EXPECT_EQ(types[1], "meta");
  EXPECT_EQ(types[2], "status");
  EXPECT_EQ(types[types.size() - 2], "message_persisted");
  EXPECT_EQ(types.back(), "done");
  for (std::size_t i = 1; i < client.yielded().size(); ++i) {
    EXPECT_EQ(client.yielded()[i].at("_seq"), i) << "numbered from 1 without a gap";
  }
}

TEST_F(PlatosSockets, EveryRefusalEndsWithDone) {
  const std::string thread_id = new_thread();
  PythonSend nobody = send(thread_id, "no.token.atall");
  expect_refused(nobody, "unauthorized");
  PythonSend late = send(thread_id, token("ann", -5));
  expect_refused(late, "unauthorized");
  PythonSend lost = send("nope", token());
  expect_refused(lost, "thread_not_found");
  PythonSend stranger = send(thread_id, token("bob"));
  expect_refused(stranger, "thread_not_found");
}

TEST_F(PlatosSockets, ABusyThreadEndsWithDone) {
  const std::string thread_id = new_thread();
  const auto silent = std::make_shared<std::promise<void>>();
  engine_.model->on_hold([silent] { silent->set_value(); });
  engine_.model->script({text("Half"), Hold{}});
  core::NewMessage message{.thread_id = thread_id, .parts = {core::TextPart{"hi"}}};
  const auto run =
      engine_.run(engine_.runs.start(member("ann"), std::move(message), engine_.lanes[0]));
  ASSERT_TRUE(run);
  silent->get_future().wait();
  PythonSend second = send(thread_id, token());
  expect_refused(second, "turn_in_progress");
  ASSERT_TRUE(engine_.run(engine_.runs.cancel(member("ann"), run->id)));
  ASSERT_TRUE(engine_.run(engine_.runs.wait(member("ann"), run->id, {})));
}

// The time that a turn has without a listener is a coroutine that waits as the server stops.
TEST_F(PlatosSockets, TheServerStopsWhileATurnHasNoListener) {
  const std::string thread_id = new_thread();
  engine_.model->script({text("Half"), Hold{}});
  PythonSend client({.port = http_.port(),
                     .token = token(),
                     .thread_id = thread_id,
                     .message = "hi",
                     .cut_after_tokens = {1},
                     .connections_max = 1});
  EXPECT_FALSE(client.run());
  EXPECT_EQ(client.text(), "Half");
}

// All that the server sent has been read when the line is cut, and nothing is said until the server
// has noticed: so nothing can be lost on the way.
TEST_F(PlatosSockets, ThreeCutsInOneTurnLoseAndRepeatNothing) {
  const std::string thread_id = new_thread();
  engine_.model->script({text("one "), Hold{}, text("two "), Hold{}, text("three "), Hold{},
                         text("four"), reply({core::TextPart{"one two three four"}})});
  int joins = 0;
  PythonSend client(
      {.port = http_.port(),
       .token = token(),
       .thread_id = thread_id,
       .message = "hi",
       .cut_after_tokens = {1, 1, 1},
       .on_frame = [&](std::string_view frame) {
         if (!frame.starts_with("40/agent,") || ++joins == 1) return;
         EXPECT_TRUE(net::testing::eventually([&] { return http_.counts().streams_open == 1; }));
         engine_.model->release();
       }});
  ASSERT_TRUE(client.run());
  EXPECT_EQ(client.connections(), 4);
  EXPECT_EQ(client.text(), "one two three four");
  EXPECT_EQ(stored_answer(thread_id), client.text());
  EXPECT_THAT(client.types(),
              ElementsAre("connected", "meta", "status", "token", "disconnected", "reconnecting",
                          "connected", "token", "disconnected", "reconnecting", "connected",
                          "token", "disconnected", "reconnecting", "connected", "token", "meta",
                          "message_persisted", "done"));
  std::int64_t newest = 0;
  for (const Json& one : client.yielded()) {
    if (one.contains("_seq")) EXPECT_EQ(one.at("_seq"), ++newest);
  }
}

// --- a look-up that takes its time (§8 row 1) ----------------------------------------------------

// Lets a client in when the test says so.
class SlowLobby final : public dialects::socket_io::Lobby {
 public:
  explicit SlowLobby(dialects::socket_io::Lobby& inner) : inner_(inner) {}
  base::Task<base::Result<std::shared_ptr<dialects::socket_io::SocketHandler>>> join(
      std::shared_ptr<const net::Request> handshake, Json auth,
      std::shared_ptr<dialects::socket_io::Socket> socket) override {
    asked.set_value();
    co_await decided.wait();
    auto out = co_await inner_.join(std::move(handshake), std::move(auth), std::move(socket));
    co_return out;
  }
  std::promise<void> asked{};
  base::Completion<bool> decided{};

 private:
  dialects::socket_io::Lobby& inner_;
};

TEST_F(PlatosSockets, AMessageBehindAJoinThatIsNotDecidedWaits) {
  namespace platos = dialects::platos;
  platos::TurnOptionsOf options_of(engine_.attachments, engine_.clock);
  core::Subscriptions& subscriptions = engine_.feed.subscriptions();
  platos::TurnStarts starts({.agents = engine_.agents,
                             .threads = engine_.threads,
                             .runs = engine_.runs,
                             .subscriptions = subscriptions,
                             .keyed_requests = keyed_requests_,
                             .rate_limits = rate_limits_,
                             .clock = engine_.clock,
                             .options = options_of});
  platos::LiveTurns live(
      {.runs = engine_.runs, .subscriptions = subscriptions, .clock = engine_.clock});
  platos::ApprovalResource approvals({.actions = engine_.actions, .clock = engine_.clock});
  platos::TurnLobby lobby({.access = access_,
                           .starts = starts,
                           .live = live,
                           .approvals = approvals,
                           .threads = engine_.threads,
                           .runs = engine_.runs,
                           .subscriptions = subscriptions,
                           .clock = engine_.clock});
  SlowLobby slow(lobby);
  dialects::socket_io::Endpoint endpoint(slow, engine_.clock);
  net::Router router;
  router.add(endpoint.routes("/socket.io"));
  net::HttpServer http(engine_.lanes, router, {});
  ASSERT_TRUE(http.start());

  const std::string thread_id = new_thread();
  engine_.model->script({text("Hel"), text("lo"), reply({core::TextPart{"Hello"}})});
  PythonSend client(
      {.port = http.port(), .token = token(), .thread_id = thread_id, .message = "hi"});
  std::thread sending([&] { EXPECT_TRUE(client.run()); });
  // Both frames came in one segment, so the second is there when the first is looked at.
  slow.asked.get_future().wait();
  slow.decided.complete(true);
  sending.join();
  EXPECT_EQ(client.connections(), 1);
  EXPECT_THAT(client.types(), Contains("connected").Times(1));
  EXPECT_EQ(client.types().back(), "done");
  EXPECT_EQ(client.text(), "Hello");
  http.stop(std::chrono::seconds(10));
}

// --- a turn of more than a minute (§8 row 2) -----------------------------------------------------

constexpr std::chrono::milliseconds short_beat{500};  // in place of 25 seconds

class PlatosSocketsInFastTime : public PlatosSockets {
 protected:
  PlatosSocketsInFastTime() : PlatosSockets({.websocket_heartbeat_interval = short_beat}) {}
};

// The stock server ends a client that has not answered the second.
TEST_F(PlatosSocketsInFastTime, AClientThatAnswersNoPingOfEngineIoKeepsItsTurn) {
  const std::string thread_id = new_thread();
  engine_.model->script({text("Hel"), Hold{}, text("lo"), reply({core::TextPart{"Hello"}})});
  constexpr int beats_of_a_minute = 3;
  int beats = 0;
  PythonSend client({.port = http_.port(),
                     .token = token(),
                     .thread_id = thread_id,
                     .message = "hi",
                     .on_frame = [&](std::string_view frame) {
                       if (frame == "2" && ++beats == beats_of_a_minute) engine_.model->release();
                     }});
  ASSERT_TRUE(client.run());
  EXPECT_EQ(client.connections(), 1);
  EXPECT_GE(beats, beats_of_a_minute);
  EXPECT_EQ(client.text(), "Hello");
}

}  // namespace
}  // namespace colonnade::tests
