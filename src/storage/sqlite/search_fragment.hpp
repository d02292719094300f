// What is shown of a message that a search found: the words around the best of its matches.
//
// It is what FTS5's snippet() shows, which takes time quadratic in the number of matches; this
// takes time linear in the text.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "storage/sqlite/database.hpp"
#include "storage/sqlite/search_query.hpp"

namespace colonnade::storage::sqlite {

// Cuts fragments for one query. Used with the connection it was made of, on one thread.
class FragmentMaker {
 public:
  // ErrorKind::invalid with field `q` for more than search_words_max words.
  static Result<std::unique_ptr<FragmentMaker>> of(Database& database,
                                                   const std::vector<SearchTerm>& terms);
  virtual ~FragmentMaker() = default;

  // At most search_fragment_words of `text`, and about search_fragment_bytes_max, matches between
  // <mark> and </mark>, an ellipsis where the text goes on. cancelled soon after `stop`.
  virtual Result<std::string> make(std::string_view text, const std::stop_token& stop) const = 0;
};

}  // namespace colonnade::storage::sqlite
