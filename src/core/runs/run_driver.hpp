// Drives one run on one lane: does what the turn machine says. Its parts do the work: ModelCall
// asks the model, ToolRound sees to the tool calls, RunRecord stores.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/governance/limits.hpp"
#include "core/runs/limits.hpp"
#include "core/runs/model_call.hpp"
#include "core/runs/run_inputs.hpp"
#include "core/runs/run_machine.hpp"
#include "core/runs/run_record.hpp"
#include "core/runs/run_start.hpp"
#include "core/runs/tool_round.hpp"
#include "core/tools/limits.hpp"

namespace colonnade::core {

struct RunOptions {
  RunLimits limits{};
  std::chrono::milliseconds run_time_max = limits::run_time_max;
  std::chrono::milliseconds tool_time_max = limits::tool_time_max;
  std::chrono::milliseconds approval_time_max = limits::approval_time_max;
  ModelSettings defaults{};  // configuration: used when request, thread and agent say nothing
  ContextOptions context{};
  CommitRetry commit_retry{};
  std::size_t message_bytes_max = limits::message_bytes_max;
  std::size_t active_per_account = limits::active_runs_per_account;
  std::size_t active_max = limits::active_runs_max;
  bool auto_title = true;
};

// How a driver ended.
struct RunOutcome {
  enum class Kind {
    finished,   // terminal and stored
    waiting,    // stored as waiting_approval; somebody resumes it later
    abandoned,  // left as it is, to be taken up at the next start
    refused,    // the store refused its end: to be settled by what the store holds of it
  };
  Kind kind = Kind::abandoned;
  std::optional<FinishedRun> finished{};  // when finished
  base::Error error{};                    // when abandoned or refused
};

// What each part of a driver uses.
struct RunDriverPorts {
  RunRecordPorts record;
  ModelCallPorts model;
  ToolRoundPorts tools;
};

// Members are for the run's lane only, except where they say "any thread".
class RunDriver : public std::enable_shared_from_this<RunDriver> {
 public:
  // `options` must outlive the driver.
  RunDriver(const RunDriverPorts& ports, const RunOptions& options, base::Lane& lane,
            RunStart start);

  // Stores what a fresh run begins with (RunRecord::open). Where budgets count the run, `tools` are
  // what it is offered, as far as is known. Any thread, once, before drive().
  RunRecord::Opened open(std::string keyed_request_id,
                         const std::optional<std::vector<ToolDefinition>>& tools = {});
  // Runs to the end. `self` keeps the driver alive; call once, on the lane. What a part of the run
  // throws is thrown here, once none of them is at work any more.
  static base::Task<RunOutcome> drive(std::shared_ptr<RunDriver> self);

  // Any thread; takes effect soon. A driver that is about to end as waiting may not see it any
  // more: whoever lets go of it asks cancel_noted().
  void cancel();
  // The same, but a tool that runs may come to its end; nothing follows it.
  void cancel_after_tools();
  void note_cancel() { cancel_noted_.store(true); }
  bool cancel_noted() const { return cancel_noted_.load(); }
  // A human has answered a question of this run. Any thread; takes effect soon.
  void recheck();
  // Stop where it is and leave the rest to the next start. Any thread.
  void park();

  base::Lane& lane() { return lane_; }
  const Run& run() const { return run_; }  // as it started; any thread

 private:
  struct OnLaneOnly;

  base::Task<RunOutcome> loop();
  base::Task<std::optional<RunAction>> begin();
  base::Task<std::optional<RunOutcome>> perform(RunAction action);
  base::Task<void> ask_model(bool restarted);
  base::Task<void> change_model(std::size_t fallback);
  base::Task<void> take_reply(ModelReply reply);
  bool fits_schema(const ModelReply& reply);
  bool needs_tool() const;
  std::string used_up() const;
  base::Task<RunOutcome> finish(Finish end);
  base::Task<std::optional<RunOutcome>> wait_for_humans();
  base::Task<void> end_work();
  std::shared_ptr<ToolRound> shared_tools() { return {shared_from_this(), &tools_}; }

  const RunOptions& options_;
  base::Lane& lane_;
  const Run run_;
  const Message user_message_;
  const bool recovered_;
  const bool untitled_;
  const std::vector<FallbackModel> fallbacks_;
  RunInputs inputs_;
  std::shared_ptr<RunRecord> record_;
  ModelCall model_;
  ToolRound tools_;
  RunMachine machine_;
  ToolRunner& tool_runner_;  // checks values against schemas
  const base::Json output_schema_;
  std::int64_t tool_calls_made_ = 0;
  bool ends_after_tools_ = false;
  int output_attempts_ = 0;
  bool output_is_void_ = false;  // what was shown of the answer is said anew
  std::atomic<bool> cancel_noted_{false};
};

}  // namespace colonnade::core
