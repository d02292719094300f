// Who sees what on Platos' wire, whose callers are an entity's end users: every route, asked by
// everybody of platos_tenants.hpp. A route without a row fails.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "platos_route.hpp"
#include "platos_tenants.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using Caller = PlatosCaller;
using Things = PlatosThings;

enum class Reach {
  open,              // for anyone, and about nobody
  service,           // for whoever has the entity's secret
  own,               // makes something of one's own, for everybody who is let in
  list,              // the owner and the operator find the thing in it, the others do not
  object,            // the owner and the operator are served; for the others there is none
  shared,            // whoever is in the scope is served; elsewhere there is none
  shared_list,       // whoever is in the scope finds the thing in it
  numbers,           // everybody's own, without names (platos_monitoring_test.cpp); not for guests
  operators,         // makes something, for operators
  operators_object,  // for operators, each within their scope
};

struct Row {
  Reach reach = Reach::own;
  std::string target{};    // with {names} of things
  std::string body{};      // the same
  bool for_guests = true;  // false: a guest is told 403, whatever it is
};

constexpr const char* agents = "/api/v1/agent/agents";
constexpr const char* threads = "/api/v1/agent/threads";

std::map<std::string, Row> made_table() {  // long: a row for each route
  const std::string agent = std::string(agents) + "/{agent}";
  const std::string thread = std::string(threads) + "/{thread}";
  const std::string root = "/api/v1/agent";
  const std::string say = R"({"message":"/say hi"})";
  const std::string no = R"({"approved":false})";
  std::map<std::string, Row> rows = {
      {"GET /api/health", {Reach::open, "/api/health"}},
      {"POST /api/v1/entities/{}/session-tokens",
       {Reach::service, "/api/v1/entities/ent-1/session-tokens",
        R"({"organizationId":"main","projectId":"main","environmentId":"main","userId":"cy"})"}},
      // Without a platform secret it is off; that it finds no agent but the open ones is held in
      // tests/platos.
      {"POST /api/v1/public/guest-token",
       {Reach::open, "/api/v1/public/guest-token", R"({"agentId":"default"})"}},
      // The join of a namespace decides who may do what; see platos_sockets_test.cpp.
      {"GET /socket.io", {Reach::open, "/socket.io?EIO=4&transport=polling"}},
      {"POST /socket.io", {Reach::open, "/socket.io?EIO=4&transport=polling&sid=none", "2"}},
      {"GET /socket.io/", {Reach::open, "/socket.io/?EIO=4&transport=polling"}},
      {"POST /socket.io/", {Reach::open, "/socket.io/?EIO=4&transport=polling&sid=none", "2"}},
      // Agents.
      {"GET /api/v1/agent/agents", {Reach::shared_list, agents}},
      {"POST /api/v1/agent/agents", {Reach::operators, agents, R"({"name":"helper"})"}},
      {"GET /api/v1/agent/agents/{}", {Reach::shared, agent}},
      {"PATCH /api/v1/agent/agents/{}", {Reach::operators_object, agent, R"({"name":"new"})"}},
      {"DELETE /api/v1/agent/agents/{}", {Reach::operators_object, agent}},
      {"GET /api/v1/agent/agents/{}/versions", {Reach::shared, agent + "/versions"}},
      {"POST /api/v1/agent/agents/{}/versions/{}/rollback",
       {Reach::operators_object, agent + "/versions/{version}/rollback"}},
      {"PATCH /api/v1/agent/agents/{}/canary",
       {Reach::operators_object, agent + "/canary",
        R"({"canaryVersionId":"{version}","canaryPercent":10})"}},
      {"POST /api/v1/agent/agents/{}/messages", {Reach::shared, agent + "/messages", say}},
      {"GET /api/v1/agent/agents/{}/chat/stream",
       {Reach::object, agent + "/chat/stream?message=/say%20hi&threadId={thread}"}},
      // Threads.
      {"GET /api/v1/agent/threads", {Reach::list, std::string(threads) + "?allUsers=true"}},
      {"POST /api/v1/agent/threads", {Reach::shared, threads, R"({"agentId":"{agent}"})"}},
      {"GET /api/v1/agent/threads/{}", {Reach::object, thread}},
      {"PATCH /api/v1/agent/threads/{}", {Reach::object, thread, R"({"title":"new"})"}},
      {"DELETE /api/v1/agent/threads/{}", {Reach::object, thread}},
      {"PATCH /api/v1/agent/threads/{}/rename",
       {Reach::object, thread + "/rename", R"({"title":"new"})"}},
      {"POST /api/v1/agent/threads/{}/archive", {Reach::object, thread + "/archive"}},
      {"POST /api/v1/agent/threads/{}/unarchive", {Reach::object, thread + "/unarchive"}},
      {"POST /api/v1/agent/threads/{}/tags",
       {Reach::object, thread + "/tags", R"({"tags":["red"]})"}},
      {"PUT /api/v1/agent/threads/{}/tags",
       {Reach::object, thread + "/tags", R"({"tags":["red"]})"}},
      {"PATCH /api/v1/agent/threads/{}/tags",
       {Reach::object, thread + "/tags", R"({"tags":["red"]})"}},
      {"POST /api/v1/agent/threads/{}/pin", {Reach::object, thread + "/pin"}},
      {"POST /api/v1/agent/threads/{}/unpin", {Reach::object, thread + "/unpin"}},
      {"DELETE /api/v1/agent/threads/{}/pin", {Reach::object, thread + "/pin"}},
      {"POST /api/v1/agent/threads/{}/fork",
       {Reach::object, thread + "/fork", R"({"messageId":"{message}"})"}},
      {"GET /api/v1/agent/threads/{}/artifacts", {Reach::object, thread + "/artifacts"}},
      {"GET /api/v1/agent/threads/{}/messages", {Reach::object, thread + "/messages"}},
      {"GET /api/v1/agent/threads/{}/messages/{}/replies",
       {Reach::object, thread + "/messages/{message}/replies"}},
      // Turns.
      {"POST /api/v1/agent/threads/{}/messages", {Reach::object, thread + "/messages", say}},
      {"POST /api/v1/agent/threads/{}/stream", {Reach::object, thread + "/stream", say}},
      {"POST /api/v1/agent/threads/{}/messages/{}/edit-and-rerun",
       {Reach::object, thread + "/messages/{message}/edit-and-rerun", say}},
      {"POST /api/v1/agent/threads/{}/messages/{}/retry",
       {Reach::object, thread + "/messages/{answer}/retry"}},
      {"POST /api/v1/agent/attachments", {Reach::own, root + "/attachments", "plain text"}},
      // Approvals.
      {"GET /api/v1/agent/monitoring/approvals",
       {Reach::list, root + "/monitoring/approvals", "", false}},
      {"GET /api/v1/agent/monitoring/approvals/{}",
       {Reach::object, root + "/monitoring/approvals/{action}", "", false}},
      {"POST /api/v1/agent/monitoring/approvals/{}/resolve",
       {Reach::object, root + "/monitoring/approvals/{action}/resolve", no, false}},
      {"POST /api/v1/agent/approvals/{}/resolve",
       {Reach::object, root + "/approvals/{action}/resolve", no, false}},
      {"POST /api/v1/agent/durable-approvals/{}/resolve",
       {Reach::object, root + "/durable-approvals/{approval_token}/resolve", no, false}},
      // Budgets; Ann's own has a skill's name that tells it.
      {"GET /api/v1/agent/budgets", {Reach::list, root + "/budgets", "", false}},
      {"POST /api/v1/agent/budgets",
       {Reach::operators, root + "/budgets",
        R"({"scopeType":"agent","targetId":"helper","period":"day","limitCents":1})", false}},
      {"GET /api/v1/agent/budgets/status", {Reach::own, root + "/budgets/status", "", false}},
      {"DELETE /api/v1/agent/budgets/{}",
       {Reach::operators_object, root + "/budgets/{budget}", "", false}},
      {"POST /api/v1/agent/budgets/{}/override",
       {Reach::operators_object, root + "/budgets/{budget}/override", R"({"minutes":0})", false}},
      {"GET /api/v1/agent/monitoring/budget/caps",
       {Reach::list, root + "/monitoring/budget/caps", "", false}},
      {"GET /api/v1/agent/monitoring/budget/status",
       {Reach::own, root + "/monitoring/budget/status", "", false}},
  };
  // Monitoring.
  const std::string monitoring = root + "/monitoring";
  for (const char* route : {"/cost/by-agent", "/cost-by-agent", "/traces"}) {
    rows["GET " + monitoring + route] = {Reach::list, monitoring + route, "", false};
  }
  rows["GET " + monitoring + "/traces/{}"] = {Reach::object, monitoring + "/traces/{thread}", "",
                                              false};
  rows["GET " + monitoring + "/trace/{}"] = {Reach::object, monitoring + "/trace/{thread}", "",
                                             false};
  for (const char* route : {"/runs", "/cost", "/cost/by-scope", "/cost-by-model", "/cost-by-user",
                            "/summary", "/tool-audit", "/safety-events"}) {
    rows["GET " + monitoring + route] = {Reach::numbers, monitoring + route, "", false};
  }
  const std::string bgo = root + "/trigger";
  const std::string catalog = root + "/platos-tasks";
  const std::string later = R"({"options":{"delay":"1h"}})";
  const std::pair<const char*, Row> background[] = {
      // Whoever is in the scope may begin its tasks; what comes of it is their own.
      {"GET /trigger/tasks", {Reach::shared_list, bgo + "/tasks", "", false}},
      {"POST /trigger/tasks/{}/trigger",
       {Reach::shared, bgo + "/tasks/{task}/trigger", later, false}},
      {"GET /trigger/runs", {Reach::list, bgo + "/runs", "", false}},
      {"GET /trigger/runs/{}", {Reach::object, bgo + "/runs/{run}", "", false}},
      {"POST /trigger/runs/{}/cancel", {Reach::object, bgo + "/runs/{run}/cancel", "", false}},
      {"POST /trigger/runs/{}/replay", {Reach::object, bgo + "/runs/{run}/replay", "", false}},
      {"GET /trigger/schedules", {Reach::list, bgo + "/schedules", "", false}},
      {"POST /trigger/schedules",
       {Reach::shared, bgo + "/schedules", R"({"taskId":"{task}","cron":"0 6 1 1 *"})", false}},
      {"POST /trigger/schedules/{}/activate",
       {Reach::object, bgo + "/schedules/{schedule}/activate", "", false}},
      {"POST /trigger/schedules/{}/deactivate",
       {Reach::object, bgo + "/schedules/{schedule}/deactivate", "", false}},
      {"DELETE /trigger/schedules/{}", {Reach::object, bgo + "/schedules/{schedule}", "", false}},
      {"POST /trigger/batches/{}",
       {Reach::shared, bgo + "/batches/{task}", R"({"payloads":[null],"options":{"delay":"1h"}})",
        false}},
      {"GET /trigger/batches/{}", {Reach::object, bgo + "/batches/{batch}", "", false}},
      // The catalog is the operators'.
      {"GET /platos-tasks", {Reach::operators, catalog}},
      {"POST /platos-tasks",
       {Reach::operators, catalog,
        R"({"taskId":"one-more","displayName":"x","handler":{"kind":"tool","tool":"clock"}})"}},
      {"GET /platos-tasks/{}", {Reach::operators_object, catalog + "/{task}"}},
      {"PATCH /platos-tasks/{}",
       {Reach::operators_object, catalog + "/{task}", R"({"description":"x"})"}},
      {"DELETE /platos-tasks/{}", {Reach::operators_object, catalog + "/{task}"}},
      {"POST /platos-tasks/{}/run", {Reach::operators_object, catalog + "/{task}/run"}},
  };
  for (const auto& [route, row] : background) {
    std::string full = route;
    full.insert(full.find('/'), root);
    rows[full] = row;
  }
  return rows;
}

