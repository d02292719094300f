#include "gate/action_request.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "gate/limits.hpp"
#include "gate/python.hpp"

namespace colonnade::gate {
namespace {

ActionInput input(Value params = Value::Object{}, Value context = {}) {
  return {.agent_id = "a",
          .tool = "t",
          .operation = "o",
          .params = std::move(params),
          .context = std::move(context)};
}

Value parsed(std::string_view text) { return Value::parse(text, "value").value(); }

std::string field_of(ActionInput given) {
  const auto request = ActionRequest::normalise(std::move(given));
  if (request) return "accepted";
  EXPECT_EQ(request.error().kind, base::ErrorKind::invalid);
  return request.error().field;
}

TEST(ActionRequest, TrimsNamesAndTexts) {
  ActionInput given = input(parsed(
      R"({"a":" x ","b":{"c":["\u00a0y\u3000",{"d":" kept "},[" kept "]]},"n":1,"e":"  "})"));
  given.agent_id = "\t agent \n";
  const auto request = ActionRequest::normalise(std::move(given));
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->agent_id(), "agent");
  EXPECT_EQ(python::json(request->params()),
            R"({"a": "x", "b": {"c": ["y", {"d": " kept "}, [" kept "]]}, "n": 1, "e": ""})");
  EXPECT_EQ(python::json(request->context()), "{}");
}

TEST(ActionRequest, HashIsOverTheTrimmedData) {
  const auto hash = [](Value params) {
    return ActionRequest::normalise(input(std::move(params)))->hash();
  };
  EXPECT_EQ(hash(parsed(R"({"a":" x ","b":1})")), hash(parsed(R"({"b":1.0,"a":"x"})")));
  EXPECT_NE(hash(parsed(R"({"a":"x"})")), hash(parsed(R"({"a":"y"})")));
}

TEST(ActionRequest, NamesTheFieldThatIsWrong) {
  ActionInput blank = input();
  blank.tool = " \t";
  EXPECT_EQ(field_of(blank), "tool");
  ActionInput nul = input();
  nul.operation = std::string("a\0b", 3);
  EXPECT_EQ(field_of(nul), "operation");
  ActionInput broken = input();
  broken.agent_id = "\xff";
  EXPECT_EQ(field_of(broken), "agent_id");
  EXPECT_EQ(field_of(input(Value())), "params");
  EXPECT_EQ(field_of(input(Value::Array{})), "params");
  EXPECT_EQ(field_of(input(Value::Object{}, Value("x"))), "context");
  EXPECT_EQ(field_of(input(parsed(R"({"a":{"b":"x\u0000"}})"))), "params.a.b");
  EXPECT_EQ(field_of(input(parsed(R"({"a":["ok","x\u0000"]})"))), "params.a[1]");
}

TEST(ActionRequest, LimitsCountCharactersAfterTrimming) {
  std::string text;
  for (std::size_t i = 0; i < limits::action_text_characters_max; ++i) text += "é";
  ActionInput longest = input();
  longest.agent_id = "  " + text + "  ";
  EXPECT_EQ(field_of(longest), "accepted");
  longest.agent_id = text + "é";
  EXPECT_EQ(field_of(longest), "agent_id");
  const std::string ascii(limits::action_text_characters_max, 'x');
  EXPECT_EQ(field_of(input(Value::Object{{.key = "k", .value = ascii}})), "accepted");
  EXPECT_EQ(field_of(input(Value::Object{{.key = "k", .value = ascii + "x"}})), "params.k");
}

TEST(ActionRequest, LimitsNestedObjectsAndNotLists) {
  const auto nested = [](std::size_t levels) {
    Value value = Value::Object{};
    for (std::size_t i = 0; i < levels; ++i) value = Value::Object{{.key = "k", .value = value}};
    return value;
  };
  EXPECT_EQ(field_of(input(nested(limits::action_object_levels_max))), "accepted");
  EXPECT_NE(field_of(input(nested(limits::action_object_levels_max + 1))), "accepted");
  EXPECT_EQ(field_of(input(Value::Object{{.key = "list", .value = Value::Array{nested(50)}}})),
            "accepted");
}

TEST(ActionRequest, LimitsSizeAsAsciiJson) {
  // {"k": [0, 0, …]} with items of three bytes each.
  const auto of_size = [](std::size_t bytes) {
    constexpr std::size_t frame = 8;  // {"k": []}, one comma and space too few
    Value::Array items((bytes - frame) / 3, Value(0));
    return Value(Value::Object{{.key = "k", .value = std::move(items)}});
  };
  EXPECT_EQ(field_of(input(of_size(limits::action_params_bytes_max - 3))), "accepted");
  EXPECT_EQ(field_of(input(of_size(limits::action_params_bytes_max + 6))), "params");
  EXPECT_EQ(field_of(input(Value::Object{}, of_size(limits::action_context_bytes_max + 6))),
            "context");
}

}  // namespace
}  // namespace colonnade::gate
