// /metrics: what the server counts, in Prometheus' text format.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "app/action_meter.hpp"
#include "app/model_meter.hpp"
#include "core/runs/runs.hpp"
#include "net/http_server.hpp"

namespace colonnade::app {

// Everything at one moment; gathered by wiring, which knows where each number is.
struct MetricsSnapshot {
  net::HttpServerCounts http{};  // summed over the listen addresses
  core::RunCounts runs{};
  std::size_t subscribers = 0;
  std::map<std::string, ModelCounts, std::less<>> models{};
  ActionCounts actions{};
};

// What the kernel says about this process; zeros where /proc is absent.
struct ProcessUse {
  std::uint64_t resident_bytes = 0;
  std::uint64_t open_files = 0;
  double cpu_seconds = 0;
  double start_seconds = 0;  // since the epoch
};
ProcessUse process_use();

net::HttpServerCounts sum(const net::HttpServerCounts& a, const net::HttpServerCounts& b);

std::string metrics_text(const MetricsSnapshot& snapshot, const ProcessUse& process);

}  // namespace colonnade::app
