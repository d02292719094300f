// Optional: converts between colonnade::Json and nlohmann::json. Needs nlohmann/json 3 on the
// include path; nothing else of the SDK does.
#pragma once

#include <nlohmann/json.hpp>

#include "colonnade/json.hpp"

namespace colonnade::inline v1 {

// Found by argument-dependent lookup: `nlohmann::json tree = value;` and `tree.get<Json>()` work.
inline void to_json(nlohmann::json& out, const Json& value) {
  switch (value.type()) {
    case Json::Type::null:
      out = nullptr;
      break;
    case Json::Type::boolean:
      out = value.as_bool();
      break;
    case Json::Type::int64:
      out = value.as_int64();
      break;
    case Json::Type::uint64:
      out = value.as_uint64();
      break;
    case Json::Type::number:
      out = value.as_double();
      break;
    case Json::Type::string:
      out = value.as_string();
      break;
    case Json::Type::array:
      out = nlohmann::json::array();
      for (const Json& item : value.as_array()) to_json(out.emplace_back(), item);
      break;
    case Json::Type::object:
      out = nlohmann::json::object();
      for (const auto& [key, member] : value.as_object()) to_json(out[key], member);
      break;
  }
}

inline void from_json(const nlohmann::json& tree, Json& out) {
  if (tree.is_boolean()) {
    out = Json(tree.get<bool>());
  } else if (tree.is_number_unsigned()) {
    out = Json(tree.get<std::uint64_t>());
  } else if (tree.is_number_integer()) {
    out = Json(tree.get<std::int64_t>());
  } else if (tree.is_number_float()) {
    out = Json(tree.get<double>());
  } else if (tree.is_string()) {
    out = Json(tree.get<std::string>());
  } else if (tree.is_array()) {
    out = Json::array();
    for (const auto& item : tree) {
      Json converted;
      from_json(item, converted);
      out.push_back(std::move(converted));
    }
  } else if (tree.is_object()) {
    out = Json::object();
    for (const auto& [key, member] : tree.items()) {
      Json converted;
      from_json(member, converted);
      out.set(key, std::move(converted));
    }
  } else {
    out = Json();
  }
}

}  // namespace colonnade::inline v1
