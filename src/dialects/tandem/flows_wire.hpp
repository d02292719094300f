// Bodies of automations V2, which core calls flows (tandem §2.6).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/flows/flow.hpp"
#include "core/flows/flow_run.hpp"
#include "core/flows/flow_runs.hpp"
#include "core/flows/flows.hpp"

namespace colonnade::dialects::tandem {

// Errors: invalid with the field. Names in the engine's spelling and in that of clients.
base::Result<core::NewFlow> decode_new_flow(const base::Json& body);
// A PATCH of what is `before`.
base::Result<core::FlowUpdate> decode_flow_update(const base::Json& body, const core::Flow& before);
base::Result<core::NewFlowRun> decode_new_flow_run(const base::Json& body);
base::Result<core::FlowRepair> decode_flow_repair(const base::Json& body);

// Which words a client takes for a run's state: one that knows only those of the 0.4.6 client is
// told `paused` of one that waits at a gate (tandem §6).
enum class FlowWords { engine, few };

std::string encode_flow(const core::ScheduledFlow& flow);
std::string encode_flow_run(const core::FlowRun& run, FlowWords words);

// "automation-v2-run-<uuid>", and back; any other text stays as it is.
std::string shown_flow_run_id(std::string_view id);
std::string flow_run_id_from(std::string_view shown);

}  // namespace colonnade::dialects::tandem
