#include "dialects/faramesh/body.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialects/faramesh/limits.hpp"

namespace colonnade::dialects::faramesh {
namespace {

using testing::ElementsAre;

ObjectReader reader(std::string_view text) { return {text, R"(["body"])"}; }

TEST(ObjectReader, TakesMembersAsTheyWereWritten) {
  const std::string text =
      R"( { "a\u0062" : "x\"}" , "o":{"z":1.50,"a":[{"]":"\\"}]},"n":null,"l":[1 , "a,b",{}] } )";
  ObjectReader body = reader(text);
  EXPECT_EQ(body.text("ab"), "x\"}");
  EXPECT_EQ(body.object("o"), R"({"z":1.50,"a":[{"]":"\\"}]})");
  EXPECT_EQ(body.optional_text("n"), std::nullopt);
  EXPECT_EQ(body.optional_object("n"), "{}");
  EXPECT_THAT(body.list("l"), ElementsAre("1", "\"a,b\"", "{}"));
  body.refuse_others();
  EXPECT_TRUE(body.sound());
}

TEST(ObjectReader, OfRepeatedMembersTheLastCounts) {
  ObjectReader body = reader(R"({"a":1,"a":"x"})");
  EXPECT_EQ(body.text("a"), "x");
  body.refuse_others();
  EXPECT_TRUE(body.sound());
}

TEST(ObjectReader, NamesEveryFault) {
  ObjectReader body = reader(R"({"t":1,"o":"x","extra":[1]})");
  body.text("t");
  body.object("o");
  body.flag("missing");
  body.refuse_others();
  const Faults faults = body.take_faults();
  ASSERT_EQ(faults.size(), 4U);
  EXPECT_EQ(faults[0].type, "string_type");
  EXPECT_EQ(faults[0].location, R"(["body","t"])");
  EXPECT_EQ(faults[0].input, "1");
  EXPECT_EQ(faults[1].type, "dict_type");
  EXPECT_EQ(faults[2].type, "missing");
  EXPECT_EQ(faults[2].input, R"({"t":1,"o":"x","extra":[1]})");
  EXPECT_EQ(faults[3].type, "extra_forbidden");
  EXPECT_EQ(faults[3].input, "[1]");
}

TEST(ObjectReader, DoesNotRepeatSecretsNorLargeInputs) {
  const std::string large(limits::faramesh_input_echo_bytes_max, 'x');
  const std::string text = R"({"token":"s3cret","big":")" + large + R"("})";
  ObjectReader body = reader(text);
  body.keep_secret("token");
  body.flag("token");
  body.flag("approve");
  body.refuse_others();
  for (const Fault& fault : body.take_faults()) {
    EXPECT_FALSE(fault.input.contains("s3cret")) << fault.input;
    EXPECT_LT(fault.input.size(), 100U);
  }
}

net::Request with(std::string body, const std::string& type = "application/json") {
  net::Request out{.body = std::move(body)};
  if (!type.empty()) out.headers.push_back({"Content-Type", type});
  return out;
}

TEST(ObjectBody, IsJsonByItsTypeAndAnObject) {
  EXPECT_EQ(object_body(with(" {\"a\":1}\n")).value(), "{\"a\":1}");
  EXPECT_TRUE(object_body(with("{}", "")));
  EXPECT_TRUE(object_body(with("{}", "application/json; charset=utf-8")));
  EXPECT_TRUE(object_body(with("{}", "Application/problem+JSON")));
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "json"}) {
    const auto refused = object_body(with("{}", type));
    ASSERT_FALSE(refused) << type;
    EXPECT_EQ(refused.error()[0].type, "model_attributes_type");
  }
  for (const char* nothing : {"", "  \n", "null", " null "}) {
    EXPECT_EQ(object_body(with(nothing)).error()[0].type, "missing") << nothing;
  }
  EXPECT_EQ(object_body(with("\"")).error()[0].type, "json_invalid");
  EXPECT_EQ(object_body(with("{\"a\\")).error()[0].type, "json_invalid");
  EXPECT_EQ(object_body(with(std::string(10'000, '['))).error()[0].type, "json_invalid");
}

}  // namespace
}  // namespace colonnade::dialects::faramesh
