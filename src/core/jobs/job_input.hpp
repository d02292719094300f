// New jobs as they are asked for, and the rules that they have to keep.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/jobs/job_schedule.hpp"

namespace colonnade::core {

struct NewJob {
  JobTemplate job{};
  // Begins not before: a time, or so long from now.
  std::optional<base::Time> run_at{};
  std::optional<std::chrono::microseconds> delay{};
  std::string key{};  // of idempotency; "" for none
  std::chrono::microseconds key_time = limits::job_key_time;
  JobOrigin origin{};
  // Begins only when somebody wakes it: until_approved, say. "" for none.
  std::string waits_for{};
  // Linked to the job, or to the batch, in the same transaction; "" for none.
  std::string keyed_request_id{};
};

// Errors: invalid and too_large, with the field. Whether the handler exists is not looked at.
base::Result<void> check_template(const JobTemplate& input);
base::Result<void> check_new_job(const NewJob& input, base::Time now);

// The job of an input that was checked.
Job make_job(JobOwner owner, NewJob input, std::string id, base::Time now);

}  // namespace colonnade::core
