// The journal: the one way to write to the store. What is to be written is a unit of changes, which
// is applied completely or not at all. Each noun's changes stand with its store port
// (core/<room>/<noun>_store.hpp).
//
// Of every store port: reads are awaited. A read sees every unit whose completion was called before
// it was first awaited, and resumes on the awaiting coroutine's lane. It is short: a page at most,
// by an index; what belongs together is one read, as of one moment. Anything long (search) says so
// and belongs on a worker thread. All members are thread-safe; hold no lock while you await one. A
// read across scopes finds nothing: nullopt or an empty page.
//
// Each change says what it does when the row is not as expected: the whole unit then fails with the
// kind named there, and nothing of it is applied.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "core/access/access_key_store.hpp"
#include "core/access/credential_store.hpp"
#include "core/access/entity_store.hpp"
#include "core/access/keyed_request_store.hpp"
#include "core/access/scope.hpp"
#include "core/agents/agent_store.hpp"
#include "core/artifacts/artifact_store.hpp"
#include "core/attachments/attachment_store.hpp"
#include "core/documents/document_store.hpp"
#include "core/events/event.hpp"
#include "core/events/store_health.hpp"
#include "core/governance/action_store.hpp"
#include "core/governance/audit_store.hpp"
#include "core/governance/permission_store.hpp"
#include "core/memory/memory_store.hpp"
#include "core/runs/run_store.hpp"
#include "core/spans/span_store.hpp"
#include "core/threads/thread_store.hpp"
#include "core/tools/tool_server_store.hpp"

namespace colonnade::core {

// A change of jobs, batches or schedules: core/jobs/job_store.hpp makes it.
struct JobChange;
using ChangeOfJobs = std::shared_ptr<const JobChange>;
// The same of budgets: core/budgets/budget_store.hpp.
struct BudgetChange;
using ChangeOfBudgets = std::shared_ptr<const BudgetChange>;
// The same of routines and their runs: core/routines/routine_store.hpp makes it.
struct RoutineChange;
using ChangeOfRoutines = std::shared_ptr<const RoutineChange>;
// The same of packs: core/packs/pack_store.hpp makes it.
struct PackChange;
using ChangeOfPacks = std::shared_ptr<const PackChange>;
// The same of flows and their runs: core/flows/flow_store.hpp makes it.
struct FlowChange;
using ChangeOfFlows = std::shared_ptr<const FlowChange>;

// Whoever visits it names every change: a new one must not be forgotten anywhere
// (core/events/change_subject.hpp).
using Change =
    std::variant<PutAgent, DeleteAgent, PutToolServer, DeleteToolServer, KeepToolPins, InsertThread,
                 InsertMessage, RenameThread, ArrangeThread, MoveThread, PinThreadVersion,
                 EditOutMessages, DeleteThread, RestoreThread, EraseThread, PurgeThread,
                 InsertSummary, InsertRun, UpdateRun, InsertStep, InsertToolCall, MoveToolCall,
                 InsertAction, UpdateAction, InsertPermission, RevokePermission, AppendAudit,
                 InsertCredential, TouchCredential, RevokeCredential, InsertKeyedRequest,
                 LinkKeyedRequest, AnswerKeyedRequest, DropKeyedRequest, PurgeKeyedRequests,
                 PutMemory, RemoveMemory, RemoveMemoriesOfAgent, PlaceMemory, SweepMemories,
                 InsertEntity, ChangeEntitySecrets, DeleteEntity, InsertAccessKey, DeleteAccessKey,
                 InsertArtifact, InsertAttachment, UseAttachment, RemoveAttachment, PutDocument,
                 RemoveDocument, ReplaceToolServer, ChangeOfJobs, ForgetSpans, ChangeOfBudgets,
                 ChangeOfRoutines, ChangeOfPacks, ChangeOfFlows>;

// What is committed together. Changes are applied in order, then events are appended in order.
struct Unit {
  Scope scope;
  // Whose share of the queue it takes while it waits (core/access/account.hpp); "" for what the
  // server does by itself, which counts as its scope's.
  std::string account{};
  std::vector<Change> changes{};
  std::vector<Event> events{};  // cursor and seq are the store's to give
};

// Told of every commit, on the writer's thread, in commit order, before the completions of its
// units.
class CommitObserver {
 public:
  virtual ~CommitObserver() = default;
  // All events of one transaction, in cursor order, now durable. `completions` holds the
  // completions of the transaction's units: the observer must see to it that each is called exactly
  // once, and may put that off until the events are delivered. Never throws.
  virtual void committed(std::vector<std::shared_ptr<const Event>> events,
                         std::vector<std::move_only_function<void()>> completions) = 0;
};

class Journal {
 public:
  // Called once per unit, on an arbitrary thread, after it is durable (or failed). The cursor is
  // that of the unit's last event, 0 when it had none.
  using Completion = std::move_only_function<void(Result<std::int64_t>)>;

  virtual ~Journal() = default;
  // Queues a unit. Units of one thread are applied in their order; all that wait form one
  // transaction (group commit). A unit that fails is rolled back alone.
  // Errors, perhaps before this returns. What the change names (conflict, not_found, invalid, …):
  // never stored as it is. unavailable and retryable, with `retry_after`: not stored now (no space,
  // a failed write or sync, limits::commit_queue_units_max units wait); it may be appended again.
  // rate_limited, the same, when limits::commit_queue_units_per_account of the unit's account wait:
  // those of others are taken. unavailable and not retryable: the store is closed, or damaged.
  // internal: a bug.
  //
  // When the disk refuses a transaction, all of its units fail, and all that wait behind it, in
  // their order; later ones fail at once until the disk works again (health()). Whoever needs an
  // order among units appends the next after the completion of the one before. What a failed sync
  // refused is undone before another unit is taken. But if the process ends before that, the next
  // start may find such a unit stored, whole, as if it had been acknowledged: whoever was refused
  // does not know, and whoever starts goes by what is stored.
  virtual void append(Unit unit, Completion completion) = 0;
  // At most one observer, set before the first append; it must outlive the journal's use.
  virtual void observe(CommitObserver& observer) = 0;
  // Whether units can be stored now. Any thread; cheap enough for every request.
  virtual StoreHealth health() const = 0;
};

}  // namespace colonnade::core
