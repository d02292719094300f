// Who sees what, on the wire: every route of every dialect, asked by the owner, an operator of the
// scope, another member of it and an operator of another scope. A route without a row fails.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <tuple>

#include "base/ids.hpp"
#include "faramesh_server.hpp"
#include "filled.hpp"
#include "mcp_client.hpp"
#include "platos_route.hpp"
#include "tandem_route.hpp"
#include "wire_client.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

constexpr const char* mark = "zebra";

enum class Reach {
  open,       // for anyone, and about nobody
  own,        // makes something of one's own, or says what everybody may know
  list,       // the owner and the operator find the thing in it, the others do not
  object,     // the owner and the operator are served; for the others there is no such thing
  waits,      // as object, but who may see it waits: only the others are asked
  secret,     // as object, but the thing is its token's alone
  operators,  // for operators, each within their scope
  server,     // for the operator of every scope
  feed,       // see TheFeedTellsOfWhatOneMaySee
  tools,      // see TheToolsOfMcpShowWhatOneMaySee
};

struct Row {
  Reach reach = Reach::own;
  std::string target{};      // with {names} of things
  std::string body{};        // the same
  int another_member = 404;  // what the contract says to another member of the scope
  bool is_approved = false;  // the action is, before anybody asks
  bool is_deleted = false;   // the thread is
};

constexpr const char* an_entity = R"({"organization":"main","project":"main","entity":"{fresh}"})";

