#include "core/runs/model_call.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "core/access/account.hpp"
#include "core/budgets/call_bound.hpp"
#include "core/spans/span.hpp"
#include "core/spans/trace_parent.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

std::string too_large_text(const ContextRoom& room, std::int64_t tokens) {
  return "the message and what belongs to it take about " + std::to_string(tokens) +
         " tokens, more than the " + std::to_string(room.input) +
         " that fit besides a reply into the model's window of " + std::to_string(room.window) +
         "; shorten it, lower max_output_tokens, choose a model with a larger window, or correct "
         "the window in context.windows_file or context.input_tokens_max";
}

std::string no_model(std::string_view model, std::string_view provider, std::string_view said) {
  std::string out(no_model_text);
  out.append(model)
      .append("' at the provider '")
      .append(provider)
      .append("'; choose another one (");
  out.append(said).append(1, ')');
  return out;
}

std::int64_t bytes_said(const ModelEvent& event) {
  if (const auto* text = std::get_if<ModelTextDelta>(&event)) {
    return static_cast<std::int64_t>(text->text.size());
  }
  const auto* thought = std::get_if<ModelReasoningDelta>(&event);
  return thought == nullptr ? 0 : static_cast<std::int64_t>(thought->text.size());
}

}  // namespace

ModelCall::ModelCall(ModelCallPorts ports, const ContextOptions& options, base::Lane& lane,
                     ModelProvider& provider, ContextStart start, RunInputs& inputs,
                     RunRecord& record)
    : ports_(ports),
      options_(options),
      lane_(lane),
      provider_(&provider),
      inputs_(inputs),
      record_(record),
      context_(std::move(start), options) {}

Task<std::optional<ModelReply>> ModelCall::ask(const std::vector<ToolDefinition>* tools,
                                               bool tool_required) {
  Answer answer;
  for (bool again = true; again;) {
    const bool fits = co_await fit_context(tools);
    if (!fits) co_return std::nullopt;
    auto request = context_.request(record_.produced(), *tools);
    request.tool_required = tool_required && !request.tools.empty();
    add_correction(request);
    const bool paid = co_await may_be_paid(&request);
    if (!paid) co_return std::nullopt;
    const Asked asked = begin_span(*provider_, request);
    answer = co_await ask_once(std::move(request));
    if (record_.is_open() && !inputs_.parked()) {
      end_span(asked, answer.reply ? &*answer.reply : nullptr, &answer.error, answer.first_output);
    }
    if (!answer.reply && answer.output_seen) {
      record_.budget().spend_broken(context_.tokens(), answer.output_bytes);
    }
    // An estimate or a table may be wrong: once in a run, the vendor's word makes the room smaller.
    again = !answer.reply && answer.error.kind == ErrorKind::too_large && !answer.output_seen &&
            !answer.commit_failed && record_.is_open() && !inputs_.parked() &&
            !std::exchange(refused_as_too_long_, true);
    if (again) context_.refused();
  }
  if (inputs_.parked() || !record_.is_open()) co_return std::nullopt;
  if (answer.reply) {
    correction_.reset();
    context_.reported(answer.reply->usage);
    co_return std::move(answer.reply);
  }
  note_failure(answer);
  co_return std::nullopt;
}

bool ModelCall::asks(const ModelProvider& provider, const std::string& model) const {
  return &provider == provider_ && model == context_.model();
}

void ModelCall::change_model(ModelProvider& provider, std::string model) {
  provider_ = &provider;
  context_.change_model(std::string(provider.name()), std::move(model));
  refused_as_too_long_ = false;
}

ModelCall::Asked ModelCall::begin_span(const ModelProvider& provider, ModelRequest& request) const {
  const Run& run = record_.run();
  Asked out{.provider = provider.name(), .model = span_text(request.model), .start = record_.now()};
  request.traceparent = traceparent_text(trace_id_of(run), model_span_id(run.id, out.start));
  return out;
}

