// One key of several texts.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace colonnade::base {

// For the key of a table: different texts never give the same one, whatever characters they hold.
// Each is preceded by its length.
inline std::string joined(std::initializer_list<std::string_view> texts) {
  std::string out;
  for (const std::string_view text : texts) {
    out.append(std::to_string(text.size())).append(":").append(text);
  }
  return out;
}

}  // namespace colonnade::base
