#include "app/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace colonnade::app {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, ShowsEveryNumberUnderItsName) {
  MetricsSnapshot snapshot;
  snapshot.http.connections_open = 3;
  snapshot.http.requests_by_status_class[4] = 5;
  snapshot.http.streams_cut_slow = 2;
  snapshot.runs = {.started = 9, .succeeded = 4, .failed = 2, .cancelled = 1, .active = 2};
  snapshot.subscribers = 7;
  snapshot.models["mine"] = {.calls_succeeded = 6,
                             .usage = {.input_tokens = 100, .reasoning_tokens = 11},
                             .cost_micros = 1'500'000};
  const std::string page = metrics_text(snapshot, {.resident_bytes = 4096, .open_files = 8});
  for (const char* line :
       {"# TYPE colonnade_http_requests_total counter\n", "colonnade_http_connections_open 3\n",
        "colonnade_http_requests_total{status=\"4xx\"} 5\n", "colonnade_http_streams_cut_total 2\n",
        "colonnade_runs_started_total 9\n",
        "colonnade_runs_finished_total{outcome=\"cancelled\"} 1\n", "colonnade_runs_active 2\n",
        "colonnade_subscribers 7\n",
        "colonnade_model_calls_total{provider=\"mine\",outcome=\"succeeded\"} 6\n",
        "colonnade_model_tokens_total{provider=\"mine\",kind=\"reasoning\"} 11\n",
        "colonnade_model_cost_dollars_total{provider=\"mine\"} 1.5\n",
        "colonnade_process_resident_bytes 4096\n", "colonnade_process_open_files 8\n"}) {
    EXPECT_THAT(page, HasSubstr(line));
  }
}

TEST(Metrics, NoModelCallsNoFamily) {
  EXPECT_THAT(metrics_text({}, {}), Not(HasSubstr("colonnade_model_")));
}

TEST(Metrics, SumsAddressByAddress) {
  net::HttpServerCounts a{.connections_open = 1, .requests_total = 2};
  a.requests_by_status_class[2] = 2;
  net::HttpServerCounts b{.connections_open = 10, .requests_total = 20};
  b.requests_by_status_class[2] = 20;
  const auto total = sum(a, b);
  EXPECT_EQ(total.connections_open, 11U);
  EXPECT_EQ(total.requests_total, 22U);
  EXPECT_EQ(total.requests_by_status_class[2], 22U);
}

TEST(Metrics, TheProcessIsMeasured) {
  const ProcessUse use = process_use();
  EXPECT_GT(use.resident_bytes, 1'000'000U);
  EXPECT_GT(use.open_files, 2U);
  EXPECT_GT(use.cpu_seconds, 0);
}

}  // namespace
}  // namespace colonnade::app
