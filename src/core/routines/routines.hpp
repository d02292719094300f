// What can be done with routines. Who sees one decides core/access/visibility: its owner, and an
// operator of its scope; to everybody else it is missing.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/events/event_feed.hpp"
#include "core/events/notices.hpp"
#include "core/governance/redaction.hpp"
#include "core/jobs/job_schedules.hpp"
#include "core/routines/routine_store.hpp"

namespace colonnade::core {

struct NewRoutine {
  // 1 to limits::routine_id_bytes_max letters, digits and any of "._-:", not the name of a path of
  // its neighbours; "" for one that is made, after `id_prefix`.
  std::string id{};
  std::string id_prefix{"routine-"};
  std::string name{};
  std::optional<JobTiming> timing{};  // none: it only runs when somebody says so
  Misfire misfire{};
  std::optional<base::Time> first_due_at{};  // in place of the first that the timing gives
  bool is_active = true;
  RoutineTask task{};
  std::string creator_type{"user"};
  std::string creator_id{"unknown"};
  std::string keyed_request_id{};  // linked to the routine in the same transaction; "" for none
};

// What is given is changed.
struct RoutineUpdate {
  std::optional<std::string> name{};
  std::optional<JobTiming> timing{};
  bool drops_timing = false;          // it only runs when somebody says so from now on
  std::optional<std::string> zone{};  // of the timing that it has
  std::optional<Misfire> misfire{};
  std::optional<base::Time> next_due_at{};
  std::optional<bool> is_active{};
  std::optional<std::string> entrypoint{};
  std::optional<base::Json> arguments{};  // an object
  std::optional<std::vector<std::string>> allowed_tools{};
  std::optional<std::vector<std::string>> output_targets{};
  std::optional<bool> requires_approval{};
  std::optional<bool> external_integrations_allowed{};
  std::optional<std::string> creator_type{};
  std::optional<std::string> creator_id{};
};

// What is stored in the transaction that makes a routine, told which one.
using AlsoWithRoutine = std::function<std::vector<Change>(const Routine&)>;

struct RoutinePorts {
  RoutineStore& store;
  JobSchedules& schedules;
  EventFeed& feed;
  const Notices& notices;
  const Redaction& redaction;
  base::Clock& clock;
};

// Thread-safe. What a routine's list of tools grants is in the audit trail, in the transaction that
// makes or changes it. Errors of all that change: those of a commit.
class Routines {
 public:
  explicit Routines(RoutinePorts ports) : ports_(ports) {}

  // Of the caller's. Errors: invalid with the field: "routine_id" (also for one that the caller
  // has), "name", "timing" and "timezone" as DueTimes has them, "misfire_policy", "allowed_tools",
  // "output_targets", "args"; too_large beyond limits::routines_per_account.
  base::Task<Result<ScheduledRoutine>> create(Principal who, NewRoutine input,
                                              AlsoWithRoutine also_with = {});
  // The caller's own first, else, for an operator, the oldest of that id. not_found.
  base::Task<Result<ScheduledRoutine>> get(Principal who, std::string id);
  // In the order of their creation: all that the caller sees, at most limits::list_rows_max.
  base::Task<Result<std::vector<ScheduledRoutine>>> list(Principal who);
  // not_found; else as create(). conflict when somebody else changes it all the time.
  base::Task<Result<ScheduledRoutine>> update(Principal who, std::string id, RoutineUpdate input);
  // Its runs stay; those that have not begun will fail. With `also` in the same transaction.
  // not_found.
  base::Task<Result<Routine>> remove(Principal who, std::string id, std::vector<Change> also = {});

 private:
  base::Task<Result<Routine>> find(Principal who, std::string id);
  base::Task<Result<ScheduledRoutine>> with_schedule(Principal who, Routine routine);
  base::Task<Result<void>> store_update(Principal who, ScheduledRoutine before, Routine after,
                                        RoutineUpdate input);
  void audit(std::vector<Change>& into, const Principal& who, const Routine& routine,
             std::string_view what) const;
  void tell(NoticeKind kind, const Routine& routine) const;

  RoutinePorts ports_;
};

}  // namespace colonnade::core
