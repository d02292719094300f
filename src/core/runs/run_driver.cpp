#include "core/runs/run_driver.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/json.hpp"
#include "base/log.hpp"
#include "core/threads/threads.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::Task;

namespace {

// The run's own limits can only be tighter than everybody's.
RunLimits limits_of(const RunOptions& options, const Run& run,
                    const std::vector<FallbackModel>& fallbacks) {
  RunLimits out = options.limits;
  for (const FallbackModel& one : fallbacks) out.fallbacks.push_back(one.fault);
  const auto tighten = [](int& limit, std::optional<int> own) {
    limit = std::min(limit, own.value_or(limit));
  };
  tighten(out.rounds_max, run.settings.rounds_max);
  tighten(out.retries_max, run.settings.retries_max);
  tighten(out.limited_retries_max, run.settings.limited_retries_max);
  return out;
}

std::chrono::milliseconds time_max_of(const RunOptions& options, const Run& run) {
  if (!run.settings.run_seconds_max) return options.run_time_max;
  return std::min<std::chrono::milliseconds>(options.run_time_max,
                                             std::chrono::seconds(*run.settings.run_seconds_max));
}

std::chrono::milliseconds approval_time_of(const RunOptions& options, const Run& run) {
  if (!run.settings.approval_seconds_max) return options.approval_time_max;
  return std::min<std::chrono::milliseconds>(
      options.approval_time_max, std::chrono::seconds(*run.settings.approval_seconds_max));
}

std::chrono::milliseconds tool_time_of(const RunOptions& options, const Run& run) {
  if (!run.options.tool_seconds_max) return options.tool_time_max;
  return std::min<std::chrono::milliseconds>(options.tool_time_max,
                                             std::chrono::seconds(*run.options.tool_seconds_max));
}

double spread(const std::string& run_id) {
  return static_cast<double>(std::hash<std::string>{}(run_id) % 1000) / 1000.0;
}

// Takes the history out of `start`: it may be long, and only the context needs it.
ContextStart context_start(RunStart& start) {
  const ModelSettings& settings = start.run.settings;
  return {.provider = std::string(start.provider->name()),
          .model = settings.model.value_or(std::string(start.provider->default_model())),
          .settings = settings,
          .thread_id = start.thread.id,
          .run_id = start.run.id,
          .instructions = system_prompt(start.agent),
          .summary = std::move(start.summary),
          .history = std::move(start.history),
          .history_is_cut = start.history_is_cut,
          .limits = start.history_limits};
}

// What the checker of values calls the answer; no tool has such a name.

bool is_final(const ModelReply& reply) {
  return reply.stop_reason != StopReason::pause &&
         std::ranges::none_of(reply.parts, [](const Part& part) {
           return std::holds_alternative<ToolCallPart>(part);
         });
}

// The JSON value that a text is, perhaps inside one code fence.
base::Result<base::Json> structured_value(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  constexpr std::string_view fence = "```";
  const auto trim = [&](std::string_view one) {
    const auto first = one.find_first_not_of(blank);
    if (first == std::string_view::npos) return std::string_view();
    return one.substr(first, one.find_last_not_of(blank) - first + 1);
  };
  text = trim(text);
  if (text.starts_with(fence) && text.ends_with(fence) && text.size() > 2 * fence.size()) {
    const auto line = text.find('\n');
    if (line != std::string_view::npos && line + fence.size() < text.size()) {
      text = trim(text.substr(line, text.size() - fence.size() - line));
    }
  }
  return base::parse_json(text, "the answer");
}

RunOutcome abandoned(base::Error error) {
  return {.kind = RunOutcome::Kind::abandoned, .error = std::move(error)};
}

base::Error not_stored_error() {
  return {.kind = ErrorKind::conflict, .message = "the message was not stored"};
}

}  // namespace

RunDriver::RunDriver(const RunDriverPorts& ports, const RunOptions& options, base::Lane& lane,
                     RunStart start)
    : options_(options),
      lane_(lane),
      run_(start.run),
      user_message_(std::move(start.user_message)),
      recovered_(start.recovered),
      untitled_(start.thread.title.empty()),
      fallbacks_(fallbacks_of(start, ports.model.providers)),
      record_(std::make_shared<RunRecord>(ports.record, inputs_, run_,
                                          std::string(start.provider->name()))),
      model_(ports.model, options.context, lane, *start.provider, context_start(start), inputs_,
             *record_),
      tools_(ports.tools,
             {.tool_time_max = tool_time_of(options, run_),
              .sub_agent_time_max = time_max_of(options, run_),
              .approval_time_max = approval_time_of(options, run_),
              .rules = std::move(start.thread.rules)},
             lane, std::move(start.agent), inputs_, *record_),
      machine_(limits_of(options, run_, fallbacks_), spread(run_.id)),
      tool_runner_(ports.tools.tools),
      output_schema_(std::move(start.output_schema)) {
  if (!recovered_) return;
  tool_calls_made_ = static_cast<std::int64_t>(start.tool_calls.size());
  record_->load(start.steps, model_.summary());
  tools_.load(start.steps, start.tool_calls, std::move(start.actions));
}

