#include "core/agents/prompt_template.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace colonnade::core {
namespace {

using base::Json;

const Json context = Json::parse(R"({"user": {"name": "Ada", "email": "ada@example.com"},
  "order": {"items": [{"sku": "x1"}], "count": 2, "paid": true, "note": null},
  "user.tier": "gold", "echo": "{{user.name}}"})");

// The contract's vector (vector.template).
TEST(PromptTemplate, FillsInWhatTheContractSays) {
  EXPECT_EQ(render_template("Hi {{user.name}}", context), "Hi Ada");
  EXPECT_EQ(render_template("{{ user.email }}", context), "ada@example.com");
  EXPECT_EQ(render_template("{{user.tier}}", context), "gold");
  EXPECT_EQ(render_template("{{order.items.0.sku}}", context), "x1");
  EXPECT_EQ(render_template("{{user.phone}}", context), "{{user.phone}}");
  EXPECT_EQ(render_template("{{1bad}}", context), "{{1bad}}");
}

TEST(PromptTemplate, ValuesThatAreNoTextsAreJson) {
  EXPECT_EQ(render_template("{{order.count}} {{order.paid}} [{{order.note}}]", context),
            "2 true []");
  EXPECT_EQ(render_template("{{order.items}}", context), R"([{"sku":"x1"}])");
  EXPECT_EQ(render_template("{{order.items.1}} {{order.items.x}}", context),
            "{{order.items.1}} {{order.items.x}}");
}

TEST(PromptTemplate, BracesThatHoldNoNameStay) {
  EXPECT_EQ(render_template("{{}} {{ }} {{a b}} {{user.name", context),
            "{{}} {{ }} {{a b}} {{user.name");
  EXPECT_EQ(render_template("{{{user.name}}}", context), "{Ada}");
  EXPECT_EQ(render_template("{{x {{user.name}}", context), "{{x Ada");
  EXPECT_EQ(render_template("{{user.name}}", nullptr), "{{user.name}}");
}

TEST(PromptTemplate, WhatWasPutInIsNotRenderedAgain) {
  EXPECT_EQ(render_template("{{echo}}", context), "{{user.name}}");
}

TEST(PromptTemplate, OnlyChosenNamesAreFilledIn) {
  const std::vector<std::string> chosen{"user.name"};
  EXPECT_EQ(render_template("{{user.name}} {{user.tier}}", context, chosen), "Ada {{user.tier}}");
  EXPECT_EQ(render_template("{{user.tier}}", context, std::vector<std::string>{}), "gold");
}

TEST(PromptTemplate, BlocksComeInOrderWithWhatWasGivenOrTheirDefault) {
  const std::vector<DynamicBlock> blocks{
      {.key = "later", .name = "Later", .default_content = "for {{user.name}}"},
      {.key = "first", .order = 1},
      {.key = "empty", .name = "Empty"}};
  EXPECT_EQ(context_text(blocks, {{"first", "A"}, {"undeclared", "B"}}, context),
            "<context>\n## first\nA\n\n## Later\nfor Ada\n</context>\n\n");
  EXPECT_EQ(context_text(blocks, {{"later", ""}}, context), "");
  EXPECT_EQ(context_text({}, {{"x", "y"}}, context), "");
}

TEST(PromptTemplate, OneContextLiesOverAnother) {
  const Json over = Json::parse(R"({"user": {"name": "Eve"}, "order": 1})");
  const Json both = laid_over(context, over);
  EXPECT_EQ(both["user"]["name"], "Eve");
  EXPECT_EQ(both["user"]["email"], "ada@example.com");
  EXPECT_EQ(both["order"], 1);
  EXPECT_EQ(laid_over(nullptr, over), over);
  EXPECT_EQ(laid_over(context, nullptr), context);
}

std::vector<PromptBlock> sections() {
  return {{.type = "guardrails", .name = "Rules", .content = "Be kind.", .order = 9},
          {.type = "behavior", .name = "Behavior", .content = "Be brief.", .order = 1},
          {.type = "tools", .name = "Off", .content = "Never shown.", .enabled = false},
          {.type = "retrieval", .name = "Found", .content = R"({"toolCall":"x"})", .order = 2},
          {.type = "custom", .name = "Blank", .content = " \n", .order = 3},
          {.type = "custom", .content = "No heading."},
          {.type = "identity", .name = "Identity", .content = "You are {{name}}.", .order = 0},
          {.type = "datetime", .name = "Now", .order = 4}};
}

TEST(PromptBlocks, AreOnePromptInTheirOrder) {
  EXPECT_EQ(prompt_text(sections()),
            "You are {{name}}.\n\n## Behavior\n\nBe brief.\n\n## Rules\n\nBe kind.\n\nNo heading.");
  EXPECT_EQ(prompt_text({}), "");
  EXPECT_EQ(prompt_text({{.type = "custom", .content = "x", .enabled = false}}), "");
}

// The prompt stays the same from turn to turn; the time stands in front of the turn's message.
TEST(PromptBlocks, TellTheTimeInFrontOfTheMessage) {
  const base::Time now{1'778'576'400'000'000};
  const std::vector<DynamicBlock> time = time_sections(sections(), now);
  EXPECT_EQ(
      context_text(time, {{"", "a client's own"}}, nullptr),
      "<context>\n## Now\nCurrent date: 2026-05-12. Current time: 09:00:00 UTC.\n</context>\n\n");
  std::vector<PromptBlock> off = sections();
  off.back().enabled = false;
  EXPECT_TRUE(time_sections(off, now).empty());
}

}  // namespace
}  // namespace colonnade::core
