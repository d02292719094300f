// The reads of packs.
#pragma once

#include <vector>

#include "core/packs/pack_store.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/reader_pool.hpp"

namespace colonnade::storage::sqlite {

class PackReads final : public core::PackStore {
 public:
  // The readers must outlive it.
  explicit PackReads(ReaderPool& readers) : readers_(readers) {}

  base::Task<Result<std::vector<core::Pack>>> packs(core::Scope scope) override;
  base::Task<Result<std::vector<core::Pack>>> unfinished_packs() override;

 private:
  ReaderPool& readers_;
};

}  // namespace colonnade::storage::sqlite
