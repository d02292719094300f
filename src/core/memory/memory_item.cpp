#include "core/memory/memory_item.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/ids.hpp"

namespace colonnade::core {
namespace {

// Words that nearly every sentence has, in English, German and Spanish, sorted. What a search for
// them would find says nothing about what was asked.
constexpr std::string_view empty_words[] = {
    "a",      "aber",    "about",   "al",    "all",   "als",   "am",    "an",    "and",    "any",
    "are",    "as",      "at",      "auch",  "auf",   "aus",   "be",    "been",  "bei",    "bin",
    "bist",   "but",     "by",      "can",   "como",  "con",   "could", "cual",  "cuando", "da",
    "das",    "de",      "dein",    "deine", "del",   "dem",   "den",   "der",   "des",    "did",
    "die",    "do",      "does",    "donde", "du",    "ein",   "eine",  "einem", "einen",  "einer",
    "el",     "ella",    "en",      "er",    "es",    "esta",  "este",  "for",   "from",   "für",
    "had",    "has",     "hat",     "have",  "he",    "her",   "him",   "his",   "how",    "i",
    "ich",    "ihr",     "im",      "in",    "is",    "ist",   "it",    "its",   "la",     "las",
    "le",     "lo",      "los",     "man",   "may",   "me",    "mein",  "meine", "meiner", "mi",
    "mir",    "mis",     "mit",     "my",    "nach",  "nicht", "no",    "not",   "of",     "on",
    "or",     "our",     "para",    "por",   "que",   "qué",   "s",     "se",    "she",    "should",
    "sich",   "sie",     "sind",    "so",    "sobre", "son",   "su",    "sus",   "t",      "that",
    "the",    "their",   "them",    "there", "they",  "this",  "to",    "tu",    "un",     "una",
    "und",    "us",      "user",    "users", "vom",   "von",   "wann",  "war",   "was",    "we",
    "welche", "welcher", "welches", "were",  "what",  "when",  "where", "which", "who",    "why",
    "wie",    "will",    "wir",     "with",  "wo",    "would", "you",   "your",  "zu",     "zum",
    "zur",    "él",
};

bool says_nothing(std::string_view word) { return std::ranges::binary_search(empty_words, word); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Anything beyond ASCII counts as a letter: what the store's tokenizer splits there, it splits in
// the stored text as well.
bool is_word_byte(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u >= 0x80 || (u >= '0' && u <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

// The length of a mark beyond ASCII that parts words: quotation marks, dashes, inverted question
// marks. 0: it is none.
std::size_t mark_bytes(std::string_view text) {
  if (text.starts_with('\xC2') && text.size() > 1) return 2;
  if (text.starts_with("\xE2\x80") && text.size() > 2) return 3;
  return 0;
}

}  // namespace

std::string memory_digest(std::string_view text) {
  const auto first = std::ranges::find_if(text, is_word_byte);
  auto last = text.end();
  while (last != first && !is_word_byte(last[-1])) --last;
  if (first == last) return base::sha256_hex(text);  // nothing but punctuation: as it stands
  std::string folded;
  bool space = false;
  for (const char c : std::string_view(first, last)) {
    if (static_cast<unsigned char>(c) <= 0x20) {
      space = true;
      continue;
    }
    if (std::exchange(space, false)) folded += ' ';
    folded += lower(c);
  }
  return base::sha256_hex(folded);
}

std::vector<std::string> memory_words(std::string_view text, std::size_t words_max) {
  std::vector<std::string> telling;
  std::vector<std::string> empty;
  std::unordered_set<std::string> seen;
  std::string word;
  const auto end_word = [&] {
    std::vector<std::string>& words = says_nothing(word) ? empty : telling;
    if (!word.empty() && words.size() < words_max && seen.insert(word).second) {
      words.push_back(word);
    }
    word.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (const std::size_t mark = mark_bytes(text.substr(i)); mark > 0) {
      end_word();
      i += mark - 1;
    } else if (is_word_byte(text[i])) {
      word += lower(text[i]);
    } else {
      end_word();
    }
  }
  end_word();
  return telling.empty() ? empty : telling;
}

}  // namespace colonnade::core
