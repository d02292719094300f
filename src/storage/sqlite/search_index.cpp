#include "storage/sqlite/search_index.hpp"

#include "base/limits.hpp"
#include "storage/limits.hpp"

namespace colonnade::storage::sqlite {

namespace {

// The last message of the next batch, and whether that is the last of all; 0 when there is none.
struct BatchEnd {
  std::int64_t no = 0;
  bool more = false;
};

Result<BatchEnd> end_of_batch(Database& database) {
  BatchEnd out;
  std::size_t messages = 0;
  std::int64_t bytes = 0;
  const auto add = [&](Statement& row) -> Result<void> {
    out.more =
        ++messages > limits::search_batch_messages || bytes >= limits::search_batch_bytes_max;
    if (out.more) return {};
    out.no = row.integer(0);
    bytes += row.integer(1);
    return {};
  };
  auto read = database.each(
      "SELECT no, length(CAST(text AS BLOB)) FROM messages"
      " WHERE no > (SELECT coalesce(max(id), 0) FROM message_search_docsize)"
      " ORDER BY no LIMIT ?1",
      add, limits::search_batch_messages + 1);
  if (!read) return fail(std::move(read.error()));
  return out;
}

}  // namespace

Result<IndexedBatch> index_messages(Database& database) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return fail(transaction.error());
  // Messages are numbered in the order of their commits and indexed in that order.
  const auto end = end_of_batch(database);
  if (!end) return fail(end.error());
  const auto indexed = database.run(
      "INSERT INTO message_search (rowid, text) SELECT no, text FROM messages"
      " WHERE no > (SELECT coalesce(max(id), 0) FROM message_search_docsize) AND no <= ?1"
      " ORDER BY no",
      end->no);
  if (!indexed) return fail(indexed.error());
  if (auto committed = transaction->commit(); !committed) return fail(committed.error());
  return IndexedBatch{.messages = static_cast<std::size_t>(*indexed), .more = end->more};
}

}  // namespace colonnade::storage::sqlite
