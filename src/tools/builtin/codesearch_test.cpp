#include "tools/builtin/codesearch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tools/builtin/code_ranking.hpp"
#include "tools/builtin/limits.hpp"

namespace colonnade::tools {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

int score(const std::string& query, const std::string& line) {
  return CodeQuery(query).score(line, lower_case(line));
}

TEST(CodeRanking, TakesAQueryApart) {
  EXPECT_THAT(CodeQuery("parse_patch(text), Text -> files").words(),
              ElementsAre("parse_patch", "text", "files"));
  EXPECT_TRUE(CodeQuery(" ->{} ").empty());
  std::string many;
  for (std::size_t i = 0; i < 2 * limits::codesearch_words_max; ++i) {
    many += "w" + std::to_string(i) + " ";
  }
  EXPECT_EQ(CodeQuery(many).words().size(), limits::codesearch_words_max);
}

TEST(CodeRanking, BetterLinesScoreMore) {
  EXPECT_EQ(score("parse patch", "nothing of it"), 0);
  // From the best to the worst.
  const char* lines[] = {"struct parse patch", "parse patch", "patch and then parse", "to parse it",
                         "parser"};
  for (std::size_t i = 1; i < std::size(lines); ++i) {
    EXPECT_GT(score("parse patch", lines[i - 1]), score("parse patch", lines[i])) << lines[i];
  }
  EXPECT_GT(score("Reader", "class Reader {"), score("Reader", "  Reader reader;"));
  EXPECT_EQ(score("READER", "class Reader {"), score("reader", "class Reader {"));
}

TEST(CodeRanking, MatchesCloseTogetherAreOnePlaceWithItsContext) {
  const std::string text = "0\n1\n2\nfoo\n4\nfoo\n6\n7\n8\n9\n10\n11\nfoo bar\n";
  const auto places = code_places(CodeQuery("foo bar"), text, 10);
  ASSERT_EQ(places.size(), 2U);
  EXPECT_EQ(places[0].first, 10U) << "the better one first";
  EXPECT_EQ(places[0].last, 12U);
  EXPECT_THAT(places[0].matches, ElementsAre(12U));
  EXPECT_EQ(places[1].first, 1U);
  EXPECT_EQ(places[1].last, 7U);
  EXPECT_THAT(places[1].matches, ElementsAre(3U, 5U));
  EXPECT_EQ(code_places(CodeQuery("foo"), text, 1).size(), 1U);
  EXPECT_THAT(code_places(CodeQuery("baz"), text, 10), IsEmpty());
  EXPECT_THAT(code_places(CodeQuery("baz"), "", 10), IsEmpty());
}

class CodesearchTest : public ::testing::Test {
 protected:
  CodesearchTest() {
    folder_ = ::testing::TempDir() + "colonnade-XXXXXX";
    if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  ~CodesearchTest() override {
    fs::remove_all(folder_);
    workers_.end();
  }
  void file(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(folder_ + "/" + path).parent_path());
    std::ofstream(folder_ + "/" + path, std::ios::binary) << text;
  }
  core::ToolOutcome search(base::Json arguments, std::stop_token stop = {}) {
    ToolContext context{.lane = &lanes_[0], .scope = core::Scope::main(), .workspace = folder_};
    auto canonical = tool_->canonical(context, std::move(arguments), core::ArgumentsFrom::model);
    if (!canonical) return failed(canonical.error().message);
    return base::run_on(lanes_[0], tool_->run(std::move(context), std::move(*canonical), stop));
  }

  std::string folder_;
  base::Lanes lanes_{1};
  base::Workers workers_{1};
  std::unique_ptr<Tool> tool_ = codesearch_tool(workers_);
};

TEST_F(CodesearchTest, ShowsTheBestPlacesFirst) {
  file("src/use.cpp", "a\nb\nReader reader(text);\nc\nd\ne\n");
  file("src/reader.hpp", "// x\nclass Reader {\n public:\n};\n");
  const auto outcome = search({{"query", "Reader"}});
  EXPECT_FALSE(outcome.is_error);
  EXPECT_EQ(outcome.content,
            "src/reader.hpp\n  1: // x\n> 2: class Reader {\n  3:  public:\n  4: };\n\n"
            "src/use.cpp\n  1: a\n  2: b\n> 3: Reader reader(text);\n  4: c\n  5: d\n\n");
  EXPECT_THAT(search({{"query", "Reader"}, {"limit", 1}}).content, Not(HasSubstr("use.cpp")));
  EXPECT_THAT(search({{"query", "reader"}, {"path", "src/"}}).content,
              StartsWith("src/reader.hpp"));
  EXPECT_EQ(search({{"query", "absent"}}).content, "[nothing found]\n");
  EXPECT_TRUE(search({{"query", "(){}"}}).is_error);
  EXPECT_TRUE(search({{"query", "x"}, {"path", "../"}}).is_error);
}

TEST_F(CodesearchTest, PassesOverWhatIsNoCode) {
  file(".git/objects/needle", "needle\n");
  file("web/node_modules/x/index.js", "needle\n");
  file("image.bin", std::string("needle\0", 7));
  file("large.txt", std::string(limits::codesearch_file_bytes_max + 1, 'n') + " needle\n");
  EXPECT_EQ(search({{"query", "needle"}}).content, "[nothing found]\n");
  file("a.txt", "needle\n");
  EXPECT_THAT(search({{"query", "needle"}}).content, StartsWith("a.txt\n"));
}

TEST_F(CodesearchTest, ItsAnswerIsBounded) {
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += "needle " + std::string(1000, 'x') + "\n\n\n\n\n\n\n";
  for (int i = 0; i < 60; ++i) file("f" + std::to_string(i) + ".txt", lines);
  const auto outcome = search({{"query", "needle"}, {"limit", limits::codesearch_places_max}});
  EXPECT_LE(outcome.content.size(), limits::codesearch_output_bytes_max + 200);
  EXPECT_THAT(outcome.content, HasSubstr("f0.txt"));
}

TEST_F(CodesearchTest, AStopEndsIt) {
  for (int i = 0; i < 5; ++i) file("f" + std::to_string(i) + ".txt", "needle\n");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(search({{"query", "needle"}}, stop.get_token()).is_error);
}

}  // namespace
}  // namespace colonnade::tools
