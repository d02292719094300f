// Optional: converts between colonnade::Json and nlohmann::json. Needs nlohmann/json 3 on the
// include path; nothing else of the SDK does.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "colonnade/json.hpp"

namespace colonnade::inline v1 {

inline nlohmann::json to_nlohmann(const Json& value) {
  switch (value.type()) {
    case Json::Type::null:
      return nullptr;
    case Json::Type::boolean:
      return value.as_bool();
    case Json::Type::int64:
      return value.as_int64();
    case Json::Type::uint64:
      return value.as_uint64();
    case Json::Type::number:
      return value.as_double();
    case Json::Type::string:
      return value.as_string();
    case Json::Type::array: {
      nlohmann::json out = nlohmann::json::array();
      for (const Json& item : value.as_array()) out.push_back(to_nlohmann(item));
      return out;
    }
    case Json::Type::object: {
      nlohmann::json out = nlohmann::json::object();
      for (const auto& [key, member] : value.as_object()) out[key] = to_nlohmann(member);
      return out;
    }
  }
  return nullptr;
}

// Binary values, which JSON text does not have, become null.
inline Json from_nlohmann(const nlohmann::json& tree) {
  if (tree.is_boolean()) return tree.get<bool>();
  if (tree.is_number_unsigned()) return tree.get<std::uint64_t>();
  if (tree.is_number_integer()) return tree.get<std::int64_t>();
  if (tree.is_number_float()) return tree.get<double>();
  if (tree.is_string()) return tree.get<std::string>();
  if (tree.is_array()) {
    Json out = Json::array();
    for (const nlohmann::json& item : tree) out.push_back(from_nlohmann(item));
    return out;
  }
  if (tree.is_object()) {
    Json out = Json::object();
    for (const auto& [key, member] : tree.items()) out.set(key, from_nlohmann(member));
    return out;
  }
  return nullptr;
}

}  // namespace colonnade::inline v1
