// Cron expressions. docs/reference/schedules.md has the rules of each form in a table.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "scheduler/cron_fields.hpp"
#include "scheduler/zone.hpp"

namespace colonnade::scheduler {

// What an expression with more than five fields means. Five fields mean the same in both, and so do
// names such as @daily.
enum class CronFlavor {
  classic,  // six fields: five with seconds before them; more are refused
  quartz,   // six or seven fields, seconds first, the year last; 1 is Sunday; both kinds of day
            // count
};

// Immutable.
class Cron {
 public:
  // Errors: invalid, with `field` and what is wrong in which part of the expression; also for one
  // whose date never comes, such as 30 February.
  static base::Result<Cron> parse(std::string_view text, CronFlavor flavor,
                                  std::string_view field = "cron");

  // As it was given, without white space around it.
  const std::string& text() const { return text_; }
  const CronFields& fields() const { return fields_; }

  // The first local time at or after `from` that matches; nullopt when none comes before the year
  // 10000 or, with a year field, after its last year. `from` in the years 0 to 9999.
  std::optional<std::chrono::local_seconds> next_local(std::chrono::local_seconds from) const;

  // The first moment after `after` whose local time in `zone` matches. A local time that the clock
  // is set forward past does not come; one that comes twice counts the first time. nullopt when
  // none comes within limits::cron_search_years, or before the year 10000.
  std::optional<std::chrono::sys_seconds> next(const Zone& zone,
                                               std::chrono::sys_seconds after) const;

 private:
  Cron(std::string text, const CronFields& fields) : text_(std::move(text)), fields_(fields) {}

  std::string text_;
  CronFields fields_;
};

}  // namespace colonnade::scheduler
