// The full text index of messages, which follows behind the commits that store them.
//
// Indexing a message costs more than storing it, and far less when many are indexed together. So no
// commit waits for it: the writer does it while it is idle, and before a search needs it. What a
// crash left undone is done after the next start, as the index itself says how far it is.
#pragma once

#include <cstddef>

#include "storage/sqlite/database.hpp"

namespace colonnade::storage::sqlite {

// Indexes the next messages, `limit` at most, in a transaction of its own. Returns how many there
// were: fewer than `limit` means that all are indexed now.
Result<std::size_t> index_messages(Database& database, std::size_t limit);

}  // namespace colonnade::storage::sqlite
