// Times what runs do, for /metrics: runs, tools, decisions, waits for humans, commits.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/histogram.hpp"
#include "core/events/feed_listener.hpp"
#include "core/spans/span_listener.hpp"

namespace colonnade::app {

struct WorkTimes {
  // By outcome: "succeeded", "failed", "cancelled". Waits for humans are part of it.
  std::map<std::string, base::HistogramCounts, std::less<>> runs{};
  // By tool and how the call ended; beyond limits::metric_tools_max the tool is "other".
  std::map<std::pair<std::string, std::string>, base::HistogramCounts> tools{};
  base::HistogramCounts decisions{};
  base::HistogramCounts approval_waits{};
  base::HistogramCounts commits{};  // that something waited for
};

// Thread-safe.
class WorkMeter final : public core::SpanListener, public core::FeedListener {
 public:
  WorkTimes times() const;

  void span_ended(const core::Span& span) override;
  void run_ended(const core::Run& run) override;
  void commit_took(std::chrono::microseconds time) override { commits_.observe(time); }

 private:
  base::Histogram& of_tool(std::string_view tool, std::string_view state);

  base::Histogram succeeded_{base::work_bounds};
  base::Histogram failed_{base::work_bounds};
  base::Histogram cancelled_{base::work_bounds};
  base::Histogram decisions_{base::decision_bounds};
  base::Histogram approval_waits_{base::work_bounds};
  base::Histogram commits_{base::latency_bounds};
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> tool_names_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<base::Histogram>> tools_;
};

}  // namespace colonnade::app
