// The server checklist of fathom.md §6, one test a number, on a real server.
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>
#include <set>

#include "base/limits.hpp"
#include "core/access/limits.hpp"
#include "fathom_server.hpp"
#include "net/limits.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

std::vector<std::string> names_of(const std::vector<WireEvent>& events) {
  std::vector<std::string> out;
  for (const WireEvent& event : events) out.push_back(event.name);
  return out;
}

bool is_error_body(const Answer& answer) {
  const Json body = answer.json();
  return body.is_object() && body.size() == 1 && body.contains("error") &&
         body["error"].is_string() && !body["error"].get<std::string>().empty() &&
         answer.header("Content-Type") == "application/json";
}

std::string pair_body(const std::string& code) {
  return Json{{"code", code}, {"device_name", "ci-bot"}}.dump();
}

// A code that is none of those.
std::string other_code(const std::set<std::string>& codes) {
  for (int i = 0;; ++i) {
    std::string code = std::to_string(100'000 + i);
    if (!codes.contains(code)) return code;
  }
}

class FathomServerChecklist : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  std::string path_ = folder_.file("colonnade.db");
};

TEST_F(FathomServerChecklist, S01_PathsAndStatus200Everywhere) {
  FathomServer server(path_);
  const Answer created = server.post("/api/v1/threads", R"({"title":"Trip"})");
  EXPECT_EQ(created.status, 200);
  const std::string thread = "/api/v1/threads/" + created.json()["id"].get<std::string>();
  server.script_answer();
  EXPECT_EQ(server.post(thread + "/messages", R"({"text":"hi"})").status, 200);
  for (const char* path : {"/api/v1/health", "/api/v1/ready", "/api/v1/threads", "/api/v1/devices",
                           "/api/v1/threads/search?q=hi"}) {
    EXPECT_EQ(server.get(path).status, 200) << path;
  }
  EXPECT_EQ(server.get(thread).status, 200);
  EXPECT_EQ(server.get(thread + "/messages").status, 200);
  EXPECT_EQ(server.get(thread + "/usage").status, 200);
  EXPECT_EQ(server.ask("PATCH", thread, R"({"title":"NYC"})").status, 200);
  EXPECT_EQ(server.ask("DELETE", thread).status, 200);
  EXPECT_EQ(server.post(thread + "/restore").status, 200);
  EXPECT_EQ(server.post("/api/v1/pair/start").status, 200);
  EXPECT_EQ(server.get("/v1/threads").status, 404) << "not without /api";
}

TEST_F(FathomServerChecklist, S02_ErrorBodiesHaveOneKey) {
  FathomServer server(path_);
  const std::string thread = "/api/v1/threads/" + server.new_thread();
  const auto expect = [](const Answer& answer, int status) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_TRUE(is_error_body(answer)) << answer.body;
  };
  expect(server.post("/api/v1/threads", "{not json"), 400);
  expect(server.post("/api/v1/threads", R"({"title":1})"), 400);
  expect(server.get(thread + "/messages?after=yesterday"), 400);
  expect(server.post("/api/v1/pair/claim", R"({"code":123456})"), 400);
  expect(server.get("/api/v1/threads/search?q=%22open"), 400);
  expect(call(server.port(), {.target = thread}), 401);
  expect(call(server.port(), {.target = "/api/v1/threads/none"}), 401);
  expect(call(server.port(), {.target = "/api/v1/threads", .token = "wrong"}), 401);
  expect(server.get("/api/v1/threads/none"), 404);
  expect(server.get("/api/v1/nothing"), 404);
  expect(server.get("/api/v1"), 404);
  expect(server.ask("PUT", "/api/v1/threads", "{}"), 405);
  expect(server.ask("PUT", "/api/v1/devices", "{}"), 405);
  expect(server.get("/api/v1/pair/start"), 405);
  expect(server.post("/api/v1/health"), 405);
  expect(server.ask("PUT", thread, "{}"), 404);
  expect(server.ask("DELETE", thread + "/stream"), 404);
  expect(server.post(thread + "/restore"), 404);
  expect(server.post("/api/v1/threads", std::string(64 * limits::KiB + 1, ' ')), 413);
  expect(server.post(thread + "/messages", std::string(limits::MiB + 1, ' ')), 413);
}

