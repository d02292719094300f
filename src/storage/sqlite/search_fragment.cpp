#include "storage/sqlite/search_fragment.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <unordered_map>

#include "storage/limits.hpp"

namespace colonnade::storage::sqlite {
namespace {

constexpr std::string_view ellipsis = "…";
constexpr std::string_view mark_begin = "<mark>";
constexpr std::string_view mark_end = "</mark>";
constexpr int tokens_between_looks = 1024;  // at the stop token
constexpr int sentence_score = 100;         // for beginning with a sentence; snippet()'s figures
constexpr int text_score = 120;             // for beginning with the text
constexpr int new_phrase_score = 1000;      // for a phrase that the fragment did not have yet

static_assert(limits::search_words_max <= 32, "one bit of a mask for each word of a query");

// FTS5's own tokenizer, so that words are the index's words.
class Tokenizer {
 public:
  static Result<std::unique_ptr<Tokenizer>> of(Database& database) {
    fts5_api* api = nullptr;
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database.handle(), "SELECT fts5(?1)", -1, &statement, nullptr) ==
        SQLITE_OK) {
      sqlite3_bind_pointer(statement, 1, static_cast<void*>(&api), "fts5_api_ptr", nullptr);
      sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    auto out = std::unique_ptr<Tokenizer>(new Tokenizer());
    void* user = nullptr;
    const char* arguments[] = {"remove_diacritics", "2"};  // as message_search has it
    const bool made = api != nullptr &&
                      api->xFindTokenizer(api, "unicode61", &user, &out->calls_) == SQLITE_OK &&
                      out->calls_.xCreate(user, arguments, 2, &out->instance_) == SQLITE_OK;
    if (!made) return fail(ErrorKind::internal, "SQLite has no tokenizer for full text");
    return out;
  }
  ~Tokenizer() {
    if (instance_ != nullptr) calls_.xDelete(instance_);
  }
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // Calls `use(token, begin, end) -> bool` with each token and its place in `text`, until it says
  // no. False: it did.
  template <class Use>
  bool each(std::string_view text, Use use) const {
    const auto call = [](void* context, int flags, const char* token, int bytes, int begin,
                         int end) {
      if ((flags & FTS5_TOKEN_COLOCATED) != 0) return SQLITE_OK;
      const std::string_view word(token, static_cast<std::size_t>(bytes));
      return (*static_cast<Use*>(context))(word, begin, end) ? SQLITE_OK : SQLITE_ABORT;
    };
    return calls_.xTokenize(instance_, static_cast<void*>(&use), FTS5_TOKENIZE_DOCUMENT,
                            text.data(), static_cast<int>(text.size()), call) == SQLITE_OK;
  }

 private:
  Tokenizer() = default;
  fts5_tokenizer calls_{};
  Fts5Tokenizer* instance_ = nullptr;
};

// The words of a query in a row, phrase after phrase, one bit each.
struct Phrases {
  struct Phrase {
    int words = 0;
  };
  struct Prefix {
    std::string word{};
    std::uint32_t bit = 0;
  };
  std::vector<Phrase> phrases{};
  std::unordered_map<std::string, std::uint32_t> exact{};  // the bits of a word
  std::vector<Prefix> prefixes{};
  std::uint32_t starts = 0;      // first words of phrases
  std::uint32_t ends = 0;        // last words
  std::uint8_t phrase_of[32]{};  // by bit

  std::uint32_t bits_of(const std::string& token) const {
    const auto found = exact.find(token);
    std::uint32_t out = found == exact.end() ? 0 : found->second;
    for (const Prefix& prefix : prefixes) {
      if (token.starts_with(prefix.word)) out |= prefix.bit;
    }
    return out;
  }

  void add(const std::vector<std::string>& words, bool prefix) {
    std::size_t used = 0;
    for (const Phrase& phrase : phrases) used += static_cast<std::size_t>(phrase.words);
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::uint32_t bit = std::uint32_t{1} << (used + i);
      phrase_of[used + i] = static_cast<std::uint8_t>(phrases.size());
      if (i == 0) starts |= bit;
      if (i + 1 == words.size()) ends |= bit;
      if (prefix && i + 1 == words.size()) {
        prefixes.push_back({.word = words[i], .bit = bit});
      } else {
        exact[words[i]] |= bit;
      }
    }
    phrases.push_back({.words = static_cast<int>(words.size())});
  }
};

