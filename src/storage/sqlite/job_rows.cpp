#include "storage/sqlite/job_rows.hpp"

#include <string>
#include <utility>

#include "storage/event_codec.hpp"

namespace colonnade::storage::sqlite {
namespace {

std::unexpected<base::Error> unknown_word(std::string_view what, std::string_view word) {
  return fail(ErrorKind::internal,
              "an unknown " + std::string(what) + ": \"" + std::string(word) + '"');
}

std::optional<std::chrono::microseconds> optional_duration(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return std::chrono::microseconds(row.integer(column));
}

core::JobOrigin read_origin(const Statement& row) {
  return {.parent_id = row.string(17),
          .batch_id = row.string(18),
          .schedule_id = row.string(19),
          .replay_of = row.string(20),
          .depth = static_cast<int>(row.integer(21)),
          .due_at = row.optional_time(22),
          .due_before = row.optional_time(23),
          .due_times = static_cast<int>(row.integer(24)),
          .thread_id = row.string(47),
          .run_id = row.string(48)};
}

core::JobAttempts read_attempts(const Statement& row, int first) {
  return {.made = 0,
          .max = static_cast<int>(row.integer(first)),
          .delay_min = std::chrono::microseconds(row.integer(first + 1)),
          .delay_max = std::chrono::microseconds(row.integer(first + 2))};
}

core::JobQueue read_queue(const Statement& row, int first) {
  return {.name = row.string(first),
          .key = row.string(first + 1),
          .running_max = static_cast<int>(row.integer(first + 2))};
}

}  // namespace

Result<core::Job> read_job(Statement& row) {
  const auto kind = core::job_handler_kind_from(row.text(5));
  if (!kind) return unknown_word("kind of handler", row.text(5));
  const auto state = core::job_state_from(row.text(28));
  if (!state) return unknown_word("state of a job", row.text(28));
  const auto failure = core::job_failure_from(row.text(41));
  if (!failure) return unknown_word("failure of a job", row.text(41));
  auto tags = read_names(row.text(25));
  if (!tags) return fail(std::move(tags.error()));
  core::JobAttempts attempts = read_attempts(row, 12);
  attempts.made = static_cast<int>(row.integer(11));
  return core::Job{.no = row.integer(0),
                   .id = row.string(1),
                   .owner = {core::Scope::from_key(row.string(2)), row.string(3)},
                   .task = row.string(4),
                   .work = {.kind = *kind, .name = row.string(6)},
                   .payload = row.string(45),
                   .queue = read_queue(row, 7),
                   .priority = static_cast<int>(row.integer(10)),
                   .attempts = attempts,
                   .key = {.text = row.string(15), .expires_at = row.time(16)},
                   .origin = read_origin(row),
                   .tags = std::move(*tags),
                   .metadata = row.string(46),
                   .is_test = row.integer(26) != 0,
                   .repeats_when_lost = row.integer(27) != 0,
                   .state = *state,
                   .fence = row.integer(29),
                   .worker = row.string(30),
                   .created_at = row.time(31),
                   .updated_at = row.time(32),
                   .run_at = row.optional_time(33),
                   .expires_at = row.optional_time(34),
                   .time_max = optional_duration(row, 35),
                   .started_at = row.optional_time(36),
                   .finished_at = row.optional_time(37),
                   .lease_until = row.optional_time(38),
                   .waits_for = row.string(39),
                   .waits_until = row.optional_time(40),
                   .progress = row.string(43),
                   .output = row.string(44),
                   .error = {.failure = *failure, .message = row.string(42)}};
}

Result<core::JobBatch> read_batch(Statement& row) {
  return core::JobBatch{.id = row.string(0),
                        .owner = {core::Scope::from_key(row.string(1)), row.string(2)},
                        .task = row.string(3),
                        .key = {.text = row.string(4), .expires_at = row.time(5)},
                        .created_at = row.time(6),
                        .jobs = static_cast<int>(row.integer(7)),
                        .done = static_cast<int>(row.integer(8)),
                        .failed = static_cast<int>(row.integer(9)),
                        .cancelled = static_cast<int>(row.integer(10))};
}

Result<core::JobSchedule> read_schedule(Statement& row) {
  const auto kind = core::job_handler_kind_from(row.text(5));
  if (!kind) return unknown_word("kind of handler", row.text(5));
  const auto timing = core::job_timing_kind_from(row.text(19));
  if (!timing) return unknown_word("kind of timing", row.text(19));
  const auto rule = core::misfire_rule_from(row.text(22));
  if (!rule) return unknown_word("rule for misfires", row.text(22));
  auto tags = read_names(row.text(14));
  if (!tags) return fail(std::move(tags.error()));
  return core::JobSchedule{
      .id = row.string(0),
      .owner = {core::Scope::from_key(row.string(1)), row.string(2)},
      .name = row.string(3),
      .job = {.task = row.string(4),
              .work = {.kind = *kind, .name = row.string(6)},
              .payload = row.string(34),
              .queue = read_queue(row, 7),
              .priority = static_cast<int>(row.integer(10)),
              .attempts = read_attempts(row, 11),
              .tags = std::move(*tags),
              .metadata = row.string(33),
              .is_test = row.integer(15) != 0,
              .repeats_when_lost = row.integer(16) != 0,
              .time_to_live = optional_duration(row, 17),
              .time_max = optional_duration(row, 18)},
      .timing = {.kind = *timing, .text = row.string(20), .zone = row.string(21)},
      .misfire = {.rule = *rule,
                  .times_max = static_cast<int>(row.integer(23)),
                  .in_one_job = row.integer(24) != 0},
      .is_active = row.integer(25) != 0,
      .revision = row.integer(26),
      .created_at = row.time(27),
      .updated_at = row.time(28),
      .next_due_at = row.optional_time(29),
      .last_due_at = row.optional_time(30),
      .last_fired_at = row.optional_time(31),
      .last_error = row.string(32)};
}

}  // namespace colonnade::storage::sqlite
