// What `colonnade doctor` looks at. Nothing is changed and no provider is called.
#pragma once

#include <string>
#include <vector>

#include "app/config.hpp"

namespace colonnade::app {

enum class Health { ok, warning, failure };
std::string_view to_string(Health health);

struct Finding {
  std::string check{};  // "data folder", "ports" …
  Health health = Health::ok;
  std::string message{};  // what was found
  std::string remedy{};   // what to do; "" when all is well
};

// The configuration as it was loaded, or its faults.
std::vector<Finding> run_checks(const std::expected<Config, ConfigFaults>& config,
                                const Environment& environment);

}  // namespace colonnade::app
