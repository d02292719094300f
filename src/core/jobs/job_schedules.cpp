#include "core/jobs/job_schedules.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "core/access/account.hpp"
#include "core/access/visibility.hpp"
#include "core/jobs/job_input.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

std::unexpected<base::Error> no_such_schedule(std::string_view id) {
  return fail(ErrorKind::not_found,
              "there is no schedule \"" + std::string(base::cut_utf8(id, 64)) + '"');
}

Result<void> check_schedule(const JobSchedule& schedule) {
  if (auto checked = check_template(schedule.job); !checked) return checked;
  if (schedule.name.size() > limits::job_name_bytes_max) {
    return fail(ErrorKind::invalid,
                "a name has " + std::to_string(limits::job_name_bytes_max) + " bytes at most",
                "name");
  }
  if (schedule.timing.text.size() > limits::schedule_text_bytes_max ||
      schedule.timing.zone.size() > limits::schedule_text_bytes_max) {
    return fail(
        ErrorKind::invalid,
        "a timing has " + std::to_string(limits::schedule_text_bytes_max) + " bytes at most",
        "timing");
  }
  const int times = schedule.misfire.times_max;
  if (times < 1 || times > limits::schedule_catch_up_max) {
    return fail(ErrorKind::invalid,
                "max_runs must be from 1 to " + std::to_string(limits::schedule_catch_up_max),
                "misfire_policy");
  }
  return {};
}

}  // namespace

// --- use cases ----------------------------------------------------------------------------------

namespace {

JobSchedule made_of(JobOwner owner, NewSchedule input, std::string id, Time now) {
  return {.id = std::move(id),
          .owner = std::move(owner),
          .name = std::move(input.name),
          .job = std::move(input.job),
          .timing = std::move(input.timing),
          .misfire = input.misfire,
          .is_active = input.is_active,
          .created_at = now,
          .updated_at = now};
}

// What is committed with a new schedule: also that a key stands for it.
std::vector<Change> linked(const std::string& keyed_request_id, const std::string& schedule_id,
                           std::vector<Change> also) {
  if (!keyed_request_id.empty()) {
    also.emplace_back(LinkKeyedRequest{.id = keyed_request_id, .object_id = schedule_id});
  }
  return also;
}

}  // namespace

Task<Result<JobSchedule>> JobSchedules::create(Principal who, NewSchedule input,
                                               std::vector<Change> also) {
  const Time now = clock_.now();
  const auto first_due_at = input.first_due_at;
  JobOwner owner(who.scope, who.user_id);
  std::string id = input.id.empty() ? base::new_id(now) : input.id;
  also = linked(input.keyed_request_id, id, std::move(also));
  JobSchedule made = made_of(std::move(owner), std::move(input), std::move(id), now);
  auto inserted = co_await insert(std::move(made), first_due_at, std::move(also));
  co_return inserted;
}

Task<Result<JobSchedule>> JobSchedules::insert(JobSchedule made, std::optional<Time> first_due_at,
                                               std::vector<Change> also) {
  if (auto checked = check_schedule(made); !checked) co_return fail(checked.error());
  auto next = due_times_.next(made.timing, made.created_at, made.created_at);
  if (!next) co_return fail(std::move(next.error()));
  if (made.is_active) made.next_due_at = first_due_at ? first_due_at : *next;
  Unit unit{.scope = made.owner.scope, .account = account_of(made.owner.scope, made.owner.user_id)};
  unit.changes.emplace_back(job_change(InsertSchedule{.schedule = made}));
  std::ranges::move(also, std::back_inserter(unit.changes));
  auto stored = co_await feed_.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  co_return made;
}