TEST_F(FathomServerChecklist, S03_EmptyArraysAreNeverNull) {
  FathomServer server(path_);
  EXPECT_EQ(server.get("/api/v1/threads").body, R"({"threads":[]})");
  EXPECT_EQ(server.get("/api/v1/devices").body, R"({"devices":[]})");
  EXPECT_EQ(server.get("/api/v1/threads/search?q=").body, R"({"query":"","hits":[]})");
  EXPECT_EQ(server.get("/api/v1/threads/search?q=none").body, R"({"query":"none","hits":[]})");
  const std::string thread = "/api/v1/threads/" + server.new_thread();
  EXPECT_EQ(server.get(thread + "/messages").body, R"({"messages":[]})");
  EXPECT_EQ(server.get(thread).json()["messages"], Json::array());
}

TEST_F(FathomServerChecklist, S04_ListIsNewestFirstAndAtMost50) {
  FathomServer server(path_);
  std::vector<std::string> ids;
  for (int i = 0; i < 52; ++i) ids.push_back(server.new_thread());
  Json threads = server.get("/api/v1/threads").json()["threads"];
  ASSERT_EQ(threads.size(), 50U);
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(threads[i]["id"], ids[51 - i]);
  // The oldest comes back to the top by a change of its own.
  ASSERT_EQ(server.ask("PATCH", "/api/v1/threads/" + ids[0], R"({"title":"top"})").status, 200);
  threads = server.get("/api/v1/threads").json()["threads"];
  ASSERT_EQ(threads.size(), 50U);
  EXPECT_EQ(threads[0]["id"], ids[0]);
  EXPECT_EQ(threads[0]["title"], "top");
  EXPECT_EQ(threads[1]["id"], ids[51]);
}

