#include "core/tasks/task_payload.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "core/tasks/limits.hpp"

namespace colonnade::core {

using base::fail;
using base::Json;
using base::Result;
using base::Task;

namespace {

// ISO 8601 in UTC with milliseconds (platos §0.2), or null.
Json due_time(const std::optional<base::Time>& time) {
  constexpr std::size_t up_to_milliseconds = 23;  // 2026-05-12T09:00:04.120
  if (!time) return nullptr;
  return base::to_rfc3339(*time).substr(0, up_to_milliseconds) + "Z";
}

Json upcoming_times(const DueTimes& due_times, const JobSchedule& schedule, base::Time after) {
  Json out = Json::array();
  while (out.size() < limits::task_upcoming_times) {
    const auto next = due_times.next(schedule.timing, schedule.created_at, after);
    if (!next || !*next) break;
    out.push_back(due_time(*next));
    after = **next;
  }
  return out;
}

}  // namespace

Task<Result<Json>> TaskPayloads::payload_of(Job job) {
  Json given;
  if (!job.payload.empty()) {
    auto parsed = base::parse_json(job.payload, "payload");
    if (!parsed) co_return fail(std::move(parsed.error()));
    given = std::move(*parsed);
  }
  const JobOrigin& from = job.origin;
  const bool takes_more = given.is_null() || given.is_object();
  if (from.schedule_id.empty() || !takes_more) co_return given;
  auto schedule = co_await store_.schedule(job.owner.scope, from.schedule_id);
  if (!schedule) co_return fail(std::move(schedule.error()));
  const base::Time due = from.due_at.value_or(job.created_at);
  Json told{{"scheduleId", from.schedule_id},
            {"type", "IMPERATIVE"},
            {"timestamp", due_time(due)},
            {"lastTimestamp", due_time(from.due_before)},
            {"externalId", nullptr},
            {"timezone", *schedule ? (*schedule)->timing.zone : "UTC"},
            {"upcoming", *schedule ? upcoming_times(due_times_, **schedule, due) : Json::array()}};
  if (given.is_null()) co_return told;
  given["schedule"] = std::move(told);
  co_return given;
}

}  // namespace colonnade::core
