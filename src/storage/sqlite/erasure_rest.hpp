// What is left to do after something was erased. Its rows are gone and overwritten, but the search
// indexes keep its words in old segments until those are merged, and the write-ahead log keeps its
// pages until it is cut. Both are done in small steps; a row of erasures_to_finish remembers what
// is to be done over a restart.
//
// Used on the writer's thread alone, outside of transactions.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "storage/sqlite/database.hpp"
#include "storage/sqlite/write_ahead_log.hpp"

namespace colonnade::storage::sqlite {

class ErasureRest {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  ErasureRest(Database& database, WriteAheadLog& log, std::chrono::milliseconds busy_time)
      : database_(database), log_(log), busy_time_(busy_time) {}

  // Something was erased, or may have been before the store was opened.
  void add() { is_wanted_ = is_wanted_again_ = true; }
  bool is_wanted() const { return is_wanted_; }
  // When the next step is due.
  SteadyTime due() const { return due_; }
  // One step.
  void step();
  // All of it, unless it takes longer than limits::erasure_time_at_close.
  void finish();

 private:
  enum class Phase { begin, merge, empty_log };

  Result<void> step_of_phase();
  Result<void> begin();
  Result<void> merge();
  Result<void> empty_log();
  // False when nothing was left to merge.
  Result<bool> merge_some(const std::string& index, int pages);
  void rest(std::chrono::milliseconds time) { due_ = std::chrono::steady_clock::now() + time; }

  Database& database_;
  WriteAheadLog& log_;
  std::chrono::milliseconds busy_time_;
  bool is_wanted_ = false;
  bool is_wanted_again_ = false;  // something was erased since the round began
  Phase phase_ = Phase::begin;
  std::vector<std::string> indexes_{};  // still to be merged
  SteadyTime due_{};
};

}  // namespace colonnade::storage::sqlite
