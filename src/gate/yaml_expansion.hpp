// What the aliases of a YAML text would add to it, counted before anything is made of the text. A
// few lines of aliases of aliases stand for billions of values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace colonnade::gate {

// Of all aliases of a text together; written out, a text is bounded by its own size.
constexpr std::size_t yaml_alias_values_max = 10'000;
constexpr std::size_t yaml_alias_bytes_max = 1024 * 1024;  // of scalars

struct YamlExpansionFault {
  int line = 0;  // of the alias, counted from 1
  std::string message{};
};

// nullopt: the aliases stay within both bounds. Time and memory are linear in the text. A text that
// is not YAML throws the parser's YAML::Exception.
std::optional<YamlExpansionFault> expansion_fault(std::string_view text);

}  // namespace colonnade::gate
