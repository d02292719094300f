// Rows of tables with places for what is made when they are looked at.
#pragma once

#include <map>
#include <string>

namespace colonnade::tests {

using Things = std::map<std::string, std::string>;

// "/threads/{thread}" with the things' values in the places of their names.
inline std::string filled(std::string text, const Things& things) {
  for (const auto& [name, value] : things) {
    const std::string place = "{" + name + "}";
    for (auto at = text.find(place); at != std::string::npos; at = text.find(place)) {
      text.replace(at, place.size(), value);
    }
  }
  return text;
}

}  // namespace colonnade::tests
