// What a search found by words and by meaning, as one ranking.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/memory/memory_item.hpp"
#include "core/memory/memory_store.hpp"

namespace colonnade::core {

struct RankedMemory {
  MemoryItem item;
  double score = 0;  // 0 .. 1, comparable within one search
};

// The best `limit`, best first. `words` are those of the question, as memory_words() makes them.
// What shares words with the question counts by their rarity (BM25) and by how many of the
// question's words it has; nearness decides between memories that share little or nothing with it.
// Between equals the newer one wins. What has neither is left out. Takes milliseconds for long
// texts.
std::vector<RankedMemory> rank_memories(std::vector<MemoryMatch> matches,
                                        const std::vector<std::string>& words, base::Time now,
                                        std::size_t limit);

}  // namespace colonnade::core