// One match of a phrase.
struct Match {
  int word = 0;  // its first, counted from the text's first word
  std::uint8_t phrase = 0;
  auto operator<=>(const Match&) const = default;
};

struct Found {
  std::vector<Match> matches{};  // by place
  std::vector<int> sentences{};  // the words that sentences begin with
  int words = 0;                 // of the text
};

// Matches within a number of words, moved forward over the text.
class Window {
 public:
  Window(const std::vector<Match>& matches, const Phrases& phrases)
      : matches_(matches), phrases_(phrases), counts_(phrases.phrases.size()) {}

  // `word` must not be less than before.
  void move_to(int word) {
    while (end_ < matches_.size() && matches_[end_].word < word + limits::search_fragment_words) {
      if (counts_[matches_[end_++].phrase]++ == 0) ++distinct_;
    }
    while (begin_ < end_ && matches_[begin_].word < word) {
      if (--counts_[matches_[begin_++].phrase] == 0) --distinct_;
    }
  }
  int score() const {
    return distinct_ * new_phrase_score + static_cast<int>(end_ - begin_) - distinct_;
  }
  // Where a fragment begins that has the window's matches in its middle.
  int centred(int words_of_text) const {
    const Match& last = matches_[end_ - 1];
    const int first = matches_[begin_].word;
    const int behind = last.word + phrases_.phrases[last.phrase].words;
    const int begin = first - (limits::search_fragment_words - (behind - first)) / 2;
    return std::max(0, std::min(begin, words_of_text - limits::search_fragment_words));
  }

 private:
  const std::vector<Match>& matches_;
  const Phrases& phrases_;
  std::vector<int> counts_;  // by phrase
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  int distinct_ = 0;
};

// The word that the best fragment begins with: the choice of snippet().
int best_begin(const Found& found, const Phrases& phrases) {
  Window around(found.matches, phrases);
  Window behind(found.matches, phrases);
  std::size_t sentence = 0;
  int best = 0;
  int best_score = 0;
  for (const Match& match : found.matches) {
    around.move_to(match.word);
    if (around.score() > best_score) {
      best_score = around.score();
      best = around.centred(found.words);
    }
    if (found.words <= limits::search_fragment_words) continue;
    while (sentence + 1 < found.sentences.size() && found.sentences[sentence + 1] <= match.word) {
      ++sentence;
    }
    const int begin = found.sentences[sentence];
    if (begin >= match.word) continue;
    behind.move_to(begin);
    const int score = behind.score() + (begin == 0 ? text_score : sentence_score);
    if (score > best_score) {
      best_score = score;
      best = begin;
    }
  }
  return best;
}

// Words that are marked as one.
struct Marked {
  int first = -1;
  int last = -1;
};

// Matches that overlap, joined.
class MarkedWords {
 public:
  MarkedWords(const std::vector<Match>& matches, const Phrases& phrases)
      : matches_(matches), phrases_(phrases) {
    next();
  }
  const Marked& now() const { return now_; }
  void next() {
    now_ = {};
    for (; next_ < matches_.size(); ++next_) {
      const Match& match = matches_[next_];
      const int last = match.word - 1 + phrases_.phrases[match.phrase].words;
      if (now_.first < 0) {
        now_ = {.first = match.word, .last = last};
      } else if (match.word <= now_.last) {
        now_.last = std::max(now_.last, last);
      } else {
        return;
      }
    }
  }

 private:
  const std::vector<Match>& matches_;
  const Phrases& phrases_;
  std::size_t next_ = 0;
  Marked now_{};
};

// The text of a fragment. What would make it longer than limits::search_fragment_bytes_max is left
// out.
class FragmentText {
 public:
  explicit FragmentText(std::string_view text) : text_(text) {}

  void begin_at(int offset) { taken_ = static_cast<std::size_t>(offset); }
  void take_to(int offset) { take_to(static_cast<std::size_t>(offset)); }
  void take_rest() { take_to(text_.size()); }
  void add(std::string_view words) { out_ += words; }
  bool is_full() const { return full_; }
  std::string finish() && { return std::move(out_); }

 private:
  void take_to(std::size_t offset) {
    std::string_view part = text_.substr(taken_, offset - taken_);
    taken_ = offset;
    if (full_) return;
    if (bytes_ + part.size() > limits::search_fragment_bytes_max) {
      std::size_t cut = limits::search_fragment_bytes_max - bytes_;
      while (cut > 0 && (static_cast<unsigned char>(part[cut]) & 0xC0) == 0x80) --cut;
      part = part.substr(0, cut);
      full_ = true;
    }
    bytes_ += part.size();
    out_ += part;
  }

