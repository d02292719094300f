#include "app/server_questions.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace colonnade::app {
namespace {

using base::Json;

Json form(const Json& properties, const Json& required = Json::array()) {
  return {{"type", "object"}, {"properties", properties}, {"required", required}};
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
