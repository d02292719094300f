#include "core/jobs/job_schedule.hpp"

#include <array>
#include <utility>

namespace colonnade::core {
namespace {

constexpr std::array<std::pair<JobTimingKind, std::string_view>, 4> job_timing_names{{
    {JobTimingKind::cron, "cron"},
    {JobTimingKind::quartz, "quartz"},
    {JobTimingKind::interval, "interval"},
    {JobTimingKind::once, "once"},
}};

constexpr std::array<std::pair<MisfireRule, std::string_view>, 3> misfire_names{{
    {MisfireRule::skip, "skip"},
    {MisfireRule::run_once, "run_once"},
    {MisfireRule::catch_up, "catch_up"},
}};

}  // namespace

std::string_view to_string(JobTimingKind kind) {
  for (const auto& [value, name] : job_timing_names) {
    if (value == kind) return name;
  }
  return {};
}

std::optional<JobTimingKind> job_timing_kind_from(std::string_view text) {
  for (const auto& [value, name] : job_timing_names) {
    if (name == text) return value;
  }
  return std::nullopt;
}

std::string_view to_string(MisfireRule rule) {
  for (const auto& [value, name] : misfire_names) {
    if (value == rule) return name;
  }
  return {};
}

std::optional<MisfireRule> misfire_rule_from(std::string_view text) {
  for (const auto& [value, name] : misfire_names) {
    if (name == text) return value;
  }
  return std::nullopt;
}

}  // namespace colonnade::core
