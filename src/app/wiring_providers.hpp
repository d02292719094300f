// The model providers that the settings name. Part of the wiring.
#pragma once

#include <map>
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

// One provider, not metered. The name or the settings' `kind` say its wire: std::logic_error
// otherwise.
std::unique_ptr<core::ModelProvider> make_provider(const std::string& name,
                                                   const ProviderSettings& settings,
                                                   providers::upstream::SharedApiKey key,
                                                   net::HttpClient& http);

struct ProviderKeys {
  std::vector<providers::upstream::SharedApiKey> from_files{};  // to be read again
  std::map<std::string, providers::upstream::SharedApiKey> by_name{};
};

// Adds `offline` and every configured provider, each metered, and sets the default: the setting
// `provider`, else the first that is configured, else `offline`. Returns the keys of the configured
// ones.
ProviderKeys add_providers(const Settings& settings, net::HttpClient& http, ModelMeter& meter,
                           core::ModelProviders& out);

}  // namespace colonnade::app
