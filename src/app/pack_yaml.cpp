#include "app/pack_yaml.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "app/yaml.hpp"

namespace colonnade::app {
namespace {

using base::Json;

constexpr std::size_t number_digits_max = 15;

bool is_whole_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool is_digits = !text.empty() && text.size() <= number_digits_max &&
                         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  // 010 is no number that everybody reads alike.
  return is_digits && (text.size() == 1 || !text.starts_with('0'));
}

Json scalar_of(const yaml::Value& value) {
  const std::string& text = value.text;
  if (value.quoted) return text;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return nullptr;
  }
  if (is_whole_number(text)) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    if (std::from_chars(text.data(), end, number).ec == std::errc()) return number;
  }
  return text;
}

// Their depth is bounded by yaml::depth_max.
Json json_of_yaml(const yaml::Value& value) {
  switch (value.kind) {
    case yaml::Value::Kind::null: return nullptr;
    case yaml::Value::Kind::scalar: return scalar_of(value);
    case yaml::Value::Kind::list: {
      Json out = Json::array();
      for (const yaml::Value& one : value.items) out.push_back(json_of_yaml(one));
      return out;
    }
    case yaml::Value::Kind::map: {
      Json out = Json::object();
      for (const yaml::Entry& one : value.entries) out[one.key] = json_of_yaml(one.value);
      return out;
    }
  }
  return nullptr;
}

}  // namespace

base::Result<Json> pack_yaml(std::string_view text, std::string_view name) {
  const auto read = yaml::parse(text, name);
  if (!read) return std::unexpected(read.error());
  return json_of_yaml(*read);
}

}  // namespace colonnade::app
