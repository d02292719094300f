#include "core/runs/tools_by_name.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/runs/limits.hpp"

namespace colonnade::core {
namespace {

using base::Json;

std::vector<ToolDefinition> shed() {
  return {{.name = "water_plants", .description = "Waters the plants of a bed."},
          {.name = "weather", .description = "Tells whether it will rain."},
          {.name = "order_seeds", .description = "Orders seeds for plants that are named."}};
}

std::vector<std::string> found(const Json& arguments) {
  std::vector<std::string> out;
  const auto text = found_tools(shed(), arguments);
  if (!text) return {text.error().field};
  for (const Json& tool : Json::parse(*text).at("results")) out.push_back(tool.at("name"));
  return out;
}

TEST(ToolsByName, FindsTheToolsThatHoldMostOfTheWords) {
  EXPECT_EQ(found({{"query", "seeds for my PLANTS"}}),
            (std::vector<std::string>{"order_seeds", "water_plants"}));
  EXPECT_EQ(found({{"query", "rain?"}}), std::vector<std::string>{"weather"});
  EXPECT_EQ(found({{"query", " - "}}).size(), 3U) << "without words, all";
  EXPECT_EQ(found({{"query", "plants"}, {"limit", 1}}), std::vector<std::string>{"water_plants"});
}

TEST(ToolsByName, SaysThatNothingFits) {
  const Json none = Json::parse(*found_tools(shed(), {{"query", "submarine"}}));
  EXPECT_TRUE(none.at("results").empty());
  EXPECT_EQ(none.at("total"), 0);
  EXPECT_TRUE(none.contains("message"));
}

TEST(ToolsByName, NamesTheArgumentThatDoesNotFit) {
  EXPECT_EQ(found(Json::object()), std::vector<std::string>{"query"});
  EXPECT_EQ(found({{"query", "x"}, {"limit", 0}}), std::vector<std::string>{"limit"});
  EXPECT_EQ(found({{"query", "x"}, {"limit", "all"}}), std::vector<std::string>{"limit"});
  EXPECT_EQ(named_call({{"tool", 7}}).error().field, "tool");
  EXPECT_EQ(named_call({{"tool", "x"}, {"params", "y"}}).error().field, "params");
}

TEST(ToolsByName, TellsNoMoreThanItsLimit) {
  std::vector<ToolDefinition> many;
  for (int i = 0; i < 40; ++i) {
    many.push_back({.name = "tool_" + std::to_string(i), .description = std::string(4096, 'x')});
  }
  const auto text = found_tools(many, {{"query", ""}, {"limit", 40}});
  ASSERT_TRUE(text);
  EXPECT_LE(text->size(), limits::found_tools_bytes_max + 1024);
  EXPECT_GE(Json::parse(*text).at("results").size(), 2U);
  many.front().description.assign(2 * limits::found_tools_bytes_max, 'x');
  EXPECT_EQ(Json::parse(*found_tools(many, {{"query", ""}})).at("results").size(), 1U);
}

TEST(ToolsByName, TakesACallApart) {
  const auto call = named_call({{"tool", "weather"}, {"params", {{"day", "today"}}}});
  ASSERT_TRUE(call);
  EXPECT_EQ(call->tool, "weather");
  EXPECT_EQ(call->arguments, (Json{{"day", "today"}}));
  EXPECT_EQ(named_call({{"tool", "weather"}})->arguments, Json::object());
}

}  // namespace
}  // namespace colonnade::core
