// Bindings as a JSON text, as the store keeps them.
#pragma once

#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/capabilities/capability.hpp"

namespace colonnade::core {

base::Json bindings_tree(const CapabilityBindings& bindings);
// Errors: invalid with the field: "schema_version", "bindings".
base::Result<CapabilityBindings> bindings_in(const base::Json& tree);

}  // namespace colonnade::core
