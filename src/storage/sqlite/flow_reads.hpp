// The reads of flows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/flows/flow_store.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/reader_pool.hpp"

namespace colonnade::storage::sqlite {

class FlowReads final : public core::FlowStore {
 public:
  // The readers must outlive it.
  explicit FlowReads(ReaderPool& readers) : readers_(readers) {}

  base::Task<Result<std::optional<core::Flow>>> flow(core::Scope scope,
                                                     std::optional<std::string> owner,
                                                     std::string id) override;
  base::Task<Result<std::vector<core::Flow>>> flows(core::Scope scope,
                                                    std::optional<std::string> owner,
                                                    std::string after_owner, std::string after_id,
                                                    std::size_t limit) override;
  base::Task<Result<std::optional<core::FlowRun>>> flow_run(core::Scope scope,
                                                            std::string id) override;
  base::Task<Result<core::FlowRunPage>> flow_runs(core::Scope scope,
                                                  std::optional<std::string> owner,
                                                  core::FlowRunFilter filter) override;

 private:
  ReaderPool& readers_;
};

}  // namespace colonnade::storage::sqlite
