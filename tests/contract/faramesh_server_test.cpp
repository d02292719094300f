// What the recorded answers do not show: who may ask, what is refused and how, and what the server
// adds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "dialects/faramesh/limits.hpp"
#include "faramesh_server.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using testing::HasSubstr;
using testing::Not;

const std::string http_action =
    R"({"agent_id":"ag","tool":"http","operation":"get","params":{"url":"https://example.com"}})";

class Faramesh : public testing::Test {
 protected:
  Answer with_header(const std::string& authorization) {
    return call(server.port(),
                {.target = "/v1/actions", .headers = {{"Authorization", authorization}}});
  }
  std::string status_of(const Json& action) { return server.action(action["id"])["status"]; }

  TemporaryFolder folder;
  FarameshServer server{folder, {.tokens = {"first", "second"}}};
};

// --- large lists --------------------------------------------------------------------------------

// The contract's list has no word for "more": it is sent in pieces, and whole.
TEST_F(Faramesh, AListOfLargeActionsIsSentInPieces) {
  std::vector<std::string> ids;
  for (int i = 0; i < 12; ++i) {
    Json params = Json::object();
    for (int k = 0; k < 9; ++k) params["text" + std::to_string(k)] = std::string(9'900, 'x');
    ids.insert(ids.begin(), server.submit("http", std::move(params))["id"]);
  }
  const Answer all = server.get("/v1/actions?limit=1000");
  EXPECT_EQ(all.header("Transfer-Encoding"), "chunked");
  std::vector<std::string> listed;
  for (const Json& action : all.json()) listed.push_back(action["id"]);
  EXPECT_EQ(listed, ids);
  const Answer some = server.get("/v1/actions?limit=5&offset=2");
  listed.clear();
  for (const Json& action : some.json()) listed.push_back(action["id"]);
  EXPECT_EQ(listed, std::vector(ids.begin() + 2, ids.begin() + 7));
  EXPECT_EQ(server.get("/v1/actions?limit=1&status=denied").header("Content-Length"), "2");
}

// --- who may ask --------------------------------------------------------------------------------

TEST_F(Faramesh, TokensAreOursOrTheOnesThatWereBroughtAlong) {
  const std::string made = server.submit("http")["id"];
  for (const std::string& token : {server.token, std::string("first"), std::string("second")}) {
    const Answer answer = with_header("Bearer  " + token + " ");
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(made)) << "all of them are admin";
  }
}

// A client that names another scope must not believe that it was heard there.
TEST_F(Faramesh, ATokenThatWasBroughtAlongCountsInItsScopeOnly) {
  for (const auto& [scope, status] : {std::pair("main/main/main", 200),
                                      std::pair("acme/shop/live", 401), std::pair("bad", 422)}) {
    const Answer answer =
        call(server.port(),
             {.target = "/v1/actions",
              .headers = {{"Authorization", "Bearer first"}, {"X-Colonnade-Scope", scope}}});
    EXPECT_EQ(answer.status, status) << scope << answer.body;
  }
}

TEST_F(Faramesh, WithoutOneNothingIsAnswered) {
  const Answer none = call(server.port(), {.target = "/v1/actions"});
  EXPECT_EQ(none.status, 401);
  EXPECT_EQ(none.json()["detail"], "Missing or invalid Authorization header");
  EXPECT_EQ(none.json()["code"], "unauthorized");
  for (const char* wrong : {"bearer first", "Basic first", "Bearer", "Bearer   ", "Bearerfirst"}) {
    EXPECT_EQ(with_header(wrong).json()["detail"], "Missing or invalid Authorization header");
  }
  for (const char* wrong : {"Bearer fir", "Bearer first,second",
                            "Bearer "
                            "x"}) {
    const Answer answer = with_header(wrong);
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.json()["detail"], "Invalid authentication token");
    EXPECT_EQ(answer.header("WWW-Authenticate"), "");
  }
  for (const char* path : {"/health", "/ready"}) {
    EXPECT_EQ(call(server.port(), {.target = path}).status, 200) << path;
  }
}

