// Providers, their keys, and the configuration that clients may change (tandem §2.4, §4.13).
#pragma once

#include <string>
#include <vector>

#include "base/lane.hpp"
#include "core/models/model_catalog.hpp"
#include "dialects/tandem/caller.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::tandem {

// /provider…, /config…, /auth/{provider}
class ProviderResource {
 public:
  explicit ProviderResource(core::ModelCatalog& catalog) : catalog_(catalog) {}

  std::vector<net::Route> routes(const Callers& in);

 private:
  base::Task<net::Reply> list(core::Principal who, RequestPtr request);
  base::Task<net::Reply> keys(core::Principal who, RequestPtr request);
  base::Task<net::Reply> config(core::Principal who, RequestPtr request);
  base::Task<net::Reply> layers(core::Principal who, RequestPtr request);
  base::Task<net::Reply> change_project(core::Principal who, RequestPtr request);
  base::Task<net::Reply> change_server(core::Principal who, RequestPtr request);
  base::Task<net::Reply> set_key(core::Principal who, RequestPtr request);
  base::Task<net::Reply> remove_key(core::Principal who, RequestPtr request);
  base::Task<net::Reply> no_oauth(core::Principal who, RequestPtr request);
  base::Task<net::Reply> change(core::Principal who, RequestPtr request, core::ChoiceLayer layer);

  core::ModelCatalog& catalog_;
};

// Whether a member of that name anywhere in the tree would be a secret (tandem §2.4).
bool holds_secret_member(const base::Json& tree);
std::string encode_catalog(const std::vector<core::VendorCatalog>& rows,
                           const std::string& default_provider);

}  // namespace colonnade::dialects::tandem
