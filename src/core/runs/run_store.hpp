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
#include "core/access/scope.hpp"
#include "core/runs/run.hpp"
#include "core/threads/message.hpp"

namespace colonnade::core {

using base::Result;
using base::Time;

class RunStore {
 public:
  virtual ~RunStore() = default;
  virtual Result<std::optional<Run>> run(const Scope& scope, std::string_view id) = 0;
  // The thread's run that is not terminal, if any; there is at most one.
  virtual Result<std::optional<Run>> active_run(const Scope& scope, std::string_view thread_id) = 0;
  // In order of `number`.
  virtual Result<std::vector<RunStep>> steps(const Scope& scope, std::string_view run_id) = 0;
  // In order of creation.
  virtual Result<std::vector<ToolCall>> tool_calls(const Scope& scope, std::string_view run_id) = 0;
  // The message that a finished run made, if it made one.
  virtual Result<std::optional<Message>> reply_of(const Scope& scope, std::string_view run_id) = 0;
  // Every run of every scope that is not terminal; for recovery at start only.
  virtual Result<std::vector<Run>> unfinished_runs() = 0;
};

struct InsertRun {  // conflict when the thread has an unfinished run or is deleted
  Run run{};
};
struct UpdateRun {  // conflict unless the stored state is `from`
  Run run{};
  RunState from = RunState::running;
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
