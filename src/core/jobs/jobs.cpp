#include "core/jobs/jobs.hpp"

#include <algorithm>
#include <utility>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "core/access/account.hpp"
#include "core/access/visibility.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

std::unexpected<base::Error> no_such_job(std::string_view what, std::string_view id) {
  return fail(ErrorKind::not_found, "there is no " + std::string(what) + " \"" +
                                        std::string(base::cut_utf8(id, 64)) + '"');
}

bool is_held_key(const base::Error& error) {
  return error.kind == ErrorKind::conflict && error.field == "idempotency_key";
}

JobOwner owner_of(const Principal& who) { return {who.scope, who.user_id}; }

std::size_t text_bytes(const Job& job) {
  return limits::job_row_bytes + job.payload.size() + job.metadata.size() + job.progress.size() +
         job.output.size();
}

}  // namespace

// --- new ones -----------------------------------------------------------------------------------

namespace {

void add_link(Unit& unit, std::string keyed_request_id, const std::string& object_id) {
  if (keyed_request_id.empty()) return;
  unit.changes.emplace_back(
      LinkKeyedRequest{.id = std::move(keyed_request_id), .object_id = object_id});
}

}  // namespace

Task<Result<Job>> Jobs::insert(Job job, std::string keyed_request_id) {
  Unit unit{.scope = job.owner.scope, .account = account_of(job.owner.scope, job.owner.user_id)};
  unit.changes.emplace_back(job_change(InsertJob{.job = job}));
  add_link(unit, std::move(keyed_request_id), job.id);
  auto stored = co_await feed_.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  co_return job;
}

// The job that has its key already.
Task<Result<std::optional<Job>>> Jobs::holder_of(Job job) {
  if (job.key.text.empty()) co_return std::optional<Job>();
  auto id = co_await store_.job_of_key(job.owner.scope, job.task, job.key.text, job.created_at);
  if (!id) co_return fail(std::move(id.error()));
  if (!*id) co_return std::optional<Job>();
  auto found = co_await store_.job(job.owner.scope, **id);
  co_return found;
}

// Of a job that the parent has begun; 0 without one.
Task<Result<int>> Jobs::depth_below(Principal who, std::string parent_id) {
  if (parent_id.empty()) co_return 0;
  auto parent = co_await get(std::move(who), std::move(parent_id));
  if (!parent) {
    parent.error().field = "parent_id";
    co_return fail(std::move(parent.error()));
  }
  co_return parent->origin.depth + 1;
}

Task<Result<TriggeredJob>> Jobs::trigger(Principal who, NewJob input) {
  auto depth = co_await depth_below(who, input.origin.parent_id);
  if (!depth) co_return fail(std::move(depth.error()));
  input.origin.depth = *depth;
  auto triggered = co_await trigger_for(owner_of(who), std::move(input));
  co_return triggered;
}

Task<Result<TriggeredJob>> Jobs::trigger_for(JobOwner owner, NewJob input) {
  const Time now = clock_.now();
  if (auto checked = check_new_job(input, now); !checked) co_return fail(checked.error());
  const std::string keyed_request_id = std::move(input.keyed_request_id);
  const Job job = make_job(std::move(owner), std::move(input), base::new_id(now), now);
  // Somebody else may store the same key between the look and the commit.
  for (int attempt = 1;; ++attempt) {
    auto holder = co_await holder_of(job);
    if (!holder) co_return fail(std::move(holder.error()));
    if (*holder) co_return TriggeredJob{.job = std::move(**holder), .is_repeat = true};
    auto stored = co_await insert(job, keyed_request_id);
    if (stored) co_return TriggeredJob{.job = std::move(*stored)};
    const bool again = is_held_key(stored.error()) && attempt < limits::change_attempts_max;
    if (!again) co_return fail(std::move(stored.error()));
  }
}

Task<Result<TriggeredBatch>> Jobs::batch_of(JobOwner owner, std::string id) {
  auto batch = co_await store_.batch(owner.scope, id);
  if (!batch) co_return fail(std::move(batch.error()));
  if (!*batch) co_return no_such_job("batch", id);
  auto jobs = co_await store_.batch_jobs(owner.scope, id);
  if (!jobs) co_return fail(std::move(jobs.error()));
  co_return TriggeredBatch{
      .batch = std::move(**batch), .jobs = std::move(*jobs), .is_repeat = true};
}

