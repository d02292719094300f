// The reads of runs after the fact: lists, spans, costs, and what was refused (safety_reads.cpp).
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/spans/span_store.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/reader_pool.hpp"

namespace colonnade::storage::sqlite {

class SpanReads final : public core::SpanStore {
 public:
  // The readers must outlive it.
  explicit SpanReads(ReaderPool& readers) : readers_(readers) {}

  Result<core::TracedRunPage> traced_runs(const core::Scope& scope,
                                          const core::TracedRunFilter& filter,
                                          std::stop_token stop) override;
  Result<std::vector<core::RunTraced>> traces(const core::Scope& scope,
                                              const std::optional<std::string>& owner,
                                              std::string_view id, std::stop_token stop) override;
  Result<std::vector<core::TracedThread>> traced_threads(const core::Scope& scope,
                                                         const core::TracedRunFilter& filter,
                                                         std::stop_token stop) override;
  Result<std::vector<core::CostSum>> costs(const core::Scope& scope, const core::CostQuery& query,
                                           std::stop_token stop) override;
  Result<std::vector<core::ToolUseSum>> tool_uses(const core::Scope& scope,
                                                  const core::CostQuery& query,
                                                  std::stop_token stop) override;
  Result<core::SafetyEventPage> safety_events(const core::Scope& scope,
                                              const core::SafetyEventFilter& filter,
                                              std::stop_token stop) override;
  base::Task<Result<std::optional<core::RunTraced>>> traced_run(core::Scope scope,
                                                                std::string run_id) override;
  base::Task<Result<core::StoreGauges>> gauges() override;
  base::Task<Result<bool>> any_spans_before(Time time) override;

 private:
  ReaderPool& readers_;
};

}  // namespace colonnade::storage::sqlite
