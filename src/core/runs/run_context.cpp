// The part of the turn driver that keeps a thread's input inside the model's window.
#include <utility>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "core/runs/run_driver.hpp"

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

}  // namespace

// Whether the model may be asked. Otherwise an input says why, or the run is being stopped.
Task<bool> RunDriver::fit_context() {
  for (;;) {
    const ContextPlan plan = context_.next(turn_, tools_);
    if (plan.step == ContextPlan::Step::send) co_return true;
    // Nothing is paid for a message that does not exist.
    if (!known_durable_) known_durable_ = co_await accepted_.wait();
    if (!known_durable_) co_return false;
    if (plan.step == ContextPlan::Step::too_large) {
      push(ModelFailed{.error = {.kind = ErrorKind::invalid,
                                 .message = too_large_text(context_.room(), context_.tokens()),
                                 .field = "content"}});
      co_return false;
    }
    const bool goes_on = co_await cover_turns(plan.turns);
    if (!goes_on) co_return false;
  }
}

// The oldest turns give way to a summary of them, or to a note when there is none to be had.
Task<bool> RunDriver::cover_turns(std::size_t turns) {
  if (!summaries_fail_) {
    auto summary = co_await summarise(turns);
    if (parked()) co_return false;
    if (stop_.stop_requested()) {  // the reason is in the queue
      if (inputs_.empty()) push(CancelRequested{});
      co_return false;
    }
    if (summary) {
      context_.take_summary(std::move(*summary), turns);
      co_return true;
    }
    summaries_fail_ = true;
    base::log::warn("summary_failed", {{"run", start_.run.id},
                                       {"thread", start_.thread.id},
                                       {"kind", to_string(summary.error().kind)},
                                       {"error", summary.error().message}});
  }
  base::log::warn("turns_left_out", {{"run", start_.run.id}, {"turns", std::to_string(turns)}});
  context_.leave_out(turns);
  co_return true;
}

// Asks for the summary and stores it. One that cannot be stored still serves this run.
Task<Result<ThreadSummary>> RunDriver::summarise(std::size_t turns) {
  const ContextOptions& options = options_.context;
  ModelProvider* provider = start_.provider;
  std::string model = start_.run.settings.model.value_or(std::string(provider->default_model()));
  if (!options.summary_provider.empty()) {
    provider = parts_.providers.find(options.summary_provider);
    if (provider == nullptr) {
      co_return fail(ErrorKind::unavailable, "there is no model provider named '" +
                                                 options.summary_provider +
                                                 "'; correct context.summary_provider");
    }
    if (provider != start_.provider) model = std::string(provider->default_model());
  }
  if (!options.summary_model.empty()) model = options.summary_model;
  auto request = context_.summary_request(turns, std::string(provider->name()), model);
  auto reply = co_await ask_for_summary(provider, std::move(request));
  if (!reply) co_return fail(std::move(reply.error()));

  const Message& last = context_.last_of(turns);
  const auto& before = context_.summary();
  const bool same_run = before && before->run_id == start_.run.id;
  const Time now = parts_.clock.now();
  ThreadSummary summary{.id = base::new_id(now),
                        .thread_id = start_.thread.id,
                        .run_id = start_.run.id,
                        .up_to_message_id = last.id,
                        .up_to = last.created_at,
                        .text = context_.kept_summary(visible_text(reply->parts)),
                        .tokens = reply->usage.output_tokens,
                        .provider = std::string(provider->name()),
                        .model = reply->model.empty() ? model : reply->model,
                        .usage = reply->usage,
                        .created_at = now};
  summary.cost_micros = parts_.prices.cost_micros(provider->name(), summary.model, reply->usage);
  start_.run.usage += summary.usage;
  start_.run.cost_micros += summary.cost_micros;
  if (same_run) {
    summary.usage += before->usage;
    summary.cost_micros += before->cost_micros;
  }
  if (summary.text.empty()) co_return fail(ErrorKind::upstream, "the summary has no text");
  Unit stored_with = unit();
  stored_with.changes.emplace_back(InsertSummary{summary});
  auto stored = co_await parts_.feed.commit(std::move(stored_with));
  if (!stored) base::log::error("summary_not_stored", {{"error", stored.error().message}});
  base::log::info("thread_summarised", {{"run", start_.run.id},
                                        {"thread", start_.thread.id},
                                        {"turns", std::to_string(turns)},
                                        {"model", summary.model}});
  co_return summary;
}

Task<Result<ModelReply>> RunDriver::ask_for_summary(ModelProvider* provider, ModelRequest request) {
  auto stream = provider->ask(lane_, std::move(request), stop_.get_token());
  for (;;) {
    auto events = co_await stream->next();
    if (!events) co_return fail(std::move(events.error()));
    for (ModelEvent& event : *events) {
      if (auto* reply = std::get_if<ModelReply>(&event)) co_return std::move(*reply);
    }
    if (parked()) co_return fail(ErrorKind::cancelled, "the server is stopping");
  }
}

}  // namespace colonnade::core