TEST_F(FathomServerChecklist, S05_DeleteAndRestore) {
  FathomServer server(path_);
  const std::string id = server.new_thread("one");
  const std::string newer = server.new_thread("two");
  const std::string thread = "/api/v1/threads/" + id;
  const Json before = server.get(thread).json()["thread"];
  EXPECT_EQ(server.ask("DELETE", thread).json(), (Json{{"deleted", id}}));
  const Json deleted = server.get(thread).json()["thread"];
  EXPECT_TRUE(deleted["deleted_at"].is_string());
  EXPECT_EQ(deleted["updated_at"], before["updated_at"]) << "deletion does not bump it";
  EXPECT_EQ(server.get("/api/v1/threads").json()["threads"].size(), 1U);
  EXPECT_EQ(server.ask("DELETE", thread).status, 404);
  const Answer refused = server.post(thread + "/messages", R"({"text":"hi"})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(server.post(thread + "/restore").json(), (Json{{"restored", id}}));
  const Json threads = server.get("/api/v1/threads").json()["threads"];
  ASSERT_EQ(threads.size(), 2U);
  EXPECT_EQ(threads[0]["id"], id) << "restored to the top";
  EXPECT_EQ(threads[1]["id"], newer);
  EXPECT_FALSE(threads[0].contains("deleted_at"));
  EXPECT_EQ(server.post(thread + "/restore").status, 404);
}

TEST_F(FathomServerChecklist, S06_AutoTitleTable) {
  FathomServer server(path_);
  const std::vector<std::pair<std::string, std::string>> table = {
      {"Plan the sprint. Then book a room.", "Plan the sprint"},
      {"Is v1.2 out? Tell me.", "Is v1.2 out?"},
      {"read config.yaml and explain", "read config.yaml and explain"},
      {"look:\n```py\nprint(1)\n```\nwhy", "look: why"},
      {"before ```never closed", "before"},
      {" \n ", "New chat"},
      {". dots first", "New chat"},
      {"wait... what", "wait.."},
      {std::string(70, 'A'), std::string(59, 'A') + "…"},
      {std::string(58, 'A') + "ä" + std::string(9, 'A'), std::string(58, 'A') + "…"},
  };
  for (const auto& [input, title] : table) {
    const std::string thread = "/api/v1/threads/" + server.new_thread();
    server.script_answer();
    ASSERT_EQ(server.post(thread + "/messages", Json{{"text", input}}.dump()).status, 200);
    EXPECT_EQ(server.get(thread).json()["thread"]["title"], title) << input;
  }
  const std::string titled = "/api/v1/threads/" + server.new_thread("Mine");
  server.script_answer();
  ASSERT_EQ(server.post(titled + "/messages", R"({"text":"Other."})").status, 200);
  EXPECT_EQ(server.get(titled).json()["thread"]["title"], "Mine");
}

TEST_F(FathomServerChecklist, S07_EventOrderForTwoSubscribers) {
  FathomServer server(path_);
  const std::string id = server.new_thread();
  const std::string thread = "/api/v1/threads/" + id;
  WireStream one = server.stream(thread + "/stream");
  WireStream two = server.stream(thread + "/stream");
  EXPECT_EQ(one.head().status, 200);
  EXPECT_EQ(one.head().header("Content-Type"), "text/event-stream");
  EXPECT_EQ(one.head().header("Cache-Control"), "no-store");
  EXPECT_EQ(one.head().header("Connection"), "keep-alive");
  EXPECT_EQ(one.head().header("X-Accel-Buffering"), "no");
  ASSERT_EQ(one.next()->name, "ready");
  ASSERT_EQ(two.next()->name, "ready");
  server.script_answer("Sunny, 24 C.");
  const Answer sent = server.post(thread + "/messages", R"({"text":"Weather?"})");
  ASSERT_EQ(sent.status, 200) << sent.body;
  const auto first = one.until("agent_done");
  const auto second = two.until("agent_done");
  const auto names = names_of(first);
  ASSERT_GE(names.size(), 4U);
  EXPECT_EQ(names[0], "user_message");
  EXPECT_EQ(names[1], "agent_thinking");
  std::string deltas;
  for (std::size_t i = 2; i + 1 < names.size(); ++i) {
    EXPECT_EQ(names[i], "agent_delta");
    deltas += first[i].json()["delta"].get<std::string>();
  }
  EXPECT_EQ(deltas, "Sunny, 24 C.");
  EXPECT_EQ(first[0].json()["message"], sent.json()["user_message"]);
  EXPECT_EQ(first[1].json()["message"], sent.json()["user_message"]);
  EXPECT_EQ(first.back().json()["message"], sent.json()["agent_message"]);
  ASSERT_EQ(second.size(), first.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(second[i].data, first[i].data);
    EXPECT_EQ(first[i].json()["type"], first[i].name);
    EXPECT_EQ(first[i].json()["thread_id"], id);
    EXPECT_EQ(first[i].id, "") << "the contract's stream has no ids";
  }
}

TEST_F(FathomServerChecklist, S08_AgentDoneIsVisibleBeforeThePostAnswers) {
  FathomServer server(path_);
  const std::string thread = "/api/v1/threads/" + server.new_thread();
  WireStream stream = server.stream(thread + "/stream");
  ASSERT_EQ(stream.next()->name, "ready");
  server.script_answer();
  ASSERT_EQ(server.post(thread + "/messages", R"({"text":"Weather?"})").status, 200);
  const auto arrived = stream.arrived();
  ASSERT_FALSE(arrived.empty());
  EXPECT_EQ(arrived.back().name, "agent_done");
  EXPECT_EQ(server.get(thread).json()["thread"]["title"], "Weather?");
  EXPECT_EQ(server.get(thread).json()["running"], false);
}

TEST_F(FathomServerChecklist, S09_OverlappingSendsAre409) {
  FathomServer server(path_);
  const std::string thread = "/api/v1/threads/" + server.new_thread();
  std::promise<void> held;
  server.engine.model->on_hold([&held] { held.set_value(); });
  auto acts = FathomServer::answer_acts();
  acts.insert(acts.begin(), Hold{});
  server.engine.model->script(acts);
  auto first = std::async(std::launch::async,
                          [&] { return server.post(thread + "/messages", R"({"text":"one"})"); });
  held.get_future().wait();
  EXPECT_EQ(server.get(thread).json()["running"], true);
  EXPECT_EQ(server.get("/api/v1/health").json()["sessions"], 1);
  const Answer second = server.post(thread + "/messages", R"({"text":"two"})");
  EXPECT_EQ(second.status, 409);
  EXPECT_TRUE(is_error_body(second));
  server.engine.model->release();
  EXPECT_EQ(first.get().status, 200);
  EXPECT_EQ(server.get(thread).json()["messages"].size(), 2U) << "the second left nothing";
}

TEST_F(FathomServerChecklist, S10_AFailingAgentIs500AndKeepsTheUserMessage) {
  FathomServer server(path_);
  const std::string thread = "/api/v1/threads/" + server.new_thread();
  WireStream stream = server.stream(thread + "/stream");
  server.engine.model->script(
      {Break{{.kind = base::ErrorKind::upstream, .message = "model unreachable"}}});
  const Answer sent = server.post(thread + "/messages", R"({"text":"hi"})");
  EXPECT_EQ(sent.status, 500);
  ASSERT_TRUE(is_error_body(sent));
  EXPECT_NE(sent.json()["error"].get<std::string>().find("model unreachable"), std::string::npos);
  const auto events = stream.until("agent_error");
  EXPECT_EQ(names_of(events),
            (std::vector<std::string>{"ready", "user_message", "agent_thinking", "agent_error"}));
  EXPECT_EQ(events.back().json()["error"], sent.json()["error"]);
  const Json view = server.get(thread).json();
  ASSERT_EQ(view["messages"].size(), 1U);
  EXPECT_EQ(view["messages"][0]["content"], "hi");
  EXPECT_EQ(view["thread"]["title"], "");
  EXPECT_EQ(view["running"], false);
}

TEST_F(FathomServerChecklist, S11_PairingCodes) {
  FathomServer server(path_);
  const auto start = [&] {
    return server.post("/api/v1/pair/start").json()["code"].get<std::string>();
  };
  const auto claim = [&](const std::string& code, net::Headers headers = {}) {
    return call(server.port(), {.method = "POST",
                                .target = "/api/v1/pair/claim",
                                .body = pair_body(code),
                                .headers = std::move(headers)});
  };
  const std::string code = start();
  ASSERT_EQ(code.size(), 6U);
  EXPECT_EQ(code.find_first_not_of("0123456789"), std::string::npos);
  const Answer claimed = claim(code);
  EXPECT_EQ(claimed.status, 200);
  EXPECT_EQ(claimed.json()["token"].get<std::string>().size(), 43U);
  EXPECT_EQ(claimed.json()["device_id"].get<std::string>().size(), 12U);
  EXPECT_EQ(claimed.json()["device_name"], "ci-bot");
  EXPECT_EQ(claim(code).status, 409) << "single use";
  EXPECT_EQ(claim(other_code({code})).status, 404);
  const std::string stale = start();
  server.pairing_clock.advance(limits::pairing_code_time);  // also a new window of attempts
  EXPECT_EQ(claim(stale).status, 410);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(claim(other_code({code, stale})).status, 404);
  const Answer sixth = claim(other_code({code, stale}));
  EXPECT_EQ(sixth.status, 429);
  EXPECT_TRUE(is_error_body(sixth));
  EXPECT_EQ(sixth.header("Retry-After"), "60");
  // The peer is a trusted proxy, so its own entry counts: the last. What stands before it is
  // whatever the client wrote.
  const auto forwarded = [&](const std::string& hops) {
    return claim(other_code({code, stale}), {{"X-Forwarded-For", hops}}).status;
  };
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(forwarded("198.51.100." + std::to_string(i) + ", 203.0.113.9"), 404);
  }
  EXPECT_EQ(forwarded("198.51.100.9, 203.0.113.9"), 429);
  EXPECT_EQ(forwarded("203.0.113.10"), 404);

  server.pairing_clock.advance(limits::pairing_window);
  const std::string contested = start();
  std::vector<std::future<Answer>> claims;
  for (int i = 0; i < 4; ++i) {
    claims.push_back(std::async(std::launch::async, [&] { return claim(contested); }));
  }
  std::multiset<int> statuses;
  for (auto& each : claims) statuses.insert(each.get().status);
  EXPECT_EQ(statuses, (std::multiset<int>{200, 409, 409, 409})) << "exactly one wins";
}

