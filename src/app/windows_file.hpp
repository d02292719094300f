// The table of model windows, built in or the operator's own.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "core/models/model_windows.hpp"

namespace colonnade::app {

// windows.yaml, as built in.
std::string_view built_in_windows();

// Reads a table. Errors (invalid) name the file, the line and the key.
base::Result<core::ModelWindows> parse_windows(std::string_view text, std::string_view name);

// The table of `file`, the built-in one for "". Errors name the setting.
base::Result<core::ModelWindows> load_windows(const std::string& file);

}  // namespace colonnade::app
