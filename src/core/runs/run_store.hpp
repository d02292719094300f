// The store port for runs, their steps and their tool calls, as core/events/journal.hpp says of
// all.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/context/thread_summary.hpp"
#include "core/runs/run.hpp"
#include "core/spans/span.hpp"
#include "core/threads/message.hpp"
#include "core/threads/thread.hpp"

namespace colonnade::core {

using base::Result;
using base::Time;

// What a run starts from, as of one moment.
struct RunOpening {
  Thread thread;
  std::optional<Run> active{};             // the thread's run that is not terminal
  std::optional<ThreadSummary> summary{};  // the one that covers most
  std::vector<Message> newest{};           // those behind the summary, oldest first; a page at most
  bool more = false;                       // there may be older ones behind the summary
};

// A run as a client looks at it, as of one moment.
struct RunDetail {
  Run run;
  std::optional<Message> reply{};  // when it made one
  std::vector<ToolCall> calls{};   // in order of creation
};

// A run, and where its events begin.
struct RunOrigin {
  Run run;
  std::int64_t events_after = 0;  // a cursor: all events of the run come after it
};

class RunStore {
 public:
  virtual ~RunStore() = default;
  virtual base::Task<Result<std::optional<Run>>> run(Scope scope, std::string id) = 0;
  // The thread's run that is not terminal, if any; there is at most one.
  virtual base::Task<Result<std::optional<Run>>> active_run(Scope scope, std::string thread_id) = 0;
  // In order of `number`.
  virtual base::Task<Result<std::vector<RunStep>>> steps(Scope scope, std::string run_id) = 0;
  // In order of creation.
  virtual base::Task<Result<std::vector<ToolCall>>> tool_calls(Scope scope, std::string run_id) = 0;
  // The message that a finished run made, if it made one.
  virtual base::Task<Result<std::optional<Message>>> reply_of(Scope scope, std::string run_id) = 0;
  // What a run in that thread would start from; nullopt when there is no such thread.
  virtual base::Task<Result<std::optional<RunOpening>>> opening(Scope scope,
                                                                std::string thread_id) = 0;
  virtual base::Task<Result<std::optional<RunDetail>>> run_detail(Scope scope, std::string id) = 0;
  // The run of the thread's newest user message that started one.
  virtual base::Task<Result<std::optional<RunOrigin>>> newest_run(Scope scope,
                                                                  std::string thread_id) = 0;
  // Every run of every scope that is not terminal; for recovery at start only.
  virtual base::Task<Result<std::vector<Run>>> unfinished_runs() = 0;
};

struct InsertRun {  // conflict when the thread has an unfinished run or is deleted
  Run run;
};
struct UpdateRun {  // conflict unless the stored state is `from`
  Run run;
  RunState from = RunState::running;
  RunTrace trace{};  // what comes to it
};
struct InsertStep {
  RunStep step{};
};
struct InsertToolCall {
  ToolCall call{};
};
struct MoveToolCall {  // conflict unless the stored state is `from`: this makes "at most once" true
  std::string id{};
  ToolCallState from = ToolCallState::requested;
  ToolCallState to = ToolCallState::running;
  std::string result{};
  std::optional<Time> finished_at{};
  std::optional<base::Json> arguments{};  // replaces them: a human edited what is to run
};

}  // namespace colonnade::core
