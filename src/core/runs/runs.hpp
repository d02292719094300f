// Runs: a user's message in, a run of the agent loop, an answer out. Starts, joins, cancels,
// recovers and parks them; core/runs/run_driver drives each one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/access/rate_limits.hpp"
#include "core/agents/agents.hpp"
#include "core/governance/action_store.hpp"
#include "core/runs/active_runs.hpp"
#include "core/runs/run_driver.hpp"
#include "core/runs/run_settling.hpp"
#include "core/runs/run_start.hpp"
#include "core/runs/run_store.hpp"
#include "core/spans/span_listener.hpp"
#include "core/threads/thread_store.hpp"

namespace colonnade::core {

// What wiring hands over; each part of a run gets what it uses.
struct RunPorts {
  ThreadStore& threads;
  RunStore& runs;
  ActionStore& actions;
  EventFeed& feed;
  ModelProviders& providers;
  const Judge& judge;
  ToolRunner& tools;
  Agents& agents;
  const Permissions& permissions;
  const Redaction& redaction;
  const Prices& prices;
  base::Lanes& lanes;  // where runs go that are taken up again
  base::Clock& clock;
  // Of runs whose settings say that their tool calls count; nullptr counts none.
  RateLimits* rate_limits = nullptr;
  Attachments* attachments = nullptr;  // nullptr: messages have none
  SpanListener* spans = nullptr;       // nullptr: nobody measures
  const Budgets* budgets = nullptr;    // nullptr: nothing counts
};

class Runs {
 public:
  Runs(const RunPorts& ports, RunOptions options);
  ~Runs();

  // Stores the message and starts a run on `lane`, which is the calling lane. Returns once the
  // message is durable; the model may have been asked before. Errors: not_found, forbidden,
  // conflict (thread deleted, or a run is active in it), unavailable (no such provider configured,
  // stopping, or, with retry_after, the store cannot write just now or too many runs are active),
  // rate_limited (with retry_after: too many of the caller's are), over_budget (a spending cap is
  // in the way), invalid (no parts; with the
  // field unsupported_attachment_field: a file that the model cannot be shown), too_large
  // (beyond message_bytes_max, or more than the model's window takes). After an error nothing is
  // stored and the thread is free. With a `failure` the run has ended when this returns, and is
  // stored whole with its message, or not at all.
  base::Task<Result<Run>> start(Principal who, NewMessage input, base::Lane& lane);
  // Waits until the run is terminal, also one that was started elsewhere or before a restart. After
  // a stop of `stop` (the run goes on): cancelled. While the server stops: unavailable.
  base::Task<Result<FinishedRun>> wait(Principal who, std::string run_id, std::stop_token stop);
  // The run as it is stored now. not_found for who may not see it.
  base::Task<Result<RunDetail>> read(Principal who, std::string run_id) const;
  // The thread's newest run. nullopt when there is none, or none that the caller may see.
  base::Task<Result<std::optional<RunOrigin>>> newest_in(Principal who,
                                                         std::string thread_id) const;
  // Asks an active run to stop; it ends as cancelled soon after. not_found when there is none,
  // unavailable while the server stops.
  base::Task<Result<void>> cancel(Principal who, std::string run_id);
  // The same, but a tool that runs may come to its end first.
  base::Task<Result<void>> cancel_after_tools(Principal who, std::string run_id);
  // The same as cancel() for who does not wait to hear of it. Any thread.
  void cancel_soon(Principal who, std::string run_id);

  // A human has answered one of the run's questions, and the store knows: goes on with the run,
  // which may be parked. Any thread.
  void go_on(const Scope& scope, const std::string& run_id);

  // Takes up every unfinished run again, spread over the lanes; returns how many that ran. Call
  // once, before serving.
  base::Task<Result<std::size_t>> recover();
  // Lets go of all active runs where they are: they stay unfinished in the store and are taken up
  // at the next start. Waiters get unavailable. Blocks until none runs. Not from a lane.
  void park_all();

  RunCounts counts() const;

 private:
  struct Shared;
  static base::Task<Result<Run>> start_failed(std::shared_ptr<Shared> shared, Principal who,
                                              NewMessage input);
  static base::Task<std::optional<std::vector<ToolDefinition>>> counted_tools(
      std::shared_ptr<Shared> shared, const RunStart* start);
  static base::Task<Result<void>> claim(std::shared_ptr<Shared> shared,
                                        std::shared_ptr<RunDriver> driver);
  static base::Task<void> supervise(std::shared_ptr<Shared> shared,
                                    std::shared_ptr<RunDriver> driver);
  static base::Task<void> settle(std::shared_ptr<Shared> shared, Run run, RunSettling::End end);
  static base::Task<std::optional<Result<FinishedRun>>> stored_outcome(
      std::shared_ptr<Shared> shared, Principal who, std::string run_id);
  static base::Task<Result<RunDetail>> visible_detail(std::shared_ptr<Shared> shared, Principal who,
                                                      std::string run_id);
  enum class Tools { stop, end };
  static base::Task<Result<void>> cancel_shared(std::shared_ptr<Shared> shared, Principal who,
                                                std::string run_id, Tools tools);
  static base::Task<void> cancel_unawaited(std::shared_ptr<Shared> shared, Principal who,
                                           std::string run_id);
  static base::Task<void> cancel_stored(std::shared_ptr<Shared> shared, Scope scope,
                                        std::string run_id, RunState from);
  static base::Task<void> resume(std::shared_ptr<Shared> shared, Scope scope, std::string run_id);
  static base::Task<bool> take_up(std::shared_ptr<Shared> shared, Run run);

  std::shared_ptr<Shared> shared_;
};

}  // namespace colonnade::core
