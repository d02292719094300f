// The store port for routines and their runs, as core/events/journal.hpp says of all.
//
// Their changes are one alternative of core::Change, a pointer to a RoutineChange
// (routine_change() makes it). A run's notes go with its job.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/limits.hpp"
#include "core/routines/limits.hpp"
#include "core/routines/routine.hpp"

namespace colonnade::core {

using base::Result;
using base::Time;

class RoutineStore {
 public:
  virtual ~RoutineStore() = default;
  // That owner's; nullopt: the oldest of that id in the scope.
  virtual base::Task<Result<std::optional<Routine>>> routine(Scope scope,
                                                             std::optional<std::string> owner,
                                                             std::string id) = 0;
  // In the order of their creation; after the one with that owner and id, both "" for the first
  // page.
  virtual base::Task<Result<std::vector<Routine>>> routines(Scope scope,
                                                            std::optional<std::string> owner,
                                                            std::string after_owner,
                                                            std::string after_id,
                                                            std::size_t limit) = 0;
  virtual base::Task<Result<std::optional<RoutineRunNotes>>> routine_run(Scope scope,
                                                                         std::string job_id) = 0;
  // The job whose end that run has to wait for: of those of its routine that have not ended, the
  // one before it in line, else the one that leads. nullopt: nobody is in its way.
  virtual base::Task<Result<std::optional<std::string>>> run_before(Scope scope, std::string owner,
                                                                    std::string routine_id,
                                                                    std::string job_id) = 0;
};

// Inserts, or replaces the one of that owner and id. conflict with the field "revision" unless it
// is at `routine.revision - 1`, which is 0 for a new one; too_large when it is new and the account
// has `routines_max`.
struct PutRoutine {
  Routine routine;
  std::size_t routines_max = limits::routines_per_account;
};
struct RemoveRoutine {  // not_found. Its runs stay, without the files that are kept of them
  std::string owner{};
  std::string id{};
};
// Inserts or replaces, as above. not_found when there is no such job. In line: conflict with
// the field "line" when it is to lead and another run of the routine that has not ended does;
// rate_limited with the field "waiting" when it gets in line and `waiting_max` are there already.
// With files that are new in it: too_large when they would be more than `file_bytes_max` with those
// that the account has; not_found with the field "artifacts" when its session was erased or its
// routine removed.
struct PutRoutineRun {
  RoutineRunNotes notes;
  std::size_t waiting_max = limits::routine_runs_waiting_max;
  std::size_t file_bytes_max = limits::routine_file_bytes_per_account;
};
// To the unit that parks a job until that one ends, behind it: who waits for that is woken at once
// when it is not in line any more.
struct WatchRoutineLine {
  std::string job_id{};
  Time at{};
};

struct RoutineChange {
  std::variant<PutRoutine, RemoveRoutine, PutRoutineRun, WatchRoutineLine> what;
};

template <class One>
std::shared_ptr<const RoutineChange> routine_change(One one) {
  return std::make_shared<const RoutineChange>(RoutineChange{std::move(one)});
}

// That somebody else has changed it meanwhile.
constexpr std::string_view routine_revision_field = "revision";
// That another run leads; that too many wait; that files are of nobody any more.
constexpr std::string_view routine_line_field = "line";
constexpr std::string_view routine_waiting_field = "waiting";
constexpr std::string_view routine_files_field = "artifacts";
// What a run's notes say of a session that was erased.
constexpr std::string_view routine_session_erased = "the session of the run was erased";

}  // namespace colonnade::core
