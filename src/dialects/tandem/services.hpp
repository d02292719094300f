// What Tandem has besides sessions, streams and tools: providers, tokens, MCP servers, memory,
// identity and resources.
#pragma once

#include <vector>

#include "base/clock.hpp"
#include "core/access/managed_token.hpp"
#include "core/documents/identities.hpp"
#include "core/documents/resources.hpp"
#include "core/memory/memory_imports.hpp"
#include "core/memory/tiered_memories.hpp"
#include "core/models/model_catalog.hpp"
#include "core/tools/scope_tool_servers.hpp"
#include "dialects/tandem/caller.hpp"
#include "dialects/tandem/engine_token.hpp"
#include "dialects/tandem/identity.hpp"
#include "dialects/tandem/key_values.hpp"
#include "dialects/tandem/mcp_servers.hpp"
#include "dialects/tandem/memory.hpp"
#include "dialects/tandem/memory_import.hpp"
#include "dialects/tandem/providers.hpp"

namespace colonnade::dialects::tandem {

// All must outlive the dialect.
struct ServiceDependencies {
  core::ModelCatalog& catalog;
  core::ManagedToken& token;
  core::ScopeToolServers& tool_servers;
  core::TieredMemories& memories;
  core::MemoryImports& imports;
  core::Identities& identities;
  core::Resources& resources;
  base::Clock& clock;
};

class Services {
 public:
  explicit Services(ServiceDependencies deps);

  std::vector<net::Route> routes(const Callers& in);

 private:
  ProviderResource providers_;
  EngineTokenResource token_;
  McpServerResource mcp_servers_;
  MemoryResource memory_;
  MemoryImportResource memory_import_;
  IdentityResource identity_;
  KeyValueResource key_values_;
};

}  // namespace colonnade::dialects::tandem
