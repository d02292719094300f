// The settings of what the server tells others about itself: what each of them means together, and
// the secrets among them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/config.hpp"

namespace colonnade::app {

// What the telemetry settings must be; one sentence for each fault.
void check_telemetry(const Settings& settings, ConfigFaults& faults);

// Puts the texts of all header values in place of what names them: ${NAME} of the environment, or
// file:PATH. Faults name the entry and the variable or file; never a value.
void resolve_telemetry_secrets(Settings& settings, const Environment& environment,
                               ConfigFaults& faults);

// telemetry.otlp.headers, each by its name; those that are none were faults.
std::vector<std::pair<std::string, std::string>> otlp_headers(const Settings& settings);

}  // namespace colonnade::app
