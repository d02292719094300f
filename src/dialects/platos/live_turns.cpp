#include "dialects/platos/live_turns.hpp"

#include <algorithm>
#include <stop_token>
#include <utility>

#include "core/runs/sub_agents.hpp"
#include "dialects/platos/turn_limits.hpp"

namespace colonnade::dialects::platos {

using base::Task;

// The time that a turn has without a listener. On its lane, but for end().
class LiveTurns::Grace final : public core::Subscriber, public std::enable_shared_from_this<Grace> {
 public:
  Grace(Dependencies deps, base::Lane& lane, LeftTurn left)
      : deps_(deps), lane_(lane), left_(std::move(left)) {}

  void begin() {
    subscription_ = deps_.subscriptions.subscribe(
        lane_, core::EventTopic::of_thread(left_.who.scope, left_.thread_id), left_.cursor, *this);
    lane_.spawn("platos_resume_grace", count_down(shared_from_this()));
  }
  // Any thread.
  void end() {
    lane_.post([self = shared_from_this()] { self->change([&] { self->over_ = true; }); });
  }

  void deliver(const core::EventPtr& event) override {
    if (event->run_id != left_.run_id) return;
    if (const auto* question = std::get_if<core::ApprovalRequested>(&event->body)) {
      change([&] { ++questions_of(question->tool_call_id); });
    } else if (const auto* answer = std::get_if<core::ApprovalResolved>(&event->body)) {
      std::size_t& open = questions_of(answer->tool_call_id);
      change([&] { open -= std::min<std::size_t>(open, 1); });
    } else if (const auto* call = std::get_if<core::ToolCallFinished>(&event->body)) {
      if (core::hands_on(call->tool)) change([this] { left_.handed_on_questions = 0; });
    } else if (std::holds_alternative<core::RunFinished>(event->body)) {
      change([this] { over_ = true; });
    }
  }
  void cut_off() override {}

 private:
  std::size_t& questions_of(const std::string& tool_call_id) {
    return tool_call_id.empty() ? left_.handed_on_questions : left_.questions;
  }
  template <class Change>
  void change(Change made) {
    made();
    interrupt_.request_stop();
    changed_.notify();
  }

  static Task<void> count_down(std::shared_ptr<Grace> self) {
    std::chrono::microseconds left = limits::platos_resume_grace;
    while (!self->over_) {
      if (self->left_.questions + self->left_.handed_on_questions > 0) {
        co_await self->changed_.wait();
        continue;
      }
      self->interrupt_ = std::stop_source();
      const base::SteadyTime begun = self->deps_.clock.steady();
      const bool passed = co_await base::sleep_for(left, self->interrupt_.get_token());
      if (passed && !self->over_) {
        self->deps_.runs.cancel_soon(self->left_.who, self->left_.run_id);
        break;
      }
      left -= std::min(left, std::chrono::duration_cast<std::chrono::microseconds>(
                                 self->deps_.clock.steady() - begun));
    }
    self->subscription_.reset();
  }

  Dependencies deps_;
  base::Lane& lane_;
  LeftTurn left_;
  std::unique_ptr<core::Subscription> subscription_{};
  base::Signal changed_;
  std::stop_source interrupt_;
  bool over_ = false;
};

void LiveTurns::attach(const std::string& run_id, base::Lane& lane,
                       std::weak_ptr<TurnStream> stream) {
  const std::lock_guard lock(mutex_);
  Place& place = places_[run_id];
  if (place.grace) place.grace->end();
  if (place.handed_over) by_age_.erase(place.age);
  place = {.lane = &lane, .stream = stream, .owner = stream.lock().get()};
}

Task<std::optional<std::int64_t>> LiveTurns::give_up(base::Lane* lane,
                                                     std::weak_ptr<TurnStream> stream) {
  auto told = std::make_shared<base::Completion<std::optional<std::int64_t>>>();
  lane->post([told, stream = std::move(stream)] {
    const auto streaming = stream.lock();
    told->complete(streaming ? std::optional(streaming->give_up()) : std::nullopt);
  });
  auto handed_over = co_await told->wait();
  co_return handed_over;
}

Task<ResumePoint> LiveTurns::take_over(std::string run_id) {
  base::Lane* lane = nullptr;
  std::weak_ptr<TurnStream> stream;
  {
    const std::lock_guard lock(mutex_);
    if (const auto place = places_.find(run_id); place != places_.end()) {
      if (place->second.grace) std::exchange(place->second.grace, nullptr)->end();
      if (place->second.handed_over) {
        co_return ResumePoint::after_seq(*place->second.handed_over);
      }
      lane = place->second.lane;
      stream = place->second.stream;
    }
  }
  if (lane == nullptr) co_return ResumePoint::after_cursor(started_at_cursor_);
  const auto handed_over = co_await give_up(lane, std::move(stream));
  if (handed_over) co_return ResumePoint::after_seq(*handed_over);
  // It left in the meantime, and said so.
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(run_id);
  const bool known = place != places_.end() && place->second.handed_over;
  if (known && place->second.grace) std::exchange(place->second.grace, nullptr)->end();
  co_return known ? ResumePoint::after_seq(*place->second.handed_over)
                  : ResumePoint::after_cursor(started_at_cursor_);
}

void LiveTurns::leave(base::Lane& lane, const TurnStream* stream, LeftTurn left) {
  std::shared_ptr<Grace> grace;
  {
    const std::lock_guard lock(mutex_);
    const auto place = places_.find(left.run_id);
    if (place == places_.end() || place->second.owner != stream) return;
    place->second.owner = nullptr;
    place->second.handed_over = left.handed_over;
    place->second.age = by_age_.insert(by_age_.end(), left.run_id);
    if (!left.ended) {
      grace = std::make_shared<Grace>(deps_, lane, std::move(left));
      place->second.grace = grace;
    }
    // Of the oldest it is not known any more what its client has.
    while (by_age_.size() > limits::platos_left_turns_max) {
      places_.erase(by_age_.front());
      by_age_.pop_front();
    }
  }
  if (grace) grace->begin();
}

std::size_t LiveTurns::left_count() const {
  const std::lock_guard lock(mutex_);
  return by_age_.size();
}

}  // namespace colonnade::dialects::platos
