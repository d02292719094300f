// The configuration, shown: effective values with their origins, and the reference page.
#pragma once

#include <string>
#include <vector>

#include "app/config.hpp"

namespace colonnade::app {

struct ShownSetting {
  std::string name{};
  std::string value{};   // secrets as "(secret, set)"
  std::string origin{};  // "default", or as in Config::origins
};

// Every setting in the table's order, then every provider's that is set.
std::vector<ShownSetting> shown_settings(const Config& config);
std::string config_as_text(const Config& config);
std::string config_as_json(const Config& config);

// docs/reference/configuration.md.
std::string configuration_reference();

}  // namespace colonnade::app