const std::map<std::string, Row>& table() {
  static const std::map<std::string, Row> rows = made_table();
  return rows;
}

class PlatosAccessRoutes : public PlatosTenants {
 protected:
  Answer reach(const Caller& who, const std::string& route, const Row& row, const Things& things) {
    return ask(who, route.substr(0, route.find(' ')), filled_row(row.target, things),
               filled_row(row.body, things));
  }
  void expect_served(const Caller& who, const std::string& route, const Row& row,
                     const Things& things) {
    const Answer answer = reach(who, route, row, things);
    EXPECT_GE(answer.status, 200) << who.name;
    EXPECT_LT(answer.status, 300) << who.name << ": " << answer.body;
  }
  void expect_refused(const Caller& who, const std::string& route, const Row& row,
                      const Things& things, int status) {
    const Answer answer = reach(who, route, row, things);
    EXPECT_EQ(answer.status, status) << who.name << ": " << answer.body;
    EXPECT_FALSE(shows(answer)) << who.name << ": " << answer.body;
  }
  void check(const std::string& route, const Row& row);
  void check_object(const std::string& route, const Row& row);
  void check_list(const std::string& route, const Row& row);
  void check_service(const std::string& route, const Row& row);
};

void PlatosAccessRoutes::check_object(const std::string& route, const Row& row) {
  {
    const Things things = things_of_ann();
    const Caller guest = guest_of(things);
    for (const Caller* who : {&bob_, &eve_, &rest_, &eva_, &ray_, &guest}) {
      if (who == &guest && !row.for_guests) {
        expect_refused(guest, route, row, things, 403);
        continue;
      }
      expect_refused(*who, route, row, things, 404);
      const Answer theirs = reach(*who, route, row, things);
      const Answer nobodys = reach(*who, route, row, nothing_like(things));
      EXPECT_EQ(nobodys.status, 404) << who->name << ": " << nobodys.body;
      EXPECT_EQ(theirs.body.size(), nobodys.body.size())
          << who->name << " can tell it from what is not there: " << theirs.body << nobodys.body;
    }
    // None of them has changed it.
    expect_served(ann_, route, row, things);
  }
  expect_served(root_, route, row, things_of_ann());
}