Task<Result<JobSchedule>> JobSchedules::keep(JobOwner owner, std::string id, NewSchedule input) {
  for (int attempt = 1;; ++attempt) {
    auto found = co_await store_.schedule(owner.scope, id);
    if (!found) co_return fail(std::move(found.error()));
    if (!*found) {
      JobSchedule made = made_of(owner, input, id, clock_.now());
      std::vector<Change> also = linked(input.keyed_request_id, id, {});
      auto inserted = co_await insert(std::move(made), input.first_due_at, std::move(also));
      co_return inserted;
    }
    JobSchedule& kept = **found;
    if (kept.owner != owner) {
      co_return fail(ErrorKind::conflict, "the schedule \"" + id + "\" is somebody else's", "id");
    }
    const bool same_timing = kept.timing == input.timing && kept.is_active == input.is_active;
    const bool is_same = same_timing && kept.name == input.name && kept.job == input.job &&
                         kept.misfire == input.misfire;
    if (is_same) co_return std::move(kept);
    kept.name = input.name;
    kept.job = input.job;
    kept.misfire = input.misfire;
    kept.timing = input.timing;
    kept.is_active = input.is_active;
    if (auto checked = check_schedule(kept); !checked) co_return fail(checked.error());
    kept.updated_at = clock_.now();
    auto next = due_times_.next(kept.timing, kept.created_at, kept.updated_at);
    if (!next) co_return fail(std::move(next.error()));
    if (!same_timing) kept.next_due_at = kept.is_active ? *next : std::nullopt;
    ++kept.revision;
    std::vector<Job> no_jobs;
    auto stored = co_await commit_update(kept, std::move(no_jobs));
    if (stored) co_return std::move(kept);
    const bool overtaken =
        stored.error().kind == ErrorKind::conflict && attempt < limits::change_attempts_max;
    if (!overtaken) co_return fail(std::move(stored.error()));
  }
}

Task<Result<std::vector<JobPlace>>> JobSchedules::kept(std::string id_prefix, EveryScopePage page) {
  auto found = co_await store_.schedules_named(std::move(id_prefix), std::move(page));
  co_return found;
}

Task<Result<JobSchedule>> JobSchedules::get(Principal who, std::string id) {
  auto found = co_await store_.schedule(who.scope, id);
  if (!found) co_return fail(std::move(found.error()));
  const bool there = *found && may_see(who, (*found)->owner.scope, (*found)->owner.user_id);
  if (!there) co_return no_such_schedule(id);
  co_return std::move(**found);
}

Task<Result<std::vector<JobSchedule>>> JobSchedules::list(Principal who, ScheduleFilter filter) {
  auto found = co_await store_.schedules(who.scope, owner_seen_by(who), std::move(filter));
  co_return found;
}

Task<Result<JobSchedule>> JobSchedules::update(Principal who, std::string id, ScheduleUpdate input,
                                               std::vector<Change> also) {
  // A firing in between is no reason to refuse it.
  for (int attempt = 1;; ++attempt) {
    auto found = co_await get(who, id);
    if (!found) co_return found;
    JobSchedule& changed = *found;
    const bool begins = input.is_active.value_or(false) && !changed.is_active;
    const bool new_timing = input.timing && *input.timing != changed.timing;
    if (input.name) changed.name = *input.name;
    if (input.job) changed.job = *input.job;
    if (input.timing) changed.timing = *input.timing;
    if (input.misfire) changed.misfire = *input.misfire;
    if (input.is_active) changed.is_active = *input.is_active;
    if (auto checked = check_schedule(changed); !checked) co_return fail(checked.error());
    const Time now = clock_.now();
    auto next = due_times_.next(changed.timing, changed.created_at, now);
    if (!next) co_return fail(std::move(next.error()));
    if (!changed.is_active) {
      changed.next_due_at.reset();
    } else if (begins || new_timing) {
      changed.next_due_at = *next;
    }
    if (changed.is_active && input.next_due_at) changed.next_due_at = input.next_due_at;
    changed.updated_at = now;
    ++changed.revision;
    std::vector<Job> no_jobs;
    auto stored = co_await commit_update(changed, std::move(no_jobs), also);
    if (stored) co_return changed;
    const bool overtaken =
        stored.error().kind == ErrorKind::conflict && attempt < limits::change_attempts_max;
    if (!overtaken) co_return fail(std::move(stored.error()));
  }
}

Task<Result<JobSchedule>> JobSchedules::set_active(Principal who, std::string id, bool is_active) {
  ScheduleUpdate input{.is_active = is_active};
  auto set = co_await update(std::move(who), std::move(id), std::move(input));
  co_return set;
}

