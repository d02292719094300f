// long: the one that commits for a run, at every point of its life
#include "core/runs/run_record.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <mutex>
#include <utility>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "core/access/account.hpp"
#include "core/events/limits.hpp"
#include "core/governance/action_records.hpp"
#include "core/jobs/job_wakes.hpp"
#include "core/runs/limits.hpp"
#include "core/runs/run_steps.hpp"
#include "core/spans/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

constexpr std::string_view unknown_outcome_text =
    "The run ended while this tool ran. Whether it took effect is unknown.";

}  // namespace

// The units of output that are under way. Their completions come on any thread.
struct RunRecord::OutputUnits {
  std::mutex mutex;
  int under_way = 0;
  bool failed = false;
  Position failed_from{};
  Position stored_to{};  // the furthest
  base::Signal settled;  // after a failure: none is under way any more

  void begin() {
    const std::lock_guard lock(mutex);
    ++under_way;
  }
  void end(bool stored, Position from, Position to) {
    bool tell = false;
    {
      const std::lock_guard lock(mutex);
      --under_way;
      if (stored) {
        stored_to = std::max(stored_to, to);
      } else {
        failed_from = failed ? std::min(failed_from, from) : from;
        failed = true;
      }
      tell = failed && under_way == 0;
    }
    if (tell) settled.notify();
  }
  bool any_failed() {
    const std::lock_guard lock(mutex);
    return failed;
  }
  bool are_many() {
    const std::lock_guard lock(mutex);
    return under_way >= limits::output_units_under_way_max;
  }
  bool are_under_way() {
    const std::lock_guard lock(mutex);
    return under_way > 0;
  }
};

RunRecord::RunRecord(RunRecordPorts ports, RunInputs& inputs, Run run, std::string provider)
    : ports_(ports),
      inputs_(inputs),
      run_(std::move(run)),
      provider_(std::move(provider)),
      budget_(ports_.budgets, run_),
      accepted_(std::make_shared<base::Completion<bool>>()),
      units_(std::make_shared<OutputUnits>()) {}

// --- committing ---------------------------------------------------------------------------------

// The unit is kept until it is stored: each attempt hands the journal a copy, with the output that
// is to be published in front.
Task<Result<void>> RunRecord::commit(Unit unit, std::stop_token withdraw) {
  for (int attempt = 0;; ++attempt) {
    if (units_->any_failed()) co_await output_settled();
    Unit now = unit;
    const Position from = take_output(now);
    const Position to = published_;
    const auto output = from < to ? units_ : nullptr;
    if (output) output->begin();
    auto stored = co_await ports_.feed.commit(std::move(now));
    if (output) output->end(stored.has_value(), from, to);
    if (stored) {
      if (attempt > 0) {
        base::log::info("commit_stored", {{"run", run_.id}, {"attempts", attempt + 1}});
      }
      co_return Result<void>();
    }
    base::Error& error = stored.error();
    if (error.kind == ErrorKind::over_budget) co_return fail(std::move(error));
    if (!error.retryable) {
      base::log::error(
          "commit_failed",
          {{"run", run_.id}, {"kind", to_string(error.kind)}, {"error", error.message}});
      co_return fail(std::move(error));
    }
    if (attempt == 0) {
      base::log::warn("commit_delayed", {{"run", run_.id}, {"error", error.message}});
    }
    const bool again = co_await wait_to_retry(attempt, withdraw);
    if (inputs_.parked()) co_return fail(parked_error());
    if (!again) co_return fail(ErrorKind::cancelled, "the run ended before this was stored");
  }
}

// False when it was cut short: the run is parked, or `withdraw` was requested.
Task<bool> RunRecord::wait_to_retry(int attempt, std::stop_token withdraw) {
  std::stop_source either;
  const auto end = [&either] { either.request_stop(); };
  const std::stop_callback on_park(inputs_.parking(), end);
  const std::stop_callback on_withdraw(std::move(withdraw), end);
  const std::size_t spread = std::hash<std::string>{}(run_.id);
  auto slept = co_await core::wait_to_retry(ports_.retry, attempt, spread, either.get_token());
  co_return slept;
}

