// Limits of routines, their runs and what those leave behind.
#pragma once

#include <cstddef>

#include "base/limits.hpp"
#include "core/jobs/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t routines_per_account = schedules_per_account;
constexpr std::size_t routine_id_bytes_max = 100;  // its jobs' task is named after it
constexpr std::size_t routine_name_bytes_max = job_name_bytes_max;
// What a run is told, its arguments and lists: a job carries it.
constexpr std::size_t routine_definition_bytes_max = 32 * KiB;
constexpr std::size_t routine_tools_max = 200;    // that one list grants
constexpr std::size_t routine_targets_max = 100;  // of output
constexpr std::size_t routine_reason_bytes_max = 2 * KiB;
constexpr int routine_run_count_max = 20;              // tandem §2.5: of one run_now
constexpr std::size_t routine_runs_waiting_max = 100;  // of one routine, in line
// A run that waits for a human this long has failed.
constexpr auto routine_run_time_max = 24h * 7;
// Of one list of runs, with their texts: what is beyond it is left out, the oldest first.
constexpr std::size_t routine_list_bytes_max = 16 * MiB;
// Of one run: artifacts in its list, and of one of them the texts that a client gave.
constexpr std::size_t routine_artifacts_max = 200;
constexpr std::size_t routine_artifact_bytes_max = 16 * KiB;
// Of the files that a run changed in its workspace, those that are kept: so many, each and all
// together no larger.
constexpr std::size_t routine_files_kept_max = 100;
constexpr std::size_t routine_file_bytes_max = 8 * MiB;
constexpr std::size_t routine_files_bytes_max = 32 * MiB;
// Of all runs of one account that are kept.
constexpr std::size_t routine_file_bytes_per_account = 1024 * MiB;

}  // namespace colonnade::limits
