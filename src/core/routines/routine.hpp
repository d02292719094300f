// A routine: work that an agent does unattended, on a schedule or when somebody says so. Tandem's
// routines and automations (V1) are both this.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/access/scope.hpp"
#include "core/jobs/job_schedule.hpp"

namespace colonnade::core {

// What a run of it does. A run has a copy of its own, so that a later change does not reach it.
struct RoutineTask {
  // What is asked of the agent, unless `arguments` have a text under "prompt".
  std::string entrypoint{};
  base::Json arguments = base::Json::object();
  // The grant of whoever made the routine: its runs may call these tools alone, and call them
  // unasked where a human would be asked; what is denied stays denied. Names in which `*` is any
  // run of characters. Empty: all tools of the agent, and no grant.
  std::vector<std::string> allowed_tools{};
  std::vector<std::string> output_targets{};
  // Of one that uses external integrations: whether a human agrees to each run, and whether it may
  // run at all.
  bool requires_approval = true;
  bool external_integrations_allowed = false;

  bool operator==(const RoutineTask&) const = default;
};

struct Routine {
  std::string id{};  // of its owner's own choice, or made
  Scope scope;
  std::string owner{};        // a user id
  std::string schedule_id{};  // a JobSchedule; "" for one that only runs when somebody says so
  bool is_active = true;      // runs when it is due
  std::int64_t revision = 0;  // 1 for a new one, one more with each change
  base::Time created_at{};
  base::Time updated_at{};
  std::string name{};
  RoutineTask task{};
  // As whoever made it says; names nobody that this server knows.
  std::string creator_type{"user"};
  std::string creator_id{"unknown"};
};

// A routine with what its schedule says.
struct ScheduledRoutine {
  Routine routine;
  std::optional<JobSchedule> schedule{};  // none: it only runs when somebody says so
};

enum class RoutineTrigger { manual, scheduled };
std::string_view to_string(RoutineTrigger trigger);
std::optional<RoutineTrigger> routine_trigger_from(std::string_view text);

enum class RoutineRunState {
  queued,
  pending_approval,  // a human has to agree before it begins
  running,
  paused,
  blocked_policy,  // it may not run; never began
  denied,          // by a human; never began
  completed,
  failed,
  cancelled,
};
std::string_view to_string(RoutineRunState state);
std::optional<RoutineRunState> routine_run_state_from(std::string_view text);
constexpr bool has_ended(RoutineRunState s) {
  using enum RoutineRunState;
  return s == blocked_policy || s == denied || s == completed || s == failed || s == cancelled;
}

// What a run left behind: a place that somebody names, or a file of its workspace that is kept.
struct RoutineArtifact {
  std::string id{};
  std::string uri{};
  std::string kind{};
  std::string label{};  // "" for none
  base::Json metadata = nullptr;
  base::Time created_at{};
  std::int64_t bytes = -1;  // of a kept file; -1: there is none

  // Whether there is such a file. Not any more once its session was erased or its routine removed.
  bool is_kept() const { return bytes >= 0; }
  bool operator==(const RoutineArtifact&) const = default;
};

// A run's place in the line of its routine, whose runs come one after the other: as long as the one
// that leads it has not ended, the others wait.
enum class RoutineLine {
  none,   // it has not come to that, or somebody has paused it
  waits,  // behind another
  leads,  // from when its session is named to its end
};

// How a run has ended, where its job does not say.
enum class RoutineRunEnd { none, blocked, denied, cancelled };
std::string_view to_string(RoutineRunEnd end);
std::optional<RoutineRunEnd> routine_run_end_from(std::string_view text);

// What is known of a run besides its job.
struct RoutineRunNotes {
  std::string id{};  // its job's
  Scope scope;
  std::string owner{};
  std::string routine_id{};
  std::int64_t revision = 0;     // as Routine has it
  std::string thread_id{};       // that it works in, or is about to; "" for none
  std::string run_id{};          // of the agent, there
  std::string last_thread_id{};  // of this attempt, or the one before a pause
  RoutineLine line = RoutineLine::none;
  RoutineRunEnd end = RoutineRunEnd::none;
  bool is_told = false;  // that there is such a run
  bool is_approved = false;
  std::string approval_reason{};
  std::string denial_reason{};
  std::string paused_reason{};
  std::string detail{};
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t cost_micros = 0;
  std::vector<RoutineArtifact> artifacts{};
};

// A run as a client looks at it.
struct RoutineRun {
  std::string id{};
  Scope scope;
  std::string owner{};
  std::string routine_id{};
  RoutineTrigger trigger = RoutineTrigger::manual;
  int run_count = 1;  // due times that it stands for
  RoutineRunState state = RoutineRunState::queued;
  base::Time created_at{};
  base::Time updated_at{};
  std::optional<base::Time> fired_at{};
  std::optional<base::Time> started_at{};
  std::optional<base::Time> finished_at{};
  RoutineTask task{};
  RoutineRunNotes notes;
};

}  // namespace colonnade::core