// Whoever has one address of IPv6 has many: attempts are counted for the network.
TEST_F(FathomServerChecklist, AttemptsToPairAreCountedForTheWholeNetworkOfAnAddress) {
  FathomServer server(path_);
  const std::string code = server.post("/api/v1/pair/start").json()["code"];
  const auto status_from = [&](const std::string& address) {
    return call(server.port(), {.method = "POST",
                                .target = "/api/v1/pair/claim",
                                .body = pair_body(other_code({code})),
                                .headers = {{"X-Forwarded-For", address}}})
        .status;
  };
  for (int i = 0; i < limits::pairing_claims_max; ++i) {
    EXPECT_EQ(status_from("2001:db8:0:1::" + std::to_string(i + 1)), 404);
  }
  EXPECT_EQ(status_from("2001:db8:0:1:ffff::9"), 429);
  EXPECT_EQ(status_from("2001:db8:0:2::1"), 404) << "another network";
}

// A claim needs no credential: a page of somebody else's must not make browsers try codes.
TEST_F(FathomServerChecklist, PagesOfOthersClaimNoCodes) {
  FathomServer server(path_);
  const std::string code = server.post("/api/v1/pair/start").json()["code"];
  const auto claim_from = [&](const std::string& origin) {
    return call(server.port(), {.method = "POST",
                                .target = "/api/v1/pair/claim",
                                .body = pair_body(code),
                                .headers = {{"Origin", origin}}});
  };
  const Answer refused = claim_from("https://evil.example");
  EXPECT_EQ(refused.status, 403);
  EXPECT_TRUE(is_error_body(refused));
  EXPECT_EQ(claim_from("null").status, 403);
  EXPECT_EQ(claim_from("http://localhost").status, 200) << "its own: the Host is localhost";
}

