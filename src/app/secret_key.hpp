// The key that stored secrets are sealed with.
#pragma once

#include <string>

#include "app/settings.hpp"
#include "base/result.hpp"
#include "base/secret_box.hpp"

namespace colonnade::app {

// Where the settings have it.
std::string secret_key_path(const Settings& settings);

// Reads the key, 64 hex digits in a file of its owner's; makes the file when there is none. invalid
// (field "secret_key_file") for a file that holds something else or that others may read.
base::Result<base::SecretBox::Key> load_secret_key(const std::string& path);

}  // namespace colonnade::app
