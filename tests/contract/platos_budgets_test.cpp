// Budgets over Platos' wire (platos §2.4, §5.4).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "platos_server.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using ::testing::HasSubstr;

constexpr const char* budgets = "/api/v1/agent/budgets";

class PlatosBudgets : public ::testing::Test {
 protected:
  Answer put(const Json& body) {
    return server_.ask(server_.direct("root"), "POST", budgets, body.dump());
  }
  Json made(const Json& body) {
    const Answer answer = put(body);
    EXPECT_LT(answer.status, 300) << answer.body;
    return answer.json()["cap"];
  }
  // The member that an upsert is refused for.
  std::string refused(Json more) {
    Json body{{"scopeType", "scope"}, {"period", "day"}, {"limitCents", 500}};
    body.update(more);
    const Answer answer = put(body);
    EXPECT_EQ(answer.status, 400) << answer.body;
    EXPECT_EQ(answer.json()["code"], "validation");
    const std::string error = answer.json()["validationErrors"][0];
    return error.substr(0, error.find(':'));
  }

  TemporaryFolder folder_;
  PlatosServer server_{
      folder_.file("colonnade.db"),
      {.now = *base::parse_rfc3339("2026-05-12T09:00:00Z"), .private_hosts = {"hooks.internal"}}};
};

TEST_F(PlatosBudgets, AnUpsertMakesOnceAndThenChanges) {
  const Json body{{"scopeType", "user"}, {"targetId", "*"}, {"period", "month"},
                  {"limitCents", 12.5},  {"runsLimit", 7},  {"alertThresholds", {90}}};
  const Answer first = put(body);
  EXPECT_EQ(first.status, 201) << first.body;
  Json changed = body;
  changed["limitCents"] = 20;
  changed.erase("alertThresholds");
  const Answer second = put(changed);
  EXPECT_EQ(second.status, 200) << second.body;
  const Json cap = second.json()["cap"];
  EXPECT_EQ(cap["id"], first.json()["cap"]["id"]);
  EXPECT_EQ(cap["limitCents"], 20);
  EXPECT_EQ(cap["runsLimit"], 7);
  EXPECT_EQ(cap["alertThresholds"], Json({90}));
  Json another = body;
  another["agentId"] = "a1";
  EXPECT_EQ(put(another).status, 201) << "another key is another cap";
}

TEST_F(PlatosBudgets, EachWrongMemberIsNamed) {
  EXPECT_EQ(refused({{"scopeType", "team"}}), "scopeType");
  EXPECT_EQ(refused({{"scopeType", "key"}}), "scopeType") << "not of this wire";
  EXPECT_EQ(refused({{"period", "year"}}), "period");
  EXPECT_EQ(refused({{"tier", "gold"}}), "tier");
  EXPECT_EQ(refused({{"limitCents", -1}}), "limitCents");
  EXPECT_EQ(refused({{"limitCents", "5"}}), "limitCents");
  EXPECT_EQ(refused({{"runsLimit", 1.5}}), "runsLimit");
  EXPECT_EQ(refused({{"alertThresholds", {0}}}), "alertThresholds");
  EXPECT_EQ(refused({{"alertThresholds", {200.5}}}), "alertThresholds");
  EXPECT_EQ(refused({{"targetId", "*"}}), "targetId");
  EXPECT_EQ(refused({{"targetId", "usr_1"}}), "targetId") << "a scope has none";
  EXPECT_EQ(refused({{"scopeType", "agent"}}), "targetId") << "an agent has one";
  EXPECT_EQ(refused({{"skillSlug", "mail"}}), "skillSlug");
  EXPECT_EQ(refused({{"enabled", "yes"}}), "enabled");
}

TEST_F(PlatosBudgets, AWebhookIsOfThePublicInternet) {
  for (const char* url :
       {"http://127.0.0.1/x", "http://localhost:8080/x", "http://[::1]/x", "http://10.0.0.7/x",
        "http://169.254.169.254/latest", "http://192.168.1.1/", "https://db.internal/x",
        "https://router/x", "ftp://example.com/x", "no url"}) {
    EXPECT_EQ(refused({{"alertWebhookUrl", url}}), "alertWebhookUrl") << url;
  }
  const Json cap = made({{"scopeType", "scope"},
                         {"period", "day"},
                         {"limitCents", 5},
                         {"alertWebhookUrl", "https://Hooks.example.com:443/x"},
                         {"alertEmails", {"a@example.com", "b@example.com"}}});
  EXPECT_EQ(cap["alertWebhookUrl"], "https://hooks.example.com/x");
  EXPECT_EQ(cap["alertEmails"], "a@example.com,b@example.com");
  const Json allowed = made({{"scopeType", "scope"},
                             {"period", "week"},
                             {"limitCents", 5},
                             {"alertWebhookUrl", "http://hooks.internal/x"}});
  EXPECT_EQ(allowed["alertWebhookUrl"], "http://hooks.internal/x");
  const Answer listed =
      server_.ask(server_.direct("root"), "GET", "/api/v1/agent/monitoring/budget/caps");
  EXPECT_EQ(listed.json()["caps"][0]["alertEmails"], Json({"a@example.com", "b@example.com"}));
  // Where alerts go is the operators'.
  const Json shown = server_.get(budgets).json()["caps"][0];
  EXPECT_TRUE(shown["alertWebhookUrl"].is_null());
  EXPECT_TRUE(shown["alertEmails"].is_null());
}

