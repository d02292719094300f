// What an operator does with a database outside of serving from it.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace colonnade::storage::sqlite {

// Brings the schema up to date; makes the database when there is none. ErrorKind::conflict when a
// server uses it or its schema is newer than this program.
base::Result<void> migrate(const std::string& path);

// Of the file; 0 for an empty one. ErrorKind::not_found when there is no file.
base::Result<int> schema_version(const std::string& path);

// What is wrong, one sentence each; empty when all is well: pages and indexes, references between
// rows, sequence numbers without gaps, one unfinished run a thread at most, usage sums, readable
// events and messages, and the search index. May run beside a server; reads the whole file.
base::Result<std::vector<std::string>> integrity_check(const std::string& path);

// Copies a consistent state to `target`, also while a server writes, and checks the copy's pages
// and indexes. ErrorKind::conflict when the target exists, unavailable when the database is damaged
// or the copy cannot be written. The target is complete, sound and on the disk when this returns,
// or absent.
base::Result<void> backup(const std::string& path, const std::string& target);

}  // namespace colonnade::storage::sqlite