// Without a reply `error` says why there is none.
void ModelCall::end_span(const Asked& asked, const ModelReply* reply, const base::Error* error,
                         std::optional<Time> first_output) {
  ModelCallSpan of{.provider = std::string(asked.provider),
                   .model_asked = asked.model,
                   .of_summary = asked.of_summary};
  if (first_output) of.first_output_micros = (*first_output - asked.start).count();
  if (reply != nullptr) {
    of.model = span_text(reply->model);
    of.usage = reply->usage;
    of.cost_micros = ports_.prices.cost_micros(asked.provider, reply->model, reply->usage);
    of.stop_reason = std::string(to_string(reply->stop_reason));
    of.tool_calls = static_cast<int>(std::ranges::count_if(
        reply->parts, [](const Part& part) { return std::holds_alternative<ToolCallPart>(part); }));
  }
  const bool failed = reply == nullptr && error != nullptr;
  record_.add_span({.start = asked.start,
                    .end = record_.now(),
                    .error = failed ? std::string(to_string(error->kind)) : std::string(),
                    .of = std::move(of)});
}

// --- what it costs ------------------------------------------------------------------------------

// The request says how much may come back, if it did not.
CallBound ModelCall::bound_of(ModelRequest& request, const ModelProvider& provider) const {
  if (!request.max_output_tokens) {
    set_output_bound(request);
    const auto most = options_.windows.find(provider.name(), request.model).output;
    request.max_output_tokens = static_cast<int>(
        std::min<std::int64_t>(*request.max_output_tokens, std::max<std::int64_t>(most, 1)));
  }
  return record_.budget().bound(provider.name(), request);
}

CallBound ModelCall::first_bound(const std::vector<ToolDefinition>& tools) const {
  ModelRequest request = context_.request(record_.produced(), tools);
  CallBound bound = bound_of(request, *provider_);
  // What may be cut before it is sent is not reserved whole: the call itself does that.
  if (input_tokens_bound(request) > context_.room().input) bound.micros = 0;
  return bound;
}

// Whether the budgets let the call be made. Else an input says why not, or the run was not opened,
// or is parked.
Task<bool> ModelCall::may_be_paid(ModelRequest* request) {
  auto reserved = co_await reserve(request, provider_);
  if (reserved) co_return true;
  if (inputs_.parked() || !record_.is_open()) co_return false;
  base::Error& error = reserved.error();
  // A stop that somebody asked for is in the queue with its reason.
  if (error.kind == ErrorKind::cancelled && !inputs_.empty()) co_return false;
  if (error.kind == ErrorKind::over_budget) {
    inputs_.push(LimitReached{std::move(error.message)});
  } else {
    inputs_.push(CommitFailed{std::move(error)});
  }
  co_return false;
}

// Nobody is asked before what it may cost is durable; the opening unit has it for the first call.
Task<Result<void>> ModelCall::reserve(ModelRequest* request, const ModelProvider* provider) {
  const bool counts = record_.budget().counts();
  const std::optional<std::int64_t> most = record_.run().options.allowance.cost_micros;
  const bool is_bounded = most.has_value() && record_.budget().has_prices();
  if (!counts && !is_bounded) co_return Result<void>();
  const CallBound bound = bound_of(*request, *provider);
  // What is refused is told of a run that is stored.
  const bool opened = co_await record_.opened();
  if (!opened) co_return fail(ErrorKind::conflict, "the message was not stored");
  if (is_bounded && record_.run().cost_micros + bound.micros > most.value_or(0)) {
    co_return fail(ErrorKind::over_budget, std::string(out_of_allowance) +
                                               ": the next call may cost more than what is left");
  }
  if (!counts) co_return Result<void>();
  if (!record_.budget().must_reserve(bound)) co_return Result<void>();
  auto reserved = co_await record_.reserve(bound);
  co_return reserved;
}

void ModelCall::correct(std::vector<Part> answer, std::string wrong) {
  correction_ = Correction{.answer = std::move(answer), .wrong = std::move(wrong)};
}

