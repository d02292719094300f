// What workers and time do to jobs, and how they are counted.
#include <vector>

#include "storage/sqlite/change_results.hpp"
#include "storage/sqlite/job_changes.hpp"

namespace colonnade::storage::sqlite {
namespace {

struct OpenQueue {
  std::int64_t no = 0;
  std::int64_t served = 0;
};

Result<std::int64_t> read_number(Statement& row) { return row.integer(0); }

}  // namespace

// --- counts -------------------------------------------------------------------------------------

Result<void> JobChanges::count(std::int64_t share_no, std::int64_t queue_no,
                               std::int64_t account_no, const Counts& counts) {
  if (counts.live != 0 || counts.queued != 0 || counts.served) {
    const auto done = write(
        "UPDATE job_shares SET live = live + ?2, queued = queued + ?3,"
        " served = coalesce(?4, served) WHERE no = ?1",
        share_no, counts.live, counts.queued, counts.served);
    if (!done) return fail(done.error());
  }
  if (counts.queued != 0 || counts.running != 0) {
    const auto done = write(
        "UPDATE job_queues SET queued = queued + ?2, running = running + ?3,"
        " served = coalesce(?4, served) WHERE no = ?1",
        queue_no, counts.queued, counts.running, counts.served);
    if (!done) return fail(done.error());
  }
  if (counts.live != 0 || counts.running != 0 || counts.bytes != 0) {
    const auto done = write(
        "UPDATE job_accounts SET live = live + ?2, running = running + ?3, bytes = bytes + ?4"
        " WHERE no = ?1",
        account_no, counts.live, counts.running, counts.bytes);
    if (!done) return fail(done.error());
  }
  return {};
}

Result<void> JobChanges::count_move(const Row& row, core::JobState to, std::int64_t bytes) {
  const auto is = [](core::JobState state, core::JobState wanted) {
    return state == wanted ? std::int64_t{1} : std::int64_t{0};
  };
  const auto moved = [&](core::JobState state) { return is(to, state) - is(row.state, state); };
  return count(row.share_no, row.queue_no, row.account_no,
               {.live = core::is_terminal(to) ? -1 : 0,
                .queued = moved(core::JobState::queued),
                .running = moved(core::JobState::running),
                .bytes = bytes});
}

Result<std::int64_t> JobChanges::next_served() {
  if (!served_) {
    const auto last = database_.number(
        "SELECT max(coalesce((SELECT max(served) FROM job_queues), 0),"
        " coalesce((SELECT max(served) FROM job_shares), 0))");
    if (!last) return last;
    served_ = *last;
  }
  return ++*served_;
}

// --- claims -------------------------------------------------------------------------------------

// One job of each open queue in turn, as long as there is any that gives one.
Result<void> JobChanges::on(const core::Scope&, const core::ClaimJobs& change) {
  int left = change.jobs_max;
  for (bool any = true; any && left > 0;) {
    any = false;
    // What is served in this turn goes behind it.
    const auto turn = next_served();
    if (!turn) return fail(turn.error());
    std::int64_t after = -1;
    while (left > 0) {
      const auto queue = database_.one<OpenQueue>(
          "SELECT no, served FROM job_queues INDEXED BY job_queues_open WHERE queued > 0"
          " AND running < running_max AND served > ?1 AND served < ?2 ORDER BY served LIMIT 1",
          [](Statement& row) -> Result<OpenQueue> {
            return OpenQueue{.no = row.integer(0), .served = row.integer(1)};
          },
          after, *turn);
      if (!queue) return fail(queue.error());
      if (!*queue) break;
      after = (*queue)->served;
      const auto claimed = claim_from((*queue)->no, change);
      if (!claimed) return fail(claimed.error());
      if (!*claimed) continue;
      --left;
      any = true;
    }
  }
  return {};
}

Result<std::optional<std::int64_t>> JobChanges::share_to_serve(std::int64_t queue_no,
                                                               int running_max) {
  return database_.one<std::int64_t>(
      "SELECT s.no FROM job_shares s INDEXED BY job_shares_queued"
      " CROSS JOIN job_accounts a ON a.no = s.account_no"
      " WHERE s.queue_no = ?1 AND s.queued > 0 AND a.running < ?2 ORDER BY s.served LIMIT 1",
      read_number, queue_no, running_max);
}

// False when all accounts that have something there run as much as they may.
Result<bool> JobChanges::claim_from(std::int64_t queue_no, const core::ClaimJobs& change) {
  for (;;) {
    const auto share = share_to_serve(queue_no, change.running_per_account);
    if (!share) return fail(share.error());
    if (!*share) return false;
    const auto no = database_.one<std::int64_t>(
        "SELECT no FROM jobs INDEXED BY jobs_queued WHERE share_no = ?1 AND state = 'queued'"
        " ORDER BY priority DESC, run_at, no LIMIT 1",
        read_number, **share);
    if (!no) return fail(no.error());
    if (!*no) return fail(ErrorKind::internal, "a queue of jobs counts one that is not there");
    const auto row = row_of(**no);
    if (!row) return fail(row.error());
    if (!*row) return fail(ErrorKind::internal, "a job that was found is not there");
    const auto claimed = claim_one(**row, change);
    if (!claimed) return claimed;
    if (*claimed) return true;
  }
}

// False when its time to be begun is over.
Result<bool> JobChanges::claim_one(const Row& row, const core::ClaimJobs& change) {
  if (!row.has_started && row.expires_at && *row.expires_at <= change.at) {
    auto ended = settle(row, change.at);
    if (!ended) return fail(std::move(ended.error()));
    return false;
  }
  const auto to = core::state_after(row.state, core::JobInput::claimed);
  if (!to) return fail(ErrorKind::internal, quoted("job", row.id) + " is counted as queued");
  const auto claimed = write(
      "UPDATE jobs SET state = ?2, updated_at = ?3, due_at = ?4, lease_until = ?4,"
      " fence = fence + 1, claim_id = ?5, worker = ?6,"
      " attempts_made = attempts_made + 1 - same_attempt, same_attempt = 0,"
      " started_at = coalesce(started_at, ?3) WHERE no = ?1",
      row.no, core::to_string(*to), change.at, change.lease_until, change.claim_id, change.worker);
  if (!claimed) return fail(claimed.error());
  const auto served = next_served();
  if (!served) return fail(served.error());
  const auto counted = count(row.share_no, row.queue_no, row.account_no,
                             {.queued = -1, .running = 1, .served = *served});
  if (!counted) return fail(counted.error());
  if (row.is_spawned) {
    if (auto told = tell(row.no, change.at); !told) return fail(std::move(told.error()));
  }
  return true;
}

Result<void> JobChanges::on(const core::Scope&, const core::RenewJobs& change) {
  for (const core::JobHold& hold : change.holds) {
    const auto renewed = write(
        "UPDATE jobs SET due_at = ?3, lease_until = ?3"
        " WHERE id = ?1 AND fence = ?2 AND state = 'running'",
        hold.id, hold.fence, change.lease_until);
    if (!renewed) return fail(renewed.error());
  }
  return {};
}

// --- time ---------------------------------------------------------------------------------------

Result<void> JobChanges::on(const core::Scope&, const core::SettleDueJobs& change) {
  const auto due = database_.all<std::int64_t>(
      "SELECT no FROM jobs INDEXED BY jobs_by_due WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2",
      read_number, change.at, change.jobs_max);
  if (!due) return fail(due.error());
  for (const std::int64_t no : *due) {
    const auto row = row_of(no);
    if (!row) return fail(row.error());
    if (!*row) continue;
    if (auto settled = settle(**row, change.at); !settled) return settled;
  }
  return {};
}

Result<void> JobChanges::settle(const Row& row, Time at) {
  const bool is_expired = !row.has_started && row.expires_at && *row.expires_at <= at;
  switch (row.state) {
    case core::JobState::delayed:
      if (!is_expired) return go_on(row, core::JobInput::fell_due, at, {});
      [[fallthrough]];
    case core::JobState::queued:
      return end(row, core::JobInput::expired, at,
                 {.failure = core::JobFailure::expired,
                  .error = "it was not begun within its time to live"});
    case core::JobState::waiting:
      // One that waits for nothing but the time goes on.
      if (row.waits_for.empty()) return wake(row, at);
      return end(row, core::JobInput::wait_ended, at,
                 {.failure = core::JobFailure::timed_out,
                  .error = "what it waited for did not happen in time"});
    case core::JobState::running: return lease_ended(row, at);
    case core::JobState::done:
    case core::JobState::failed:
    case core::JobState::cancelled: break;
  }
  return fail(ErrorKind::internal, quoted("job", row.id) + " has ended and is due");
}

Result<void> JobChanges::lease_ended(const Row& row, Time at) {
  if (row.repeats_when_lost && row.attempts.made < row.attempts.max) {
    const auto delay = core::retry_delay(row.attempts, static_cast<std::size_t>(row.no));
    return go_on(row, core::JobInput::lease_ended, at, {.run_at = at + delay});
  }
  return end(row, core::JobInput::abandoned, at,
             {.failure = core::JobFailure::lost,
              .error = row.repeats_when_lost
                           ? "the server stopped in the middle of its last attempt"
                           : "the server stopped in the middle of it; whether it took effect is "
                             "unknown, and it must not be done twice"});
}

Result<void> JobChanges::on(const core::Scope&, const core::EndLeases& change) {
  return any_row(
      write("UPDATE jobs SET due_at = ?1, lease_until = ?1"
            " WHERE due_at IS NOT NULL AND state = 'running'",
            change.at));
}

// --- the end ------------------------------------------------------------------------------------

Result<void> JobChanges::on(const core::Scope&, const core::PurgeJobs& change) {
  const auto ended = database_.all<std::int64_t>(
      "SELECT no FROM jobs INDEXED BY jobs_by_end WHERE finished_at < ?1"
      " ORDER BY finished_at LIMIT ?2",
      read_number, change.ended_before, change.jobs_max);
  if (!ended) return fail(ended.error());
  for (const std::int64_t no : *ended) {
    if (auto gone = purge_one(no); !gone) return gone;
  }
  return purge_empty_shares(change.jobs_max);
}

Result<void> JobChanges::purge_one(std::int64_t no) {
  const auto freed = write(
      "UPDATE job_accounts SET bytes = bytes - (SELECT j.bytes FROM jobs j WHERE j.no = ?1)"
      " WHERE (scope, owner) = (SELECT j.scope, j.owner FROM jobs j WHERE j.no = ?1)",
      no);
  if (!freed) return fail(freed.error());
  const auto batch = database_.number("SELECT coalesce(batch_no, 0) FROM jobs WHERE no = ?1", no);
  if (!batch) return fail(batch.error());
  const auto input = write("DELETE FROM job_inputs WHERE job_no = ?1", no);
  if (!input) return fail(input.error());
  const auto row = write("DELETE FROM jobs WHERE no = ?1", no);
  if (!row) return fail(row.error());
  if (*batch == 0) return {};
  return any_row(
      write("DELETE FROM job_batches WHERE no = ?1"
            " AND NOT EXISTS (SELECT 1 FROM jobs WHERE batch_no = ?1)",
            *batch));
}

// Queues come and go with their keys, so what nobody uses is not kept.
Result<void> JobChanges::purge_empty_shares(int shares_max) {
  const auto queues = database_.all<std::int64_t>(
      "SELECT queue_no FROM job_shares INDEXED BY job_shares_empty WHERE live = 0 LIMIT ?1",
      read_number, shares_max);
  if (!queues) return fail(queues.error());
  const auto shares = write(
      "DELETE FROM job_shares WHERE no IN (SELECT no FROM job_shares INDEXED BY job_shares_empty"
      " WHERE live = 0 LIMIT ?1)",
      shares_max);
  if (!shares) return fail(shares.error());
  for (const std::int64_t queue : *queues) {
    const auto gone = write(
        "DELETE FROM job_queues WHERE no = ?1"
        " AND NOT EXISTS (SELECT 1 FROM job_shares WHERE queue_no = ?1)",
        queue);
    if (!gone) return fail(gone.error());
  }
  return {};
}

}  // namespace colonnade::storage::sqlite
