#include "app/work_meter.hpp"

#include <variant>

#include "app/limits.hpp"
#include "core/runs/run.hpp"

namespace colonnade::app {
namespace {

std::chrono::microseconds duration_of(const core::Span& span) { return span.end - span.start; }

}  // namespace

void WorkMeter::span_ended(const core::Span& span) {
  if (const auto* tool = std::get_if<core::ToolSpan>(&span.of)) {
    of_tool(tool->tool, tool->state).observe(duration_of(span));
  } else if (std::holds_alternative<core::GateSpan>(span.of)) {
    decisions_.observe(duration_of(span));
  } else if (std::holds_alternative<core::WaitSpan>(span.of)) {
    approval_waits_.observe(duration_of(span));
  }
}

void WorkMeter::run_ended(const core::Run& run) {
  if (!run.finished_at) return;
  const std::chrono::microseconds took = *run.finished_at - run.created_at;
  if (run.state == core::RunState::succeeded) succeeded_.observe(took);
  if (run.state == core::RunState::failed) failed_.observe(took);
  if (run.state == core::RunState::cancelled) cancelled_.observe(took);
}

base::Histogram& WorkMeter::of_tool(std::string_view tool, std::string_view state) {
  const std::lock_guard lock(mutex_);
  std::string name(tool);
  if (!tool_names_.contains(name)) {
    if (tool_names_.size() < limits::metric_tools_max) {
      tool_names_.insert(name);
    } else {
      name = "other";
    }
  }
  auto& place = tools_[{std::move(name), std::string(state)}];
  if (!place) place = std::make_unique<base::Histogram>(base::work_bounds);
  return *place;
}

WorkTimes WorkMeter::times() const {
  WorkTimes out;
  out.runs["succeeded"] = succeeded_.counts();
  out.runs["failed"] = failed_.counts();
  out.runs["cancelled"] = cancelled_.counts();
  out.decisions = decisions_.counts();
  out.approval_waits = approval_waits_.counts();
  out.commits = commits_.counts();
  const std::lock_guard lock(mutex_);
  for (const auto& [key, histogram] : tools_) out.tools[key] = histogram->counts();
  return out;
}

}  // namespace colonnade::app
