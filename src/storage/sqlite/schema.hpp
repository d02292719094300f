// The numbered migrations and what they were applied to. The SQL lives in storage/migrations/ and
// is part of the binary.
#pragma once

#include <string>

#include "base/result.hpp"

namespace colonnade::storage::sqlite {

class Database;

// The newest schema that this binary knows.
int newest_schema();

// Of an open database; 0 for an empty one. ErrorKind::invalid when it is not one of ours.
base::Result<int> schema_of(Database& database);

// Applies what is missing, each migration in a transaction of its own. ErrorKind::conflict when the
// database is newer than this binary.
base::Result<void> apply_migrations(Database& database);

// Fails unless the schema is exactly the newest.
base::Result<void> require_newest_schema(Database& database);

}  // namespace colonnade::storage::sqlite
