// What must hold of jobs after kills. Each check throws std::logic_error with the evidence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "job_ledger.hpp"
#include "store_view.hpp"

namespace colonnade::kill {

// At any moment of a running server: the numbers of queues, shares and accounts are those of their
// jobs, and no queue runs more than it may.
void check_job_counts(const std::string& file);

// Jobs that were made before that moment and have not ended, and all runs that have not.
std::size_t unended_work(const std::string& file, std::int64_t before);
// Schedules that have not fired since that moment.
std::size_t schedules_behind(const std::string& file, std::int64_t since);

struct DueCounts {
  std::size_t jobs = 0;          // that due times began
  std::size_t due_times = 0;     // from the first to the last of each schedule
  std::size_t counted = 0;       // that one job stands for together with others (catch_up)
  std::size_t skipped_dead = 0;  // made good by the job of a later one, over a kill
  std::size_t skipped_late = 0;  // the same, although the server was there
};

// Each due time has exactly one job, or was left out as its schedule's rule says: by the job of the
// newest one that was due. The chain of due times has no gap and no branch.
DueCounts check_due_times(const StoreView& store, const std::vector<Life>& lives);

struct JobCounts {
  std::size_t jobs = 0;
  std::size_t in_batches = 0;
  std::size_t repeated = 0;  // begun more than once
  std::size_t lost = 0;      // reported: they must not be done twice, or had no attempts left
  std::size_t effects = 0;   // lines that tools wrote
  DueCounts due{};
};

// On the store's file, after the server has ended: all work has ended, within its attempts; each
// order has its jobs, once; what a tool did is there once, or its call was reported as lost;
// nothing is reserved, and what was booked is what the runs cost. `folder` is where tools wrote.
JobCounts check_jobs(const std::string& file, const std::string& folder,
                     const std::vector<JobOrder>& orders, const std::vector<Life>& lives);

}  // namespace colonnade::kill
