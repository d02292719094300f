#include "app/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <sstream>
#include <utility>
#include <vector>

#include "app/files.hpp"
#include "app/version.hpp"

namespace colonnade::app {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<prometheus::ClientMetric::Label>;

constexpr std::size_t proc_bytes_max = 64 * 1024;
constexpr double micros_per_dollar = 1e6;

// Families in the order in which they are shown; a family is begun, then filled.
class Page {
 public:
  Page& family(MetricType type, std::string name, std::string help) {
    return foreign(type, "colonnade_" + std::move(name), std::move(help));
  }
  // Under a name that is not ours to choose.
  Page& foreign(MetricType type, std::string name, std::string help) {
    MetricFamily& family = families_.emplace_back();
    family.name = std::move(name);
    family.help = std::move(help);
    family.type = type;
    return *this;
  }
  Page& counter(std::string name, std::string help) {
    return family(MetricType::Counter, std::move(name), std::move(help));
  }
  Page& gauge(std::string name, std::string help) {
    return family(MetricType::Gauge, std::move(name), std::move(help));
  }
  template <class T>
  Page& value(T number, Labels labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    if (families_.back().type == MetricType::Counter) {
      metric.counter.value = static_cast<double>(number);
    } else {
      metric.gauge.value = static_cast<double>(number);
    }
    families_.back().metric.push_back(std::move(metric));
    return *this;
  }
  Page& histogram(const ActionCounts& counts) {
    prometheus::ClientMetric metric;
    std::uint64_t cumulated = 0;
    for (std::size_t i = 0; i < action_seconds.size(); ++i) {
      cumulated += counts.durations[i];
      metric.histogram.bucket.push_back(
          {.cumulative_count = cumulated, .upper_bound = action_seconds[i]});
    }
    metric.histogram.sample_count = counts.finished;
    metric.histogram.sample_sum = counts.seconds;
    families_.back().metric.push_back(std::move(metric));
    return *this;
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::vector<MetricFamily> families_;
};

void add_http(Page& page, const net::HttpServerCounts& http) {
  page.gauge("http_connections_open", "Open connections.").value(http.connections_open);
  page.counter("http_connections_total", "Accepted connections.").value(http.connections_total);
  page.counter("http_connections_refused_total", "Connections refused because of the limit.")
      .value(http.connections_refused);
  page.counter("http_requests_total", "Requests answered, by class of status.");
  for (int status = 1; status <= 5; ++status) {
    page.value(http.requests_by_status_class[status], {{"status", std::to_string(status) + "xx"}});
  }
  page.gauge("http_streams_open", "Open event streams.").value(http.streams_open);
  page.counter("http_streams_cut_total", "Event streams cut off because their reader was too slow.")
      .value(http.streams_cut_slow);
}

void add_runs(Page& page, const MetricsSnapshot& snapshot) {
  const core::RunCounts& runs = snapshot.runs;
  page.counter("runs_started_total", "Started runs.").value(runs.started);
  page.counter("runs_finished_total", "Ended runs, by outcome.")
      .value(runs.succeeded, {{"outcome", "succeeded"}})
      .value(runs.failed, {{"outcome", "failed"}})
      .value(runs.cancelled, {{"outcome", "cancelled"}});
  page.gauge("runs_active", "Runs in progress.").value(runs.active);
  page.gauge("subscribers", "Live subscriptions to threads.").value(snapshot.subscribers);
}

void add_models(Page& page, const MetricsSnapshot& snapshot) {
  if (snapshot.models.empty()) return;
  page.counter("model_calls_total", "Model calls, by provider and outcome.");
  for (const auto& [provider, counts] : snapshot.models) {
    page.value(counts.calls_succeeded, {{"provider", provider}, {"outcome", "succeeded"}});
    page.value(counts.calls_failed, {{"provider", provider}, {"outcome", "failed"}});
    page.value(counts.calls_abandoned, {{"provider", provider}, {"outcome", "abandoned"}});
  }
  page.counter("model_tokens_total",
               "Tokens, by provider and kind. Cached and cache_write are part of "
               "input, reasoning is part of output.");
  for (const auto& [provider, counts] : snapshot.models) {
    const core::Usage& usage = counts.usage;
    page.value(usage.input_tokens, {{"provider", provider}, {"kind", "input"}});
    page.value(usage.output_tokens, {{"provider", provider}, {"kind", "output"}});
    page.value(usage.cached_input_tokens, {{"provider", provider}, {"kind", "cached"}});
    page.value(usage.cache_write_tokens, {{"provider", provider}, {"kind", "cache_write"}});
    page.value(usage.reasoning_tokens, {{"provider", provider}, {"kind", "reasoning"}});
  }
  page.counter("model_cost_dollars_total", "Cost of the model calls, by the price table.");
  for (const auto& [provider, counts] : snapshot.models) {
    page.value(static_cast<double>(counts.cost_micros) / micros_per_dollar,
               {{"provider", provider}});
  }
}

// Named as Faramesh's dashboards know them (faramesh §2.3).
void add_actions(Page& page, const ActionCounts& counts) {
  page.foreign(MetricType::Counter, "faramesh_actions_total",
               "Status changes of actions, by status and tool.");
  for (const auto& [key, number] : counts.changes) {
    page.value(number, {{"status", key.first}, {"tool", key.second}});
  }
  page.foreign(MetricType::Histogram, "faramesh_action_duration_seconds",
               "Time from submission to the end of execution.")
      .histogram(counts);
}

}  // namespace

ProcessUse process_use() {
  ProcessUse out;
  if (const auto statm = read_small_file("/proc/self/statm", proc_bytes_max)) {
    unsigned long long total = 0;
    unsigned long long resident = 0;
    if (std::sscanf(statm->c_str(), "%llu %llu", &total, &resident) == 2) {
      out.resident_bytes = resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    }
  }
  std::error_code ignored;
  for (std::filesystem::directory_iterator it("/proc/self/fd", ignored), end; it != end;
       it.increment(ignored)) {
    ++out.open_files;
  }
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) {
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    out.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }
  return out;
}

net::HttpServerCounts sum(const net::HttpServerCounts& a, const net::HttpServerCounts& b) {
  net::HttpServerCounts out = a;
  out.connections_open += b.connections_open;
  out.connections_total += b.connections_total;
  out.connections_refused += b.connections_refused;
  out.requests_total += b.requests_total;
  for (int i = 0; i < 6; ++i) out.requests_by_status_class[i] += b.requests_by_status_class[i];
  out.streams_open += b.streams_open;
  out.streams_cut_slow += b.streams_cut_slow;
  out.answers_cut += b.answers_cut;
  return out;
}

std::string metrics_text(const MetricsSnapshot& snapshot, const ProcessUse& process) {
  Page page;
  page.gauge("build_info", "Always 1; the version is in the labels.")
      .value(1, {{"version", version()}, {"build_type", build_type()}, {"compiler", compiler()}});
  add_http(page, snapshot.http);
  add_runs(page, snapshot);
  add_models(page, snapshot);
  add_actions(page, snapshot.actions);
  page.gauge("process_resident_bytes", "Resident memory.").value(process.resident_bytes);
  page.gauge("process_open_files", "Open file descriptors.").value(process.open_files);
  page.counter("process_cpu_seconds_total", "Processor time.").value(process.cpu_seconds);
  page.gauge("process_start_time_seconds", "Start time of the server, in seconds since 1970.")
      .value(process.start_seconds);
  return page.text();
}

}  // namespace colonnade::app
