// Counts what becomes of actions, for /metrics.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "core/events/feed_listener.hpp"

namespace colonnade::app {

// Upper ends of the classes of durations, in seconds; longer ones are in none but the sum.
constexpr std::array<double, 9> action_seconds = {0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600};

struct ActionCounts {
  // By status and tool; beyond limits::faramesh_metric_tools_max the tool is "other".
  std::map<std::pair<std::string, std::string>, std::uint64_t> changes{};
  // Of what ran, from submission to its end; each class by itself.
  std::array<std::uint64_t, action_seconds.size()> durations{};
  std::uint64_t finished = 0;
  double seconds = 0;
};

class ActionMeter final : public core::FeedListener {
 public:
  void stored(const core::StoredAction& action) override;
  ActionCounts counts() const;

 private:
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> tools_;
  ActionCounts counts_;
};

}  // namespace colonnade::app
