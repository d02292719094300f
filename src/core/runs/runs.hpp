// Runs: a user's message in, a run of the agent loop, an answer out. Drives the turn machine: asks
// the model, passes tool calls through the gate, stores and publishes every step, and survives
// restarts.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/agents/agents.hpp"
#include "core/context/context.hpp"
#include "core/events/event_feed.hpp"
#include "core/governance/limits.hpp"
#include "core/governance/permissions.hpp"
#include "core/governance/policy_gate.hpp"
#include "core/governance/redaction.hpp"
#include "core/models/model_provider.hpp"
#include "core/models/prices.hpp"
#include "core/runs/limits.hpp"
#include "core/runs/run_machine.hpp"
#include "core/stores.hpp"
#include "core/tools/limits.hpp"
#include "core/tools/tool_runner.hpp"

namespace colonnade::core {

struct NewMessage {
  std::string thread_id{};
  std::vector<Part> parts{};
  ModelSettings settings{};        // of this request; win over thread, agent, configuration
  base::Json metadata = nullptr;   // stored with the user's message
  std::string keyed_request_id{};  // linked to the run in the same transaction; "" for none
};

struct FinishedRun {
  Run run;
  Message user_message{};
  std::optional<Message> reply{};  // when succeeded
};

struct RunOptions {
  RunLimits limits{};
  std::chrono::milliseconds run_time_max = limits::run_time_max;
  std::chrono::milliseconds tool_time_max = limits::tool_time_max;
  std::chrono::milliseconds approval_time_max = limits::approval_time_max;
  ModelSettings defaults{};  // configuration: used when request, thread and agent say nothing
  ContextOptions context{};
  bool auto_title = true;
};

struct RunCounts {
  std::uint64_t started = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t active = 0;
};

// The ports and parts that a turn needs, handed over once by wiring.
struct RunPorts {
  Stores stores;
  EventFeed& feed;
  ModelProviders& providers;
  PolicyGate& gate;
  ToolRunner& tools;
  Agents& agents;
  const Permissions& permissions;
  const Redaction& redaction;
  const Prices& prices;
  base::Clock& clock;
};

class RunDriver;
struct RunStart;

class Runs {
 public:
  Runs(RunPorts parts, RunOptions options);
  ~Runs();

  // Stores the message and starts a run on `lane`, which is the calling lane. Returns once the
  // message is durable; the model may have been asked before. Errors: not_found, forbidden,
  // conflict (thread deleted, or a run is active in it), unavailable (no such provider configured,
  // or stopping), invalid (no parts).
  base::Task<Result<Run>> start(Principal who, NewMessage input, base::Lane& lane);
  // Waits until the run is terminal, also one that was started elsewhere or before a restart. After
  // a stop of `stop` (the run goes on): cancelled. While the server stops: unavailable.
  base::Task<Result<FinishedRun>> wait(Principal who, std::string run_id, std::stop_token stop);
  // not_found for one that the caller may not see.
  base::Task<Result<RunDetail>> read(Principal who, std::string run_id) const;
  // Asks an active run to stop; it ends as cancelled soon after. not_found when there is none,
  // unavailable while the server stops.
  base::Task<Result<void>> cancel(Principal who, std::string run_id);
  // The same for whoever cannot wait for it, and needs not know. Any thread.
  void cancel_soon(Principal who, std::string run_id);

  // A human has answered one of the run's questions, and the store knows: goes on with the run,
  // which may be parked. Any thread.
  void go_on(const Scope& scope, const std::string& run_id);

  // Takes up every unfinished run again, spread over the lanes. Call once, before serving.
  base::Task<Result<std::size_t>> recover(base::Lanes* lanes);
  // Lets go of all active runs where they are: they stay unfinished in the store and are taken up
  // at the next start. Waiters get unavailable. Blocks until none runs. Not from a lane.
  void park_all();

  RunCounts counts() const;

 private:
  struct State;
  base::Task<bool> has_ended(Scope scope, std::string run_id) const;
  std::shared_ptr<RunDriver> find(std::string_view run_id) const;
  base::Task<Result<RunStart>> fresh_start(Principal who, NewMessage input);
  base::Task<std::optional<Result<FinishedRun>>> stored_outcome(Principal who,
                                                                std::string run_id) const;
  base::Task<Result<void>> claim(std::shared_ptr<RunDriver> driver);
  base::Task<Result<RunStart>> recovered_start(Run run);
  void give_up(const Run& run, const std::string& reason);
  base::Task<void> resume(Scope scope, std::string run_id);
  base::Task<void> cancel_waiting(Run run);
  base::Task<void> cancel_parked(Scope scope, std::string run_id);
  static base::Task<void> cancel_unawaited(Runs* self, Principal who, std::string run_id);

  RunPorts parts_;
  RunOptions options_;
  std::shared_ptr<State> state_;
};

}  // namespace colonnade::core
