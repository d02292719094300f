// Bodies of routines and automations V1: one thing in two dresses (tandem §2.5).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/routines/routine.hpp"
#include "core/routines/routine_runs.hpp"
#include "core/routines/routines.hpp"

namespace colonnade::dialects::tandem {

enum class RoutineFamily { routines, automations };

// What an automation's mission or mode is refused with: AUTOMATION_INVALID.
constexpr std::string_view mission_field = "mission";

// Errors: invalid with the field.
base::Result<core::NewRoutine> decode_new_routine(RoutineFamily family, const base::Json& body);
// A PATCH of what is `before`. Errors as above.
base::Result<core::RoutineUpdate> decode_routine_update(RoutineFamily family,
                                                        const base::Json& body,
                                                        const core::ScheduledRoutine& before);
base::Result<core::NewRoutineRun> decode_new_run(const base::Json& body);
// Errors: invalid with the field: ROUTINE_ARTIFACT_INVALID.
base::Result<core::NewRoutineArtifact> decode_artifact(const base::Json& body);

// The members of a record, without its braces.
void write_routine_members(base::JsonWriter& json, RoutineFamily family,
                           const core::ScheduledRoutine& routine);
std::string encode_routine(RoutineFamily family, const core::ScheduledRoutine& routine);
std::string encode_run(RoutineFamily family, const core::RoutineRun& run);
std::string encode_artifact(RoutineFamily family, const core::RoutineRun& run,
                            const core::RoutineArtifact& artifact);

// The status word of clients that know fewer (tandem §1.7): "succeeded", "canceled", "unknown".
std::string_view flat_status(core::RoutineRunState state);

// "routine-run-<uuid>", "automation-run-<uuid>", "artifact-<uuid>", and back; any other text stays
// as it is.
std::string shown_run_id(RoutineFamily family, std::string_view id);
std::string run_id_from(std::string_view shown);
std::string shown_artifact_id(std::string_view id);
std::string artifact_id_from(std::string_view shown);

// "routineID" or "automationID", as errors and events name it.
constexpr std::string_view id_member(RoutineFamily family) {
  return family == RoutineFamily::routines ? "routineID" : "automationID";
}

}  // namespace colonnade::dialects::tandem