  std::string_view text_;
  std::string out_{};
  std::size_t taken_ = 0;
  std::size_t bytes_ = 0;
  bool full_ = false;
};

class Maker final : public FragmentMaker {
 public:
  Maker(std::unique_ptr<Tokenizer> tokenizer, Phrases phrases)
      : tokenizer_(std::move(tokenizer)), phrases_(std::move(phrases)) {}

  Result<std::string> make(std::string_view text, const std::stop_token& stop) const override {
    Found found;
    if (!find(text, stop, found)) return fail(ErrorKind::cancelled, "the search was stopped");
    std::ranges::sort(found.matches);
    return cut(text, found, best_begin(found, phrases_));
  }

 private:
  // False when it was stopped.
  bool find(std::string_view text, const std::stop_token& stop, Found& found) const {
    std::uint32_t state = 0;
    std::string word;
    return tokenizer_->each(text, [&](std::string_view token, int begin, int /*end*/) {
      if (found.words % tokens_between_looks == 0 && stop.stop_requested()) return false;
      if (begins_sentence(text, begin, found.words)) found.sentences.push_back(found.words);
      word.assign(token);
      state = ((state << 1) | phrases_.starts) & phrases_.bits_of(word);
      for (std::uint32_t ended = state & phrases_.ends; ended != 0; ended &= ended - 1) {
        const std::uint8_t phrase = phrases_.phrase_of[std::countr_zero(ended)];
        found.matches.push_back(
            {.word = found.words + 1 - phrases_.phrases[phrase].words, .phrase = phrase});
      }
      ++found.words;
      return true;
    });
  }

  static bool begins_sentence(std::string_view text, int begin, int word) {
    if (word == 0) return true;
    int i = begin - 1;
    char c = '\0';
    for (; i >= 0; --i) {
      c = text[static_cast<std::size_t>(i)];
      if (c != ' ' && c != '\t' && c != '\n' && c != '\r') break;
    }
    return i != begin - 1 && (c == '.' || c == ':');
  }

  std::string cut(std::string_view text, const Found& found, int first) const {
    const int last = first + limits::search_fragment_words - 1;
    FragmentText out(text);
    if (first > 0) out.add(ellipsis);
    MarkedWords marked(found.matches, phrases_);
    while (marked.now().first >= 0 && marked.now().first < first) marked.next();
    bool open = false;
    int word = 0;
    tokenizer_->each(text, [&](std::string_view /*token*/, int begin, int end) {
      const int here = word++;
      if (here < first) return true;
      if (here > last || out.is_full()) return false;
      if (first > 0 && here == first) out.begin_at(begin);
      if (here == marked.now().first) {
        out.take_to(begin);
        out.add(mark_begin);
        open = true;
      }
      const bool ends = here == marked.now().last;
      if (ends || here == last) out.take_to(end);
      if (ends || (here == last && open)) {
        if (open) out.add(mark_end);
        open = false;
      }
      if (ends) marked.next();
      return true;
    });
    if (open) out.add(mark_end);
    if (last >= found.words - 1) out.take_rest();
    if (last < found.words - 1 || out.is_full()) out.add(ellipsis);
    return std::move(out).finish();
  }

  std::unique_ptr<Tokenizer> tokenizer_;
  Phrases phrases_;
};

}  // namespace

Result<std::unique_ptr<FragmentMaker>> FragmentMaker::of(Database& database,
                                                         const std::vector<SearchTerm>& terms) {
  auto tokenizer = Tokenizer::of(database);
  if (!tokenizer) return fail(std::move(tokenizer.error()));
  Phrases phrases;
  std::size_t words_in_all = 0;
  for (const SearchTerm& term : terms) {
    std::vector<std::string> words;
    (*tokenizer)->each(term.text, [&](std::string_view token, int /*begin*/, int /*end*/) {
      words.emplace_back(token);
      return words.size() <= limits::search_words_max;
    });
    if (words.empty()) continue;  // only signs
    words_in_all += words.size();
    if (words_in_all > limits::search_words_max) {
      return fail(ErrorKind::invalid,
                  "q has more than " + std::to_string(limits::search_words_max) +
                      " words; leave out those that matter least",
                  "q");
    }
    if (!term.excluded) phrases.add(words, term.prefix);
  }
  return std::make_unique<Maker>(std::move(*tokenizer), std::move(phrases));
}

}  // namespace colonnade::storage::sqlite