void PlatosAccessRoutes::check_list(const std::string& route, const Row& row) {
  const Things things = things_of_ann();
  const Caller guest = guest_of(things);
  const bool is_shared = row.reach == Reach::shared_list;
  for (const Caller* who : {&ann_, &root_, &bob_, &eve_, &rest_, &eva_, &ray_, &guest}) {
    if (who == &guest && !row.for_guests) {
      expect_refused(guest, route, row, things, 403);
      continue;
    }
    const Answer answer = reach(*who, route, row, things);
    EXPECT_EQ(answer.status, 200) << who->name << ": " << answer.body;
    const bool finds = who == &ann_ || who == &root_ || (is_shared && !is_elsewhere(who));
    EXPECT_EQ(shows(answer), finds) << who->name << ": " << answer.body;
  }
}

void PlatosAccessRoutes::check_service(const std::string& route, const Row& row) {
  for (const Caller* who : {&ann_, &bob_, &eve_, &eva_, &ray_}) {
    expect_refused(*who, route, row, {}, 401);
  }
  // They may act as anybody of the scope: the one of every scope wherever they look at.
  for (const Caller* who : {&root_, &rest_}) expect_served(*who, route, row, {});
  expect_refused({"another tenant's entity", other_tenants_secret}, route, row, {}, 401);
  expect_served({"the entity", secret}, route, row, {});
}

