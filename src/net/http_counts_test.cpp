// What the server counts of its answers, for /metrics.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/log.hpp"
#include "net/http_server.hpp"
#include "net/testing.hpp"

namespace colonnade::net {
namespace {

using testing::TestServer;

// Fails once its client has gone.
base::Task<Reply> fails_without_its_client(std::shared_ptr<const Request> request) {
  base::Signal never;
  while (!request->disconnected.stop_requested()) co_await never.wait(request->disconnected);
  co_return Response{.status = 500};
}

TEST(ServerCounts, WhatAClientDidNotWaitForIsNoFailureOfTheServers) {
  Route slow{.pattern = "/slow", .handler = Handler(fails_without_its_client)};
  slow.long_running = true;
  TestServer server({slow});
  {
    auto client = server.connect();
    client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(testing::eventually([&] { return server.server.counts().connections_open == 1; }));
  }
  EXPECT_TRUE(testing::eventually([&] { return server.server.counts().requests_total == 1; }));
  const auto counts = server.server.counts();
  EXPECT_EQ(counts.requests_by_status_class[5], 0U);
  EXPECT_EQ(counts.requests_by_status_class[4], 1U);
}

TEST(ServerCounts, AnswersAreTimedByTheirRoute) {
  TestServer server({{.pattern = "/items/{id}", .handler = Handler(testing::echo)}});
  auto client = server.connect();
  for (const char* path : {"/items/1", "/items/2", "/nowhere"}) {
    client.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    client.read_response();
  }
  // An answer is read before it is counted.
  EXPECT_TRUE(testing::eventually([&] { return server.server.counts().requests_total == 3; }));
  std::map<std::string, std::uint64_t> counts;
  for (const RouteTimes& one : server.server.route_times()) counts[one.pattern] = one.times.count;
  EXPECT_EQ(counts, (std::map<std::string, std::uint64_t>{{"", 1}, {"/items/{id}", 2}}));
}

}  // namespace
}  // namespace colonnade::net