TEST_F(FathomServerChecklist, ASearchEndsWhenItsClientHangsUp) {
  FathomServer server(path_);
  const auto match = server.router.match(net::Method::get, "/api/v1/threads/search");
  ASSERT_NE(match.route, nullptr);
  EXPECT_TRUE(match.route->long_running) << "else nobody sees that the client has left";
  const auto search = [&](std::stop_token disconnected) {
    net::Request request{.target = "/api/v1/threads/search?q=pelicans",
                         .path = "/api/v1/threads/search",
                         .query = "q=pelicans",
                         .headers = {{"Authorization", "Bearer " + server.token}},
                         .disconnected = std::move(disconnected),
                         .lane = &server.engine.lanes[0]};
    auto admitted = server.engine.run(std::get<net::Guard>(match.route->handler)(request));
    if (!admitted) throw std::runtime_error(admitted.error().body);
    const auto shared = std::make_shared<const net::Request>(std::move(request));
    return std::get<net::Response>(server.engine.run(admitted->handler(shared)));
  };
  EXPECT_EQ(search({}).status, 200);
  std::stop_source hung_up;
  hung_up.request_stop();
  const net::Response cancelled = search(hung_up.get_token());
  EXPECT_NE(cancelled.status, 200);
  EXPECT_NE(cancelled.body.find("nobody waited for the result"), std::string::npos)
      << cancelled.body;
}

