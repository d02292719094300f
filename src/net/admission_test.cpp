// Callers are judged by the head of a request, and the memory of bodies is bounded.
#include <gtest/gtest.h>

#include "base/log.hpp"
#include "net/body_limits.hpp"
#include "net/testing.hpp"

namespace colonnade::net {
namespace {

using testing::body_of;
using testing::eventually;
using testing::header_of;
using testing::status_of;
using testing::TestServer;

base::Task<Reply> greet(std::string who, std::shared_ptr<const Request> request) {
  co_return Response{.body = who + ":" + std::to_string(request->body.size())};
}

base::Task<Admission> let_in(std::string who, std::string thing) {
  if (who == "broken") throw std::runtime_error("deliberate");
  if (who.empty()) {
    co_return std::unexpected(Response{.status = 401, .body = "not to " + thing});
  }
  Handler handle = [who](std::shared_ptr<const Request> request) {
    return greet(who, std::move(request));
  };
  co_return LetIn{.handler = std::move(handle), .account = who};
}

base::Task<Reply> stay(std::shared_ptr<const Request> /*request*/) { co_return StreamReply{}; }

base::Task<Admission> let_stay(std::string who) {
  co_return LetIn{.handler = stay, .account = std::move(who)};
}

std::vector<Route> routes() {
  const Guard guard = [](const Request& head) {
    return let_in(std::string(head.header("X-Who")), head.path_parameters.at(0));
  };
  std::vector<Route> out;
  out.push_back({.method = Method::post,
                 .pattern = "/large/{thing}",
                 .handler = guard,
                 .body_bytes_max = 4 * limits::MiB});
  out.push_back({.method = Method::post, .pattern = "/usual/{thing}", .handler = guard});
  const Guard stream_guard = [](const Request& head) {
    return let_stay(std::string(head.header("X-Who")));
  };
  out.push_back({.method = Method::get, .pattern = "/stream", .handler = stream_guard});
  out.push_back({.method = Method::post, .pattern = "/open", .handler = testing::echo});
  return out;
}

std::string head(const std::string& path, std::size_t length, const std::string& more = {}) {
  return "POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(length) +
         "\r\n" + more + "\r\n";
}

const std::string ada = "X-Who: ada\r\n";

class Admissions : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { base::log::set_level(base::log::Level::off); }

