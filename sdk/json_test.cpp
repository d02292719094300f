#include "colonnade/json.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "colonnade/nlohmann.hpp"

namespace colonnade {
namespace {

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const JsonError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Json, builds_from_pairs) {
  const Json params{{"cmd", "ls -la"},
                    {"limit", 3},
                    {"tags", Json::array({"a", "b"})},
                    {"nested", {{"deep", true}}}};
  EXPECT_EQ(params.dump(), R"({"cmd":"ls -la","limit":3,"nested":{"deep":true},"tags":["a","b"]})");
  const Json single{{"cmd", "ls -la"}};
  EXPECT_TRUE(single.is_object());
  const Json copy{single};
  EXPECT_EQ(copy, single);
  EXPECT_TRUE(Json().is_null());
  EXPECT_EQ(Json::object().dump(), "{}");
  EXPECT_EQ(Json::array().dump(), "[]");
  struct Holder {
    Json params{};
  };
  const Holder holder{.params = {{"cmd", "ls -la"}}};
  EXPECT_EQ(holder.params["cmd"].as_string(), "ls -la");
}

TEST(Json, text_round_trips) {
  for (const char* text :
       {"null", "true", "-1", "18446744073709551615", "-9223372036854775808", "0.1", "1e+300",
        R"("a\"\\\n\u0001☃")", "[]", "[[],{}]", R"({"a":{"b":[1,2.5,"x",null]}})"}) {
    EXPECT_EQ(Json::parse(text).dump(), text);
  }
  EXPECT_EQ(Json::parse(R"({"b":1,"a":2,"b":3})").dump(), R"({"a":2,"b":3})");
  EXPECT_EQ(Json(std::numeric_limits<double>::infinity()).dump(), "null");
  EXPECT_EQ(Json("\xFF").dump(), "\"\xEF\xBF\xBD\"");
}

TEST(Json, refuses_what_is_not_json) {
  for (const char* text : {"", "{", "nul", "1 2", "{\"a\":1,}", "\"\xFF\"", "'a'"}) {
    EXPECT_FALSE(Json::try_parse(text)) << text;
  }
  EXPECT_FALSE(Json::try_parse(std::string(300, '[') + std::string(300, ']')));
  EXPECT_TRUE(Json::try_parse(std::string(200, '[') + std::string(200, ']')));
  EXPECT_FALSE(Json::try_parse(std::string(1'000'000, '[')));
}

TEST(Json, integers_beyond_64_bits_become_doubles) {
  EXPECT_DOUBLE_EQ(Json::parse("[36893488147419103232]")[0].as_double(), 36893488147419103232.0);
}

TEST(Json, conversions_check_range_and_type) {
  EXPECT_EQ(Json(3.0).as_int64(), 3);
  EXPECT_EQ(Json(std::uint64_t{1} << 63).as_uint64(), std::uint64_t{1} << 63);
  EXPECT_THROW(Json(std::uint64_t{1} << 63).as_int64(), JsonError);
  EXPECT_THROW(Json(-1).as_uint64(), JsonError);
  EXPECT_THROW(Json(1.5).as_int64(), JsonError);
  EXPECT_THROW(Json(0x1p64).as_uint64(), JsonError);
  EXPECT_THROW(Json("1").as_int64(), JsonError);
  EXPECT_THROW(Json().as_bool(), JsonError);
}

TEST(Json, errors_name_the_place) {
  const Json value = Json::parse(R"({"message":{"id":7,"parts":[{"text":"x"}]}})");
  EXPECT_EQ(value.get<std::string>("/message/parts/0/text"), "x");
  EXPECT_EQ(value.get<std::int64_t>("/message/id"), 7);
  EXPECT_EQ(message_of([&] { (void)value.get<std::string>("/message/id"); }),
            "JSON at \"/message/id\": expected a string, found 7");
  EXPECT_EQ(message_of([&] { (void)value.at("/message/parts/1"); }),
            "JSON at \"/message/parts/1\": there is no \"1\" in an array");
  EXPECT_EQ(message_of([&] { (void)value["massage"]; }),
            "no member \"massage\" in an object with the members message");
  EXPECT_EQ(message_of([&] { (void)value["message"]["parts"][3]; }), "no item 3 in an array of 1");
  EXPECT_EQ(Json::parse(R"({"a/b":{"~":1}})").at("/a~1b/~0").as_int64(), 1);
}

TEST(Json, numbers_compare_by_value) {
  EXPECT_EQ(Json(1), Json(1.0));
  EXPECT_EQ(Json(1U), Json(1));
  EXPECT_NE(Json(std::uint64_t{1} << 63), Json(std::numeric_limits<std::int64_t>::min()));
  EXPECT_NE(Json(1), Json(true));
  EXPECT_NE(Json("1"), Json(1));
}

TEST(Json, grows) {
  Json value;
  value.set("list", Json().push_back(1).push_back("two")).set("flag", true);
  EXPECT_EQ(value.dump(), R"({"flag":true,"list":[1,"two"]})");
  EXPECT_THROW(value.push_back(1), JsonError);
  EXPECT_EQ(value.find("none"), nullptr);
  EXPECT_EQ(value.size(), 2U);
}

TEST(Json, converts_to_and_from_nlohmann) {
  const Json value =
      Json::parse(R"({"a":[1,-2,2.5,true,null,"x"],"b":{"c":18446744073709551615}})");
  const nlohmann::json tree = to_nlohmann(value);
  EXPECT_EQ(tree.dump(), value.dump());
  EXPECT_EQ(from_nlohmann(tree), value);
}

}  // namespace
}  // namespace colonnade
