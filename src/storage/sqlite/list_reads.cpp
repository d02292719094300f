// Lists of agents' versions and of threads, and how much is in lists. As store_reads.cpp, the read
// half of Store.
#include <map>

#include "storage/sqlite/database.hpp"
#include "storage/sqlite/reader_pool.hpp"
#include "storage/sqlite/rows.hpp"
#include "storage/sqlite/store.hpp"

namespace colonnade::storage::sqlite {
namespace {

// By how users arrange them: ?4 is what of archived ones is shown.
#define COLONNADE_FROM_ARRANGED_THREADS                                                       \
  " FROM threads WHERE scope = ?1 AND (?2 IS NULL OR owner = ?2) AND deleted_at IS NULL"      \
  " AND (?3 IS NULL OR agent_id = ?3 OR (?3 = 'default' AND agent_id = ''))"                  \
  " AND (?4 = 0 OR (?4 = 1 AND archived_at IS NULL) OR (?4 = 2 AND archived_at IS NOT NULL))" \
  " AND (?5 = '' OR EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?5))"                 \
  " AND (?6 IS NULL OR (pinned_at IS NOT NULL) = ?6) AND (?7 IS NULL OR completed = ?7)"      \
  " AND (?8 = '' OR instr(lower(title), lower(?8)) > 0 OR instr(lower(directory), lower(?8))" \
  " > 0) AND (?9 IS NULL OR directory = ?9) AND (?10 = '' OR parent_id = ?10)"

bool is_arranged(const core::ThreadPage& page) {
  return page.shown != core::ThreadsShown::all || !page.tag.empty() || page.pinned ||
         page.completed || page.pinned_first || !page.matching.empty() || page.directory ||
         !page.parent_id.empty();
}

int shown_number(core::ThreadsShown shown) {
  switch (shown) {
    case core::ThreadsShown::all: return 0;
    case core::ThreadsShown::not_archived: return 1;
    case core::ThreadsShown::archived: return 2;
  }
  return 0;
}

std::optional<std::int64_t> as_number(std::optional<bool> flag) {
  return flag ? std::optional<std::int64_t>(*flag ? 1 : 0) : std::nullopt;
}

}  // namespace

// --- agents -------------------------------------------------------------------------------------

base::Task<Result<std::size_t>> Store::count_agents(core::Scope scope, core::AgentFilter filter) {
  co_return readers_->with([&](Database& database) -> Result<std::size_t> {
    const auto count = database.number(
        "SELECT count(*) FROM agents WHERE scope = ?1"
        " AND (?2 IS NULL OR owner = ?2 OR (?4 = 1 AND owner = ''))"
        " AND (?3 = '' OR EXISTS (SELECT 1 FROM json_each(tool_servers) WHERE value = ?3))",
        scope.key(), filter.owner, filter.tool_server, filter.shared);
    if (!count) return fail(count.error());
    return static_cast<std::size_t>(*count);
  });
}

base::Task<Result<std::vector<core::AgentVersion>>> Store::agent_versions(
    core::Scope scope, std::string agent_id, core::AgentVersionPage page) {
  co_return readers_->with([&](Database& database) {
    return database.all<core::AgentVersion>(
        "SELECT " COLONNADE_AGENT_VERSION_COLUMNS
        " FROM agent_versions WHERE id = ?1 AND scope = ?2 AND number IS NOT NULL"
        " AND (?3 IS NULL OR number < ?3) ORDER BY number DESC LIMIT ?4",
        read_agent_version, agent_id, scope.key(),
        page.before ? std::optional<std::int64_t>(*page.before) : std::nullopt, page.limit);
  });
}

base::Task<Result<std::optional<core::AgentVersion>>> Store::agent_version(core::Scope scope,
                                                                           std::string agent_id,
                                                                           std::string version_id) {
  co_return readers_->with([&](Database& database) {
    return database.one<core::AgentVersion>(
        "SELECT " COLONNADE_AGENT_VERSION_COLUMNS
        " FROM agent_versions WHERE version_id = ?1 AND scope = ?2 AND id = ?3"
        " AND version_id IS NOT NULL",
        read_agent_version, version_id, scope.key(), agent_id);
  });
}

base::Task<Result<std::optional<core::Agent>>> Store::agent_open_to_guests(std::string id) {
  co_return readers_->with([&](Database& database) {
    return database.one<core::Agent>("SELECT " COLONNADE_AGENT_COLUMNS
                                     " FROM agents WHERE id = ?1 AND open_to_guests = 1"
                                     " AND active = 1 ORDER BY no LIMIT 1",
                                     read_agent, id);
  });
}

// --- threads ------------------------------------------------------------------------------------

base::Task<Result<std::vector<core::Thread>>> Store::threads(core::Scope scope,
                                                             std::optional<std::string> owner,
                                                             core::ThreadPage page) {
  co_return readers_->with([&](Database& database) {
    if (is_arranged(page)) {
      return database.all<core::Thread>(
          "SELECT " COLONNADE_THREAD_COLUMNS COLONNADE_FROM_ARRANGED_THREADS
          " ORDER BY (?13 = 1 AND pinned_at IS NOT NULL) DESC, updated_at DESC, created_at DESC,"
          " id DESC LIMIT ?11 OFFSET ?12",
          read_thread, scope.key(), owner, page.agent_id, shown_number(page.shown), page.tag,
          as_number(page.pinned), as_number(page.completed), page.matching, page.directory,
          page.parent_id, page.limit, page.offset, page.pinned_first);
    }
    if (page.agent_id) {
      return database.all<core::Thread>(
          "SELECT " COLONNADE_THREAD_COLUMNS
          " FROM threads WHERE agent_id = ?3 AND scope = ?1 AND (?2 IS NULL OR owner = ?2)"
          " AND deleted_at IS NULL"
          " ORDER BY updated_at DESC, created_at DESC, id DESC LIMIT ?4 OFFSET ?5",
          read_thread, scope.key(), owner, *page.agent_id, page.limit, page.offset);
    }
    if (!owner) {
      return database.all<core::Thread>(
          "SELECT " COLONNADE_THREAD_COLUMNS
          " FROM threads INDEXED BY threads_by_scope WHERE scope = ?1 AND deleted_at IS NULL"
          " ORDER BY updated_at DESC, created_at DESC, id DESC LIMIT ?2 OFFSET ?3",
          read_thread, scope.key(), page.limit, page.offset);
    }
    return database.all<core::Thread>(
        "SELECT " COLONNADE_THREAD_COLUMNS
        " FROM threads WHERE scope = ?1 AND owner = ?2 AND deleted_at IS NULL"
        " ORDER BY updated_at DESC, created_at DESC, id DESC LIMIT ?3 OFFSET ?4",
        read_thread, scope.key(), *owner, page.limit, page.offset);
  });
}

base::Task<Result<std::size_t>> Store::count_threads(core::Scope scope,
                                                     std::optional<std::string> owner,
                                                     core::ThreadPage page) {
  co_return readers_->with([&](Database& database) -> Result<std::size_t> {
    const auto count =
        database.number("SELECT count(*)" COLONNADE_FROM_ARRANGED_THREADS, scope.key(), owner,
                        page.agent_id, shown_number(page.shown), page.tag, as_number(page.pinned),
                        as_number(page.completed), page.matching, page.directory, page.parent_id);
    if (!count) return fail(count.error());
    return static_cast<std::size_t>(*count);
  });
}

base::Task<Result<std::size_t>> Store::count_messages(core::Scope scope, std::string thread_id,
                                                      core::MessagePage page) {
  co_return readers_->with([&](Database& database) -> Result<std::size_t> {
    const auto count =
        database.number("SELECT count(*)" COLONNADE_FROM_THREAD_MESSAGES
                        " AND (?3 = 1 OR m.edited_out = 0) AND (?4 = '' OR m.reply_to = ?4)",
                        thread_id, scope.key(), page.edited_out, page.reply_to);
    if (!count) return fail(count.error());
    return static_cast<std::size_t>(*count);
  });
}

base::Task<Result<std::map<std::string, core::ThreadSummary>>> Store::newest_summaries(
    core::Scope scope, std::vector<std::string> thread_ids) {
  using Found = Result<std::map<std::string, core::ThreadSummary>>;
  co_return readers_->with([&](Database& database) -> Found {
    std::map<std::string, core::ThreadSummary> out;
    for (const std::string& id : thread_ids) {
      auto summary = database.one<core::ThreadSummary>(
          "SELECT " COLONNADE_SUMMARY_COLUMNS COLONNADE_FROM_NEWEST_SUMMARY, read_summary, id,
          scope.key());
      if (!summary) return fail(std::move(summary.error()));
      if (*summary) out.insert_or_assign(id, std::move(**summary));
    }
    return out;
  });
}

base::Task<Result<std::map<std::string, int>>> Store::reply_counts(core::Scope scope,
                                                                   std::string thread_id) {
  co_return readers_->with([&](Database& database) -> Result<std::map<std::string, int>> {
    std::map<std::string, int> out;
    const auto add = [&](Statement& row) -> Result<void> {
      out.emplace(row.string(0), static_cast<int>(row.integer(1)));
      return {};
    };
    auto done = database.each("SELECT m.reply_to, count(*)" COLONNADE_FROM_THREAD_MESSAGES
                              " AND m.reply_to <> '' AND m.edited_out = 0 GROUP BY m.reply_to",
                              add, thread_id, scope.key());
    if (!done) return fail(std::move(done.error()));
    return out;
  });
}

}  // namespace colonnade::storage::sqlite
