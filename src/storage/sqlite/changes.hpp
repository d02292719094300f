// Changes as SQL. Runs on the writer's connection, inside its transaction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/events/journal.hpp"
#include "core/flows/flow_store.hpp"
#include "core/packs/pack_store.hpp"
#include "core/routines/routine_store.hpp"
#include "storage/sqlite/budget_changes.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/job_changes.hpp"
#include "storage/sqlite/thread_index.hpp"

namespace colonnade::storage::sqlite {

class Changes {
 public:
  Changes(Database& database, ThreadIndex& threads)
      : database_(database), threads_(threads), jobs_(database), budgets_(database) {}

  // Fails with the kind that is named where the change is declared. A change that fails may have
  // written part of itself; wrote() then tells.
  Result<void> apply(const core::Scope& scope, const core::Change& change);

  // Whether anything was written since the last reset_wrote().
  bool wrote() const { return wrote_; }
  void reset_wrote() { wrote_ = false; }
  // Messages since the last call, rolled back ones included.
  std::size_t take_messages_stored() { return std::exchange(messages_stored_, 0); }
  // Events that changes of the unit have made by themselves, since the last call.
  std::vector<core::Event> take_events() { return std::exchange(made_events_, {}); }
  // Whether something was erased since the last call, rolled back or not.
  bool take_erased() { return std::exchange(has_erased_, false); }
  // After a rollback of any kind: where the audit trail ends is to be read again.
  void forget_audit_end() { audit_end_.reset(); }

 private:
  Result<void> on(const core::Scope& scope, const core::PutAgent& change);
  Result<void> on(const core::Scope& scope, const core::DeleteAgent& change);
  Result<void> on(const core::Scope& scope, const core::PutToolServer& change);
  Result<void> on(const core::Scope& scope, const core::DeleteToolServer& change);
  Result<void> on(const core::Scope& scope, const core::KeepToolPins& change);
  Result<void> on(const core::Scope& scope, const core::InsertThread& change);
  Result<void> on(const core::Scope& scope, const core::InsertMessage& change);
  Result<void> on(const core::Scope& scope, const core::RenameThread& change);
  Result<void> on(const core::Scope& scope, const core::ArrangeThread& change);
  Result<void> on(const core::Scope& scope, const core::MoveThread& change);
  Result<void> on(const core::Scope& scope, const core::PinThreadVersion& change);
  Result<void> on(const core::Scope& scope, const core::EditOutMessages& change);
  Result<void> on(const core::Scope& scope, const core::DeleteThread& change);
  Result<void> on(const core::Scope& scope, const core::RestoreThread& change);
  Result<void> on(const core::Scope& scope, const core::InsertSummary& change);
  Result<void> on(const core::Scope& scope, const core::EraseThread& change);
  Result<void> on(const core::Scope& scope, const core::PurgeThread& change);
  Result<void> on(const core::Scope& scope, const core::InsertRun& change);
  Result<void> on(const core::Scope& scope, const core::UpdateRun& change);
  Result<void> on(const core::Scope& scope, const core::InsertStep& change);
  Result<void> on(const core::Scope& scope, const core::InsertToolCall& change);
  Result<void> on(const core::Scope& scope, const core::MoveToolCall& change);
  Result<void> on(const core::Scope& scope, const core::InsertAction& change);
  Result<void> on(const core::Scope& scope, const core::UpdateAction& change);
  Result<void> on(const core::Scope& scope, const core::InsertPermission& change);
  Result<void> on(const core::Scope& scope, const core::RevokePermission& change);
  Result<void> on(const core::Scope& scope, const core::AppendAudit& change);
  Result<void> on(const core::Scope& scope, const core::InsertCredential& change);
  Result<void> on(const core::Scope& scope, const core::TouchCredential& change);
  Result<void> on(const core::Scope& scope, const core::RevokeCredential& change);
  Result<void> on(const core::Scope& scope, const core::InsertKeyedRequest& change);
  Result<void> on(const core::Scope& scope, const core::LinkKeyedRequest& change);
  Result<void> on(const core::Scope& scope, const core::AnswerKeyedRequest& change);
  Result<void> on(const core::Scope& scope, const core::DropKeyedRequest& change);
  Result<void> on(const core::Scope& scope, const core::PurgeKeyedRequests& change);
  Result<void> on(const core::Scope& scope, const core::PutMemory& change);
  Result<void> on(const core::Scope& scope, const core::RemoveMemory& change);
  Result<void> on(const core::Scope& scope, const core::RemoveMemoriesOfAgent& change);
  Result<void> on(const core::Scope& scope, const core::PlaceMemory& change);
  Result<void> on(const core::Scope& scope, const core::SweepMemories& change);
  Result<void> on(const core::Scope& scope, const core::InsertEntity& change);
  Result<void> on(const core::Scope& scope, const core::ChangeEntitySecrets& change);
  Result<void> on(const core::Scope& scope, const core::DeleteEntity& change);
  Result<void> on(const core::Scope& scope, const core::InsertAccessKey& change);
  Result<void> on(const core::Scope& scope, const core::DeleteAccessKey& change);
  Result<void> on(const core::Scope& scope, const core::InsertArtifact& change);
  Result<void> on(const core::Scope& scope, const core::InsertAttachment& change);
  Result<void> on(const core::Scope& scope, const core::UseAttachment& change);
  Result<void> on(const core::Scope& scope, const core::RemoveAttachment& change);
  Result<void> on(const core::Scope& scope, const core::PutDocument& change);
  Result<void> on(const core::Scope& scope, const core::ReplaceToolServer& change);
  Result<void> on(const core::Scope& scope, const core::RemoveDocument& change);
  Result<void> on(const core::Scope& scope, const core::ChangeOfJobs& change);
  Result<void> on(const core::Scope& scope, const core::ForgetSpans& change);
  Result<void> on(const core::Scope& scope, const core::ChangeOfBudgets& change);
  Result<void> on(const core::Scope& scope, const core::ChangeOfFlows& change);
  Result<void> on(const core::Scope& scope, const core::PutFlow& change);
  Result<void> on(const core::Scope& scope, const core::RemoveFlow& change);
  Result<void> on(const core::Scope& scope, const core::PutFlowRun& change);
  Result<void> on(const core::Scope& scope, const core::ChangeOfRoutines& change);
  Result<void> on(const core::Scope& scope, const core::PutRoutine& change);
  Result<void> on(const core::Scope& scope, const core::RemoveRoutine& change);
  Result<void> on(const core::Scope& scope, const core::PutRoutineRun& change);
  Result<void> on(const core::Scope& scope, const core::WatchRoutineLine& change);
  Result<void> join_routine_line(const core::Scope& scope, const core::PutRoutineRun& change,
                                 bool is_in_line);
  Result<void> on(const core::Scope& scope, const core::ChangeOfPacks& change);
  Result<void> on(const core::Scope& scope, const core::PutPack& change);
  Result<void> on(const core::Scope& scope, const core::RemovePack& change);
  Result<void> keep_routine_files(const core::Scope& scope, const core::PutRoutineRun& change);
  Result<void> check_routine_files(const core::Scope& scope, const core::PutRoutineRun& change);
  // What runs have kept of the session, and what their notes say of it.
  Result<void> forget_routine_files(const core::Scope& scope, const std::string& thread_id);

