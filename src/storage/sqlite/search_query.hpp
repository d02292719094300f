// What a user types into a search box, as an FTS5 query.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace colonnade::storage::sqlite {

// Words are matched as words whatever punctuation they hold, and all of them must occur. "A phrase"
// in quotes, a trailing * for a prefix, and AND, OR, NOT in capitals between terms are understood.
// Returns "" when nothing is left to search for. ErrorKind::invalid with field `q` for a quote that
// is not closed and an operator without its operands.
base::Result<std::string> search_query(std::string_view typed);

}  // namespace colonnade::storage::sqlite
