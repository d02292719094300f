#include "app/prices_file.hpp"

#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include "app/dated_table.hpp"
#include "app/yaml.hpp"

namespace colonnade::app {
namespace {

constexpr double dollars_max = 1e6;  // a million tokens for more is a mistake
constexpr double micros_per_dollar = 1e6;

std::int64_t micros(const yaml::Value& value, const std::string& key) {
  expect(value, yaml::Value::Kind::scalar, "a price");
  double dollars = 0;
  const char* begin = value.text.data();
  const char* end = begin + value.text.size();
  const auto [stopped, error] = std::from_chars(begin, end, dollars);
  if (error != std::errc() || stopped != end || !(dollars >= 0 && dollars <= dollars_max)) {
    throw TableError{value.line,
                     key + ": expected dollars per million tokens, such as 0.25, but found " +
                         yaml::describe(value)};
  }
  return std::llround(dollars * micros_per_dollar);
}

core::Price price_of(const std::string& provider, const yaml::Entry& model) {
  core::Price out{.provider = provider, .model = model.key};
  expect(model.value, yaml::Value::Kind::map, "prices: {input: …, output: …}");
  bool has_input = false;
  bool has_output = false;
  for (const yaml::Entry& entry : model.value.entries) {
    if (entry.key == "input") {
      out.input = micros(entry.value, entry.key);
      has_input = true;
    } else if (entry.key == "output") {
      out.output = micros(entry.value, entry.key);
      has_output = true;
    } else if (entry.key == "cached_input") {
      out.cached_input = micros(entry.value, entry.key);
    } else if (entry.key == "cache_write") {
      out.cache_write = micros(entry.value, entry.key);
    } else {
      throw TableError{entry.line,
                       "unknown key \"" + entry.key +
                           "\"; a model has input, output, cached_input and cache_write"};
    }
  }
  if (!has_input || !has_output) {
    throw TableError{model.line, model.key + ": needs both input and output"};
  }
  return out;
}

}  // namespace

base::Result<core::Prices> parse_prices(std::string_view text, std::string_view name) {
  std::vector<core::Price> rows;
  bool extends = false;
  const auto add = [&](const std::string& provider, const yaml::Entry& model) {
    rows.push_back(price_of(provider, model));
  };
  auto dated = read_dated_table(text, name, "prices", add, &extends);
  if (!dated) return std::unexpected(std::move(dated.error()));
  if (extends) {
    // Of equal names the first counts, so the operator's come first.
    const auto built_in = parse_prices(built_in_prices(), "built-in prices");
    if (!built_in) return std::unexpected(built_in.error());
    rows.insert(rows.end(), built_in->rows().begin(), built_in->rows().end());
  }
  return core::Prices(std::move(rows), std::move(*dated));
}

}  // namespace colonnade::app
