#include <gtest/gtest.h>

#include "core/memory_item.hpp"
#include "core/memory_ranking.hpp"

namespace colonnade::core {
namespace {

using Words = std::vector<std::string>;

MemoryMatch match(std::string id, double lexical, double similarity, std::int64_t age_days = 0) {
  constexpr std::int64_t day = 86'400'000'000;
  return {.item = {.id = std::move(id), .updated_at = {1000 * day - age_days * day}},
          .lexical = lexical,
          .similarity = similarity};
}

std::vector<std::string> ranked(std::vector<MemoryMatch> matches, std::size_t limit = 10) {
  std::vector<std::string> out;
  for (const RankedMemory& one :
       rank_memories(std::move(matches), {1000LL * 86'400'000'000}, limit)) {
    out.push_back(one.item.id);
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

TEST(MemoryWords, AreTheTellingOnesOnce) {
  EXPECT_EQ(memory_words("What is the name of my dog, dog?", 10), (Words{"name", "dog"}));
  EXPECT_EQ(memory_words("Wann hat der Hund Geburtstag?", 10), (Words{"hund", "geburtstag"}));
  EXPECT_EQ(memory_words("¿Dónde está “el perro”?", 10), (Words{"dónde", "está", "perro"}));
  EXPECT_EQ(memory_words("a b-c d", 2), (Words{"b", "c"}));
  EXPECT_EQ(memory_words("?!", 10), Words{});
}

TEST(MemoryWords, AreTheEmptyOnesWhenThereAreNoOthers) {
  EXPECT_EQ(memory_words("who are you", 10), (Words{"who", "are", "you"}));
}

TEST(MemoryRanking, WordsOutweighNearness) {
  EXPECT_EQ(ranked({match("near", 0, 0.6), match("words", 8, 0.1), match("both", 8, 0.5)}),
            (Words{"both", "words", "near"}));
}

TEST(MemoryRanking, NearnessDecidesWhereWordsSayLittle) {
  EXPECT_EQ(ranked({match("common word", 0.3, 0.1), match("near", 0, 0.7)}),
            (Words{"near", "common word"}));
}

TEST(MemoryRanking, TheNewerOfEqualsWins) {
  EXPECT_EQ(ranked({match("old", 4, 0.3, 90), match("new", 4, 0.3, 1)}), (Words{"new", "old"}));
  EXPECT_EQ(ranked({match("old", 5, 0.3, 90), match("new", 4, 0.3, 1)}), (Words{"old", "new"}));
}

TEST(MemoryRanking, WhatHasNothingInCommonIsLeftOut) {
  EXPECT_EQ(ranked({match("a", 0, 0), match("b", 0, -0.2), match("c", 1, 0)}), Words{"c"});
}

TEST(MemoryRanking, ScoresFallAndTheLimitHolds) {
  const auto best = rank_memories({match("a", 1, 0), match("b", 3, 0), match("c", 2, 0)},
                                  {1000LL * 86'400'000'000}, 2);
  ASSERT_EQ(best.size(), 2U);
  EXPECT_EQ(best[0].item.id, "b");
  EXPECT_GT(best[0].score, best[1].score);
  EXPECT_LE(best[0].score, 1.0);
}

}  // namespace
}  // namespace colonnade::core
