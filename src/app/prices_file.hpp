// The table of model prices, built in or the operator's own.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "core/models/prices.hpp"

namespace colonnade::app {

// prices.yaml, as built in.
std::string_view built_in_prices();

// Reads a table, with the built-in one behind it where it says so (`extends: built-in`); dollars
// per million tokens become micro-dollars. Errors (invalid) name the file, the line and the key.
base::Result<core::Prices> parse_prices(std::string_view text, std::string_view name);

}  // namespace colonnade::app
