// What the program tells others about itself: traces to a collector, in the traces of whoever
// asked, and times in /metrics.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "../contract/wire_client.hpp"
#include "base/limits.hpp"
#include "net/testing.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Document = nlohmann::json;

// What a collector was sent.
struct Collected {
  std::mutex mutex{};
  std::vector<net::Request> requests{};
};

base::Task<net::Reply> collect(std::shared_ptr<Collected> collected,
                               std::shared_ptr<const net::Request> request) {
  const std::lock_guard lock(collected->mutex);
  collected->requests.push_back(*request);
  co_return net::Response{.body = "{}"};
}

class Telemetry : public testing::Test {
 protected:
  std::vector<net::Route> routes() {
    return {{net::Method::post, "/v1/traces",
             net::Handler([collected = collected_](std::shared_ptr<const net::Request> request) {
               return collect(collected, std::move(request));
             }),
             limits::MiB}};
  }
  std::string endpoint() { return "http://127.0.0.1:" + std::to_string(collector_.server.port()); }

  static tests::Answer post(const ServerProcess& server, const std::string& target,
                            const Document& body, const std::string& trace,
                            net::Headers headers = {}) {
    if (!trace.empty()) {
      headers.push_back({"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"});
    }
    return tests::call(server.port(), {.method = "POST",
                                       .target = target,
                                       .body = body.dump(),
                                       .token = server_token(server),
                                       .headers = std::move(headers)});
  }
  static std::string server_token(const ServerProcess& server) {
    return server.ready().at("first_token");
  }
  static net::Headers direct() {
    return {{"X-Platos-Organization-Id", "main"},
            {"X-Platos-Project-Id", "main"},
            {"X-Platos-Environment-Id", "main"},
            {"X-Platos-User-Id", "admin"}};
  }
  // Names of spans, by the trace that they are in.
  std::map<std::string, std::vector<std::string>> collected() {
    std::map<std::string, std::vector<std::string>> out;
    const std::lock_guard lock(collected_->mutex);
    for (const net::Request& request : collected_->requests) {
      const Document body = Document::parse(request.body);
      for (const Document& span : body["resourceSpans"][0]["scopeSpans"][0]["spans"]) {
        out[span["traceId"]].push_back(span["name"]);
      }
    }
    return out;
  }

  std::shared_ptr<Collected> collected_ = std::make_shared<Collected>();
  net::testing::TestServer collector_{routes()};
  Folder folder_;
};

TEST_F(Telemetry, EachDialectsTurnIsInItsCallersTraceAndReachesTheCollector) {
  ServerProcess server(
      folder_, {"--telemetry-otlp-endpoint", endpoint()},
      {{"COLONNADE_TELEMETRY_OTLP_HEADERS", "X-Key: ${OTLP_KEY}"}, {"OTLP_KEY", "hush-hush"}});
  ASSERT_TRUE(server.ready().is_object());
  const tests::Answer made = post(server, "/api/v1/threads", Document::object(), "");
  ASSERT_LT(made.status, 300) << made.body;
  const std::string id = made.json()["id"];
  const std::string hi = "/say hi";
  struct Turn {
    const char* dialect;
    std::string target;
    Document body;
    net::Headers headers{};
  };
  const Turn turns[] = {
      {"fathom",
       "/api/v1/threads/" + id + "/messages",
       {{"text", "/tool calculator {\"expression\":\"2+2\"}"}}},
      {"phoson", "/v1/conversations/" + id + "/messages", {{"content", hi}, {"stream", false}}},
      {"tandem",
       "/session/" + id + "/prompt_sync",
       {{"parts", Document::array({{{"type", "text"}, {"text", hi}}})}}},
      {"platos", "/api/v1/agent/threads/" + id + "/messages", {{"message", hi}}, direct()},
  };
  std::string trace(32, '0');
  for (const Turn& turn : turns) {
    ++trace.back();
    SCOPED_TRACE(turn.dialect);
    const tests::Answer done = post(server, turn.target, turn.body, trace, turn.headers);
    ASSERT_LT(done.status, 300) << done.body;
    const tests::Answer shown =
        tests::call(server.port(), {.target = "/api/v1/agent/monitoring/traces/" + trace,
                                    .token = server_token(server),
                                    .headers = direct()});
    ASSERT_EQ(shown.status, 200) << shown.body;
    EXPECT_EQ(shown.json()["spans"][0]["parentSpanId"], "00f067aa0ba902b7");
  }
  EXPECT_EQ(server.stop().code, 0) << "what is queued is sent before the end";
  const auto traces = collected();
  EXPECT_EQ(traces.size(), std::size(turns));
  EXPECT_THAT(traces.at(std::string(31, '0') + "1"),
              ElementsAre("agent.turn", StartsWith("chat "), "gate.decide",
                          "execute_tool calculator", StartsWith("chat ")));
  const std::lock_guard lock(collected_->mutex);
  for (const net::Request& request : collected_->requests) {
    EXPECT_EQ(request.header("X-Key"), "hush-hush");
    EXPECT_THAT(request.body, Not(HasSubstr("2+2"))) << "content is off";
  }
}

