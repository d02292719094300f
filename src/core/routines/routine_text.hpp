// Routines and their runs as JSON texts: what a job carries, and what the store keeps.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/jobs/job.hpp"
#include "core/routines/routine.hpp"

namespace colonnade::core {

// What a job of a routine carries.
struct RoutinePayload {
  std::string routine_id{};
  RoutineTask task{};
  int run_count = 1;  // of one that somebody began
  std::string reason{};
};
std::string to_payload(const RoutinePayload& payload);
// Errors: invalid: this is no routine's job.
base::Result<RoutinePayload> payload_from(std::string_view text);

// name, task and creator.
std::string definition_text(const Routine& routine);
base::Result<void> read_definition(std::string_view text, Routine& into);
// Everything but what has a column of its own: id, scope, owner, routine_id, revision.
std::string notes_text(const RoutineRunNotes& notes);
base::Result<void> read_notes(std::string_view text, RoutineRunNotes& into);

// The handler's name, and the tag of the jobs of all routines.
constexpr std::string_view routine_handler = "routine";
// The name of a routine's task.
std::string routine_task_name(std::string_view routine_id);
// Whether a job is a routine's run.
bool is_routine_job(const Job& job);

// The run of a job. `notes`: nullopt before anything is known of it. Errors: of payload_from().
base::Result<RoutineRun> routine_run_of(const Job& job, std::optional<RoutineRunNotes> notes);

}  // namespace colonnade::core
