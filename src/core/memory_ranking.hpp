// What a search found by words and by meaning, as one ranking.
#pragma once

#include <cstddef>
#include <vector>

#include "core/memory_item.hpp"
#include "core/memory_store.hpp"

namespace colonnade::core {

struct RankedMemory {
  MemoryItem item{};
  double score = 0;  // 0 .. 1, comparable within one search
};

// The best `limit`, best first. A word that both share says more than nearness does, and the rarer
// the words, the more: so nearness decides between memories that share little or nothing with the
// question. Between equals the newer one wins. What has neither is left out.
std::vector<RankedMemory> rank_memories(std::vector<MemoryMatch> matches, base::Time now,
                                        std::size_t limit);

}  // namespace colonnade::core