RunRecord::Opened RunDriver::open(std::string keyed_request_id,
                                  const std::optional<std::vector<ToolDefinition>>& tools) {
  std::optional<CallBound> bound;
  if (tools) bound = model_.first_bound(*tools);
  return record_->open(user_message_, std::move(keyed_request_id), std::move(bound));
}

void RunDriver::cancel() {
  lane_.post([self = shared_from_this()] { self->inputs_.cancel(); });
}

// While a tool runs, the model is not asked.
void RunDriver::cancel_after_tools() {
  lane_.post([self = shared_from_this()] {
    if (self->tools_.busy()) {
      self->ends_after_tools_ = true;
      self->inputs_.push(StopRequested{});
    } else {
      self->inputs_.cancel();
    }
  });
}

void RunDriver::park() {
  inputs_.note_park();
  lane_.post([self = shared_from_this()] { self->inputs_.wake_parked(); });
}

void RunDriver::recheck() {
  lane_.post([self = shared_from_this()] {
    self->lane_.spawn("read_answers", ToolRound::read_answers(self->shared_tools()));
  });
}

// --- the loop -----------------------------------------------------------------------------------

// The driver's last owner may be on another thread; an alarm must go here.
struct RunDriver::OnLaneOnly {
  RunDriver& driver;
  ~OnLaneOnly() { driver.record_->close(); }
};

Task<RunOutcome> RunDriver::drive(std::shared_ptr<RunDriver> self) {
  const std::weak_ptr<RunDriver> weak = self;
  auto out_of_time_call = [weak] {
    const auto driver = weak.lock();
    if (!driver) return;
    driver->inputs_.push(LimitReached{std::string(out_of_time) + " (run_time_max)"});
    driver->inputs_.stop_work();
  };
  auto alarm = co_await base::call_after(time_max_of(self->options_, self->run_),
                                         std::move(out_of_time_call));
  const OnLaneOnly on_lane_only{*self};
  std::exception_ptr broken;
  try {
    auto outcome = co_await self->loop();
    co_return outcome;
  } catch (...) {
    broken = std::current_exception();
  }
  co_await self->end_work();
  // Whoever settles the run must find it.
  const bool opened = co_await self->record_->opened();
  if (!opened) co_return abandoned(not_stored_error());
  std::rethrow_exception(broken);
}

// Its tools end soon once they are stopped; what they did is stored before anybody settles the run.
Task<void> RunDriver::end_work() {
  inputs_.stop_work();
  while (tools_.busy()) co_await inputs_.changed();
}

Task<RunOutcome> RunDriver::loop() {
  auto action = co_await begin();
  while (action) {
    if (inputs_.parked()) break;
    auto outcome = co_await perform(std::move(*action));
    if (outcome) co_return std::move(*outcome);
    auto input = co_await inputs_.next();
    if (!input) break;
    action = machine_.on(*input);
  }
  if (inputs_.parked()) co_return abandoned(parked_error());
  co_return RunOutcome{.kind = RunOutcome::Kind::waiting};
}

// nullopt: a parked run that another has taken up or ended.
Task<std::optional<RunAction>> RunDriver::begin() {
  if (run_.state == RunState::waiting_approval) {
    auto resumed = co_await record_->resume();
    if (!resumed) {
      base::log::warn("run_not_resumed", {{"run", run_.id}, {"error", resumed.error().message}});
      co_return std::nullopt;
    }
  }
  Result<void> settled;
  if (recovered_) settled = co_await tools_.settle_interrupted();
  if (!settled) co_return machine_.on(CommitFailed{std::move(settled.error())});
  co_await tools_.load_definitions();
  if (needs_tool() && tools_.definitions().empty()) {
    co_return machine_.on(LimitReached{std::string(no_required_tool)});
  }
  RunAction first =
      recovered_ ? machine_.resume(record_->run().rounds, tools_.calls()) : machine_.start();
  if (tools_.start_hearing()) recheck();
  co_return first;
}

