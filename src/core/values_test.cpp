// Small pure parts of core: titles, prices, settings, names.
#include <gtest/gtest.h>

#include "core/models/prices.hpp"
#include "core/threads/threads.hpp"
#include "core/tools/limits.hpp"
#include "core/tools/tool_servers.hpp"

namespace colonnade::core {
namespace {

TEST(ToolServerName, CannotHoldTheUnderscoresThatEndIt) {
  EXPECT_TRUE(check_tool_server_name("my-files2"));
  EXPECT_TRUE(check_tool_server_name(std::string(limits::tool_server_name_bytes_max, 'x')));
  for (const std::string& name :
       {std::string("my__files"), std::string("my_files"), std::string(), std::string("a b"),
        std::string("ä"), std::string(limits::tool_server_name_bytes_max + 1, 'x')}) {
    const auto checked = check_tool_server_name(name);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().field, "name");
  }
}

TEST(AutoTitle, FollowsTheContractsTable) {
  struct Row {
    std::string text, title;
  };
  for (const Row& row : {Row{"Plan the sprint. Then book a room.", "Plan the sprint"},
                         {"Is v1.2 out? Tell me.", "Is v1.2 out?"},
                         {"read config.yaml and explain", "read config.yaml and explain"},
                         {"look:\n```py\nprint(1)\n```\nwhy", "look: why"},
                         {"before ```never closed", "before"},
                         {" \n ", "New chat"},
                         {". dots first", "New chat"},
                         {"wait... what", "wait.."},
                         {std::string(70, 'A'), std::string(59, 'A') + "…"},
                         {std::string(60, 'A'), std::string(60, 'A')},
                         {"", "New chat"},
                         {"```only code```", "New chat"}}) {
    EXPECT_EQ(auto_title(row.text), row.title) << row.text;
  }
}

TEST(AutoTitle, NeverSplitsACharacter) {
  // 58 bytes, then a three-byte character across the 59th.
  EXPECT_EQ(auto_title(std::string(58, 'a') + "€uro and more text"), std::string(58, 'a') + "…");
  EXPECT_EQ(auto_title(std::string(58, 'a') + " bcd efg"), std::string(58, 'a') + "…");
}

TEST(Prices, LongestMatchCountsAndCachedTokensHaveTheirOwnPrice) {
  const Prices prices({{.provider = "p", .model = "m*", .input = 1'000'000, .output = 2'000'000},
                       {.provider = "p",
                        .model = "m-large*",
                        .input = 10'000'000,
                        .output = 20'000'000,
                        .cached_input = 1'000'000,
                        .cache_write = 12'500'000},
                       {.provider = "p", .model = "m-large-1", .input = 7'000'000, .output = 0}});
  EXPECT_EQ(prices.cost_micros("p", "m-small", {.input_tokens = 100, .output_tokens = 10}), 120);
  EXPECT_EQ(prices.cost_micros("p", "m-large-2",
                               {.input_tokens = 1000,
                                .output_tokens = 100,
                                .cached_input_tokens = 600,
                                .cache_write_tokens = 100}),
            300 * 10 + 600 * 1 + 1250 + 100 * 20);
  EXPECT_EQ(prices.cost_micros("p", "m-large-1", {.input_tokens = 10}), 70);
  EXPECT_EQ(prices.cost_micros("q", "m-large-1", {.input_tokens = 10}), 0);
  EXPECT_EQ(prices.cost_micros("q", "x", {.input_tokens = 10, .reported_cost_micros = 77}), 77);
}

TEST(ModelSettings, WhatIsSetWinsOverTheFallback) {
  const ModelSettings request{.model = "a", .temperature = 0.0};
  const ModelSettings agent{
      .provider = "p", .model = "b", .temperature = 1.0, .max_output_tokens = 5};
  const ModelSettings both = request.over(agent);
  EXPECT_EQ(both.provider, "p");
  EXPECT_EQ(both.model, "a");
  EXPECT_EQ(both.temperature, 0.0);
  EXPECT_EQ(both.max_output_tokens, 5);
  EXPECT_FALSE(both.reasoning_effort);
}

TEST(Names, EveryStateHasATextFormThatReadsBack) {
  for (const auto state : {RunState::running, RunState::waiting_approval, RunState::succeeded,
                           RunState::failed, RunState::cancelled}) {
    EXPECT_EQ(run_state_from(to_string(state)), state);
  }
  for (const auto state : {ToolCallState::requested, ToolCallState::waiting_approval,
                           ToolCallState::running, ToolCallState::succeeded, ToolCallState::failed,
                           ToolCallState::denied, ToolCallState::interrupted}) {
    EXPECT_EQ(tool_call_state_from(to_string(state)), state);
  }
  EXPECT_FALSE(run_state_from("nonsense"));
}

}  // namespace
}  // namespace colonnade::core
