// Limits of flows, their runs and what those remember.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.hpp"
#include "core/jobs/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t flows_per_account = 1000;
constexpr std::size_t flow_id_bytes_max = 100;  // its jobs' task is named after it
constexpr std::size_t flow_name_bytes_max = job_name_bytes_max;
constexpr std::size_t flow_definition_bytes_max = 256 * KiB;  // a job carries it
constexpr std::size_t flow_nodes_max = 64;
constexpr std::size_t flow_agents_max = 64;
constexpr std::size_t flow_node_id_bytes_max = 100;
constexpr std::size_t flow_inputs_max = 64;  // of one node
constexpr std::size_t flow_tools_max = 200;  // of one list of an agent's
constexpr std::size_t flow_targets_max = 100;
constexpr int flow_parallel_max = 16;         // tandem §4.5
constexpr int flow_attempts_default = 3;      // tandem §4.5: of a node
constexpr int flow_attempts_max = 10;         // tandem §4.5
constexpr std::int64_t flow_node_ms_min = 1;  // of a node's time
constexpr std::int64_t flow_time_ms_max = std::int64_t{30} * 24 * 3600 * 1000;
constexpr std::size_t flow_reason_bytes_max = 2 * KiB;
constexpr std::size_t flow_summary_chars_max = 240;        // tandem §4.5
constexpr std::size_t flow_output_bytes_max = 64 * KiB;    // of one node
constexpr std::size_t flow_message_bytes_max = 512 * KiB;  // that a node is given, with its inputs
// Of one run: what happened to it; the oldest go first.
constexpr std::size_t flow_history_max = 500;
constexpr std::size_t flow_gates_kept_max = 100;
// Of all runs of one account that are kept.
constexpr std::size_t flow_run_bytes_per_account = 256 * MiB;
// Of one list of runs, with their texts: what is beyond it is left out, the oldest first.
constexpr std::size_t flow_list_bytes_max = 16 * MiB;
constexpr std::size_t flow_list_bytes_page_max = 4 * MiB;  // of one read
// A flow's job is taken up again after so many crashes in the middle of its own steps; then a human
// has to recover its run.
constexpr int flow_job_attempts = job_attempts_max;
// Somebody may let a run go on in the moment in which its job ends: then it is done again at once.
constexpr auto flow_job_retry_delay = 100ms;
// Rounds of one attempt at a flow's job, before another job gets its slot.
constexpr int flow_rounds_at_once = 100;

}  // namespace colonnade::limits
