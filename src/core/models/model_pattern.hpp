// How tables name models.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace colonnade::core {

// How well `pattern` (a model's name, or a prefix that ends in '*') names `model`: the number of
// characters that matched, an exact name one more than any prefix; nullopt for not at all.
inline std::optional<std::size_t> pattern_fit(std::string_view pattern, std::string_view model) {
  if (pattern == model) return pattern.size() + 1;
  if (!pattern.ends_with('*')) return std::nullopt;
  const std::string_view prefix = pattern.substr(0, pattern.size() - 1);
  if (!model.starts_with(prefix)) return std::nullopt;
  return prefix.size();
}

}  // namespace colonnade::core
