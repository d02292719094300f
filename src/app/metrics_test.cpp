#include "app/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace colonnade::app {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* name_characters = "abcdefghijklmnopqrstuvwxyz0123456789_";

base::HistogramCounts one_time(base::HistogramBounds bounds, std::chrono::microseconds time) {
  base::Histogram histogram(bounds);
  histogram.observe(time);
  return histogram.counts();
}

// With something in every family.
MetricsSnapshot full_snapshot() {
  using std::chrono::microseconds;
  const auto work = one_time(base::work_bounds, microseconds(200'000));
  MetricsSnapshot out;
  out.models["mine"] = {.calls_succeeded = 1};
  out.actions.changes[{"succeeded", "grep"}] = 1;
  out.routes = {{.method = net::Method::get,
                 .pattern = "/api/v1/threads/{id}",
                 .times = one_time(base::latency_bounds, microseconds(2'000))}};
  out.model_times[{"mine", "m1"}] = {.calls = work, .first_tokens = work};
  out.work.runs["succeeded"] = work;
  out.work.tools[{"grep", "succeeded"}] = work;
  out.work.decisions = one_time(base::decision_bounds, microseconds(30));
  out.work.approval_waits = work;
  out.work.commits = one_time(base::latency_bounds, microseconds(900));
  out.store = core::StoreGauges{.approvals_waiting = 2,
                                .oldest_approval = base::Time{1'000'000},
                                .job_queues = {{.name = "default", .queued = 3, .running = 1}},
                                .bytes = 4096,
                                .log_bytes = 512};
  out.otlp = OtlpCounts{.runs_sent = 5, .runs_dropped = 1, .requests_failed = 2, .queued = 4};
  out.now = {61'000'000};
  return out;
}

struct Family {
  std::string type{};
  bool has_help = false;
};

// The families of a page, by name.
std::map<std::string, Family> families_in(const std::string& page) {
  std::map<std::string, Family> out;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string mark;
    std::string what;
    std::string name;
    words >> mark >> what >> name;
    if (mark != "#") continue;
    if (what == "HELP") out[name].has_help = true;
    if (what == "TYPE") words >> out[name].type;
  }
  return out;
}

TEST(Metrics, TimesAreRealHistograms) {
  const std::string page = metrics_text(full_snapshot(), {});
  for (const char* line :
       {"# TYPE colonnade_http_request_duration_seconds histogram\n",
        "colonnade_http_request_duration_seconds_count{method=\"GET\","
        "route=\"/api/v1/threads/{id}\"} 1\n",
        "colonnade_model_first_token_seconds_count{provider=\"mine\",model=\"m1\"} 1\n",
        "colonnade_run_duration_seconds_count{outcome=\"succeeded\"} 1\n",
        "colonnade_tool_duration_seconds_count{tool=\"grep\",outcome=\"succeeded\"} 1\n",
        "colonnade_gate_decision_seconds_count 1\n", "colonnade_commit_duration_seconds_count 1\n",
        "colonnade_approvals_waiting 2\n", "colonnade_approvals_oldest_age_seconds 60\n",
        "colonnade_jobs_queued{queue=\"default\"} 3\n", "colonnade_store_size_bytes 4096\n",
        "colonnade_store_wal_size_bytes 512\n", "colonnade_otlp_runs_dropped_total 1\n"}) {
    EXPECT_THAT(page, HasSubstr(line));
  }
  EXPECT_THAT(page, HasSubstr("colonnade_commit_duration_seconds_bucket{le=\"0.001\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("colonnade_commit_duration_seconds_bucket{le=\"+Inf\"} 1\n"));
}

// The rules of `promtool check metrics`.
TEST(Metrics, EveryFamilyKeepsPrometheusRules) {
  const auto families = families_in(metrics_text(full_snapshot(), {}));
  ASSERT_GT(families.size(), 30U);
  for (const auto& [name, family] : families) {
    SCOPED_TRACE(name);
    EXPECT_TRUE(family.has_help);
    EXPECT_THAT(family.type, testing::AnyOf("counter", "gauge", "histogram"));
    EXPECT_EQ(name.ends_with("_total"), family.type == "counter");
    for (const char* end : {"_count", "_sum", "_bucket"}) EXPECT_FALSE(name.ends_with(end));
    for (const char* unit : {"milliseconds", "_ms", "minutes", "hours", "days", "kilobytes",
                             "megabytes", "_mib", "percent"}) {
      EXPECT_EQ(name.find(unit), std::string::npos) << unit;
    }
    EXPECT_EQ(name.find_first_not_of(name_characters), std::string::npos);
    for (const char* kind : {"counter", "gauge", "histogram", "summary"}) {
      EXPECT_EQ(name.find(kind), std::string::npos) << kind;
    }
  }
}

TEST(Metrics, TheProcessHasTheUsualNames) {
  const auto families =
      families_in(metrics_text({}, {.resident_bytes = 1, .virtual_bytes = 2, .open_files_max = 3}));
  for (const char* name : {"process_cpu_seconds_total", "process_open_fds", "process_max_fds",
                           "process_virtual_memory_bytes", "process_resident_memory_bytes",
                           "process_start_time_seconds"}) {
    EXPECT_TRUE(families.contains(name)) << name;
  }
}

// Every name of a metric in a text, without what a histogram adds to it.
std::set<std::string> metrics_named_in(const std::string& text) {
  std::set<std::string> out;
  std::size_t begin = 0;
  while ((begin = text.find_first_of(name_characters, begin)) != std::string::npos) {
    const std::size_t end = std::min(text.find_first_not_of(name_characters, begin), text.size());
    std::string name = text.substr(begin, end - begin);
    begin = end;
    const bool is_metric = name.starts_with("colonnade_") || name.starts_with("faramesh_") ||
                           name.starts_with("process_");
    if (!is_metric) continue;
    for (const std::string more : {"_bucket", "_sum", "_count"}) {
      if (name.ends_with(more)) name.resize(name.size() - more.size());
    }
    out.insert(std::move(name));
  }
  return out;
}

std::string file_of_docs(const std::string& name) {
  std::ifstream in(COLONNADE_SOURCE_DIR "/docs/" + name);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Metrics, TheDashboardNamesOnlyWhatExists) {
  const auto dashboard = nlohmann::json::parse(file_of_docs("operating/grafana-dashboard.json"));
  std::string asked;
  std::size_t queries = 0;
  for (const auto& panel : dashboard.at("panels")) {
    if (panel.at("type") == "row") continue;
    for (const auto& target : panel.at("targets")) {
      asked += target.at("expr").get<std::string>() + "\n";
      ++queries;
    }
  }
  EXPECT_GT(queries, 30U);
  const auto families = families_in(metrics_text(full_snapshot(), {}));
  for (const std::string& name : metrics_named_in(asked)) {
    EXPECT_TRUE(families.contains(name)) << name;
  }
}

TEST(Metrics, TheReferenceNamesEveryFamily) {
  const auto named = metrics_named_in(file_of_docs("reference/metrics.md"));
  const auto families = families_in(metrics_text(full_snapshot(), {}));
  for (const auto& [name, family] : families) {
    EXPECT_TRUE(named.contains(name)) << name << " is missing in docs/reference/metrics.md";
  }
  for (const std::string& name : named) EXPECT_TRUE(families.contains(name)) << name;
}

TEST(Metrics, RoutesOfSeveralAddressesAreOneSeries) {
  const auto at_one = one_time(base::latency_bounds, std::chrono::microseconds(500));
  std::vector<net::RouteTimes> sum;
  add_route_times(sum, {{.method = net::Method::get, .pattern = "/a", .times = at_one}});
  add_route_times(sum, {{.method = net::Method::get, .pattern = "/a", .times = at_one},
                        {.method = net::Method::post, .pattern = "/a", .times = at_one}});
  ASSERT_EQ(sum.size(), 2U);
  EXPECT_EQ(sum[0].times.count, 2U);
}

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
