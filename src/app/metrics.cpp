#include "app/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
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
  Page& times(const base::HistogramCounts& counts, Labels labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    std::uint64_t cumulated = 0;
    for (std::size_t i = 0; i < counts.bounds.size(); ++i) {
      cumulated += counts.classes[i];
      metric.histogram.bucket.push_back(
          {.cumulative_count = cumulated, .upper_bound = counts.bounds[i]});
    }
    metric.histogram.sample_count = counts.count;
    metric.histogram.sample_sum = counts.seconds;
    families_.back().metric.push_back(std::move(metric));
    return *this;
  }
  Page& histograms(std::string name, std::string help) {
    return family(MetricType::Histogram, std::move(name), std::move(help));
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

void add_routes(Page& page, const std::vector<net::RouteTimes>& routes) {
  if (routes.empty()) return;
  page.histograms("http_request_duration_seconds",
                  "Time from a request's head until its answer, or until its stream had begun, by "
                  "route.");
  for (const net::RouteTimes& one : routes) {
    const bool known = !one.pattern.empty();
    page.times(one.times, {{"method", known ? std::string(net::to_string(one.method)) : "other"},
                           {"route", known ? one.pattern : "none"}});
  }
}

void add_runs(Page& page, const MetricsSnapshot& snapshot) {
  const core::RunCounts& runs = snapshot.runs;
  page.counter("runs_started_total", "Runs that were asked for.").value(runs.started);
  page.counter("runs_resumed_total", "Runs taken up again, after a wait for a human or a restart.")
      .value(runs.resumed);
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

void add_model_times(Page& page, const ModelTimesByName& models) {
  if (models.empty()) return;
  const auto labels = [](const auto& name) {
    return Labels{{"provider", name.first}, {"model", name.second}};
  };
  page.histograms("model_call_duration_seconds", "Time of model calls, by provider and model.");
  for (const auto& [name, times] : models) page.times(times.calls, labels(name));
  page.histograms("model_first_token_seconds",
                  "Time until the first output of model calls, by provider and model.");
  for (const auto& [name, times] : models) page.times(times.first_tokens, labels(name));
}

void add_work(Page& page, const WorkTimes& work) {
  page.histograms("run_duration_seconds",
                  "Time of ended runs, waits for humans included, by outcome.");
  for (const auto& [outcome, times] : work.runs) page.times(times, {{"outcome", outcome}});
  if (!work.tools.empty()) {
    page.histograms("tool_duration_seconds", "Time that tools of runs ran, by tool and outcome.");
    for (const auto& [name, times] : work.tools) {
      page.times(times, {{"tool", name.first}, {"outcome", name.second}});
    }
  }
  page.histograms("gate_decision_seconds", "Time to decide about a tool call of a run.")
      .times(work.decisions);
  page.histograms("approval_wait_seconds", "Time that runs waited for a human's answer.")
      .times(work.approval_waits);
  page.histograms("commit_duration_seconds",
                  "Time until a change was durable, of those that something waited for.")
      .times(work.commits);
}

void add_store(Page& page, const core::StoreGauges& store, base::Time now) {
  page.gauge("approvals_waiting", "Questions that wait for a human.")
      .value(store.approvals_waiting);
  double age = 0;
  if (store.oldest_approval) {
    age = static_cast<double>((now - *store.oldest_approval).count()) / 1e6;
  }
  page.gauge("approvals_oldest_age_seconds", "Age of the oldest such question; 0 without one.")
      .value(age > 0 ? age : 0);
  if (!store.job_queues.empty()) {
    page.gauge("jobs_queued", "Jobs that wait for their turn, by queue.");
    for (const auto& queue : store.job_queues) page.value(queue.queued, {{"queue", queue.name}});
    page.gauge("jobs_running", "Jobs that are running, by queue.");
    for (const auto& queue : store.job_queues) page.value(queue.running, {{"queue", queue.name}});
  }
  page.gauge("store_size_bytes", "Size of the store.").value(store.bytes);
  page.gauge("store_wal_size_bytes", "Size of the store's write-ahead log.").value(store.log_bytes);
}

void add_otlp(Page& page, const OtlpCounts& otlp) {
  page.counter("otlp_runs_sent_total", "Runs whose traces the collector has taken.")
      .value(otlp.runs_sent);
  page.counter("otlp_runs_dropped_total",
               "Runs whose traces were not sent: the queue was full, or the collector away.")
      .value(otlp.runs_dropped);
  page.counter("otlp_requests_failed_total", "Requests to the collector that failed.")
      .value(otlp.requests_failed);
  page.gauge("otlp_queued_runs", "Runs whose traces are yet to be sent.").value(otlp.queued);
}

// Under the names that every Prometheus client library uses.
void add_process(Page& page, const ProcessUse& process) {
  page.foreign(MetricType::Counter, "process_cpu_seconds_total",
               "Total user and system CPU time spent in seconds.")
      .value(process.cpu_seconds);
  page.foreign(MetricType::Gauge, "process_open_fds", "Number of open file descriptors.")
      .value(process.open_files);
  page.foreign(MetricType::Gauge, "process_max_fds", "Maximum number of open file descriptors.")
      .value(process.open_files_max);
  page.foreign(MetricType::Gauge, "process_virtual_memory_bytes", "Virtual memory size in bytes.")
      .value(process.virtual_bytes);
  page.foreign(MetricType::Gauge, "process_resident_memory_bytes", "Resident memory size in bytes.")
      .value(process.resident_bytes);
  page.foreign(MetricType::Gauge, "process_start_time_seconds",
               "Start time of the process since unix epoch in seconds.")
      .value(process.start_seconds);
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
      out.virtual_bytes = total * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
      out.resident_bytes = resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    }
  }
  std::error_code ignored;
  for (std::filesystem::directory_iterator it("/proc/self/fd", ignored), end; it != end;
       it.increment(ignored)) {
    ++out.open_files;
  }
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) out.open_files_max = files.rlim_cur;
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

void add_route_times(std::vector<net::RouteTimes>& sum, std::vector<net::RouteTimes> more) {
  for (net::RouteTimes& one : more) {
    const auto same = std::ranges::find_if(sum, [&](const net::RouteTimes& known) {
      return known.method == one.method && known.pattern == one.pattern;
    });
    if (same == sum.end()) {
      sum.push_back(std::move(one));
    } else {
      same->times += one.times;
    }
  }
}

std::string metrics_text(const MetricsSnapshot& snapshot, const ProcessUse& process) {
  Page page;
  page.gauge("build_info", "Always 1; the version is in the labels.")
      .value(1, {{"version", version()}, {"build_type", build_type()}, {"compiler", compiler()}});
  add_http(page, snapshot.http);
  add_routes(page, snapshot.routes);
  add_runs(page, snapshot);
  add_work(page, snapshot.work);
  add_models(page, snapshot);
  add_model_times(page, snapshot.model_times);
  add_actions(page, snapshot.actions);
  if (snapshot.store) add_store(page, *snapshot.store, snapshot.now);
  if (snapshot.otlp) add_otlp(page, *snapshot.otlp);
  add_process(page, process);
  // As they were called before.
  page.gauge("process_resident_bytes", "Resident memory.").value(process.resident_bytes);
  page.gauge("process_open_files", "Open file descriptors.").value(process.open_files);
  page.counter("process_cpu_seconds_total", "Processor time.").value(process.cpu_seconds);
  page.gauge("process_start_time_seconds", "Start time of the server, in seconds since 1970.")
      .value(process.start_seconds);
  return page.text();
}

}  // namespace colonnade::app