void PlatosAccessRoutes::check(const std::string& route, const Row& row) {
  SCOPED_TRACE(route);
  switch (row.reach) {
    case Reach::object: return check_object(route, row);
    case Reach::list:
    case Reach::shared_list: return check_list(route, row);
    case Reach::service: return check_service(route, row);
    case Reach::open: {
      const Answer answer = reach({}, route, row, {});
      EXPECT_NE(answer.status, 401) << answer.body;
      EXPECT_NE(answer.status, 404) << answer.body;
      EXPECT_FALSE(shows(answer)) << answer.body;
      return;
    }
    default: break;
  }
  // Who is refused, and with what; the others are served.
  const Things things = things_of_ann();
  const Caller guest = guest_of(things);
  for (const Caller* who : {&eve_, &rest_, &eva_, &ray_, &guest, &bob_, &ann_, &root_}) {
    const bool operates = is_operator(who);
    const bool foreign = is_elsewhere(who);
    int refused = 0;
    switch (row.reach) {
      case Reach::shared: refused = foreign ? 404 : 0; break;
      case Reach::numbers: refused = who == &guest ? 403 : 0; break;
      case Reach::operators: refused = operates ? 0 : 403; break;
      case Reach::operators_object: refused = !operates ? 403 : foreign ? 404 : 0; break;
      default: break;
    }
    if (refused == 0 && who == &guest && !row.for_guests) refused = 403;
    if (who == &guest && !row.for_guests) refused = 403;
    if (refused != 0) {
      expect_refused(*who, route, row, things, refused);
    } else {
      expect_served(*who, route, row, things);
    }
  }
}

