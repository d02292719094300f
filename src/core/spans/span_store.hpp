// The store port for what is known of runs after the fact: lists of them, their spans, and what
// they cost. Reads only, but for what is forgotten; the rest is written with runs and their steps
// (core/runs/run_store.hpp).
//
// These reads may look through many rows. They block, belong on a worker thread, and end soon after
// `stop` is requested, with cancelled. `owner`: whose runs alone; nullopt for all of the scope.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/models/usage.hpp"
#include "core/runs/run.hpp"
#include "core/spans/safety_event.hpp"
#include "core/spans/span.hpp"

namespace colonnade::core {

// A run as its trace knows it.
struct TracedRun {
  std::string id{};
  std::string trace_id{};
  TraceParent parent{};  // what its request was part of; empty for a trace of its own
  Scope scope;
  std::string thread_id{};
  std::string agent_id{};
  std::string owner{};
  RunState state = RunState::running;
  base::Time created_at{};
  std::optional<base::Time> finished_at{};
  std::string error{};
  std::string provider{};  // "" until the first wait or the end
  std::string model{};     // that answered last; "" as well
  Usage usage{};
  std::int64_t cost_micros = 0;
  int tool_calls = 0;
  bool by_sub_agent = false;
};

struct RunTraced {
  TracedRun run;
  std::vector<Span> spans{};  // in order of their beginning, each once
};

struct TracedRunFilter {
  std::optional<std::string> owner{};
  std::optional<std::string> agent_id{};
  std::string thread_id{};         // "" for all
  std::optional<bool> archived{};  // of threads
  std::vector<RunState> states{};  // none: all
  base::Time since{};              // that began then or later
  std::size_t limit = 50;
};
struct TracedRunPage {
  std::vector<TracedRun> runs{};  // newest first
  // How many the filter finds among the newest limits::monitored_runs_looked_at_max of the scope.
  std::size_t total = 0;
};

// A thread with what its runs came to.
struct TracedThread {
  std::string id{};
  std::string agent_id{};
  std::string owner{};
  std::string title{};
  bool archived = false;
  int turns = 0;
  std::int64_t messages = 0;
  std::string newest_trace_id{};  // "" when it has no run
  Usage usage{};
  std::int64_t cost_micros = 0;
  int tool_calls = 0;
  base::Time created_at{};
  base::Time updated_at{};
};

// By what costs are added up. A run counts on the day of its end, in UTC.
enum class CostsBy { day, agent, model, user };
struct CostQuery {
  CostsBy by = CostsBy::day;
  std::optional<std::string> owner{};
  std::optional<std::string> agent_id{};
  base::Time from{};
  base::Time until{};  // not included
};
// Sums over runs that have ended.
struct CostSum {
  std::string key{};       // the agent's id, the model's name, the user's id; "" by day
  std::string provider{};  // by model
  std::int64_t day = 0;    // by day: since 1970
  std::int64_t runs = 0;
  std::int64_t failed_runs = 0;
  std::int64_t threads = 0;  // different ones; those that were erased are not counted
  Usage usage{};             // without reasoning tokens
  std::int64_t cost_micros = 0;
};

// What was called, how often, and how it ended.
struct ToolUseSum {
  std::string tool{};
  std::int64_t calls = 0;
  std::int64_t failed = 0;
  std::int64_t denied = 0;
  std::int64_t micros = 0;  // from request to end, waits included; of those that have ended
};

// What waits in the store just now, and how large it is.
struct StoreGauges {
  std::int64_t approvals_waiting = 0;
  std::optional<base::Time> oldest_approval{};  // that waits
  struct JobQueue {
    std::string name{};
    std::int64_t queued = 0;
    std::int64_t running = 0;
  };
  std::vector<JobQueue> job_queues{};  // of every scope by name; the longest ones
  std::int64_t bytes = 0;
  std::int64_t log_bytes = 0;  // of what was committed and is not in the store's file yet
};

class SpanStore {
 public:
  using Time = base::Time;
  virtual ~SpanStore() = default;
  virtual base::Result<TracedRunPage> traced_runs(const Scope& scope, const TracedRunFilter& filter,
                                                  std::stop_token stop) = 0;
  // The newest limits::traced_runs_max runs of a trace, or of a thread, oldest first.
  virtual base::Result<std::vector<RunTraced>> traces(const Scope& scope,
                                                      const std::optional<std::string>& owner,
                                                      std::string_view id,
                                                      std::stop_token stop) = 0;
  // Threads that are not deleted, last changed first.
  virtual base::Result<std::vector<TracedThread>> traced_threads(const Scope& scope,
                                                                 const TracedRunFilter& filter,
                                                                 std::stop_token stop) = 0;
  // By day: oldest first; else what cost most first. At most limits::list_rows_max.
  virtual base::Result<std::vector<CostSum>> costs(const Scope& scope, const CostQuery& query,
                                                   std::stop_token stop) = 0;
  virtual base::Result<std::vector<ToolUseSum>> tool_uses(const Scope& scope,
                                                          const CostQuery& query,
                                                          std::stop_token stop) = 0;
  virtual base::Result<SafetyEventPage> safety_events(const Scope& scope,
                                                      const SafetyEventFilter& filter,
                                                      std::stop_token stop) = 0;
  // Short, and awaited as other reads: one run with its spans, for who sends traces on.
  virtual base::Task<base::Result<std::optional<RunTraced>>> traced_run(Scope scope,
                                                                        std::string run_id) = 0;
  virtual base::Task<base::Result<StoreGauges>> gauges() = 0;
  // Whether there are spans of runs that began before.
  virtual base::Task<base::Result<bool>> any_spans_before(Time time) = 0;
};

// Forgets the spans of the oldest runs that began before, at most
// limits::forgotten_spans_rows_max runs at once. The runs, and what they cost, stay.
struct ForgetSpans {
  base::Time began_before{};
};

}  // namespace colonnade::core
