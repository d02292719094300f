// What the Platos dialect is built from, as the settings want it. Part of the wiring.
#pragma once

#include "app/settings.hpp"
#include "core/access/entities.hpp"
#include "core/access/rate_limits.hpp"

namespace colonnade::app {

// The settings' secrets are resolved and checked.
core::ConfiguredSecrets configured_secrets(const Settings& settings);
core::RateLimitOptions rate_limit_options(const Settings& settings);

}  // namespace colonnade::app