// Does one action. An outcome ends the loop; else an input has come or will come.
Task<std::optional<RunOutcome>> RunDriver::perform(RunAction action) {
  if (const auto* ask = std::get_if<AskModel>(&action)) {
    const bool restarted = ask->restarted;
    co_await ask_model(restarted);
    if (!record_->is_open()) {
      co_return abandoned(not_stored_error());
    }
  } else if (const auto* wait = std::get_if<WaitToRetry>(&action)) {
    const bool slept = co_await base::sleep_for(wait->delay, inputs_.work());
    if (slept) inputs_.push(RetryDue{});
  } else if (const auto* change = std::get_if<ChangeModel>(&action)) {
    co_await change_model(change->fallback);
  } else if (auto* ask_for = std::get_if<AskGate>(&action)) {
    co_await tools_.ask_gate(std::move(ask_for->tool_call_ids));
  } else if (const auto* tool = std::get_if<RunTool>(&action)) {
    lane_.spawn("run_tool", ToolRound::run_tool(shared_tools(), tool->tool_call_id));
  } else if (auto* end = std::get_if<Finish>(&action)) {
    auto outcome = co_await finish(std::move(*end));
    co_return outcome;
  } else if (std::holds_alternative<Park>(action)) {
    auto outcome = co_await wait_for_humans();
    co_return outcome;
  }
  // StopTools: whoever ended the run has requested the stop, but for a commit that failed.
  if (std::holds_alternative<StopTools>(action)) inputs_.stop_work();
  co_return std::nullopt;
}

Task<void> RunDriver::ask_model(bool restarted) {
  record_->add_results(tools_.take_results());
  if (ends_after_tools_) co_return;  // the input that says so is there already
  if (std::exchange(output_is_void_, false) || restarted) {
    auto told = co_await record_->restart_output();
    if (!told) {
      inputs_.push(CommitFailed{std::move(told.error())});
      co_return;
    }
  }
  if (std::string why = used_up(); !why.empty()) {
    // Told of a run that is stored.
    const bool opened = co_await record_->opened();
    if (opened) inputs_.push(LimitReached{std::move(why)});
    co_return;
  }
  auto reply = co_await model_.ask(&tools_.definitions(), needs_tool());
  if (reply) co_await take_reply(std::move(*reply));
}

// What the log says the model is comes before anything that it says.
Task<void> RunDriver::change_model(std::size_t fallback) {
  const FallbackModel& next = fallbacks_[fallback];
  if (model_.asks(*next.provider, next.model)) {
    inputs_.push(ModelChosen{});
    co_return;
  }
  ModelChanged change{
      .provider = std::string(next.provider->name()), .model = next.model, .because = next.fault};
  auto told = co_await record_->change_model(std::move(change));
  if (!told) {
    inputs_.push(CommitFailed{std::move(told.error())});
    co_return;
  }
  base::log::info("model_changed", {{"run", run_.id},
                                    {"provider", next.provider->name()},
                                    {"model", next.model},
                                    {"because", to_string(next.fault)}});
  model_.change_model(*next.provider, next.model);
  inputs_.push(ModelChosen{.changed = true});
}

// Whether the next reply has to call a tool: the first one of a turn that says so.
bool RunDriver::needs_tool() const {
  return run_.options.tool_use == ToolUse::required && record_->run().rounds == 0;
}

// Why the model may not be asked again; "" while it may.
std::string RunDriver::used_up() const {
  const TurnAllowance& most = run_.options.allowance;
  const Usage& used = record_->run().usage;
  if (most.tokens && used.input_tokens + used.output_tokens >= *most.tokens) {
    return std::string(out_of_allowance) + ": " + std::to_string(*most.tokens) + " tokens";
  }
  return {};
}

// Whether the answer is a value that fits the schema. Else the model is asked once more, with what
// was wrong; then the run fails. Either is in the inputs.
bool RunDriver::fits_schema(const ModelReply& reply) {
  ++output_attempts_;
  auto value = structured_value(visible_text(reply.parts));
  Result<void> fits;
  if (!value) {
    fits = base::fail(std::move(value.error()));
  } else {
    fits = tool_runner_.check_value(output_schema_, *value);
  }
  if (fits) {
    record_->note_output(
        StructuredOutputMade{.value = std::move(*value), .attempts = output_attempts_});
    return true;
  }
  record_->add_void_reply(reply);
  const std::string& wrong = fits.error().message;
  if (output_attempts_ >= limits::structured_output_attempts_max) {
    record_->note_output(
        StructuredOutputRefused{.violations = {wrong}, .attempts = output_attempts_});
    inputs_.push(ModelFailed{.error = {.kind = ErrorKind::invalid,
                                       .message = "the answer does not fit its schema: " + wrong},
                             .output_seen = true});
    return false;
  }
  output_is_void_ = true;
  model_.correct(reply.parts, "That does not fit: " + wrong +
                                  ". Answer again with one JSON value that fits the schema, and "
                                  "nothing else.");
  inputs_.push(ModelReplied{.stop_reason = StopReason::pause});
  return false;
}

