#include "app/work_meter.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "app/limits.hpp"
#include "core/access/scope.hpp"
#include "core/runs/run.hpp"

namespace colonnade::app {
namespace {

core::Span tool_span(const std::string& tool, const std::string& state) {
  return {.start = {0}, .end = {2'000'000}, .of = core::ToolSpan{tool, "c1", state}};
}

TEST(WorkMeter, TimesEachKindOfWork) {
  WorkMeter meter;
  meter.span_ended(tool_span("grep", "succeeded"));
  meter.span_ended(tool_span("grep", "failed"));
  meter.span_ended({.start = {0}, .end = {20}, .of = core::GateSpan{}});
  meter.span_ended({.start = {0}, .end = {60'000'000}, .of = core::WaitSpan{}});
  meter.span_ended({.start = {0}, .end = {1}, .of = core::ModelCallSpan{}});  // the model meter's
  meter.commit_took(std::chrono::microseconds(800));
  const WorkTimes times = meter.times();
  EXPECT_EQ(times.tools.size(), 2U);
  EXPECT_EQ(times.tools.at({"grep", "succeeded"}).count, 1U);
  EXPECT_EQ(times.tools.at({"grep", "succeeded"}).seconds, 2);
  EXPECT_EQ(times.decisions.count, 1U);
  EXPECT_EQ(times.approval_waits.count, 1U);
  EXPECT_EQ(times.approval_waits.seconds, 60);
  EXPECT_EQ(times.commits.count, 1U);
}

TEST(WorkMeter, RunsAreTimedByOutcomeOnceTheyHaveEnded) {
  WorkMeter meter;
  core::Run run{.id = "r1", .scope = core::Scope::main(), .created_at = {1'000'000}};
  meter.run_ended(run);
  EXPECT_EQ(meter.times().runs.at("succeeded").count, 0U) << "it goes on";
  run.finished_at = base::Time{4'000'000};
  run.state = core::RunState::failed;
  meter.run_ended(run);
  EXPECT_EQ(meter.times().runs.at("failed").count, 1U);
  EXPECT_EQ(meter.times().runs.at("failed").seconds, 3);
  EXPECT_EQ(meter.times().runs.at("cancelled").count, 0U);
}

// A model may call tools by any name; each would be a series for ever.
TEST(WorkMeter, ToolsBeyondTheBoundAreOneSeries) {
  WorkMeter meter;
  for (std::size_t i = 0; i < limits::metric_tools_max + 10; ++i) {
    meter.span_ended(tool_span("tool_" + std::to_string(i), "succeeded"));
  }
  const WorkTimes times = meter.times();
  EXPECT_EQ(times.tools.size(), limits::metric_tools_max + 1);
  EXPECT_EQ(times.tools.at({"other", "succeeded"}).count, 10U);
}

}  // namespace
}  // namespace colonnade::app
