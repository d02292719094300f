// Schedules, misfire policies, and lists and numbers in bodies, as routines and automations of both
// versions spell them (tandem §2.5, §2.6).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/jobs/job_schedule.hpp"

namespace colonnade::dialects::tandem {

// INVALID_ROUTINE_SCHEDULE, as the errors of core's "timing" and "timezone".
constexpr std::string_view schedule_field = "schedule";

// The first of `names` that is there and not null; nullopt (nullptr) for none. Errors: invalid with
// the first name as the field.
base::Result<std::optional<std::vector<std::string>>> list_member(
    const base::Json& object, std::initializer_list<std::string_view> names);
base::Result<std::optional<std::int64_t>> whole_member(
    const base::Json& object, std::initializer_list<std::string_view> names);
base::Result<const base::Json*> object_member(const base::Json& object,
                                              std::initializer_list<std::string_view> names);

struct WantedSchedule {
  std::optional<core::JobTiming> timing{};  // none: manual
};
// All forms of §2.5, with the zone UTC. Errors: invalid with schedule_field.
base::Result<WantedSchedule> decode_schedule(const base::Json& tree);
// A word, or an object with it. Errors: invalid with the field "misfire_policy".
base::Result<core::Misfire> decode_misfire(const base::Json& tree);

}  // namespace colonnade::dialects::tandem
