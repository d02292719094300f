// The reads of routines.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/routines/routine_store.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/reader_pool.hpp"

namespace colonnade::storage::sqlite {

#define COLONNADE_ROUTINE_RUN_COLUMNS "job_id, scope, owner, routine_id, revision, notes, line"
Result<core::RoutineRunNotes> read_routine_run(Statement& row);

class RoutineReads final : public core::RoutineStore {
 public:
  // The readers must outlive it.
  explicit RoutineReads(ReaderPool& readers) : readers_(readers) {}

  base::Task<Result<std::optional<core::Routine>>> routine(core::Scope scope,
                                                           std::optional<std::string> owner,
                                                           std::string id) override;
  base::Task<Result<std::vector<core::Routine>>> routines(core::Scope scope,
                                                          std::optional<std::string> owner,
                                                          std::string after_owner,
                                                          std::string after_id,
                                                          std::size_t limit) override;
  base::Task<Result<std::optional<core::RoutineRunNotes>>> routine_run(core::Scope scope,
                                                                       std::string job_id) override;
  base::Task<Result<std::optional<std::string>>> run_before(core::Scope scope, std::string owner,
                                                            std::string routine_id,
                                                            std::string job_id) override;

 private:
  ReaderPool& readers_;
};

}  // namespace colonnade::storage::sqlite
