// The full text index of messages, which follows behind the commits that store them.
//
// Indexing a message costs more than storing it, and far less when many are indexed together. So no
// commit waits for it: the writer does it while it is idle, and before a search needs it. What a
// crash left undone is done after the next start, as the index itself says how far it is.
#pragma once

#include <cstddef>

#include "storage/sqlite/database.hpp"

namespace colonnade::storage::sqlite {

struct IndexedBatch {
  std::size_t messages = 0;
  bool more = false;  // some are left
};

// Indexes the next messages in a transaction of its own: at most search_batch_messages, and no more
// behind search_batch_bytes_max of text.
Result<IndexedBatch> index_messages(Database& database);

}  // namespace colonnade::storage::sqlite
