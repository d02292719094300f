// /metrics: what the server counts, in Prometheus' text format.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/action_meter.hpp"
#include "app/model_meter.hpp"
#include "app/otlp_exporter.hpp"
#include "app/work_meter.hpp"
#include "base/clock.hpp"
#include "core/runs/runs.hpp"
#include "core/spans/span_store.hpp"
#include "net/http_server.hpp"

namespace colonnade::app {

// Everything at one moment; gathered by wiring, which knows where each number is.
struct MetricsSnapshot {
  net::HttpServerCounts http{};  // summed over the listen addresses
  core::RunCounts runs{};
  std::size_t subscribers = 0;
  std::map<std::string, ModelCounts, std::less<>> models{};
  ActionCounts actions{};
  std::vector<net::RouteTimes> routes{};  // summed over the listen addresses
  ModelTimesByName model_times{};
  WorkTimes work{};
  std::optional<core::StoreGauges> store{};  // none while it cannot be read
  std::optional<OtlpCounts> otlp{};          // none while nothing is exported
  base::Time now{};
};

// What the kernel says about this process; zeros where /proc is absent.
struct ProcessUse {
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_files = 0;
  std::uint64_t open_files_max = 0;
  double cpu_seconds = 0;
  double start_seconds = 0;  // since the epoch
};
ProcessUse process_use();

net::HttpServerCounts sum(const net::HttpServerCounts& a, const net::HttpServerCounts& b);
// Adds those of one address to those of others.
void add_route_times(std::vector<net::RouteTimes>& sum, std::vector<net::RouteTimes> more);

std::string metrics_text(const MetricsSnapshot& snapshot, const ProcessUse& process);

}  // namespace colonnade::app