// After a failure: what is still under way decides from where the output is published again.
Task<void> RunRecord::output_settled() {
  const auto units = units_;
  while (units->are_under_way()) co_await units->settled.wait();
  const std::lock_guard lock(units->mutex);
  if (units->failed) published_ = std::min(published_, units->failed_from);
  units->failed = false;
}

RunRecord::Position RunRecord::output_end() const {
  return output_.empty() ? Position{} : Position{output_.size() - 1, output_.back().text.size()};
}

RunRecord::Position RunRecord::take_output(Unit& unit) {
  output_alarm_.reset();
  pending_bytes_ = 0;
  Position from = published_;
  const Position to = output_end();
  if (from >= to) return from;
  std::vector<Event> events;
  bool later_is_stored = false;
  {
    const std::lock_guard lock(units_->mutex);
    later_is_stored = units_->stored_to > from;
  }
  if (later_is_stored) {
    events.push_back(event(OutputRestarted{}));
    from = {};
  }
  for (std::size_t i = from.piece; i <= to.piece; ++i) {
    std::string text = output_[i].text.substr(i == from.piece ? from.offset : 0);
    if (text.empty()) continue;
    if (output_[i].reasoning) {
      events.push_back(event(ReasoningDelta{std::move(text)}));
    } else {
      events.push_back(event(TextDelta{std::move(text)}));
    }
  }
  published_ = to;
  std::ranges::move(unit.events, std::back_inserter(events));
  unit.events = std::move(events);
  return from;
}

// A new step begins. What is still under way of the old one has its own list.
void RunRecord::forget_output() {
  reply_added_ = false;
  if (output_.empty()) return;
  output_.clear();
  published_ = {};
  pending_bytes_ = 0;
  output_alarm_.reset();
  units_ = std::make_shared<OutputUnits>();
}

// --- the beginning ------------------------------------------------------------------------------

// The message is stored with its use of them, or not at all.
void RunRecord::add_attachment_uses(Unit& unit, const Message& message) {
  for (const Part& part : message.parts) {
    const auto* file = std::get_if<FilePart>(&part);
    const auto id = file != nullptr ? attachment_id_of(*file) : std::nullopt;
    if (!id) continue;
    unit.changes.emplace_back(
        UseAttachment{.id = std::string(*id),
                      .owner = message.user_id,
                      .thread_id = message.thread_id,
                      .at = message.created_at,
                      .expires_at = message.created_at + limits::attachment_time});
  }
}

Unit RunRecord::opening_unit(const Run& run, const Message& user_message,
                             std::string keyed_request_id) {
  Unit opening{.scope = run.scope};
  const TurnOptions& options = run.options;
  if (!options.replaces.empty()) {
    opening.changes.emplace_back(EditOutMessages{run.thread_id, options.replaces});
  }
  if (options.pin_version && !run.version.id.empty()) {
    opening.changes.emplace_back(PinThreadVersion{run.thread_id, run.version.id});
  }
  opening.changes.emplace_back(InsertMessage{user_message});
  opening.changes.emplace_back(InsertRun{run});
  add_attachment_uses(opening, user_message);
  if (!keyed_request_id.empty()) {
    opening.changes.emplace_back(LinkKeyedRequest{std::move(keyed_request_id), run.id});
  }
  const Event news{.scope = run.scope,
                   .thread_id = run.thread_id,
                   .run_id = run.id,
                   .at = run.created_at,
                   .body = {}};
  opening.events = {news, news};
  opening.events[0].body = MessageStored{user_message};
  opening.events[1].body = RunStarted{user_message};
  return opening;
}

