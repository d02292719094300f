// Limits of jobs, their batches and schedules.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.hpp"

namespace colonnade::limits {

// Of one account: jobs that have not ended. A full batch ten times over.
constexpr std::size_t jobs_live_per_account = 10'000;
// Of one account: the texts of all its jobs that are kept, and a kilobyte for each row.
constexpr std::size_t job_bytes_per_account = 512 * MiB;
constexpr std::size_t job_row_bytes = 1 * KiB;
constexpr std::size_t job_payload_bytes_max = 3 * MiB;  // platos §5.6
constexpr std::size_t job_metadata_bytes_max = 256 * KiB;
constexpr std::size_t job_progress_bytes_max = 64 * KiB;
constexpr std::size_t job_output_bytes_max = 3 * MiB;  // a longer one fails the job
constexpr std::size_t job_error_bytes_max = 16 * KiB;  // a longer one is cut
constexpr std::size_t job_name_bytes_max = 128;        // of tasks, queues, concurrency keys
constexpr std::size_t job_key_bytes_max = 255;         // of idempotency keys
constexpr std::size_t job_tags_max = 10;               // platos §5.6, as the two below
constexpr std::size_t job_tag_characters_max = 128;
constexpr std::size_t batch_jobs_max = 1000;
constexpr std::size_t batch_bytes_max = 64 * MiB;  // one transaction: others wait for it
constexpr int job_priority_max = 1'000'000;        // and its negative
constexpr int job_attempts_default = 3;            // platos §5.6, as the two below
constexpr auto job_retry_delay_min = 1s;
constexpr auto job_retry_delay_max = 10s;
constexpr int job_attempts_max = 100;
constexpr int job_depth_max = 10;                 // of jobs that jobs began
constexpr std::size_t jobs_spawned_per_run = 10;  // by an agent's tools in one turn; platos §5.6
// What an event of such a job carries: a longer output or metadata is left out of it.
constexpr std::size_t spawned_job_text_bytes_max = 16 * KiB;
constexpr auto job_delay_max = 24h * 366;
constexpr auto job_key_time = 24h * 30;  // platos §5.6
constexpr auto job_key_time_max = 24h * 366;

constexpr int queue_running_default = 100;  // platos §5.6: of one queue at once
constexpr int queue_running_max = 1000;
constexpr std::size_t job_queues_per_account = 1000;  // that have jobs which have not ended

// Between the claim of a job and its end, unless the claim is renewed: so long nobody else takes a
// job whose process has died.
constexpr auto job_lease = 30s;
constexpr auto job_renewal_interval = job_lease / 3;
constexpr auto job_stop_time = 10s;  // a handler that was told to stop is waited for
constexpr auto job_drain_time = 5s;  // what runs may finish before it is told that the server stops
constexpr std::size_t job_slots_default = 32;
constexpr int job_settled_at_once = 256;  // by one transaction, of those whose time has come
// A clock may be set while something is due later; nobody is told, so it is looked at this often.
constexpr auto job_look_interval = 30s;

constexpr auto job_kept_time = 24h * 30;  // after it has ended
constexpr auto job_purge_interval = 1h;
constexpr int job_purged_at_once = 200;

// Of one page: as many rows as core/limits.hpp says, so much of their texts, and no more rows
// looked at to find those that a filter wants.
constexpr std::size_t job_page_bytes_max = 1 * MiB;
constexpr std::size_t job_rows_looked_at = 2000;
constexpr int job_list_reads_max = 16;  // for one list; then its caller goes on from there

constexpr std::size_t schedules_per_account = 1000;
constexpr std::size_t schedule_text_bytes_max = 256;
constexpr int schedule_catch_up_max = 1000;  // due times that one misfire rule makes good
constexpr std::size_t schedules_fired_at_once = 100;

}  // namespace colonnade::limits
