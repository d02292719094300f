// What a run starts from, read once: a fresh one from what a user asked for, one taken up again
// from what the store holds of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/agents/agents.hpp"
#include "core/context/context.hpp"
#include "core/context/thread_summary.hpp"
#include "core/governance/action.hpp"
#include "core/governance/action_store.hpp"
#include "core/models/model_provider.hpp"
#include "core/runs/limits.hpp"
#include "core/runs/run.hpp"
#include "core/runs/run_store.hpp"
#include "core/runs/turn_options.hpp"
#include "core/threads/message.hpp"
#include "core/threads/thread.hpp"
#include "core/threads/thread_store.hpp"
#include "core/tools/tool_runner.hpp"

namespace colonnade::core {

struct NewMessage {
  std::string thread_id{};
  std::vector<Part> parts{};
  ModelSettings settings{};        // of this request; win over thread, agent, configuration
  base::Json metadata = nullptr;   // stored with the user's message
  std::string keyed_request_id{};  // linked to the run in the same transaction; "" for none
  TurnOptions options{};
  // Why the run fails as soon as it has begun: nobody is asked, and its events say this. "" for
  // none. For wires whose clients hear of what is wrong with a message from the run's events.
  std::string failure{};
  std::string run_id{};  // of the run that it starts, from base::new_id(); "": one is made
};

// The field of the error that says that the model cannot be shown an attachment.
constexpr const char* unsupported_attachment_field = "attachments";

struct RunStart {
  Run run;
  Thread thread;
  Agent agent;  // at its version; its prompt rendered
  ModelProvider* provider = nullptr;
  Message user_message{};
  std::optional<ThreadSummary> summary{};  // of the thread's older part
  std::vector<Message> history{};          // behind it, oldest first, the user's message last
  bool history_is_cut = false;             // there were more messages between the two
  HistoryLimits history_limits{};
  base::Json output_schema = nullptr;  // null: the answer is free text
  // Of a run taken up again; empty for a fresh one.
  bool recovered = false;
  std::vector<RunStep> steps{};
  std::vector<ToolCall> tool_calls{};
  std::vector<Action> actions{};  // of those calls
};

// A model that a run may fall back to.
struct FallbackModel {
  ModelFault fault = ModelFault::unavailable;  // of the model before it
  ModelProvider* provider = nullptr;
  std::string model{};
};
// What the run's settings name, as far as it is there and can be shown the files of the message.
std::vector<FallbackModel> fallbacks_of(const RunStart& start, const ModelProviders& providers);

// What is stored of a run that nobody is asked for.
struct UnaskedRun {
  Run run;
  Message user_message{};
};

// The agent, at its version, as a turn with those options has it: its prompt is put together of its
// blocks, rendered, and says what the answer has to fit.
Agent for_turn(Agent agent, const TurnOptions& options);

// The provider that an error of fresh() says is not configured; "" for every other error.
std::string missing_provider_of(const base::Error& error);

constexpr const char* run_is_active_text = "an agent run is already active in this thread";

struct RunStartPorts {
  ThreadStore& threads;
  RunStore& runs;
  ActionStore& actions;
  Agents& agents;
  const ModelProviders& providers;
  ToolRunner& tools;
  base::Clock& clock;
};

struct RunStartOptions {
  ModelSettings defaults{};  // used when request, thread and agent say nothing
  ContextOptions context{};  // whose window a message must fit into
  std::size_t message_bytes_max = limits::message_bytes_max;
};

// Thread-safe.
class RunStarts {
 public:
  RunStarts(RunStartPorts ports, RunStartOptions options);

  // Everything that can be refused is refused here, before anything is stored or asked. Errors as
  // for Runs::start.
  base::Task<Result<RunStart>> fresh(Principal who, NewMessage input) const;
  // For NewMessage::failure: nothing is looked at that only a model would need.
  base::Task<Result<UnaskedRun>> unasked(Principal who, NewMessage input) const;
  // Errors say why the run cannot go on.
  base::Task<Result<RunStart>> again(Run run) const;

 private:
  Result<ModelSettings> settings_for(const ModelSettings& wanted, const TurnOptions& options,
                                     const Thread& thread, const Agent& agent) const;
  base::Task<Result<void>> check_fits(const RunStart* start) const;
  base::Task<Result<Agent>> answerer(Principal who, const Thread* thread, Run* run) const;
  base::Task<Result<void>> take_place(Scope scope, std::string thread_id, NewMessage* input,
                                      Message* message) const;
  static Result<void> check_attachments(const RunStart& start);

  RunStartPorts ports_;
  RunStartOptions options_;
};

}  // namespace colonnade::core
