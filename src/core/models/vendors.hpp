// The port to the vendors of models, beside asking them: which there are, with whose key, and which
// models they have.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/lane.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace colonnade::core {

enum class VendorKey {
  none,
  environment,  // of the environment or the configuration
  given,        // Vendors::use_key()
};

struct VendorState {
  std::string id{};
  std::string name{};  // for people
  VendorKey key = VendorKey::none;
  bool needs_key = true;
  bool configured = false;      // has an entry in the configuration, or a variable of its own
  bool supported = true;        // false: known by its name alone
  std::string default_model{};  // "" for none
  bool connected() const { return supported && (needs_key ? key != VendorKey::none : configured); }
};

struct VendorModel {
  std::string id{};
  std::string name{};               // "" when the vendor says none
  std::int64_t context_tokens = 0;  // 0 when the vendor does not say
};

// Thread-safe.
class Vendors {
 public:
  virtual ~Vendors() = default;
  // The known ones in their order, then those of the configuration.
  virtual std::vector<VendorState> states() const = 0;
  // From the next call on, in place of the configured key; "" goes back to that one. False when
  // there is no such vendor, or none that takes a key.
  virtual bool use_key(const std::string& id, const std::string& key) = 0;
  // Asked of the vendor itself, on `lane`, which is the calling one. Errors: not_found, those of
  // the vendor; messages hold no key. At most limits::vendor_models_max, within
  // limits::vendor_models_time_max.
  virtual base::Task<base::Result<std::vector<VendorModel>>> models(base::Lane* lane,
                                                                    std::string id,
                                                                    std::stop_token stop) = 0;
};

}  // namespace colonnade::core
