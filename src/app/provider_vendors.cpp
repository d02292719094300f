#include "app/provider_vendors.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "providers/upstream/failure.hpp"
#include "providers/upstream/model_list.hpp"
#include "providers/vendors.hpp"

namespace colonnade::app {

using core::VendorKey;
using core::VendorModel;
using core::VendorState;
using providers::KnownVendor;
using providers::upstream::SharedApiKey;

namespace {

constexpr std::string_view offline = "offline";
constexpr std::string_view anthropic_kind = "anthropic";
constexpr std::string_view anthropic_version = "2023-06-01";

// Where its models are listed, without the slash and the /v1 that people write either way.
std::string models_url(std::string base, bool is_anthropic) {
  while (base.ends_with('/')) base.pop_back();
  if (!is_anthropic) return base + "/models";
  if (base.ends_with("/v1")) base.resize(base.size() - 3);
  return base + "/v1/models?limit=1000";
}

}  // namespace

ProviderVendors::ProviderVendors(const Settings& settings, net::HttpClient& http, ModelMeter& meter,
                                 core::ModelProviders& providers)
    : settings_(settings),
      http_(http),
      meter_(meter),
      providers_(providers),
      keys_(add_providers(settings, http, meter, providers)) {}

void ProviderVendors::reload_keys() {
  for (const SharedApiKey& key : keys_.from_files) key->reload();
}

const ProviderSettings* ProviderVendors::configured(const std::string& id) const {
  const auto found = std::ranges::find(settings_.providers, id,
                                       [](const auto& one) -> const auto& { return one.first; });
  return found == settings_.providers.end() ? nullptr : &found->second;
}

SharedApiKey ProviderVendors::key_of(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = keys_.by_name.find(id);
  return found == keys_.by_name.end() ? nullptr : found->second;
}

VendorState ProviderVendors::state_of(const std::string& id) const {
  const KnownVendor* known = providers::find_vendor(id);
  const ProviderSettings* settings = configured(id);
  VendorState out{.id = id, .name = known != nullptr ? std::string(known->name) : id};
  out.configured = settings != nullptr || id == offline;
  out.supported = known == nullptr || known->wire != providers::Wire::none || settings != nullptr;
  // A server of the operator's own may need none, also under a known name.
  out.needs_key = known != nullptr && !known->key_variable.empty() &&
                  (settings == nullptr || settings->base_url.empty());
  if (const SharedApiKey key = key_of(id); key && !key->get().empty()) {
    out.key = key->is_given() ? VendorKey::given : VendorKey::environment;
  }
  if (const core::ModelProvider* provider = providers_.find(id)) {
    out.default_model = provider->default_model();
  } else if (known != nullptr) {
    out.default_model = known->default_model;
  }
  return out;
}

std::vector<VendorState> ProviderVendors::states() const {
  std::vector<VendorState> out;
  for (const KnownVendor& one : providers::known_vendors()) {
    out.push_back(state_of(std::string(one.id)));
  }
  for (const auto& [name, settings] : settings_.providers) {
    if (providers::find_vendor(name) == nullptr) out.push_back(state_of(name));
  }
  out.push_back(state_of(std::string(offline)));
  return out;
}

bool ProviderVendors::use_key(const std::string& id, const std::string& key) {
  const KnownVendor* known = providers::find_vendor(id);
  const bool is_ours = configured(id) != nullptr;
  if (!is_ours && (known == nullptr || known->wire == providers::Wire::none)) return false;
  const std::lock_guard lock(mutex_);
  SharedApiKey& kept = keys_.by_name[id];
  if (!kept) kept = std::make_shared<providers::upstream::ApiKey>("");
  kept->use(key);
  // The first key makes the provider; without it again, asking it fails for the missing key.
  if (!key.empty() && providers_.find(id) == nullptr) {
    providers_.add(metered(make_provider(id, {}, kept, http_), meter_));
  }
  return true;
}

base::Task<base::Result<std::vector<VendorModel>>> ProviderVendors::models(base::Lane* lane,
                                                                           std::string id,
                                                                           std::stop_token stop) {
  const ProviderSettings* settings = configured(id);
  const KnownVendor* known = providers::find_vendor(id);
  if (id == offline) {
    std::vector<VendorModel> out;
    out.push_back({.id = state_of(id).default_model});
    co_return out;
  }
  if (settings == nullptr && (known == nullptr || known->wire == providers::Wire::none)) {
    co_return base::fail(base::ErrorKind::not_found, "there is no provider \"" + id + "\"");
  }
  const SharedApiKey key = key_of(id);
  const providers::upstream::Vendor vendor{
      .name = id,
      .key = key ? key->get() : std::string(),
      .key_setting = known != nullptr ? std::string(known->key_variable) : std::string()};
  const bool own_address = settings != nullptr && !settings->base_url.empty();
  const bool is_anthropic =
      kind_of(id, settings != nullptr ? *settings : ProviderSettings{}) == anthropic_kind;
  net::Headers headers;
  if (is_anthropic) headers.push_back({"anthropic-version", std::string(anthropic_version)});
  if (!vendor.key.empty()) {
    if (is_anthropic) {
      headers.push_back({"x-api-key", vendor.key});
    } else {
      headers.push_back({"authorization", "Bearer " + vendor.key});
    }
  }
  std::string address = own_address        ? settings->base_url
                        : known != nullptr ? std::string(known->base_url)
                                           : std::string();
  auto listed = co_await providers::upstream::ask_model_list(
      vendor, &http_, lane, models_url(std::move(address), is_anthropic), std::move(headers),
      std::move(stop));
  co_return listed;
}

}  // namespace colonnade::app
