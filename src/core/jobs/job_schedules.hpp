// What can be done with schedules, and the firing of those that are due.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/events/event_feed.hpp"
#include "core/jobs/due_times.hpp"
#include "core/jobs/job_schedule.hpp"
#include "core/jobs/job_store.hpp"

namespace colonnade::core {

struct NewSchedule {
  std::string id{};  // "" for a new one
  std::string name{};
  JobTemplate job{};
  JobTiming timing{};
  Misfire misfire{};
  bool is_active = true;
  std::optional<base::Time> first_due_at{};  // in place of the first that the timing gives
  std::string keyed_request_id{};  // linked to the schedule in the same transaction; "" for none
};

// What is given is changed.
struct ScheduleUpdate {
  std::optional<std::string> name{};
  std::optional<JobTemplate> job{};
  std::optional<JobTiming> timing{};
  std::optional<Misfire> misfire{};
  std::optional<bool> is_active{};
  std::optional<base::Time> next_due_at{};  // in place of the one that the timing gives
};

// Thread-safe. Several processes may fire: each due time is one commit, which one of them wins.
class JobSchedules {
 public:
  // All must outlive it.
  JobSchedules(JobStore& store, EventFeed& feed, base::Clock& clock, const DueTimes& due_times)
      : store_(store), feed_(feed), clock_(clock), due_times_(due_times) {}

  // Of the caller's. Errors: invalid and too_large with the field; "timing" and "timezone" as
  // DueTimes has them; too_large beyond limits::schedules_per_account. `also` is committed with it,
  // or neither; so below.
  base::Task<Result<JobSchedule>> create(Principal who, NewSchedule input,
                                         std::vector<Change> also = {});
  // not_found.
  base::Task<Result<JobSchedule>> get(Principal who, std::string id);
  base::Task<Result<std::vector<JobSchedule>>> list(Principal who, ScheduleFilter filter);
  // Those that were due while it was not active are gone. not_found; else as create().
  base::Task<Result<JobSchedule>> update(Principal who, std::string id, ScheduleUpdate input,
                                         std::vector<Change> also = {});
  base::Task<Result<JobSchedule>> set_active(Principal who, std::string id, bool is_active);
  // Its jobs stay. not_found.
  base::Task<Result<void>> remove(Principal who, std::string id, std::vector<Change> also = {});

  // The owner's schedule of that id is as `input` says, made or changed to it; one that is as it
  // says stays as it is, with its due time. For what the server and its configuration set up.
  // Errors as create().
  base::Task<Result<JobSchedule>> keep(JobOwner owner, std::string id, NewSchedule input);

  // Of every scope, those whose ids begin so: a page. For whoever keeps them. Errors: the store's.
  base::Task<Result<std::vector<JobPlace>>> kept(std::string id_prefix, EveryScopePage page);
  // Fires what is due: one page; how many schedules it saw to. Errors: those of the store.
  base::Task<Result<std::size_t>> fire_due();
  // When the next one is due; nullopt for never.
  base::Task<Result<std::optional<base::Time>>> next_due();

 private:
  base::Task<Result<JobSchedule>> insert(JobSchedule made, std::optional<base::Time> first_due_at,
                                         std::vector<Change> also = {});
  base::Task<Result<void>> fire(JobSchedule schedule, base::Time now);
  base::Task<Result<void>> commit_update(JobSchedule schedule, std::vector<Job> jobs,
                                         std::vector<Change> also = {});

  JobStore& store_;
  EventFeed& feed_;
  base::Clock& clock_;
  const DueTimes& due_times_;
};

}  // namespace colonnade::core