// Keyed as Router::listing() writes them. Platos' and Tandem's routes have tables of their own, in
// platos_access_test.cpp and tandem_access_test.cpp.
const std::map<std::string, Row>& table() {  // long: a row for each route
  static const std::map<std::string, Row> rows = {
      // Fathom; its contract has 403 for another user's thread.
      {"GET /api/v1/health", {Reach::open, "/api/v1/health"}},
      {"GET /api/v1/ready", {Reach::open, "/api/v1/ready"}},
      {"GET /api/v1/threads", {Reach::list, "/api/v1/threads"}},
      {"POST /api/v1/threads", {Reach::own, "/api/v1/threads", "{}"}},
      {"GET /api/v1/threads/search", {Reach::list, "/api/v1/threads/search?q=zebra"}},
      {"GET /api/v1/threads/{}", {Reach::object, "/api/v1/threads/{thread}", "", 403}},
      {"PATCH /api/v1/threads/{}",
       {Reach::object, "/api/v1/threads/{thread}", R"({"title":"new"})", 403}},
      {"DELETE /api/v1/threads/{}", {Reach::object, "/api/v1/threads/{thread}", "", 403}},
      {"POST /api/v1/threads/{}/restore",
       {Reach::object, "/api/v1/threads/{thread}/restore", "", 403, false, true}},
      {"GET /api/v1/threads/{}/usage", {Reach::object, "/api/v1/threads/{thread}/usage", "", 403}},
      {"GET /api/v1/threads/{}/stream", {Reach::waits, "/api/v1/threads/{thread}/stream", "", 403}},
      {"GET /api/v1/threads/{}/messages",
       {Reach::object, "/api/v1/threads/{thread}/messages", "", 403}},
      {"POST /api/v1/threads/{}/messages",
       {Reach::object, "/api/v1/threads/{thread}/messages", R"({"text":"/say hi"})", 403}},
      {"POST /api/v1/message", {Reach::own, "/api/v1/message", R"({"text":"/say hi"})"}},
      {"POST /api/v1/stream", {Reach::own, "/api/v1/stream", R"({"text":"/say hi"})"}},
      {"POST /api/v1/pair/start", {Reach::own, "/api/v1/pair/start"}},
      {"POST /api/v1/pair/claim", {Reach::open, "/api/v1/pair/claim", R"({"code":"000000"})"}},
      {"GET /api/v1/pair/watch", {Reach::waits, "/api/v1/pair/watch?code={code}"}},
      {"GET /api/v1/devices", {Reach::list, "/api/v1/devices"}},
      {"DELETE /api/v1/devices/{}", {Reach::object, "/api/v1/devices/{device}"}},
      // Phoson.
      {"GET /v1/health", {Reach::open, "/v1/health"}},
      {"GET /v1/agents", {Reach::list, "/v1/agents"}},
      {"POST /v1/agents", {Reach::own, "/v1/agents", R"({"name":"helper"})"}},
      {"GET /v1/agents/{}", {Reach::object, "/v1/agents/{agent}"}},
      {"PATCH /v1/agents/{}", {Reach::object, "/v1/agents/{agent}", R"({"name":"new"})"}},
      {"DELETE /v1/agents/{}", {Reach::object, "/v1/agents/{agent}"}},
      {"PUT /v1/agents/{}/mcp/{}", {Reach::object, "/v1/agents/{agent}/mcp/{server}"}},
      {"DELETE /v1/agents/{}/mcp/{}", {Reach::waits, "/v1/agents/{agent}/mcp/{server}"}},
      {"GET /v1/conversations", {Reach::list, "/v1/conversations"}},
      {"POST /v1/conversations", {Reach::own, "/v1/conversations", R"({"agent_id":"default"})"}},
      {"GET /v1/conversations/{}", {Reach::object, "/v1/conversations/{conversation}"}},
      {"PATCH /v1/conversations/{}",
       {Reach::object, "/v1/conversations/{conversation}", R"({"title":"new"})"}},
      {"DELETE /v1/conversations/{}", {Reach::object, "/v1/conversations/{conversation}"}},
      {"GET /v1/conversations/{}/messages",
       {Reach::object, "/v1/conversations/{conversation}/messages"}},
      {"POST /v1/conversations/{}/messages",
       {Reach::object, "/v1/conversations/{conversation}/messages",
        R"({"content":"/say hi","stream":false})"}},
      {"GET /v1/mcp", {Reach::operators, "/v1/mcp"}},
      {"POST /v1/mcp",
       {Reach::operators, "/v1/mcp",
        R"({"name":"{fresh}","transport":"http","url":"https://mcp.example/"})"}},
      {"DELETE /v1/mcp/{}", {Reach::operators, "/v1/mcp/{server}"}},
      // Faramesh.
      {"GET /health", {Reach::open, "/health"}},
      {"GET /ready", {Reach::open, "/ready"}},
      {"GET /v1/actions", {Reach::list, "/v1/actions?limit=1000"}},
      {"POST /v1/actions",
       {Reach::own, "/v1/actions",
        R"({"agent_id":"a","tool":"http","operation":"get","params":{}})"}},
      {"POST /v1/actions/batch",
       {Reach::own, "/v1/actions/batch",
        R"({"actions":[{"agent_id":"a","tool":"http","operation":"get","params":{}}]})"}},
      {"POST /v1/actions/check",
       {Reach::own, "/v1/actions/check",
        R"({"agent_id":"a","tool":"http","operation":"get","params":{}})"}},
      {"GET /v1/actions/{}", {Reach::object, "/v1/actions/{action}"}},
      {"GET /v1/actions/{}/events", {Reach::object, "/v1/actions/{action}/events"}},
      {"POST /v1/actions/{}/approval",
       {Reach::object, "/v1/actions/{action}/approval",
        R"({"token":"{approval_token}","approve":false})"}},
      {"POST /v1/actions/{}/start", {Reach::object, "/v1/actions/{action}/start", "", 404, true}},
      {"POST /v1/actions/{}/result",
       {Reach::object, "/v1/actions/{action}/result", R"({"success":true})", 404, true}},
      {"POST /v1/actions/{}/replay", {Reach::object, "/v1/actions/{action}/replay"}},
      {"POST /v1/replay", {Reach::object, "/v1/replay", R"({"action_id":"{action}"})"}},
      {"POST /v1/gate/decide",
       {Reach::own, "/v1/gate/decide",
        R"({"agent_id":"a","tool":"http","operation":"get","params":{}})"}},
      {"POST /playground/eval",
       {Reach::own, "/playground/eval",
        R"({"agent_id":"a","tool":"http","operation":"get","params":{}})"}},
      {"POST /v1/evaluate",
       {Reach::own, "/v1/evaluate",
        R"({"agent_id":"a","tool":"http","operation":"get","params":{}})"}},
      {"GET /v1/permissions", {Reach::list, "/v1/permissions"}},
      {"DELETE /v1/permissions/{}", {Reach::object, "/v1/permissions/{permission}"}},
      {"GET /v1/policy/info", {Reach::own, "/v1/policy/info"}},
      {"POST /v1/policy/validate",
       {Reach::own, "/v1/policy/validate", R"({"policy":"rules: []"})"}},
      {"POST /v1/policy/test", {Reach::own, "/v1/policy/test", "{}"}},
      {"GET /v1/events", {Reach::feed}},
      // MCP.
      {"POST /api/mcp", {Reach::tools}},
      {"GET /api/mcp", {Reach::secret, "/api/mcp"}},
      {"DELETE /api/mcp", {Reach::secret, "/api/mcp"}},
      // The operators' own.
      {"GET /api/v1/operator/tokens", {Reach::operators, "/api/v1/operator/tokens?user=ann"}},
      {"POST /api/v1/operator/tokens",
       {Reach::operators, "/api/v1/operator/tokens",
        R"({"name":"t","scope":"{scope}","user":"new","role":"member"})"}},
      {"DELETE /api/v1/operator/tokens/{}", {Reach::operators, "/api/v1/operator/tokens/{token}"}},
      {"GET /api/v1/operator/access-keys", {Reach::operators, "/api/v1/operator/access-keys"}},
      {"POST /api/v1/operator/access-keys",
       {Reach::operators, "/api/v1/operator/access-keys", R"({"name":"{fresh}"})"}},
      {"DELETE /api/v1/operator/access-keys/{}",
       {Reach::operators, "/api/v1/operator/access-keys/{access_key}"}},
      {"GET /api/v1/operator/budgets", {Reach::operators, "/api/v1/operator/budgets"}},
      {"POST /api/v1/operator/budgets",
       {Reach::operators, "/api/v1/operator/budgets",
        R"({"holder":"agent","target":"{fresh}","period":"day","limit_usd":1})"}},
      {"GET /api/v1/operator/budgets/{}", {Reach::operators, "/api/v1/operator/budgets/{budget}"}},
      {"DELETE /api/v1/operator/budgets/{}",
       {Reach::operators, "/api/v1/operator/budgets/{budget}"}},
      {"POST /api/v1/operator/budgets/{}/override",
       {Reach::operators, "/api/v1/operator/budgets/{budget}/override", R"({"minutes":0})"}},
      {"GET /api/v1/operator/jobs", {Reach::operators, "/api/v1/operator/jobs"}},
      {"GET /api/v1/operator/jobs/{}", {Reach::operators, "/api/v1/operator/jobs/{job}"}},
      {"POST /api/v1/operator/jobs/{}/cancel",
       {Reach::operators, "/api/v1/operator/jobs/{job}/cancel"}},
      {"POST /api/v1/operator/jobs/{}/replay",
       {Reach::operators, "/api/v1/operator/jobs/{job}/replay"}},
      {"GET /api/v1/operator/tasks", {Reach::operators, "/api/v1/operator/tasks"}},
      {"GET /api/v1/operator/entities", {Reach::server, "/api/v1/operator/entities"}},
      {"POST /api/v1/operator/entities", {Reach::server, "/api/v1/operator/entities", an_entity}},
      {"POST /api/v1/operator/entities/rotate",
       {Reach::server, "/api/v1/operator/entities/rotate", an_entity}},
      {"POST /api/v1/operator/entities/finish-rotation",
       {Reach::server, "/api/v1/operator/entities/finish-rotation", an_entity}},
      {"POST /api/v1/operator/entities/remove",
       {Reach::server, "/api/v1/operator/entities/remove", an_entity}},
      {"GET /api/v1/operator/audit", {Reach::server, "/api/v1/operator/audit"}},
      {"GET /api/v1/operator/mcp-servers", {Reach::server, "/api/v1/operator/mcp-servers"}},
      {"POST /api/v1/operator/mcp-servers/{}/accept",
       {Reach::server, "/api/v1/operator/mcp-servers/{server}/accept", R"({"set":"x"})"}},
      {"POST /api/v1/operator/mcp-servers/{}/retry",
       {Reach::server, "/api/v1/operator/mcp-servers/{server}/retry"}},
      {"GET /api/v1/mcp/callback", {Reach::open, "/api/v1/mcp/callback"}},
      {"GET /metrics", {Reach::open, "/metrics"}},
  };
  return rows;
}

struct Caller {
  const char* name = "";
  std::string token{};
};

class AccessRoutes : public ::testing::Test {
 protected:
  Answer ask(const Caller& who, const std::string& method, const std::string& target,
             const std::string& body = {}) {
    net::Headers headers;
    if (!body.empty()) headers.push_back({"Content-Type", "application/json"});
    return call(server_.port(), {.method = method,
                                 .target = target,
                                 .body = body,
                                 .token = who.token,
                                 .headers = std::move(headers)});
  }
  Json made(const Caller& who, const std::string& target, const std::string& body) {
    const Answer answer = ask(who, "POST", target, body);
    if (answer.status >= 300) throw std::runtime_error(target + ": " + answer.body);
    return answer.json();
  }

  std::string submitted(const Caller& who, Things* things = nullptr) {
    const Json action = made(who, "/v1/actions",
                             R"({"agent_id":"a","tool":"shell","operation":"exec",)"
                             R"("params":{"cmd":"echo zebra"}})");
    if (things != nullptr) (*things)["approval_token"] = action["approval_token"];
    return action["id"];
  }

  // From an address of its own each time: claims are counted by address.
  void claim(const std::string& code) {
    const Answer claimed = call(
        server_.port(), {.method = "POST",
                         .target = "/api/v1/pair/claim",
                         .body = Json{{"code", code}, {"device_name", "zebra"}}.dump(),
                         .headers = {{"Content-Type", "application/json"},
                                     {"X-Forwarded-For", "10.0.0." + std::to_string(++claims_)}}});
    if (claimed.status >= 300) throw std::runtime_error(claimed.body);
  }

  // What Ann has, and what there is not.
  Things things_of_ann(const Row& row) {
    Things out;
    if (job_.empty()) job_ = job_of_ann();  // before the scope has access keys, which it asks for
    out["job"] = job_;
    const Json agent = made(ann_, "/v1/agents", R"({"name":"zebra"})");
    out["agent"] = agent["id"];
    const Json talk =
        made(ann_, "/v1/conversations", Json{{"agent_id", agent["id"]}, {"title", mark}}.dump());
    out["conversation"] = talk["id"];
    out["thread"] = base::plain_form(talk["id"].get<std::string>());
    made(ann_, "/v1/conversations/" + out["conversation"] + "/messages",
         R"({"content":"/say zebra","stream":false})");
    if (row.is_deleted) ask(ann_, "DELETE", "/api/v1/threads/" + out["thread"]);
    out["action"] = submitted(ann_, &out);
    if (row.is_approved) approve(out["action"], out["approval_token"], "once");
    Things other;
    const std::string remembered = submitted(ann_, &other);
    approve(remembered, other["approval_token"], "always");
    out["permission"] = ask(ann_, "GET", "/v1/permissions").json()["permissions"].back()["id"];
    const Json code = made(ann_, "/api/v1/pair/start", "");
    claim(code["code"]);
    out["device"] = ask(ann_, "GET", "/api/v1/devices").json()["devices"][0]["id"];
    // An account has few at once, and each row comes here four times.
    if (row.target.find("{code}") != std::string::npos) {
      out["code"] = made(ann_, "/api/v1/pair/start", "")["code"];
    }
    out["server"] = made(root_, "/v1/mcp",
                         Json{{"name", "s" + base::random_hex(6)},
                              {"transport", "http"},
                              {"url", "https://zebra.example/"}}
                             .dump())["id"];
    out["token"] =
        made(first_, "/api/v1/operator/tokens",
             R"({"name":"zebra","scope":"main/main/main","user":"ann","role":"member"})")["id"];
    if (row.target.find("/access-keys") != std::string::npos) {
      // A scope has few.
      if (access_key_.empty()) {
        access_key_ = made(root_, "/api/v1/operator/access-keys", R"({"name":"zebra"})")["id"];
      }
      out["access_key"] = access_key_;
    }
    if (row.target.find("/budgets/") != std::string::npos) {
      out["budget"] =
          made(root_, "/api/v1/operator/budgets",
               R"({"holder":"agent","target":"zebra","period":"day","limit_usd":1})")["id"];
    }
    out["fresh"] = "n" + base::random_hex(6);
    return out;
  }
  // A run of a task, which is not due soon.
  std::string job_of_ann() {
    const auto as = [this](const char* user, const std::string& target, const Json& body) {
      return call(server_.port(), {.method = "POST",
                                   .target = "/api/v1/agent" + target,
                                   .body = body.dump(),
                                   .token = root_.token,
                                   .headers = {{"Content-Type", "application/json"},
                                               {"X-Platos-Organization-Id", "main"},
                                               {"X-Platos-Project-Id", "main"},
                                               {"X-Platos-Environment-Id", "main"},
                                               {"X-Platos-User-Id", user}}});
    };
    const Json handler = {{"kind", "agent"}, {"agentId", "default"}, {"prompt", "/say hi"}};
    // There already, unless it is the first time.
    as("root", "/platos-tasks",
       {{"taskId", "ann-task"}, {"displayName", mark}, {"handler", handler}});
    const Json given = {{"mark", mark}};
    const Json later = {{"delay", "1h"}};
    const Answer begun =
        as("ann", "/trigger/tasks/ann-task/trigger", {{"payload", given}, {"options", later}});
    if (begun.status != 201) throw std::runtime_error(begun.body);
    return begun.json()["id"];
  }
  static Things nothing_like(const Things& things) {
    Things out = things;
    for (const char* id : {"agent", "conversation", "action"}) out[id] = base::new_uuid();
    for (const char* id : {"thread", "permission", "token"}) out[id] = base::random_hex(16);
    out["device"] = base::random_hex(6);
    out["code"] = "999999999";
    return out;
  }
  void approve(const std::string& id, const std::string& token, const char* remember) {
    made(ann_, "/v1/actions/" + id + "/approval",
         Json{{"token", token}, {"approve", true}, {"remember", remember}}.dump());
  }
  // A remembered answer would answer the next question as well.
  void forget_permissions() {
    const Json all = ask(ann_, "GET", "/v1/permissions").json()["permissions"];
    for (const Json& one : all) {
      ask(ann_, "DELETE", "/v1/permissions/" + one["id"].get<std::string>());
    }
  }

  Answer reach(const Caller& who, const std::string& route, const Row& row, const Things& things) {
    const std::string method = route.substr(0, route.find(' '));
    return ask(who, method, filled(row.target, things), filled(row.body, things));
  }

  void check(const std::string& route, const Row& row);
  void check_object(const std::string& route, const Row& row);
  void check_operators(const std::string& route, const Row& row);

  static bool shows(const Answer& answer) { return answer.body.find(mark) != std::string::npos; }

  TemporaryFolder folder_;
  FarameshServer server_{folder_, {.trusted_proxies = {"127.0.0.1"}}};
  Caller first_{"the first operator", server_.token};
  Caller ann_{"the owner", server_.token_of("ann")};
  Caller root_{"an operator of the scope", server_.token_of("root", "operator")};
  Caller bob_{"another member", server_.token_of("bob")};
  int claims_ = 0;
  std::string access_key_{};
  std::string job_{};
  Caller eve_{"an operator elsewhere", server_.token_of("ann", "operator", "acme/shop/live")};
};

void AccessRoutes::check_object(const std::string& route, const Row& row) {
  for (const Caller* who : {&bob_, &eve_}) {
    const Things things = things_of_ann(row);
    const Answer theirs = reach(*who, route, row, things);
    const Answer nobodys = reach(*who, route, row, nothing_like(things));
    const int said = who == &bob_ ? row.another_member : 404;
    EXPECT_EQ(theirs.status, said) << who->name << ": " << theirs.body;
    EXPECT_FALSE(shows(theirs)) << who->name << ": " << theirs.body;
    if (said == 404) {
      EXPECT_EQ(theirs.status, nobodys.status) << who->name;
      EXPECT_EQ(theirs.body.size(), nobodys.body.size())
          << who->name << " can tell it from what is not there: " << theirs.body << nobodys.body;
    }
    forget_permissions();
  }
  if (row.reach == Reach::waits) return;
  for (const Caller* who : {&root_, &ann_}) {
    const Answer answer = reach(*who, route, row, things_of_ann(row));
    EXPECT_LT(answer.status, 300) << who->name << ": " << answer.body;
    forget_permissions();
  }
}

void AccessRoutes::check_operators(const std::string& route, const Row& row) {
  for (const Caller* who : {&bob_, &ann_}) {
    const Answer answer = reach(*who, route, row, things_of_ann(row));
    EXPECT_EQ(answer.status, 403) << who->name << ": " << answer.body;
    EXPECT_FALSE(shows(answer)) << who->name << ": " << answer.body;
    forget_permissions();
  }
  Things things = things_of_ann(row);
  things["scope"] = "acme/shop/live";
  const Answer elsewhere = reach(eve_, route, row, things);
  EXPECT_FALSE(shows(elsewhere)) << elsewhere.body;
  if (route.starts_with("DELETE")) EXPECT_EQ(elsewhere.status, 404) << elsewhere.body;
  things["scope"] = "main/main/main";
  things["fresh"] = "n" + base::random_hex(6);
  const Answer here = reach(root_, route, row, things);
  EXPECT_LT(here.status, 300) << here.body;
  forget_permissions();
}

void AccessRoutes::check(const std::string& route, const Row& row) {
  SCOPED_TRACE(route);
  switch (row.reach) {
    case Reach::object:
    case Reach::waits: return check_object(route, row);
    case Reach::operators: return check_operators(route, row);
    case Reach::open: {
      const Answer answer = reach({}, route, row, {});
      EXPECT_NE(answer.status, 401);
      EXPECT_FALSE(shows(answer)) << answer.body;
      return;
    }
    case Reach::own:
      things_of_ann(row);
      for (const Caller* who : {&ann_, &root_, &bob_, &eve_}) {
        const Answer answer = reach(*who, route, row, {});
        EXPECT_NE(answer.status, 401) << who->name;
        EXPECT_NE(answer.status, 403) << who->name;
        EXPECT_FALSE(shows(answer)) << who->name << ": " << answer.body;
      }
      return forget_permissions();
    case Reach::list: {
      things_of_ann(row);
      for (const Caller* who : {&ann_, &root_, &bob_, &eve_}) {
        const Answer answer = reach(*who, route, row, {});
        EXPECT_EQ(answer.status, 200) << who->name << ": " << answer.body;
        // The search's answer repeats what was asked for.
        const bool found = answer.body.find(mark, answer.body.find("[")) != std::string::npos;
        EXPECT_EQ(found, who == &ann_ || who == &root_) << who->name << ": " << answer.body;
      }
      return forget_permissions();
    }
    case Reach::server: {
      const Things things = things_of_ann(row);
      for (const Caller* who : {&ann_, &root_, &bob_, &eve_}) {
        EXPECT_EQ(reach(*who, route, row, things).status, 403) << who->name;
      }
      EXPECT_NE(reach(first_, route, row, things).status, 403);
      return forget_permissions();
    }
    case Reach::secret: {
      McpClient client(server_.port(), ann_.token);
      client.initialize();
      for (const Caller* who : {&root_, &bob_, &eve_}) {
        McpClient other(server_.port(), who->token);
        net::Headers headers = client.session_headers();
        headers.push_back({"Accept", "text/event-stream"});
        EXPECT_EQ(other.ask(route.substr(0, route.find(' ')), headers).status, 404) << who->name;
      }
      return;
    }
    case Reach::feed:
    case Reach::tools: return;  // tests of their own
  }
}

TEST_F(AccessRoutes, EveryRouteHasARow) {
  std::set<std::string> missing;
  for (const std::string& route : server_.routes()) {
    const bool elsewhere = is_platos_route(route) || is_tandem_route(route);
    if (!elsewhere && !table().contains(route)) missing.insert(route);
  }
  EXPECT_EQ(missing, std::set<std::string>{}) << "say in the table above who may do what there";
  const auto routes = server_.routes();
  for (const auto& [route, row] : table()) {
    EXPECT_FALSE(is_platos_route(route)) << route << " belongs into Platos' table";
    EXPECT_TRUE(std::ranges::find(routes, route) != routes.end()) << route << " is no route";
  }
}

TEST_F(AccessRoutes, WhatIsNotTheirsIsNotThere) {
  for (const auto& [route, row] : table()) check(route, row);
}

TEST_F(AccessRoutes, TheFeedTellsOfWhatOneMaySee) {
  const std::string of_ann = submitted(ann_);
  for (const Caller* who : {&bob_, &eve_}) {
    const std::string own = submitted(*who);
    WireStream feed(server_.port(), {.target = "/v1/events", .token = who->token});
    for (bool seen = false; !seen;) {
      const auto event = feed.next();
      ASSERT_TRUE(event);
      EXPECT_EQ(event->data.find(of_ann), std::string::npos) << who->name;
      seen = event->data.find(own) != std::string::npos;
    }
  }
  for (const Caller* who : {&ann_, &root_}) {
    WireStream feed(server_.port(), {.target = "/v1/events", .token = who->token});
    for (bool seen = false; !seen;) {
      const auto event = feed.next();
      ASSERT_TRUE(event);
      seen = event->data.find(of_ann) != std::string::npos;
    }
  }
}

TEST_F(AccessRoutes, TheToolsOfMcpShowWhatOneMaySee) {
  const Things things = things_of_ann({});
  const std::pair<const char*, Json> tools[] = {
      {"list_agents", Json::object()},
      {"list_threads", Json::object()},
      {"read_thread", {{"thread_id", things.at("thread")}}},
      {"ask_agent", {{"thread_id", things.at("thread")}, {"message", "/say hi"}}},
      {"start_run", {{"thread_id", things.at("thread")}, {"message", "/say hi"}}},
      {"list_approvals", Json::object()},
      {"approve", {{"approval_id", things.at("action")}}},
      {"deny", {{"approval_id", things.at("action")}}},
  };
  for (const auto& [tool, arguments] : tools) {
    for (const Caller* who : {&bob_, &eve_}) {
      McpClient client(server_.port(), who->token);
      const Json result = client.tool(tool, arguments);
      EXPECT_EQ(result.dump().find(mark), std::string::npos) << tool << ": " << who->name;
      EXPECT_EQ(result.at("isError"), !std::string_view(tool).starts_with("list_"))
          << tool << ": " << who->name << result.dump();
    }
  }
  for (const Caller* who : {&ann_, &root_}) {
    McpClient client(server_.port(), who->token);
    for (const char* tool : {"list_agents", "list_threads", "list_approvals"}) {
      EXPECT_NE(client.use(tool).dump().find(mark), std::string::npos) << tool << who->name;
    }
    EXPECT_NE(client.use("read_thread", {{"thread_id", things.at("thread")}}).dump().find(mark),
              std::string::npos);
  }
}

// The operator of every scope looks at the one that a request names; nobody else does.
TEST_F(AccessRoutes, AHeaderNamesAnotherScope) {
  made(eve_, "/api/v1/threads", R"({"title":"elsewhere"})");
  const auto looking = [&](const Caller& who, const char* scope) {
    return call(server_.port(), {.target = "/api/v1/threads",
                                 .token = who.token,
                                 .headers = {{"X-Colonnade-Scope", scope}}});
  };
  EXPECT_NE(looking(first_, "acme/shop/live").body.find("elsewhere"), std::string::npos);
  EXPECT_EQ(looking(first_, "main/main/main").body.find("elsewhere"), std::string::npos);
  EXPECT_EQ(looking(first_, "nowhere").status, 400);
  for (const Caller* who : {&root_, &bob_}) {
    EXPECT_EQ(looking(*who, "acme/shop/live").status, 401) << who->name;
    EXPECT_EQ(looking(*who, "main/main/main").status, 200) << who->name;
  }
}

// The error says which header was wrong, in every dialect's own body.
TEST_F(AccessRoutes, AWrongScopeHeaderIsNamed) {
  for (const char* path :
       {"/api/v1/threads", "/v1/agents", "/v1/actions", "/api/v1/operator/tokens"}) {
    for (const auto& [who, scope, status] :
         {std::tuple{&first_, "nowhere", 400}, std::tuple{&root_, "acme/shop/live", 401}}) {
      const auto answer =
          call(server_.port(),
               {.target = path, .token = who->token, .headers = {{"X-Colonnade-Scope", scope}}});
      // Both contracts call a request that breaks their schema a 422.
      const bool has_schema = std::string_view(path).starts_with("/v1/");
      EXPECT_EQ(answer.status, has_schema && status == 400 ? 422 : status) << path << answer.body;
      EXPECT_NE(answer.body.find("X-Colonnade-Scope: "), std::string::npos) << path << answer.body;
    }
  }
  const auto phoson = call(server_.port(), {.target = "/v1/agents",
                                            .token = first_.token,
                                            .headers = {{"X-Colonnade-Scope", "nowhere"}}});
  EXPECT_EQ(phoson.json()["detail"][0]["loc"], (Json{"header", "X-Colonnade-Scope"}));
}

}  // namespace
}  // namespace colonnade::tests