  Result<void> withdraw_calls_of(const core::Scope& scope, const std::string& thread_id, Time at);
  Result<std::int64_t> keep_costs_of(const core::Scope& scope, const std::string& thread_id);
  Result<void> purge_beside(const core::Scope& scope, const std::string& id);
  Result<void> remove_memories_of(const core::Scope& scope, const std::string& thread_id);
  struct MemoryPlace {
    std::int64_t no = 0;
    std::int64_t partition = 0;
  };
  Result<void> remove_memories(const std::vector<MemoryPlace>& places);
  Result<void> erase_threads_of(const core::Scope& scope, const std::string& agent_id, Time at);
  Result<void> store_message(const core::Scope& scope, const core::Message& message,
                             std::int64_t thread_no);

  // 0 when the holder has kept nothing yet.
  Result<std::int64_t> memory_partition(const core::Scope& scope, const core::MemoryHolder& holder);
  Result<std::int64_t> memory_partition_for_writing(const core::Scope& scope,
                                                    const core::MemoryHolder& holder);
  Result<std::int64_t> memory_number(std::int64_t partition, const core::MemoryItem& item);
  Result<std::int64_t> insert_memory(std::int64_t partition, const core::PutMemory& change);
  Result<void> replace_memory(std::int64_t no, const core::MemoryItem& item);
  Result<void> index_memory(std::int64_t no);
  Result<void> unindex_memory(std::int64_t no);
  Result<void> put_memory_vector(std::int64_t no, std::int64_t partition,
                                 const core::MemoryVector& vector);
  Result<void> remove_memory(std::int64_t no);

  // Runs a statement and notes whether it changed anything.
  template <class... Values>
  Result<std::int64_t> write(const char* sql, const Values&... values) {
    auto changed = database_.run(sql, values...);
    if (changed && *changed > 0) wrote_ = true;
    return changed;
  }
  // One row must be inserted: a duplicate is a conflict, no row a missing parent.
  Result<void> inserted(const Result<std::int64_t>& changed, std::string_view what,
                        std::string_view id, std::string_view parent = {});

  Database& database_;
  ThreadIndex& threads_;
  JobChanges jobs_;
  BudgetChanges budgets_;
  bool wrote_ = false;
  bool has_erased_ = false;
  std::size_t messages_stored_ = 0;
  std::vector<core::Event> made_events_;
  struct AuditEnd {
    std::int64_t seq = 0;
    std::string hash{};
  };
  Result<AuditEnd> audit_end();

  std::optional<AuditEnd> audit_end_{};  // as far as this transaction has come
  std::string parts_;                    // reused
};

}  // namespace colonnade::storage::sqlite