TEST(FarameshOpen, LetsProgramsOfThisMachineInWhenToldTo) {
  const TemporaryFolder folder;
  FarameshServer server(folder, {.open = true});
  const auto without_token = [&](net::Headers headers) {
    return call(server.port(), {.target = "/v1/actions", .headers = std::move(headers)}).status;
  };
  EXPECT_EQ(without_token({}), 200);
  EXPECT_EQ(without_token({{"Origin", "https://evil.example"}}), 401);
  for (const char* name : {"X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Via"}) {
    EXPECT_EQ(without_token({{name, "203.0.113.9"}}), 401) << name;
  }
  EXPECT_EQ(without_token({{"Authorization", "Bearer wrong"}}), 401);
  // Only Faramesh's own paths.
  EXPECT_EQ(call(server.port(), {.target = "/api/v1/threads"}).status, 401);
}

// A plain proxy_pass adds no header at all.
TEST(FarameshOpen, LetsNobodyInWhereAProxyMayBeInFront) {
  for (const auto proxy : {app::ProxyInFront::unknown, app::ProxyInFront::in_front}) {
    const TemporaryFolder folder;
    FarameshServer server(folder, {.open = true, .proxy = proxy});
    EXPECT_EQ(call(server.port(), {.target = "/v1/actions"}).status, 401);
  }
}

TEST_F(Faramesh, UsersSeeAndAnswerTheirOwnActionsOnly) {
  const Json mine = server.submit("shell", {{"cmd", "ls"}});
  const std::string path = "/v1/actions/" + mine["id"].get<std::string>();
  const std::string admin = server.token;
  server.token = server.token_of("somebody");
  EXPECT_EQ(server.get("/v1/actions").body, "[]");
  EXPECT_EQ(server.get(path).status, 404);
  EXPECT_EQ(server.get(path + "/events").status, 404);
  EXPECT_EQ(server.post(path + "/replay").status, 404);
  EXPECT_EQ(server.post(path + "/start").status, 404);
  EXPECT_EQ(server.post_json(path + "/result", Json{{"success", true}}).status, 404);
  EXPECT_EQ(server.approve(mine).status, 404);
  EXPECT_EQ(server.post_json("/v1/replay", Json{{"provenance_id", mine["provenance_id"]}}).status,
            404);
  server.token = admin;
  EXPECT_EQ(status_of(mine), "pending_approval");
}

// --- what is refused ----------------------------------------------------------------------------

struct Wrong {
  const char* body;
  const char* type;
  const char* location;
};
// In the test's name, so no body as it is.
void PrintTo(const Wrong& one, std::ostream* out) {
  *out << one.type << "_of_" << std::string_view(one.body).size() << "_bytes";
}

class FarameshRefusals : public Faramesh, public testing::WithParamInterface<Wrong> {};

