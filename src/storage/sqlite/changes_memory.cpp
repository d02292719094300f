// Changes of memories as SQL. The full text index goes along in the same transaction: memories are
// few beside messages, and what was just remembered is asked for soon.
#include <optional>
#include <utility>

#include "storage/event_codec.hpp"
#include "storage/sqlite/change_results.hpp"
#include "storage/sqlite/changes.hpp"
#include "storage/sqlite/memory_vectors.hpp"

namespace colonnade::storage::sqlite {
namespace {

std::unexpected<base::Error> no_such_memory(std::string_view id) {
  return fail(ErrorKind::not_found, "there is no memory \"" + std::string(id) + "\"");
}

std::string digest_of(const core::MemoryItem& item) {
  return item.key.empty() ? core::memory_digest(item.text) : std::string();
}

}  // namespace

Result<std::int64_t> Changes::memory_partition(const core::Scope& scope,
                                               const core::MemoryHolder& holder) {
  return database_.number(
      "SELECT no FROM memory_partitions"
      " WHERE owner = ?1 AND agent_id = ?2 AND scope = ?3 AND removed = 0",
      holder.owner, holder.agent_id, scope.key());
}

Result<std::int64_t> Changes::memory_partition_for_writing(const core::Scope& scope,
                                                           const core::MemoryHolder& holder) {
  const auto found = memory_partition(scope, holder);
  if (!found || *found != 0) return found;
  const auto made =
      write("INSERT INTO memory_partitions (scope, owner, agent_id) VALUES (?1, ?2, ?3)",
            scope.key(), holder.owner, holder.agent_id);
  if (!made) return fail(made.error());
  return memory_partition(scope, holder);
}

// The row that the item replaces; 0 when it is new.
Result<std::int64_t> Changes::memory_number(std::int64_t partition, const core::MemoryItem& item) {
  const auto by_id = database_.number("SELECT no FROM memories WHERE id = ?1 AND partition_no = ?2",
                                      item.id, partition);
  if (!by_id || *by_id != 0) return by_id;
  if (!item.key.empty()) {
    return database_.number(
        "SELECT no FROM memories WHERE partition_no = ?1 AND key = ?2"
        " AND key <> ''",
        partition, item.key);
  }
  return database_.number(
      "SELECT no FROM memories WHERE partition_no = ?1 AND digest = ?2"
      " AND key = ''",
      partition, digest_of(item));
}

Result<std::int64_t> Changes::insert_memory(std::int64_t partition, const core::PutMemory& change) {
  const core::MemoryItem& m = change.item;
  const auto counted =
      write("UPDATE memory_partitions SET items = items + 1 WHERE no = ?1 AND items < ?2",
            partition, change.items_max);
  if (!counted) return fail(counted.error());
  if (*counted == 0) {
    return fail(ErrorKind::too_large, "the memory is full: it holds " +
                                          std::to_string(change.items_max) +
                                          " items; remove some first");
  }
  const auto inserted = write(
      "INSERT INTO memories (partition_no, id, digest, tier, kind, key, text, metadata,"
      " classification, visibility, demoted, thread_id, run_id, created_at, updated_at, expires_at,"
      " subject, author)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
      partition, m.id, digest_of(m), core::to_string(m.tier), m.kind, m.key, m.text,
      tree_text(m.metadata), core::to_string(m.classification), core::to_string(m.visibility),
      m.demoted ? 1 : 0, m.thread_id, m.run_id, m.created_at, m.updated_at, m.expires_at, m.subject,
      m.author);
  if (!inserted) return fail(inserted.error());
  return database_.number("SELECT no FROM memories WHERE id = ?1 AND partition_no = ?2", m.id,
                          partition);
}

Result<void> Changes::replace_memory(std::int64_t no, const core::MemoryItem& m) {
  if (auto out = unindex_memory(no); !out) return out;
  const auto replaced = write(
      "UPDATE memories SET digest = ?2, tier = ?3, kind = ?4, key = ?5, text = ?6, metadata = ?7,"
      " classification = ?8, visibility = ?9, demoted = ?10, thread_id = ?11, run_id = ?12,"
      " updated_at = ?13, expires_at = ?14, subject = ?15, author = ?16 WHERE no = ?1",
      no, digest_of(m), core::to_string(m.tier), m.kind, m.key, m.text, tree_text(m.metadata),
      core::to_string(m.classification), core::to_string(m.visibility), m.demoted ? 1 : 0,
      m.thread_id, m.run_id, m.updated_at, m.expires_at, m.subject, m.author);
  if (!replaced && replaced.error().kind == ErrorKind::conflict) {
    return fail(ErrorKind::conflict, "another memory has that key or that text already");
  }
  if (!replaced) return fail(replaced.error());
  return {};
}

Result<void> Changes::index_memory(std::int64_t no) {
  const auto indexed = write(
      "INSERT INTO memory_search (rowid, place, key, text)"
      " SELECT no, place, key, text FROM memories WHERE no = ?1",
      no);
  if (!indexed) return fail(indexed.error());
  return {};
}

// Needs the row as it was indexed, so before it changes.
Result<void> Changes::unindex_memory(std::int64_t no) {
  const auto removed = write(
      "INSERT INTO memory_search (memory_search, rowid, place, key, text)"
      " SELECT 'delete', no, place, key, text FROM memories WHERE no = ?1",
      no);
  if (!removed) return fail(removed.error());
  return {};
}

Result<void> Changes::put_memory_vector(std::int64_t no, std::int64_t partition,
                                        const core::MemoryVector& vector) {
  const auto model =
      write("INSERT INTO memory_models (name, dimensions) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            vector.model, vector.values.size());
  if (!model) return fail(model.error());
  const auto old = write("DELETE FROM memory_vectors WHERE memory_no = ?1", no);
  if (!old) return fail(old.error());
  const std::string bytes = vector_bytes(vector.values);
  const auto put = write(
      "INSERT INTO memory_vectors (memory_no, partition_no, model_no, bytes)"
      " SELECT ?1, ?2, no, ?5 FROM memory_models WHERE name = ?3 AND dimensions = ?4",
      no, partition, vector.model, vector.values.size(), Blob{bytes});
  if (!put) return fail(put.error());
  return {};
}

// The partition's count is the caller's business.
Result<void> Changes::remove_memory(std::int64_t no) {
  if (auto out = unindex_memory(no); !out) return out;
  const auto vector = write("DELETE FROM memory_vectors WHERE memory_no = ?1", no);
  if (!vector) return fail(vector.error());
  const auto item = write("DELETE FROM memories WHERE no = ?1", no);
  if (!item) return fail(item.error());
  const auto noted = write(
      "INSERT INTO erasures_to_finish (what) VALUES ('memory_search') ON CONFLICT DO NOTHING");
  if (!noted) return fail(noted.error());
  has_erased_ = true;
  return {};
}

// With the partitions' counts.
Result<void> Changes::remove_memories(const std::vector<MemoryPlace>& places) {
  for (const MemoryPlace& one : places) {
    if (auto removed = remove_memory(one.no); !removed) return removed;
    const auto counted =
        write("UPDATE memory_partitions SET items = items - 1 WHERE no = ?1", one.partition);
    if (!counted) return fail(counted.error());
  }
  return {};
}

Result<void> Changes::remove_memories_of(const core::Scope& scope, const std::string& thread_id) {
  const auto read = [](Statement& row) -> Result<MemoryPlace> {
    return MemoryPlace{.no = row.integer(0), .partition = row.integer(1)};
  };
  const auto places = database_.all<MemoryPlace>(
      "SELECT m.no, m.partition_no FROM memories m JOIN memory_partitions p ON p.no ="
      " m.partition_no WHERE m.thread_id = ?1 AND m.thread_id <> '' AND p.scope = ?2",
      read, thread_id, scope.key());
  if (!places) return fail(places.error());
  return remove_memories(*places);
}

Result<void> Changes::on(const core::Scope& scope, const core::PutMemory& change) {
  if (change.agent_must_exist) {
    const std::string& agent = change.item.holder.agent_id;
    const auto agents = database_.number("SELECT count(*) FROM agents WHERE id = ?1 AND scope = ?2",
                                         agent, scope.key());
    if (!agents) return fail(agents.error());
    if (*agents == 0) return missing("agent", agent);
  }
  const auto partition = memory_partition_for_writing(scope, change.item.holder);
  if (!partition) return fail(partition.error());
  if (change.item_must_exist) {
    const auto there =
        database_.number("SELECT count(*) FROM memories WHERE id = ?1 AND partition_no = ?2",
                         change.item.id, *partition);
    if (!there) return fail(there.error());
    if (*there == 0) return no_such_memory(change.item.id);
  }
  auto no = memory_number(*partition, change.item);
  if (!no) return fail(no.error());
  if (*no != 0) {
    if (auto replaced = replace_memory(*no, change.item); !replaced) return replaced;
    const auto old = write("DELETE FROM memory_vectors WHERE memory_no = ?1", *no);
    if (!old) return fail(old.error());
  } else {
    no = insert_memory(*partition, change);
    if (!no) return fail(no.error());
  }
  if (auto indexed = index_memory(*no); !indexed) return indexed;
  if (!change.vector) return {};
  return put_memory_vector(*no, *partition, *change.vector);
}

Result<void> Changes::on(const core::Scope& scope, const core::RemoveMemory& change) {
  const auto partition = memory_partition(scope, change.holder);
  if (!partition) return fail(partition.error());
  const auto no = database_.number("SELECT no FROM memories WHERE id = ?1 AND partition_no = ?2",
                                   change.id, *partition);
  if (!no) return fail(no.error());
  if (*no == 0) return no_such_memory(change.id);
  if (auto removed = remove_memory(*no); !removed) return removed;
  const auto counted =
      write("UPDATE memory_partitions SET items = items - 1 WHERE no = ?1", *partition);
  if (!counted) return fail(counted.error());
  return {};
}

Result<void> Changes::on(const core::Scope& scope, const core::RemoveMemoriesOfAgent& change) {
  const auto removed = write(
      "UPDATE memory_partitions SET removed = 1"
      " WHERE agent_id = ?1 AND scope = ?2 AND removed = 0",
      change.agent_id, scope.key());
  if (!removed) return fail(removed.error());
  return {};
}

Result<void> Changes::on(const core::Scope& scope, const core::PlaceMemory& change) {
  const auto partition = memory_partition(scope, change.holder);
  if (!partition) return fail(partition.error());
  const auto no = database_.number(
      "SELECT no FROM memories WHERE id = ?1 AND partition_no = ?2 AND updated_at = ?3", change.id,
      *partition, change.updated_at);
  if (!no) return fail(no.error());
  if (*no == 0) return {};
  return put_memory_vector(*no, *partition, change.vector);
}

Result<void> Changes::on(const core::Scope&, const core::SweepMemories& change) {
  const auto read = [](Statement& row) -> Result<MemoryPlace> {
    return MemoryPlace{.no = row.integer(0), .partition = row.integer(1)};
  };
  const auto rows = database_.all<MemoryPlace>(
      "SELECT * FROM (SELECT no, partition_no FROM memories WHERE expires_at <= ?1 LIMIT ?2)"
      " UNION SELECT * FROM (SELECT m.no, m.partition_no FROM memory_partitions p"
      " JOIN memories m ON m.partition_no = p.no WHERE p.removed = 1 LIMIT ?2) LIMIT ?2",
      read, change.now, change.limit);
  if (!rows) return fail(rows.error());
  if (auto removed = remove_memories(*rows); !removed) return removed;
  const auto emptied = write("DELETE FROM memory_partitions WHERE removed = 1 AND items = 0");
  if (!emptied) return fail(emptied.error());
  return {};
}

}  // namespace colonnade::storage::sqlite
