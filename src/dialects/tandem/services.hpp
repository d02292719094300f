// What Tandem has besides sessions, streams and tools: providers, tokens, MCP servers, memory,
// identity, resources, routines, automations of both versions, packs and capabilities.
#pragma once

#include <vector>

#include "base/clock.hpp"
#include "core/access/managed_token.hpp"
#include "core/capabilities/capabilities.hpp"
#include "core/documents/identities.hpp"
#include "core/documents/resources.hpp"
#include "core/flows/flow_runs.hpp"
#include "core/flows/flows.hpp"
#include "core/memory/memory_imports.hpp"
#include "core/memory/tiered_memories.hpp"
#include "core/models/model_catalog.hpp"
#include "core/packs/packs.hpp"
#include "core/routines/routine_runs.hpp"
#include "core/routines/routines.hpp"
#include "core/tools/scope_tool_servers.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/tandem/caller.hpp"
#include "dialects/tandem/capabilities.hpp"
#include "dialects/tandem/engine_token.hpp"
#include "dialects/tandem/flows.hpp"
#include "dialects/tandem/identity.hpp"
#include "dialects/tandem/key_values.hpp"
#include "dialects/tandem/mcp_servers.hpp"
#include "dialects/tandem/memory.hpp"
#include "dialects/tandem/memory_import.hpp"
#include "dialects/tandem/packs.hpp"
#include "dialects/tandem/providers.hpp"
#include "dialects/tandem/routines.hpp"

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
  core::Routines& routines;
  core::RoutineRuns& routine_runs;
  core::Packs& packs;
  core::Capabilities& capabilities;
  core::Flows& flows;
  core::FlowRuns& flow_runs;
  base::Clock& clock;
};

class Services {
 public:
  Services(ServiceDependencies deps, AnswerOnce& answer_once);

  std::vector<net::Route> routes(const Callers& in);

 private:
  ProviderResource providers_;
  EngineTokenResource token_;
  McpServerResource mcp_servers_;
  MemoryResource memory_;
  MemoryImportResource memory_import_;
  IdentityResource identity_;
  KeyValueResource key_values_;
  RoutineResource routines_;
  RoutineResource automations_;
  PackResource packs_;
  CapabilityResource capabilities_;
  FlowResource flows_;
};

}  // namespace colonnade::dialects::tandem
