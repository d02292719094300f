// The turn machine: what next in one run? Pure: no I/O, clock or threads. Inputs in, next action
// out; core/runs does what it says.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "core/models/model_provider.hpp"
#include "core/runs/limits.hpp"
#include "core/runs/run.hpp"

namespace colonnade::core {

// --- inputs -------------------------------------------------------------------------------------

struct ModelReplied {
  StopReason stop_reason = StopReason::end_turn;
  std::vector<std::string> tool_call_ids{};  // ours, in the model's order
  bool cut_off = false;  // the output limit ended it within its calls: none can be made
};
struct ModelFailed {
  base::Error error{};
  bool output_seen = false;  // deltas of this attempt were already published
};
enum class GateAnswer { allowed, denied, pending };
struct GateAnswered {
  std::string tool_call_id{};
  GateAnswer answer = GateAnswer::denied;
};
struct ToolFinished {
  std::string tool_call_id{};
};
struct HumanAnswered {
  std::string tool_call_id{};
  bool allowed = false;
};
struct RetryDue {};
struct ModelChosen {     // answers ChangeModel
  bool changed = false;  // false: there is no asking that one
};
struct LimitReached {  // run time, budget
  std::string message{};
};
struct CommitFailed {  // the store refused something for good: nothing may follow from it
  base::Error error{};
};
struct CancelRequested {};
struct StopRequested {};  // the same, but tools that run come to their end
using RunInput =
    std::variant<ModelReplied, ModelFailed, GateAnswered, ToolFinished, HumanAnswered, RetryDue,
                 ModelChosen, LimitReached, CommitFailed, CancelRequested, StopRequested>;

// --- actions ------------------------------------------------------------------------------------

struct AskModel {
  bool restarted = false;  // tell subscribers to drop the deltas of the attempt before
};
struct WaitToRetry {
  std::chrono::milliseconds delay{};
};
struct ChangeModel {         // the model has failed for good: ask another one from now on
  std::size_t fallback = 0;  // its place in RunLimits::fallbacks
};
struct AskGate {
  std::vector<std::string> tool_call_ids{};
};
struct RunTool {
  std::string tool_call_id{};
};
struct StopTools {};  // cancel those that run; their ToolFinished inputs still come
struct Wait {};       // something is under way; nothing new to do
struct Park {};       // only humans can go on: store and let go
struct Finish {
  RunState state = RunState::succeeded;
  std::string error{};
};
using RunAction = std::variant<AskModel, WaitToRetry, ChangeModel, AskGate, RunTool, StopTools,
                               Wait, Park, Finish>;

struct RunLimits {
  int rounds_max = limits::run_rounds_max;
  int retries_max = limits::model_retries_max;
  int limited_retries_max = limits::model_retries_max;  // after a refusal for too many requests
  std::vector<ModelFault> fallbacks{};  // after which another model is asked; each once
  std::chrono::milliseconds retry_delay_min = limits::model_retry_delay_min;
  std::chrono::milliseconds retry_delay_max = limits::model_retry_delay_max;
};

// Which fault a failure is; nullopt for one that another model would not mend.
std::optional<ModelFault> fault_of(const base::Error& error);

class RunMachine {
 public:
  // `jitter` is a number in [0, 1) that spreads the retries of one run; the machine stays pure.
  explicit RunMachine(RunLimits limits = {}, double jitter = 0.5);

  // A fresh run.
  RunAction start();
  // A run taken up again: `rounds` replies are stored; of the last one's tool calls, these states
  // are. Calls found `running` must have been settled (interrupted, or requested again) by the
  // caller.
  RunAction resume(int rounds, const std::vector<ToolCall>& calls_of_last_reply);
  RunAction on(const RunInput& input);

  int rounds() const { return rounds_; }

 private:
  enum class CallState { asked, running, pending, done };

  RunAction step(const ModelReplied& input);
  RunAction step(const ModelFailed& input);
  RunAction step(const GateAnswered& input);
  RunAction step(const ToolFinished& input);
  RunAction step(const HumanAnswered& input);
  RunAction step(const RetryDue& input);
  RunAction step(const ModelChosen& input);
  RunAction step(const LimitReached& input);
  RunAction step(const CommitFailed& input);
  RunAction step(const CancelRequested& input);
  RunAction step(const StopRequested& input);
  RunAction after_calls();    // what to do once a call changed state
  RunAction ignored() const;  // an input that changes nothing
  RunAction next_round();
  RunAction fall_back();  // from what has failed last
  RunAction end(Finish finish);
  bool any(CallState state) const;

  RunLimits limits_;
  double jitter_;
  int rounds_ = 0;
  int retries_ = 0;
  int cut_off_ = 0;  // replies in a row
  bool output_seen_ = false;
  bool asked_with_new_key_ = false;  // in this round, after the old one was refused
  base::Error failure_{};            // the model's last
  std::vector<bool> fallbacks_used_;
  std::map<std::string, CallState> calls_{};
  bool ending_ = false;  // `finish_` is returned as soon as no tool runs any more
  Finish finish_{};
};

}  // namespace colonnade::core
