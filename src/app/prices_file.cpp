#include "app/prices_file.hpp"

#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include "app/yaml.hpp"

namespace colonnade::app {
namespace {

constexpr double dollars_max = 1e6;  // a million tokens for more is a mistake
constexpr double micros_per_dollar = 1e6;

struct Broken {
  int line;
  std::string message;
};

void expect(const yaml::Value& value, yaml::Value::Kind kind, std::string_view what) {
  if (value.kind != kind) {
    throw Broken{value.line,
                 "expected " + std::string(what) + ", but found " + yaml::describe(value)};
  }
}

std::int64_t micros(const yaml::Value& value, const std::string& key) {
  expect(value, yaml::Value::Kind::scalar, "a price");
  double dollars = 0;
  const char* begin = value.text.data();
  const char* end = begin + value.text.size();
  const auto [stopped, error] = std::from_chars(begin, end, dollars);
  if (error != std::errc() || stopped != end || !(dollars >= 0 && dollars <= dollars_max)) {
    throw Broken{value.line, key +
                                 ": expected dollars per million tokens, such as 0.25, but found " +
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
      throw Broken{entry.line, "unknown key \"" + entry.key +
                                   "\"; a model has input, output, cached_input and cache_write"};
    }
  }
  if (!has_input || !has_output) {
    throw Broken{model.line, model.key + ": needs both input and output"};
  }
  return out;
}

core::Prices table_of(const yaml::Value& root) {
  std::vector<core::Price> table;
  std::string dated;
  expect(root, yaml::Value::Kind::map, "dated: … and prices: …");
  for (const yaml::Entry& entry : root.entries) {
    if (entry.key == "dated") {
      expect(entry.value, yaml::Value::Kind::scalar, "a date");
      dated = entry.value.text;
    } else if (entry.key == "prices") {
      expect(entry.value, yaml::Value::Kind::map, "a group for each provider");
      for (const yaml::Entry& provider : entry.value.entries) {
        expect(provider.value, yaml::Value::Kind::map, "a group for each model");
        for (const yaml::Entry& model : provider.value.entries) {
          table.push_back(price_of(provider.key, model));
        }
      }
    } else {
      throw Broken{entry.line, "unknown key \"" + entry.key + "\"; there are dated and prices"};
    }
  }
  return core::Prices(std::move(table), std::move(dated));
}

}  // namespace

base::Result<core::Prices> parse_prices(std::string_view text, std::string_view name) {
  const auto tree = yaml::parse(text, name);
  if (!tree) return std::unexpected(tree.error());
  try {
    return table_of(*tree);
  } catch (const Broken& fault) {
    return base::fail(base::ErrorKind::invalid,
                      std::string(name) + ":" + std::to_string(fault.line) + ": " + fault.message);
  }
}

}  // namespace colonnade::app
