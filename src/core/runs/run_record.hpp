// The record of one run: the only part of core that commits for a run, all its changes, actions,
// audit records and events.
//
// It has one rule for a commit that fails: nothing that depends on it happens. Each function that
// stores something returns only when it is durable, or never will be:
// - An error that is `retryable` (no space, a failed sync or write, a full queue) means *not stored
//   now*. It is tried again, with back-off, for as long as it takes; the run holds its place.
// - A parked run gives up: unavailable. What it did not store is left to the next start.
// - Any other error is the caller's: what was to follow must not follow.
// The opening commit alone is not tried again: its caller is there to be told.
//
// The model's output is published as it comes, without waiting for each commit. Output that could
// not be stored is published again before anything that comes after it; where a later piece
// was stored already, all of it again behind an OutputRestarted event. At most
// output_units_under_way_max units wait for the disk; then the caller waits with them, so no more
// is read from the model.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/budgets/run_budget.hpp"
#include "core/context/thread_summary.hpp"
#include "core/events/commit_retry.hpp"
#include "core/events/event_feed.hpp"
#include "core/events/journal.hpp"
#include "core/governance/action.hpp"
#include "core/governance/redaction.hpp"
#include "core/models/model_provider.hpp"
#include "core/models/prices.hpp"
#include "core/runs/run.hpp"
#include "core/runs/run_inputs.hpp"
#include "core/spans/span.hpp"
#include "core/spans/span_listener.hpp"

namespace colonnade::core {

struct RunRecordPorts {
  EventFeed& feed;
  const Prices& prices;
  const Redaction& redaction;
  base::Clock& clock;
  CommitRetry retry{};
  SpanListener* spans = nullptr;     // nullptr: nobody measures
  const Budgets* budgets = nullptr;  // nullptr: nothing counts
};

// How a run ended, with what it began with and what it made.
struct FinishedRun {
  Run run;
  Message user_message{};
  std::optional<Message> reply{};  // when succeeded, or what there is of it
};

// Actions of a run, by tool call.
using ActionsByCall = std::map<std::string, Action>;

// For the run's lane only, except where it says "any thread".
class RunRecord : public std::enable_shared_from_this<RunRecord> {
 public:
  // `provider` is the name of who is asked first; `inputs` must outlive the record's use.
  RunRecord(RunRecordPorts ports, RunInputs& inputs, Run run, std::string provider);

  const Run& run() const { return run_; }
  const Scope& scope() const { return run_.scope; }
  Time now() const { return ports_.clock.now(); }
  // What the run has produced so far, in order: replies, calls, results.
  const std::vector<Part>& produced() const { return produced_; }

  // --- the beginning ---

  // The message, the run and the news of both, linked to the keyed request unless that is "". Any
  // thread.
  static Unit opening_unit(const Run& run, const Message& user_message,
                           std::string keyed_request_id);
  // Hands that to the journal. The result comes when it is durable, or failed; it is not tried
  // again. Any thread, once, before everything else.
  using Opened = std::shared_ptr<base::Completion<Result<std::int64_t>>>;
  // With a bound of its first call the same unit counts the run in its budgets and reserves for
  // the call; over_budget when a cap is in the way, and then nothing is stored.
  Opened open(const Message& user_message, std::string keyed_request_id,
              std::optional<CallBound> first_call = {});
  // Waits until the opening unit is durable; false when it failed. Until then nothing else may be
  // stored.
  base::Task<bool> opened();
  bool is_open() const { return open_; }
  // Of a run that is taken up again: it is open, and has made these steps. `before` was spent on a
  // summary.
  void load(const std::vector<RunStep>& steps, const std::optional<ThreadSummary>& summary);
  // waiting_approval → running. conflict: somebody else took it up, or ended it.
  base::Task<Result<void>> resume();

  // --- the model's output ---

  // Adds to the output that is to be published; true when there was text in it.
  bool add_output(ModelEvent& event);
  // Publishes: at once to whoever follows the thread, else joined with what comes soon.
  base::Task<Result<void>> publish_output();
  // The model is asked again: whatever it had said is void.
  base::Task<Result<void>> restart_output();
  // Another model is asked from now on, because the one before it failed. Told first.
  base::Task<Result<void>> change_model(ModelChanged change);
  // Adds a reply to the run: its parts, usage, cost, round.
  void add_reply(const ModelReply& reply);
  // One that did not fit the turn's schema: it is paid for, and forgotten.
  void add_void_reply(const ModelReply& reply);
  // The answer as a value, or why there is none; told with the run's end.
  void note_output(StructuredOutputMade output);
  void note_output(StructuredOutputRefused refusal);
  // A summary's cost is the run's too. `provider` was asked for it.
  void add_summary_cost(const ThreadSummary& summary, std::string_view provider);
  // Stores the reply that was added as a step, with the calls that it asks for.
  base::Task<Result<void>> store_step(ModelReply reply, std::vector<ToolCall> calls);
  // Adds the results of a reply's calls. They are stored with the next step or the end: until then
  // the calls' own rows have them.
  void add_results(std::vector<Part> results);
  base::Task<Result<void>> store_summary(ThreadSummary summary);
  // Something that the run did has ended. It is stored with the next step, wait or end, in the row
  // that is written then; beyond spans_per_run_max it is only told to whoever measures.
  void add_span(Span span);