  std::shared_ptr<BodyBudget> budget_ = std::make_shared<BodyBudget>(
      BodyLimits{.bytes_max = 8 * limits::MiB, .account_bytes_max = 3 * limits::MiB});
  TestServer server_{routes(), {.body_budget = budget_}, {testing::text_error_encoder("", "root")}};
};

TEST_F(Admissions, AStrangerIsRefusedByTheHeadAloneAndHoldsNothing) {
  auto client = server_.connect();
  client.send(head("/large/a%20b", 3 * limits::MiB));
  const std::string response = client.read_response();
  EXPECT_EQ(status_of(response), 401);
  EXPECT_EQ(body_of(response), "not to a b");
  EXPECT_EQ(header_of(response, "Connection"), "close");
  EXPECT_FALSE(header_of(response, "X-Request-Id").empty());
  EXPECT_EQ(budget_->bytes(), 0U);
}

TEST_F(Admissions, AStrangerThatWaitsToBeAskedForTheBodyIsNotAsked) {
  auto client = server_.connect();
  client.send(head("/usual/a", 3, "Expect: 100-continue\r\n"));
  EXPECT_EQ(status_of(client.read_to_end()), 401);
}

TEST_F(Admissions, ARefusalComesBeforeTheBodysLimit) {
  auto client = server_.connect();
  client.send(head("/usual/a", limits::http_body_bytes_default + 1));
  EXPECT_EQ(status_of(client.read_to_end()), 401);
  auto known = server_.connect();
  known.send(head("/usual/a", limits::http_body_bytes_default + 1, ada));
  EXPECT_EQ(status_of(known.read_to_end()), 413);
}

TEST_F(Admissions, AfterASmallBodyTheConnectionGoesOn) {
  auto client = server_.connect();
  client.send(head("/usual/a", 5));
  const std::string refused = client.read_response();
  EXPECT_EQ(status_of(refused), 401);
  EXPECT_EQ(header_of(refused, "Connection"), "");
  client.send("hel");
  client.send("lo" + head("/nothing", 2) + "ab" + head("/usual/a", 4, ada) + "next");
  EXPECT_EQ(status_of(client.read_response()), 404);
  EXPECT_EQ(body_of(client.read_response()), "ada:4");
}

TEST_F(Admissions, ASenderThatIsStillSendingGetsTheRefusal) {
  auto client = server_.connect();
  client.send(head("/large/a", 3 * limits::MiB));
  client.send(std::string(300'000, 'a'));
  EXPECT_EQ(status_of(client.read_to_end()), 401);
}

TEST_F(Admissions, AGuardThatFailsIsAnInternalError) {
  auto client = server_.connect();
  client.send(head("/usual/a", 5, "X-Who: broken\r\n"));
  const std::string response = client.read_response();
  EXPECT_EQ(status_of(response), 500);
  EXPECT_TRUE(body_of(response).starts_with("root internal internal error")) << response;
}

TEST_F(Admissions, WhoeverIsLetInSendsTheBody) {
  auto client = server_.connect();
  client.send(head("/large/a", 2 * limits::MiB, ada) + std::string(2 * limits::MiB, 'z'));
  EXPECT_EQ(body_of(client.read_response()), "ada:2097152");
  EXPECT_TRUE(eventually([&] { return budget_->bytes() == 0; }));
}

TEST_F(Admissions, AnOpenRouteTakesASmallBody) {
  EXPECT_EQ(status_of(server_.exchange(head("/open", limits::http_open_body_bytes_max + 1))), 413);
  auto client = server_.connect();
  client.send(head("/open", limits::http_open_body_bytes_max) +
              std::string(limits::http_open_body_bytes_max, 'a'));
  EXPECT_EQ(status_of(client.read_response()), 200);
}

// Announced and not sent is not held; what is sent is, until it is answered.
TEST_F(Admissions, BodiesUnderWayShareTheirMemory) {
  auto announcing = server_.connect();
  announcing.send(head("/large/a", 4 * limits::MiB, ada) + "a");
  auto holding = server_.connect();
  holding.send(head("/large/a", 2 * limits::MiB, ada) + std::string(2 * limits::MiB - 1, 'a'));
  ASSERT_TRUE(eventually([&] { return budget_->bytes() >= 2 * limits::MiB - 1; }));

  auto late = server_.connect();
  late.send(head("/large/a", 2 * limits::MiB, ada));
  late.send(std::string(2 * limits::MiB - 1, 'a'));
  const std::string refused = late.read_to_end();
  EXPECT_EQ(status_of(refused), 429) << refused;
  EXPECT_EQ(header_of(refused, "Retry-After"), "1");
  EXPECT_TRUE(body_of(refused).starts_with("root rate_limited")) << refused;
  auto small = server_.connect();
  small.send(head("/large/a", 4, ada) + "abcd");
  EXPECT_EQ(body_of(small.read_response()), "ada:4") << "what every connection may hold is not "
                                                        "counted";

  holding.send("a");
  EXPECT_EQ(body_of(holding.read_response()), "ada:2097152");
  ASSERT_TRUE(eventually([&] { return budget_->bytes() == 0; }));
  auto again = server_.connect();
  again.send(head("/large/a", 2 * limits::MiB, ada) + std::string(2 * limits::MiB, 'a'));
  EXPECT_EQ(status_of(again.read_response()), 200);
}

// All of these come from one address, as behind a proxy.
TEST_F(Admissions, AnAccountsBodiesTakeNoMemoryFromAnother) {
  auto ada_holds = server_.connect();
  ada_holds.send(head("/large/a", 2 * limits::MiB, ada) + std::string(2 * limits::MiB - 1, 'a'));
  ASSERT_TRUE(eventually([&] { return budget_->bytes() >= 2 * limits::MiB - 1; }));
  auto bob = server_.connect();
  bob.send(head("/large/a", 2 * limits::MiB, "X-Who: bob\r\n") + std::string(2 * limits::MiB, 'b'));
  EXPECT_EQ(body_of(bob.read_response()), "bob:2097152");
}

TEST(BodiesOfAll, AreBoundedToo) {
  HttpServerOptions options;
  options.body_budget = std::make_shared<BodyBudget>(BodyLimits{.bytes_max = 1 * limits::MiB});
  TestServer server(routes(), options, {testing::text_error_encoder("", "root")});
  auto client = server.connect();
  client.send(head("/large/a", 2 * limits::MiB, ada));
  client.send(std::string(2 * limits::MiB - 1, 'a'));
  const std::string refused = client.read_to_end();
  EXPECT_EQ(status_of(refused), 503) << refused;
  EXPECT_EQ(header_of(refused, "Retry-After"), "1");
  EXPECT_TRUE(body_of(refused).starts_with("root unavailable")) << refused;
}

TEST_F(Admissions, AClientThatLeavesGivesItsMemoryBack) {
  {
    auto client = server_.connect();
    client.send(head("/large/a", 2 * limits::MiB, ada) + std::string(1 * limits::MiB, 'a'));
    ASSERT_TRUE(eventually([&] { return budget_->bytes() >= 1 * limits::MiB; }));
  }
  EXPECT_TRUE(eventually([&] { return budget_->bytes() == 0; }));
}

std::string get_stream(const std::string& who) {
  return "GET /stream HTTP/1.1\r\nHost: x\r\nX-Who: " + who + "\r\n\r\n";
}

TEST(AccountRequests, AnAccountsStreamsLeaveConnectionsToOthers) {
  HttpServerOptions options;
  options.connections_max = 5;  // so four requests of one account
  TestServer server(routes(), options, {testing::text_error_encoder("", "root")});
  std::vector<decltype(server.connect())> streams;
  for (int i = 0; i < 4; ++i) {
    streams.push_back(server.connect());
    streams.back().send(get_stream("ada"));
    ASSERT_EQ(status_of(streams.back().read_until("\r\n\r\n")), 200);
  }
  auto client = server.connect();
  client.send(get_stream("ada"));
  const std::string refused = client.read_response();
  EXPECT_EQ(status_of(refused), 429) << refused;
  EXPECT_EQ(header_of(refused, "Retry-After"), "1");
  EXPECT_TRUE(body_of(refused).starts_with("root rate_limited")) << refused;
  client.send(head("/usual/a", 4, "X-Who: bob\r\n") + "abcd");
  EXPECT_EQ(body_of(client.read_response()), "bob:4");

  streams.pop_back();
  ASSERT_TRUE(eventually([&] { return server.server.counts().streams_open == 3; }));
  client.send(head("/usual/a", 4, ada) + "abcd");
  EXPECT_EQ(body_of(client.read_response()), "ada:4");
}

TEST(AccountRequests, AnAnsweredRequestGivesItsPlaceBack) {
  HttpServerOptions options;
  options.connections_max = 1;
  TestServer server(routes(), options, {testing::text_error_encoder("", "root")});
  auto client = server.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(head("/usual/a", 4, ada) + "abcd");
    EXPECT_EQ(body_of(client.read_response()), "ada:4");
    client.send(head("/open", 2) + "hi");
    EXPECT_EQ(status_of(client.read_response()), 200);
  }
}

}  // namespace
}  // namespace colonnade::net
