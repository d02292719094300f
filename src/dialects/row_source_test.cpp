#include "dialects/row_source.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/lane.hpp"
#include "net/limits.hpp"

namespace colonnade::dialects {
namespace {

// Rows of given sizes, as JSON texts that begin with their number.
class Rows final : public RowSource {
 public:
  Rows(std::vector<std::size_t> sizes, std::size_t limit)
      : RowSource("[", "]", limit), sizes_(std::move(sizes)) {}
  std::vector<std::size_t> asked{};
  bool fails = false;

 private:
  base::Task<RowSource::Rows> read(std::size_t limit) override {
    if (fails) co_return base::fail(base::ErrorKind::internal, "no");
    asked.push_back(limit);
    std::vector<std::string> rows;
    for (; rows.size() < limit && next_ < sizes_.size(); ++next_) {
      const std::string number = std::to_string(next_);
      rows.push_back("\"" + number + std::string(sizes_[next_] - number.size() - 2, '.') + "\"");
    }
    co_return rows;
  }
  std::vector<std::size_t> sizes_;
  std::size_t next_ = 0;
};

struct Read {
  std::string text{};
  std::size_t pieces = 0;
  std::size_t largest = 0;
};

Read read_all(RowSource& source) {
  base::Lanes lanes(1);
  Read out;
  for (bool last = false; !last; ++out.pieces) {
    const auto piece = base::run_on(lanes[0], source.next());
    out.text += piece->bytes;
    out.largest = std::max(out.largest, piece->bytes.size());
    last = piece->last;
  }
  return out;
}

TEST(RowSourceTest, ListsAreTheSameHoweverTheyAreCut) {
  for (const std::size_t rows : {0, 1, 2, 5, 1000}) {
    for (const std::size_t size : {10, 3000, 100'000}) {
      if (rows * size > 20'000'000) continue;
      Rows source(std::vector(rows, size), 1000);
      const Read read = read_all(source);
      const auto json = nlohmann::json::parse(read.text);
      ASSERT_EQ(json.size(), rows);
      for (std::size_t i = 0; i < rows; ++i) {
        EXPECT_TRUE(json[i].get<std::string>().starts_with(std::to_string(i)));
      }
      if (rows * size < limits::answer_piece_bytes / 2) EXPECT_EQ(read.pieces, 1U);
    }
  }
}

TEST(RowSourceTest, NoMoreIsListedThanAskedFor) {
  Rows source(std::vector<std::size_t>(50, 10), 7);
  EXPECT_EQ(nlohmann::json::parse(read_all(source).text).size(), 7U);
}

TEST(RowSourceTest, APieceHoldsLittleMoreThanItsShare) {
  Rows large(std::vector<std::size_t>(200, 100'000), 1000);
  EXPECT_LE(read_all(large).largest, limits::answer_piece_bytes + 100'000 + 2);
  EXPECT_EQ(*std::ranges::max_element(large.asked), 1U);
  Rows small(std::vector<std::size_t>(1000, 1000), 1000);
  EXPECT_LE(read_all(small).largest, 2 * limits::answer_piece_bytes);
}

TEST(RowSourceTest, AnErrorOfTheStoreIsHandedOn) {
  Rows source({10}, 10);
  source.fails = true;
  base::Lanes lanes(1);
  EXPECT_FALSE(base::run_on(lanes[0], source.next()));
}

}  // namespace
}  // namespace colonnade::dialects
