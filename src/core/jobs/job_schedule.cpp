#include "core/jobs/job_schedule.hpp"

#include "core/enum_names.hpp"

namespace colonnade::core {
namespace {

constexpr EnumNames<JobTimingKind, 4> job_timing_names{{
    {JobTimingKind::cron, "cron"},
    {JobTimingKind::quartz, "quartz"},
    {JobTimingKind::interval, "interval"},
    {JobTimingKind::once, "once"},
}};

constexpr EnumNames<MisfireRule, 3> misfire_names{{
    {MisfireRule::skip, "skip"},
    {MisfireRule::run_once, "run_once"},
    {MisfireRule::catch_up, "catch_up"},
}};

}  // namespace

std::string_view to_string(JobTimingKind kind) { return enum_name(job_timing_names, kind); }

std::optional<JobTimingKind> job_timing_kind_from(std::string_view text) {
  return enum_value(job_timing_names, text);
}

std::string_view to_string(MisfireRule rule) { return enum_name(misfire_names, rule); }

std::optional<MisfireRule> misfire_rule_from(std::string_view text) {
  return enum_value(misfire_names, text);
}

}  // namespace colonnade::core
