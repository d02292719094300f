// What somebody does to one job. What workers and time do is in job_claims.cpp.
#include "storage/sqlite/job_changes.hpp"

#include <algorithm>
#include <vector>

#include "storage/event_codec.hpp"
#include "storage/sqlite/change_results.hpp"
#include "storage/sqlite/job_rows.hpp"

namespace colonnade::storage::sqlite {
namespace {

#define COLONNADE_JOB_ROWS                                                                       \
  "SELECT j.no, j.id, j.scope, j.state, j.share_no, s.queue_no, s.account_no, j.fence,"          \
  " j.attempts_made, j.attempts_max, j.delay_min, j.delay_max, j.repeats_when_lost, j.key_held," \
  " j.started_at, j.expires_at, j.batch_no, j.batch_id, j.waits_for, j.run_at, j.by_run <> ''"   \
  " FROM jobs j LEFT JOIN job_shares s ON s.no = j.share_no"

std::unexpected<base::Error> lost_hold(std::string_view id) {
  return fail(ErrorKind::conflict, quoted("job", id) + " is not this worker's any more",
              std::string(core::fence_field));
}

std::unexpected<base::Error> wrong_state(std::string_view id, core::JobState state) {
  return fail(ErrorKind::conflict, quoted("job", id) + " is " + std::string(core::to_string(state)),
              "state");
}

std::unexpected<base::Error> key_is_held() {
  return fail(ErrorKind::conflict, "the idempotency key was used already", "idempotency_key");
}

std::optional<std::int64_t> micros_of(const std::optional<std::chrono::microseconds>& time) {
  return time ? std::optional<std::int64_t>(time->count()) : std::nullopt;
}

// What of a job is counted against its account.
std::int64_t bytes_of(const core::Job& job) {
  const std::size_t texts =
      job.payload.size() + job.metadata.size() + job.progress.size() + job.output.size();
  return static_cast<std::int64_t>(limits::job_row_bytes + texts);
}

std::optional<Time> earlier(const std::optional<Time>& a, const std::optional<Time>& b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

// When the store has to look at a new job.
std::optional<Time> due_of(const core::Job& job) {
  switch (job.state) {
    case core::JobState::delayed: return earlier(job.run_at, job.expires_at);
    case core::JobState::queued: return job.expires_at;
    case core::JobState::waiting: return job.waits_until;
    default: return std::nullopt;
  }
}

}  // namespace

Result<void> JobChanges::apply(const core::Scope& scope, const core::JobChange& change) {
  return std::visit([&](const auto& one) { return on(scope, one); }, change.what);
}

// --- rows ---------------------------------------------------------------------------------------

Result<JobChanges::Row> JobChanges::read_row(const Statement& row) {
  const auto state = core::job_state_from(row.text(3));
  if (!state) return fail(ErrorKind::internal, "an unknown state of a job: " + row.string(3));
  return Row{.no = row.integer(0),
             .id = row.string(1),
             .scope = row.string(2),
             .state = *state,
             .share_no = row.integer(4),
             .queue_no = row.integer(5),
             .account_no = row.integer(6),
             .fence = row.integer(7),
             .attempts = {.made = static_cast<int>(row.integer(8)),
                          .max = static_cast<int>(row.integer(9)),
                          .delay_min = std::chrono::microseconds(row.integer(10)),
                          .delay_max = std::chrono::microseconds(row.integer(11))},
             .repeats_when_lost = row.integer(12) != 0,
             .key_held = row.integer(13) != 0,
             .has_started = !row.is_null(14),
             .run_at = row.time(19),
             .expires_at = row.optional_time(15),
             .batch_no = row.is_null(16) ? std::nullopt : std::optional(row.integer(16)),
             .batch_id = row.string(17),
             .waits_for = row.string(18),
             .is_spawned = row.integer(20) != 0};
}

Result<std::optional<JobChanges::Row>> JobChanges::row_of(std::int64_t no) {
  return database_.one<Row>(
      COLONNADE_JOB_ROWS " WHERE j.no = ?1", [](Statement& row) { return read_row(row); }, no);
}

Result<JobChanges::Row> JobChanges::row_of(const core::Scope& scope, std::string_view id) {
  auto found = database_.one<Row>(
      COLONNADE_JOB_ROWS " WHERE j.id = ?1 AND j.scope = ?2",
      [](Statement& row) { return read_row(row); }, id, scope.key());
  if (!found) return fail(std::move(found.error()));
  if (!*found) return missing("job", id);
  return std::move(**found);
}

Result<JobChanges::Row> JobChanges::held_row(const core::Scope& scope, const core::JobHold& hold) {
  auto row = row_of(scope, hold.id);
  if (!row) {
    // Purged, or never there: the hold counts for nothing.
    return row.error().kind == ErrorKind::not_found ? lost_hold(hold.id)
                                                    : fail(std::move(row.error()));
  }
  if (row->state != core::JobState::running || row->fence != hold.fence) return lost_hold(hold.id);
  return row;
}

// --- transitions --------------------------------------------------------------------------------

Result<void> JobChanges::go_on(const Row& row, core::JobInput input, Time at,
                               const Onward& onward) {
  const auto to = core::state_after(row.state, input);
  if (!to) return wrong_state(row.id, row.state);
  const auto expires = row.has_started ? std::nullopt : row.expires_at;
  std::optional<Time> due = expires;
  if (*to == core::JobState::delayed) due = earlier(onward.run_at, expires);
  if (*to == core::JobState::waiting) due = onward.waits_until;
  const auto moved = write(
      "UPDATE jobs SET state = ?2, updated_at = ?3, due_at = ?4, run_at = coalesce(?5, run_at),"
      " waits_for = ?6, waits_until = ?7, same_attempt = max(same_attempt, ?8), claim_id = '',"
      " worker = '', lease_until = NULL WHERE no = ?1",
      row.no, core::to_string(*to), at, due, onward.run_at, onward.waits_for, onward.waits_until,
      onward.same_attempt ? 1 : 0);
  if (!moved) return fail(moved.error());
  if (auto counted = count_move(row, *to, 0); !counted) return counted;
  return row.is_spawned ? tell(row.no, at) : Result<void>();
}

Result<void> JobChanges::end(const Row& row, core::JobInput input, Time at, const Ending& ending) {
  const auto to = core::state_after(row.state, input);
  if (!to) return wrong_state(row.id, row.state);
  const auto bytes = static_cast<std::int64_t>(ending.output.size());
  const auto moved = write(
      "UPDATE jobs SET state = ?2, updated_at = ?3, finished_at = ?3, due_at = NULL,"
      " lease_until = NULL, claim_id = '', waits_for = '', waits_until = NULL, failure = ?4,"
      " error = ?5, output = ?6, bytes = bytes + ?7 WHERE no = ?1",
      row.no, core::to_string(*to), at, core::to_string(ending.failure), ending.error,
      ending.output, bytes);
  if (!moved) return fail(moved.error());
  if (*to == core::JobState::failed && row.key_held) {
    const auto freed = write("UPDATE jobs SET key_held = 0 WHERE no = ?1", row.no);
    if (!freed) return fail(freed.error());
  }
  if (auto counted = count_move(row, *to, bytes); !counted) return counted;
  if (auto counted = count_in_batch(row, *to, at); !counted) return counted;
  if (row.is_spawned) {
    if (auto told = tell(row.no, at); !told) return told;
  }
  return wake_all(row.scope, core::until_job_ends(row.id), at);
}

Result<void> JobChanges::count_in_batch(const Row& row, core::JobState state, Time at) {
  if (!row.batch_no) return {};
  const auto counted = write(
      "UPDATE job_batches SET done = done + ?2, failed = failed + ?3, cancelled = cancelled + ?4"
      " WHERE no = ?1",
      *row.batch_no, state == core::JobState::done ? 1 : 0, state == core::JobState::failed ? 1 : 0,
      state == core::JobState::cancelled ? 1 : 0);
  if (!counted) return fail(counted.error());
  const auto ended = database_.number(
      "SELECT done + failed + cancelled >= jobs FROM job_batches WHERE no = ?1", *row.batch_no);
  if (!ended) return fail(ended.error());
  if (*ended == 0) return {};
  return wake_all(row.scope, core::until_batch_ends(row.batch_id), at);
}

// One that was held before its time goes on waiting for it.
Result<void> JobChanges::wake(const Row& row, Time at) {
  if (row.run_at <= at) return go_on(row, core::JobInput::woken, at, {});
  return go_on(row, core::JobInput::woken_early, at, {.run_at = row.run_at});
}

Result<void> JobChanges::wake_all(const std::string& scope, const std::string& waits_for, Time at) {
  const auto waiting = database_.all<Row>(
      COLONNADE_JOB_ROWS " WHERE j.waits_for = ?1 AND j.scope = ?2 AND j.state = 'waiting'",
      [](Statement& row) { return read_row(row); }, waits_for, scope);
  if (!waiting) return fail(waiting.error());
  for (const Row& row : *waiting) {
    if (auto woken = wake(row, at); !woken) return woken;
  }
  return {};
}

// Of what the store itself knows of; whoever waits for something else looks after it was parked.
Result<bool> JobChanges::has_happened(const Row& row, std::string_view waits_for) {
  const auto ended = [&](const char* sql, std::string_view id) -> Result<bool> {
    const auto found = database_.number(sql, id, row.scope);
    if (!found) return fail(found.error());
    return *found != 0;
  };
  // What is not there (any more) has ended.
  if (waits_for.starts_with("job:")) {
    return ended(
        "SELECT NOT EXISTS (SELECT 1 FROM jobs WHERE id = ?1 AND scope = ?2"
        " AND state IN ('delayed', 'queued', 'running', 'waiting'))",
        waits_for.substr(4));
  }
  if (waits_for.starts_with("batch:")) {
    return ended(
        "SELECT NOT EXISTS (SELECT 1 FROM job_batches WHERE id = ?1 AND scope = ?2"
        " AND done + failed + cancelled < jobs)",
        waits_for.substr(6));
  }
  return false;
}

// --- what threads hear --------------------------------------------------------------------------

// How a spawned job stands now. A thread that was erased stays empty.
Result<void> JobChanges::tell(std::int64_t no, Time at) {
  const auto read = [at](Statement& row) -> Result<core::Event> {
    const auto state = core::job_state_from(row.text(5));
    if (!state) return fail(ErrorKind::internal, "an unknown state of a job: " + row.string(5));
    const auto failure = core::job_failure_from(row.text(7));
    return core::Event{
        .scope = core::Scope::from_key(row.string(0)),
        .thread_id = row.string(1),
        .run_id = row.string(2),
        .at = at,
        .body = core::SpawnedJobMoved{.job_id = row.string(3),
                                      .task = row.string(4),
                                      .state = *state,
                                      .attempts_made = static_cast<int>(row.integer(6)),
                                      .failure = failure.value_or(core::JobFailure::none),
                                      .metadata = row.string(8),
                                      .output = row.string(9),
                                      .output_left_out = row.integer(10) != 0,
                                      .error = row.string(11)}};
  };
  auto event = database_.one<core::Event>(
      "SELECT j.scope, j.by_thread, j.by_run, j.id, j.task, j.state, j.attempts_made, j.failure,"
      " CASE WHEN length(CAST(i.metadata AS BLOB)) <= ?2 THEN i.metadata ELSE '' END,"
      " CASE WHEN length(CAST(j.output AS BLOB)) <= ?2 THEN j.output ELSE '' END,"
      " length(CAST(j.output AS BLOB)) > ?2, j.error"
      " FROM jobs j JOIN threads t ON t.id = j.by_thread AND t.scope = j.scope"
      " LEFT JOIN job_inputs i ON i.job_no = j.no WHERE j.no = ?1 AND t.erased_at IS NULL",
      read, no, limits::spawned_job_text_bytes_max);
  if (!event) return fail(std::move(event.error()));
  if (*event) events_.push_back(std::move(**event));
  return {};
}

Result<void> JobChanges::tell_new(const core::Job& job) {
  if (job.origin.run_id.empty()) return {};
  const auto no = database_.number("SELECT no FROM jobs WHERE id = ?1 AND scope = ?2", job.id,
                                   job.owner.scope.key());
  if (!no) return fail(no.error());
  return tell(*no, job.created_at);
}

Result<void> JobChanges::check_spawned(const core::Job& job, std::size_t spawned_max) {
  if (job.origin.run_id.empty()) return {};
  const auto spawned = database_.number(
      "SELECT count(*) FROM jobs WHERE by_run = ?1 AND by_run <> '' AND scope = ?2",
      job.origin.run_id, job.owner.scope.key());
  if (!spawned) return fail(spawned.error());
  if (std::cmp_less(*spawned, spawned_max)) return {};
  return fail(ErrorKind::rate_limited,
              "this turn has begun " + std::to_string(*spawned) +
                  " background runs, as many as one turn may; begin more in another turn",
              "run");
}

// --- new ones -----------------------------------------------------------------------------------

Result<JobChanges::Account> JobChanges::account_of(const core::JobOwner& owner) {
  const auto find = [&]() {
    return database_.one<Account>(
        "SELECT no, live, bytes FROM job_accounts WHERE scope = ?1 AND owner = ?2",
        [](Statement& row) -> Result<Account> {
          return Account{.no = row.integer(0), .live = row.integer(1), .bytes = row.integer(2)};
        },
        owner.scope.key(), owner.user_id);
  };
  auto found = find();
  if (!found) return fail(found.error());
  if (*found) return **found;
  const auto made = write(
      "INSERT INTO job_accounts (scope, owner, live, running, bytes) VALUES (?1, ?2, 0, 0, 0)",
      owner.scope.key(), owner.user_id);
  if (!made) return fail(made.error());
  found = find();
  if (!found) return fail(found.error());
  return found->value_or(Account{});
}

Result<std::int64_t> JobChanges::queue_of(const core::JobOwner& owner,
                                          const core::JobQueue& queue) {
  struct Found {
    std::int64_t no = 0;
    std::int64_t running_max = 0;
  };
  const auto find = [&]() {
    return database_.one<Found>(
        "SELECT no, running_max FROM job_queues WHERE scope = ?1 AND name = ?2 AND key = ?3",
        [](Statement& row) -> Result<Found> {
          return Found{.no = row.integer(0), .running_max = row.integer(1)};
        },
        owner.scope.key(), queue.name, queue.key);
  };
  auto found = find();
  if (!found) return fail(found.error());
  if (*found && (*found)->running_max == queue.running_max) return (*found)->no;
  if (*found) {
    const auto set = write("UPDATE job_queues SET running_max = ?2 WHERE no = ?1", (*found)->no,
                           queue.running_max);
    if (!set) return fail(set.error());
    return (*found)->no;
  }
  const auto served = next_served();
  if (!served) return served;
  const auto made = write(
      "INSERT INTO job_queues (scope, name, key, running_max, queued, running, served)"
      " VALUES (?1, ?2, ?3, ?4, 0, 0, ?5)",
      owner.scope.key(), queue.name, queue.key, queue.running_max, *served);
  if (!made) return fail(made.error());
  found = find();
  if (!found) return fail(found.error());
  return found->value_or(Found{}).no;
}

Result<std::int64_t> JobChanges::share_of(const Account& account, std::int64_t queue_no,
                                          std::size_t queues_max) {
  struct Found {
    std::int64_t no = 0;
    std::int64_t live = 0;
  };
  const auto find = [&]() {
    return database_.one<Found>(
        "SELECT no, live FROM job_shares WHERE account_no = ?1 AND queue_no = ?2",
        [](Statement& row) -> Result<Found> {
          return Found{.no = row.integer(0), .live = row.integer(1)};
        },
        account.no, queue_no);
  };
  auto found = find();
  if (!found) return fail(found.error());
  if (*found && (*found)->live > 0) return (*found)->no;
  const auto queues = database_.number(
      "SELECT count(*) FROM job_shares WHERE account_no = ?1 AND live > 0", account.no);
  if (!queues) return fail(queues.error());
  if (std::cmp_greater_equal(*queues, queues_max)) {
    return fail({.kind = ErrorKind::rate_limited,
                 .message = "you have jobs in " + std::to_string(queues_max) +
                            " queues, as many as one user may; wait until some have ended",
                 .field = "queue",
                 .retry_after = std::chrono::seconds(1)});
  }
  if (*found) return (*found)->no;
  const auto served = next_served();
  if (!served) return served;
  const auto made = write(
      "INSERT INTO job_shares (queue_no, account_no, live, queued, served)"
      " VALUES (?1, ?2, 0, 0, ?3)",
      queue_no, account.no, *served);
  if (!made) return fail(made.error());
  found = find();
  if (!found) return fail(found.error());
  return found->value_or(Found{}).no;
}

Result<void> JobChanges::free_expired_keys(const core::JobOwner& owner, const std::string& task,
                                           const core::JobKey& key, Time now) {
  if (key.text.empty()) return {};
  return any_row(
      write("UPDATE jobs SET key_held = 0 WHERE key = ?1 AND task = ?2 AND scope = ?3"
            " AND key_held = 1 AND key_expires_at <= ?4",
            key.text, task, owner.scope.key(), now));
}

Result<void> JobChanges::insert_row(const core::Job& job, std::int64_t share_no,
                                    std::int64_t bytes) {
  std::optional<std::int64_t> batch_no;
  if (!job.origin.batch_id.empty()) {
    const auto found = database_.number("SELECT no FROM job_batches WHERE id = ?1 AND scope = ?2",
                                        job.origin.batch_id, job.owner.scope.key());
    if (!found) return fail(found.error());
    if (*found == 0) return missing("batch", job.origin.batch_id);
    batch_no = *found;
  }
  const core::JobOrigin& from = job.origin;
  const bool has_key = !job.key.text.empty();
  return any_row(write(
      "INSERT INTO jobs (scope, id, owner, state, share_no, priority, run_at, due_at, fence,"
      " claim_id, worker, lease_until, same_attempt, attempts_made, attempts_max, delay_min,"
      " delay_max, task, handler, handler_name, queue_name, queue_key, queue_running_max, key,"
      " key_expires_at, key_held, batch_no, batch_id, parent_id, schedule_id, replay_of, depth,"
      " schedule_due_at, schedule_due_before, schedule_due_times, tags, is_test,"
      " repeats_when_lost, created_at, updated_at, asked_run_at, expires_at, time_max, started_at,"
      " finished_at, waits_for, waits_until, failure, bytes, error, progress, output, by_thread,"
      " by_run)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, '', '', NULL, 0, 0, ?9, ?10, ?11, ?12, ?13,"
      " ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31,"
      " ?32, ?33, ?33, ?34, ?35, ?36, NULL, NULL, ?37, ?38, '', ?39, '', '', '', ?40, ?41)",
      job.owner.scope.key(), job.id, job.owner.user_id, core::to_string(job.state), share_no,
      job.priority, job.run_at.value_or(job.created_at), due_of(job), job.attempts.max,
      job.attempts.delay_min.count(), job.attempts.delay_max.count(), job.task,
      core::to_string(job.work.kind), job.work.name, job.queue.name, job.queue.key,
      job.queue.running_max, job.key.text, job.key.expires_at, has_key ? 1 : 0, batch_no,
      from.batch_id, from.parent_id, from.schedule_id, from.replay_of, from.depth, from.due_at,
      from.due_before, from.due_times, *names_text(job.tags), job.is_test ? 1 : 0,
      job.repeats_when_lost ? 1 : 0, job.created_at, job.run_at, job.expires_at,
      micros_of(job.time_max), job.waits_for, job.waits_until, bytes, from.thread_id, from.run_id));
}

Result<void> JobChanges::on(const core::Scope& scope, const core::InsertJob& change) {
  const core::Job& job = change.job;
  if (auto may = check_spawned(job, change.spawned_max); !may) return may;
  const auto account = account_of(job.owner);
  if (!account) return fail(account.error());
  if (std::cmp_greater_equal(account->live, change.live_max)) {
    return fail({.kind = ErrorKind::rate_limited,
                 .message = "you have " + std::to_string(account->live) +
                            " jobs that have not ended, as many as one user may; wait for some",
                 .retry_after = std::chrono::seconds(1)});
  }
  const std::int64_t bytes = bytes_of(job);
  if (std::cmp_greater(account->bytes + bytes, change.bytes_max)) {
    return fail(ErrorKind::too_large,
                "your jobs hold " + std::to_string(account->bytes) + " bytes, and " +
                    std::to_string(change.bytes_max) +
                    " is what one user's may; send smaller payloads, or wait until old jobs are "
                    "removed",
                "payload");
  }
  // Two jobs of one key differ in nothing that an index of its own would tell apart from their ids.
  const auto taken =
      database_.number("SELECT 1 FROM jobs WHERE id = ?1 AND scope = ?2", job.id, scope.key());
  if (!taken) return fail(taken.error());
  if (*taken != 0) return fail(ErrorKind::conflict, quoted("job", job.id) + " exists already");
  if (auto freed = free_expired_keys(job.owner, job.task, job.key, job.created_at); !freed) {
    return freed;
  }
  const auto queue = queue_of(job.owner, job.queue);
  if (!queue) return fail(queue.error());
  const auto share = share_of(*account, *queue, change.queues_max);
  if (!share) return fail(share.error());
  if (auto stored = insert_row(job, *share, bytes); !stored) {
    if (stored.error().kind == ErrorKind::conflict) return key_is_held();
    return stored;
  }
  if (!job.payload.empty() || !job.metadata.empty()) {
    const auto input = write(
        "INSERT INTO job_inputs (job_no, payload, metadata)"
        " SELECT no, ?3, ?4 FROM jobs WHERE id = ?1 AND scope = ?2",
        job.id, scope.key(), job.payload, job.metadata);
    if (!input) return fail(input.error());
  }
  const auto counted =
      count(*share, *queue, account->no,
            {.live = 1, .queued = job.state == core::JobState::queued ? 1 : 0, .bytes = bytes});
  if (!counted) return counted;
  return tell_new(job);
}

Result<void> JobChanges::on(const core::Scope& scope, const core::InsertBatch& change) {
  const core::JobBatch& b = change.batch;
  const auto taken =
      database_.number("SELECT 1 FROM job_batches WHERE id = ?1 AND scope = ?2", b.id, scope.key());
  if (!taken) return fail(taken.error());
  if (*taken != 0) return fail(ErrorKind::conflict, quoted("batch", b.id) + " exists already");
  if (!b.key.text.empty()) {
    const auto freed = write(
        "UPDATE job_batches SET key = '' WHERE key = ?1 AND task = ?2 AND scope = ?3"
        " AND key_expires_at <= ?4",
        b.key.text, b.task, scope.key(), b.created_at);
    if (!freed) return fail(freed.error());
  }
  auto stored = any_row(write("INSERT INTO job_batches (" COLONNADE_BATCH_COLUMNS
                              ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0, 0)",
                              b.id, scope.key(), b.owner.user_id, b.task, b.key.text,
                              b.key.expires_at, b.created_at, b.jobs));
  if (!stored && stored.error().kind == ErrorKind::conflict) return key_is_held();
  return stored;
}

// --- what the holder says -----------------------------------------------------------------------

Result<void> JobChanges::on(const core::Scope& scope, const core::ReportProgress& change) {
  const auto row = held_row(scope, change.hold);
  if (!row) return fail(row.error());
  const auto before =
      database_.number("SELECT length(CAST(progress AS BLOB)) FROM jobs WHERE no = ?1", row->no);
  if (!before) return fail(before.error());
  const std::int64_t grown = static_cast<std::int64_t>(change.progress.size()) - *before;
  const auto stored =
      write("UPDATE jobs SET progress = ?2, updated_at = ?3, bytes = bytes + ?4 WHERE no = ?1",
            row->no, change.progress, change.at, grown);
  if (!stored) return fail(stored.error());
  return count(row->share_no, row->queue_no, row->account_no, {.bytes = grown});
}

Result<void> JobChanges::on(const core::Scope& scope, const core::FinishJob& change) {
  const auto row = held_row(scope, change.hold);
  if (!row) return fail(row.error());
  return end(*row, core::JobInput::finished, change.at, {.output = change.output});
}

Result<void> JobChanges::on(const core::Scope& scope, const core::FailJob& change) {
  const auto row = held_row(scope, change.hold);
  if (!row) return fail(row.error());
  if (!change.retry_at) {
    return end(*row, core::JobInput::failed, change.at,
               {.failure = change.error.failure, .error = change.error.message});
  }
  // What the last attempt died of is shown until the job has ended.
  const auto told =
      write("UPDATE jobs SET error = ?2 WHERE no = ?1", row->no, change.error.message);
  if (!told) return fail(told.error());
  return go_on(*row, core::JobInput::retried, change.at, {.run_at = change.retry_at});
}

Result<void> JobChanges::on(const core::Scope& scope, const core::ParkJob& change) {
  const auto row = held_row(scope, change.hold);
  if (!row) return fail(row.error());
  const auto happened = has_happened(*row, change.waits_for);
  if (!happened) return fail(happened.error());
  if (*happened) {
    return go_on(*row, core::JobInput::given_back, change.at, {.same_attempt = true});
  }
  return go_on(
      *row, core::JobInput::parked, change.at,
      {.waits_for = change.waits_for, .waits_until = change.waits_until, .same_attempt = true});
}

Result<void> JobChanges::on(const core::Scope& scope, const core::GiveBackJob& change) {
  const auto row = held_row(scope, change.hold);
  if (!row) return fail(row.error());
  return go_on(*row, core::JobInput::given_back, change.at, {.same_attempt = true});
}

// --- what others say ----------------------------------------------------------------------------

Result<void> JobChanges::on(const core::Scope& scope, const core::CancelJob& change) {
  const auto row = row_of(scope, change.id);
  if (!row) return fail(row.error());
  if (core::is_terminal(row->state)) return {};
  return end(*row, core::JobInput::cancelled, change.at, {.error = change.reason});
}

Result<void> JobChanges::on(const core::Scope& scope, const core::HoldJob& change) {
  const auto row = row_of(scope, change.id);
  if (!row) return fail(row.error());
  return go_on(
      *row, core::JobInput::held, change.at,
      {.waits_for = change.waits_for, .same_attempt = row->state == core::JobState::running});
}

Result<void> JobChanges::on(const core::Scope& scope, const core::WakeJob& change) {
  const auto row = row_of(scope, change.id);
  if (!row) return fail(row.error());
  if (row->state != core::JobState::waiting || row->waits_for != change.waits_for) {
    return wrong_state(row->id, row->state);
  }
  return wake(*row, change.at);
}

Result<void> JobChanges::on(const core::Scope& scope, const core::WakeJobs& change) {
  return wake_all(scope.key(), change.waits_for, change.at);
}

}  // namespace colonnade::storage::sqlite
