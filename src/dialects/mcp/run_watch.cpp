#include "dialects/mcp/run_watch.hpp"

#include <algorithm>
#include <utility>

#include "dialects/mcp/limits.hpp"

namespace colonnade::dialects::mcp {
namespace {

// About what an event adds to an answer.
std::size_t weight(const core::Event& event) {
  constexpr std::size_t frame = 128;
  if (const auto* text = std::get_if<core::TextDelta>(&event.body)) {
    return frame + text->text.size();
  }
  if (const auto* thought = std::get_if<core::ReasoningDelta>(&event.body)) {
    return frame + thought->text.size();
  }
  if (const auto* result = std::get_if<core::ToolCallFinished>(&event.body)) {
    return frame + std::min(result->result.size(), limits::mcp_event_text_bytes_max);
  }
  return frame;
}

}  // namespace

std::shared_ptr<RunWatch> RunWatch::open(core::Subscriptions& subscriptions, base::Lane& lane,
                                         const core::Scope& scope, std::string thread_id,
                                         Options options) {
  auto self = std::make_shared<RunWatch>();
  self->lane_ = &lane;
  self->options_ = std::move(options);
  const auto after = self->options_.after;
  self->cursor_ = after.value_or(0);
  self->subscription_ = subscriptions.subscribe(
      lane, core::EventTopic::of_thread(scope, std::move(thread_id)), after, *self);
  if (!after) self->cursor_ = self->subscription_->cursor();
  return self;
}

void RunWatch::expect(core::Runs& runs, core::Principal who, std::string run_id) {
  options_.run_id = run_id;
  lane_->spawn("mcp_run_end",
               await_end(shared_from_this(), &runs, std::move(who), std::move(run_id)));
}

base::Task<void> RunWatch::await_end(std::shared_ptr<RunWatch> self, core::Runs* runs,
                                     core::Principal who, std::string run_id) {
  auto end = co_await runs->wait(std::move(who), std::move(run_id), self->closing_.get_token());
  if (self->closed_) co_return;
  self->end_ = std::move(end);
  self->changed_.notify();
}

base::Task<void> RunWatch::wake_after(std::shared_ptr<RunWatch> self,
                                      std::chrono::milliseconds time) {
  auto ring = [weak = std::weak_ptr<RunWatch>(self)] {
    if (const auto watch = weak.lock()) {
      watch->timed_out_ = true;
      watch->changed_.notify();
    }
  };
  auto alarm = co_await base::call_after(time, std::move(ring));
  if (!self->closed_) self->alarm_ = std::move(alarm);
}

base::Task<void> RunWatch::changed_within(std::shared_ptr<RunWatch> self,
                                          std::chrono::milliseconds time, std::stop_token stop) {
  auto ring = [weak = std::weak_ptr<RunWatch>(self)] {
    if (const auto watch = weak.lock()) watch->changed_.notify();
  };
  const auto alarm = co_await base::call_after(time, std::move(ring));
  co_await self->changed_.wait(std::move(stop));
}

void RunWatch::close() {
  closed_ = true;
  closing_.request_stop();
  alarm_.reset();
  subscription_.reset();
}

// Whoever follows gets what was kept so far, and comes back with its cursor.
void RunWatch::cut_off() {
  full_ = true;
  changed_.notify();
}

std::string RunWatch::progress_text() { return std::exchange(progress_text_, {}); }

void RunWatch::deliver(const core::EventPtr& event) {
  if (closed_ || full_) return;
  if (!options_.run_id.empty() && event->run_id != options_.run_id) {
    cursor_ = event->cursor;
    changed_.notify();
    return;
  }
  if (options_.keep_events) {
    keep(event);
    if (full_) return;
  }
  cursor_ = event->cursor;
  note(*event);
  changed_.notify();
}

void RunWatch::keep(const core::EventPtr& event) {
  const std::size_t bytes = weight(*event);
  const bool room = events_.size() < limits::mcp_follow_events_max &&
                    (events_.empty() || kept_bytes_ + bytes <= limits::mcp_follow_bytes_max);
  if (!room) {
    full_ = true;
    changed_.notify();
    return;
  }
  kept_bytes_ += bytes;
  events_.push_back(event);
}

void RunWatch::note(const core::Event& event) {
  if (std::holds_alternative<core::RunStarted>(event.body)) {
    progress_text_ = "The agent thinks";
  } else if (const auto* delta = std::get_if<core::TextDelta>(&event.body)) {
    characters_ += delta->text.size();
    progress_text_ = "The agent writes: " + std::to_string(characters_) + " bytes so far";
  } else if (const auto* tool = std::get_if<core::ToolCallStarted>(&event.body)) {
    progress_text_ = "The agent uses the tool " + tool->tool;
  } else if (const auto* call = std::get_if<core::ApprovalRequested>(&event.body)) {
    progress_text_ = "A human is asked to approve the tool " + call->tool;
    approval_requested_ = true;
  } else if (std::holds_alternative<core::RunFinished>(event.body)) {
    finished_ = true;
  }
}

}  // namespace colonnade::dialects::mcp
