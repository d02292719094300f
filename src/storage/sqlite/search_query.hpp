// What a user types into a search box, as an FTS5 query.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace colonnade::storage::sqlite {

// A word or a phrase that a message may be found by.
struct SearchTerm {
  std::string text{};
  bool prefix = false;    // its last word may go on
  bool excluded = false;  // behind NOT
};

struct SearchQuery {
  std::string match{};              // in the syntax of FTS5; "" when nothing is left to search for
  std::vector<SearchTerm> terms{};  // in their order
};

// Words are matched as words whatever punctuation they hold, and all of them must occur. "A phrase"
// in quotes, a trailing * for a prefix, and AND, OR, NOT in capitals between terms are understood.
// ErrorKind::invalid with field `q` for a quote that
// is not closed and an operator without its operands.
base::Result<SearchQuery> search_query(std::string_view typed);

}  // namespace colonnade::storage::sqlite