RunRecord::Opened RunRecord::open(const Message& user_message, std::string keyed_request_id,
                                  std::optional<CallBound> first_call) {
  Unit opening = opening_unit(run_, user_message, std::move(keyed_request_id));
  // First: what is refused has not written anything, so that nothing has to be undone.
  if (first_call) opening.changes.emplace(opening.changes.begin(), budget_.open(*first_call));
  auto opened = std::make_shared<base::Completion<Result<std::int64_t>>>();
  ports_.feed.append(std::move(opening),
                     [opened, accepted = accepted_,
                      retry_after = ports_.retry.delay_max](Result<std::int64_t> result) {
                       accepted->complete(result.has_value());
                       if (!result && result.error().retryable && !result.error().retry_after) {
                         result.error().retry_after = retry_after;
                       }
                       opened->complete(std::move(result));
                     });
  return opened;
}

Task<bool> RunRecord::opened() {
  if (!open_) open_ = co_await accepted_->wait();
  co_return open_;
}

void RunRecord::load(const std::vector<RunStep>& steps,
                     const std::optional<ThreadSummary>& summary) {
  open_ = true;
  run_.rounds = 0;
  run_.usage = {};
  run_.cost_micros = 0;
  for (const RunStep& step : steps) {
    produced_.insert(produced_.end(), step.parts.begin(), step.parts.end());
    next_step_ = step.number + 1;
    if (!step.model.empty()) model_ = step.model;
    if (!holds_results(step)) ++run_.rounds;
    const std::string& provider = step.provider.empty() ? provider_ : step.provider;
    add_cost(step.usage, ports_.prices.cost_micros(provider, step.model, step.usage));
  }
  if (summary && summary->run_id == run_.id) add_cost(summary->usage, summary->cost_micros);
}

Task<Result<void>> RunRecord::resume() {
  run_.state = RunState::running;
  Unit resumed = unit();
  resumed.changes.emplace_back(UpdateRun{.run = run_, .from = RunState::waiting_approval});
  wake_job_of(resumed, run_, now());
  auto stored = co_await commit(std::move(resumed));
  co_return stored;
}

// --- the model's output -------------------------------------------------------------------------

bool RunRecord::add_output(ModelEvent& event) {
  if (auto* text = std::get_if<ModelTextDelta>(&event)) {
    return add_piece(false, std::move(text->text));
  }
  if (auto* thought = std::get_if<ModelReasoningDelta>(&event)) {
    return add_piece(true, std::move(thought->text));
  }
  return false;
}

// Neighbouring deltas of a kind are joined; the store joins further ones that wait for the same
// commit.
bool RunRecord::add_piece(bool reasoning, std::string&& text) {
  if (text.empty()) return false;
  pending_bytes_ += text.size();
  Piece* last = output_.empty() ? nullptr : &output_.back();
  if (last != nullptr && last->reasoning == reasoning &&
      last->text.size() + text.size() <= limits::joined_delta_bytes_max) {
    last->text += text;
  } else {
    output_.push_back({.reasoning = reasoning, .text = std::move(text)});
  }
  return true;
}

// What nobody follows can wait a moment for more, or for the next unit, and saves a disk write of
// its own.
Task<Result<void>> RunRecord::publish_output() {
  const bool followed = ports_.feed.is_followed(run_.scope, run_.thread_id, run_.started_by);
  if (!followed && pending_bytes_ < limits::pending_output_bytes_max) {
    if (!output_alarm_) {
      auto send = [weak = weak_from_this()] {
        const auto record = weak.lock();
        if (record && !record->units_->any_failed()) record->send_output();
      };
      output_alarm_ = co_await base::call_after(limits::pending_output_time_max, std::move(send));
    }
    co_return Result<void>();
  }
  if (!units_->any_failed() && !units_->are_many()) {
    send_output();
    co_return Result<void>();
  }
  auto stored = co_await commit(unit());
  co_return stored;
}

void RunRecord::send_output() {
  Unit output = unit();
  const Position from = take_output(output);
  if (output.events.empty()) return;
  units_->begin();
  ports_.feed.append(std::move(output),
                     [units = units_, from, to = published_](const Result<std::int64_t>& stored) {
                       units->end(stored.has_value(), from, to);
                     });
}

Task<Result<void>> RunRecord::restart_output() {
  forget_output();
  std::vector<Event> events;
  events.push_back(event(OutputRestarted{}));
  auto stored = co_await commit(unit(std::move(events)));
  co_return stored;
}

