// The reads of jobs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/jobs/job_store.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/reader_pool.hpp"

namespace colonnade::storage::sqlite {

class JobReads final : public core::JobStore {
 public:
  // The readers must outlive it.
  explicit JobReads(ReaderPool& readers) : readers_(readers) {}

  base::Task<Result<std::optional<core::Job>>> job(core::Scope scope, std::string id) override;
  base::Task<Result<core::JobPage>> jobs(core::Scope scope, std::optional<std::string> owner,
                                         core::JobFilter filter) override;
  base::Task<Result<std::optional<std::string>>> job_of_key(core::Scope scope, std::string task,
                                                            std::string key, Time now) override;
  base::Task<Result<std::optional<std::string>>> batch_of_key(core::Scope scope, std::string task,
                                                              std::string key, Time now) override;
  base::Task<Result<std::optional<core::JobBatch>>> batch(core::Scope scope,
                                                          std::string id) override;
  base::Task<Result<std::vector<std::string>>> batch_jobs(core::Scope scope,
                                                          std::string id) override;
  base::Task<Result<std::optional<core::JobSchedule>>> schedule(core::Scope scope,
                                                                std::string id) override;
  base::Task<Result<std::vector<core::JobSchedule>>> schedules(
      core::Scope scope, std::optional<std::string> owner, core::ScheduleFilter filter) override;
  base::Task<Result<std::vector<core::JobPlace>>> schedules_named(
      std::string id_prefix, core::EveryScopePage page) override;
  base::Task<Result<std::vector<core::JobSchedule>>> due_schedules(Time now,
                                                                   std::size_t limit) override;
  base::Task<Result<std::optional<Time>>> next_schedule_due() override;
  base::Task<Result<core::JobOutlook>> job_outlook() override;
  base::Task<Result<std::vector<core::Job>>> claimed_jobs(std::string claim_id,
                                                          Time lease_until) override;
  base::Task<Result<std::vector<std::string>>> lost_jobs(std::vector<core::JobHold> holds) override;
  base::Task<Result<std::vector<core::JobPlace>>> jobs_ended_by_time(Time at) override;
  base::Task<Result<bool>> any_job_to_purge(Time ended_before) override;

 private:
  ReaderPool& readers_;
};

}  // namespace colonnade::storage::sqlite