namespace {

Result<void> check_payloads(const std::vector<std::string>& payloads) {
  if (payloads.empty()) {
    return fail(ErrorKind::invalid, "a batch has 1 payload at least", "payloads");
  }
  if (payloads.size() > limits::batch_jobs_max) {
    return fail(ErrorKind::too_large,
                "a batch has " + std::to_string(limits::batch_jobs_max) +
                    " payloads at most; send several batches",
                "payloads");
  }
  std::size_t bytes = 0;
  for (const std::string& payload : payloads) {
    if (payload.size() > limits::job_payload_bytes_max) {
      return fail(ErrorKind::too_large,
                  "a payload has " + std::to_string(payload.size()) + " bytes, more than " +
                      std::to_string(limits::job_payload_bytes_max),
                  "payloads");
    }
    bytes += payload.size();
  }
  if (bytes > limits::batch_bytes_max) {
    return fail(ErrorKind::too_large,
                "the payloads have " + std::to_string(bytes) + " bytes together, more than " +
                    std::to_string(limits::batch_bytes_max) + "; send several batches",
                "payloads");
  }
  return {};
}

// The batch's unit, and the ids of its jobs.
struct BatchUnit {
  Unit unit;
  std::vector<std::string> jobs{};
};

BatchUnit batch_unit(const JobBatch& batch, const NewJob& common, std::vector<std::string> payloads,
                     Time now) {
  BatchUnit out{.unit = {.scope = batch.owner.scope,
                         .account = account_of(batch.owner.scope, batch.owner.user_id)}};
  out.unit.changes.emplace_back(job_change(InsertBatch{.batch = batch}));
  for (std::string& payload : payloads) {
    NewJob input = common;
    input.job.payload = std::move(payload);
    input.key.clear();
    input.origin.batch_id = batch.id;
    Job job = make_job(batch.owner, std::move(input), base::new_id(now), now);
    out.jobs.push_back(job.id);
    out.unit.changes.emplace_back(job_change(InsertJob{.job = std::move(job)}));
  }
  return out;
}

}  // namespace

Task<Result<TriggeredBatch>> Jobs::trigger_batch(Principal who, NewJob input,
                                                 std::vector<std::string> payloads) {
  auto depth = co_await depth_below(who, input.origin.parent_id);
  if (!depth) co_return fail(std::move(depth.error()));
  input.origin.depth = *depth;
  const Time now = clock_.now();
  if (auto checked = check_new_job(input, now); !checked) co_return fail(checked.error());
  if (auto checked = check_payloads(payloads); !checked) co_return fail(checked.error());
  const JobOwner owner = owner_of(who);
  const JobBatch batch{.id = base::new_id(now),
                       .owner = owner,
                       .task = input.job.task,
                       .key = {.text = input.key, .expires_at = now + input.key_time},
                       .created_at = now,
                       .jobs = static_cast<int>(payloads.size())};
  for (int attempt = 1;; ++attempt) {
    if (!input.key.empty()) {
      auto held = co_await store_.batch_of_key(owner.scope, batch.task, input.key, now);
      if (!held) co_return fail(std::move(held.error()));
      if (*held) {
        auto earlier = co_await batch_of(owner, **held);
        co_return earlier;
      }
    }
    BatchUnit made = batch_unit(batch, input, payloads, now);
    add_link(made.unit, input.keyed_request_id, batch.id);
    auto stored = co_await feed_.commit(std::move(made.unit));
    if (stored) co_return TriggeredBatch{.batch = batch, .jobs = std::move(made.jobs)};
    const bool again = is_held_key(stored.error()) && attempt < limits::change_attempts_max;
    if (!again) co_return fail(std::move(stored.error()));
  }
}

// --- reads --------------------------------------------------------------------------------------

Task<Result<Job>> Jobs::get(Principal who, std::string id) {
  auto found = co_await store_.job(who.scope, id);
  if (!found) co_return fail(std::move(found.error()));
  const bool there = *found && may_see(who, (*found)->owner.scope, (*found)->owner.user_id);
  if (!there) co_return no_such_job("job", id);
  co_return std::move(**found);
}

Task<Result<JobBatch>> Jobs::batch(Principal who, std::string id) {
  auto found = co_await store_.batch(who.scope, id);
  if (!found) co_return fail(std::move(found.error()));
  const bool there = *found && may_see(who, (*found)->owner.scope, (*found)->owner.user_id);
  if (!there) co_return no_such_job("batch", id);
  co_return std::move(**found);
}

Task<Result<std::vector<std::string>>> Jobs::batch_jobs(Principal who, std::string id) {
  auto seen = co_await batch(who, id);
  if (!seen) co_return fail(std::move(seen.error()));
  auto jobs = co_await store_.batch_jobs(who.scope, id);
  co_return jobs;
}

Task<Result<JobPage>> Jobs::list(Principal who, JobFilter filter) {
  filter.limit = std::clamp<std::size_t>(filter.limit, 1, limits::page_rows_max);
  JobPage out;
  std::size_t bytes = 0;
  for (int read = 0; read < limits::job_list_reads_max; ++read) {
    JobFilter rest = filter;
    rest.limit = filter.limit - out.jobs.size();
    auto page = co_await store_.jobs(who.scope, owner_seen_by(who), rest);
    if (!page) co_return fail(std::move(page.error()));
    for (Job& job : page->jobs) {
      bytes += text_bytes(job);
      out.jobs.push_back(std::move(job));
    }
    out.next_before_no = page->next_before_no;
    const bool is_full = out.jobs.size() >= filter.limit || bytes >= limits::job_page_bytes_max;
    if (!out.next_before_no || is_full) break;
    filter.before_no = *out.next_before_no;
  }
  co_return out;
}

