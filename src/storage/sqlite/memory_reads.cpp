// The read half of Store that concerns memories.
#include <algorithm>
#include <map>

#include "core/memory/limits.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/memory_vectors.hpp"
#include "storage/sqlite/reader_pool.hpp"
#include "storage/sqlite/rows.hpp"
#include "storage/sqlite/store.hpp"

namespace colonnade::storage::sqlite {
namespace {

#define COLONNADE_MEMORIES_OF_HOLDER                                   \
  " FROM memory_partitions p JOIN memories m ON m.partition_no = p.no" \
  " WHERE p.owner = ?1 AND p.agent_id = ?2 AND p.scope = ?3 AND p.removed = 0"
#define COLONNADE_LIVE_MEMORY " AND (m.expires_at IS NULL OR m.expires_at > ?4)"

constexpr int refetches_max = 3;
// Full text does not know what has expired or was demoted: so much more is fetched of it.
constexpr std::size_t spare_share = 2;

struct Score {
  std::optional<core::MemoryItem> item{};  // once it was fetched
  double lexical = 0;
  double similarity = 0;
};
using Scores = std::map<std::int64_t, Score>;  // by the item's number

// A partition with more than half of all memories is looked for among all of them, with some room
// for its share of the best being smaller.
constexpr std::int64_t large_share = 2;
constexpr std::size_t room_for_others = 4;  // a quarter more

// Any of the words. They come without quotation marks; their other punctuation is the tokenizer's
// to judge.
std::string match_text(const std::vector<std::string>& words) {
  std::string out = "{key text} : (";
  bool first = true;
  for (const std::string& word : words) {
    if (!std::exchange(first, false)) out += " OR ";
    out += '"';
    for (const char c : word) out += c == '"' || c == '\0' ? ' ' : c;
    out += '"';
  }
  return out + ")";
}

// The best among all memories that are of the partition. False when others took so much of the room
// that some may be missing. Asking full text for the partition's word as well would cost several
// times as much where nearly every memory has it.
Result<bool> find_among_all(Database& database, std::int64_t partition, const std::string& match,
                            std::size_t room, std::size_t wanted, Scores& out) {
  std::size_t seen = 0;
  auto read = database.each(
      "SELECT f.rowid, f.rank, (SELECT partition_no FROM memories WHERE no = f.rowid) FROM"
      " (SELECT rowid, rank FROM memory_search WHERE memory_search MATCH ?1 ORDER BY rank LIMIT ?2)"
      " AS f",
      [&](Statement& row) -> Result<void> {
        ++seen;
        if (row.integer(2) == partition && out.size() < wanted) {
          out[row.integer(0)].lexical = -row.real(1);
        }
        return {};
      },
      match, room);
  if (!read) return fail(std::move(read.error()));
  return out.size() == wanted || seen < room;
}

Result<void> find_by_words(Database& database, std::int64_t partition,
                           const core::MemoryQuery& query, Scores& out) {
  if (query.words.empty()) return {};
  const std::string match = match_text(query.words);
  const std::size_t wanted = query.candidates * spare_share;
  const auto items =
      database.number("SELECT items FROM memory_partitions WHERE no = ?1", partition);
  if (!items) return fail(items.error());
  const auto all_items = database.number("SELECT max(no) FROM memories");  // at most
  if (!all_items) return fail(all_items.error());
  if (*items * large_share > *all_items) {
    const auto share =
        static_cast<std::size_t>(*all_items) * wanted / static_cast<std::size_t>(*items);
    const auto all =
        find_among_all(database, partition, match, share + share / room_for_others, wanted, out);
    if (!all) return fail(all.error());
    if (*all) return {};
    out.clear();
  }
  return database.each(
      "SELECT rowid, rank FROM memory_search WHERE memory_search MATCH ?1 ORDER BY rank LIMIT ?2",
      [&](Statement& row) -> Result<void> {
        out[row.integer(0)].lexical = -row.real(1);
        return {};
      },
      "place : \"p" + std::to_string(partition) + "\" AND " + match, wanted);
}

// Fetches the items that are not there yet. What is gone, expired, demoted or of another shape is
// taken out of `scores`, and its number returned.
Result<std::vector<std::int64_t>> fetch_items(Database& database, std::int64_t partition,
                                              const core::MemoryQuery& query, base::Time now,
                                              Scores& scores) {
  std::vector<std::int64_t> absent;
  for (auto& [no, match] : scores) {
    if (match.item) continue;
    auto item = database.one<core::MemoryItem>(
        "SELECT " COLONNADE_MEMORY_COLUMNS
        " FROM memories m JOIN memory_partitions p ON p.no = m.partition_no"
        " WHERE m.no = ?1 AND m.partition_no = ?2 AND m.demoted = 0 AND p.removed = 0"
        " AND (m.expires_at IS NULL OR m.expires_at > ?3)"
        " AND (?4 = 0 OR (?4 = 1 AND m.key <> '') OR (?4 = 2 AND m.key = ''))",
        read_memory, no, partition, now, static_cast<int>(query.shape));
    if (!item) return fail(std::move(item.error()));
    if (*item) {
      match.item = std::move(*item);
    } else {
      absent.push_back(no);
    }
  }
  for (const std::int64_t no : absent) scores.erase(no);
  return absent;
}

// Memories and vectors that are gone lie in the table of vectors until a search stumbles over them:
// it tells the table, and searches again.
Result<void> find_by_vector(Database& database, MemoryVectors& table, const VectorSearch& search,
                            const core::MemoryQuery& query, base::Time now, Scores& scores) {
  for (int round = 0; round < refetches_max; ++round) {
    const auto near = table.search(database, search);
    if (!near) return fail(near.error());
    std::vector<std::int64_t> gone;
    for (const NearMemory& one : *near) {
      const auto present =
          database.number("SELECT no FROM memory_vectors WHERE memory_no = ?1", one.memory_no);
      if (!present) return fail(present.error());
      if (*present == one.vector_no) {
        scores[one.memory_no].similarity = static_cast<double>(one.similarity);
      } else {
        gone.push_back(one.memory_no);
      }
    }
    const auto absent = fetch_items(database, search.partition_no, query, now, scores);
    if (!absent) return fail(absent.error());
    gone.insert(gone.end(), absent->begin(), absent->end());
    if (gone.empty()) break;
    table.forget(search.partition_no, search.model_no, gone);
  }
  return {};
}

}  // namespace

base::Task<Result<std::optional<core::MemoryItem>>> Store::memory(core::Scope scope,
                                                                  core::MemoryHolder holder,
                                                                  std::string id, base::Time now) {
  co_return readers_->with([&](Database& database) {
    return database.one<core::MemoryItem>(
        "SELECT " COLONNADE_MEMORY_COLUMNS COLONNADE_MEMORIES_OF_HOLDER COLONNADE_LIVE_MEMORY
        " AND m.id = ?5",
        read_memory, holder.owner, holder.agent_id, scope.key(), now, id);
  });
}

base::Task<Result<std::optional<core::MemoryItem>>> Store::memory_by_key(core::Scope scope,
                                                                         core::MemoryHolder holder,
                                                                         std::string key,
                                                                         base::Time now) {
  co_return readers_->with([&](Database& database) {
    return database.one<core::MemoryItem>(
        "SELECT " COLONNADE_MEMORY_COLUMNS COLONNADE_MEMORIES_OF_HOLDER COLONNADE_LIVE_MEMORY
        " AND m.key = ?5 AND m.key <> ''",
        read_memory, holder.owner, holder.agent_id, scope.key(), now, key);
  });
}

base::Task<Result<std::optional<core::MemoryItem>>> Store::memory_by_digest(
    core::Scope scope, core::MemoryHolder holder, std::string digest, base::Time now) {
  co_return readers_->with([&](Database& database) {
    return database.one<core::MemoryItem>(
        "SELECT " COLONNADE_MEMORY_COLUMNS COLONNADE_MEMORIES_OF_HOLDER COLONNADE_LIVE_MEMORY
        " AND m.digest = ?5 AND m.key = ''",
        read_memory, holder.owner, holder.agent_id, scope.key(), now, digest);
  });
}

base::Task<Result<std::vector<core::MemoryItem>>> Store::memories(core::Scope scope,
                                                                  core::MemoryHolder holder,
                                                                  core::MemoryFilter filter,
                                                                  base::Time now) {
  const std::size_t limit = std::clamp<std::size_t>(filter.limit, 1, limits::memories_listed_max);
  const auto tier = filter.tier ? std::optional(core::to_string(*filter.tier)) : std::nullopt;
  co_return readers_->with([&](Database& database) {
    // The prefix is compared byte by byte, so that no character in it means something else.
    if (filter.shape == core::MemoryFilter::Shape::keyed) {
      return database.all<core::MemoryItem>(
          "SELECT " COLONNADE_MEMORY_COLUMNS COLONNADE_MEMORIES_OF_HOLDER COLONNADE_LIVE_MEMORY
          " AND m.key <> '' AND m.key >= ?5 AND substr(m.key, 1, length(?5)) = ?5"
          " AND (?6 = '' OR m.thread_id = ?6) AND (?7 = '' OR m.run_id = ?7)"
          " AND (?8 IS NULL OR m.tier = ?8) ORDER BY m.key LIMIT ?9 OFFSET ?10",
          read_memory, holder.owner, holder.agent_id, scope.key(), now, filter.key_prefix,
          filter.thread_id, filter.run_id, tier, limit, filter.offset);
    }
    if (filter.with_shared || filter.subject || !filter.contains.empty()) {
      return database.all<core::MemoryItem>(
          "SELECT " COLONNADE_MEMORY_COLUMNS
          " FROM memory_partitions p JOIN memories m ON m.partition_no = p.no"
          " WHERE p.owner IN (?1, ?10) AND p.agent_id = ?2 AND p.scope = ?3 AND p.removed = "
          "0" COLONNADE_LIVE_MEMORY
          " AND (?5 = 0 OR m.key = '') AND (?6 IS NULL OR m.tier = ?6)"
          " AND (?7 IS NULL OR m.subject IN ('', ?7))"
          " AND (?8 = '' OR instr(lower(m.text), lower(?8)) > 0)"
          " AND (?9 = '' OR m.run_id = ?9)"
          " ORDER BY m.updated_at DESC, m.no DESC LIMIT ?11 OFFSET ?12",
          read_memory, holder.owner, holder.agent_id, scope.key(), now,
          filter.shape == core::MemoryFilter::Shape::free ? 1 : 0, tier, filter.subject,
          filter.contains, filter.run_id, filter.with_shared ? std::string() : holder.owner, limit,
          filter.offset);
    }
    return database.all<core::MemoryItem>(
        "SELECT " COLONNADE_MEMORY_COLUMNS COLONNADE_MEMORIES_OF_HOLDER COLONNADE_LIVE_MEMORY
        " AND (?5 = 0 OR m.key = '') AND substr(m.key, 1, length(?6)) = ?6"
        " AND (?7 = '' OR m.thread_id = ?7) AND (?8 = '' OR m.run_id = ?8)"
        " AND (?9 IS NULL OR m.tier = ?9)"
        " ORDER BY m.updated_at DESC, m.no DESC LIMIT ?10 OFFSET ?11",
        read_memory, holder.owner, holder.agent_id, scope.key(), now,
        filter.shape == core::MemoryFilter::Shape::free ? 1 : 0, filter.key_prefix,
        filter.thread_id, filter.run_id, tier, limit, filter.offset);
  });
}

Result<std::vector<core::MemoryMatch>> Store::matching_memories(const core::Scope& scope,
                                                                const core::MemoryHolder& holder,
                                                                const core::MemoryQuery& query,
                                                                base::Time now) {
  Scores scores;
  const auto search = [&](Database& database) -> Result<void> {
    const Interruptible interruptible(database, query.stop);
    const auto partition = database.number(
        "SELECT no FROM memory_partitions"
        " WHERE owner = ?1 AND agent_id = ?2 AND scope = ?3 AND removed = 0",
        holder.owner, holder.agent_id, scope.key());
    if (!partition) return fail(partition.error());
    if (*partition == 0) return {};
    if (auto found = find_by_words(database, *partition, query, scores); !found) return found;
    auto absent = fetch_items(database, *partition, query, now, scores);
    if (!absent) return fail(absent.error());
    if (!query.vector) return {};
    const auto model =
        database.number("SELECT no FROM memory_models WHERE name = ?1 AND dimensions = ?2",
                        query.vector->model, query.vector->values.size());
    if (!model) return fail(model.error());
    if (*model == 0) return {};
    VectorSearch vectors{.partition_no = *partition,
                         .model_no = *model,
                         .bytes = vector_bytes(query.vector->values),
                         .nearest = query.candidates};
    for (const auto& [no, match] : scores) vectors.besides.push_back(no);
    return find_by_vector(database, *memory_vectors_, vectors, query, now, scores);
  };
  if (auto done = readers_->with(search); !done) return fail(done.error());
  std::vector<core::MemoryMatch> out;
  out.reserve(scores.size());
  for (auto& [no, match] : scores) {
    if (!match.item) continue;
    out.push_back(
        {.item = std::move(*match.item), .lexical = match.lexical, .similarity = match.similarity});
  }
  return out;
}

Result<std::vector<core::UnplacedMemory>> Store::unplaced_memories(std::string_view model,
                                                                   std::size_t limit,
                                                                   std::stop_token stop) {
  const auto read = [](Statement& row) -> Result<core::UnplacedMemory> {
    return core::UnplacedMemory{.scope = core::Scope::from_key(row.string(0)),
                                .holder = {.owner = row.string(1), .agent_id = row.string(2)},
                                .id = row.string(3),
                                .text = row.string(4),
                                .updated_at = row.time(5)};
  };
  return readers_->with([&](Database& database) {
    const Interruptible interruptible(database, std::move(stop));
    return database.all<core::UnplacedMemory>(
        "SELECT p.scope, p.owner, p.agent_id, m.id, m.text, m.updated_at FROM memories m"
        " JOIN memory_partitions p ON p.no = m.partition_no WHERE m.key = '' AND p.removed = 0"
        " AND NOT EXISTS (SELECT 1 FROM memory_vectors v JOIN memory_models o ON o.no = v.model_no"
        " WHERE v.memory_no = m.no AND o.name = ?1) ORDER BY m.no LIMIT ?2",
        read, model, limit);
  });
}

base::Task<Result<bool>> Store::memories_to_sweep(base::Time now) {
  co_return readers_->with([&](Database& database) -> Result<bool> {
    const auto found = database.number(
        "SELECT EXISTS (SELECT 1 FROM memories WHERE expires_at <= ?1)"
        " OR EXISTS (SELECT 1 FROM memory_partitions WHERE removed = 1)",
        now);
    if (!found) return fail(found.error());
    return *found != 0;
  });
}

}  // namespace colonnade::storage::sqlite