TEST_P(FarameshRefusals, NameTheFault) {
  for (const char* path : {"/v1/actions", "/v1/gate/decide", "/v1/actions/check"}) {
    const Answer answer = server.post(path, std::string(GetParam().body));
    ASSERT_EQ(answer.status, 422) << answer.body;
    const Json fault = answer.json()["detail"][0];
    EXPECT_EQ(fault["type"], GetParam().type) << answer.body;
    EXPECT_EQ(fault["loc"].dump(), GetParam().location);
    EXPECT_TRUE(fault.contains("input"));
    EXPECT_EQ(answer.json()["code"], "invalid_action");
    EXPECT_EQ(answer.json()["error"]["code"], "invalid_action");
  }
  EXPECT_EQ(server.get("/v1/actions").body, "[]");
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, FarameshRefusals,
    testing::Values(
        Wrong{"", "missing", R"(["body"])"}, Wrong{"null", "missing", R"(["body"])"},
        Wrong{"[]", "model_attributes_type", R"(["body"])"},
        Wrong{"{bad", "json_invalid", R"(["body",1])"},
        Wrong{R"({"a":1}x)", "json_invalid", R"(["body",7])"},
        Wrong{R"({"agent_id":1,"tool":"t","operation":"o","params":{}})", "string_type",
              R"(["body","agent_id"])"},
        Wrong{R"({"agent_id":"a","tool":"t","operation":"o","params":[]})", "dict_type",
              R"(["body","params"])"},
        Wrong{R"({"agent_id":"a","tool":"t","operation":"o","params":{},"context":3})", "dict_type",
              R"(["body","context"])"},
        Wrong{R"({"agent_id":"a","tool":"t","operation":"o","op":"o","params":{}})",
              "extra_forbidden", R"(["body","op"])"},
        Wrong{R"({"agent_id":"a","tool":"t","operation":"o","params":{},"X":{"y":[1,"}"]}})",
              "extra_forbidden", R"(["body","X"])"}));

TEST_F(Faramesh, WhatTheGateCannotDecideOnIsRefusedInWords) {
  const std::string nul = R"({"agent_id":"a","tool":"t","operation":"o","params":{"x":"\u0000"}})";
  const std::string nan = R"({"agent_id":"a","tool":"t","operation":"o","params":{"x":1e400}})";
  const std::string blank = R"({"agent_id":"  ","tool":"t","operation":"o","params":{}})";
  std::string deep = R"({"agent_id":"a","tool":"t","operation":"o","params":)";
  for (int i = 0; i < 12; ++i) deep += R"({"x":)";
  deep += "1" + std::string(13, '}');
  for (const std::string& body : {nul, nan, blank, deep}) {
    for (const char* path : {"/v1/actions", "/v1/gate/decide"}) {
      const Answer answer = server.post(path, body);
      EXPECT_EQ(answer.status, 422) << answer.body;
      EXPECT_EQ(answer.json()["code"], "invalid_action") << answer.body;
    }
  }
}

