#include "app/action_meter.hpp"

#include <algorithm>

#include "dialects/faramesh/limits.hpp"

namespace colonnade::app {

void ActionMeter::stored(const core::StoredAction& action) {
  const std::lock_guard lock(mutex_);
  std::string tool = action.tool;
  if (!tools_.contains(tool)) {
    if (tools_.size() < limits::faramesh_metric_tools_max) {
      tools_.insert(tool);
    } else {
      tool = "other";
    }
  }
  ++counts_.changes[{std::string(core::to_string(action.state)), std::move(tool)}];
  const bool ran = action.state == core::ActionState::succeeded ||
                   action.state == core::ActionState::failed ||
                   action.state == core::ActionState::timeout;
  if (!ran) return;
  const double seconds = static_cast<double>((action.updated_at - action.created_at).count()) / 1e6;
  ++counts_.finished;
  counts_.seconds += seconds;
  const auto place = std::ranges::lower_bound(action_seconds, seconds);
  if (place != action_seconds.end()) {
    ++counts_.durations[static_cast<std::size_t>(place - action_seconds.begin())];
  }
}

ActionCounts ActionMeter::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace colonnade::app
