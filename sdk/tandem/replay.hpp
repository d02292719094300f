// For the replay of the example rows of Tandem: what a row asks.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sdk/tandem/script.hpp"

namespace colonnade::tandem_replay {

struct Asked {
  std::vector<std::string> ids{};              // in the path, in order
  std::map<std::string, std::string> query{};  // decoded
  Json body{};
};

inline std::string text_in(const Json& body, std::string_view name) {
  const Json* member = body.find(name);
  return member == nullptr ? "" : member->as_string();
}

inline std::string text_in(const Asked& asked, const std::string& name) {
  const auto found = asked.query.find(name);
  return found == asked.query.end() ? "" : found->second;
}

inline std::int64_t number_in(const Asked& asked, const std::string& name) {
  const std::string text = text_in(asked, name);
  return text.empty() ? 0 : std::stoll(text);
}

inline std::vector<std::string> texts_in(const Json& body, std::string_view name) {
  std::vector<std::string> out;
  const Json* items = body.find(name);
  if (items == nullptr) return out;
  for (const Json& item : items->as_array()) out.push_back(item.as_string());
  return out;
}

template <class C>
using Method = std::function<Json(const C&, const Asked&)>;
template <class C>
using Methods = std::map<std::string, Method<C>>;

}  // namespace colonnade::tandem_replay
