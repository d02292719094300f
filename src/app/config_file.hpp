// The configuration file: from its tree to settings.
#pragma once

#include <string>

#include "app/config.hpp"
#include "app/yaml.hpp"

namespace colonnade::app {

// Applies the file's tree to `config`, noting origins, and adds a fault for every key that is
// unknown or has a value of the wrong type. `name` is the file's name for messages; relative paths
// in it are relative to `folder`.
void apply_config_file(const yaml::Value& root, const std::string& name, const std::string& folder,
                       const std::string& home, Config& config, ConfigFaults& faults);

// "~/x" → home + "/x"; other relative paths → folder + "/" + path; "" stays "".
std::string absolute_path(const std::string& path, const std::string& folder,
                          const std::string& home);
// The same of the path, or of each path, that a setting holds by now.
void make_paths_absolute(const Setting& setting, Settings& settings, const std::string& folder,
                         const std::string& home);

}  // namespace colonnade::app
