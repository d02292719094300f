#include "storage/sqlite/search_fragment.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/limits.hpp"
#include "storage/limits.hpp"
#include "storage/sqlite/test_folder.hpp"

namespace colonnade::storage::sqlite {
namespace {

class SearchFragment : public testing::Test {
 protected:
  SearchFragment() {
    auto opened = Database::open(":memory:", Access::read_write_create);
    EXPECT_TRUE(opened);
    database_ = std::move(*opened);
    EXPECT_TRUE(
        database_->execute("CREATE VIRTUAL TABLE texts USING fts5"
                           " (text, tokenize = 'unicode61 remove_diacritics 2')"));
  }
  std::unique_ptr<FragmentMaker> maker(std::string_view typed) {
    const auto query = search_query(typed);
    EXPECT_TRUE(query) << typed;
    auto out = FragmentMaker::of(*database_, query->terms);
    EXPECT_TRUE(out) << typed;
    return std::move(*out);
  }
  std::string fragment(std::string_view typed, std::string_view text) {
    return maker(typed)->make(text, {}).value_or("an error");
  }
  // What SQLite's own function shows; nullopt when the text does not match.
  std::optional<std::string> snippet(std::string_view typed, std::string_view text) {
    EXPECT_TRUE(database_->run("DELETE FROM texts"));
    EXPECT_TRUE(database_->run("INSERT INTO texts (text) VALUES (?1)", text));
    const auto query = search_query(typed);
    auto found = database_->one<std::string>(
        "SELECT snippet(texts, 0, '<mark>', '</mark>', '…', 24) FROM texts WHERE texts MATCH ?1",
        [](Statement& row) -> Result<std::string> { return row.string(0); }, query->match);
    EXPECT_TRUE(found) << typed;
    return found ? *found : std::nullopt;
  }
  std::unique_ptr<Database> database_;
};

TEST_F(SearchFragment, MarksWordsPhrasesAndPrefixes) {
  EXPECT_EQ(fragment("red", "Plant the RED tulips."), "Plant the <mark>RED</mark> tulips.");
  EXPECT_EQ(fragment("\"red tulips\"", "red, red tulips"), "red, <mark>red tulips</mark>");
  EXPECT_EQ(fragment("tul*", "a tulip"), "a <mark>tulip</mark>");
  EXPECT_EQ(fragment("cafe", "Le Caf\xC3\xA9!"), "Le <mark>Caf\xC3\xA9</mark>!");
  EXPECT_EQ(fragment("red NOT blue", "red blue"), "<mark>red</mark> blue");
}

// The words of a small alphabet make many matches, phrases that overlap, and sentences.
TEST_F(SearchFragment, ShowsWhatSnippetShows) {
  std::mt19937 random(7);
  const auto pick = [&](std::initializer_list<std::string_view> from) {
    return std::string(from.begin()[random() % from.size()]);
  };
  int matched = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    const std::size_t words = random() % 120;
    for (std::size_t i = 0; i < words; ++i) {
      text += pick({"a", "b", "c", "ab", "\xC3\x84", "d", "e", "f", "g", "h", "i"});
      text += pick({" ", " ", " ", ". ", ", ", ": ", "\n", " \xF0\x9F\x8C\xB7 "});
    }
    std::string typed = pick({"a", "b", "a*", "\"a b\"", "\"a a a\"", "\"a b\" b", "a OR c", "ab a",
                              "\"b c\" OR \"a b\"", "c b a", "d AND e", "\"a a\" \"a b\""});
    const auto shown = snippet(typed, text);
    if (!shown) continue;
    ++matched;
    ASSERT_EQ(fragment(typed, text), *shown) << typed << " in: " << text;
  }
  EXPECT_GT(matched, 1000);
}

TEST_F(SearchFragment, IsBoundedWhateverAWordIs) {
  const std::string long_word(1'000'000, 'x');
  const std::string shown = fragment("red", "red " + long_word + " red");
  EXPECT_LE(shown.size(), limits::search_fragment_bytes_max + 100);
  EXPECT_TRUE(shown.starts_with("<mark>red</mark> xxx"));
  EXPECT_TRUE(shown.ends_with("…"));
}

TEST_F(SearchFragment, StopsWhenItIsTold) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "a ";
  std::stop_source stop;
  stop.request_stop();
  const auto shown = maker("a")->make(text, stop.get_token());
  ASSERT_FALSE(shown);
  EXPECT_EQ(shown.error().kind, ErrorKind::cancelled);
}

TEST_F(SearchFragment, RefusesMoreWordsThanItLooksFor) {
  std::string typed;
  for (std::size_t i = 0; i < limits::search_words_max; ++i) typed += "w" + std::to_string(i) + " ";
  EXPECT_TRUE(maker(typed));
  for (const std::string& more : {typed + "x", typed + "NOT x", typed + "\"x y\""}) {
    const auto refused = FragmentMaker::of(*database_, search_query(more)->terms);
    ASSERT_FALSE(refused) << more;
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
    EXPECT_EQ(refused.error().field, "q");
  }
}

}  // namespace
}  // namespace colonnade::storage::sqlite