TEST_F(Faramesh, ManyMembersAreNotLookedAt) {
  std::string body = "{";
  for (int i = 0; i < 10'000; ++i) body += "\"m" + std::to_string(i) + "\":1,";
  body.back() = '}';
  const Answer answer = server.post("/v1/actions", body);
  EXPECT_EQ(answer.status, 422);
  EXPECT_LT(answer.body.size(), 64U * 1024);
}

TEST_F(Faramesh, ABodyThatIsTooLargeIs413) {
  const Answer answer = server.post("/v1/actions", std::string(2 * limits::MiB, ' '));
  EXPECT_EQ(answer.status, 413);
  EXPECT_TRUE(answer.json()["detail"].is_string());
}

TEST_F(Faramesh, OperationHasAShortName) {
  const Answer answer = server.post(
      "/v1/actions", std::string(R"({"agent_id":"a","tool":"http","op":"get","params":{}})"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json()["operation"], "get");
}

TEST_F(Faramesh, BooleansMayBeWords) {
  for (const char* yes : {"true", "1", R"("yes")", R"("ON")", R"("t")", "1.0"}) {
    const Json made = server.submit("shell");
    const std::string body =
        R"({"token":)" + made["approval_token"].dump() + R"(,"approve":)" + yes + "}";
    const Answer answer =
        server.post("/v1/actions/" + made["id"].get<std::string>() + "/approval", body);
    EXPECT_EQ(answer.json()["status"], "approved") << yes;
  }
  const Json made = server.submit("shell");
  for (const char* neither : {R"("maybe")", "2", "null", "[]", "{}"}) {
    const std::string body = R"({"token":"secret-guess","approve":)" + std::string(neither) + "}";
    const Answer answer =
        server.post("/v1/actions/" + made["id"].get<std::string>() + "/approval", body);
    EXPECT_EQ(answer.status, 422) << neither;
    EXPECT_THAT(answer.body, HasSubstr("bool_"));
  }
  // A fault repeats what it got, never the token.
  const Answer answer = server.post("/v1/actions/" + made["id"].get<std::string>() + "/approval",
                                    std::string(R"({"token":"secret-guess"})"));
  EXPECT_EQ(answer.status, 422);
  EXPECT_THAT(answer.body, Not(HasSubstr("secret-guess")));
  EXPECT_EQ(status_of(made), "pending_approval");
}

// --- deciding once ------------------------------------------------------------------------------

TEST_F(Faramesh, OfTwoApprovalsAtOnceOneCounts) {
  for (int round = 0; round < 10; ++round) {
    const Json made = server.submit("shell");
    std::vector<int> statuses(4);
    std::vector<std::thread> people;
    for (std::size_t i = 0; i < statuses.size(); ++i) {
      people.emplace_back([&, i] { statuses[i] = server.approve(made, i % 2 == 0).status; });
    }
    for (std::thread& person : people) person.join();
    std::ranges::sort(statuses);
    EXPECT_THAT(statuses, testing::ElementsAre(200, 400, 400, 400));
    const Json now = server.action(made["id"]);
    EXPECT_TRUE(now["approval_token"].is_null());
    EXPECT_EQ(server.get("/v1/actions/" + made["id"].get<std::string>() + "/events").json().size(),
              3U);
  }
}

TEST_F(Faramesh, AnIdempotencyKeySubmitsOnce) {
  const net::Headers key = {{"Idempotency-Key", "k-1"}};
  const Answer first = server.post("/v1/actions", http_action, key);
  const Answer again = server.post("/v1/actions", http_action, key);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(server.get("/v1/actions").json().size(), 1U);
  const Answer other = server.post(
      "/v1/actions", std::string(R"({"agent_id":"b","tool":"http","operation":"get","params":{}})"),
      key);
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.json()["code"], "conflict");
  const net::Headers too_long = {{"Idempotency-Key", std::string(256, 'k')}};
  const Answer refused = server.post("/v1/actions", http_action, too_long);
  EXPECT_EQ(refused.status, 400) << refused.body;
  EXPECT_EQ(refused.json()["detail"], "Idempotency-Key must have 1 to 255 bytes");
  // Without a key there are two, of the same hashes.
  const Json third = server.post("/v1/actions", http_action).json();
  EXPECT_NE(third["id"], first.json()["id"]);
  EXPECT_EQ(third["request_hash"], first.json()["request_hash"]);
  EXPECT_EQ(third["provenance_id"], first.json()["provenance_id"]);
}

TEST_F(Faramesh, DecidingLeavesNothingBehind) {
  const Json decided = server.post("/v1/gate/decide", http_action).json();
  EXPECT_EQ(decided.size(), 11U);
  EXPECT_EQ(server.post("/playground/eval", http_action).json(), decided);
  EXPECT_EQ(server.post("/v1/actions/check", http_action).json(), decided);
  EXPECT_EQ(server.get("/v1/actions").body, "[]");
  const Json submitted = server.post("/v1/actions", http_action).json();
  for (const auto& [name, value] : decided.items()) {
    EXPECT_EQ(submitted[name], value) << name;
  }
}

// --- lists --------------------------------------------------------------------------------------

TEST_F(Faramesh, ListsAreFilteredAndCut) {
  std::vector<std::string> ids;
  for (int i = 0; i < 25; ++i) ids.push_back(server.submit(i % 2 == 0 ? "http" : "shell")["id"]);
  const auto listed = [&](const std::string& query) {
    const Answer answer = server.get("/v1/actions" + query);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.json();
  };
  EXPECT_EQ(listed("").size(), 20U);
  EXPECT_EQ(listed("?limit=0").size(), 20U);
  EXPECT_EQ(listed("?limit=-3").size(), 20U);
  EXPECT_EQ(listed("?limit=99999999999999999999").size(), 25U);
  EXPECT_EQ(listed("?limit=+2").size(), 2U);
  EXPECT_EQ(listed("?offset=20").size(), 5U);
  EXPECT_EQ(listed("?offset=-1&limit=1")[0]["id"], ids.back());
  EXPECT_EQ(listed("?limit=2&offset=1")[0]["id"], ids[23]);
  EXPECT_EQ(listed("?tool=shell&limit=100").size(), 12U);
  EXPECT_EQ(listed("?tool=shell&status=pending_approval&limit=100").size(), 12U);
  EXPECT_EQ(listed("?tool=shell&status=allowed").size(), 0U);
  EXPECT_EQ(listed("?status=&limit=100").size(), 25U);
  EXPECT_EQ(listed("?agent_id=nobody").size(), 0U);
  EXPECT_FALSE(listed("?limit=1")[0].contains("approval_token"));
  EXPECT_EQ(server.get("/v1/actions?limit=2&offset=x").json()["detail"][0]["loc"].dump(),
            R"(["query","offset"])");
}

TEST_F(Faramesh, ABatchAnswersInOrder) {
  const std::string bad = R"({"agent_id":"ag","tool":"http","params":{}})";
  const std::string blank = R"({"agent_id":" ","tool":"http","operation":"get","params":{}})";
  const Answer answer =
      server.post("/v1/actions/batch", R"({"actions":[)" + http_action + "," + bad + ", " +
                                           http_action + " ," + blank + ",7]}");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Json rows = answer.json();
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows[0]["status"], "allowed");
  EXPECT_EQ(rows[2]["status"], "allowed");
  EXPECT_NE(rows[0]["id"], rows[2]["id"]);
  EXPECT_EQ(rows[1]["index"], 1);
  EXPECT_EQ(rows[1]["detail"][0]["loc"].dump(), R"(["body","actions",1,"operation"])");
  EXPECT_EQ(rows[3]["index"], 3);
  EXPECT_EQ(rows[3]["code"], "invalid_action");
  EXPECT_EQ(rows[4]["detail"][0]["type"], "model_attributes_type");
  EXPECT_EQ(server.get("/v1/actions").json().size(), 2U);
  std::string many = R"({"actions":[0)";
  for (std::size_t i = 0; i < limits::faramesh_batch_actions_max; ++i) many += ",0";
  EXPECT_EQ(server.post("/v1/actions/batch", many + "]}").status, 422);
  EXPECT_EQ(server.post("/v1/actions/batch", std::string(R"({"actions":{}})")).status, 422);
  EXPECT_EQ(server.post("/v1/actions/batch", std::string(R"({"actions":[]})")).body, "[]");
}

