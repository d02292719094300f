// Runs are found by time along runs_by_id: ids begin with the moment they were made at, and the
// index holds the scope too, so rows of other scopes are not looked at.
#include "storage/sqlite/span_reads.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <ranges>
#include <system_error>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "base/ids.hpp"
#include "core/agents/agent.hpp"
#include "core/limits.hpp"
#include "core/spans/limits.hpp"
#include "storage/agent_codec.hpp"
#include "storage/span_codec.hpp"
#include "storage/sqlite/rows.hpp"

namespace colonnade::storage::sqlite {
namespace {

// From runs r.
#define COLONNADE_TRACED_RUN_COLUMNS                                                          \
  "r.id, r.trace_id, r.scope, r.thread_id, r.agent_id, r.started_by, r.state, r.created_at, " \
  "r.finished_at, r.error, r.provider, r.model, r.cost_micros, "                              \
  "r.options, " COLONNADE_USAGE_COLUMNS("r.")
#define COLONNADE_NOT_ERASED \
  " JOIN threads t ON t.id = r.thread_id AND t.scope = r.scope AND t.erased_at IS NULL"

// A run h that a run s has handed work on to (core/runs/sub_agents): in its trace, in a thread
// apart.
#define COLONNADE_HANDED_ON                                                         \
  " CROSS JOIN runs h ON h.trace_id = coalesce(nullif(s.trace_id, ''), s.id)"       \
  " AND h.trace_id <> '' AND h.scope = s.scope AND CASE WHEN json_valid(h.options)" \
  " THEN json_extract(h.options, '$.handed_on_by_run') = s.id END"

// The default agent has two ids: none, and its own once it was made a row.
#define COLONNADE_AGENT_ID(id) "coalesce(nullif(" id ", ''), 'default')"
static_assert(core::default_agent_id == std::string_view("default"));

constexpr std::int64_t micros_of_day = 86'400'000'000;

Result<core::TracedRun> read_traced_run(Statement& row) {
  const auto state = core::run_state_from(row.text(6));
  if (!state) return fail(ErrorKind::internal, "an unknown run state: " + row.string(6));
  auto options = read_turn_options(row.text(13));
  if (!options) return fail(std::move(options.error()));
  core::TracedRun out{.id = row.string(0),
                      .parent = std::move(options->trace),
                      .scope = core::Scope::from_key(row.string(2)),
                      .thread_id = row.string(3),
                      .agent_id = row.string(4),
                      .owner = row.string(5),
                      .state = *state,
                      .created_at = row.time(7),
                      .finished_at = row.optional_time(8),
                      .error = row.string(9),
                      .provider = row.string(10),
                      .model = row.string(11),
                      .usage = read_usage(row, 14),
                      .cost_micros = row.integer(12),
                      .by_sub_agent = options->as_sub_agent};
  core::Run run{.id = out.id, .scope = out.scope};
  run.options.trace = out.parent;
  out.trace_id = core::trace_id_of(run);
  return out;
}

Result<void> count_tool_calls(Database& database, core::TracedRun& run) {
  const auto calls = database.number(
      "SELECT count(*) FROM tool_calls WHERE run_id = ?1 AND scope = ?2", run.id, run.scope.key());
  if (!calls) return fail(calls.error());
  run.tool_calls = static_cast<int>(*calls);
  return {};
}

// In order of their beginning; one that was stored twice, around a crash, once.
Result<std::vector<core::Span>> spans_of(Database& database, const core::TracedRun& run) {
  std::vector<core::Span> out;
  const auto add = [&](Statement& row) { return read_spans(row.text(0), out); };
  auto read = database.each(
      "SELECT spans FROM run_steps WHERE run_id = ?1 AND scope = ?2 AND spans IS NOT NULL"
      " ORDER BY number",
      add, run.id, run.scope.key());
  if (read) {
    read =
        database.each("SELECT spans FROM runs WHERE id = ?1 AND scope = ?2 AND spans IS NOT NULL",
                      add, run.id, run.scope.key());
  }
  if (!read) return fail(std::move(read.error()));
  std::ranges::sort(out, {}, &core::Span::start);
  std::unordered_set<std::string> seen;
  std::erase_if(out, [&](const core::Span& span) {
    return !seen.insert(core::span_id(run.id, span)).second;
  });
  return out;
}

Result<core::RunTraced> with_spans(Database& database, core::TracedRun run) {
  if (auto counted = count_tool_calls(database, run); !counted) return fail(counted.error());
  auto spans = spans_of(database, run);
  if (!spans) return fail(std::move(spans.error()));
  return core::RunTraced{.run = std::move(run), .spans = std::move(*spans)};
}

bool is_asked_for(const core::TracedRunFilter& filter, std::string_view state) {
  return filter.states.empty() || std::ranges::any_of(filter.states, [&](core::RunState one) {
           return core::to_string(one) == state;
         });
}

Result<void> each_run(Database& database, const core::Scope& scope,
                      const core::TracedRunFilter& filter, const auto& use) {
  if (!filter.thread_id.empty()) {
    return database.each(
        "SELECT " COLONNADE_TRACED_RUN_COLUMNS " FROM runs r" COLONNADE_NOT_ERASED
        " WHERE r.scope = ?1 AND r.id IN (SELECT m.run_id FROM threads o CROSS JOIN messages m"
        " ON m.thread_no = o.no WHERE o.id = ?2 AND o.scope = ?1 AND m.role = 'user'"
        " AND m.run_id <> '') AND (?3 IS NULL OR r.started_by = ?3)"
        " AND (?4 IS NULL OR " COLONNADE_AGENT_ID(
            "r.agent_id") " = ?4) AND r.created_at >= ?5 ORDER BY r.id DESC",
        use, scope.key(), filter.thread_id, filter.owner, filter.agent_id, filter.since);
  }
  return database.each(
      "SELECT " COLONNADE_TRACED_RUN_COLUMNS
      " FROM (SELECT no FROM runs WHERE id >= ?2 AND scope = ?1 ORDER BY id DESC LIMIT ?5) w"
      " CROSS JOIN runs r ON r.no = w.no" COLONNADE_NOT_ERASED
      " WHERE (?3 IS NULL OR r.started_by = ?3)"
      " AND (?4 IS NULL OR " COLONNADE_AGENT_ID("r.agent_id") " = ?4)"
      " ORDER BY r.id DESC",
      use, scope.key(), base::first_id_of(filter.since), filter.owner, filter.agent_id,
      limits::monitored_runs_looked_at_max);
}

// The numbers of a thread's runs, newest first, as sums. What they handed on counts for them.
Result<void> add_runs(Database& database, const core::Scope& scope, std::int64_t thread_no,
                      core::TracedThread& thread) {
#define COLONNADE_RUNS_OF_THREAD(r) \
  " FROM messages m CROSS JOIN runs " r " ON " r ".id = m.run_id AND " r ".scope = ?2"
#define COLONNADE_OF_ITS_MESSAGES " WHERE m.thread_no = ?1 AND m.role = 'user' AND m.run_id <> ''"
  auto summed = database.each(
      "SELECT coalesce(sum(r.cost_micros), 0), coalesce(sum(r.input_tokens), 0),"
      " coalesce(sum(r.output_tokens), 0), coalesce(sum((SELECT count(*) FROM tool_calls c"
      " WHERE c.run_id = r.id AND c.scope = r.scope)), 0) FROM"
      " (SELECT s.no" COLONNADE_RUNS_OF_THREAD("s") COLONNADE_OF_ITS_MESSAGES
      " UNION SELECT h.no" COLONNADE_RUNS_OF_THREAD("s")
          COLONNADE_HANDED_ON COLONNADE_OF_ITS_MESSAGES ") w CROSS JOIN runs r ON r.no = w.no",
      [&](Statement& row) -> Result<void> {
        thread.cost_micros = row.integer(0);
        thread.usage.input_tokens = row.integer(1);
        thread.usage.output_tokens = row.integer(2);
        thread.tool_calls = static_cast<int>(row.integer(3));
        return {};
      },
      thread_no, scope.key());
  if (!summed) return summed;
  const auto newest = database.one<core::TracedRun>(
      "SELECT " COLONNADE_TRACED_RUN_COLUMNS COLONNADE_RUNS_OF_THREAD("r") COLONNADE_OF_ITS_MESSAGES
      " ORDER BY m.created_at DESC, m.no DESC LIMIT 1",
      read_traced_run, thread_no, scope.key());
  if (!newest) return fail(newest.error());
  if (*newest) thread.newest_trace_id = (*newest)->trace_id;
  const auto messages =
      database.number("SELECT count(*) FROM messages WHERE thread_no = ?1", thread_no);
  if (!messages) return fail(messages.error());
  thread.messages = *messages;
  return {};
}

// --- costs --------------------------------------------------------------------------------------

using CostKey = std::tuple<std::int64_t, std::string, std::string>;  // day, key, provider
using CostSums = std::map<CostKey, core::CostSum>;

// What the sums are by: the day, a key and a provider, of which the unused are 0 and ''.
#define COLONNADE_SUMS(by, which)                                                            \
  "SELECT " by                                                                               \
  ", count(*), sum(state = 'failed'), count(DISTINCT thread_id), sum(input_tokens),"         \
  " sum(output_tokens), sum(cached_input_tokens), sum(cache_write_tokens), sum(cost_micros)" \
  " FROM runs WHERE " which                                                                  \
  " AND scope = ?1 AND finished_at >= ?4 AND finished_at < ?5"                               \
  " AND (?6 IS NULL OR started_by = ?6)"                                                     \
  " AND (?7 IS NULL OR " COLONNADE_AGENT_ID("agent_id") " = ?7) GROUP BY 1, 2, 3"
// By the time that their ids begin with; and those that ended too long after they began to be among
// them (limits::run_age_max), which have an index of their own.
#define COLONNADE_USUAL_RUNS "id >= ?2 AND id < ?3"
#define COLONNADE_LONG_RUNS "finished_at - created_at > 691200000000 AND id < ?2 AND ?3 IS NOT NULL"
static_assert(limits::run_age_max == std::chrono::microseconds(691'200'000'000));

template <class Sums>
const char* sums_by(core::CostsBy by, const Sums& sums) {
  return sums[static_cast<std::size_t>(by)];
}

// In the order of CostsBy.
constexpr const char* sums_of_usual_runs[] = {
    COLONNADE_SUMS("finished_at / 86400000000, '', ''", COLONNADE_USUAL_RUNS),
    COLONNADE_SUMS("0, " COLONNADE_AGENT_ID("agent_id") ", ''", COLONNADE_USUAL_RUNS),
    COLONNADE_SUMS("0, model, provider", COLONNADE_USUAL_RUNS),
    COLONNADE_SUMS("0, started_by, ''", COLONNADE_USUAL_RUNS),
};
constexpr const char* sums_of_long_runs[] = {
    COLONNADE_SUMS("finished_at / 86400000000, '', ''", COLONNADE_LONG_RUNS),
    COLONNADE_SUMS("0, " COLONNADE_AGENT_ID("agent_id") ", ''", COLONNADE_LONG_RUNS),
    COLONNADE_SUMS("0, model, provider", COLONNADE_LONG_RUNS),
    COLONNADE_SUMS("0, started_by, ''", COLONNADE_LONG_RUNS),
};

#define COLONNADE_ERASED_SUMS(by)                                                       \
  "SELECT " by                                                                          \
  ", sum(runs), 0, 0, sum(input_tokens), sum(output_tokens), sum(cached_input_tokens)," \
  " sum(cache_write_tokens), sum(cost_micros) FROM erased_costs WHERE scope = ?1"       \
  " AND day >= ?2 AND day < ?3"                                                         \
  " AND (?4 IS NULL OR " COLONNADE_AGENT_ID("agent_id") " = ?4) GROUP BY 1, 2, 3"
constexpr const char* sums_of_erased[] = {
    COLONNADE_ERASED_SUMS("day, '', ''"),
    COLONNADE_ERASED_SUMS("0, " COLONNADE_AGENT_ID("agent_id") ", ''"),
    COLONNADE_ERASED_SUMS("0, model, provider"),
    COLONNADE_ERASED_SUMS("0, '', ''"),
};

void add_sum(CostSums& sums, Statement& row) {
  core::CostSum& sum = sums[{row.integer(0), row.string(1), row.string(2)}];
  sum.day = row.integer(0);
  sum.key = row.string(1);
  sum.provider = row.string(2);
  sum.runs += row.integer(3);
  sum.failed_runs += row.integer(4);
  sum.threads += row.integer(5);
  sum.usage.input_tokens += row.integer(6);
  sum.usage.output_tokens += row.integer(7);
  sum.usage.cached_input_tokens += row.integer(8);
  sum.usage.cache_write_tokens += row.integer(9);
  sum.cost_micros += row.integer(10);
}

// --- gauges -------------------------------------------------------------------------------------

std::int64_t log_bytes_of(Database& database) {
  const char* path = sqlite3_db_filename(database.handle(), "main");
  if (path == nullptr) return 0;
  std::error_code none_yet;
  const auto bytes = std::filesystem::file_size(std::string(path) + "-wal", none_yet);
  return none_yet ? 0 : static_cast<std::int64_t>(bytes);
}

Result<core::StoreGauges> read_gauges(Database& database) {
  core::StoreGauges out;
  auto read = database.each(
      "SELECT count(*), min(created_at) FROM actions WHERE state = 'pending_approval'",
      [&](Statement& row) -> Result<void> {
        out.approvals_waiting = row.integer(0);
        out.oldest_approval = row.optional_time(1);
        return {};
      });
  if (read) {
    read = database.each(
        "SELECT name, sum(queued), sum(running) FROM job_queues GROUP BY 1"
        " ORDER BY 2 DESC, 1 LIMIT ?1",
        [&](Statement& row) -> Result<void> {
          out.job_queues.push_back(
              {.name = row.string(0), .queued = row.integer(1), .running = row.integer(2)});
          return {};
        },
        limits::gauged_job_queues_max);
  }
  if (!read) return fail(std::move(read.error()));
  const auto bytes =
      database.number("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()");
  if (!bytes) return fail(bytes.error());
  out.bytes = *bytes;
  out.log_bytes = log_bytes_of(database);
  return out;
}

std::int64_t day_of(base::Time time) { return time.micros / micros_of_day; }

Result<CostSums> read_sums(Database& database, const core::Scope& scope,
                           const core::CostQuery& query) {
  CostSums sums;
  const auto add = [&](Statement& row) -> Result<void> {
    add_sum(sums, row);
    return {};
  };
  const std::string first = base::first_id_of(query.from - limits::run_age_max);
  const std::string end = base::first_id_of(query.until);
  Result<void> read;
  for (const char* sql :
       {sums_by(query.by, sums_of_usual_runs), sums_by(query.by, sums_of_long_runs)}) {
    if (read) {
      read = database.each(sql, add, scope.key(), first, end, query.from, query.until, query.owner,
                           query.agent_id);
    }
  }
  // Nobody's in particular: for who sees all of the scope.
  if (read && !query.owner) {
    const std::int64_t until = day_of(query.until + std::chrono::microseconds(micros_of_day - 1));
    read = database.each(sums_by(query.by, sums_of_erased), add, scope.key(), day_of(query.from),
                         until, query.agent_id);
  }
  if (!read) return fail(std::move(read.error()));
  return sums;
}

}  // namespace

Result<core::TracedRunPage> SpanReads::traced_runs(const core::Scope& scope,
                                                   const core::TracedRunFilter& filter,
                                                   std::stop_token stop) {
  return readers_.with([&](Database& database) -> Result<core::TracedRunPage> {
    const Interruptible interruptible(database, std::move(stop));
    core::TracedRunPage page;
    const auto take = [&](Statement& row) -> Result<void> {
      if (!is_asked_for(filter, row.text(6))) return {};
      if (page.total++ >= filter.limit) return {};
      auto run = read_traced_run(row);
      if (!run) return fail(std::move(run.error()));
      page.runs.push_back(std::move(*run));
      return {};
    };
    if (auto read = each_run(database, scope, filter, take); !read) return fail(read.error());
    for (core::TracedRun& run : page.runs) {
      if (auto counted = count_tool_calls(database, run); !counted) return fail(counted.error());
    }
    return page;
  });
}

Result<std::vector<core::RunTraced>> SpanReads::traces(const core::Scope& scope,
                                                       const std::optional<std::string>& owner,
                                                       std::string_view id, std::stop_token stop) {
  return readers_.with([&](Database& database) -> Result<std::vector<core::RunTraced>> {
    const Interruptible interruptible(database, std::move(stop));
    auto runs = database.all<core::TracedRun>(
        "SELECT " COLONNADE_TRACED_RUN_COLUMNS " FROM runs r" COLONNADE_NOT_ERASED
        " WHERE r.scope = ?2 AND (?3 IS NULL OR r.started_by = ?3) AND r.no IN"
        " (SELECT no FROM runs WHERE id = ?1 AND scope = ?2"
        " UNION SELECT no FROM runs WHERE trace_id = ?1 AND trace_id <> '' AND scope = ?2"
        " UNION SELECT s.no FROM threads o CROSS JOIN messages m ON m.thread_no = o.no"
        " CROSS JOIN runs s ON s.id = m.run_id AND s.scope = ?2"
        " WHERE o.id = ?1 AND o.scope = ?2 AND m.role = 'user' AND m.run_id <> ''"
        " UNION SELECT h.no FROM threads o CROSS JOIN messages m ON m.thread_no = o.no"
        " CROSS JOIN runs s ON s.id = m.run_id AND s.scope = ?2" COLONNADE_HANDED_ON
        " WHERE o.id = ?1 AND o.scope = ?2 AND m.role = 'user' AND m.run_id <> '')"
        " ORDER BY r.created_at DESC LIMIT ?4",
        read_traced_run, id, scope.key(), owner, limits::traced_runs_max);
    if (!runs) return fail(std::move(runs.error()));
    std::vector<core::RunTraced> out;
    for (core::TracedRun& run : std::views::reverse(*runs)) {
      auto traced = with_spans(database, std::move(run));
      if (!traced) return fail(std::move(traced.error()));
      out.push_back(std::move(*traced));
    }
    return out;
  });
}

Result<std::vector<core::TracedThread>> SpanReads::traced_threads(
    const core::Scope& scope, const core::TracedRunFilter& filter, std::stop_token stop) {
  using Threads = std::vector<core::TracedThread>;
  return readers_.with([&](Database& database) -> Result<Threads> {
    const Interruptible interruptible(database, std::move(stop));
    Threads out;
    std::vector<std::int64_t> numbers;
    const auto take = [&](Statement& row) -> Result<void> {
      numbers.push_back(row.integer(0));
      out.push_back({.id = row.string(1),
                     .agent_id = row.string(2),
                     .owner = row.string(3),
                     .title = row.string(4),
                     .archived = !row.is_null(5),
                     .turns = static_cast<int>(row.integer(6)),
                     .created_at = row.time(7),
                     .updated_at = row.time(8)});
      return {};
    };
    auto read = database.each(
        "SELECT no, id, agent_id, owner, title, archived_at, turns, created_at, updated_at"
        " FROM threads WHERE scope = ?1 AND deleted_at IS NULL AND erased_at IS NULL"
        " AND (?2 IS NULL OR owner = ?2)"
        " AND (?3 IS NULL OR " COLONNADE_AGENT_ID("agent_id") " = ?3)"
        " AND (?4 = '' OR id = ?4) AND (?7 IS NULL OR (archived_at IS NOT NULL) = ?7)"
        " AND updated_at >= ?5 ORDER BY updated_at DESC, no DESC LIMIT ?6",
        take, scope.key(), filter.owner, filter.agent_id, filter.thread_id, filter.since,
        filter.limit, filter.archived ? std::optional(*filter.archived ? 1 : 0) : std::nullopt);
    for (std::size_t i = 0; read && i < out.size(); ++i) {
      read = add_runs(database, scope, numbers[i], out[i]);
    }
    if (!read) return fail(std::move(read.error()));
    return out;
  });
}

Result<std::vector<core::CostSum>> SpanReads::costs(const core::Scope& scope,
                                                    const core::CostQuery& query,
                                                    std::stop_token stop) {
  return readers_.with([&](Database& database) -> Result<std::vector<core::CostSum>> {
    const Interruptible interruptible(database, std::move(stop));
    auto sums = read_sums(database, scope, query);
    if (!sums) return fail(std::move(sums.error()));
    std::vector<core::CostSum> out;
    for (auto& [key, sum] : *sums) out.push_back(std::move(sum));
    if (query.by != core::CostsBy::day) {
      const auto rank = [](const core::CostSum& sum) {
        return std::tuple(-sum.cost_micros, -sum.runs, std::string_view(sum.key));
      };
      std::ranges::sort(out, {}, rank);
    }
    if (out.size() > limits::list_rows_max) out.resize(limits::list_rows_max);
    return out;
  });
}

Result<std::vector<core::ToolUseSum>> SpanReads::tool_uses(const core::Scope& scope,
                                                           const core::CostQuery& query,
                                                           std::stop_token stop) {
  return readers_.with([&](Database& database) {
    const Interruptible interruptible(database, std::move(stop));
    return database.all<core::ToolUseSum>(
        "SELECT c.tool, count(*), sum(c.state IN ('failed', 'interrupted')),"
        " sum(c.state = 'denied'), coalesce(sum(c.finished_at - c.created_at), 0)"
        " FROM tool_calls c CROSS JOIN runs r ON r.id = c.run_id AND r.scope = c.scope"
        " WHERE c.id >= ?2 AND c.id < ?3 AND c.scope = ?1 AND (?4 IS NULL OR r.started_by = ?4)"
        " AND (?5 IS NULL OR " COLONNADE_AGENT_ID(
            "r.agent_id") " = ?5) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?6",
        [](Statement& row) -> Result<core::ToolUseSum> {
          return core::ToolUseSum{.tool = row.string(0),
                                  .calls = row.integer(1),
                                  .failed = row.integer(2),
                                  .denied = row.integer(3),
                                  .micros = row.integer(4)};
        },
        scope.key(), base::first_id_of(query.from), base::first_id_of(query.until), query.owner,
        query.agent_id, limits::list_rows_max);
  });
}

base::Task<Result<std::optional<core::RunTraced>>> SpanReads::traced_run(core::Scope scope,
                                                                         std::string run_id) {
  using Found = Result<std::optional<core::RunTraced>>;
  co_return readers_.with([&](Database& database) -> Found {
    auto run = database.one<core::TracedRun>("SELECT " COLONNADE_TRACED_RUN_COLUMNS
                                             " FROM runs r" COLONNADE_NOT_ERASED
                                             " WHERE r.id = ?1 AND r.scope = ?2",
                                             read_traced_run, run_id, scope.key());
    if (!run) return fail(std::move(run.error()));
    if (!*run) return std::optional<core::RunTraced>();
    auto traced = with_spans(database, std::move(**run));
    if (!traced) return fail(std::move(traced.error()));
    return std::optional(std::move(*traced));
  });
}

base::Task<Result<core::StoreGauges>> SpanReads::gauges() {
  co_return readers_.with([&](Database& database) { return read_gauges(database); });
}

base::Task<Result<bool>> SpanReads::any_spans_before(Time time) {
  co_return readers_.with([&](Database& database) -> Result<bool> {
    const auto oldest = database.one<bool>(
        "SELECT created_at < ?1 FROM runs"
        " WHERE no > (SELECT up_to_run_no FROM forgotten_spans WHERE only = 1) ORDER BY no LIMIT 1",
        [](Statement& row) -> Result<bool> { return row.integer(0) != 0; }, time);
    if (!oldest) return fail(oldest.error());
    return oldest->value_or(false);
  });
}

}  // namespace colonnade::storage::sqlite
