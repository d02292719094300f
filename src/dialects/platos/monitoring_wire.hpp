// Runs, traces and costs as JSON (platos §2.5, §5.5).
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/governance/action.hpp"
#include "core/spans/span_store.hpp"
#include "core/threads/thread.hpp"
#include "core/threads/threads.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::platos {

// What a list of runs or threads asks for. Errors of the decoders: invalid, naming the parameter.
base::Result<core::TracedRunFilter> decode_runs_query(const net::Request& request, base::Time now);
base::Result<core::TracedRunFilter> decode_traces_query(const net::Request& request,
                                                        base::Time now);
// One UTC day, named by `name` as YYYY-MM-DD; today without it.
base::Result<core::CostQuery> decode_day_query(const net::Request& request, const char* name,
                                               base::Time now);
// As many days as `name` says, today the last.
base::Result<core::CostQuery> decode_days_query(const net::Request& request, const char* name,
                                                std::size_t otherwise, base::Time now);

// What a list of safety events asks for. Of detectors and actions that this server has no use for
// it finds nothing.
struct SafetyQuery {
  core::SafetyEventFilter filter{};
  bool finds_nothing = false;
};
base::Result<SafetyQuery> decode_safety_query(const net::Request& request, base::Time now);

std::string encode_runs(const core::TracedRunPage& page);
std::string encode_trace_rows(std::span<const core::TracedThread> threads);
// {"spans":[…]}: each run's root span, then what it did, in order.
std::string encode_spans(std::span<const core::RunTraced> runs, base::Time now);
// A thread with its messages, its spans as a list and as a tree, and both in order of time.
std::string encode_thread_trace(const core::Thread& thread, const core::MessageList& messages,
                                std::span<const core::RunTraced> runs, base::Time now);

// By agent id, as the wire has it.
using AgentNames = std::map<std::string, std::string>;
// {"rollup":[…],"rows":[…],"fetchedAt"}, for both paths; `limit` rows at most.
std::string encode_agent_costs(std::span<const core::CostSum> sums, const AgentNames& names,
                               std::size_t limit, base::Time now);
// {"rollup":[…]}: a row for every day that was asked for, those without a run too.
std::string encode_day_costs(std::span<const core::CostSum> sums, const core::CostQuery& query);
std::string encode_day_total(std::span<const core::CostSum> sums);
std::string encode_model_costs(std::span<const core::CostSum> sums, std::size_t limit,
                               base::Time now);
std::string encode_user_costs(std::span<const core::CostSum> sums, std::size_t limit,
                              base::Time now);
std::string encode_summary(std::span<const core::CostSum> by_day,
                           std::span<const core::ToolUseSum> tools, const core::CostQuery& query,
                           base::Time now);
// {"rows":[…],"total","limit","offset","fetchedAt"}
std::string encode_safety_events(const core::SafetyEventPage& page,
                                 const core::SafetyEventFilter& filter, base::Time now);
std::string encode_tool_audit(std::span<const core::Action> actions,
                              std::span<const core::ToolUseSum> tools, base::Time now);

}  // namespace colonnade::dialects::platos
