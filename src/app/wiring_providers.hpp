// The model providers that the settings name. Part of the wiring.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/model_meter.hpp"
#include "app/settings.hpp"
#include "core/models/model_provider.hpp"
#include "net/http_client.hpp"
#include "providers/upstream/api_key.hpp"

namespace colonnade::app {

// The wires that providers may speak: what the setting providers.<name>.kind may be.
std::vector<std::string> provider_kinds();

// Adds `offline` and every configured provider, each metered, and sets the default: the setting
// `provider`, else the first that is configured, else `offline`. The keys that came from files, to
// be read again.
std::vector<providers::upstream::SharedApiKey> add_providers(const Settings& settings,
                                                             net::HttpClient& http,
                                                             ModelMeter& meter,
                                                             core::ModelProviders& out);

}  // namespace colonnade::app