// --- the trail ----------------------------------------------------------------------------------

// The contract's own verification (§6.2), from the answer alone.
void expect_sound_chain(const Json& events, const std::string& action_id) {
  ASSERT_FALSE(events.empty());
  std::string previous;
  std::set<std::string> ids;
  for (const Json& event : events) {
    // Sorted members, compact, texts raw: canonical for what these hold.
    const Json hashed = {{"id", event["id"]},
                         {"action_id", event["action_id"]},
                         {"event_type", event["event_type"]},
                         {"meta", event["meta"]},
                         {"created_at", event["created_at"]}};
    EXPECT_EQ(event["record_hash"], base::sha256_hex(hashed.dump() + previous)) << event.dump();
    EXPECT_EQ(event["prev_hash"], previous.empty() ? Json() : Json(previous));
    EXPECT_EQ(event["action_id"], action_id);
    EXPECT_TRUE(ids.insert(event["id"]).second);
    previous = event["record_hash"];
  }
}

TEST_F(Faramesh, EventsAreOneChainThatNeverChanges) {
  const Json made = server.submit("shell", {{"cmd", "printf '\\303\\244 \\042'"}});
  const std::string path = "/v1/actions/" + made["id"].get<std::string>();
  const Json before = server.get(path + "/events").json();
  ASSERT_EQ(server.approve(made).status, 200);
  ASSERT_EQ(
      server.post_json(path + "/result", Json{{"success", false}, {"error", "ü \"x\"\n"}}).status,
      200);
  const Json after = server.get(path + "/events").json();
  ASSERT_EQ(after.size(), 4U);
  expect_sound_chain(after, made["id"]);
  EXPECT_EQ(after[0], before[0]);
  EXPECT_EQ(after[1], before[1]);
  EXPECT_EQ(after[3]["meta"].dump(),
            Json({{"error", "ü \"x\"\n"}, {"reason", "ü \"x\"\n"}}).dump());
  EXPECT_EQ(server.get(path + "/events").json(), after);
  EXPECT_EQ(server.get("/v1/actions/none/events").status, 404);
}

