// What can be done with vendors of models: their models as they list them, the keys that operators
// give them, and who answers when nobody names a model.
//
// Keys and choices are the whole server's. A key is sealed in the store, used at once, and shown
// nowhere.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/lane.hpp"
#include "base/secret_box.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/documents/document_store.hpp"
#include "core/events/event_feed.hpp"
#include "core/models/model_provider.hpp"
#include "core/models/vendors.hpp"

namespace colonnade::core {

enum class CatalogSource { vendor, configuration, none };
enum class CatalogStatus { ok, unavailable, error };

struct VendorCatalog {
  VendorState state{};
  bool stored_key = false;            // the key that it uses came by set_key()
  std::vector<VendorModel> models{};  // by id
  CatalogSource source = CatalogSource::none;
  CatalogStatus status = CatalogStatus::unavailable;
  std::string message{};  // unless ok
};

// A layer of choices; a later one wins.
enum class ChoiceLayer { server, project };

struct ModelCatalogPorts {
  DocumentStore& store;
  EventFeed& feed;
  base::Clock& clock;
  const base::SecretBox& box;
  Vendors& vendors;
  ModelProviders& providers;
};

// Whether a patch (RFC 7396) of the choices has nothing in it but what can be chosen. Errors:
// invalid, with the path of the member.
base::Result<void> check_model_choices(const base::Json& patch);

// Thread-safe. What only operators of every scope may do is forbidden for everybody else.
class ModelCatalog {
 public:
  explicit ModelCatalog(ModelCatalogPorts ports) : ports_(ports) {}

  // Reads the keys and the choices; once, before anybody asks for a model. A key that cannot be
  // opened is not used, and the log says so.
  base::Task<Result<void>> open();

  // Every vendor with its models, on `lane`, which is the calling one. What was asked of a vendor
  // less than limits::vendor_models_kept ago (after a failure limits::vendor_failure_kept) is not
  // asked again. A vendor that fails has its reason; it is no error.
  base::Task<std::vector<VendorCatalog>> list(base::Lane* lane, std::stop_token stop);
  // The same without asking anybody.
  std::vector<VendorCatalog> states() const;

  // Seals and stores the key, and uses it. Errors: not_found for a vendor that takes none, invalid
  // with the field "key".
  base::Task<Result<void>> set_key(Principal who, std::string vendor, std::string key);
  // not_found when none was given.
  base::Task<Result<void>> remove_key(Principal who, std::string vendor);

  // An object {"default_provider"?, "providers"?: {id: {"default_model"?}}}.
  base::Json choices(ChoiceLayer layer) const;
  // Both layers as one, over what the configuration says.
  base::Json effective() const;
  // Deep merge; null takes away. Returns effective(). Errors: invalid with the member's path for
  // what cannot be set.
  base::Task<Result<base::Json>> change(Principal who, ChoiceLayer layer, base::Json patch);

 private:
  struct Kept {
    std::vector<VendorModel> models{};
    base::Error error{};
    bool ok = false;
    base::SteadyTime until{};
  };
  struct Asked;
  static base::Task<void> ask(ModelCatalog* self, base::Lane* lane, std::string id,
                              std::shared_ptr<Asked> asked, std::stop_token stop);
  std::vector<VendorCatalog> shown() const;
  base::Task<Result<std::int64_t>> keep_key(Principal who, std::string vendor, std::string key);
  bool use_key(const std::string& vendor, const std::string& key, std::int64_t revision);
  std::int64_t revision_of_key(const std::string& vendor) const;
  void use_layer(ChoiceLayer layer, base::Json choices, std::int64_t revision);
  void use_choices();

  // What is stored is used in the order of the stored revisions: the caller that committed first
  // may hear of it last.
  struct Layer {
    base::Json choices{};
    std::int64_t revision = 0;
  };
  struct StoredKey {
    bool there = false;  // false: it was taken away
    std::int64_t revision = 0;
  };

  ModelCatalogPorts ports_;
  mutable std::mutex mutex_;  // guards what follows, and held while it is used
  std::map<std::string, Kept> kept_;
  std::map<std::string, StoredKey> stored_keys_;
  Layer layers_[2];
};

}  // namespace colonnade::core
