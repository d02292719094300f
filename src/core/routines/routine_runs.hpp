// What can be done with the runs of routines. Each is a job; who sees it decides
// core/access/visibility: its owner, and an operator of its scope.
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
#include "core/jobs/jobs.hpp"
#include "core/routines/routine_files.hpp"
#include "core/routines/routine_store.hpp"
#include "core/runs/runs.hpp"

namespace colonnade::core {

struct NewRoutineRun {
  int run_count = 1;  // 1 to limits::routine_run_count_max
  std::string reason{};
  std::string keyed_request_id{};  // linked to the run in the same transaction; "" for none
};

struct NewRoutineArtifact {
  std::string uri{};   // of any kind
  std::string kind{};  // the client's own word
  std::string label{};
  base::Json metadata = nullptr;  // an object or null
};

struct PausedRoutineRun {
  RoutineRun run;
  std::vector<std::string> stopped_threads{};  // whose agent was stopped
};

struct RoutineRunPorts {
  RoutineStore& store;
  Jobs& jobs;
  EventFeed& feed;
  Runs& runs;
  RoutineFiles& files;
  const Notices& notices;
  const Redaction& redaction;
  base::Clock& clock;
};

// Thread-safe. Errors of all: not_found for what the caller does not see; those of a commit.
class RoutineRuns {
 public:
  explicit RoutineRuns(RoutineRunPorts ports) : ports_(ports) {}

  // A run now, whether the routine is active or not; it waits until those before it have ended. It
  // waits for approval, or is blocked, where the routine's use of external integrations says so:
  // the run's state tells. invalid for a count out of range; rate_limited with the field "waiting"
  // when limits::routine_runs_waiting_max wait; rate_limited and too_large as InsertJob has them.
  base::Task<Result<RoutineRun>> begin(Principal who, Routine routine, NewRoutineRun input);
  base::Task<Result<RoutineRun>> get(Principal who, std::string id);
  // Newest first; `limit` at most, and of limits::routine_list_bytes_max of texts. Of all routines
  // without one.
  base::Task<Result<std::vector<RoutineRun>>> list(Principal who, std::optional<Routine> of,
                                                   std::size_t limit);

  // conflict with the field "state": not in a state for it. The reasons are kept; too_large.
  base::Task<Result<RoutineRun>> approve(Principal who, std::string id, std::string reason);
  base::Task<Result<RoutineRun>> deny(Principal who, std::string id, std::string reason);
  // What is queued or under way; its agent is stopped.
  base::Task<Result<PausedRoutineRun>> pause(Principal who, std::string id, std::string reason);
  // Begins anew.
  base::Task<Result<RoutineRun>> resume(Principal who, std::string id, std::string reason);

  // invalid and too_large with the field.
  base::Task<Result<RoutineRun>> add_artifact(Principal who, std::string id,
                                              NewRoutineArtifact input);
  // The bytes of a kept file. not_found also when there is none.
  base::Task<Result<KeptRoutineFile>> file(Principal who, std::string id, std::string artifact_id);

 private:
  using Change = std::function<Result<void>(const Job&, RoutineRun&, Unit&)>;
  base::Task<Result<RoutineRun>> change(Principal who, std::string id, Change change);
  base::Task<Result<RoutineRun>> run_of(Job job);
  base::Task<Result<bool>> stop_agent(RoutineRun run);
  void tell(NoticeKind kind, const RoutineRun& run, base::Json details = nullptr) const;
  void audit(Unit& unit, const Principal& who, const RoutineRun& run, std::string_view what,
             const std::string& reason) const;

  RoutineRunPorts ports_;
};

// What becomes of a run when it is to begin (tandem §4.4).
enum class RoutineGate { runs, asks, blocks };
RoutineGate gate_of(const RoutineTask& task);
constexpr std::string_view routine_blocked_reason = "external integrations are disabled by policy";

// The notice of something that happened to a run.
Notice routine_notice(NoticeKind kind, const RoutineRun& run, base::Time at,
                      base::Json details = nullptr);
// "Routine <id>", for who reads decisions and titles.
std::string routine_label(std::string_view routine_id);
// What all jobs of the routine have in common.
JobTemplate routine_job(const Routine& routine, int run_count = 1, std::string reason = {});

}  // namespace colonnade::core
