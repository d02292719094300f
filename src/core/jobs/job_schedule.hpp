// A schedule: jobs that begin at certain times. When that is, core/jobs/due_times.hpp says.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "core/jobs/job.hpp"

namespace colonnade::core {

enum class JobTimingKind {
  cron,      // `text`: five fields, or six with seconds first
  quartz,    // `text`: five fields, or six and seven, seconds first and the year last
  interval,  // `text`: whole seconds, "3600", on a grid that begins with the schedule
  once,      // `text`: a moment of RFC 3339
};
std::string_view to_string(JobTimingKind kind);
std::optional<JobTimingKind> job_timing_kind_from(std::string_view text);

struct JobTiming {
  JobTimingKind kind = JobTimingKind::cron;
  std::string text{};
  std::string zone = "UTC";  // IANA; counts for cron and quartz
  bool operator==(const JobTiming&) const = default;
};

// What becomes of due times that nobody could see to: the server was down, or the machine slept.
// They are left out, begin one job for all of them, or one each.
enum class MisfireRule { skip, run_once, catch_up };
std::string_view to_string(MisfireRule rule);
std::optional<MisfireRule> misfire_rule_from(std::string_view text);

struct Misfire {
  MisfireRule rule = MisfireRule::run_once;
  int times_max = 1;        // of catch_up; to limits::schedule_catch_up_max. The newest count
  bool in_one_job = false;  // catch_up: one job that stands for all of them, instead of one each
  bool operator==(const Misfire&) const = default;
};

// What jobs of a kind have in common: what a trigger says of one, and what a schedule keeps.
struct JobTemplate {
  std::string task{};
  JobWork work{};
  std::string payload{};
  JobQueue queue{};
  int priority = 0;
  JobAttempts attempts{};
  std::vector<std::string> tags{};
  std::string metadata{};
  bool is_test = false;
  bool repeats_when_lost = true;
  std::optional<std::chrono::microseconds> time_to_live{};  // not begun so long after it may, never
  std::optional<std::chrono::microseconds> time_max{};      // of one attempt
  bool operator==(const JobTemplate&) const = default;
};

struct JobSchedule {
  std::string id{};
  JobOwner owner;
  std::string name{};
  JobTemplate job{};
  JobTiming timing{};
  Misfire misfire{};
  bool is_active = true;
  std::int64_t revision = 1;  // one more with each change and each firing
  base::Time created_at{};
  base::Time updated_at{};
  std::optional<base::Time> next_due_at{};  // none: never again, or not active
  std::optional<base::Time> last_due_at{};  // that it fired for
  std::optional<base::Time> last_fired_at{};
  std::string last_error{};  // why the newest due time began no job; "" when it did
  bool operator==(const JobSchedule&) const = default;
};

}  // namespace colonnade::core
