// The text forms of an enumeration, as a table of pairs that is read both ways.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace colonnade::core {

template <class Enum, std::size_t Size>
using EnumNames = std::array<std::pair<Enum, std::string_view>, Size>;

// "" for a value that the table lacks.
template <class Enum, std::size_t Size>
constexpr std::string_view enum_name(const EnumNames<Enum, Size>& names, Enum wanted) {
  for (const auto& [value, name] : names) {
    if (value == wanted) return name;
  }
  return {};
}

template <class Enum, std::size_t Size>
constexpr std::optional<Enum> enum_value(const EnumNames<Enum, Size>& names,
                                         std::string_view text) {
  for (const auto& [value, name] : names) {
    if (name == text) return value;
  }
  return std::nullopt;
}

}  // namespace colonnade::core