Task<Result<void>> RunRecord::change_model(ModelChanged change) {
  std::string provider = change.provider;
  std::vector<Event> events;
  events.push_back(event(std::move(change)));
  auto stored = co_await commit(unit(std::move(events)));
  if (stored) {
    provider_ = std::move(provider);
    has_fallen_back_ = true;
  }
  co_return stored;
}

void RunRecord::add_reply(const ModelReply& reply) {
  reply_added_ = true;
  budget_.spend(provider_, reply.model, reply.usage);
  add_cost(reply.usage, ports_.prices.cost_micros(provider_, reply.model, reply.usage));
  run_.rounds += 1;
  if (!reply.model.empty()) model_ = reply.model;
  produced_.insert(produced_.end(), reply.parts.begin(), reply.parts.end());
  citations_.insert(citations_.end(), reply.citations.begin(), reply.citations.end());
}

void RunRecord::add_void_reply(const ModelReply& reply) {
  budget_.spend(provider_, reply.model, reply.usage);
  add_cost(reply.usage, ports_.prices.cost_micros(provider_, reply.model, reply.usage));
  run_.rounds += 1;
  if (!reply.model.empty()) model_ = reply.model;
}

void RunRecord::note_output(StructuredOutputMade output) { output_made_ = std::move(output); }

void RunRecord::note_output(StructuredOutputRefused refusal) {
  output_refused_ = std::move(refusal);
}

void RunRecord::add_cost(const Usage& usage, std::int64_t cost_micros) {
  run_.usage += usage;
  run_.cost_micros += cost_micros;
}

void RunRecord::add_summary_cost(const ThreadSummary& summary, std::string_view provider) {
  budget_.spend(provider, summary.model, summary.usage);
  add_cost(summary.usage, summary.cost_micros);
}

// --- budgets ------------------------------------------------------------------------------------

Task<Result<void>> RunRecord::reserve(CallBound bound) {
  Unit reservation = unit();
  reservation.changes.emplace_back(budget_.reserve(bound));
  auto stored = co_await commit(std::move(reservation), inputs_.work());
  if (stored) budget_.reserved(bound);
  co_return stored;
}

void RunRecord::settle_budget(Unit& unit) const {
  if (auto settlement = budget_.settle()) unit.changes.emplace_back(std::move(settlement));
}

Task<Result<void>> RunRecord::store_step(ModelReply reply, std::vector<ToolCall> calls) {
  std::vector<Event> events;
  if (!citations_.empty()) events.push_back(event(SourcesCited{citations_}));
  for (const ToolCall& call : calls) {
    events.push_back(event(ToolCallRequested{.tool_call_id = call.id,
                                             .call_id = call.call_id,
                                             .tool = call.tool,
                                             .arguments = call.arguments}));
    if (call.finished_at) events.push_back(finished_event(call));  // malformed: over at once
  }
  Unit step = unit(std::move(events));
  add_unstored_results(step);
  const std::size_t spans = spans_.size();
  step.changes.emplace_back(InsertStep{RunStep{.run_id = run_.id,
                                               .number = next_step_++,
                                               .parts = std::move(reply.parts),
                                               .usage = reply.usage,
                                               .model = std::move(reply.model),
                                               .provider = has_fallen_back_ ? provider_ : "",
                                               .spans = spans_}});
  for (ToolCall& call : calls) step.changes.emplace_back(InsertToolCall{std::move(call)});
  settle_budget(step);
  auto stored = co_await commit(std::move(step));
  if (stored) {
    forget_spans(spans);
    budget_.settled();
    unstored_results_.reset();
    citations_.clear();
    forget_output();
  }
  co_return stored;
}

void RunRecord::add_span(Span span) {
  if (ports_.spans != nullptr) ports_.spans->span_ended(span);
  if (++spans_added_ > limits::spans_per_run_max) return;
  spans_.push_back(std::move(span));
}

RunTrace RunRecord::trace() const {
  return {.provider = provider_, .model = span_text(model_), .spans = spans_};
}

