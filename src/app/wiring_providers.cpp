#include "app/wiring_providers.hpp"

#include <string>
#include <utility>

#include "providers/anthropic/provider.hpp"
#include "providers/chat_completions/provider.hpp"
#include "providers/offline/provider.hpp"

namespace colonnade::app {
namespace {

namespace chat = providers::chat_completions;

// What an error about a missing or refused key should name.
std::string key_setting(const std::string& name, const ProviderSettings& settings,
                        const std::string& usual) {
  if (!settings.api_key_env.empty()) return settings.api_key_env;
  if (!settings.api_key_file.empty()) return "providers." + name + ".api_key_file";
  return usual.empty() ? "providers." + name + ".api_key" : usual;
}

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::unique_ptr<core::ModelProvider> make_anthropic(const std::string& name,
                                                    const ProviderSettings& settings,
                                                    net::HttpClient& http) {
  providers::anthropic::Options options;
  options.name = name;
  if (!settings.base_url.empty()) {
    options.base_url = without_slash(settings.base_url);
    // The vendor's own libraries take the address without /v1; many write it with.
    if (options.base_url.ends_with("/v1")) options.base_url.resize(options.base_url.size() - 3);
  }
  options.api_key = settings.api_key;
  options.key_setting = key_setting(name, settings, options.key_setting);
  if (!settings.default_model.empty()) options.default_model = settings.default_model;
  return providers::anthropic::make_provider(std::move(options), http);
}

std::unique_ptr<core::ModelProvider> make_chat(const std::string& name,
                                               const ProviderSettings& settings,
                                               net::HttpClient& http) {
  chat::Options options = name == "openai"       ? chat::openai_options()
                          : name == "openrouter" ? chat::openrouter_options()
                                                 : chat::compatible_options(name, "");
  options.name = name;
  if (!settings.base_url.empty()) options.base_url = without_slash(settings.base_url);
  options.api_key = settings.api_key;
  options.key_setting = key_setting(name, settings, options.key_setting);
  if (!settings.default_model.empty()) options.default_model = settings.default_model;
  return chat::make_provider(std::move(options), http);
}

}  // namespace

void add_providers(const Settings& settings, net::HttpClient& http, ModelMeter& meter,
                   core::ModelProviders& out) {
  for (const auto& [name, provider] : settings.providers) {
    const bool is_anthropic =
        provider.kind == "anthropic" || (provider.kind.empty() && name == "anthropic");
    out.add(metered(
        is_anthropic ? make_anthropic(name, provider, http) : make_chat(name, provider, http),
        meter));
  }
  out.add(metered(providers::offline::make_provider(), meter));
  if (!settings.provider.empty()) {
    out.set_default(settings.provider);
  } else {
    out.set_default(settings.providers.empty() ? "offline" : settings.providers.front().first);
  }
}

}  // namespace colonnade::app
