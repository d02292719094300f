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
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/limits.hpp"
#include "core/routines/limits.hpp"
#include "core/routines/routine.hpp"

namespace colonnade::core {

using base::Result;

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
};

// Inserts, or replaces the one of that owner and id. conflict with the field "revision" unless it
// is at `routine.revision - 1`, which is 0 for a new one; too_large when it is new and the account
// has `routines_max`.
struct PutRoutine {
  Routine routine;
  std::size_t routines_max = limits::routines_per_account;
};
struct RemoveRoutine {  // not_found. Its runs stay
  std::string owner{};
  std::string id{};
};
// Inserts or replaces, as above. not_found when there is no such job. too_large when the files that
// are new in it would be more than `file_bytes_max` with those that the account has.
struct PutRoutineRun {
  RoutineRunNotes notes;
  std::size_t file_bytes_max = limits::routine_file_bytes_per_account;
};

struct RoutineChange {
  std::variant<PutRoutine, RemoveRoutine, PutRoutineRun> what;
};

template <class One>
std::shared_ptr<const RoutineChange> routine_change(One one) {
  return std::make_shared<const RoutineChange>(RoutineChange{std::move(one)});
}

// That somebody else has changed it meanwhile.
constexpr std::string_view routine_revision_field = "revision";

}  // namespace colonnade::core
