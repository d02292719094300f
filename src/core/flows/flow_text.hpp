// Flows and their runs as JSON texts: what a job carries, and what the store keeps.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/flows/flow.hpp"
#include "core/flows/flow_run.hpp"
#include "core/jobs/job.hpp"

namespace colonnade::core {

// All of a flow but its place: definition, timing, status, creator.
std::string flow_text(const Flow& flow);
// Errors: invalid, for a text that is no such thing.
base::Result<void> read_flow(std::string_view text, Flow& into);

std::string progress_text(const FlowProgress& progress);
base::Result<void> read_progress(std::string_view text, FlowProgress& into);

// What a job of a flow carries. `run_id` is "" for the first job of a run, whose id is the run's.
struct FlowPayload {
  std::string run_id{};
  Flow flow;  // as it is to run; its owner and scope are the job's
};
std::string to_payload(const FlowPayload& payload);
base::Result<FlowPayload> flow_payload_from(const Job& job);

// The handler's name, and the tag of the jobs of all flows.
constexpr std::string_view flow_handler = "flow";
// The name of a flow's task.
std::string flow_task_name(std::string_view flow_id);
bool is_flow_job(const Job& job);

}  // namespace colonnade::core
