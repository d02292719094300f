// How well a place in a text answers a search for words. Knows no files.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace colonnade::tools {

// What is looked for: words, upper and lower case alike.
class CodeQuery {
 public:
  // Its words, limits::codesearch_words_max at most; more are left out.
  explicit CodeQuery(std::string_view text);

  bool empty() const { return words_.empty(); }
  const std::vector<std::string>& words() const { return words_; }

  // Whether a text in lower case holds any of the words; the quick look before the thorough one.
  bool may_be_in(std::string_view lower_text) const;

  // 0: not a match. More words count more than the same one again; a whole word, a definition of
  // it and the query as it was written count extra. `lower_line` is the line in lower case.
  int score(std::string_view line, std::string_view lower_line) const;
  // The same for a path, which adds to each of its file's places.
  int path_score(std::string_view lower_path) const;

 private:
  std::string phrase_;              // all of it, in lower case
  std::vector<std::string> words_;  // in lower case, each once
};

// ASCII letters in lower case.
std::string lower_case(std::string_view text);

// A place: some lines around matches, from `first` to `last`, counted from 0.
struct CodePlace {
  std::size_t first = 0;
  std::size_t last = 0;
  int score = 0;
  std::vector<std::size_t> matches{};  // lines
};

// The best places of a text, best first, `most` at most. Matches that lie close together are one.
std::vector<CodePlace> code_places(const CodeQuery& query, std::string_view text, std::size_t most);

}  // namespace colonnade::tools
