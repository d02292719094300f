#include "providers/embeddings/basic_words.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>

namespace colonnade::providers::embeddings {
namespace {

struct Word {
  std::string text;
  std::uint32_t row;
};

template <class T>
void append(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Rows: 0 and 1 are close, 2 is far from both.
std::string table_bytes() {
  const std::vector<Word> words = {{"cat", 0}, {"mice", 2}, {"mouse", 2}, {"plan", 1}};
  const std::vector<std::vector<std::int8_t>> rows = {{127, 20, 0}, {120, 0, 10}, {0, 0, 127}};
  WordTableHeader header;
  header.word_count = static_cast<std::uint32_t>(words.size());
  header.row_count = static_cast<std::uint32_t>(rows.size());
  header.dimensions = 3;
  std::string offsets;
  std::string numbers;
  std::string texts;
  for (const Word& word : words) {
    append(offsets, static_cast<std::uint32_t>(texts.size()));
    append(numbers, word.row);
    texts += word.text;
  }
  append(offsets, static_cast<std::uint32_t>(texts.size()));
  header.text_bytes = static_cast<std::uint32_t>(texts.size());
  std::memcpy(header.checksum, "0123456789abcdef", sizeof header.checksum);
  std::string out;
  append(out, header);
  out += offsets + numbers;
  for (const float weight : {1.0F, 1.0F, 0.1F}) append(out, weight);
  out += texts;
  for (const auto& row : rows) {
    for (const std::int8_t value : row) append(out, value);
  }
  return out;
}

class BasicWordsTest : public ::testing::Test {
 protected:
  BasicWordsTest()
      : file_(std::filesystem::path(::testing::TempDir()) /
              ("basic-words-" + std::to_string(::getpid()) + ".bin")) {}
  ~BasicWordsTest() override { std::filesystem::remove(file_); }

  base::Result<std::unique_ptr<WordTable>> open(const std::string& bytes) {
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << bytes;
    return WordTable::open(file_);
  }
  static float cosine(const std::vector<float>& a, const std::vector<float>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
  }

  std::filesystem::path file_;
};

TEST_F(BasicWordsTest, FindsWordsAndTheirForms) {
  const auto table = open(table_bytes());
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ((*table)->find("cat"), 0U);
  EXPECT_EQ((*table)->find("cats"), 0U);
  EXPECT_EQ((*table)->find("planned"), 1U);
  EXPECT_EQ((*table)->find("planning"), 1U);
  EXPECT_EQ((*table)->find("mice"), 2U);
  EXPECT_EQ((*table)->find("dog"), std::nullopt);
  EXPECT_EQ((*table)->find(""), std::nullopt);
  EXPECT_EQ((*table)->find("zzz"), std::nullopt);
  EXPECT_EQ((*table)->vector(2)[2], 127);
}

TEST_F(BasicWordsTest, SimilarTextsHaveSimilarVectors) {
  const auto table = open(table_bytes());
  ASSERT_TRUE(table);
  const auto cat = place_of_text(**table, "The cat");
  const auto plans = place_of_text(**table, "plans!");
  const auto mice = place_of_text(**table, "mice");
  EXPECT_NEAR(cosine(cat, cat), 1, 1e-5);
  EXPECT_GT(cosine(cat, plans), 0.9);
  EXPECT_LT(cosine(cat, mice), 0.3);
  // The word that says more decides.
  EXPECT_GT(cosine(place_of_text(**table, "cat and mice"), cat), 0.9);
  EXPECT_TRUE(place_of_text(**table, "?").empty());
}

TEST_F(BasicWordsTest, UnknownWordsMeetThemselves) {
  const auto table = open(table_bytes());
  ASSERT_TRUE(table);
  const auto name = place_of_text(**table, "Kowalczyk");
  EXPECT_NEAR(cosine(name, place_of_text(**table, "kowalczyk")), 1, 1e-5);
  EXPECT_LT(cosine(name, place_of_text(**table, "4711")), 0.999);
}

TEST_F(BasicWordsTest, TheModelIsNamedAfterTheTable) {
  auto table = open(table_bytes());
  ASSERT_TRUE(table);
  EXPECT_EQ(basic_words(std::move(*table))->model(), "words-basic-0123456789abcdef");
}

TEST_F(BasicWordsTest, DamagedFilesAreRefused) {
  const std::string good = table_bytes();
  EXPECT_FALSE(open(""));
  EXPECT_FALSE(open("x" + good.substr(1)));
  EXPECT_FALSE(open(good.substr(0, good.size() - 1)));
  EXPECT_FALSE(open(good + "x"));
  std::string wild = good;
  wild[sizeof(WordTableHeader) + 5 * 4 + 3] = '\x7F';  // the first word's row
  EXPECT_FALSE(open(wild));
  std::string unsorted = good;
  unsorted[sizeof(WordTableHeader) + 4] = '\x7F';  // the second word's offset
  EXPECT_FALSE(open(unsorted));
  const auto absent = WordTable::open("/nonexistent/words.bin");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().kind, base::ErrorKind::not_found);
}

}  // namespace
}  // namespace colonnade::providers::embeddings
