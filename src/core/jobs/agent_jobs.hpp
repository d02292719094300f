// Jobs of the kind `agent`: a turn of an agent in a thread, with nobody there.
//
// Where the turn is (its thread and its run) is stored as the job's progress before either is
// begun, so a job that is taken up again finds its turn, and begins no second one. While the run
// works, the job has its slot, and nothing but a coroutine that waits for events. While the run
// waits for a human, the job waits too: a row and nothing else.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/events/subscriptions.hpp"
#include "core/jobs/job_store.hpp"
#include "core/jobs/job_work.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/threads.hpp"

namespace colonnade::core {

// What a job asks an agent. `message` needs neither thread nor run.
struct AgentWork {
  std::string thread_id{};  // "": a thread of the job's own, made as `thread` says
  NewThread thread{};
  NewMessage message{};
};

// Whose words jobs are made of: tasks, routines. Thread-safe.
class AgentWorkSource {
 public:
  virtual ~AgentWorkSource() = default;
  // Errors: final, unless they are `retryable` or unavailable.
  virtual base::Task<base::Result<AgentWork>> work_of(Job job) = 0;
  // The output of a job whose turn has succeeded, as JSON. Errors fail the attempt.
  virtual base::Result<std::string> output_of(const Job& job, const RunDetail& turn) = 0;
};

// Where a job's turn is; its progress, {"threadId","runId","attempt"}.
struct AgentTurnPlace {
  std::string thread_id{};
  std::string run_id{};
  int attempt = 0;  // that began the run
};
AgentTurnPlace turn_place_of(const Job& job);

// Thread-safe.
class AgentJobs final : public JobHandler {
 public:
  struct Dependencies {
    JobStore& store;
    Threads& threads;
    Runs& runs;
    Subscriptions& subscriptions;
    base::Clock& clock;
  };
  // All must outlive it.
  explicit AgentJobs(Dependencies deps) : deps_(deps) {}

  // Before the first job; `name` is JobWork::name of those jobs.
  void add_source(std::string name, AgentWorkSource& source) {
    sources_.insert_or_assign(std::move(name), &source);
  }

  // At the start, after the runs were taken up: those that work for a job which does not know of
  // them, or has ended, are cancelled; its server died before it came to that. Errors: the store's.
  base::Task<Result<void>> end_orphans(RunStore* store);

  base::Task<JobStep> run(JobContext context) override;
  base::Task<bool> may_go_on(Job job) override;
  base::Task<void> stopped(Job job) override;

 private:
  class Follower;
  struct Turn;

  base::Task<std::optional<JobStep>> begin(Turn* turn);
  base::Task<std::optional<JobStep>> start_run(Turn* turn, AgentWork work);
  base::Task<JobStep> follow(Turn* turn);
  base::Task<JobStep> told_to_stop(Turn* turn);
  JobStep step_of(const Turn& turn, const RunDetail& detail) const;

  Dependencies deps_;
  std::map<std::string, AgentWorkSource*, std::less<>> sources_;
};

}  // namespace colonnade::core