Task<Result<void>> JobSchedules::remove(Principal who, std::string id, std::vector<Change> also) {
  auto found = co_await get(who, id);
  if (!found) co_return fail(std::move(found.error()));
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(job_change(DeleteSchedule{.id = id}));
  std::ranges::move(also, std::back_inserter(unit.changes));
  auto stored = co_await feed_.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  co_return Result<void>();
}

// --- firing -------------------------------------------------------------------------------------

Task<Result<std::optional<Time>>> JobSchedules::next_due() {
  auto next = co_await store_.next_schedule_due();
  co_return next;
}

Task<Result<std::size_t>> JobSchedules::fire_due() {
  const Time now = clock_.now();
  auto due = co_await store_.due_schedules(now, limits::schedules_fired_at_once);
  if (!due) co_return fail(std::move(due.error()));
  for (JobSchedule& schedule : *due) {
    auto fired = co_await fire(std::move(schedule), now);
    if (!fired) co_return fail(std::move(fired.error()));
  }
  co_return due->size();
}

namespace {

std::vector<Job> jobs_of(const JobSchedule& schedule, const std::vector<Time>& times, Time now) {
  std::vector<Job> out;
  std::optional<Time> before = schedule.last_due_at;
  const bool as_one = schedule.misfire.in_one_job && times.size() > 1;
  for (std::size_t i = as_one ? times.size() - 1 : 0; i < times.size(); ++i) {
    NewJob input{.job = schedule.job,
                 .origin = {.schedule_id = schedule.id,
                            .due_at = times[i],
                            .due_before = before,
                            .due_times = as_one ? static_cast<int>(times.size()) : 1}};
    out.push_back(make_job(schedule.owner, std::move(input), base::new_id(now), now));
    before = times[i];
  }
  return out;
}

}  // namespace

Task<Result<void>> JobSchedules::fire(JobSchedule schedule, Time now) {
  auto plan = due_times_.plan(schedule.timing, schedule.created_at, schedule.misfire,
                              *schedule.next_due_at, now);
  JobSchedule after = schedule;
  ++after.revision;
  after.last_error.clear();
  std::vector<Job> jobs;
  if (plan) {
    jobs = jobs_of(schedule, plan->times, now);
    after.next_due_at = plan->next;
    if (!plan->times.empty()) {
      after.last_due_at = plan->times.back();
      after.last_fired_at = now;
    }
  } else {
    // A text that was right once: a zone that this machine does not know any more.
    after.is_active = false;
    after.next_due_at.reset();
    after.last_error = plan.error().message;
  }
  auto stored = co_await commit_update(after, std::move(jobs));
  if (!stored && !stored.error().retryable && stored.error().kind != ErrorKind::conflict &&
      stored.error().kind != ErrorKind::not_found) {
    // The account has too many jobs: the due time passes, and the schedule says why.
    base::log::warn("schedule_not_fired", {{"schedule", schedule.id},
                                           {"scope", schedule.owner.scope.key()},
                                           {"error", stored.error().message}});
    after.last_error = stored.error().message;
    std::vector<Job> no_jobs;
    stored = co_await commit_update(std::move(after), std::move(no_jobs));
  }
  if (stored) co_return Result<void>();
  // Somebody else has fired, changed or deleted it.
  const bool is_overtaken =
      stored.error().kind == ErrorKind::conflict || stored.error().kind == ErrorKind::not_found;
  if (is_overtaken) co_return Result<void>();
  co_return fail(std::move(stored.error()));
}

// The revision comes first: of two that fire, one is refused before it has written anything.
Task<Result<void>> JobSchedules::commit_update(JobSchedule schedule, std::vector<Job> jobs,
                                               std::vector<Change> also) {
  Unit unit{.scope = schedule.owner.scope};
  unit.changes.emplace_back(job_change(UpdateSchedule{.schedule = std::move(schedule)}));
  for (Job& job : jobs) {
    unit.changes.emplace_back(job_change(InsertJob{.job = std::move(job)}));
  }
  std::ranges::move(also, std::back_inserter(unit.changes));
  auto stored = co_await feed_.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  co_return Result<void>();
}

}  // namespace colonnade::core
