// What all of Tandem's routes have in common (tandem §1): who is let in, errors, bodies,
// connections.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tandem_server.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

class TandemDoor : public ::testing::Test {
 protected:
  Answer bare(const std::string& method, const std::string& target, net::Headers headers = {}) {
    return call(server_.port(),
                {.method = method, .target = target, .headers = std::move(headers)});
  }

  TemporaryFolder folder_;
  TandemServer server_{folder_.file("colonnade.db"),
                       {.callers = {.tokens = {"tk_of_the_configuration"}}}};
};

TEST_F(TandemDoor, HealthIsOpen) {
  const Answer health = bare("GET", "/global/health");
  ASSERT_EQ(health.status, 200);
  const Json body = health.json();
  EXPECT_EQ(body.at("ready"), true);
  EXPECT_EQ(body.at("healthy"), true);
  EXPECT_EQ(body.at("phase"), "ready");
  EXPECT_EQ(body.at("apiTokenRequired"), true);
  EXPECT_EQ(body.at("version"), "0.4.6");
  EXPECT_FALSE(body.contains("binary_path"));
}

TEST_F(TandemDoor, NobodyComesInWithoutAToken) {
  for (const std::string& route : server_.router.listing()) {
    const auto space = route.find(' ');
    const std::string path = route.substr(space + 1);
    if (path == "/global/health") continue;
    const Answer answer = bare(route.substr(0, space), path);
    EXPECT_EQ(answer.status, 401) << route;
    EXPECT_EQ(answer.json(), (Json{{"error", "Unauthorized: missing or invalid API token"},
                                   {"code", "AUTH_REQUIRED"}}));
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "") << route;
  }
}

TEST_F(TandemDoor, AnyOfTheHeadersLetsIn) {
  const std::string& token = server_.token;
  EXPECT_NE(bare("GET", "/mission", {{"X-Agent-Token", token}}).status, 401);
  EXPECT_NE(bare("GET", "/mission", {{"X-Tandem-Token", token}}).status, 401);
  EXPECT_NE(bare("GET", "/mission", {{"Authorization", "bearer " + token}}).status, 401);
  EXPECT_NE(bare("GET", "/mission", {{"X-Tandem-Token", "tk_of_the_configuration"}}).status, 401);
  EXPECT_EQ(bare("GET", "/mission", {{"X-Agent-Token", "no"}, {"X-Tandem-Token", token}}).status,
            401)
      << "the first header counts, also when it is wrong";
  EXPECT_EQ(bare("GET", "/mission?token=" + token).status, 401);
}

TEST_F(TandemDoor, WhatIsNotServedSaysSo) {
  const Answer answer = server_.get("/mission");
  EXPECT_EQ(answer.status, 501);
  EXPECT_EQ(answer.json().at("code"), "NOT_IMPLEMENTED");
  EXPECT_EQ(server_.get("/coder/runs").status, 501);
  // Not a wrong method of a skill's path.
  EXPECT_EQ(server_.post("/skills/validate", {{"content", "x"}}).status, 501);
  EXPECT_EQ(server_.get("/api/session/x/y/z").status, 404);
}

TEST_F(TandemDoor, AWrongMethodNamesTheAllowedOnes) {
  const Answer answer = server_.ask("DELETE", "/tool/execute");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.header("Allow"), "POST");
  EXPECT_EQ(answer.json().at("code"), "METHOD_NOT_ALLOWED");
}

TEST_F(TandemDoor, OptionsNeedNoToken) {
  const Answer answer = bare("OPTIONS", "/session/x/message",
                             {{"Origin", "https://app.example"},
                              {"Access-Control-Request-Method", "PATCH"},
                              {"Access-Control-Request-Headers", "authorization,content-type"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(answer.header("Access-Control-Allow-Methods"), "*");
  EXPECT_EQ(answer.header("Access-Control-Allow-Headers"), "authorization,content-type");
  EXPECT_EQ(bare("OPTIONS", "/session/no/such/path").status, 200);
  EXPECT_EQ(server_.get("/mission").header("Access-Control-Allow-Origin"), "*");
}

// tandem §1.3: its sync client cannot use a connection twice.
TEST_F(TandemDoor, PythonsClientGetsAConnectionForEachCall) {
  const net::Headers python = {{"User-Agent", "python-httpx/0.28.1"}};
  EXPECT_EQ(server_.ask("GET", "/mission", "", python).header("Connection"), "close");
  EXPECT_EQ(bare("GET", "/global/health", python).header("Connection"), "close");
  // Errors are raised, and the next call is made.
  EXPECT_EQ(bare("GET", "/session", python).header("Connection"), "close") << "401";
  EXPECT_EQ(bare("GET", "/session/no/such/path", python).header("Connection"), "close") << "404";
  EXPECT_EQ(bare("GET", "/coder/runs", python).header("Connection"), "close") << "501";
  EXPECT_EQ(bare("PUT", "/session", python).header("Connection"), "close") << "405";
  // HTTP/1.1 keeps a connection of which nothing is said.
  EXPECT_EQ(server_.ask("GET", "/mission", "", {{"User-Agent", "node"}}).header("Connection"), "");
}

TEST_F(TandemDoor, ABodyHasALimit) {
  const std::string body(2 * 1024 * 1024 + 1, ' ');
  const Answer answer = server_.ask("POST", "/tool/execute", body);
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.json().at("code"), "PAYLOAD_TOO_LARGE");
}

// tandem §3.2: a comment and nothing else, so that nobody takes it for an event.
TEST(TandemKeepAlive, SilentStreamsAreKeptAlive) {
  TemporaryFolder folder;
  TandemServer server(folder.file("colonnade.db"),
                      {.keepalive_interval = std::chrono::milliseconds(20)});
  WireStream stream = server.stream("/event");
  EXPECT_EQ(stream.head().header("Content-Type"), "text/event-stream");
  EXPECT_EQ(stream.head().header("Cache-Control"), "no-cache");
  EXPECT_EQ(stream.next()->json().at("type"), "server.connected");
  EXPECT_EQ(stream.next()->json().at("type"), "engine.lifecycle.ready");
  stream.wait_for_bytes("\n\n:\n\n");
}

TEST(TandemReadiness, NobodyIsServedBeforeTheServerIsReady) {
  TemporaryFolder folder;
  const auto unready = [] {
    return base::Result<void>(
        std::unexpected(base::Error{.kind = base::ErrorKind::unavailable,
                                    .message = "the disk is full",
                                    .retry_after = std::chrono::milliseconds(1000)}));
  };
  TandemServer server(folder.file("colonnade.db"), {.callers = {.readiness = unready}});
  const Answer refused = server.get("/mission");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.json().at("code"), "ENGINE_STARTING");
  EXPECT_TRUE(refused.json().at("error").get<std::string>().starts_with("Engine starting: phase="));
  EXPECT_EQ(call(server.port(), {.target = "/mission"}).status, 401) << "the token comes first";
  const Answer health = call(server.port(), {.target = "/global/health"});
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.json().at("ready"), false);
}

}  // namespace
}  // namespace colonnade::tests
