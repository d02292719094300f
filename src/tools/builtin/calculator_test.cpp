#include "tools/builtin/calculator.hpp"

#include <gtest/gtest.h>

#include <string>

namespace colonnade::tools {
namespace {

struct Case {
  std::string expression;
  double value;
};

TEST(Calculator, FollowsTheUsualRules) {
  for (const Case& c : {Case{"2+2", 4},
                        {"2 + 3 * 4", 14},
                        {"(2+3)*4", 20},
                        {"2^3^2", 512},
                        {"-2^2", -4},
                        {"2^-1", 0.5},
                        {"7 % 4", 3},
                        {"1.5e3/3", 500},
                        {"sqrt(16)+abs(-2)", 6},
                        {"--3", 3},
                        {"round(2.5)", 3}}) {
    const auto value = evaluate(c.expression);
    ASSERT_TRUE(value) << c.expression << ": " << value.error().message;
    EXPECT_DOUBLE_EQ(*value, c.value) << c.expression;
  }
}

TEST(Calculator, SaysWhatIsWrongAndWhere) {
  struct Bad {
    std::string expression, message;
  };
  for (const Bad& c : {Bad{"", "a number was expected at character 1"},
                       {"2 +", "a number was expected at character 4"},
                       {"(2", "')' was expected at character 3"},
                       {"2 2", "an operator was expected at character 3"},
                       {"1/0", "division by zero at character 4"},
                       {"foo(1)", "unknown name 'foo' at character 1"},
                       {"10^400", "the result is not a finite number"}}) {
    const auto value = evaluate(c.expression);
    ASSERT_FALSE(value) << c.expression;
    EXPECT_EQ(value.error().message, c.message) << c.expression;
    EXPECT_EQ(value.error().field, "expression");
  }
}

TEST(Calculator, RefusesWhatWouldExhaustTheStack) {
  EXPECT_FALSE(evaluate(std::string(500, '(') + "1" + std::string(500, ')')));
  EXPECT_FALSE(evaluate(std::string(900, '-') + "1"));
  EXPECT_FALSE(evaluate(std::string(2000, '1')));
}

}  // namespace
}  // namespace colonnade::tools
