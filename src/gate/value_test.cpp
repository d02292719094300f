#include "gate/value.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "base/limits.hpp"
#include "gate/canonical.hpp"
#include "gate/python.hpp"

namespace colonnade::gate {
namespace {

Value parsed(std::string_view text) { return Value::parse(text, "value").value(); }

TEST(Value, KeepsTheOrderOfMembersAndTheDigitsOfIntegers) {
  const std::string text = R"({"z": 1, "a": 123456789012345678901234567890, "m": -0})";
  EXPECT_EQ(python::json(parsed(text)), R"({"z": 1, "a": 123456789012345678901234567890, "m": 0})");
}

TEST(Value, LastOfEqualMembersCountsAtThePlaceOfTheFirst) {
  EXPECT_EQ(python::json(parsed(R"({"a":1,"b":2,"a":3})")), R"({"a": 3, "b": 2})");
  std::string many = "{";
  for (int i = 0; i < 200; ++i)
    many += "\"k" + std::to_string(i % 50) + "\":" + std::to_string(i) + ",";
  many.back() = '}';
  const Value value = parsed(many);
  ASSERT_EQ(value.object()->size(), 50u);
  EXPECT_EQ(value.object()->front(), (Value::Member{.key = "k0", .value = 150}));
}

TEST(Value, RefusesWhatIsNotJson) {
  for (const std::string_view text : {"NaN", "Infinity", "-Infinity", "1e400", "{", "[1,]", "1 2",
                                      "", "\"\\ud800\"", "\"\xff\"", "01", "{\"a\":NaN}", "'a'"}) {
    const auto value = Value::parse(text, "params");
    ASSERT_FALSE(value.has_value()) << text;
    EXPECT_EQ(value.error().kind, base::ErrorKind::invalid);
    EXPECT_EQ(value.error().field, "params");
  }
}

TEST(Value, BoundsNesting) {
  const auto nested = [](std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  EXPECT_TRUE(Value::parse(nested(limits::json_depth_max), "v").has_value());
  const auto deep = Value::parse(nested(limits::json_depth_max + 1), "v");
  ASSERT_FALSE(deep.has_value());
  EXPECT_NE(deep.error().message.find("nested deeper"), std::string::npos);
  EXPECT_FALSE(Value::parse(std::string(1'000'000, '['), "v").has_value());
}

TEST(Value, ConvertsToAndFromJson) {
  const base::Json json = {{"b", {1, -2, 2.5, true, nullptr}}, {"a", "text"}, {"big", 1ull << 63}};
  const auto value = Value::from_json(json, "v");
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(value->to_json(), json);
  EXPECT_EQ(canonical_text(*value),
            R"({"a":"text","b":[1,-2,2.5,true,null],"big":9223372036854775808})");
  EXPECT_FALSE(Value::from_json(std::numeric_limits<double>::quiet_NaN(), "v").has_value());
  EXPECT_FALSE(Value::from_json("\xff", "v").has_value());
  EXPECT_THROW(Value{std::numeric_limits<double>::infinity()}, std::invalid_argument);
}

TEST(Python, WritesNumbersAsPythonDoes) {
  EXPECT_EQ(python::json(parsed("[1.0,1e15,1e16,1e-4,1e-5,1.5e-7,-0.0,1e22,123456.789,1E300]")),
            "[1.0, 1000000000000000.0, 1e+16, 0.0001, 1e-05, 1.5e-07, -0.0, 1e+22, 123456.789, "
            "1e+300]");
}

TEST(Python, EscapesTextAsPythonDoes) {
  EXPECT_EQ(python::json(parsed(R"("é\ud83d\ude00\u007f\u0001/\"\\\n")")),
            "\"\\u00e9\\ud83d\\ude00\\u007f\\u0001/\\\"\\\\\\n\"");
}

TEST(Python, PrintsValuesAsPythonDoes) {
  EXPECT_EQ(python::str(parsed(R"({"a": [null, true, 1.0, "it's", "q\"", "é\u00a0\n"]})")),
            "{'a': [None, True, 1.0, \"it's\", 'q\"', 'é\\xa0\\n']}");
  EXPECT_EQ(python::str(Value("it's")), "it's");
  EXPECT_EQ(python::str(Value()), "None");
}

TEST(Python, ReadsNumbersAsPythonDoes) {
  for (const auto& [text, number] :
       std::initializer_list<std::pair<const char*, double>>{{"500", 500},
                                                             {" 1e3 ", 1000},
                                                             {"-.5", -0.5},
                                                             {"1_000", 1000},
                                                             {"+1.", 1},
                                                             {"５００", 500},
                                                             {"1e-400", 0},
                                                             {"\u00a07\u2003", 7}}) {
    EXPECT_EQ(python::number(Value(text)), number) << text;
  }
  EXPECT_EQ(python::number(Value("-1e400")), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(python::number(Value("Infinity")), std::numeric_limits<double>::infinity());
  EXPECT_NE(python::number(Value("nan")), python::number(Value("nan")));
  EXPECT_EQ(python::number(Value(true)), 1);
  for (const char* text : {"", " ", "abc", "0x10", "1__0", "_1", "1_", "1e", "e5", ".", "1 2"}) {
    EXPECT_EQ(python::number(Value(text)), std::nullopt) << text;
  }
  EXPECT_EQ(python::number(Value()), std::nullopt);
}

TEST(Python, ComparesAsPythonDoes) {
  const auto equal = [](std::string_view a, std::string_view b) {
    return python::equal(parsed(a), parsed(b)) && python::equal(parsed(b), parsed(a));
  };
  EXPECT_TRUE(equal("1", "1.0"));
  EXPECT_TRUE(equal("true", "1.0"));
  EXPECT_TRUE(equal("false", "-0.0"));
  EXPECT_TRUE(equal(R"({"a":1,"b":[2]})", R"({"b":[2.0],"a":true})"));
  EXPECT_TRUE(equal("9007199254740992", "9007199254740992.0"));
  EXPECT_FALSE(equal("9007199254740993", "9007199254740992.0"));
  EXPECT_FALSE(equal("1", "1.5"));
  EXPECT_FALSE(equal("\"1\"", "1"));
  EXPECT_FALSE(equal("null", "false"));
  EXPECT_FALSE(equal("null", "0"));
  EXPECT_FALSE(equal("[]", "{}"));
  EXPECT_FALSE(equal("[1]", "[1,2]"));
}

TEST(Canonical, HashIsThatOfBase) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace colonnade::gate
