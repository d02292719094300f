// A document: a small text that is kept under a key, for whoever needs no table of its own.
//
// A collection says what its documents are; no two parts of the program share one. Within it each
// owner has keys of its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "core/access/scope.hpp"

namespace colonnade::core {

namespace document_collection {
inline constexpr std::string_view settings =
    "settings";  // core/models/model_catalog and core/documents/identities
inline constexpr std::string_view provider_key = "provider_key";    // core/models/model_catalog
inline constexpr std::string_view managed_token = "managed_token";  // core/access/managed_token
inline constexpr std::string_view resource = "resource";            // core/documents/resources
inline constexpr std::string_view memory_record = "memory_record";  // core/memory/tiered_memories
inline constexpr std::string_view capability_bindings =
    "capability_bindings";                        // core/capabilities/capabilities
inline constexpr std::string_view task = "task";  // core/tasks/task_catalog
}  // namespace document_collection

struct Document {
  Scope scope;
  std::string collection{};
  std::string owner{};  // a user id; "" for what is the scope's
  std::string key{};
  std::string text{};         // mostly JSON; sealed where it is secret
  std::int64_t revision = 0;  // 1 for a new one, one more with each change; given by the store
  std::string changed_by{};   // a user id
  base::Time created_at{};
  base::Time changed_at{};
};

}  // namespace colonnade::core
