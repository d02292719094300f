#include "dialects/platos/turn_preparing.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace colonnade::dialects::platos {
namespace {

using base::Json;

const base::Time now = *base::parse_rfc3339("2026-05-12T09:00:00Z");

Caller caller(core::UserRole role) {
  Caller out(core::Principal(core::Scope("o", "p", "e"), "usr_1", role));
  out.user_meta.name = "Ada";
  return out;
}

TEST(PlatosTurnPreparing, ARequestBecomesOptions) {
  TurnRequest request{.agent_id = "a",
                      .dynamic_blocks = {{"k", "v"}},
                      .model_label = "fast",
                      .reply_to = "m",
                      .system_prompt = "Be kind."};
  request.output_schema = {{"type", "object"}};
  const core::NewMessage message =
      with_turn_options(caller(core::UserRole::member), request, {.thread_id = "t"}, now);
  const core::TurnOptions& options = message.options;
  EXPECT_EQ(options.agent_id, "a");
  EXPECT_TRUE(options.pin_version);
  EXPECT_EQ(options.model_label, "fast");
  EXPECT_EQ(options.reply_to, "m");
  EXPECT_EQ(options.system_prompt, "Be kind.");
  EXPECT_EQ(options.dynamic_blocks.at("k"), "v");
  EXPECT_EQ(options.context["user"], Json::parse(R"({"id": "usr_1", "name": "Ada",
                            "current_time": "2026-05-12T09:00:00.000Z"})"));
  EXPECT_EQ(message.metadata["systemPromptOverride"], "Be kind.");
  EXPECT_EQ(message.metadata["outputSchema"], (Json{{"type", "object"}}));
}

// The token's user is laid over whatever else is said of the session.
TEST(PlatosTurnPreparing, OnlyAnOperatorOverridesTheSession) {
  TurnRequest request;
  request.session_context = Json::parse(R"({"order": 1, "user": {"name": "Eve", "plan": "pro"}})");
  const auto operators =
      with_turn_options(caller(core::UserRole::operator_role), request, {}, now).options.context;
  EXPECT_EQ(operators["order"], 1);
  EXPECT_EQ(operators["user"]["name"], "Ada");
  EXPECT_EQ(operators["user"]["plan"], "pro");
  const auto members =
      with_turn_options(caller(core::UserRole::member), request, {}, now).options.context;
  EXPECT_EQ(members.count("order"), 0U);
}

TEST(PlatosTurnPreparing, TheHeaderChangesOneTurn) {
  core::NewMessage message;
  ASSERT_TRUE(apply_turn_config("", message));
  ASSERT_TRUE(apply_turn_config(R"({"model": "openai:mini", "maxSteps": 3, "contextLimit": 4,
                                    "historyMode": "compact", "agentRetryConfig": {"rules":
                                    [{"cause": "rate-limit", "action": "fail"}]}, "x": 1})",
                                message));
  EXPECT_EQ(message.settings.provider, "openai");
  EXPECT_EQ(message.settings.model, "mini");
  EXPECT_EQ(message.settings.rounds_max, 3);
  EXPECT_EQ(message.settings.limited_retries_max, 0);
  EXPECT_EQ(message.options.context_limit, 4);
  EXPECT_EQ(message.options.history_mode, core::HistoryMode::compact);
  for (const char* wrong :
       {"[]", "{", R"({"maxSteps": 0})", R"({"maxSteps": 101})", R"({"contextLimit": 1001})",
        R"({"historyMode": "x"})", R"({"model": 1})"}) {
    const auto refused = apply_turn_config(wrong, message);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().kind, base::ErrorKind::invalid);
  }
  EXPECT_FALSE(apply_turn_config(std::string(8193, ' '), message));
}

}  // namespace
}  // namespace colonnade::dialects::platos
