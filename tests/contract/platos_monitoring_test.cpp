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
           {"/cost-by-agent?days=-1", "days"}}) {
    const Answer answer = server_.ask(server_.as(), "GET", monitoring + path);
    EXPECT_EQ(answer.status, 400) << path << ": " << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(field)) << path;
  }
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
