// Texts that try to take the model over. Compared word by word, whatever stands between the words.
#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "core/safety/detectors.hpp"

namespace colonnade::core {
namespace {

using Words = std::span<const std::string_view>;

// One step of a pattern: a word of the list must come, or up to `most` of them may.
struct Slot {
  Words words{};
  std::size_t most = 0;  // 0: exactly one must come
};

struct Pattern {
  std::string_view name{};
  SafetySeverity severity = SafetySeverity::high;
  std::span<const Slot> slots{};
};

struct Word {
  std::string_view text{};  // as it stands
  std::size_t begin = 0;
};

constexpr std::size_t word_bytes_max = 16;    // the longest word of any list fits
constexpr std::size_t pattern_words_max = 9;  // of the longest pattern

bool equals_word(std::string_view word, std::string_view lower) {
  return word.size() == lower.size() && std::ranges::equal(word, lower, {}, ascii_lower);
}

bool is_one_of(std::string_view word, Words list) {
  return word.size() <= word_bytes_max &&
         std::ranges::any_of(list, [&](std::string_view one) { return equals_word(word, one); });
}

// Reads the next word from `at` on, and moves `at` behind it; false at the end of the text.
bool next_word(std::string_view text, std::size_t& at, Word& out) {
  while (at < text.size() && !is_ascii_word(text[at])) ++at;
  const std::size_t begin = at;
  while (at < text.size() && is_ascii_word(text[at])) ++at;
  out = {.text = text.substr(begin, at - begin), .begin = begin};
  return !out.text.empty();
}

constexpr std::array<std::string_view, 6> drop_verbs{"ignore",   "disregard", "forget",
                                                     "override", "bypass",    "discard"};
constexpr std::array<std::string_view, 11> fillers{
    "all", "any", "of", "the", "your", "my", "these", "those", "and", "everything", "every"};
constexpr std::array<std::string_view, 9> earlier_words{"previous",  "prior",    "above",
                                                        "preceding", "earlier",  "former",
                                                        "system",    "original", "initial"};
constexpr std::array<std::string_view, 12> instruction_words{
    "instructions", "instruction", "prompts",  "prompt",   "rules",      "rule",
    "directions",   "guidelines",  "messages", "commands", "directives", "constraints"};
constexpr std::array ignore_slots{Slot{drop_verbs},       Slot{fillers, 3},
                                  Slot{earlier_words},    Slot{fillers, 2},
                                  Slot{earlier_words, 1}, Slot{instruction_words}};

constexpr std::array<std::string_view, 8> show_verbs{"reveal", "show", "print",   "repeat",
                                                     "output", "leak", "display", "tell"};
constexpr std::array<std::string_view, 8> show_fillers{"me",   "us",  "back",   "out",
                                                       "your", "the", "entire", "full"};
constexpr std::array<std::string_view, 5> hidden_words{"system", "hidden", "secret", "initial",
                                                       "developer"};
constexpr std::array<std::string_view, 4> prompt_words{"prompt", "prompts", "instructions",
                                                       "instruction"};
constexpr std::array reveal_slots{Slot{show_verbs}, Slot{show_fillers, 4}, Slot{hidden_words},
                                  Slot{prompt_words}};

constexpr std::array<std::string_view, 1> you{"you"};
constexpr std::array<std::string_view, 1> are{"are"};
constexpr std::array<std::string_view, 2> now_words{"now", "henceforth"};
constexpr std::array<std::string_view, 6> role_fillers{"a", "an", "the", "in", "called", "my"};
constexpr std::array<std::string_view, 8> free_words{
    "dan", "unrestricted", "jailbroken", "uncensored", "unfiltered", "evil", "limitless", "stan"};
constexpr std::array role_slots{Slot{you}, Slot{are}, Slot{now_words}, Slot{role_fillers, 2},
                                Slot{free_words}};
constexpr std::array<std::string_view, 4> act_verbs{"act", "behave", "respond", "pretend"};
constexpr std::array<std::string_view, 6> act_fillers{"as", "like", "to", "be", "a", "an"};
constexpr std::array act_slots{Slot{act_verbs}, Slot{act_fillers, 4}, Slot{free_words}};

constexpr std::array<std::string_view, 3> do_words{"do", "anything", "now"};
constexpr std::array do_anything_slots{Slot{Words(do_words).subspan(0, 1)},
                                       Slot{Words(do_words).subspan(1, 1)},
                                       Slot{Words(do_words).subspan(2, 1)}};
constexpr std::array<std::string_view, 4> on_verbs{"enable", "enter", "activate", "unlock"};
constexpr std::array<std::string_view, 4> mode_names{"developer", "dan", "god", "jailbreak"};
constexpr std::array<std::string_view, 1> mode{"mode"};
constexpr std::array mode_slots{Slot{on_verbs}, Slot{fillers, 2}, Slot{mode_names}, Slot{mode}};

constexpr std::array<Pattern, 6> patterns{{
    {"ignore_previous", SafetySeverity::high, ignore_slots},
    {"reveal_prompt", SafetySeverity::medium, reveal_slots},
    {"role_override", SafetySeverity::high, role_slots},
    {"role_override", SafetySeverity::high, act_slots},
    {"jailbreak", SafetySeverity::high, do_anything_slots},
    {"jailbreak", SafetySeverity::medium, mode_slots},
}};

// How many words from `at` on the rest of the pattern takes; 0 for no match. A pattern's length is
// fixed and small, so is the number of ways to read it.
std::size_t match_slots(std::span<const Slot> slots, std::span<const Word> words) {
  if (slots.empty()) return 0;
  const Slot& slot = slots.front();
  const std::size_t least = slot.most == 0 ? 1 : 0;
  const std::size_t most = slot.most == 0 ? 1 : slot.most;
  std::size_t taken = 0;
  while (taken < most && taken < words.size() && is_one_of(words[taken].text, slot.words)) ++taken;
  if (taken < least) return 0;
  if (slots.size() == 1) return taken;
  for (std::size_t count = taken + 1; count-- > least;) {
    const std::size_t rest = match_slots(slots.subspan(1), words.subspan(count));
    if (rest > 0) return count + rest;
  }
  return 0;
}

// Marks of a chat's own format, which no person writes.
constexpr std::array<std::string_view, 7> control_marks{
    "<|im_start|>", "<|im_end|>", "<|system|>", "<|endoftext|>", "[INST]", "[/INST]", "<<SYS>>"};

void find_control_marks(std::string_view text, SafetyMatches& out) {
  for (std::size_t at = text.find_first_of("<["); at != std::string_view::npos;
       at = text.find_first_of("<[", at + 1)) {
    for (const std::string_view mark : control_marks) {
      if (!text.substr(at).starts_with(mark)) continue;
      out.push_back({.begin = at,
                     .end = at + mark.size(),
                     .type = SafetyType::injection,
                     .severity = SafetySeverity::high,
                     .name = "control_token"});
      break;
    }
  }
}

void match_patterns(const std::vector<Word>& words, SafetyMatches& out) {
  for (const Pattern& pattern : patterns) {
    const std::size_t count = match_slots(pattern.slots, words);
    if (count == 0) continue;
    const Word& last = words[count - 1];
    out.push_back({.begin = words.front().begin,
                   .end = last.begin + last.text.size(),
                   .type = SafetyType::injection,
                   .severity = pattern.severity,
                   .name = pattern.name});
  }
}

}  // namespace

void find_injections(std::string_view text, SafetyMatches& out) {
  std::vector<Word> window;  // as many words as the longest pattern has
  std::size_t at = 0;
  Word word;
  bool more = next_word(text, at, word);
  while (more || !window.empty()) {
    while (more && window.size() < pattern_words_max) {
      window.push_back(word);
      more = next_word(text, at, word);
    }
    match_patterns(window, out);
    window.erase(window.begin());
  }
  find_control_marks(text, out);
}

}  // namespace colonnade::core
