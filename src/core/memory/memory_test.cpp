#include <gtest/gtest.h>

#include "core/memory/memory_item.hpp"
#include "core/memory/memory_ranking.hpp"

namespace colonnade::core {
namespace {

using Words = std::vector<std::string>;

const Words question = {"water", "tulips"};

// `text` is what it says; its scores are as the store would give them.
MemoryMatch match(std::string text, double lexical, double similarity, std::int64_t age_days = 0) {
  constexpr std::int64_t day = 86'400'000'000;
  return {.item = {.scope = Scope::main(),
                   .text = std::move(text),
                   .updated_at = {1000 * day - age_days * day}},
          .lexical = lexical,
          .similarity = similarity};
}

Words ranked(std::vector<MemoryMatch> matches, std::size_t limit = 10) {
  Words out;
  for (const RankedMemory& one :
       rank_memories(std::move(matches), question, {1000LL * 86'400'000'000}, limit)) {
    out.push_back(one.item.text);
  }
  return out;
}

TEST(MemoryDigest, IsTheSameForTheSameWords) {
  EXPECT_EQ(memory_digest("Likes tea."), memory_digest("  likes \n TEA"));
  EXPECT_NE(memory_digest("Likes tea"), memory_digest("Likes teas"));
  EXPECT_NE(memory_digest("costs 5"), memory_digest("costs -5"));
  EXPECT_NE(memory_digest("!"), memory_digest("?"));
  EXPECT_EQ(memory_digest("x").size(), 64U);
}

TEST(MemoryWords, AreTheDistinctiveOnesOnce) {
  EXPECT_EQ(memory_words("What is the name of my dog, dog?", 10), (Words{"name", "dog"}));
  EXPECT_EQ(memory_words("Wann hat der Hund Geburtstag?", 10), (Words{"hund", "geburtstag"}));
  EXPECT_EQ(memory_words("¿Dónde está “el perro”?", 10), (Words{"dónde", "está", "perro"}));
  EXPECT_EQ(memory_words("a b-c d", 2), (Words{"b", "c"}));
  EXPECT_EQ(memory_words("?!", 10), Words{});
}

TEST(MemoryWords, AreTheEmptyOnesWhenThereAreNoOthers) {
  EXPECT_EQ(memory_words("who are you", 10), (Words{"who", "are", "you"}));
}

TEST(MemoryRanking, SharedWordsOutweighNearness) {
  EXPECT_EQ(ranked({match("near", 0, 0.5), match("watering a tulip", 8, 0.2),
                    match("water the tulips", 8, 0.4)}),
            (Words{"water the tulips", "watering a tulip", "near"}));
}

TEST(MemoryRanking, NearnessDecidesWhereWordsSayLittle) {
  EXPECT_EQ(ranked({match("water polo", 3, 0.1), match("near", 0, 0.6)}),
            (Words{"near", "water polo"}));
}

TEST(MemoryRanking, MoreOfTheQuestionsWordsCountMoreWhateverTheirRarity) {
  // In a small store every word is rare for BM25's taste, and its scores next to nothing.
  EXPECT_EQ(ranked({match("water polo", 1e-6, 0.2), match("tulips need water", 1e-6, 0.2)}),
            (Words{"tulips need water", "water polo"}));
}

TEST(MemoryRanking, TheNewerOfEqualsWins) {
  EXPECT_EQ(ranked({match("old water", 4, 0.3, 90), match("new water", 4, 0.3, 1)}),
            (Words{"new water", "old water"}));
  EXPECT_EQ(ranked({match("old water", 6, 0.3, 90), match("new water", 4, 0.3, 1)}),
            (Words{"old water", "new water"}));
}

TEST(MemoryRanking, WhatHasNothingInCommonIsLeftOut) {
  EXPECT_EQ(ranked({match("a", 0, 0), match("b", 0, -0.2), match("c", 1, 0)}), Words{"c"});
}

TEST(MemoryRanking, ScoresFallAndTheLimitHolds) {
  const auto best = rank_memories({match("a", 1, 0), match("b", 3, 0), match("c", 2, 1)}, question,
                                  {1000LL * 86'400'000'000}, 2);
  ASSERT_EQ(best.size(), 2U);
  EXPECT_EQ(best[0].item.text, "c");
  EXPECT_GT(best[0].score, best[1].score);
  EXPECT_LE(best[0].score, 1.0);
}

}  // namespace
}  // namespace colonnade::core
