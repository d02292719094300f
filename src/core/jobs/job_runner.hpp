// Does jobs: claims what is queued, hands each to its handler, and stores what comes of it.
//
// A slot is a job that its handler works on; a job that waits has none. Whoever ends a job claims
// the next one in the same transaction, so that a busy runner writes once for each job. While there
// is nothing to do it waits for the bell, or for the time of the next job.
//
// What cannot be stored is tried again with back-off while the job holds its slot (the recorder's
// rule of ARCHITECTURE.md); a job that was lost meanwhile is dropped, whatever came of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/events/commit_retry.hpp"
#include "core/events/event_feed.hpp"
#include "core/jobs/job_bell.hpp"
#include "core/jobs/job_store.hpp"
#include "core/jobs/job_work.hpp"
#include "core/jobs/limits.hpp"

namespace colonnade::core {

struct JobRunnerOptions {
  std::string worker{};  // names it in the jobs that it runs; "": a random name
  std::size_t slots = limits::job_slots_default;
  // Of one account at once, in all runners together; 0: three quarters of the slots, at least one.
  int running_per_account = 0;
  std::chrono::microseconds lease = limits::job_lease;
  std::chrono::microseconds drain_time = limits::job_drain_time;
  std::chrono::microseconds stop_time = limits::job_stop_time;
  // Nobody else works on this store: what runs when it starts was left by a process that died.
  bool is_only_one = false;
  CommitRetry retry{};
};

// All must outlive the lanes' use. The handlers are complete; the bell listens to the feed.
struct JobRunnerDependencies {
  base::Lanes& lanes;
  JobStore& store;
  EventFeed& feed;
  base::Clock& clock;
  const JobHandlers& handlers;
  JobBell& bell;
};

class JobRunner final : private JobBell::Listener {
 public:
  explicit JobRunner(JobRunnerDependencies use, JobRunnerOptions options = {});
  // Not while run() runs.
  ~JobRunner() override;
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;

  // Once, on any lane. After `stop` nothing is claimed any more; what runs has the drain time to
  // finish and the stop time to end, and then goes back to its queue, or to whoever takes over its
  // lease. Returns when no job has a slot.
  base::Task<void> run(std::stop_token stop);

  // Jobs that have a slot. Any thread.
  std::size_t running() const;

 private:
  struct State;
  struct Running;
  struct Outcome;
  struct PendingClaim;
  struct Taken;
  using StatePtr = std::shared_ptr<State>;
  using RunningPtr = std::shared_ptr<Running>;

  void jobs_may_be_due() override;
  void schedules_may_be_due() override {}
  void job_stopped(const std::string& id) override;

  static base::Task<Result<void>> end_leases(StatePtr state, std::stop_token stop);
  static base::Task<Result<std::optional<Time>>> look(StatePtr state, std::stop_token stop);
  static base::Task<Result<std::vector<Taken>>> claim(StatePtr state, bool settles,
                                                      std::size_t free);
  static base::Task<std::vector<Job>> read_claim(StatePtr state, ClaimJobs claim);
  static base::Task<void> tell_of_ends(StatePtr state);
  static base::Task<Result<void>> tell_stopped(StatePtr state, JobPlace place);
  static base::Task<void> renew(StatePtr state);
  static base::Task<void> drain(StatePtr state);
  static base::Task<void> wait_for_slots(StatePtr state, std::chrono::microseconds time);

  static base::Task<void> work(StatePtr state, base::Lane* lane, Taken first);
  static base::Task<std::optional<JobStep>> perform(StatePtr state, base::Lane* lane,
                                                    RunningPtr running, Job job);
  static base::Task<void> call_handler(JobHandler* handler, JobContext context, RunningPtr running);
  static base::Task<Result<void>> report(StatePtr state, RunningPtr running, std::string progress);
  static std::optional<Outcome> outcome_of(const State& state, const Running& running, Job job,
                                           std::optional<JobStep> step);
  static Unit unit_of(const State& state, const Running& running, const Outcome& outcome);
  static base::Task<std::optional<Taken>> settle(StatePtr state, RunningPtr running,
                                                 Outcome outcome);
  static base::Task<void> wake_if_happened(StatePtr state, Job job, JobParked parked);

  StatePtr state_;
};

}  // namespace colonnade::core
