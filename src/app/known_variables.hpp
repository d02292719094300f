// Environment variables of the servers that this one stands in for, understood as other names of
// settings. Our own names, and the file, come first.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/environment.hpp"

namespace colonnade::app {

struct KnownVariable {
  std::string_view variable;
  std::string_view setting;
  std::string_view meaning{};  // when it is more than another name
};
// In order: of two for one setting the first that is set counts. faramesh §1.2.
const std::vector<KnownVariable>& known_variables();

// One that is set, as the text of its setting.
struct KnownValue {
  std::string_view setting;
  std::string text{};
  std::string variable{};
};
std::vector<KnownValue> known_values(const Environment& environment);

}  // namespace colonnade::app
