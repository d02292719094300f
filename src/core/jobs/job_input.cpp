#include "core/jobs/job_input.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/utf8.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::Time;

namespace {

using std::chrono::microseconds;

Result<void> check_name(std::string_view text, std::size_t bytes_min, const char* field) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (text.size() >= bytes_min && text.size() <= limits::job_name_bytes_max &&
      std::ranges::none_of(text, control)) {
    return {};
  }
  return fail(ErrorKind::invalid,
              std::string(field) + " must have " + std::to_string(bytes_min) + " to " +
                  std::to_string(limits::job_name_bytes_max) + " bytes without control characters",
              field);
}

Result<void> check_length(std::string_view text, std::size_t bytes_max, const char* field) {
  if (text.size() <= bytes_max) return {};
  return fail(ErrorKind::too_large,
              std::string(field) + " has " + std::to_string(text.size()) + " bytes, more than " +
                  std::to_string(bytes_max) + "; keep it elsewhere and name it here",
              field);
}

Result<void> check_range(std::int64_t value, std::int64_t min, std::int64_t max,
                         const char* field) {
  if (value >= min && value <= max) return {};
  return fail(
      ErrorKind::invalid,
      std::string(field) + " must be from " + std::to_string(min) + " to " + std::to_string(max),
      field);
}

Result<void> check_time(microseconds value, microseconds min, microseconds max, const char* field) {
  if (value >= min && value <= max) return {};
  const auto in_seconds = [](microseconds time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count());
  };
  return fail(ErrorKind::invalid,
              std::string(field) + " must be " + (min.count() > 0 ? "more than 0" : "0 or more") +
                  " and at most " + in_seconds(max) + " seconds",
              field);
}

Result<void> check_attempts(const JobAttempts& attempts) {
  if (auto ok = check_range(attempts.max, 1, limits::job_attempts_max, "max_attempts"); !ok) {
    return ok;
  }
  if (auto ok =
          check_time(attempts.delay_min, microseconds(0), limits::job_delay_max, "retry_delay_min");
      !ok) {
    return ok;
  }
  return check_time(attempts.delay_max, attempts.delay_min, limits::job_delay_max,
                    "retry_delay_max");
}

Result<void> check_tags(const std::vector<std::string>& tags) {
  if (tags.size() > limits::job_tags_max) {
    return fail(ErrorKind::invalid,
                "a job has " + std::to_string(limits::job_tags_max) + " tags at most", "tags");
  }
  for (const std::string& tag : tags) {
    const auto kept = base::first_characters(tag, limits::job_tag_characters_max);
    if (tag.empty() || kept.size() != tag.size()) {
      return fail(
          ErrorKind::invalid,
          "a tag must have 1 to " + std::to_string(limits::job_tag_characters_max) + " characters",
          "tags");
    }
  }
  return {};
}

// The first that fails.
template <class... Checks>
Result<void> check_all(Checks... checks) {
  Result<void> out{};
  (void)((out = checks(), out.has_value()) && ...);
  return out;
}

}  // namespace

Result<void> check_template(const JobTemplate& input) {
  constexpr microseconds shortest{1};
  return check_all(
      [&] { return check_name(input.task, 1, "task"); },
      [&] { return check_name(input.work.name, 1, "handler"); },
      [&] { return check_name(input.queue.name, 0, "queue"); },
      [&] { return check_name(input.queue.key, 0, "concurrency_key"); },
      [&] {
        return check_range(input.queue.running_max, 1, limits::queue_running_max,
                           "concurrency_limit");
      },
      [&] {
        return check_range(input.priority, -limits::job_priority_max, limits::job_priority_max,
                           "priority");
      },
      [&] { return check_attempts(input.attempts); }, [&] { return check_tags(input.tags); },
      [&] { return check_length(input.payload, limits::job_payload_bytes_max, "payload"); },
      [&] { return check_length(input.metadata, limits::job_metadata_bytes_max, "metadata"); },
      [&] {
        return check_time(input.time_to_live.value_or(shortest), shortest, limits::job_delay_max,
                          "ttl");
      },
      [&] {
        return check_time(input.time_max.value_or(shortest), shortest, limits::job_delay_max,
                          "max_duration");
      });
}

Result<void> check_new_job(const NewJob& input, Time now) {
  return check_all([&] { return check_template(input.job); },
                   [&] {
                     const microseconds until = input.run_at.value_or(now) - now;
                     const auto delay = input.delay.value_or(std::max(until, microseconds(0)));
                     return check_time(delay, microseconds(0), limits::job_delay_max, "delay");
                   },
                   [&]() -> Result<void> {
                     if (input.key.size() <= limits::job_key_bytes_max) return {};
                     return fail(ErrorKind::invalid,
                                 "an idempotency key has " +
                                     std::to_string(limits::job_key_bytes_max) + " bytes at most",
                                 "idempotency_key");
                   },
                   [&] {
                     return check_time(input.key_time, microseconds(1), limits::job_key_time_max,
                                       "idempotency_key_ttl");
                   },
                   [&]() -> Result<void> {
                     if (input.origin.depth <= limits::job_depth_max) return {};
                     return fail(ErrorKind::too_large,
                                 "jobs begin jobs to a depth of " +
                                     std::to_string(limits::job_depth_max) +
                                     "; do the work in this one",
                                 "depth");
                   });
}

Job make_job(JobOwner owner, NewJob input, std::string id, Time now) {
  JobTemplate& from = input.job;
  if (from.queue.name.empty()) from.queue.name = from.task;
  std::optional<Time> run_at = input.run_at;
  if (input.delay) run_at = now + *input.delay;
  const bool is_later = run_at && *run_at > now;
  Job out{.id = std::move(id),
          .owner = std::move(owner),
          .task = std::move(from.task),
          .work = std::move(from.work),
          .payload = std::move(from.payload),
          .queue = std::move(from.queue),
          .priority = from.priority,
          .attempts = from.attempts,
          .key = {.text = std::move(input.key), .expires_at = now + input.key_time},
          .origin = std::move(input.origin),
          .tags = std::move(from.tags),
          .metadata = std::move(from.metadata),
          .is_test = from.is_test,
          .repeats_when_lost = from.repeats_when_lost,
          .state = is_later ? JobState::delayed : JobState::queued,
          .created_at = now,
          .updated_at = now,
          .run_at = run_at,
          .time_max = from.time_max};
  out.attempts.made = 0;
  // Counted from when it may begin.
  if (from.time_to_live) out.expires_at = (is_later ? *run_at : now) + *from.time_to_live;
  if (!input.waits_for.empty()) {
    out.state = JobState::waiting;
    out.waits_for = std::move(input.waits_for);
  }
  return out;
}

}  // namespace colonnade::core
