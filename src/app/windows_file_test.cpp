#include "app/windows_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace colonnade::app {
namespace {

using ::testing::HasSubstr;

std::string fault_of(std::string_view text) {
  const auto parsed = parse_windows(text, "windows.yaml");
  return parsed ? "" : parsed.error().message;
}

TEST(WindowsFile, TheBuiltInTableIsReadAndKnowsTheDefaultModels) {
  const auto windows = parse_windows(built_in_windows(), "built-in");
  ASSERT_TRUE(windows) << windows.error().message;
  EXPECT_FALSE(windows->dated().empty());
  EXPECT_EQ(windows->find("anthropic", "claude-sonnet-4-5-20250929").context, 200'000);
  EXPECT_EQ(windows->find("anthropic", "claude-sonnet-5-5").context, 1'000'000);
  EXPECT_EQ(windows->find("openai", "gpt-5.5").output, 128'000);
  EXPECT_EQ(windows->find("openai", "gpt-5.4-mini").context, 400'000);
  EXPECT_EQ(windows->find("openrouter", "openai/gpt-4o-mini").context, 128'000);
  EXPECT_FALSE(windows->find("local", "some-model").known);
}

TEST(WindowsFile, FaultsNameTheLineAndTheKey) {
  EXPECT_THAT(fault_of("windows:\n  p:\n    m: {context: many, output: 1}\n"),
              HasSubstr("windows.yaml:3: context: expected a number of tokens"));
  EXPECT_THAT(fault_of("windows:\n  p:\n    m: {context: 10, output: 1}\n"),
              HasSubstr("1024 at least"));
  EXPECT_THAT(fault_of("windows:\n  p:\n    m: {context: 8192}\n"),
              HasSubstr("needs both context and output"));
  EXPECT_THAT(fault_of("windows:\n  p:\n    m: {contex: 8192}\n"),
              HasSubstr("unknown key \"contex\""));
  EXPECT_THAT(fault_of("prices: {}\n"), HasSubstr("there are dated and windows"));
}

TEST(WindowsFile, AMissingFileNamesTheSetting) {
  const auto windows = load_windows("/nonexistent/windows.yaml");
  ASSERT_FALSE(windows);
  EXPECT_EQ(windows.error().field, "context.windows_file");
}

}  // namespace
}  // namespace colonnade::app
