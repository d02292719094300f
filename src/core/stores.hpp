// What wiring hands out of a store; one object may be all of them.
#pragma once

#include "core/events/event_store.hpp"
#include "core/events/journal.hpp"

namespace colonnade::core {

class BudgetStore;   // core/budgets/budget_store.hpp
class FlowStore;     // core/flows/flow_store.hpp
class JobStore;      // core/jobs/job_store.hpp
class PackStore;     // core/packs/pack_store.hpp
class RoutineStore;  // core/routines/routine_store.hpp

struct Stores {
  AgentStore& agents;
  ToolServerStore& tool_servers;
  ThreadStore& threads;
  RunStore& runs;
  EventStore& events;
  CredentialStore& credentials;
  EntityStore& entities;
  AccessKeyStore& access_keys;
  KeyedRequestStore& keyed_requests;
  ActionStore& actions;
  PermissionStore& permissions;
  AuditStore& audit;
  MemoryStore& memories;
  ArtifactStore& artifacts;
  AttachmentStore& attachments;
  DocumentStore& documents;
  JobStore& jobs;
  SpanStore& spans;
  BudgetStore& budgets;
  RoutineStore& routines;
  PackStore& packs;
  FlowStore& flows;
  Journal& journal;
};

}  // namespace colonnade::core