TEST_F(Faramesh, AnEndSaysHowItWent) {
  const auto end_of = [&](const std::string& command, const Json& context) {
    const Json body = {{"agent_id", "ag"},
                       {"tool", "shell"},
                       {"operation", "run"},
                       {"params", {{"cmd", command}}},
                       {"context", context}};
    const Json made = server.post_json("/v1/actions", body).json();
    EXPECT_EQ(server.approve(made).status, 200);
    const std::string path = "/v1/actions/" + made["id"].get<std::string>();
    EXPECT_EQ(server.post(path + "/start").json()["status"], "executing");
    server.await_end(made["id"]);
    const Json events = server.get(path + "/events").json();
    expect_sound_chain(events, made["id"]);
    return std::pair(server.action(made["id"]), events.back());
  };
  const Json none = Json::object();
  const auto [quiet, quiet_event] = end_of("true", none);
  EXPECT_EQ(quiet["status"], "succeeded");
  EXPECT_EQ(quiet["reason"], "ok");
  EXPECT_EQ(quiet_event["meta"].dump(), R"({"reason":"ok"})");
  const auto [wrong, wrong_event] = end_of("echo out; echo no >&2; exit 3", none);
  EXPECT_EQ(wrong["status"], "failed");
  EXPECT_EQ(wrong["reason"], "no\n");
  EXPECT_EQ(wrong_event["event_type"], "failed");
  const auto [silent, silent_event] = end_of("exit 3", none);
  EXPECT_EQ(silent["reason"], "exit 3");
  const auto [late, late_event] = end_of("sleep 30", {{"timeout", 0.2}});
  EXPECT_EQ(late["status"], "timeout");
  EXPECT_EQ(late_event["event_type"], "failed");
  EXPECT_EQ(late_event["meta"]["error"], "timeout");
}

TEST_F(Faramesh, AReplayComparesWithThePolicyOfNow) {
  const Json made = server.submit("shell", {{"cmd", "ls"}});
  ASSERT_EQ(server.approve(made).status, 200);
  const std::string path = "/v1/actions/" + made["id"].get<std::string>() + "/replay";
  const Json same = server.post(path).json();
  EXPECT_EQ(same["success"], true) << same.dump();
  EXPECT_EQ(same["original_outcome"], "ABSTAIN");
  EXPECT_EQ(same["mismatches"].size(), 0U);
  EXPECT_EQ(server.post_json("/v1/replay", Json{{"action_id", made["id"]}}).json(), same);
  EXPECT_EQ(server.post_json("/v1/replay", Json{{"provenance_id", made["provenance_id"]}}).json(),
            same);
  EXPECT_EQ(server.post_json("/v1/replay", Json{{"provenance_id", "none"}}).status, 404);
  EXPECT_EQ(server.post_json("/v1/replay", Json::object()).status, 422);
  EXPECT_EQ(server.get("/v1/actions").json().size(), 1U);
}