TEST_F(FathomServerChecklist, S12_ARevokedTokenIs401) {
  FathomServer server(path_);
  const std::string code = server.post("/api/v1/pair/start").json()["code"];
  const Json device = server.post("/api/v1/pair/claim", pair_body(code)).json();
  const Call list{.target = "/api/v1/threads", .token = device["token"]};
  EXPECT_EQ(call(server.port(), list).status, 200);
  const Json devices = server.get("/api/v1/devices").json()["devices"];
  ASSERT_EQ(devices.size(), 1U);
  EXPECT_EQ(devices[0]["id"], device["device_id"]);
  const std::string id = device["device_id"];
  EXPECT_EQ(server.ask("DELETE", "/api/v1/devices/" + id).json(), (Json{{"revoked", id}}));
  const Answer refused = call(server.port(), list);
  EXPECT_EQ(refused.status, 401);
  EXPECT_TRUE(is_error_body(refused));
  EXPECT_EQ(server.ask("DELETE", "/api/v1/devices/" + id).status, 404);
  EXPECT_EQ(server.get("/api/v1/devices").body, R"({"devices":[]})");
}

TEST_F(FathomServerChecklist, S13_AForeignThreadIs403OnEveryRoute) {
  FathomServer server(path_);
  const std::string thread = "/api/v1/threads/" + server.new_thread("mine");
  const std::string stranger = server.create_token("bob");
  const std::vector<std::array<std::string, 3>> routes = {
      {"GET", thread, ""},
      {"PATCH", thread, R"({"title":"his"})"},
      {"DELETE", thread, ""},
      {"POST", thread + "/restore", ""},
      {"GET", thread + "/messages", ""},
      {"POST", thread + "/messages", R"({"text":"hi"})"},
      {"GET", thread + "/usage", ""},
      {"GET", thread + "/stream", ""},
  };
  for (const auto& [method, target, body] : routes) {
    const Answer answer =
        call(server.port(), {.method = method, .target = target, .body = body, .token = stranger});
    EXPECT_EQ(answer.status, 403) << method << " " << target;
    EXPECT_TRUE(is_error_body(answer)) << answer.body;
  }
  EXPECT_EQ(call(server.port(), {.target = "/api/v1/threads", .token = stranger}).body,
            R"({"threads":[]})");
  EXPECT_EQ(server.get(thread).json()["thread"]["title"], "mine");
}

TEST_F(FathomServerChecklist, S14_BasePath) {
  FathomServer server(path_, {.base_path = "/c/r1"});
  const std::string id = server.new_thread();
  EXPECT_EQ(server.get("/c/r1/api/v1/threads").json()["threads"].size(), 1U);
  EXPECT_EQ(server.get("/api/v1/threads").json()["threads"].size(), 1U);
  EXPECT_EQ(server.get("/c/r12/api/v1/threads").status, 404);
  EXPECT_EQ(server.get("/c/r1api/v1/threads").status, 404);
  EXPECT_EQ(server.ask("PUT", "/c/r1/api/v1/threads/" + id, "{}").status, 404);
  WireStream stream = server.stream("/c/r1/api/v1/threads/" + id + "/stream");
  EXPECT_EQ(stream.next()->name, "ready");
  server.script_answer();
  EXPECT_EQ(server.post("/c/r1/api/v1/threads/" + id + "/messages", R"({"text":"hi"})").status,
            200);
  EXPECT_EQ(stream.until("agent_done").front().name, "user_message");
}

TEST_F(FathomServerChecklist, S15_Keepalive) {
  static_assert(limits::stream_keepalive_interval <= std::chrono::seconds(25));
  FathomServer server(path_, {.keepalive_interval = std::chrono::milliseconds(20)});
  WireStream stream = server.stream("/api/v1/threads/" + server.new_thread() + "/stream");
  EXPECT_EQ(stream.next()->name, "ready");
  stream.wait_for_bytes(": ping\n\n: ping\n\n");
}

}  // namespace
}  // namespace colonnade::tests