// Those of a unit that was stored; what ended meanwhile stays.
void RunRecord::forget_spans(std::size_t stored) {
  spans_.erase(spans_.begin(), spans_.begin() + static_cast<std::ptrdiff_t>(stored));
}

void RunRecord::add_results(std::vector<Part> results) {
  if (results.empty()) return;
  produced_.insert(produced_.end(), results.begin(), results.end());
  unstored_results_ =
      RunStep{.run_id = run_.id, .number = next_step_++, .parts = std::move(results)};
}

void RunRecord::add_unstored_results(Unit& unit) {
  if (unstored_results_) unit.changes.emplace_back(InsertStep{*unstored_results_});
}

Task<Result<void>> RunRecord::store_summary(ThreadSummary summary) {
  Unit stored_with = unit();
  stored_with.changes.emplace_back(InsertSummary{std::move(summary)});
  settle_budget(stored_with);
  auto stored = co_await commit(std::move(stored_with));
  if (stored) budget_.settled();
  co_return stored;
}

// --- tool calls ---------------------------------------------------------------------------------

// The action and the record of its decision.
void RunRecord::add_action(Unit& unit, const Action& action) const {
  if (action.version == 1) {
    unit.changes.emplace_back(InsertAction{action});
  } else {
    unit.changes.emplace_back(UpdateAction{.action = action});
  }
  const bool asked = action.decision.outcome == Outcome::abstain;
  const bool runs = action.state == ActionState::executing;
  const std::string_view granted_by = !asked || !runs       ? ""
                                      : action.version == 1 ? "permission"
                                                            : "approval";
  unit.changes.emplace_back(AppendAudit{decision_entry(action, granted_by, ports_.redaction)});
}

Task<Result<void>> RunRecord::deny(ToolCall call, Action action) {
  std::vector<Event> events;
  events.push_back(finished_event(call));
  Unit denied = unit(std::move(events));
  add_action(denied, action);
  denied.changes.emplace_back(MoveToolCall{.id = call.id,
                                           .from = ToolCallState::requested,
                                           .to = ToolCallState::denied,
                                           .result = call.result,
                                           .finished_at = call.finished_at});
  auto stored = co_await commit(std::move(denied));
  co_return stored;
}

Task<Result<void>> RunRecord::ask_human(ToolCall call, Action action) {
  std::vector<Event> events;
  events.push_back(event(ApprovalRequested{.approval_id = action.id,
                                           .tool_call_id = call.id,
                                           .tool = call.tool,
                                           .arguments = call.arguments}));
  if (const auto& place = run_.options.handed_on_by) {
    Event told = event(ApprovalRequested{
        .approval_id = action.id, .tool = call.tool, .arguments = call.arguments});
    told.thread_id = place->thread_id;
    told.run_id = place->run_id;
    events.push_back(std::move(told));
  }
  Unit asked = unit(std::move(events));
  add_action(asked, action);
  asked.changes.emplace_back(MoveToolCall{
      .id = call.id, .from = ToolCallState::requested, .to = ToolCallState::waiting_approval});
  auto stored = co_await commit(std::move(asked));
  co_return stored;
}

Task<Result<void>> RunRecord::note_decision(Action step, std::string granted_by) {
  Unit decided = unit();
  decided.changes.emplace_back(AppendAudit{decision_entry(step, granted_by, ports_.redaction)});
  auto stored = co_await commit(std::move(decided));
  co_return stored;
}

Task<Result<void>> RunRecord::begin_call(ToolCall call, Action action, std::stop_token withdraw) {
  std::vector<Event> events;
  events.push_back(event(ToolCallStarted{.tool_call_id = call.id, .tool = call.tool}));
  Unit begun = unit(std::move(events));
  add_action(begun, action);
  begun.changes.emplace_back(AppendAudit{started_entry(action, now(), ports_.redaction)});
  begun.changes.emplace_back(
      MoveToolCall{.id = call.id, .from = ToolCallState::requested, .to = ToolCallState::running});
  auto stored = co_await commit(std::move(begun), std::move(withdraw));
  co_return stored;
}

