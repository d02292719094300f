// Search over messages. Everything in it is linear in the texts that it looks at: which messages
// match and how well comes from the index, what is shown of them from one pass over each text.
#include <utility>

#include "storage/limits.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/reader_pool.hpp"
#include "storage/sqlite/rows.hpp"
#include "storage/sqlite/search_fragment.hpp"
#include "storage/sqlite/search_query.hpp"
#include "storage/sqlite/store.hpp"
#include "storage/sqlite/writer.hpp"

namespace colonnade::storage::sqlite {
namespace {

// What a search runs with.
struct Asked {
  const core::Scope& scope;
  const std::optional<std::string>& owner;  // nullopt: everybody's
  const std::string& match;
  std::size_t limit;
};

// The numbers of the best messages, best first. The inner query goes from the newest match to older
// ones, as the index has them, and asks for the rank of those alone that are ranked.
Result<std::vector<std::int64_t>> best_messages(Database& database, const Asked& asked) {
  const auto read = [](Statement& row) -> Result<std::int64_t> { return row.integer(0); };
  auto found = database.all<std::int64_t>(
      "SELECT no FROM (SELECT m.no AS no, message_search.rank AS rank"
      " FROM message_search CROSS JOIN messages m ON m.no = message_search.rowid"
      " CROSS JOIN threads t ON t.no = m.thread_no"
      " WHERE message_search MATCH ?1 AND m.scope = ?2 AND t.scope = ?2"
      " AND (?3 IS NULL OR t.owner = ?3)"
      " AND t.deleted_at IS NULL ORDER BY message_search.rowid DESC LIMIT ?5)"
      " ORDER BY rank, no DESC LIMIT ?4",
      read, asked.match, asked.scope.key(), asked.owner, asked.limit,
      limits::search_ranked_messages_max);
  if (!found && found.error().message.find("fts5:") != std::string::npos) {
    return fail(ErrorKind::invalid, "q is not a search: " + found.error().message, "q");
  }
  return found;
}

Result<core::SearchHit> read_hit(Statement& row, const FragmentMaker& fragments,
                                 const std::stop_token& stop) {
  const auto role = core::role_from(row.text(3));
  if (!role) return fail(ErrorKind::internal, "a stored role is unknown: " + row.string(3));
  auto fragment = fragments.make(row.text(5), stop);
  if (!fragment) return fail(std::move(fragment.error()));
  return core::SearchHit{.thread_id = row.string(0),
                         .thread_title = row.string(1),
                         .message_id = row.string(2),
                         .role = *role,
                         .snippet = std::move(*fragment),
                         .created_at = row.time(4)};
}

Result<std::vector<core::SearchHit>> hits_of(Database& database,
                                             const std::vector<std::int64_t>& numbers,
                                             const FragmentMaker& fragments,
                                             const std::stop_token& stop) {
  std::vector<core::SearchHit> out;
  const auto read = [&](Statement& row) { return read_hit(row, fragments, stop); };
  for (const std::int64_t no : numbers) {
    auto hit = database.one<core::SearchHit>(
        "SELECT t.id, t.title, m.id, m.role, m.created_at, m.text FROM messages m"
        " JOIN threads t ON t.no = m.thread_no WHERE m.no = ?1",
        read, no);
    if (!hit) return fail(std::move(hit.error()));
    if (*hit) out.push_back(std::move(**hit));  // else it was erased meanwhile
  }
  return out;
}

}  // namespace

Result<std::vector<core::SearchHit>> Store::search(const core::Scope& scope,
                                                   const std::optional<std::string>& owner,
                                                   std::string_view query, std::size_t limit,
                                                   std::stop_token stop) {
  const auto asked = search_query(query);
  if (!asked) return fail(asked.error());
  if (asked->match.empty()) return std::vector<core::SearchHit>{};
  writer_->catch_up_search(stop);
  return readers_->with([&](Database& database) -> Result<std::vector<core::SearchHit>> {
    const auto fragments = FragmentMaker::of(database, asked->terms);
    if (!fragments) return fail(fragments.error());
    const Interruptible interruptible(database, stop);
    const auto best = best_messages(
        database, {.scope = scope, .owner = owner, .match = asked->match, .limit = limit});
    if (!best) return fail(best.error());
    return hits_of(database, *best, **fragments, stop);
  });
}

}  // namespace colonnade::storage::sqlite