TEST_F(Telemetry, AnswersAndRunsAreTimed) {
  ServerProcess server(folder_);
  ASSERT_TRUE(server.ready().is_object());
  const std::string id = post(server, "/api/v1/threads", Document::object(), "").json()["id"];
  const tests::Answer done = post(server, "/api/v1/threads/" + id + "/messages",
                                  {{"text", "/tool calculator {\"expression\":\"2+2\"}"}}, "");
  ASSERT_EQ(done.status, 200) << done.body;
  const std::string page = tests::call(server.port(), {.target = "/metrics"}).body;
  for (const char* line :
       {"colonnade_http_request_duration_seconds_count{method=\"POST\","
        "route=\"/api/v1/threads/{id}/messages\"} 1\n",
        "colonnade_run_duration_seconds_count{outcome=\"succeeded\"} 1\n",
        "colonnade_tool_duration_seconds_count{tool=\"calculator\",outcome=\"succeeded\"} 1\n",
        "colonnade_gate_decision_seconds_count 1\n",
        "colonnade_model_first_token_seconds_count{provider=\"offline\"",
        "colonnade_approvals_waiting 0\n", "colonnade_store_size_bytes ",
        "colonnade_store_wal_size_bytes ", "process_open_fds ", "process_max_fds ",
        "colonnade_runs_started_total 1\n", "colonnade_runs_resumed_total 0\n"}) {
    EXPECT_THAT(page, HasSubstr(line));
  }
  EXPECT_THAT(page, Not(HasSubstr("colonnade_otlp_"))) << "nothing is exported";
}

// Of Debian's package `prometheus`.
TEST_F(Telemetry, PromtoolHasNothingToSay) {
  const std::string promtool = "/usr/bin/promtool";
  if (!std::filesystem::exists(promtool)) GTEST_SKIP() << "there is no " << promtool;
  ServerProcess server(folder_);
  ASSERT_TRUE(server.ready().is_object());
  const std::string id = post(server, "/api/v1/threads", Document::object(), "").json()["id"];
  post(server, "/api/v1/threads/" + id + "/messages",
       {{"text", "/tool calculator {\"expression\":\"2+2\"}"}}, "");
  Process checked({"check", "metrics"}, {}, folder_.path(), promtool);
  checked.write(tests::call(server.port(), {.target = "/metrics"}).body);
  const Process::Ended ended = checked.wait();
  EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
  EXPECT_EQ(ended.out + ended.err, "");
}

TEST_F(Telemetry, AWrongHeaderOfTheCollectorsIsNamedWithoutItsValue) {
  const auto ended = run({"serve", "--telemetry-otlp-endpoint", endpoint()}, folder_, {},
                         {{"COLONNADE_TELEMETRY_OTLP_HEADERS", "hush-hush"}});
  EXPECT_NE(ended.code, 0);
  EXPECT_THAT(ended.err, HasSubstr("telemetry.otlp.headers[0]"));
  EXPECT_THAT(ended.err, Not(HasSubstr("hush-hush")));
}

}  // namespace
}  // namespace colonnade::e2e