void ModelCall::add_correction(ModelRequest& request) const {
  if (!correction_) return;
  const Run& run = record_.run();
  const bool turn_is_open = !request.messages.empty() &&
                            request.messages.back().role == Role::assistant &&
                            request.messages.back().run_id == run.id;
  if (!turn_is_open) {
    request.messages.push_back(
        {.thread_id = run.thread_id, .run_id = run.id, .role = Role::assistant});
  }
  std::vector<Part>& parts = request.messages.back().parts;
  parts.insert(parts.end(), correction_->answer.begin(), correction_->answer.end());
  request.messages.push_back(
      {.thread_id = run.thread_id, .role = Role::user, .parts = {TextPart{correction_->wrong}}});
}

void ModelCall::note_failure(Answer& answer) {
  if (answer.commit_failed) {
    inputs_.push(CommitFailed{std::move(answer.error)});
    return;
  }
  // A stop that somebody asked for is in the queue with its reason; that reason counts.
  if (answer.error.kind == ErrorKind::cancelled && !inputs_.empty()) return;
  base::log::warn("model_call_failed", {{"run", record_.run().id},
                                        {"provider", provider_->name()},
                                        {"kind", to_string(answer.error.kind)},
                                        {"error", answer.error.message},
                                        {"retryable", answer.error.retryable}});
  if (answer.error.kind == ErrorKind::invalid && answer.error.field == unknown_model_field) {
    answer.error.message = no_model(context_.model(), provider_->name(), answer.error.message);
  }
  inputs_.push(ModelFailed{.error = std::move(answer.error), .output_seen = answer.output_seen});
}

Task<ModelCall::Answer> ModelCall::ask_once(ModelRequest request) {
  Answer answer;
  HeldAttachments held;  // until the request is sent: the first answer says that it was
  if (ports_.attachments != nullptr && name_attachments(request.messages)) {
    auto filled = co_await ports_.attachments->fill(
        record_.scope(), account_of(record_.scope(), record_.run().started_by), &request.messages,
        inputs_.work());
    if (!filled) {
      answer.error = std::move(filled.error());
      co_return answer;
    }
    held = std::move(*filled);
  }
  // The call is under way while the user's message is still being written; what comes back waits.
  auto stream = provider_->ask(lane_, std::move(request), inputs_.work());
  if (!record_.is_open()) {
    const bool opened = co_await record_.opened();
    if (!opened) co_return answer;
  }
  for (;;) {
    auto events = co_await stream->next();
    held = {};
    if (!events) {
      answer.error = std::move(events.error());
      co_return answer;
    }
    if (inputs_.parked()) co_return answer;
    bool output = false;
    for (ModelEvent& event : *events) {
      answer.output_bytes += bytes_said(event);
      if (auto* reply = std::get_if<ModelReply>(&event)) {
        answer.reply = std::move(*reply);
      } else if (record_.add_output(event)) {
        output = true;
      }
    }
    if (output && !answer.output_seen) answer.first_output = record_.now();
    answer.output_seen = answer.output_seen || output;
    if (answer.reply) co_return answer;  // a unit follows at once, with the rest of the output
    if (!output) continue;
    auto published = co_await record_.publish_output();
    if (published) continue;
    answer.error = std::move(published.error());
    answer.commit_failed = true;
    co_return answer;
  }
}

// --- the window ---------------------------------------------------------------------------------

// Whether the model may be asked. Otherwise an input says why, or the run is being stopped.
Task<bool> ModelCall::fit_context(const std::vector<ToolDefinition>* tools) {
  for (;;) {
    const ContextPlan plan = context_.next(record_.produced(), *tools);
    if (plan.step == ContextPlan::Step::send) co_return true;
    // Nothing is paid for a message that does not exist.
    const bool opened = co_await record_.opened();
    if (!opened) co_return false;
    if (plan.step == ContextPlan::Step::too_large) {
      inputs_.push(
          ModelFailed{.error = {.kind = ErrorKind::invalid,
                                .message = too_large_text(context_.room(), context_.tokens()),
                                .field = "content"}});
      co_return false;
    }
    const bool goes_on = co_await cover_turns(plan.turns);
    if (!goes_on) co_return false;
  }
}

