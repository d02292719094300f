// The store port for flows and their runs, as core/events/journal.hpp says of all.
//
// Their changes are one alternative of core::Change, a pointer to a FlowChange (flow_change()
// makes it). A run goes with the job that drives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/flows/flow.hpp"
#include "core/flows/flow_run.hpp"
#include "core/flows/limits.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

using base::Result;

struct FlowRunFilter {
  std::string flow_id{};       // "" for all
  bool only_unended = false;   // by what the run itself says
  std::int64_t before_no = 0;  // of the last row of the page before; 0 for the first page
  std::size_t limit = limits::page_rows_default;
};
// Newest first. Cut after limits::flow_list_bytes_page_max of texts, never before the first row.
struct FlowRunPage {
  std::vector<FlowRun> runs{};
  std::optional<std::int64_t> next_before_no{};  // nullopt: nothing more fits
};

class FlowStore {
 public:
  virtual ~FlowStore() = default;
  // That owner's; nullopt: the oldest of that id in the scope.
  virtual base::Task<Result<std::optional<Flow>>> flow(Scope scope,
                                                       std::optional<std::string> owner,
                                                       std::string id) = 0;
  // In the order of their creation; after the one with that owner and id, both "" for the first
  // page.
  virtual base::Task<Result<std::vector<Flow>>> flows(Scope scope, std::optional<std::string> owner,
                                                      std::string after_owner, std::string after_id,
                                                      std::size_t limit) = 0;
  virtual base::Task<Result<std::optional<FlowRun>>> flow_run(Scope scope, std::string id) = 0;
  virtual base::Task<Result<FlowRunPage>> flow_runs(Scope scope, std::optional<std::string> owner,
                                                    FlowRunFilter filter) = 0;
};

// Inserts, or replaces the one of that owner and id. conflict with the field "revision" unless it
// is at `flow.revision - 1`, which is 0 for a new one; too_large when it is new and the account has
// `flows_max`.
struct PutFlow {
  Flow flow;
  std::size_t flows_max = limits::flows_per_account;
};
struct RemoveFlow {  // not_found. Its runs stay
  std::string owner{};
  std::string id{};
};
// Inserts or replaces, as above. not_found when there is no such job. too_large when it is new and
// the account's runs hold `bytes_max` already.
struct PutFlowRun {
  FlowRun run;
  std::size_t bytes_max = limits::flow_run_bytes_per_account;
};

struct FlowChange {
  std::variant<PutFlow, RemoveFlow, PutFlowRun> what;
};

template <class One>
std::shared_ptr<const FlowChange> flow_change(One one) {
  return std::make_shared<const FlowChange>(FlowChange{std::move(one)});
}

// That somebody else has changed it meanwhile.
constexpr std::string_view flow_revision_field = "revision";
inline bool was_changed_meanwhile(const base::Error& error) {
  return error.kind == base::ErrorKind::conflict && error.field == flow_revision_field;
}

}  // namespace colonnade::core