Task<Result<void>> RunRecord::end_call(ToolCall call, ToolCallState from,
                                       std::optional<Action> action,
                                       std::string authorization_url) {
  std::vector<Event> events;
  events.push_back(finished_event(call, std::move(authorization_url)));
  Unit ended = unit(std::move(events));
  ended.changes.emplace_back(MoveToolCall{.id = call.id,
                                          .from = from,
                                          .to = call.state,
                                          .result = call.result,
                                          .finished_at = call.finished_at});
  if (action) {
    ended.changes.emplace_back(UpdateAction{.action = *action, .if_unchanged = true});
    ended.changes.emplace_back(
        AppendAudit{finished_entry(*action, action->updated_at, ports_.redaction)});
  }
  auto stored = co_await commit(std::move(ended));
  co_return stored;
}

Task<Result<void>> RunRecord::interrupt_call(ToolCall call, std::optional<Action> action) {
  if (call.finished_at) {
    std::string no_url;
    auto stored = co_await end_call(std::move(call), ToolCallState::running, std::move(action),
                                    std::move(no_url));
    co_return stored;
  }
  Unit again = unit();
  again.changes.emplace_back(
      MoveToolCall{.id = call.id, .from = ToolCallState::running, .to = call.state});
  auto stored = co_await commit(std::move(again));
  co_return stored;
}

// --- the end ------------------------------------------------------------------------------------

Task<Result<void>> RunRecord::wait_for_humans() {
  Run waiting = run_;
  waiting.state = RunState::waiting_approval;
  Unit parked = unit();
  const std::size_t spans = spans_.size();
  parked.changes.emplace_back(
      UpdateRun{.run = std::move(waiting), .from = RunState::running, .trace = trace()});
  auto stored = co_await commit(std::move(parked));
  if (stored) forget_spans(spans);
  co_return stored;
}

Message RunRecord::reply_message() const {
  const Time at = now();
  return Message{
      .id = base::new_id(at),
      .thread_id = run_.thread_id,
      .run_id = run_.id,
      .role = Role::assistant,
      .parts = produced_,
      .user_id = {},
      .device_id = {},
      .created_at = at,
      .model = model_,
      .provider = provider_,
      .usage = run_.usage,
      .reply_to = run_.options.reply_to,
      .origin = AnswerOrigin{.agent_id = run_.agent_id,
                             .version_id = run_.version.id,
                             .version_bucket = run_.version.bucket,
                             .cost_micros = run_.cost_micros,
                             .took_micros = (at - run_.created_at).count(),
                             .structured_output = output_made_ ? output_made_->value : nullptr}};
}

// What there is of an answer whose run did not come to its end: nullopt when it is not kept, or
// when nothing was said. The output of the reply that was under way counts as far as it came.
std::optional<Message> RunRecord::partial_reply() const {
  if (!run_.settings.keeps_partial_reply.value_or(false)) return std::nullopt;
  Message reply = reply_message();
  drop_unanswered_calls(reply.parts);
  if (!reply_added_) {
    for (const Piece& piece : output_) {
      if (!piece.reasoning) reply.parts.emplace_back(TextPart{piece.text});
    }
  }
  if (visible_text(reply.parts).empty()) return std::nullopt;
  return reply;
}