TEST_F(PlatosBudgets, AnOverrideEndsWithZeroMinutesAndRemovedIsMissing) {
  const std::string path =
      std::string(budgets) + "/" +
      made({{"scopeType", "scope"}, {"period", "hour"}, {"runsLimit", 1}})["id"].get<std::string>();
  const auto ask = [&](const std::string& method, const std::string& target,
                       const std::string& body = {}) {
    return server_.ask(server_.direct("root"), method, target, body);
  };
  const Answer lifted = ask("POST", path + "/override", R"({"minutes":60})");
  EXPECT_EQ(lifted.status, 201) << lifted.body;
  EXPECT_EQ(lifted.json()["cap"]["overrideUntil"], "2026-05-12T10:00:00.000Z");
  EXPECT_EQ(lifted.json()["cap"]["overrideBy"], "root");
  Json status = server_.get(std::string(budgets) + "/status").json();
  EXPECT_EQ(status["caps"][0]["overrideActive"], true);
  EXPECT_EQ(status["caps"][0]["windowKey"], "2026-05-12T09");
  const Answer ended = ask("POST", path + "/override", R"({"minutes":0})");
  EXPECT_TRUE(ended.json()["cap"]["overrideUntil"].is_null()) << ended.body;
  EXPECT_EQ(ask("POST", path + "/override", R"({"minutes":-1})").status, 400);
  EXPECT_EQ(ask("POST", path + "/override", "{}").status, 400);
  EXPECT_EQ(ask("DELETE", path).json(), Json({{"deleted", true}}));
  EXPECT_EQ(ask("DELETE", path).status, 404);
  EXPECT_EQ(ask("POST", path + "/override", R"({"minutes":1})").status, 404);
  EXPECT_TRUE(server_.get(budgets).json()["caps"].empty());
}

TEST_F(PlatosBudgets, TheListIsOrderedAndAStatusLeavesOutWhatIsOff) {
  made({{"scopeType", "user"}, {"targetId", "usr_2"}, {"period", "day"}, {"limitCents", 5}});
  made({{"scopeType", "user"}, {"targetId", "*"}, {"period", "day"}, {"limitCents", 5}});
  made({{"scopeType", "scope"}, {"period", "week"}, {"limitCents", 5}});
  made({{"scopeType", "scope"}, {"period", "day"}, {"limitCents", 5}, {"enabled", false}});
  made({{"scopeType", "agent"}, {"targetId", "a1"}, {"period", "day"}, {"limitCents", 5}});
  std::string order;
  for (const Json& cap : server_.ask(server_.direct(), "GET", budgets).json()["caps"]) {
    order += cap["scopeType"].get<std::string>() + "/" + cap["targetId"].get<std::string>() + "/" +
             cap["period"].get<std::string>() + " ";
  }
  EXPECT_EQ(order, "agent/a1/day scope//day scope//week user/*/day user/usr_2/day ");
  const auto count = [&](const std::string& query) {
    return server_.get(std::string(budgets) + "/status" + query).json()["caps"].size();
  };
  EXPECT_EQ(count(""), 2U) << "the scope's week, and every user's day for the caller";
  EXPECT_EQ(count("?agentId=a1"), 3U);
  EXPECT_EQ(count("?userId=usr_2"), 1U) << "another user's are not the caller's to see";
  EXPECT_EQ(server_.get(budgets).json()["caps"].size(), 4U);
}

TEST_F(PlatosBudgets, AKeyMakesAnUpsertOnce) {
  net::Headers who = server_.direct("root");
  who.push_back({"Idempotency-Key", "budget-1"});
  const std::string body = R"({"scopeType":"scope","period":"day","limitCents":5})";
  const Answer first = server_.ask(who, "POST", budgets, body);
  const Answer again = server_.ask(who, "POST", budgets, body);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(again.status, 201) << "the stored answer";
  EXPECT_EQ(again.body, first.body);
}

}  // namespace
}  // namespace colonnade::tests
