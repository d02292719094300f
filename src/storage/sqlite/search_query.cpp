#include "storage/sqlite/search_query.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace colonnade::storage::sqlite {
namespace {

using base::Result;

bool is_space(char c) { return static_cast<unsigned char>(c) <= 0x20; }

// Something that the tokenizer keeps: a letter, a digit, or anything beyond ASCII.
bool is_word_byte(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u >= 0x80 || (u >= '0' && u <= '9') || (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z');
}

bool has_word(std::string_view text) { return std::any_of(text.begin(), text.end(), is_word_byte); }

std::unexpected<base::Error> bad_query(std::string why) {
  return base::fail(base::ErrorKind::invalid, "q is not a search: " + std::move(why), "q");
}

// Writes terms and the operators between them.
class QueryWriter {
 public:
  void term(std::string_view text, bool prefix) {
    if (!has_word(text)) return;
    if (!out_.empty()) {
      // Terms side by side must all occur; unlike after AND, one without tokens (an emoji) is
      // skipped.
      out_ += ' ';
      if (!pending_.empty()) out_.append(pending_).append(" ");
    }
    pending_ = {};
    terms_.push_back({.text = std::string(text), .prefix = prefix, .excluded = excluded_});
    out_ += '"';
    for (const char c : text) {
      if (c == '"') out_ += '"';
      out_ += c == '\0' ? ' ' : c;
    }
    out_ += prefix ? "\"*" : "\"";
  }

  Result<void> operation(std::string_view word) {
    if (out_.empty() || !pending_.empty()) {
      return bad_query(std::string(word) + " needs a word before it; lower case searches for it");
    }
    pending_ = word;
    excluded_ = word == "NOT";  // up to the next one: terms side by side belong together
    return {};
  }

  Result<SearchQuery> finish() {
    if (!pending_.empty()) {
      return bad_query(std::string(pending_) +
                       " needs a word behind it; lower case searches for it");
    }
    return SearchQuery{.match = std::move(out_), .terms = std::move(terms_)};
  }

 private:
  std::string out_;
  std::vector<SearchTerm> terms_;
  std::string_view pending_;  // the operator since the last term
  bool excluded_ = false;     // behind NOT
};

}  // namespace

Result<SearchQuery> search_query(std::string_view typed) {
  const std::string repaired = base::replace_invalid_utf8(typed);
  std::string_view rest = repaired;
  QueryWriter writer;
  while (!rest.empty()) {
    if (is_space(rest.front())) {
      rest.remove_prefix(1);
      continue;
    }
    if (rest.front() == '"') {
      const std::size_t end = rest.find('"', 1);
      if (end == std::string_view::npos) return bad_query("a quotation mark is not closed");
      writer.term(rest.substr(1, end - 1), false);
      rest.remove_prefix(end + 1);
      continue;
    }
    const auto stop =
        std::find_if(rest.begin(), rest.end(), [](char c) { return is_space(c) || c == '"'; });
    const std::string_view word = rest.substr(0, static_cast<std::size_t>(stop - rest.begin()));
    rest.remove_prefix(word.size());
    if (word == "AND" || word == "OR" || word == "NOT") {
      if (auto noted = writer.operation(word); !noted) return base::fail(noted.error());
    } else {
      const bool prefix = word.ends_with('*');
      writer.term(prefix ? word.substr(0, word.size() - 1) : word, prefix);
    }
  }
  return writer.finish();
}

}  // namespace colonnade::storage::sqlite
