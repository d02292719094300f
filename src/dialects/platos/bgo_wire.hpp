// Runs, schedules and batches of background operations as Platos says them (platos §2.6, §5.6).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "core/jobs/job.hpp"
#include "core/jobs/job_input.hpp"
#include "core/jobs/job_schedule.hpp"
#include "core/jobs/job_store.hpp"

namespace colonnade::dialects::platos {

struct TriggerRequest {
  base::Json payload = nullptr;
  base::Json options = nullptr;  // an object, or null
};
// {payload, options}. Errors: invalid.
base::Result<TriggerRequest> decode_trigger(std::string_view body);

struct BatchRequest {
  std::vector<base::Json> payloads{};
  base::Json options = nullptr;
};
// {payloads, options}. Errors: invalid.
base::Result<BatchRequest> decode_batch(std::string_view body);

// Lays what the options say over a job. Unknown members are ignored. Errors: invalid with
// "options.<member>".
base::Result<void> apply_trigger_options(const base::Json& options, base::Time now,
                                         core::NewJob& job);

// "30s", "5m", "2h", "1d" and several of these in one, "1h30m". nullopt for anything else.
std::optional<std::chrono::microseconds> wire_duration(std::string_view text);

struct ScheduleRequest {
  std::string task_id{};
  std::string cron{};
  std::string zone = "UTC";
  base::Json payload = nullptr;
};
// {taskId, cron, timezone?, payload?}. Errors: invalid.
base::Result<ScheduleRequest> decode_schedule(std::string_view body);

std::string_view status_of(const core::JobBatch& batch);

// `payload` as core/tasks/task_payload.hpp has it.
std::string encode_run(const core::Job& job, const base::Json& payload);
// `description` of its cron, in words.
std::string encode_schedule(const core::JobSchedule& schedule, std::string_view description);
std::string encode_batch(const core::JobBatch& batch, const std::vector<std::string>& run_ids);

}  // namespace colonnade::dialects::platos
