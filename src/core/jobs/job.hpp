// A job: a piece of work that is stored before it is done, and done later, in turn, or again.
//
// Its texts (payload, metadata, progress, output) are JSON that the engine does not look into.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "core/access/scope.hpp"
#include "core/jobs/job_state.hpp"
#include "core/jobs/limits.hpp"

namespace colonnade::core {

// Whose it is. Has no default, so that it cannot be left out by accident.
struct JobOwner {
  JobOwner(Scope scope_in, std::string user_in)
      : scope(std::move(scope_in)), user_id(std::move(user_in)) {}
  Scope scope;
  std::string user_id;
  bool operator==(const JobOwner&) const = default;
};

// What does it.
enum class JobHandlerKind {
  internal,  // the server itself; `name` is in core/jobs/job_handlers.hpp
  tool,      // one call through the gate; `name` says whose words (core/jobs/tool_jobs.hpp)
  agent,     // one turn of an agent; `name` says whose words (core/jobs/agent_jobs.hpp)
};
std::string_view to_string(JobHandlerKind kind);
std::optional<JobHandlerKind> job_handler_kind_from(std::string_view text);

struct JobWork {
  JobHandlerKind kind = JobHandlerKind::internal;
  std::string name{};
  bool operator==(const JobWork&) const = default;
};

// Jobs of one queue run in the order of their priority, and then of when they were due. A key
// splits a queue: each part counts for itself.
struct JobQueue {
  std::string name{};  // "" is the queue of the task
  std::string key{};
  int running_max = limits::queue_running_default;  // at once, whoever's they are
  bool operator==(const JobQueue&) const = default;
};

struct JobAttempts {
  int made = 0;
  int max = limits::job_attempts_default;
  // Before the second attempt; doubles with each, to the last.
  std::chrono::microseconds delay_min = limits::job_retry_delay_min;
  std::chrono::microseconds delay_max = limits::job_retry_delay_max;
  bool operator==(const JobAttempts&) const = default;
};

// How long to wait after attempt number `made`, from 1: up to a quarter more, by `spread`, any
// number that differs between those who wait.
std::chrono::microseconds retry_delay(const JobAttempts& attempts, std::size_t spread);

// Of one scope and one task, whoever triggers it: as long as the key lives, a second trigger is the
// first one's job. A job that fails gives its key back.
struct JobKey {
  std::string text{};  // "" for none
  base::Time expires_at{};
  bool operator==(const JobKey&) const = default;
};

// Where a job comes from.
struct JobOrigin {
  std::string parent_id{};  // the job that began it
  std::string batch_id{};
  std::string schedule_id{};
  std::string replay_of{};  // the job that it repeats
  int depth = 0;            // 0 for one that no job began
  // Of a schedule's: the due time that it stands for (the last of them), the one that the schedule
  // fired for before, and how many it stands for.
  std::optional<base::Time> due_at{};
  std::optional<base::Time> due_before{};
  int due_times = 0;
  // Of one that an agent began by a tool: the run in which it did, and that run's thread. The store
  // tells that thread how the job gets on (SpawnedJobMoved).
  std::string thread_id{};
  std::string run_id{};
  bool operator==(const JobOrigin&) const = default;
};

struct JobError {
  JobFailure failure = JobFailure::none;
  std::string message{};
  bool operator==(const JobError&) const = default;
};

// Who has a job at the moment: nobody else ends it. `fence` grows with each claim, so that whoever
// lost a job is refused.
struct JobHold {
  std::string id{};
  std::int64_t fence = 0;
};

struct Job {
  std::int64_t no = 0;  // the store's: later jobs have larger ones; where a page begins
  std::string id{};
  JobOwner owner;
  std::string task{};  // what it is a run of: a task's, a routine's name
  JobWork work{};
  std::string payload{};
  JobQueue queue{};
  int priority = 0;  // the larger first
  JobAttempts attempts{};
  JobKey key{};
  JobOrigin origin{};
  std::vector<std::string> tags{};
  std::string metadata{};
  bool is_test = false;
  // What becomes of it when its process dies in the middle: it is done again, or it failed.
  bool repeats_when_lost = true;

  JobState state = JobState::queued;
  std::int64_t fence = 0;
  std::string worker{};
  base::Time created_at{};
  base::Time updated_at{};
  std::optional<base::Time> run_at{};                   // not before
  std::optional<base::Time> expires_at{};               // not begun by then, it never is
  std::optional<std::chrono::microseconds> time_max{};  // of one attempt
  std::optional<base::Time> started_at{};               // first
  std::optional<base::Time> finished_at{};
  std::optional<base::Time> lease_until{};  // while it runs
  // While it waits.
  std::string waits_for{};
  std::optional<base::Time> waits_until{};

  std::string progress{};
  std::string output{};
  JobError error{};
};

// Jobs that were triggered together, in the order of their payloads.
struct JobBatch {
  std::string id{};
  JobOwner owner;
  std::string task{};
  JobKey key{};
  base::Time created_at{};
  int jobs = 0;
  int done = 0;
  int failed = 0;
  int cancelled = 0;

  bool has_ended() const { return done + failed + cancelled >= jobs; }
};

// What a job that waits for another, or for all of a batch, waits for. The store wakes it.
inline std::string until_job_ends(std::string_view id) { return "job:" + std::string(id); }
inline std::string until_batch_ends(std::string_view id) { return "batch:" + std::string(id); }
// Until somebody resumes it, or agrees to it.
constexpr std::string_view until_resumed = "resume";
constexpr std::string_view until_approved = "approval";

}  // namespace colonnade::core
