#include "app/action_meter.hpp"

#include <gtest/gtest.h>

#include "app/metrics.hpp"

namespace colonnade::app {
namespace {

TEST(ActionMetrics, CountStatusesToolsAndDurations) {
  MetricsSnapshot snapshot;
  snapshot.actions.changes[{"denied", "shell \"x\""}] = 3;
  snapshot.actions.durations = {1, 0, 2};
  snapshot.actions.finished = 4;  // one was longer than all classes
  snapshot.actions.seconds = 700.5;
  const std::string text = metrics_text(snapshot, {});
  EXPECT_TRUE(text.contains(R"(faramesh_actions_total{status="denied",tool="shell \"x\""} 3)"));
  EXPECT_TRUE(text.contains("faramesh_action_duration_seconds_count 4"));
  EXPECT_TRUE(text.contains("faramesh_action_duration_seconds_sum 700.5"));
  EXPECT_TRUE(text.contains(R"(faramesh_action_duration_seconds_bucket{le="0.05"} 1)"));
  EXPECT_TRUE(text.contains(R"(faramesh_action_duration_seconds_bucket{le="0.1"} 3)"));
  EXPECT_TRUE(text.contains(R"(faramesh_action_duration_seconds_bucket{le="+Inf"} 4)")) << text;
}

}  // namespace
}  // namespace colonnade::app