// The oldest turns give way to a summary of them, or to a note when there is none to be had.
Task<bool> ModelCall::cover_turns(std::size_t turns) {
  const std::string& run_id = record_.run().id;
  if (!summaries_fail_) {
    auto summary = co_await summarise(turns);
    if (inputs_.parked()) co_return false;
    if (inputs_.work().stop_requested()) {  // the reason is in the queue
      if (inputs_.empty()) inputs_.push(CancelRequested{});
      co_return false;
    }
    if (summary) {
      base::log::info("thread_summarised", {{"run", run_id},
                                            {"thread", record_.run().thread_id},
                                            {"turns", std::to_string(turns)},
                                            {"model", summary->model}});
      context_.take_summary(std::move(*summary), turns);
      co_return true;
    }
    summaries_fail_ = true;
    base::log::warn("summary_failed", {{"run", run_id},
                                       {"thread", record_.run().thread_id},
                                       {"kind", to_string(summary.error().kind)},
                                       {"error", summary.error().message}});
  }
  base::log::warn("turns_left_out", {{"run", run_id}, {"turns", std::to_string(turns)}});
  context_.leave_out(turns);
  co_return true;
}

// Asks for the summary and stores it. One that is not stored is not used.
Task<Result<ThreadSummary>> ModelCall::summarise(std::size_t turns) {
  ModelProvider* provider = provider_;
  std::string model = context_.model();
  if (!options_.summary_provider.empty()) {
    provider = ports_.providers.find(options_.summary_provider);
    if (provider == nullptr) {
      co_return fail(ErrorKind::unavailable, "there is no model provider named '" +
                                                 options_.summary_provider +
                                                 "'; correct context.summary_provider");
    }
    if (provider != provider_) model = std::string(provider->default_model());
  }
  if (!options_.summary_model.empty()) model = options_.summary_model;
  auto request = context_.summary_request(turns, std::string(provider->name()), model);
  auto reserved = co_await reserve(&request, provider);
  if (!reserved) co_return fail(std::move(reserved.error()));
  Asked asked = begin_span(*provider, request);
  asked.of_summary = true;
  auto reply = co_await ask_for_summary(provider, std::move(request));
  end_span(asked, reply ? &*reply : nullptr, reply ? nullptr : &reply.error(), std::nullopt);
  if (!reply) co_return fail(std::move(reply.error()));
  auto summary = summary_of(turns, *reply, provider->name(), model);
  if (!summary) co_return summary;
  auto stored = co_await record_.store_summary(*summary);
  if (!stored) co_return fail(std::move(stored.error()));
  co_return summary;
}

Result<ThreadSummary> ModelCall::summary_of(std::size_t turns, const ModelReply& reply,
                                            std::string_view provider, const std::string& model) {
  const Message& last = context_.last_of(turns);
  const auto& before = context_.summary();
  const Time now = record_.now();
  ThreadSummary summary{.id = base::new_id(now),
                        .thread_id = record_.run().thread_id,
                        .run_id = record_.run().id,
                        .up_to_message_id = last.id,
                        .up_to = last.created_at,
                        .text = context_.kept_summary(visible_text(reply.parts)),
                        .tokens = reply.usage.output_tokens,
                        .provider = std::string(provider),
                        .model = reply.model.empty() ? model : reply.model,
                        .usage = reply.usage,
                        .created_at = now};
  summary.cost_micros = ports_.prices.cost_micros(provider, summary.model, reply.usage);
  record_.add_summary_cost(summary, provider);
  if (before && before->run_id == record_.run().id) {
    summary.usage += before->usage;
    summary.cost_micros += before->cost_micros;
  }
  if (summary.text.empty()) return fail(ErrorKind::upstream, "the summary has no text");
  return summary;
}

Task<Result<ModelReply>> ModelCall::ask_for_summary(ModelProvider* provider, ModelRequest request) {
  auto stream = provider->ask(lane_, std::move(request), inputs_.work());
  for (;;) {
    auto events = co_await stream->next();
    if (!events) co_return fail(std::move(events.error()));
    for (ModelEvent& event : *events) {
      if (auto* reply = std::get_if<ModelReply>(&event)) co_return std::move(*reply);
    }
    if (inputs_.parked()) co_return fail(ErrorKind::cancelled, "the server is stopping");
  }
}

}  // namespace colonnade::core
