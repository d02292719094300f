#include "tools/form_answer.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace colonnade::tools {
namespace {

using base::Json;

Json form(const Json& properties, const Json& required = Json::array()) {
  return {{"type", "object"}, {"properties", properties}, {"required", required}};
}

std::string refusal(const Json& params, const Json& schema) {
  const auto content = form_answer(params, schema);
  if (content) return "taken: " + content->dump();
  EXPECT_EQ(content.error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(content.error().field, "answer");
  return content.error().message;
}

bool says(const std::string& message, const char* part) { return message.contains(part); }

TEST(FormAnswer, TakesAnObject) {
  const Json schema = form({{"a", {{"type", "string"}}}, {"b", {{"type", "integer"}}}});
  EXPECT_EQ(*form_answer({{"answer", {{"a", "x"}}}}, schema), Json({{"a", "x"}}));
  EXPECT_EQ(*form_answer({{"answer", R"({"b": 3})"}}, schema), Json({{"b", 3}}));
  EXPECT_TRUE(says(refusal({{"answer", "neither"}}, schema), "object"));
}

TEST(FormAnswer, TakesATextForTheOnlyField) {
  const auto answer = [](const char* type, const char* text) {
    return form_answer({{"answer", text}}, form({{"f", {{"type", type}}}}));
  };
  EXPECT_EQ(*answer("string", "blue"), Json({{"f", "blue"}}));
  EXPECT_EQ(*answer("boolean", "yes"), Json({{"f", true}}));
  EXPECT_EQ(*answer("integer", "7"), Json({{"f", 7}}));
  EXPECT_EQ(*answer("number", "0.5"), Json({{"f", 0.5}}));
  EXPECT_FALSE(answer("integer", "0.5"));
  EXPECT_FALSE(answer("boolean", "maybe"));
}

TEST(FormAnswer, ToNothingFillsInWhatNeedsNone) {
  const Json text = {{"type", "string"}};
  EXPECT_EQ(*form_answer(Json::object(), form({{"f", text}})), Json::object());
  EXPECT_EQ(
      *form_answer(Json::object(), form({{"f", {{"type", "string"}, {"default", "x"}}}}, {"f"})),
      Json::object());
  EXPECT_TRUE(says(refusal(Json::object(), form({{"f", text}}, {"f"})), "'f' is missing"));
}

TEST(FormAnswer, RefusesWhatTheFormDoesNotHave) {
  const Json schema = form({{"colour", {{"type", "string"}, {"enum", {"red", "blue"}}}},
                            {"many", {{"type", "integer"}, {"maximum", 5}}}});
  EXPECT_TRUE(says(refusal({{"answer", {{"colour", "green"}}}}, schema), "must be one of"));
  EXPECT_TRUE(says(refusal({{"answer", {{"colour", 1}}}}, schema), "must be of type string"));
  EXPECT_TRUE(says(refusal({{"answer", {{"many", "2"}}}}, schema), "must be of type integer"));
  EXPECT_TRUE(says(refusal({{"answer", {{"many", 6}}}}, schema), "at most 5"));
  EXPECT_TRUE(says(refusal({{"answer", {{"other", 1}}}}, schema), "'other' is unknown"));
  const Json titled = form({{"c", {{"oneOf", {{{"const", "r"}, {"title", "Red"}}}}}}});
  EXPECT_EQ(*form_answer({{"answer", {{"c", "r"}}}}, titled), Json({{"c", "r"}}));
  EXPECT_TRUE(says(refusal({{"answer", {{"c", "g"}}}}, titled), "must be \"r\""));
}

}  // namespace
}  // namespace colonnade::tools
