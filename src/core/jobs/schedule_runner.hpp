// Fires schedules when they are due, as long as it runs.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/events/commit_retry.hpp"
#include "core/jobs/job_bell.hpp"
#include "core/jobs/job_schedules.hpp"

namespace colonnade::core {

class ScheduleRunner final : private JobBell::Listener {
 public:
  // All must outlive it. The bell listens to the feed of the schedules.
  ScheduleRunner(JobSchedules& schedules, base::Clock& clock, JobBell& bell,
                 CommitRetry retry = {});
  ~ScheduleRunner() override;
  ScheduleRunner(const ScheduleRunner&) = delete;
  ScheduleRunner& operator=(const ScheduleRunner&) = delete;

  // Once. Returns soon after `stop`; costs nothing while nothing is due and nobody changes
  // anything.
  base::Task<void> run(std::stop_token stop);

 private:
  void jobs_may_be_due() override {}
  void schedules_may_be_due() override { wake_->notify(); }
  void job_stopped(const std::string& /*id*/) override {}

  JobSchedules& schedules_;
  base::Clock& clock_;
  JobBell& bell_;
  const CommitRetry retry_;
  std::shared_ptr<base::Signal> wake_ = std::make_shared<base::Signal>();
};

}  // namespace colonnade::core