// A tool server's question within a call: what does not answer its form leaves it open.
TEST(FarameshApproval, AQuestionIsApprovedWithAnAnswerThatFitsItsForm) {
  const TemporaryFolder folder;
  FarameshServer server(
      folder, {.policy = "rules:\n  - match: {tool: question}\n    require_approval: true\n"});
  const Json form = {{"type", "object"},
                     {"properties", {{"colour", {{"enum", {"red", "blue"}}}}}},
                     {"required", {"colour"}}};
  Json params = {{"question", "which?"}, {"server", "s"}, {"form", form}};
  const Json asked = server.submit("question", params);
  const auto approve = [&](const Json& with) {
    Json body = {{"token", asked["approval_token"]}, {"approve", true}};
    if (!with.is_null()) body["params"] = with;
    return server.post_json("/v1/actions/" + asked["id"].get<std::string>() + "/approval", body);
  };
  const Answer without = approve(Json());
  EXPECT_EQ(without.status, 422);
  EXPECT_THAT(without.json()["detail"].get<std::string>(), HasSubstr("'colour' is missing"));
  for (const Json& answer : {Json("green"), Json(Json::object()), Json(5)}) {
    params["answer"] = answer;
    const Answer refused = approve(params);
    EXPECT_EQ(refused.status, 422) << refused.body;
    EXPECT_EQ(server.action(asked["id"])["status"], "pending_approval");
  }
  params["answer"] = "blue";
  EXPECT_EQ(approve(params).status, 200);
}

TEST(FarameshReplay, SeesAChangedPolicy) {
  const TemporaryFolder folder;
  std::string id;
  {
    FarameshServer server(folder);
    id = server.submit("http")["id"];
  }
  FarameshServer server(folder, {.policy = "rules: []\n"});
  const Json replayed = server.post("/v1/actions/" + id + "/replay").json();
  EXPECT_EQ(replayed["success"], false);
  EXPECT_EQ(replayed["outcome_match"], false);
  EXPECT_EQ(replayed["request_hash_match"], true);
  EXPECT_EQ(replayed["policy_hash_match"], false);
  EXPECT_EQ(replayed["replayed_reason_code"], "DEFAULT_DENY_NO_MATCH");
  EXPECT_EQ(replayed["mismatches"].size(), 3U);
}

// --- what later clients ask ---------------------------------------------------------------------