  // --- budgets ---

  RunBudget& budget() { return budget_; }
  // Reserves what a call may cost, and books what the calls before it did. over_budget when a cap
  // is in the way; cancelled when the run's work was stopped before it could be stored.
  base::Task<Result<void>> reserve(CallBound bound);

  // --- tool calls and their actions ---

  base::Task<Result<void>> deny(ToolCall call, Action action);
  base::Task<Result<void>> ask_human(ToolCall call, Action action);
  // The gate decided on a further step of a call that is running.
  base::Task<Result<void>> note_decision(Action step, std::string granted_by);
  // requested → running, at most once ever. conflict: another has it. cancelled: `withdraw` was
  // requested before it could be stored; the call is as before.
  base::Task<Result<void>> begin_call(ToolCall call, Action action, std::stop_token withdraw);
  // How a call ended that began (with its action) or never did. `authorization_url`: of its
  // outcome.
  base::Task<Result<void>> end_call(ToolCall call, ToolCallState from, std::optional<Action> action,
                                    std::string authorization_url);
  // A call that ran when the server died: interrupted, with its action; or requested again.
  base::Task<Result<void>> interrupt_call(ToolCall call, std::optional<Action> action);

  // --- the end ---

  // Waits for humans: running → waiting_approval.
  base::Task<Result<void>> wait_for_humans();
  // The last commit. `reply` and `title` ("" for none) count when it succeeded; open questions
  // among `actions` are withdrawn. cancelled: `withdraw` was requested before it could be stored.
  struct End {
    RunState state = RunState::succeeded;
    std::string error{};
    std::string title{};
    ActionsByCall actions{};
  };
  base::Task<Result<FinishedRun>> finish(End end, Message user_message,
                                         std::stop_token withdraw_finish);
  // Ends the run without anything that it did itself: what the store holds of it counts. Calls
  // found running become interrupted, their actions failed, open questions are withdrawn. `from` is
  // the run's stored state; conflict when it has changed.
  base::Task<Result<Run>> settle(RunState from, End end, std::vector<ToolCall> calls);

  // On the lane, before the last owner lets go, which may be another thread.
  void close() { output_alarm_.reset(); }

 private:
  // A place in the output since the last step.
  struct Position {
    std::size_t piece = 0;
    std::size_t offset = 0;
    auto operator<=>(const Position&) const = default;
  };
  struct Piece {
    bool reasoning = false;
    std::string text{};
  };
  struct OutputUnits;

  base::Task<Result<void>> commit(Unit unit, std::stop_token withdraw = {});
  base::Task<bool> wait_to_retry(int attempt, std::stop_token withdraw);
  base::Task<void> output_settled();
  void send_output();
  Position output_end() const;
  // Puts what is to be published in front of the unit's events; returns where that begins.
  Position take_output(Unit& unit);
  void forget_output();
  bool add_piece(bool reasoning, std::string&& text);

  void add_cost(const Usage& usage, std::int64_t cost_micros);
  void settle_budget(Unit& unit) const;
  static void add_attachment_uses(Unit& unit, const Message& message);
  Unit unit(std::vector<Event> events = {}) const;
  Event event(EventBody body) const;
  Event finished_event(const ToolCall& call, std::string authorization_url = {}) const;
  Message reply_message() const;
  std::optional<Message> partial_reply() const;
  void add_action(Unit& unit, const Action& action) const;
  void add_unstored_results(Unit& unit);
  RunTrace trace() const;
  void forget_spans(std::size_t stored);

  RunRecordPorts ports_;
  RunInputs& inputs_;
  Run run_;
  std::string provider_;  // who is asked
  bool has_fallen_back_ = false;
  RunBudget budget_;
  std::string model_{};  // as last reported
  std::vector<Part> produced_{};
  std::vector<Citation> citations_{};  // of replies, that no stored event tells yet
  std::optional<StructuredOutputMade> output_made_{};
  std::optional<StructuredOutputRefused> output_refused_{};
  int next_step_ = 0;
  std::optional<RunStep> unstored_results_{};
  std::vector<Span> spans_{};    // that are not stored yet
  std::size_t spans_added_ = 0;  // stored ones included

  bool open_ = false;
  std::shared_ptr<base::Completion<bool>> accepted_;

  std::vector<Piece> output_{};  // since the last step
  bool reply_added_ = false;     // what produced_ has already
  Position published_{};         // what is before it was handed to the journal
  std::size_t pending_bytes_ = 0;
  std::shared_ptr<OutputUnits> units_;  // shared with their completions
  std::unique_ptr<base::Alarm> output_alarm_{};
};

}  // namespace colonnade::core
