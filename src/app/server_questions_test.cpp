#include "app/server_questions.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace colonnade::app {
namespace {

using base::Json;

Json form(const Json& properties, const Json& required = Json::array()) {
  return {{"type", "object"}, {"properties", properties}, {"required", required}};
}

TEST(ServerQuestions, TakesAnObject) {
  const Json schema = form({{"a", {{"type", "string"}}}, {"b", {{"type", "integer"}}}});
  EXPECT_EQ(answered_content({{"answer", {{"a", "x"}}}}, schema), Json({{"a", "x"}}));
  EXPECT_EQ(answered_content({{"answer", R"({"b": 3})"}}, schema), Json({{"b", 3}}));
  EXPECT_FALSE(answered_content({{"answer", "neither"}}, schema));
}

TEST(ServerQuestions, TakesATextForTheOnlyField) {
  const auto answer = [](const char* type, const char* text) {
    return answered_content({{"answer", text}}, form({{"f", {{"type", type}}}}));
  };
  EXPECT_EQ(answer("string", "blue"), Json({{"f", "blue"}}));
  EXPECT_EQ(answer("boolean", "yes"), Json({{"f", true}}));
  EXPECT_EQ(answer("integer", "7"), Json({{"f", 7}}));
  EXPECT_EQ(answer("number", "0.5"), Json({{"f", 0.5}}));
  EXPECT_FALSE(answer("integer", "0.5"));
  EXPECT_FALSE(answer("boolean", "maybe"));
}

TEST(ServerQuestions, AnApprovalWithoutAnAnswerFillsInWhatNeedsNone) {
  EXPECT_EQ(answered_content(Json::object(), form({{"f", {{"type", "string"}}}})), Json::object());
  EXPECT_EQ(answered_content(Json::object(),
                             form({{"f", {{"type", "string"}, {"default", "x"}}}}, {"f"})),
            Json::object());
  EXPECT_FALSE(answered_content(Json::object(), form({{"f", {{"type", "string"}}}}, {"f"})));
}

TEST(ServerQuestions, ShowsChoices) {
  tools::mcp::Elicitation question;
  question.server = "s";
  question.message = "which?";
  question.schema = form({{"colour", {{"type", "string"}, {"enum", {"red", "blue"}}}}});
  const Json params = question_params(question);
  EXPECT_EQ(params.at("question"), "which?");
  EXPECT_EQ(params.at("options"), Json({"red", "blue"}));
  EXPECT_EQ(params.at("form"), question.schema);
}

}  // namespace
}  // namespace colonnade::app
