// Does the runs of routines: each is a session of its own in which the agent works, as the
// routine's owner and under the routine's grant.
//
// While the agent works, or waits for a human, the job is parked: it has no slot, no lane and no
// memory. Done again after a crash, it goes on with the session that it had. Runs of one routine
// come one after the other: a job takes the lead of its routine's line in the transaction that
// names its session, and is parked behind another run as long as that leads.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/artifacts/artifacts.hpp"
#include "core/events/event_feed.hpp"
#include "core/events/feed_listener.hpp"
#include "core/events/notices.hpp"
#include "core/jobs/job_store.hpp"
#include "core/jobs/job_work.hpp"
#include "core/routines/routine_files.hpp"
#include "core/routines/routine_outputs.hpp"
#include "core/routines/routine_store.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/threads.hpp"

namespace colonnade::core {

struct RoutineHandlerPorts {
  RoutineStore& store;
  JobStore& job_store;
  EventFeed& feed;
  Threads& threads;
  Runs& runs;
  Artifacts& artifacts;
  RoutineFiles& files;
  WrittenFileSource& written_files;
  const Notices& notices;
  base::Lanes& lanes;
  base::Clock& clock;
};

struct RoutineHandlerOptions {
  // A call that no grant allows and a human would be asked about is asked; else denied at once.
  bool asks = true;
};

// All must outlive it, and it the lanes' work. Give it to EventFeed::listen() and to JobHandlers
// before the first commit.
class RoutineHandler final : public JobHandler, public FeedListener {
 public:
  RoutineHandler(RoutineHandlerPorts ports, RoutineHandlerOptions options)
      : ports_(ports),
        options_(options),
        outputs_({.threads = ports.threads,
                  .artifacts = ports.artifacts,
                  .files = ports.files,
                  .written_files = ports.written_files,
                  .clock = ports.clock}) {}

  base::Task<JobStep> run(JobContext context) override;
  base::Task<bool> may_go_on(Job job) override;
  // Stops its agent, and tells of an end that run() has not come to.
  base::Task<void> stopped(Job job) override;

  // Tells of the end of a run once that is stored.
  void jobs_changed(const JobChange& change) override;
  // Tells of calls that the gate has denied to a run, or to what it has handed on.
  bool follows_runs() const override { return true; }
  void call_denied(const Event& event) override;

 private:
  struct Attempt;
  using AttemptPtr = std::shared_ptr<Attempt>;

  base::Task<std::optional<JobStep>> open(AttemptPtr attempt);
  base::Task<void> tell_fired(AttemptPtr attempt);
  base::Task<JobStep> begin(AttemptPtr attempt);
  base::Task<std::optional<JobStep>> take_lead(AttemptPtr attempt);
  base::Task<JobStep> wait_in_line(AttemptPtr attempt, std::string run_before);
  base::Task<Result<std::size_t>> waiting_max(AttemptPtr attempt);
  base::Task<Result<Run>> run_in(AttemptPtr attempt);
  base::Task<Result<Run>> start_agent(AttemptPtr attempt);
  base::Task<JobStep> follow(AttemptPtr attempt);
  base::Task<JobStep> finish(AttemptPtr attempt, RunDetail detail);
  base::Task<Result<void>> put(AttemptPtr attempt,
                               std::size_t waiting_max = limits::routine_runs_waiting_max);
  base::Task<Result<void>> put_merged(AttemptPtr attempt);
  JobStep failed_or_later(base::Error error) const;
  base::Task<JobStep> give_up(AttemptPtr attempt, std::string why, NoticeKind kind);

  base::Task<void> note_end(Job job);
  struct DeniedCall;
  static base::Task<void> tell_denied(RoutineHandler* self, DeniedCall call);
  JobParked parked(std::string waits_for) const;
  void tell(const Attempt& attempt, NoticeKind kind, base::Json details = nullptr) const;
  void tell_of_artifacts(const Attempt& attempt, std::size_t known) const;
  void tell_when_ended(const Attempt& attempt, NoticeKind kind, base::Json details);

  RoutineHandlerPorts ports_;
  RoutineHandlerOptions options_;
  RoutineOutputs outputs_;
  std::mutex mutex_;
  std::unordered_map<std::string, Notice> endings_to_tell_;  // by the job that is about to end
};

}  // namespace colonnade::core
