#include "core/memory_ranking.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace colonnade::core {
namespace {

// Set by bench/recall; see docs/howto/agent-memory.md.
constexpr double lexical_half = 6;      // the BM25 that counts half of the most that words can say
constexpr double lexical_weight = 0.6;  // of the score
constexpr double nearness_weight = 0.38;
constexpr double recency_weight = 0.02;  // enough to part equals, too little to part others
constexpr double recency_half_days = 30;

double days(std::chrono::microseconds age) {
  return std::max(0.0, static_cast<double>(age.count()) / 86'400e6);
}

double score(const MemoryMatch& match, base::Time now) {
  const double lexical = match.lexical / (match.lexical + lexical_half);
  const double nearness = std::max(0.0, match.similarity);
  const double recency = std::exp2(-days(now - match.item.updated_at) / recency_half_days);
  return lexical_weight * lexical + nearness_weight * nearness + recency_weight * recency;
}

}  // namespace

std::vector<RankedMemory> rank_memories(std::vector<MemoryMatch> matches, base::Time now,
                                        std::size_t limit) {
  std::vector<RankedMemory> out;
  out.reserve(matches.size());
  for (MemoryMatch& match : matches) {
    if (match.lexical <= 0 && match.similarity <= 0) continue;
    const double points = score(match, now);
    out.push_back({std::move(match.item), points});
  }
  const auto better = [](const RankedMemory& a, const RankedMemory& b) {
    if (a.score != b.score) return a.score > b.score;
    if (a.item.updated_at != b.item.updated_at) return a.item.updated_at > b.item.updated_at;
    return a.item.id > b.item.id;
  };
  std::ranges::sort(out, better);
  if (out.size() > limit) out.resize(limit);
  return out;
}

}  // namespace colonnade::core