TEST_F(Faramesh, EvaluationsPermitDenyOrDefer) {
  const auto evaluate = [&](const std::string& tool_id) {
    const Json body = {{"agent_id", "ag"},
                       {"tool_id", tool_id},
                       {"action_type", "tool_call"},
                       {"args", {{"cmd", "ls"}}},
                       {"something_later", true}};
    const Answer answer = server.post_json("/v1/evaluate", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.json();
  };
  const Json permit = evaluate("http/get");
  EXPECT_EQ(permit["effect"], "PERMIT");
  EXPECT_TRUE(permit["structured_denial"].is_null());
  const Json deny = evaluate("nope");
  EXPECT_EQ(deny["effect"], "DENY");
  EXPECT_EQ(deny["structured_denial"]["code"], "POLICY_DENY");
  EXPECT_EQ(server.get("/v1/actions").body, "[]");
  const Json defer = evaluate("shell/exec");
  EXPECT_EQ(defer["effect"], "DEFER");
  EXPECT_FALSE(defer["defer_expires_at"].is_null());
  const Json action = server.action(defer["defer_token"]);
  EXPECT_EQ(action["status"], "pending_approval");
  EXPECT_EQ(action["operation"], "exec");
  EXPECT_EQ(defer["structured_denial"]["resolution"]["approval_id"], action["id"]);
  EXPECT_EQ(server.post_json("/v1/evaluate", Json{{"agent_id", "a"}}).status, 422);
}

TEST_F(Faramesh, PoliciesAreReadWithoutCountingFromNowOn) {
  const Json info = server.get("/v1/policy/info").json();
  EXPECT_EQ(info["exists"], true);
  EXPECT_EQ(info["policy_file"], info["policy_path"]);
  EXPECT_THAT(info["policy_version"].get<std::string>(), HasSubstr("policy.yaml@"));
  const std::string allow_all = "rules:\n  - match: {tool: \"*\"}\n    allow: true\n";
  const Json good = server.post_json("/v1/policy/validate", Json{{"policy", allow_all}}).json();
  EXPECT_EQ(good["valid"], true);
  EXPECT_EQ(good["rules"], 1);
  const std::string deny = "rules:\n  - match: {tool: t, ";
  for (const std::string& text :
       {std::string("rules: 3"), std::string("rules: ["), deny + "pattern: '('}\n    deny: true\n",
        deny + "amount_gt: abc}\n    require_approval: true\n", deny + "x: 1}\n    deny: true\n"}) {
    const Answer refused = server.post_json("/v1/policy/validate", Json{{"policy", text}});
    EXPECT_EQ(refused.status, 422) << text;
    const Json bad = refused.json();
    EXPECT_EQ(bad["valid"], false);
    ASSERT_EQ(bad["errors"].size(), 1U);
    EXPECT_EQ(bad["detail"], bad["errors"][0]);
    EXPECT_EQ(bad["code"], "invalid_action");
  }
  const Json action = {
      {"agent_id", "a"}, {"tool", "rm"}, {"operation", "o"}, {"params", Json::object()}};
  const Json trial =
      server.post_json("/v1/policy/test", Json{{"policy", allow_all}, {"action", action}}).json();
  EXPECT_EQ(trial["outcome"], "EXECUTE") << trial.dump();
  EXPECT_EQ(trial["matched_rule"]["line"], 2);
  EXPECT_EQ(
      server.post_json("/v1/policy/test", Json{{"policy", "rules: 3"}, {"action", action}}).status,
      422);
  EXPECT_EQ(server.post_json("/v1/policy/test", Json{{"policy", allow_all}}).status, 422);
  EXPECT_EQ(server.post_json("/v1/gate/decide", action).json()["outcome"], "HALT");
}

TEST_F(Faramesh, MetricsHaveTheNamesThatDashboardsKnow) {
  const Json made = server.submit("shell");
  server.approve(made);
  server.post_json("/v1/actions/" + made["id"].get<std::string>() + "/result",
                   Json{{"success", true}});
  const std::string text = server.get("/metrics").body;
  for (const char* status : {"pending_approval", "approved", "succeeded"}) {
    EXPECT_THAT(text, HasSubstr("faramesh_actions_total{status=\"" + std::string(status) +
                                "\",tool=\"shell\"} 1"));
  }
  EXPECT_THAT(text, HasSubstr("faramesh_action_duration_seconds_count 1"));
  for (std::size_t i = 0; i <= limits::faramesh_metric_tools_max; ++i) {
    server.submit("tool-" + std::to_string(i));
  }
  EXPECT_THAT(server.get("/metrics").body, HasSubstr("tool=\"other\"} 2"));
}

TEST_F(Faramesh, ExamplesAreCodeWithTheRequestInside) {
  const Json made = server.submit("http", {{"q", "a \"quoted\" text"}});
  EXPECT_THAT(made["js_example"].get<std::string>(),
              HasSubstr(R"("params":{"q":"a \"quoted\" text"})"));
  EXPECT_THAT(made["python_example"].get<std::string>(),
              HasSubstr("submit_action(\"ag\", \"http\""));
  const Json large = server.submit("http", {{"q", std::string(5000, 'x')}});
  EXPECT_THAT(large["js_example"].get<std::string>(), Not(HasSubstr("xxxx")));
}

}  // namespace
}  // namespace colonnade::tests
