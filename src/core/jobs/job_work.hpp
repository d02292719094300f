// What does jobs: handlers, and the table of them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/events/journal.hpp"
#include "core/jobs/job.hpp"

namespace colonnade::core {

// What an attempt has come to.
//
// `changes` and `events`, of the job's scope, are committed in the transaction that ends the job:
// an effect that is expressed in them happens once, however often the job is tried. What the store
// refuses of them fails the attempt.
struct JobDone {
  std::string output{};
  std::vector<Change> changes{};
  std::vector<Event> events{};
};
struct JobFailed {
  base::Error error{};
  bool is_final = false;  // whatever attempts are left
};
// Goes on, with a new call of the handler, when what it waits for has happened: until_job_ends(),
// until_batch_ends(), or a word of the handler's own that WakeJobs names. "" waits for the time
// alone, a word that begins with or_time_comes for the time as well; with any other the job fails
// at that time. Nothing waits in memory.
struct JobParked {
  std::string waits_for{};
  std::optional<base::Time> until{};
  std::vector<Change>
      changes{};  // committed in the transaction that parks it; nothing refuses them
};
// Somebody ended what it does, without knowing of the job.
struct JobCancelled {
  std::string reason{};
};
using JobStep = std::variant<JobDone, JobFailed, JobParked, JobCancelled>;

// What a handler is given.
struct JobContext {
  Job job;
  base::Lane* lane = nullptr;  // the one that the handler runs on
  // Requested when the job is cancelled or held, takes too long, is lost to somebody else, or the
  // server stops. What the handler returns then counts only in the last case: an error of the kind
  // `cancelled` gives the job back, as if the attempt had not been. A handler that does not return
  // in limits::job_stop_time is left to itself.
  std::stop_token stop{};
  // Requested when the server begins to stop, limits::job_drain_time before `stop`: for handlers of
  // what goes on at the next start by itself. Such an error gives the job back from here on.
  std::stop_token server_stops{};
  // Stores how far it is, JSON of at most limits::job_progress_bytes_max. conflict with the field
  // "fence" once the job is lost; too_large.
  std::function<base::Task<base::Result<void>>(std::string)> report{};
};

class JobHandler {
 public:
  virtual ~JobHandler() = default;
  // On any lane; several at once. An exception fails the attempt.
  virtual base::Task<JobStep> run(JobContext context) = 0;
  // After the job was parked for a word of the handler's own: whether that has happened meanwhile.
  // `job` is as it was claimed, but for `waits_for`. Then it goes on at once; what happened before
  // it was parked would else be waited for in vain.
  virtual base::Task<bool> may_go_on(Job job);
  // After the job was stopped, wherever it was: somebody cancelled or held it, it has failed for
  // good, or time has ended it. Ends what it began and what would go on without it, which may have
  // ended by itself. `job` is as it is then, with the progress that it had. run(), if it runs,
  // hears of it by its own stop too. May be called more than once; on any lane.
  virtual base::Task<void> stopped(Job job);
};

// A handler that is one function of the job, for what the server does by itself.
class FunctionHandler final : public JobHandler {
 public:
  using Function = std::function<base::Task<JobStep>(JobContext)>;
  explicit FunctionHandler(Function function) : function_(std::move(function)) {}
  base::Task<JobStep> run(JobContext context) override;

 private:
  Function function_;
};

// The table. Filled before the first job, read by any thread then.
class JobHandlers {
 public:
  // Of `internal` each name has one; of the other kinds one sees to all names, under the name "".
  void add(JobHandlerKind kind, std::string name, std::shared_ptr<JobHandler> handler);
  // nullptr when there is none.
  JobHandler* find(const JobWork& work) const;

 private:
  std::map<std::pair<JobHandlerKind, std::string>, std::shared_ptr<JobHandler>> handlers_;
};

}  // namespace colonnade::core
