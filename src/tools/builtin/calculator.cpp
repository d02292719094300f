#include "tools/builtin/calculator.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <optional>
#include <string>

namespace colonnade::tools {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t expression_bytes_max = 1000;
constexpr int nesting_max = 64;  // the parser recurses

struct Function {
  std::string_view name;
  double (*apply)(double);
};

constexpr std::array functions = {
    Function{"sqrt", [](double x) { return std::sqrt(x); }},
    Function{"abs", [](double x) { return std::fabs(x); }},
    Function{"ln", [](double x) { return std::log(x); }},
    Function{"log10", [](double x) { return std::log10(x); }},
    Function{"sin", [](double x) { return std::sin(x); }},
    Function{"cos", [](double x) { return std::cos(x); }},
    Function{"tan", [](double x) { return std::tan(x); }},
    Function{"floor", [](double x) { return std::floor(x); }},
    Function{"ceil", [](double x) { return std::ceil(x); }},
    Function{"round", [](double x) { return std::round(x); }},
};

// Recursive descent; the first error ends it.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<double> parse() {
    auto value = sum();
    if (value && !at_end()) return error("an operator was expected");
    return value;
  }

 private:
  std::unexpected<base::Error> error(const std::string& what) const {
    return fail(ErrorKind::invalid, what + " at character " + std::to_string(position_ + 1),
                "expression");
  }

  void skip_blanks() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\t')) {
      ++position_;
    }
  }
  bool at_end() {
    skip_blanks();
    return position_ == text_.size();
  }
  bool take(char c) {
    if (at_end() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  Result<double> sum() {
    auto left = product();
    while (left) {
      const bool plus = take('+');
      if (!plus && !take('-')) break;
      auto right = product();
      if (!right) return right;
      *left = plus ? *left + *right : *left - *right;
    }
    return left;
  }

  Result<double> product() {
    auto left = signed_power();
    while (left) {
      const char op = at_end() ? '\0' : text_[position_];
      if (op != '*' && op != '/' && op != '%') break;
      ++position_;
      auto right = signed_power();
      if (!right) return right;
      if (op != '*' && *right == 0) return error("division by zero");
      if (op == '*') *left *= *right;
      if (op == '/') *left /= *right;
      if (op == '%') *left = std::fmod(*left, *right);
    }
    return left;
  }

  Result<double> signed_power() {
    if (++depth_ > nesting_max) return error("nested too deeply");
    Result<double> value = 0.0;
    if (take('-')) {
      value = signed_power();
      if (value) *value = -*value;
    } else if (take('+')) {
      value = signed_power();
    } else {
      value = power();
    }
    --depth_;
    return value;
  }

  Result<double> power() {
    auto base = atom();
    if (!base || !take('^')) return base;
    auto exponent = signed_power();
    if (!exponent) return exponent;
    return std::pow(*base, *exponent);
  }

  Result<double> atom() {
    if (at_end()) return error("a number was expected");
    const char c = text_[position_];
    if (c == '(') {
      ++position_;
      return parenthesized();
    }
    if ((c >= '0' && c <= '9') || c == '.') return number();
    if (c >= 'a' && c <= 'z') return name();
    return error("a number was expected");
  }

  Result<double> parenthesized() {
    if (++depth_ > nesting_max) return error("nested too deeply");
    auto value = sum();
    --depth_;
    if (value && !take(')')) return error("')' was expected");
    return value;
  }

  Result<double> number() {
    double value = 0;
    const char* begin = text_.data() + position_;
    const auto [end, code] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (code != std::errc{}) return error("a number was expected");
    position_ += static_cast<std::size_t>(end - begin);
    return value;
  }

  Result<double> name() {
    const std::size_t begin = position_;
    while (position_ < text_.size() && std::isalnum(static_cast<unsigned char>(text_[position_]))) {
      ++position_;
    }
    const std::string_view word = text_.substr(begin, position_ - begin);
    if (word == "pi") return std::numbers::pi;
    if (word == "e") return std::numbers::e;
    for (const Function& function : functions) {
      if (function.name != word) continue;
      if (!take('(')) return error("'(' was expected");
      auto argument = parenthesized();
      if (!argument) return argument;
      return function.apply(*argument);
    }
    position_ = begin;
    return error("unknown name '" + std::string(word) + "'");
  }

  std::string_view text_;
  std::size_t position_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<double> evaluate(std::string_view expression) {
  if (expression.size() > expression_bytes_max) {
    return fail(ErrorKind::too_large,
                "the expression is longer than " + std::to_string(expression_bytes_max) + " bytes",
                "expression");
  }
  auto value = Parser(expression).parse();
  if (value && !std::isfinite(*value)) {
    return fail(ErrorKind::invalid, "the result is not a finite number", "expression");
  }
  return value;
}

CalculatorTool::CalculatorTool()
    : definition_{
          .name = "calculator",
          .description = "Evaluates an arithmetic expression such as (2 + 3) * 4 ^ 0.5 or sqrt(2).",
          .input_schema = {{"type", "object"},
                           {"properties",
                            {{"expression",
                              {{"type", "string"},
                               {"description",
                                "Numbers with + - * / % ^, parentheses, pi, e and sqrt, abs, ln, "
                                "log10, sin, cos, tan, floor, ceil, round"}}}}},
                           {"required", {"expression"}},
                           {"additionalProperties", false}}} {}

base::Task<core::ToolOutcome> CalculatorTool::run(ToolContext, base::Json arguments,
                                                  std::stop_token) {
  const auto value = evaluate(arguments.at("expression").get_ref<const std::string&>());
  if (!value) co_return core::ToolOutcome{.content = value.error().message, .is_error = true};
  std::string text;
  base::JsonWriter(text).value(*value);
  co_return core::ToolOutcome{.content = std::move(text)};
}

}  // namespace colonnade::tools