// The last reply needs no step of its own: it is stored with the message, when the run ends.
Task<void> RunDriver::take_reply(ModelReply reply) {
  if (needs_tool() && is_final(reply)) {
    record_->add_void_reply(reply);
    inputs_.push(ModelFailed{
        .error = {.kind = ErrorKind::upstream, .message = std::string(required_tool_not_called)},
        .output_seen = true});
    co_return;
  }
  if (!output_schema_.is_null() && is_final(reply) && !fits_schema(reply)) co_return;
  record_->add_reply(reply);
  std::vector<std::string> ids = tools_.begin(reply);
  const bool asks_for_tools = !tools_.calls().empty();
  const std::optional<std::int64_t> most = run_.options.allowance.tool_calls;
  tool_calls_made_ += static_cast<std::int64_t>(ids.size());
  std::string refused;
  if (most && !ids.empty() && tool_calls_made_ > *most) {
    refused = std::string(out_of_allowance) + ": " + std::to_string(*most) + " tool calls";
    tools_.refuse_calls(refused);
  }
  StopReason reason = reply.stop_reason;
  if (asks_for_tools || reason == StopReason::pause) {
    auto stored = co_await record_->store_step(std::move(reply), tools_.calls());
    if (!stored) {
      inputs_.push(CommitFailed{std::move(stored.error())});
      co_return;
    }
  }
  if (!refused.empty()) {
    inputs_.push(LimitReached{std::move(refused)});
    co_return;
  }
  // Nothing to run, but the model must hear why.
  const bool runs_nothing = asks_for_tools && ids.empty();
  const bool cut_off = runs_nothing && reason == StopReason::max_tokens;
  if (runs_nothing) reason = StopReason::pause;
  inputs_.push(
      ModelReplied{.stop_reason = reason, .tool_call_ids = std::move(ids), .cut_off = cut_off});
}

// --- ending -------------------------------------------------------------------------------------

// A cancel that comes before the answer could be stored counts: nobody has seen the answer. An end
// that the store refuses is stored as a failure without the answer.
Task<RunOutcome> RunDriver::finish(Finish end) {
  record_->add_results(tools_.take_results());
  const bool titled = options_.auto_title && untitled_;
  RunRecord::End last{.state = end.state,
                      .error = std::move(end.error),
                      .title = titled ? auto_title(visible_text(user_message_.parts)) : "",
                      .actions = tools_.actions()};
  for (;;) {
    const bool succeeds = last.state == RunState::succeeded;
    std::stop_token withdraw;
    if (succeeds) withdraw = inputs_.cancelled();
    auto stored = co_await record_->finish(last, user_message_, std::move(withdraw));
    if (stored) {
      co_return RunOutcome{.kind = RunOutcome::Kind::finished, .finished = std::move(*stored)};
    }
    const bool stopping = inputs_.parked() || stored.error().kind == ErrorKind::unavailable;
    if (stopping) co_return abandoned(std::move(stored.error()));
    if (!succeeds) {
      co_return RunOutcome{.kind = RunOutcome::Kind::refused, .error = std::move(stored.error())};
    }
    const bool cancelled = stored.error().kind == ErrorKind::cancelled;
    last.state = cancelled ? RunState::cancelled : RunState::failed;
    last.error =
        cancelled ? "cancelled" : "the answer could not be stored: " + stored.error().message;
  }
}

// An answer that is being taken goes first. From the commit on, answers are found by whoever takes
// the run up.
Task<std::optional<RunOutcome>> RunDriver::wait_for_humans() {
  while (tools_.busy() && !inputs_.parked()) co_await inputs_.changed();
  if (inputs_.parked() || !inputs_.empty()) co_return std::nullopt;
  tools_.stop_hearing();
  auto stored = co_await record_->wait_for_humans();
  if (stored) co_return RunOutcome{.kind = RunOutcome::Kind::waiting};
  const bool stopping = inputs_.parked() || stored.error().kind == ErrorKind::unavailable;
  if (stopping) co_return abandoned(std::move(stored.error()));
  co_return RunOutcome{.kind = RunOutcome::Kind::refused, .error = std::move(stored.error())};
}

}  // namespace colonnade::core
