#include "core/memory/memory_ranking.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

namespace colonnade::core {
namespace {

// Chosen with bench/recall. BM25 alone would not do: it grows with the number of memories, and a
// question's one word that happens to occur somewhere is no answer.
constexpr double rarity_half = 9;        // the BM25 that counts half of the most that it can
constexpr double rarity_weight = 0.245;  // weights of the parts of the score: 1 in all
constexpr double covered_weight = 0.245;
constexpr double covered_power = 1.5;  // half of the words say less than half
constexpr double nearness_weight = 0.49;
constexpr double recency_weight = 0.02;  // enough to part equals, too little to part others
constexpr double recency_half_days = 30;
constexpr std::size_t text_words_max = 2000;
constexpr std::size_t stem_bytes_min = 3;
constexpr std::size_t ending_bytes_max = 3;

// Equal but for their endings: "water", "watering". Good enough where full text has found a match.
bool same_word(std::string_view a, std::string_view b) {
  const auto [in_a, in_b] = std::ranges::mismatch(a, b);
  const auto common = static_cast<std::size_t>(in_a - a.begin());
  return common >= std::min(stem_bytes_min, a.size()) &&
         common + ending_bytes_max >= std::max(a.size(), b.size());
}

// The share of the words that the text has.
double share_covered(const std::vector<std::string>& words, std::string_view text) {
  if (words.empty()) return 0;
  const std::vector<std::string> has = memory_words(text, text_words_max);
  const auto there = std::ranges::count_if(words, [&](const std::string& word) {
    return std::ranges::any_of(has, [&](const std::string& one) { return same_word(word, one); });
  });
  return static_cast<double>(there) / static_cast<double>(words.size());
}

double days(std::chrono::microseconds age) {
  return std::max(0.0, static_cast<double>(age.count()) / 86'400e6);
}

double score(const MemoryMatch& match, const std::vector<std::string>& words, base::Time now) {
  double out = nearness_weight * std::max(0.0, match.similarity);
  if (match.lexical > 0) {
    const double square = match.lexical * match.lexical;
    out += rarity_weight * square / (square + rarity_half * rarity_half);
    out += covered_weight * std::pow(share_covered(words, match.item.text), covered_power);
  }
  const double recency = std::exp2(-days(now - match.item.updated_at) / recency_half_days);
  return out + recency_weight * recency;
}

}  // namespace

std::vector<RankedMemory> rank_memories(std::vector<MemoryMatch> matches,
                                        const std::vector<std::string>& words, base::Time now,
                                        std::size_t limit) {
  std::vector<RankedMemory> out;
  out.reserve(matches.size());
  for (MemoryMatch& match : matches) {
    if (match.lexical <= 0 && match.similarity <= 0) continue;
    const double points = score(match, words, now);
    out.push_back({std::move(match.item), points});
  }
  const auto better = [](const RankedMemory& a, const RankedMemory& b) {
    if (a.score != b.score) return a.score > b.score;
    if (a.item.updated_at != b.item.updated_at) return a.item.updated_at > b.item.updated_at;
    return a.item.id > b.item.id;
  };
  std::ranges::sort(out, better);
  if (out.size() > limit) out.erase(out.begin() + static_cast<std::ptrdiff_t>(limit), out.end());
  return out;
}

}  // namespace colonnade::core
