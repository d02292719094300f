#include "storage/sqlite/search_index.hpp"

namespace colonnade::storage::sqlite {

Result<std::size_t> index_messages(Database& database, std::size_t limit) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return fail(transaction.error());
  // Messages are numbered in the order of their commits and indexed in that order.
  const auto indexed = database.run(
      "INSERT INTO message_search (rowid, text) SELECT no, text FROM messages"
      " WHERE no > (SELECT coalesce(max(id), 0) FROM message_search_docsize)"
      " ORDER BY no LIMIT ?1",
      limit);
  if (!indexed) return fail(indexed.error());
  if (auto committed = transaction->commit(); !committed) return fail(committed.error());
  return static_cast<std::size_t>(*indexed);
}

}  // namespace colonnade::storage::sqlite
