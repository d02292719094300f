#include "base/json.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "base/utf8.hpp"

namespace colonnade::base {
namespace {

std::string nested(std::size_t depth, const std::string& inside = "") {
  return std::string(depth, '[') + inside + std::string(depth, ']');
}

Json parsed(std::string_view text) {
  auto tree = parse_json(text, "body");
  EXPECT_TRUE(tree.has_value()) << text.substr(0, 60) << ": " << (tree ? "" : tree.error().message);
  return tree ? *std::move(tree) : Json("did not parse");
}

Error refused(std::string_view text) {
  auto tree = parse_json(text, "body");
  EXPECT_FALSE(tree.has_value()) << text.substr(0, 60);
  return tree ? Error{} : tree.error();
}

template <class T>
std::string written(const T& value) {
  std::string out;
  JsonWriter(out).value(value);
  return out;
}

TEST(ParseJson, ReadsEveryKindOfValue) {
  const Json tree = parsed(R"( {"a":[1,-2,2.5,true,false,null],"b":{"c":"d"}} )");
  EXPECT_EQ(tree["a"][0].get<std::int64_t>(), 1);
  EXPECT_EQ(tree["a"][1].get<std::int64_t>(), -2);
  EXPECT_EQ(tree["a"][2].get<double>(), 2.5);
  EXPECT_TRUE(tree["a"][3].get<bool>());
  EXPECT_FALSE(tree["a"][4].get<bool>());
  EXPECT_TRUE(tree["a"][5].is_null());
  EXPECT_EQ(tree["b"]["c"], "d");
  EXPECT_EQ(parsed("7"), 7);
  EXPECT_EQ(parsed("\"x\""), "x");
}

TEST(ParseJson, WritesKeysSorted) {
  EXPECT_EQ(to_text(parsed(R"({"b":1,"a":{"d":2,"c":3}})")), R"({"a":{"c":3,"d":2},"b":1})");
}

TEST(MemberPath, NamesEveryMember) {
  EXPECT_EQ(member_path("", "a"), "a");
  EXPECT_EQ(member_path("a", "b"), "a.b");
  EXPECT_EQ(member_path("a.b", "c"), "a.b.c");
  EXPECT_EQ(member_path("", ""), R"("")") << "no path is empty";
  EXPECT_EQ(member_path("a", ""), R"(a."")");
  EXPECT_EQ(member_path(member_path("", ""), "b"), R"("".b)");
}

TEST(ParseJson, NamesWhatIsWrong) {
  const Error error = refused("{\"a\":}");
  EXPECT_EQ(error.kind, ErrorKind::invalid);
  EXPECT_EQ(error.field, "body");
  EXPECT_TRUE(error.message.starts_with("body is not valid JSON: ")) << error.message;
  EXPECT_EQ(refused("").message, "body is not valid JSON: it is empty");
  EXPECT_EQ(refused("\"\xC3(\"").message, "body is not valid JSON: it is not UTF-8");
}

TEST(ParseJson, RefusesWhatIsNotJson) {
  for (const char* text :
       {"{",       "[1,]",      "{\"a\":1,}", "{a:1}", "'a'",      "01",   "+1",      "1.",
        ".5",      "1e",        "nul",        "NaN",   "Infinity", "1 2",  "{} x",    "\"\n\"",
        "\"\\x\"", "\"\\u12\"", "\"",         "[1 2]", "1e999",    "[1]]", "// c\n1", "   "}) {
    refused(text);
  }
}

TEST(ParseJson, BoundsTheDepth) {
  EXPECT_TRUE(parse_json(nested(limits::json_depth_max - 1), "body").has_value());
  EXPECT_NE(refused(nested(limits::json_depth_max + 1)).message.find("nested deeper than 256"),
            std::string::npos);
  EXPECT_NE(refused(nested(100'000)).message.find("nested deeper"), std::string::npos);
}

TEST(ParseJson, BoundsTheDepthAlsoAfterALargeDocument) {
  const std::string large = "[" + std::string(1'000'000, ' ') + "]";
  EXPECT_TRUE(parse_json(large, "body").has_value());
  EXPECT_FALSE(parse_json(nested(limits::json_depth_max + 1), "body").has_value());
  EXPECT_TRUE(parse_json(nested(limits::json_depth_max - 1), "body").has_value());
}

// The parser stops at a big integer, before it sees what follows; the second one has no limit.
TEST(ParseJson, BoundsTheDepthBehindABigInteger) {
  const std::string deep = "[123456789012345678901234567890," + nested(100'000) + "]";
  EXPECT_NE(refused(deep).message.find("nested deeper"), std::string::npos);
  const std::string shallow = "[123456789012345678901234567890," + nested(50, "\"[[\\\"[[\"") + "]";
  EXPECT_TRUE(parse_json(shallow, "body").has_value());
}

TEST(ParseJson, KeepsSixtyFourBitsAndTurnsLargerIntegersIntoDoubles) {
  EXPECT_EQ(parsed("9223372036854775807").get<std::int64_t>(),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parsed("-9223372036854775808").get<std::int64_t>(),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parsed("18446744073709551615").get<std::uint64_t>(),
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parsed("18446744073709551616").get<double>(), 18446744073709551616.0);
  EXPECT_EQ(parsed("[-9223372036854775809]")[0].get<double>(), -9223372036854775809.0);
}

TEST(ParseJson, ReadsEscapesAndSurrogates) {
  EXPECT_EQ(parsed(R"("\"\\\/\b\f\n\r\t\u00e9\u20ac")"), "\"\\/\b\f\n\r\t\xC3\xA9\xE2\x82\xAC");
  EXPECT_EQ(parsed(R"("\ud83c\udfdb")"), "\xF0\x9F\x8F\x9B");
  EXPECT_EQ(parsed(R"("\u0000")"), std::string(1, '\0'));
  for (const char* lone : {R"("\ud83c")", R"("\udfdb")", R"("\ud83cx")", R"("\ud83c\u0041")"}) {
    const auto tree = parse_json(lone, "body");
    if (tree) EXPECT_TRUE(is_valid_utf8(tree->get<std::string>())) << lone;
  }
}

TEST(ParseJson, TakesTheLastOfEqualKeys) { EXPECT_EQ(parsed(R"({"a":1,"a":2})")["a"], 2); }

TEST(ToText, ReplacesInvalidUtf8) { EXPECT_EQ(to_text(Json("a\xFFz")), "\"a\xEF\xBF\xBDz\""); }

TEST(JsonWriter, PlacesCommas) {
  std::string out;
  JsonWriter w(out);
  w.object();
  w.field("id", "x");
  w.key("list").array().value(1).object().end_object().array().end_array().null().end_array();
  w.key("tree").value(Json{{"b", 1}});
  w.key("raw").raw("[1]").field("on", true);
  w.end_object();
  EXPECT_EQ(out, R"({"id":"x","list":[1,{},[],null],"tree":{"b":1},"raw":[1],"on":true})");
}

TEST(JsonWriter, AppendsBehindWhatIsThere) {
  std::string out = "data: ";
  JsonWriter(out).array().value("x").end_array();
  EXPECT_EQ(out, "data: [\"x\"]");
}

TEST(JsonWriter, EscapesWhatMustBeEscaped) {
  EXPECT_EQ(written("\"\\\b\f\n\r\t/"), R"("\"\\\b\f\n\r\t/")");
  EXPECT_EQ(written(std::string("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
  EXPECT_EQ(written("\xC3\xA9\xF0\x9F\x8F\x9B"), "\"\xC3\xA9\xF0\x9F\x8F\x9B\"");
  EXPECT_EQ(written("a\xE2\x82z"), "\"a\xEF\xBF\xBDz\"");
}

TEST(JsonWriter, WritesNumbers) {
  EXPECT_EQ(written(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(written(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(written(0.1), "0.1");
  EXPECT_EQ(written(std::nan("")), "null");
  EXPECT_EQ(written(-std::numeric_limits<double>::infinity()), "null");
}

RC_GTEST_PROP(JsonWriter, EveryFiniteDoubleReadsBack, (std::uint64_t bits)) {
  const double number = std::bit_cast<double>(bits);
  RC_PRE(std::isfinite(number));
  const auto tree = parse_json(written(number), "number");
  RC_ASSERT(tree.has_value());
  RC_ASSERT(tree->get<double>() == number);
}

TEST(JsonWriter, ExtremeDoublesReadBack) {
  using Limits = std::numeric_limits<double>;
  for (const double number : {0.0, -0.0, 5e-324, Limits::min(), Limits::max(), Limits::lowest(),
                              Limits::epsilon(), 1e22, 1e23, 9007199254740993.0, 2.5e-309}) {
    EXPECT_EQ(parsed(written(number)).get<double>(), number) << written(number);
  }
}

RC_GTEST_PROP(JsonWriter, EveryIntegerReadsBack, (std::int64_t number)) {
  RC_ASSERT(parse_json(written(number), "number")->get<std::int64_t>() == number);
}

RC_GTEST_PROP(JsonWriter, EveryStringReadsBackRepaired, (const std::string& bytes)) {
  const auto tree = parse_json(written(bytes), "string");
  RC_ASSERT(tree.has_value());
  RC_ASSERT(tree->get<std::string>() == replace_invalid_utf8(bytes));
}

// A tree of all kinds of values, at most `depth` deep.
rc::Gen<Json> any_json(int depth) {
  using rc::gen::arbitrary;
  using rc::gen::map;
  const auto text =
      map(arbitrary<std::string>(), [](const std::string& s) { return replace_invalid_utf8(s); });
  const auto leaf = rc::gen::oneOf(
      map(arbitrary<bool>(), [](bool v) { return Json(v); }),
      map(arbitrary<std::int64_t>(), [](std::int64_t v) { return Json(v); }),
      map(text, [](const std::string& v) { return Json(v); }), rc::gen::just(Json(nullptr)));
  if (depth == 0) return leaf;
  const auto inner = any_json(depth - 1);
  return rc::gen::oneOf(
      leaf,
      map(rc::gen::container<std::vector<Json>>(inner),
          [](const std::vector<Json>& items) {
            Json out = Json::array();
            for (const Json& item : items) out.push_back(item);
            return out;
          }),
      map(rc::gen::container<std::vector<std::pair<std::string, Json>>>(rc::gen::pair(text, inner)),
          [](const std::vector<std::pair<std::string, Json>>& members) {
            Json out = Json::object();
            for (const auto& [key, value] : members) out[key] = value;
            return out;
          }));
}

TEST(JsonWriter, EveryTreeReadsBack) {
  EXPECT_TRUE(rc::check("text of a tree parses to the tree", [] {
    const Json tree = *rc::gen::resize(12, any_json(3));
    RC_ASSERT(parse_json(to_text(tree), "tree").value() == tree);
    RC_ASSERT(written(tree) == to_text(tree));
  }));
}

TEST(ParseJson, ANulCharacterIsNoEndOfInput) {
  for (const std::string_view text : {std::string_view("6\0\0\0", 4), std::string_view("{}\0x", 4),
                                      std::string_view("[1\0]", 4), std::string_view("\0", 1)}) {
    const auto parsed = parse_json(text, "body");
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().kind, ErrorKind::invalid);
  }
}

}  // namespace
}  // namespace colonnade::base
