// Jobs of the kind `tool`: one call of a tool through the gate, as a user's own call is made. Where
// the gate asks, the job waits for the human: a row and nothing else.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/governance/actions.hpp"
#include "core/governance/user_calls.hpp"
#include "core/jobs/job_work.hpp"

namespace colonnade::core {

// Whose words jobs are made of. Thread-safe.
class ToolWorkSource {
 public:
  virtual ~ToolWorkSource() = default;
  // Errors: final, unless they are `retryable` or unavailable.
  virtual base::Task<base::Result<UserCall>> call_of(Job job) = 0;
};

// Thread-safe.
class ToolJobs final : public JobHandler {
 public:
  struct Dependencies {
    UserCalls& calls;
    Actions& actions;
  };
  // All must outlive it.
  explicit ToolJobs(Dependencies deps) : deps_(deps) {}

  // Before the first job; `name` is JobWork::name of those jobs.
  void add_source(std::string name, ToolWorkSource& source) {
    sources_.insert_or_assign(std::move(name), &source);
  }

  base::Task<JobStep> run(JobContext context) override;
  base::Task<bool> may_go_on(Job job) override;
  base::Task<void> stopped(Job job) override;

 private:
  base::Task<JobStep> call(JobContext context, UserCall input);

  Dependencies deps_;
  std::map<std::string, ToolWorkSource*, std::less<>> sources_;
};

}  // namespace colonnade::core