Task<Result<FinishedRun>> RunRecord::finish(End end, Message user_message,
                                            std::stop_token withdraw_finish) {
  FinishedRun finished{.run = run_, .user_message = std::move(user_message)};
  Run& run = finished.run;
  run.state = end.state;
  run.error = std::move(end.error);
  Unit last = unit();
  if (end.state == RunState::succeeded) {
    finished.reply = reply_message();
    if (output_made_) last.events.push_back(event(*output_made_));
    last.changes.emplace_back(InsertMessage{*finished.reply});
    if (!end.title.empty()) {
      last.changes.emplace_back(RenameThread{.id = run.thread_id,
                                             .title = std::move(end.title),
                                             .at = finished.reply->created_at,
                                             .only_if_untitled = true});
    }
  } else {
    add_unstored_results(last);
    if (output_refused_) last.events.push_back(event(*output_refused_));
    finished.reply = partial_reply();
    if (finished.reply) last.changes.emplace_back(InsertMessage{*finished.reply});
  }
  if (finished.reply && !citations_.empty()) {
    last.events.insert(last.events.begin(), event(SourcesCited{citations_}));
  }
  run.finished_at = now();
  for (auto& [id, action] : end.actions) {
    withdraw(last, action, std::string(run_ended_reason), *run.finished_at, ports_.redaction);
  }
  last.changes.emplace_back(UpdateRun{.run = run, .from = RunState::running, .trace = trace()});
  settle_budget(last);
  wake_job_of(last, run, *run.finished_at);
  last.events.push_back(event(RunFinished{.state = run.state,
                                          .message = finished.reply,
                                          .error = run.error,
                                          .usage = run.usage,
                                          .cost_micros = run.cost_micros}));
  auto stored = co_await commit(std::move(last), std::move(withdraw_finish));
  if (!stored) co_return fail(std::move(stored.error()));
  if (ports_.spans != nullptr) ports_.spans->run_ended(finished.run);
  budget_.settled();
  co_return finished;
}

Task<Result<Run>> RunRecord::settle(RunState from, End end, std::vector<ToolCall> calls) {
  Run run = run_;
  run.state = end.state;
  run.error = std::move(end.error);
  run.finished_at = now();
  Unit last = unit();
  for (ToolCall& call : calls) {
    if (call.state != ToolCallState::running) continue;
    call.state = ToolCallState::interrupted;
    call.result = std::string(unknown_outcome_text);
    call.finished_at = run.finished_at;
    last.events.push_back(finished_event(call));
    last.changes.emplace_back(MoveToolCall{.id = call.id,
                                           .from = ToolCallState::running,
                                           .to = call.state,
                                           .result = call.result,
                                           .finished_at = call.finished_at});
  }
  for (auto& [id, action] : end.actions) {
    withdraw(last, action, std::string(run_ended_reason), *run.finished_at, ports_.redaction);
    if (action.state != ActionState::executing) continue;
    action.state = ActionState::failed;
    action.reason = std::string(unknown_outcome_text);
    action.updated_at = *run.finished_at;
    ++action.version;
    last.changes.emplace_back(UpdateAction{.action = action, .if_unchanged = true});
    last.changes.emplace_back(
        AppendAudit{finished_entry(action, action.updated_at, ports_.redaction)});
  }
  last.changes.emplace_back(UpdateRun{.run = run, .from = from});
  if (auto given = budget_.give_back()) last.changes.emplace_back(std::move(given));
  wake_job_of(last, run, *run.finished_at);
  std::optional<Message> partial = partial_reply();
  if (partial) last.changes.emplace_back(InsertMessage{*partial});
  last.events.push_back(event(RunFinished{.state = run.state,
                                          .message = std::move(partial),
                                          .error = run.error,
                                          .usage = run.usage,
                                          .cost_micros = run.cost_micros}));
  auto stored = co_await commit(std::move(last));
  if (!stored) co_return fail(std::move(stored.error()));
  if (ports_.spans != nullptr) ports_.spans->run_ended(run);
  co_return run;
}

// --- small parts --------------------------------------------------------------------------------

Unit RunRecord::unit(std::vector<Event> events) const {
  return Unit{.scope = run_.scope,
              .account = account_of(run_.scope, run_.started_by),
              .changes = {},
              .events = std::move(events)};
}

Event RunRecord::event(EventBody body) const {
  return Event{.scope = run_.scope,
               .thread_id = run_.thread_id,
               .run_id = run_.id,
               .at = now(),
               .body = std::move(body)};
}

Event RunRecord::finished_event(const ToolCall& call, std::string authorization_url) const {
  return event(ToolCallFinished{.tool_call_id = call.id,
                                .call_id = call.call_id,
                                .tool = call.tool,
                                .state = call.state,
                                .result = call.result,
                                .authorization_url = std::move(authorization_url)});
}

}  // namespace colonnade::core
