// Monitoring (platos §2.5, §5.5) beyond the examples: who sees which runs, what may be asked, and
// the trace that a client names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "platos_server.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* monitoring = "/api/v1/agent/monitoring";

class PlatosMonitoring : public ::testing::Test {
 protected:
  // A turn of that user in a new thread; the thread's id.
  std::string turn(const std::string& user, const std::string& agent = "default",
                   net::Headers more = {}) {
    server_.engine.model->script(
        {reply({core::TextPart{"Hello"}}, core::StopReason::end_turn,
               {.input_tokens = 10, .output_tokens = 5, .reported_cost_micros = 20'000})});
    const std::string thread = server_.new_thread(agent, "", user);
    net::Headers who = server_.as(user);
    for (net::Header& one : more) who.push_back(std::move(one));
    const Answer done =
        server_.ask(std::move(who), "POST", PlatosServer::thread_path(thread) + "/messages",
                    R"({"message":"hi"})");
    if (done.status >= 300) throw std::runtime_error(done.body);
    return thread;
  }
  Json seen_by(net::Headers who, const std::string& path) {
    const Answer answer = server_.ask(std::move(who), "GET", monitoring + path);
    EXPECT_EQ(answer.status, 200) << path << ": " << answer.body;
    return answer.json();
  }
  int status_of(net::Headers who, const std::string& path) {
    return server_.ask(std::move(who), "GET", monitoring + path).status;
  }
  static std::vector<std::string> threads_in(const Json& runs) {
    std::vector<std::string> out;
    for (const Json& run : runs["runs"]) out.push_back(run["threadId"]);
    return out;
  }

  TemporaryFolder folder_;
  PlatosServer server_{folder_.file("colonnade.db")};
};

TEST_F(PlatosMonitoring, AUserSeesTheirRunsAndAnOperatorAll) {
  const std::string anns = turn("ann");
  const std::string bobs = turn("bob");
  EXPECT_THAT(threads_in(seen_by(server_.as("ann"), "/runs")), ElementsAre(anns));
  EXPECT_THAT(threads_in(seen_by(server_.as("bob"), "/runs")), ElementsAre(bobs));
  EXPECT_THAT(threads_in(seen_by(server_.direct(), "/runs")), ElementsAre(bobs, anns));
  EXPECT_EQ(seen_by(server_.as("ann"), "/cost")["costCents"], 2.0);
  EXPECT_EQ(seen_by(server_.direct(), "/cost")["costCents"], 4.0);
  EXPECT_EQ(seen_by(server_.as("cy"), "/cost")["costCents"], 0.0);
  const Json by_user = seen_by(server_.direct(), "/cost-by-user")["rows"];
  EXPECT_EQ(by_user.size(), 2U);
  EXPECT_EQ(seen_by(server_.as("ann"), "/cost-by-user")["rows"].size(), 1U);
  EXPECT_EQ(seen_by(server_.as("ann"), "/summary")["runs"], 1);
  EXPECT_EQ(seen_by(server_.as("ann"), "/cost-by-model")["rows"][0]["model"],
            "scripted:scripted-1");
  EXPECT_EQ(status_of(server_.as("bob"), "/traces/" + anns), 404);
  EXPECT_EQ(status_of(server_.as("bob"), "/trace/" + anns), 404);
  EXPECT_EQ(status_of(server_.as("ann"), "/traces/" + anns), 200);
  EXPECT_EQ(status_of(server_.direct(), "/trace/" + anns), 200);
}

TEST_F(PlatosMonitoring, ATokenOfOneAgentSeesThatAgents) {
  const std::string agent = server_.new_agent({{"name", "Support"}});
  const std::string with_agent = turn("ann", agent);
  const std::string without = turn("ann");
  const net::Headers bound = server_.as("ann", {{"agentId", agent}});
  EXPECT_THAT(threads_in(seen_by(bound, "/runs")), ElementsAre(with_agent));
  EXPECT_EQ(seen_by(bound, "/cost")["costCents"], 2.0);
  EXPECT_EQ(status_of(bound, "/runs?agentId=default"), 403);
  EXPECT_EQ(status_of(bound, "/traces/" + without), 404);
  EXPECT_EQ(status_of(bound, "/trace/" + without), 404);
  EXPECT_EQ(status_of(bound, "/traces/" + with_agent), 200);
}

TEST_F(PlatosMonitoring, RunsAreFilteredByStatusAgentAndThread) {
  const std::string good = turn("ann");
  server_.engine.model->script(
      {Break{{.kind = base::ErrorKind::invalid, .message = "no such model"}}});
  const std::string bad = server_.new_thread("default", "", "ann");
  server_.ask(server_.as("ann"), "POST", PlatosServer::thread_path(bad) + "/messages",
              R"({"message":"hi"})");
  const auto listed = [&](const std::string& query) {
    return threads_in(seen_by(server_.as("ann"), "/runs" + query));
  };
  EXPECT_THAT(listed("?status=completed"), ElementsAre(good));
  EXPECT_THAT(listed("?status=error"), ElementsAre(bad));
  EXPECT_THAT(listed("?threadId=" + good), ElementsAre(good));
  EXPECT_THAT(listed("?limit=1"), ElementsAre(bad));
  EXPECT_EQ(seen_by(server_.as("ann"), "/runs?limit=1")["total"], 2);
  EXPECT_THAT(listed("?agentId=nobody"), ElementsAre());
  const Json spans = seen_by(server_.as("ann"), "/traces/" + bad)["spans"];
  EXPECT_EQ(spans[0]["status"], "error");
  EXPECT_EQ(spans[1]["errorMessage"], "invalid");
}

TEST_F(PlatosMonitoring, WhatIsAskedWronglyIsNamed) {
  for (const auto& [path, field] : std::vector<std::pair<std::string, std::string>>{
           {"/runs?status=done", "status"},
           {"/runs?limit=many", "limit"},
           {"/traces?status=running", "status"},
           {"/cost?date=yesterday", "date"},
           {"/cost/by-agent?day=2026-13-01", "day"},
           {"/cost/by-scope?daysBack=week", "daysBack"},
           {"/cost-by-agent?days=-1", "days"},
           {"/safety-events?detector=magic", "detector"},
           {"/safety-events?action=praise", "action"},
           {"/safety-events?severity=dire", "severity"},
           {"/safety-events?sinceDays=all", "sinceDays"},
           {"/safety-events?offset=x", "offset"}}) {
    const Answer answer = server_.ask(server_.as(), "GET", monitoring + path);
    EXPECT_EQ(answer.status, 400) << path << ": " << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(field)) << path;
  }
}

// What the gate refuses, and what is hidden of arguments, from the audit trail.
TEST_F(PlatosMonitoring, SafetyEventsAreWhatTheGateRefusedAndWhatWasHidden) {
  const auto call = [&](const std::string& user, const std::string& tool, const Json& arguments,
                        const std::string& agent = "default") {
    const std::string thread = server_.new_thread(agent, "", user);
    server_.engine.model->script({tool_call("c1", tool, arguments)});
    server_.engine.model->script({reply({core::TextPart{"Well."}})});
    server_.made(server_.as(user), "POST", PlatosServer::thread_path(thread) + "/messages",
                 {{"message", "hi"}});
    return thread;
  };
  const std::string agent = server_.new_agent();
  const std::string refused = call("ann", "no_such_tool", Json::object());
  const std::string hidden = call("ann", "calculator", {{"expression", "1 + password=hunter22"}});
  call("ann", "calculator", {{"expression", "1+1"}});
  const std::string with_agent = call("ann", "no_such_tool", Json::object(), agent);
  const std::string bobs = call("bob", "no_such_tool", Json::object());
  const auto listed = [&](net::Headers who, const std::string& query) {
    const Json page = seen_by(std::move(who), "/safety-events" + query);
    std::vector<std::string> out;
    for (const Json& row : page["rows"]) out.push_back(row["threadId"]);
    return out;
  };
  const net::Headers ann = server_.as("ann");
  EXPECT_THAT(listed(ann, ""), ElementsAre(with_agent, hidden, refused));
  EXPECT_THAT(listed(server_.direct(), ""), ElementsAre(bobs, with_agent, hidden, refused));
  EXPECT_THAT(listed(server_.direct(), "?userId=bob"), ElementsAre(bobs));
  EXPECT_THAT(listed(ann, "?userId=bob"), ElementsAre());
  EXPECT_THAT(listed(ann, "?action=redact"), ElementsAre(hidden));
  EXPECT_THAT(listed(ann, "?action=block"), ElementsAre(with_agent, refused));
  EXPECT_THAT(listed(ann, "?action=flag"), ElementsAre());
  EXPECT_THAT(listed(ann, "?detector=tool_param"), ElementsAre(with_agent, hidden, refused));
  EXPECT_THAT(listed(ann, "?detector=rate_limit"), ElementsAre());
  EXPECT_THAT(listed(ann, "?detector=pii"), ElementsAre());
  EXPECT_THAT(listed(ann, "?threadId=" + hidden), ElementsAre(hidden));
  EXPECT_THAT(listed(ann, "?agentId=" + agent), ElementsAre(with_agent));
  EXPECT_THAT(listed(server_.as("ann", {{"agentId", agent}}), ""), ElementsAre(with_agent));
  EXPECT_THAT(listed(ann, "?limit=1&offset=1"), ElementsAre(hidden));
  const Json page = seen_by(ann, "/safety-events?limit=1&offset=2");
  EXPECT_EQ(page["total"], 3);
  EXPECT_EQ(page["limit"], 1);
  EXPECT_EQ(page["offset"], 2);
  const Json row = page["rows"][0];
  EXPECT_EQ(row["organizationId"], "org_1");
  EXPECT_EQ(row["projectId"], "prj_1");
  EXPECT_EQ(row["environmentId"], "env_1");
  EXPECT_EQ(row["agentId"], "default");
  EXPECT_EQ(row["userId"], "ann");
  EXPECT_EQ(row["toolName"], "no_such_tool");
  EXPECT_EQ(row["detector"], "tool_param");
  EXPECT_EQ(row["action"], "block");
  EXPECT_EQ(row["meta"]["outcome"], "HALT");
  EXPECT_THAT(row["detail"].get<std::string>(), HasSubstr("no_such_tool"));
  EXPECT_EQ(row["id"].get<std::string>().size(), 64U);
  EXPECT_TRUE(row["messageId"].is_null());
  const std::string severity = row["severity"];
  EXPECT_THAT(listed(ann, "?severity=" + severity), ::testing::Contains(refused));
  EXPECT_FALSE(seen_by(ann, "/safety-events").dump().contains("hunter22"));
}

TEST_F(PlatosMonitoring, ADayWithoutRunsIsARowOfZeros) {
  turn("ann");
  const Json days = seen_by(server_.as("ann"), "/cost/by-scope")["rollup"];
  ASSERT_EQ(days.size(), 7U);
  EXPECT_EQ(days.front()["runs"], 0);
  EXPECT_EQ(days.back()["runs"], 1);
  EXPECT_EQ(days.back()["inputTokens"], 10);
  EXPECT_LT(days.front()["day"], days.back()["day"]);
}

TEST_F(PlatosMonitoring, TheTraceOfTheRequestIsTheTracesId) {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  turn("ann", "default", {{"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"}});
  EXPECT_EQ(seen_by(server_.as("ann"), "/runs")["runs"][0]["id"], trace);
  const Json spans = seen_by(server_.as("ann"), "/traces/" + trace)["spans"];
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0]["parentSpanId"], "00f067aa0ba902b7");
  EXPECT_EQ(spans[1]["parentSpanId"], spans[0]["spanId"]);
  const auto requests = server_.engine.model->requests();
  EXPECT_EQ(requests.back().traceparent,
            "00-" + trace + "-" + spans[1]["spanId"].get<std::string>() + "-01");
  // One that is not valid begins a trace anew.
  turn("ann", "default", {{"traceparent", "00-" + trace + "-0000000000000000-01"}});
  EXPECT_NE(seen_by(server_.as("ann"), "/runs")["runs"][0]["id"], trace);
}

}  // namespace
}  // namespace colonnade::tests