// --- changes ------------------------------------------------------------------------------------

Task<Result<Job>> Jobs::change(Principal who, std::string id, ChangeOfJobs change) {
  auto before = co_await get(who, id);
  if (!before) co_return before;
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(std::move(change));
  auto stored = co_await feed_.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  auto after = co_await get(std::move(who), std::move(id));
  co_return after;
}

Task<Result<Job>> Jobs::cancel(Principal who, std::string id, std::string reason) {
  reason = std::string(base::cut_utf8(reason, limits::job_error_bytes_max));
  auto one = job_change(CancelJob{.id = id, .reason = std::move(reason), .at = clock_.now()});
  auto cancelled = co_await change(std::move(who), std::move(id), std::move(one));
  if (cancelled) co_await tell_cancelled(*cancelled);
  co_return cancelled;
}

Task<void> Jobs::tell_cancelled(Job job) {
  JobHandler* handler = handlers_ == nullptr ? nullptr : handlers_->find(job.work);
  if (handler == nullptr || job.state != JobState::cancelled) co_return;
  co_await handler->cancelled(std::move(job));
}

Task<Result<JobBatch>> Jobs::cancel_batch(Principal who, std::string id, std::string reason) {
  reason = std::string(base::cut_utf8(reason, limits::job_error_bytes_max));
  auto jobs = co_await batch_jobs(who, id);
  if (!jobs) co_return fail(std::move(jobs.error()));
  Unit unit{.scope = who.scope, .account = account_of(who)};
  const Time now = clock_.now();
  for (const std::string& job : *jobs) {
    unit.changes.emplace_back(job_change(CancelJob{.id = job, .reason = reason, .at = now}));
  }
  auto stored = co_await feed_.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  for (const std::string& job : *jobs) {
    auto found = co_await store_.job(who.scope, job);
    if (found && *found) co_await tell_cancelled(std::move(**found));
  }
  auto after = co_await batch(std::move(who), std::move(id));
  co_return after;
}

Task<Result<Job>> Jobs::hold(Principal who, std::string id) {
  auto one =
      job_change(HoldJob{.id = id, .waits_for = std::string(until_resumed), .at = clock_.now()});
  auto held = co_await change(std::move(who), std::move(id), std::move(one));
  co_return held;
}

Task<Result<Job>> Jobs::resume(Principal who, std::string id) {
  auto resumed = co_await wake(std::move(who), std::move(id), std::string(until_resumed));
  co_return resumed;
}

Task<Result<Job>> Jobs::wake(Principal who, std::string id, std::string waits_for) {
  auto one = job_change(WakeJob{.id = id, .waits_for = std::move(waits_for), .at = clock_.now()});
  auto woken = co_await change(std::move(who), std::move(id), std::move(one));
  co_return woken;
}

Task<Result<Job>> Jobs::replay(Principal who, std::string id, std::string keyed_request_id) {
  auto before = co_await get(std::move(who), std::move(id));
  if (!before) co_return before;
  NewJob input{.job = {.task = std::move(before->task),
                       .work = std::move(before->work),
                       .payload = std::move(before->payload),
                       .queue = std::move(before->queue),
                       .priority = before->priority,
                       .attempts = before->attempts,
                       .tags = std::move(before->tags),
                       .metadata = std::move(before->metadata),
                       .is_test = before->is_test,
                       .repeats_when_lost = before->repeats_when_lost,
                       .time_max = before->time_max},
               .origin = {.replay_of = before->id, .depth = before->origin.depth},
               .keyed_request_id = std::move(keyed_request_id)};
  auto triggered = co_await trigger_for(std::move(before->owner), std::move(input));
  if (!triggered) co_return fail(std::move(triggered.error()));
  co_return std::move(triggered->job);
}

// --- the end ------------------------------------------------------------------------------------

Task<void> Jobs::purge(std::stop_token stop) {
  const Time before = clock_.now() - limits::job_kept_time;
  while (!stop.stop_requested()) {
    auto any = co_await store_.any_job_to_purge(before);
    if (any && !*any) co_return;
    auto done = any ? Result<std::int64_t>(0) : fail(std::move(any.error()));
    if (done) {
      Unit unit{.scope = Scope::whole_server()};
      unit.changes.emplace_back(job_change(PurgeJobs{.ended_before = before}));
      done = co_await feed_.commit(std::move(unit));
    }
    if (!done) {
      base::log::warn("jobs_not_purged", {{"error", done.error().message}});
      co_return;
    }
  }
}

}  // namespace colonnade::core
