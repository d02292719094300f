#include "tools/builtin/code_ranking.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "tools/builtin/limits.hpp"
#include "tools/text.hpp"

namespace colonnade::tools {
namespace {

constexpr int word_score = 10;
constexpr int whole_word_score = 5;
constexpr int definition_score = 15;
constexpr int phrase_score = 20;
constexpr int path_word_score = 4;
constexpr int further_match_score = 2;  // of a further line in one place
constexpr std::size_t context_lines = 2;

constexpr std::array<std::string_view, 16> definition_words = {
    "class ", "struct ",   "enum ", "union ",     "interface ", "trait ",   "def ",   "fn ",
    "func ",  "function ", "type ", "namespace ", "module ",    "#define ", "const ", "impl "};

bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z');
}

bool is_whole(std::string_view text, std::size_t at, std::size_t size) {
  const bool begins = at == 0 || !is_word_byte(text[at - 1]);
  const bool ends = at + size == text.size() || !is_word_byte(text[at + size]);
  return begins && ends;
}

// Whether the line says what the word at `at` is: a keyword stands somewhere before it.
bool defines(std::string_view line, std::size_t at) {
  const std::string_view before = line.substr(0, at);
  return std::ranges::any_of(definition_words,
                             [before](std::string_view word) { return before.contains(word); });
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

CodeQuery::CodeQuery(std::string_view text) : phrase_(lower_case(text)) {
  std::string_view rest = phrase_;
  while (!rest.empty() && words_.size() < limits::codesearch_words_max) {
    const auto begin = std::ranges::find_if(rest, is_word_byte);
    rest.remove_prefix(static_cast<std::size_t>(begin - rest.begin()));
    const auto end = std::ranges::find_if_not(rest, is_word_byte);
    const std::string_view word = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
    if (!word.empty() && std::ranges::find(words_, word) == words_.end()) words_.emplace_back(word);
    rest.remove_prefix(word.size());
  }
}

bool CodeQuery::may_be_in(std::string_view lower_text) const {
  return std::ranges::any_of(
      words_, [lower_text](const std::string& word) { return lower_text.contains(word); });
}

int CodeQuery::score(std::string_view line, std::string_view lower_line) const {
  int out = 0;
  for (const std::string& word : words_) {
    std::size_t at = lower_line.find(word);
    if (at == std::string_view::npos) continue;
    out += word_score;
    for (; at != std::string_view::npos; at = lower_line.find(word, at + 1)) {
      if (!is_whole(line, at, word.size())) continue;
      out += whole_word_score;
      if (defines(lower_line, at)) out += definition_score;
      break;
    }
  }
  if (out > 0 && words_.size() > 1 && lower_line.contains(phrase_)) out += phrase_score;
  return out;
}

int CodeQuery::path_score(std::string_view lower_path) const {
  return path_word_score *
         static_cast<int>(std::ranges::count_if(
             words_, [lower_path](const std::string& word) { return lower_path.contains(word); }));
}

std::vector<CodePlace> code_places(const CodeQuery& query, std::string_view text,
                                   std::size_t most) {
  std::vector<CodePlace> out;
  const std::string lower = lower_case(text);
  if (!query.may_be_in(lower)) return out;
  std::size_t at = 0;
  std::size_t number = 0;
  for (; at < text.size(); ++number) {
    const std::size_t begin = at;
    const std::string_view line = next_line(text, at);
    const int score = query.score(line, std::string_view(lower).substr(begin, line.size()));
    if (score == 0) continue;
    if (!out.empty() && number <= out.back().last + context_lines + 1) {
      CodePlace& place = out.back();
      place.last = number;
      place.matches.push_back(number);
      place.score = std::max(place.score, score) + further_match_score;
    } else {
      out.push_back({.first = number, .last = number, .score = score, .matches = {number}});
    }
  }
  const std::size_t lines = number;
  std::ranges::sort(out, [](const CodePlace& one, const CodePlace& other) {
    return std::pair(-one.score, one.first) < std::pair(-other.score, other.first);
  });
  if (out.size() > most) out.resize(most);
  for (CodePlace& place : out) {
    place.first -= std::min(place.first, context_lines);
    place.last = std::min(place.last + context_lines, lines - 1);
  }
  return out;
}

}  // namespace colonnade::tools
