// The dialect's table behind a real listener: who gets where, and in which words they are refused.
#include "dialects/platos/routes.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "../engine/background.hpp"
#include "../engine/engine.hpp"
#include "base/log.hpp"
#include "core/access/keyed_requests.hpp"
#include "core/threads/erasure.hpp"
#include "net/testing.hpp"
#include "test_house.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::Json;
using net::testing::body_of;
using net::testing::header_of;
using net::testing::status_of;

// A stream that says a word and stays open.
class StreamResource {
 public:
  base::Task<net::Reply> open(Caller /*caller*/, RequestPtr /*request*/) {
    net::StreamReply out;
    out.on_open = [](std::shared_ptr<net::StreamWriter> writer) {
      writer->send(std::make_shared<const std::string>("data: here\n\n"));
    };
    co_return out;
  }
};

class PlatosRoutes : public testing::Test {
 protected:
  static void SetUpTestSuite() { base::log::set_level(base::log::Level::off); }

  std::vector<net::Route> all_routes() {
    std::vector<net::Route> out = dialect_.routes();
    out.push_back({net::Method::get, "/api/v1/agent/test-stream",
                   house_.access.guard(streams_, &StreamResource::open)});
    out.push_back({net::Method::get, "/api/v1/agent/agents/{id}/test-stream",
                   house_.access.guard(streams_, &StreamResource::open, {.agent_in_path = true})});
    return out;
  }
  static std::string request_text(const std::string& method, const std::string& path,
                                  const std::string& headers, const std::string& body = {}) {
    return method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers +
           "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }
  std::string ask(const std::string& method, const std::string& path, const std::string& headers,
                  const std::string& body = {}) {
    return server_.exchange(request_text(method, path, headers, body));
  }
  static std::string with(const std::string& token) {
    return "X-Platos-Session-Token: " + token + "\r\n";
  }

  storage::sqlite::TestFolder folder_;
  TestHouse house_{folder_, test_secrets(), {.requests_per_user_minute = 20}};
  StreamResource streams_;
  storage::sqlite::TestFolder engine_folder_;
  tests::Engine engine_{engine_folder_.file("engine.db")};  // of what is behind the doors
  tests::Background background_{engine_};
  core::KeyedRequests keyed_requests_{*engine_.store, engine_.feed, engine_.clock};
  core::Erasure erasure_{{.store = *engine_.store,
                          .run_store = *engine_.store,
                          .feed = engine_.feed,
                          .agents = engine_.agents,
                          .threads = engine_.threads,
                          .runs = engine_.runs,
                          .clock = engine_.clock,
                          .memories = *engine_.store}};
  Dialect dialect_{{.credentials = house_.credentials,
                    .entities = house_.entities,
                    .access_keys = house_.access_keys,
                    .rate_limits = house_.rate_limits,
                    .login_failures = house_.login_failures,
                    .keyed_requests = keyed_requests_,
                    .agents = engine_.agents,
                    .threads = engine_.threads,
                    .erasure = erasure_,
                    .runs = engine_.runs,
                    .actions = engine_.actions,
                    .artifacts = engine_.artifacts,
                    .attachments = engine_.attachments,
                    .budgets = engine_.budgets,
                    .subscriptions = engine_.feed.subscriptions(),
                    .monitoring = engine_.monitoring,
                    .background = {.tasks = background_.catalog,
                                   .payloads = background_.payloads,
                                   .jobs = background_.jobs,
                                   .schedules = background_.schedules,
                                   .due_times = background_.due_times},
                    .clock = house_.clock},
                   {}};
  net::testing::TestServer server_{all_routes(), {}, error_encoders()};
};

TEST_F(PlatosRoutes, WhoIsNobodyIsToldSoAndWhatIsNowhereIs404) {
  const std::string nobody = ask("GET", "/api/v1/agent/budgets", "");
  EXPECT_EQ(status_of(nobody), 401);
  EXPECT_EQ(Json::parse(body_of(nobody)), (Json{{"statusCode", 401},
                                                {"message", "Authentication required."},
                                                {"error", "Unauthorized"},
                                                {"code", "unauthorized"}}));
  const std::string nowhere = ask("GET", "/api/v1/agent/nowhere", "");
  EXPECT_EQ(status_of(nowhere), 404);
  EXPECT_EQ(Json::parse(body_of(nowhere))["message"], "Cannot GET /api/v1/agent/nowhere");
  EXPECT_EQ(status_of(ask("PUT", "/api/v1/agent/budgets", "")), 404);
  EXPECT_EQ(status_of(ask("GET", "/api/health", "")), 200);
}

TEST_F(PlatosRoutes, MonitoringAndBackgroundWorkAreNotForGuests) {
  const std::string ann = with(test_token(test_claims()));
  EXPECT_EQ(status_of(ask("POST", "/api/v1/agent/trigger/runs/r/cancel", ann)), 404);
  Json guest = test_claims("guest-1");
  guest["isGuest"] = true;
  guest["agentId"] = "a1";
  for (const char* target :
       {"/api/v1/agent/trigger/runs", "/api/v1/agent/monitoring/safety-events"}) {
    EXPECT_EQ(status_of(ask("GET", target, ann)), 200) << target;
    EXPECT_EQ(status_of(ask("GET", target, with(test_token(guest)))), 403) << target;
  }
}

TEST_F(PlatosRoutes, ABoundTokenMeetsNoOtherAgent) {
  Json bound = test_claims();
  bound["agentId"] = "a1";
  const std::string other =
      ask("GET", "/api/v1/agent/agents/a2/test-stream", with(test_token(bound)));
  EXPECT_EQ(status_of(other), 403);
  EXPECT_EQ(Json::parse(body_of(other))["error"], "AGENT_SCOPE_MISMATCH");
}

TEST_F(PlatosRoutes, AMintedTokenIsTakenAndRequestsAreCounted) {
  const std::string made =
      ask("POST", "/api/v1/entities/ent-1/session-tokens",
          "Authorization: Bearer " + test_secret + "\r\n",
          R"({"organizationId":"acme","projectId":"garden","environmentId":"test","userId":"cy"})");
  ASSERT_EQ(status_of(made), 201) << made;
  EXPECT_EQ(header_of(made, "Cache-Control"), "no-store");
  const std::string token = Json::parse(body_of(made))["token"];
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(status_of(ask("GET", "/api/v1/agent/budgets", with(token))), 200) << i;
  }
  const std::string over = ask("GET", "/api/v1/agent/budgets", with(token));
  EXPECT_EQ(status_of(over), 429);
  EXPECT_EQ(header_of(over, "Retry-After"), "60");
  EXPECT_EQ(Json::parse(body_of(over))["scope"], "user_per_minute");
  EXPECT_EQ(status_of(ask("POST", "/api/v1/public/guest-token", "", R"({"agentId":"a"})")), 404);
}

TEST_F(PlatosRoutes, AStreamEndsWhenItsEntityIsRemovedAndNoOtherDoes) {
  const core::Principal system = core::system_operator();
  const core::EntityName name{.organization = "acme", .project = "garden", .entity = "shop"};
  const auto added = house_.run(house_.entities.add(system, name, ""));
  ASSERT_TRUE(added);
  Json claims = test_claims("ben");
  claims["entityId"] = "shop";
  const auto open = [&](const std::string& token) {
    auto client = server_.connect();
    client.send(request_text("GET", "/api/v1/agent/test-stream", with(token)));
    EXPECT_NE(client.read_until("data: here"), "");
    return client;
  };
  auto removed = open(test_token(claims, added->secret));
  auto kept = open(test_token(test_claims()));
  ASSERT_TRUE(house_.run(house_.entities.remove(system, name)));
  removed.read_to_end();  // it ends
  // The other one goes on.
  EXPECT_TRUE(net::testing::eventually([&] { return house_.credentials.open_count() == 1U; }));
  EXPECT_EQ(status_of(ask("GET", "/api/v1/agent/budgets", with(test_token(claims, added->secret)))),
            401);
}

}  // namespace
}  // namespace colonnade::dialects::platos
