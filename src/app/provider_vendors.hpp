// The vendors of models of this process: the known ones of providers/vendors.hpp and those of the
// configuration, with the keys that they use just now.
#pragma once

#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "app/model_meter.hpp"
#include "app/settings.hpp"
#include "app/wiring_providers.hpp"
#include "core/models/model_provider.hpp"
#include "core/models/vendors.hpp"
#include "net/http_client.hpp"

namespace colonnade::app {

class ProviderVendors final : public core::Vendors {
 public:
  // All must outlive it. Adds the configured providers to `providers`, and later those that are
  // given a key.
  ProviderVendors(const Settings& settings, net::HttpClient& http, ModelMeter& meter,
                  core::ModelProviders& providers);

  // Reads the keys that came from files again.
  void reload_keys();

  std::vector<core::VendorState> states() const override;
  bool use_key(const std::string& id, const std::string& key) override;
  base::Task<base::Result<std::vector<core::VendorModel>>> models(base::Lane* lane, std::string id,
                                                                  std::stop_token stop) override;

 private:
  const ProviderSettings* configured(const std::string& id) const;
  providers::upstream::SharedApiKey key_of(const std::string& id) const;
  core::VendorState state_of(const std::string& id) const;

  const Settings& settings_;
  net::HttpClient& http_;
  ModelMeter& meter_;
  core::ModelProviders& providers_;
  mutable std::mutex mutex_;  // guards keys_
  ProviderKeys keys_;
};

}  // namespace colonnade::app
