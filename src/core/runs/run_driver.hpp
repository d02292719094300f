// Drives one run: does what the turn machine says, on one lane, and stores every step. Internal to
// core/runs.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/context/context.hpp"
#include "core/runs/runs.hpp"
#include "core/tools/tool_execution.hpp"

namespace colonnade::core {

// How a driver ended.
struct RunOutcome {
  enum class Kind {
    finished,   // terminal and stored
    waiting,    // stored as waiting_approval; somebody resumes it later
    abandoned,  // left as it is, to be taken up at the next start
  };
  Kind kind = Kind::abandoned;
  std::optional<FinishedRun> finished{};  // when finished
  base::Error error{};                    // when abandoned: what waiters are told
};

// Everything a run starts from.
struct RunStart {
  Run run;
  Thread thread;
  Agent agent;
  ModelProvider* provider = nullptr;
  Message user_message{};
  std::optional<ThreadSummary> summary{};  // of the thread's older part
  std::vector<Message> history{};          // behind it, oldest first, the user's message last
  bool history_is_cut = false;             // there were more messages between the two
  // Of a run taken up again; empty for a fresh one.
  bool recovered = false;
  std::vector<RunStep> steps{};
  std::vector<ToolCall> tool_calls{};
  std::vector<Action> actions{};  // of those calls
};

// Members are for the run's lane only, except where they say "any thread".
class RunDriver : public std::enable_shared_from_this<RunDriver> {
 public:
  RunDriver(RunPorts parts, const RunOptions& options, base::Lane& lane, RunStart start);

  // Runs to the end. `self` keeps the driver alive; call once, on the lane.
  static base::Task<RunOutcome> drive(std::shared_ptr<RunDriver> self);

  // Whether the unit that holds the user's message was committed. Until this is known nothing is
  // published; the model is asked meanwhile. Any thread.
  void accepted(bool durable) { accepted_.complete(durable); }
  // Any thread; takes effect soon. A driver that is about to end as waiting may not see it any
  // more: whoever lets go of it asks cancel_noted().
  void cancel();
  void note_cancel() { cancel_noted_.store(true); }
  bool cancel_noted() const { return cancel_noted_.load(); }
  // A human has answered a question of this run. Any thread; takes effect soon.
  void look_again();
  // Stop where it is and leave the rest to the next start. Any thread.
  void park();

  base::Lane& lane() { return lane_; }
  const Run& run() const { return start_.run; }  // id, thread and scope: any thread

 private:
  struct ModelCall {  // what one model call came to
    std::optional<ModelReply> reply{};
    base::Error error{};
    bool output_seen = false;
  };

  struct OnLaneOnly;

  base::Task<RunOutcome> loop();
  base::Task<std::optional<RunOutcome>> perform(RunAction action);
  base::Task<void> ask_model(bool restarted);
  base::Task<bool> fit_context();
  base::Task<bool> cover_turns(std::size_t runs);
  base::Task<Result<ThreadSummary>> summarise(std::size_t runs);
  base::Task<Result<ModelReply>> ask_for_summary(ModelProvider* provider, ModelRequest request);
  base::Task<ModelCall> call_model(ModelRequest request);
  base::Task<void> publish_deltas(std::vector<ModelEvent> events, ModelCall* call);
  template <class Delta>
  void keep_delta(std::string text);
  void tell_untold();
  base::Task<void> take_reply(ModelReply reply);
  base::Task<void> ask_gate(std::vector<std::string> ids);
  base::Task<GateAnswer> ask_gate_about(std::string id);
  base::Task<void> deny(std::string id);
  base::Task<void> ask_human(std::string id);
  static base::Task<void> read_answers(std::shared_ptr<RunDriver> self);
  base::Task<bool> take_answer(ToolCall stored, Action action);
  base::Task<bool> begin_resumed();
  Action& note_verdict(const std::string& id, Verdict& verdict, ActionState state);
  void add_action(Unit& unit, const Action& action) const;
  void settle_actions(Unit& unit, const std::string& reason);
  static base::Task<void> run_tool(std::shared_ptr<RunDriver> self, std::string id);
  base::Task<void> finish_tool(std::string id, ExecutedTool done, bool started);
  base::Task<void> settle_interrupted_calls();
  base::Task<RunOutcome> finish(Finish end);
  base::Task<RunOutcome> wait_for_humans();
  base::Task<std::optional<RunInput>> next_input();

  RunAction begin();
  void load_steps();
  void push(RunInput input);
  std::vector<Event> news_of_calls() const;
  base::Task<std::vector<ToolDefinition>> offered_tools();
  ToolDefinition as_offered(const std::string& tool) const;
  ToolCaller caller() const;
  std::vector<Part> results_of_calls() const;
  // Begins with what is untold yet.
  Unit unit(std::vector<Event> events = {});
  Event event(EventBody body) const;
  Message reply_message() const;
  RunOutcome abandoned(base::Error error) const;
  bool parked() const { return parking_.load(std::memory_order_relaxed); }

  RunPorts parts_;
  const RunOptions& options_;
  base::Lane& lane_;
  RunStart start_;
  Context context_;
  bool summaries_fail_ = false;       // one did: this run goes on without
  bool refused_as_too_long_ = false;  // a vendor said so, and the request was made smaller
  RunMachine machine_;
  base::Completion<bool> accepted_;
  bool known_durable_ = false;
  std::stop_source stop_;
  std::atomic<bool> parking_{false};
  std::atomic<bool> cancel_noted_{false};
  std::atomic<int> units_under_way_{0};

  std::vector<ToolDefinition> tools_{};  // of this run, from its start to its end
  std::vector<Part> turn_{};             // what this run has produced so far, in order
  std::string model_{};                  // as last reported
  int next_step_ = 0;
  std::vector<ToolCall> calls_{};  // of the last reply
  bool results_pending_ = false;   // those calls' results are not in turn_ yet
  std::map<std::string, ExecutionPermit> permits_{};
  std::map<std::string, Action> actions_{};  // by tool call
  std::vector<Event> untold_{};  // deltas, told by the next unit, which the alarm sees to
  std::size_t untold_bytes_ = 0;
  std::unique_ptr<base::Alarm> untold_alarm_{};
  std::deque<RunInput> inputs_{};
  base::Signal input_came_;
};

}  // namespace colonnade::core
