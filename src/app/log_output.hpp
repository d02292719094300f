// Where a command's log goes, as the settings say.
#pragma once

#include "app/settings.hpp"

namespace colonnade::app {

// Standard error, or the file that the settings name. False when that cannot be opened.
bool open_log(const Settings& settings);

}  // namespace colonnade::app
