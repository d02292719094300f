// The tool calls of a run's last reply: each passes the gate, waits for a human where that is
// asked, runs at most once, and its result is stored before the model hears of it.
//
// What became of a call reaches the machine through the run's inputs. A call whose progress the
// store refuses for good ends the run (CommitFailed).
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/access/rate_limits.hpp"
#include "core/agents/agent.hpp"
#include "core/governance/action_store.hpp"
#include "core/governance/execution_permit.hpp"
#include "core/governance/judge.hpp"
#include "core/governance/limits.hpp"
#include "core/governance/permission_rule.hpp"
#include "core/governance/permissions.hpp"
#include "core/runs/run_inputs.hpp"
#include "core/runs/run_record.hpp"
#include "core/runs/run_store.hpp"
#include "core/runs/turn_tools.hpp"
#include "core/tools/limits.hpp"
#include "core/tools/tool_execution.hpp"
#include "core/tools/tool_runner.hpp"

namespace colonnade::core {

struct ToolRoundPorts {
  const Judge& judge;
  ToolRunner& tools;
  const Permissions& permissions;
  RunStore& runs;  // what humans answered is read from these two
  ActionStore& actions;
  RateLimits* rate_limits = nullptr;  // see RunPorts
};

struct ToolRoundOptions {
  std::chrono::milliseconds tool_time_max = limits::tool_time_max;
  std::chrono::milliseconds sub_agent_time_max = limits::tool_time_max;  // of what others work on
  std::chrono::milliseconds approval_time_max = limits::approval_time_max;
  std::vector<PermissionRule> rules{};  // of the thread
};

// For the run's lane only. Everything that is handed over must outlive it.
class ToolRound {
 public:
  ToolRound(ToolRoundPorts ports, ToolRoundOptions options, base::Lane& lane, Agent agent,
            RunInputs& inputs, RunRecord& record);

  // Asks the tools what they offer to the agent; once, before everything else.
  base::Task<void> load_definitions();
  // What the model is shown.
  const std::vector<ToolDefinition>& definitions() const { return tools_.shown(); }

  // Begins a round with the calls of a reply, which are yet to be stored; returns the ids of those
  // that the gate is to be asked about. A malformed call has failed already.
  std::vector<std::string> begin(const ModelReply& reply);
  const std::vector<ToolCall>& calls() const { return calls_; }
  // Of a run taken up again: its last reply's calls, unless their results are a step already.
  void load(const std::vector<RunStep>& steps, const std::vector<ToolCall>& rows,
            std::vector<Action> actions);
  // A loaded call that ran when the server died may or may not have had its effect. It is never run
  // twice; the model is told. Only a tool that says it is idempotent is asked again.
  base::Task<Result<void>> settle_interrupted();

  // Asks the gate about each call, in the one form that would run. A denial and a question are
  // stored, with the record of the decision, before anything follows from them.
  base::Task<void> ask_gate(std::vector<std::string> ids);
  // Spends the call's permit. `self` keeps the round alive; spawned, one for each call.
  static base::Task<void> run_tool(std::shared_ptr<ToolRound> self, std::string id);
  // Humans answer in the store; what they said is read from there, so that nothing is heard twice.
  static base::Task<void> read_answers(std::shared_ptr<ToolRound> self);
  // Answers are read from here on; true when one came before. Of a run taken up again: once the
  // machine knows its calls.
  bool start_hearing();
  // The run is to be stored as waiting: who takes it up again reads what comes from now on.
  void stop_hearing() { hears_ = false; }
  // Whether any of those two is still under way.
  bool busy() const { return under_way_ > 0; }

  // The results of the round's calls, once; empty when there are none that the run does not have.
  std::vector<Part> take_results();
  const ActionsByCall& actions() const { return actions_; }

 private:
  struct UnderWay;

  struct Judged {
    Verdict verdict;
    bool by_permission = false;  // a standing one, or a rule of the thread, answered the question
  };

  base::Task<GateAnswer> ask_gate_about(std::string id);
  base::Task<Judged> judge(ToolCall call, base::Json asked, bool is_fit) const;
  base::Task<base::Result<base::Json>> prepare(ToolCall call) const;
  ActionRequest request_for(const ToolCall& judged, const base::Json& asked) const;
  void count_call(const std::string& id, Verdict& verdict);
  base::Task<std::optional<Grant>> grant_for(std::string id, ActionRequest request) const;
  base::Task<base::Result<void>> judge_again(std::string id, base::Json arguments);
  base::Task<bool> asked_too_often() const;
  base::Task<void> deny(std::string id);
  base::Task<void> ask_human(std::string id);
  base::Task<void> hear_answers();
  base::Task<bool> take_answer(ToolCall stored, Action action);
  base::Task<void> run(std::string id);
  base::Task<void> end_call(std::string id, ExecutedTool done, bool began);
  void add_gate_span(const std::string& id, Time start, const Decision& decision);
  void add_wait_span(const ToolCall& call, const Action& action);
  void add_tool_span(const ToolCall& call, Time start);
  Action& note_verdict(const std::string& id, Verdict& verdict, ActionState state);
  ToolCall& call_of(const std::string& id);
  std::optional<ToolDefinition> offered(const std::string& tool) const;
  bool is_approved(const std::string& id) const;
  bool by_name() const { return agent_.profile.tool_mode == ToolMode::by_name; }
  void resolve_name(ToolCall& call);
  void resolve_other_name(ToolCall& call);
  std::vector<ToolCall> resolve_batch(ToolCall& call);
  ToolResultPart result_for_model(const ToolCall& call) const;
  base::Task<std::optional<RuleAction>> thread_rule(const ToolCall* call) const;
  const WorkGrant* grant_of_work(const std::string& tool) const;
  ToolCaller caller() const;

  ToolRoundPorts ports_;
  ToolRoundOptions options_;
  base::Lane& lane_;
  Agent agent_;
  RunInputs& inputs_;
  RunRecord& record_;

  TurnTools tools_{};                               // from the run's start to its end
  std::vector<ToolCall> calls_{};                   // of the last reply
  std::map<std::string, std::string> called_as_{};  // what the model called, where it is another
  std::map<std::string, std::string> batched_{};    // calls of a batch: the batch's, by theirs
  bool results_pending_ = false;  // the run does not have those calls' results yet
  std::map<std::string, ExecutionPermit> permits_{};
  ActionsByCall actions_{};
  int under_way_ = 0;
  bool hears_ = false;
  bool missed_answers_ = false;
};

}  // namespace colonnade::core
