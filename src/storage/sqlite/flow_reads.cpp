#include "storage/sqlite/flow_reads.hpp"

#include <algorithm>
#include <utility>

#include "core/flows/flow_text.hpp"

namespace colonnade::storage::sqlite {
namespace {

#define COLONNADE_FLOW_COLUMNS "scope, owner, id, schedule_id, revision, definition"
#define COLONNADE_FLOW_RUNS                                                               \
  "SELECT r.no, r.scope, r.id, r.owner, r.flow_id, r.job_id, r.trigger_kind, r.revision," \
  " r.created_at, r.updated_at, r.definition, r.progress, j.state, j.error"               \
  " FROM flow_runs r LEFT JOIN jobs j ON j.id = r.job_id AND j.scope = r.scope"

Result<core::Flow> read_flow_row(Statement& row) {
  core::Flow out{.id = row.string(2),
                 .scope = core::Scope::from_key(row.string(0)),
                 .owner = row.string(1),
                 .schedule_id = row.string(3),
                 .revision = row.integer(4)};
  if (const auto read = core::read_flow(row.text(5), out); !read) {
    return fail(ErrorKind::internal, read.error().message);
  }
  return out;
}

struct NumberedFlowRun {
  std::int64_t no = 0;
  core::FlowRun run;
  std::size_t bytes = 0;
};

Result<NumberedFlowRun> read_flow_run_row(Statement& row) {
  const core::Scope scope = core::Scope::from_key(row.string(1));
  NumberedFlowRun out{.no = row.integer(0),
                      .run = {.id = row.string(2),
                              .scope = scope,
                              .owner = row.string(3),
                              .flow_id = row.string(4),
                              .job_id = row.string(5),
                              .revision = row.integer(7),
                              .created_at = row.time(8),
                              .updated_at = row.time(9),
                              .flow = {.id = row.string(4), .scope = scope, .owner = row.string(3)},
                              .job_error = row.string(13)}};
  core::FlowRun& run = out.run;
  run.trigger = core::flow_trigger_from(row.text(6)).value_or(core::FlowTrigger::manual);
  if (const auto read = core::read_flow(row.text(10), run.flow); !read) {
    return fail(ErrorKind::internal, read.error().message);
  }
  if (const auto read = core::read_progress(row.text(11), run.progress); !read) {
    return fail(ErrorKind::internal, read.error().message);
  }
  out.bytes = row.text(10).size() + row.text(11).size();
  run.job_state = core::job_state_from(row.text(12));
  return out;
}

}  // namespace

base::Task<Result<std::optional<core::Flow>>> FlowReads::flow(core::Scope scope,
                                                              std::optional<std::string> owner,
                                                              std::string id) {
  co_return readers_.with([&](Database& database) {
    return database.one<core::Flow>("SELECT " COLONNADE_FLOW_COLUMNS
                                    " FROM flows WHERE scope = ?1 AND id = ?2"
                                    " AND (?3 IS NULL OR owner = ?3) ORDER BY no LIMIT 1",
                                    read_flow_row, scope.key(), id, owner);
  });
}

base::Task<Result<std::vector<core::Flow>>> FlowReads::flows(core::Scope scope,
                                                             std::optional<std::string> owner,
                                                             std::string after_owner,
                                                             std::string after_id,
                                                             std::size_t limit) {
  const std::size_t rows = std::clamp<std::size_t>(limit, 1, limits::page_rows_max);
  co_return readers_.with([&](Database& database) {
    return database.all<core::Flow>(
        "SELECT " COLONNADE_FLOW_COLUMNS
        " FROM flows WHERE scope = ?1 AND (?2 IS NULL OR owner = ?2)"
        " AND no > ifnull((SELECT a.no FROM flows a WHERE a.scope = ?1 AND a.id = ?4"
        " AND a.owner = ?3), 0) ORDER BY no LIMIT ?5",
        read_flow_row, scope.key(), owner, after_owner, after_id, rows);
  });
}

base::Task<Result<std::optional<core::FlowRun>>> FlowReads::flow_run(core::Scope scope,
                                                                     std::string id) {
  co_return readers_.with([&](Database& database) -> Result<std::optional<core::FlowRun>> {
    auto found =
        database.one<NumberedFlowRun>(COLONNADE_FLOW_RUNS " WHERE r.id = ?1 AND r.scope = ?2",
                                      read_flow_run_row, id, scope.key());
    if (!found) return fail(std::move(found.error()));
    if (!*found) return std::nullopt;
    return std::move((*found)->run);
  });
}

base::Task<Result<core::FlowRunPage>> FlowReads::flow_runs(core::Scope scope,
                                                           std::optional<std::string> owner,
                                                           core::FlowRunFilter filter) {
  const std::size_t rows = std::clamp<std::size_t>(filter.limit, 1, limits::page_rows_max);
  const std::optional<std::int64_t> before =
      filter.before_no > 0 ? std::optional(filter.before_no) : std::nullopt;
  co_return readers_.with([&](Database& database) -> Result<core::FlowRunPage> {
    const auto numbers = database.all<std::int64_t>(
        "SELECT no FROM flow_runs WHERE scope = ?1 AND (?2 IS NULL OR owner = ?2)"
        " AND (?3 = '' OR flow_id = ?3) AND (?4 = 0 OR has_ended = 0)"
        " AND (?5 IS NULL OR no < ?5) ORDER BY no DESC LIMIT ?6",
        [](Statement& row) -> Result<std::int64_t> { return row.integer(0); }, scope.key(), owner,
        filter.flow_id, filter.only_unended ? 1 : 0, before, rows);
    if (!numbers) return fail(numbers.error());
    core::FlowRunPage page;
    std::size_t bytes = 0;
    for (const std::int64_t no : *numbers) {
      auto found = database.one<NumberedFlowRun>(COLONNADE_FLOW_RUNS " WHERE r.no = ?1",
                                                 read_flow_run_row, no);
      if (!found) return fail(std::move(found.error()));
      if (!*found) continue;
      bytes += (*found)->bytes;
      const bool is_first = page.runs.empty();
      if (!is_first && bytes > limits::flow_list_bytes_page_max) {
        page.next_before_no = no + 1;
        return page;
      }
      page.runs.push_back(std::move((*found)->run));
    }
    if (numbers->size() == rows) page.next_before_no = numbers->back();
    return page;
  });
}

}  // namespace colonnade::storage::sqlite
