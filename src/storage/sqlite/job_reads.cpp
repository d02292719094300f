#include "storage/sqlite/job_reads.hpp"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "storage/event_codec.hpp"
#include "storage/sqlite/job_rows.hpp"

namespace colonnade::storage::sqlite {
namespace {

// What tells whether a job belongs on a page, without its texts.
struct JobHead {
  std::int64_t no = 0;
  std::string owner{};
  std::string task{};
  std::string state{};
  std::string tags{};
  std::string batch_id{};
  std::string schedule_id{};
  std::string parent_id{};
  std::int64_t bytes = 0;
};

#define COLONNADE_JOB_HEAD \
  "SELECT no, owner, task, state, tags, batch_id, schedule_id, parent_id, bytes FROM jobs"
// Newest first, from ?1 on.
#define COLONNADE_JOB_HEADS_END " AND no < ?1 ORDER BY no DESC LIMIT ?2"

Result<JobHead> read_head(Statement& row) {
  return JobHead{.no = row.integer(0),
                 .owner = row.string(1),
                 .task = row.string(2),
                 .state = row.string(3),
                 .tags = row.string(4),
                 .batch_id = row.string(5),
                 .schedule_id = row.string(6),
                 .parent_id = row.string(7),
                 .bytes = row.integer(8)};
}

bool is_same_or_any(std::string_view wanted, std::string_view found) {
  return wanted.empty() || wanted == found;
}

Result<bool> passes_filter(const JobHead& head, const std::optional<std::string>& owner,
                           const core::JobFilter& filter) {
  if (owner && *owner != head.owner) return false;
  if (!is_same_or_any(filter.task, head.task) || !is_same_or_any(filter.batch_id, head.batch_id) ||
      !is_same_or_any(filter.schedule_id, head.schedule_id) ||
      !is_same_or_any(filter.parent_id, head.parent_id)) {
    return false;
  }
  const auto is_state = [&](core::JobState state) { return head.state == core::to_string(state); };
  if (!filter.states.empty() && std::ranges::none_of(filter.states, is_state)) return false;
  if (filter.tag.empty()) return true;
  const auto tags = read_names(head.tags);
  if (!tags) return fail(tags.error());
  return std::ranges::find(*tags, filter.tag) != tags->end();
}

// Along the index that leaves the fewest rows to look at.
Result<std::vector<JobHead>> heads_of(Database& database, const core::Scope& scope,
                                      const std::optional<std::string>& owner,
                                      const core::JobFilter& filter, std::int64_t before,
                                      std::size_t limit) {
  if (!filter.batch_id.empty()) {
    return database.all<JobHead>(COLONNADE_JOB_HEAD
                                 " WHERE batch_no = (SELECT b.no FROM job_batches b WHERE b.id = ?3"
                                 " AND b.scope = ?4)" COLONNADE_JOB_HEADS_END,
                                 read_head, before, limit, filter.batch_id, scope.key());
  }
  if (!filter.schedule_id.empty()) {
    return database.all<JobHead>(
        COLONNADE_JOB_HEAD
        " WHERE schedule_id = ?3 AND schedule_id <> '' AND scope = ?4" COLONNADE_JOB_HEADS_END,
        read_head, before, limit, filter.schedule_id, scope.key());
  }
  if (!filter.parent_id.empty()) {
    return database.all<JobHead>(
        COLONNADE_JOB_HEAD
        " WHERE parent_id = ?3 AND parent_id <> '' AND scope = ?4" COLONNADE_JOB_HEADS_END,
        read_head, before, limit, filter.parent_id, scope.key());
  }
  if (owner) {
    return database.all<JobHead>(
        COLONNADE_JOB_HEAD
        " INDEXED BY jobs_by_owner WHERE scope = ?3 AND owner = ?4" COLONNADE_JOB_HEADS_END,
        read_head, before, limit, scope.key(), *owner);
  }
  if (!filter.task.empty()) {
    return database.all<JobHead>(
        COLONNADE_JOB_HEAD
        " INDEXED BY jobs_by_task WHERE scope = ?3 AND task = ?4" COLONNADE_JOB_HEADS_END,
        read_head, before, limit, scope.key(), filter.task);
  }
  return database.all<JobHead>(COLONNADE_JOB_HEAD
                               " INDEXED BY jobs_by_scope WHERE scope = ?3" COLONNADE_JOB_HEADS_END,
                               read_head, before, limit, scope.key());
}

struct Chosen {
  std::vector<std::int64_t> rows{};
  std::optional<std::int64_t> next_before_no{};
};

Result<Chosen> rows_of_page(Database& database, const core::Scope& scope,
                            const std::optional<std::string>& owner,
                            const core::JobFilter& filter) {
  const std::int64_t before =
      filter.before_no > 0 ? filter.before_no : std::numeric_limits<std::int64_t>::max();
  const std::size_t limit = std::clamp<std::size_t>(filter.limit, 1, limits::page_rows_max);
  const auto heads = heads_of(database, scope, owner, filter, before, limits::job_rows_looked_at);
  if (!heads) return fail(heads.error());
  Chosen out;
  std::int64_t bytes = 0;
  for (const JobHead& head : *heads) {
    const auto wanted = passes_filter(head, owner, filter);
    if (!wanted) return fail(wanted.error());
    if (!*wanted) {
      out.next_before_no = head.no;
      continue;
    }
    const bool is_full =
        out.rows.size() == limit ||
        (!out.rows.empty() && std::cmp_greater(bytes + head.bytes, limits::job_page_bytes_max));
    if (is_full) return out;
    out.rows.push_back(head.no);
    out.next_before_no = head.no;
    bytes += head.bytes;
  }
  if (heads->size() < limits::job_rows_looked_at) out.next_before_no.reset();
  return out;
}

Result<core::JobPlace> read_place(Statement& row) {
  return core::JobPlace{.scope = core::Scope::from_key(row.string(0)), .id = row.string(1)};
}

struct ScheduleHead {
  std::int64_t no = 0;
  std::int64_t bytes = 0;
};

Result<ScheduleHead> read_schedule_head(Statement& row) {
  return ScheduleHead{.no = row.integer(0), .bytes = row.integer(1)};
}

// Whole ones, until their texts fill a page.
Result<std::vector<core::JobSchedule>> schedules_of(
    Database& database, const Result<std::vector<ScheduleHead>>& heads) {
  if (!heads) return fail(heads.error());
  std::vector<core::JobSchedule> out;
  std::int64_t bytes = 0;
  for (const ScheduleHead& head : *heads) {
    bytes += head.bytes;
    if (!out.empty() && std::cmp_greater(bytes, limits::job_page_bytes_max)) break;
    auto schedule = database.one<core::JobSchedule>("SELECT " COLONNADE_SCHEDULE_COLUMNS
                                                    " FROM job_schedules WHERE no = ?1",
                                                    read_schedule, head.no);
    if (!schedule) return fail(std::move(schedule.error()));
    if (*schedule) out.push_back(std::move(**schedule));
  }
  return out;
}

Result<std::optional<std::string>> first_text(Database& database, const char* sql,
                                              const core::Scope& scope, const std::string& task,
                                              const std::string& key, Time now) {
  return database.one<std::string>(
      sql, [](Statement& row) -> Result<std::string> { return row.string(0); }, key, task,
      scope.key(), now);
}

Result<std::optional<Time>> first_time(Database& database, const char* sql) {
  const auto found = database.one<std::optional<Time>>(
      sql, [](Statement& row) -> Result<std::optional<Time>> { return row.optional_time(0); });
  if (!found) return fail(found.error());
  return found->value_or(std::nullopt);
}

}  // namespace

base::Task<Result<std::optional<core::Job>>> JobReads::job(core::Scope scope, std::string id) {
  co_return readers_.with([&](Database& database) {
    return database.one<core::Job>("SELECT " COLONNADE_JOB_COLUMNS COLONNADE_FROM_JOBS
                                   " WHERE j.id = ?1 AND j.scope = ?2",
                                   read_job, id, scope.key());
  });
}

base::Task<Result<core::JobPage>> JobReads::jobs(core::Scope scope,
                                                 std::optional<std::string> owner,
                                                 core::JobFilter filter) {
  co_return readers_.with([&](Database& database) -> Result<core::JobPage> {
    auto chosen = rows_of_page(database, scope, owner, filter);
    if (!chosen) return fail(std::move(chosen.error()));
    core::JobPage page{.next_before_no = chosen->next_before_no};
    for (const std::int64_t no : chosen->rows) {
      auto job = database.one<core::Job>("SELECT " COLONNADE_JOB_COLUMNS COLONNADE_FROM_JOBS
                                         " WHERE j.no = ?1 AND j.scope = ?2",
                                         read_job, no, scope.key());
      if (!job) return fail(std::move(job.error()));
      if (*job) page.jobs.push_back(std::move(**job));
    }
    return page;
  });
}

base::Task<Result<std::optional<std::string>>> JobReads::job_of_key(core::Scope scope,
                                                                    std::string task,
                                                                    std::string key, Time now) {
  co_return readers_.with([&](Database& database) {
    return first_text(database,
                      "SELECT id FROM jobs WHERE key = ?1 AND task = ?2 AND scope = ?3"
                      " AND key_held = 1 AND key_expires_at > ?4",
                      scope, task, key, now);
  });
}

base::Task<Result<std::optional<std::string>>> JobReads::batch_of_key(core::Scope scope,
                                                                      std::string task,
                                                                      std::string key, Time now) {
  co_return readers_.with([&](Database& database) {
    return first_text(database,
                      "SELECT id FROM job_batches WHERE key = ?1 AND key <> '' AND task = ?2"
                      " AND scope = ?3 AND key_expires_at > ?4",
                      scope, task, key, now);
  });
}

base::Task<Result<std::optional<core::JobBatch>>> JobReads::batch(core::Scope scope,
                                                                  std::string id) {
  co_return readers_.with([&](Database& database) {
    return database.one<core::JobBatch>("SELECT " COLONNADE_BATCH_COLUMNS
                                        " FROM job_batches WHERE id = ?1 AND scope = ?2",
                                        read_batch, id, scope.key());
  });
}

base::Task<Result<std::vector<std::string>>> JobReads::batch_jobs(core::Scope scope,
                                                                  std::string id) {
  co_return readers_.with([&](Database& database) {
    return database.all<std::string>(
        "SELECT id FROM jobs WHERE batch_no = (SELECT b.no FROM job_batches b WHERE b.id = ?1"
        " AND b.scope = ?2) ORDER BY no LIMIT ?3",
        [](Statement& row) -> Result<std::string> { return row.string(0); }, id, scope.key(),
        limits::batch_jobs_max);
  });
}

base::Task<Result<std::optional<core::JobSchedule>>> JobReads::schedule(core::Scope scope,
                                                                        std::string id) {
  co_return readers_.with([&](Database& database) {
    return database.one<core::JobSchedule>("SELECT " COLONNADE_SCHEDULE_COLUMNS
                                           " FROM job_schedules WHERE id = ?1 AND scope = ?2",
                                           read_schedule, id, scope.key());
  });
}

base::Task<Result<std::vector<core::JobSchedule>>> JobReads::schedules(
    core::Scope scope, std::optional<std::string> owner, core::ScheduleFilter filter) {
  const std::size_t limit = std::clamp<std::size_t>(filter.limit, 1, limits::page_rows_max);
  co_return readers_.with([&](Database& database) {
    const auto heads = database.all<ScheduleHead>(
        "SELECT no, length(CAST(payload AS BLOB)) + length(CAST(metadata AS BLOB))"
        " FROM job_schedules INDEXED BY job_schedules_by_id WHERE scope = ?1"
        " AND (?2 IS NULL OR owner = ?2) AND (?3 = '' OR task = ?3) AND id > ?4"
        " ORDER BY id LIMIT ?5",
        read_schedule_head, scope.key(), owner, filter.task, filter.after_id, limit);
    return schedules_of(database, heads);
  });
}

base::Task<Result<std::vector<core::JobPlace>>> JobReads::schedules_named(
    std::string id_prefix, core::EveryScopePage page) {
  co_return readers_.with([&](Database& database) {
    return database.all<core::JobPlace>(
        "SELECT scope, id FROM job_schedules INDEXED BY job_schedules_by_id"
        " WHERE (scope, id) > (?1, ?2) AND substr(id, 1, length(?3)) = ?3"
        " ORDER BY scope, id LIMIT ?4",
        read_place, page.after_scope, page.after_id, id_prefix, page.limit);
  });
}

base::Task<Result<std::vector<core::JobSchedule>>> JobReads::due_schedules(Time now,
                                                                           std::size_t limit) {
  co_return readers_.with([&](Database& database) {
    const auto heads = database.all<ScheduleHead>(
        "SELECT no, length(CAST(payload AS BLOB)) + length(CAST(metadata AS BLOB))"
        " FROM job_schedules WHERE next_due_at <= ?1 ORDER BY next_due_at LIMIT ?2",
        read_schedule_head, now, limit);
    return schedules_of(database, heads);
  });
}

base::Task<Result<std::optional<Time>>> JobReads::next_schedule_due() {
  co_return readers_.with([&](Database& database) {
    return first_time(database,
                      "SELECT next_due_at FROM job_schedules WHERE next_due_at IS NOT NULL"
                      " ORDER BY next_due_at LIMIT 1");
  });
}

base::Task<Result<core::JobOutlook>> JobReads::job_outlook() {
  co_return readers_.with([&](Database& database) -> Result<core::JobOutlook> {
    const auto queued = database.number(
        "SELECT EXISTS (SELECT 1 FROM job_queues INDEXED BY job_queues_open"
        " WHERE queued > 0 AND running < running_max)");
    if (!queued) return fail(queued.error());
    auto due = first_time(database,
                          "SELECT due_at FROM jobs INDEXED BY jobs_by_due"
                          " WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1");
    if (!due) return fail(std::move(due.error()));
    return core::JobOutlook{.any_queued = *queued != 0, .next_due_at = *due};
  });
}

base::Task<Result<std::vector<core::Job>>> JobReads::claimed_jobs(std::string claim_id,
                                                                  Time lease_until) {
  co_return readers_.with([&](Database& database) {
    return database.all<core::Job>(
        "SELECT " COLONNADE_JOB_COLUMNS
        " FROM jobs j INDEXED BY jobs_by_due LEFT JOIN job_inputs i ON i.job_no = j.no"
        " WHERE j.due_at = ?1 AND j.due_at IS NOT NULL AND j.claim_id = ?2"
        " AND j.state = 'running' ORDER BY j.no",
        read_job, lease_until, claim_id);
  });
}

base::Task<Result<std::vector<std::string>>> JobReads::lost_jobs(std::vector<core::JobHold> holds) {
  co_return readers_.with([&](Database& database) -> Result<std::vector<std::string>> {
    std::vector<std::string> out;
    for (const core::JobHold& hold : holds) {
      const auto held = database.number(
          "SELECT count(*) FROM jobs WHERE id = ?1 AND fence = ?2 AND state = 'running'", hold.id,
          hold.fence);
      if (!held) return fail(held.error());
      if (*held == 0) out.push_back(hold.id);
    }
    return out;
  });
}

base::Task<Result<std::vector<core::JobPlace>>> JobReads::jobs_ended_by_time(Time at) {
  co_return readers_.with([&](Database& database) {
    return database.all<core::JobPlace>(
        "SELECT scope, id FROM jobs INDEXED BY jobs_by_end WHERE finished_at = ?1"
        " AND failure IN ('timed_out', 'lost', 'expired') AND started_at IS NOT NULL",
        read_place, at);
  });
}

base::Task<Result<bool>> JobReads::any_job_to_purge(Time ended_before) {
  co_return readers_.with([&](Database& database) -> Result<bool> {
    const auto found = database.number(
        "SELECT EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_by_end WHERE finished_at < ?1)"
        " OR EXISTS (SELECT 1 FROM job_shares INDEXED BY job_shares_empty WHERE live = 0)",
        ended_before);
    if (!found) return fail(found.error());
    return *found != 0;
  });
}

}  // namespace colonnade::storage::sqlite