TEST_F(PlatosAccessRoutes, EveryRouteHasARow) {
  std::set<std::string> routes;
  for (const std::string& route : server_.routes()) {
    if (is_platos_route(route)) routes.insert(route);
  }
  std::set<std::string> rows;
  for (const auto& [route, row] : table()) rows.insert(route);
  for (const std::string& route : routes) {
    EXPECT_TRUE(rows.contains(route)) << route << ": say in the table above who may do what there";
  }
  for (const std::string& row : rows) EXPECT_TRUE(routes.contains(row)) << row << " is no route";
}

TEST_F(PlatosAccessRoutes, WhatIsNotTheirsIsNotThere) {
  for (const auto& [route, row] : table()) check(route, row);
}

// Another's message or attachment is not there in a thread of one's own either.
TEST_F(PlatosAccessRoutes, WhatIsNotTheirsIsNotThereInTheirThreads) {
  const Things things = things_of_ann();
  const Answer uploaded = ask(ann_, "POST", "/api/v1/agent/attachments", "zebra");
  ASSERT_EQ(uploaded.status, 201) << uploaded.body;
  const Json attachment = uploaded.json()["id"];
  const Json say = {{"message", "/say hi"}};
  const Json attached = {{"message", "/say hi"}, {"attachmentIds", {attachment}}};
  made(ann_, std::string(threads) + "/" + things.at("thread") + "/messages", attached);
  for (const Caller* who : {&bob_, &rest_, &eva_}) {
    const Json agent = who == &bob_ ? Json(things.at("agent")) : Json("default");
    const std::string own = made(*who, threads, {{"agentId", agent}})["id"];
    const std::string thread = std::string(threads) + "/" + own;
    const std::string message = thread + "/messages/" + things.at("message");
    const std::pair<std::string, Json> tries[] = {
        {"POST " + thread + "/fork", {{"messageId", things.at("message")}}},
        {"POST " + message + "/edit-and-rerun", say},
        {"POST " + thread + "/messages/" + things.at("answer") + "/retry", Json::object()},
        {"GET " + message + "/replies", nullptr},
        {"POST " + thread + "/messages", attached},
        {"POST " + thread + "/stream", attached},
    };
    for (const auto& [route, body] : tries) {
      const auto space = route.find(' ');
      const Answer answer = ask(*who, route.substr(0, space), route.substr(space + 1),
                                body.is_null() ? "" : body.dump());
      EXPECT_GE(answer.status, 400) << who->name << ": " << route << answer.body;
      EXPECT_FALSE(shows(answer)) << who->name << ": " << route << answer.body;
    }
  }
}

// Who is nobody is let in nowhere but where a row says so.
TEST_F(PlatosAccessRoutes, NobodyIsLetIn) {
  for (const auto& [route, row] : table()) {
    if (row.reach == Reach::open) continue;
    EXPECT_EQ(reach({}, route, row, {}).status, 401) << route;
  }
}

}  // namespace
}  // namespace colonnade::tests
