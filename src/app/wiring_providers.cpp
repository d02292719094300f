#include "app/wiring_providers.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "app/files.hpp"
#include "base/log.hpp"
#include "providers/anthropic/provider.hpp"
#include "providers/chat_completions/provider.hpp"
#include "providers/offline/provider.hpp"
#include "providers/tool_prompt/provider.hpp"
#include "providers/vendors.hpp"

namespace colonnade::app {
namespace {

namespace chat = providers::chat_completions;
using providers::upstream::SharedApiKey;

SharedApiKey key_of(const std::string& name, const ProviderSettings& settings) {
  if (!settings.key_from_file)
    return std::make_shared<providers::upstream::ApiKey>(settings.api_key);
  auto read = [name, path = settings.api_key_file] {
    auto key = read_key_file(path);
    if (key) return std::move(*key);
    base::log::warn("api_key_file_unreadable",
                    {{"provider", name}, {"error", key.error().message}});
    return std::string();
  };
  return std::make_shared<providers::upstream::ApiKey>(settings.api_key, std::move(read));
}

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
                                                    SharedApiKey key, net::HttpClient& http) {
  providers::anthropic::Options options;
  options.name = name;
  if (!settings.base_url.empty()) {
    options.base_url = without_slash(settings.base_url);
    // The vendor's own libraries take the address without /v1; many write it with.
    if (options.base_url.ends_with("/v1")) options.base_url.resize(options.base_url.size() - 3);
  }
  options.shared_key = std::move(key);
  options.key_setting = key_setting(name, settings, options.key_setting);
  if (!settings.default_model.empty()) options.default_model = settings.default_model;
  return providers::anthropic::make_provider(std::move(options), http);
}

// Whose peculiarities are known, by the provider's name.
struct ChatVendor {
  std::string_view name;
  chat::Options (*options)();
};
constexpr ChatVendor chat_vendors[] = {
    {"openai", chat::openai_options},
    {"openrouter", chat::openrouter_options},
};

// Of a vendor that is known by its address alone, or of nobody known.
chat::Options plain_options(const std::string& name) {
  const providers::KnownVendor* known = providers::find_vendor(name);
  if (known == nullptr) return chat::compatible_options(name, "");
  chat::Options out = chat::compatible_options(name, std::string(known->base_url));
  out.key_setting = std::string(known->key_variable);
  out.default_model = std::string(known->default_model);
  return out;
}

std::unique_ptr<core::ModelProvider> make_chat(const std::string& name,
                                               const ProviderSettings& settings, SharedApiKey key,
                                               net::HttpClient& http) {
  const auto* vendor = std::ranges::find(chat_vendors, name, &ChatVendor::name);
  chat::Options options =
      vendor != std::end(chat_vendors) ? vendor->options() : plain_options(name);
  options.name = name;
  if (!settings.base_url.empty()) options.base_url = without_slash(settings.base_url);
  options.shared_key = std::move(key);
  options.key_setting = key_setting(name, settings, options.key_setting);
  if (!settings.default_model.empty()) options.default_model = settings.default_model;
  return chat::make_provider(std::move(options), http);
}

// A wire that providers speak. The settings' choices for `kind` are these names.
struct Kind {
  std::string_view name;
  std::unique_ptr<core::ModelProvider> (*make)(const std::string& name,
                                               const ProviderSettings& settings, SharedApiKey key,
                                               net::HttpClient& http);
};
constexpr Kind kinds[] = {
    {"anthropic", make_anthropic},
    {"chat_completions", make_chat},
};

}  // namespace

std::vector<std::string> provider_kinds() {
  std::vector<std::string> out;
  for (const Kind& kind : kinds) out.emplace_back(kind.name);
  return out;
}

std::unique_ptr<core::ModelProvider> make_provider(const std::string& name,
                                                   const ProviderSettings& settings,
                                                   SharedApiKey key, net::HttpClient& http) {
  const auto* kind = std::ranges::find(kinds, kind_of(name, settings), &Kind::name);
  if (kind == std::end(kinds)) throw std::logic_error("provider of no kind: " + name);
  return kind->make(name, settings, std::move(key), http);
}

ProviderKeys add_providers(const Settings& settings, net::HttpClient& http, ModelMeter& meter,
                           core::ModelProviders& out) {
  ProviderKeys keys;
  for (const auto& [name, provider] : settings.providers) {
    SharedApiKey key = key_of(name, provider);
    if (provider.key_from_file) keys.from_files.push_back(key);
    keys.by_name.emplace(name, key);
    out.add(metered(make_provider(name, provider, std::move(key), http), meter));
  }
  out.add(metered(providers::offline::make_provider(), meter));
  out.add(providers::tool_prompt::make_provider());
  if (!settings.provider.empty()) {
    out.set_default(settings.provider);
  } else {
    out.set_default(settings.providers.empty() ? "offline" : settings.providers.front().first);
  }
  return keys;
}

}  // namespace colonnade::app
