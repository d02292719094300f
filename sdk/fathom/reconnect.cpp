#include "sdk/fathom/reconnect.hpp"

#include <algorithm>
#include <utility>

#include "sdk/limits.hpp"

namespace colonnade::inline v1::fathom::detail {
namespace {

// What another attempt may mend: a broken way, or a server in trouble.
bool passing(const Failure& failure) {
  if (failure.kind == ErrorKind::transport) {
    return failure.transport != TransportErrorKind::canceled;
  }
  if (failure.kind != ErrorKind::http) return false;
  return failure.status >= 500 || failure.status == 408 || failure.status == 429;
}

const std::string* stored_message(const Event& event) {
  if (const auto* user = event.as<UserMessage>()) return &user->message.id;
  if (const auto* done = event.as<AgentDone>()) return &done->message.id;
  return nullptr;
}

Event event_of(const Message& message) {
  if (message.role == "agent") return Event(AgentDone{message.thread_id, message});
  return Event(UserMessage{message.thread_id, message});
}

}  // namespace

bool Reconnect::note(const std::string& message_id) {
  if (message_id.empty()) return true;
  if (!seen_.insert(message_id).second) return false;
  seen_order_.push_back(message_id);
  if (seen_order_.size() > limits::reconnect_seen_messages_max) {
    seen_.erase(seen_order_.front());
    seen_order_.pop_front();
  }
  return true;
}

void Reconnect::give(Event event) {
  const std::string* id = stored_message(event);
  if (id == nullptr || note(*id)) given_.push_back(std::move(event));
}

void Reconnect::retry(const Failure& failure) {
  if (worked_once_ && passing(failure)) {
    step_ = Step::wait;
  } else {
    failure_ = failure;
    step_ = Step::over;
  }
}

void Reconnect::on_thread(const Result<ThreadDetail>& thread) {
  if (!thread) {
    // The live connection is fine; messages missed before it are looked for after the next one.
    if (look_ == Look::missed && passing(thread.error())) {
      if (held_) give(*std::exchange(held_, std::nullopt));
      step_ = Step::read;
      return;
    }
    retry(thread.error());
    return;
  }
  switch (look_) {
    case Look::baseline:
      for (const Message& message : thread->messages) note(message.id);
      step_ = Step::connect;
      return;
    case Look::probe: step_ = Step::wait; return;
    case Look::missed: {
      const bool ready_first = held_ && held_->as<Ready>() != nullptr;
      if (ready_first) give(*std::exchange(held_, std::nullopt));
      for (const Message& message : thread->messages) give(event_of(message));
      if (held_) give(*std::exchange(held_, std::nullopt));
      step_ = Step::read;
      return;
    }
  }
}

void Reconnect::on_connected(const std::optional<Failure>& failure) {
  heard_ = false;
  if (failure) {
    on_end(failure);
  } else {
    step_ = Step::read;
  }
}

void Reconnect::on_event(Event event) {
  delay_ = options_.delay_min;
  worked_once_ = true;
  if (heard_) {
    give(std::move(event));
    return;
  }
  heard_ = true;
  held_ = std::move(event);
  look_ = Look::missed;
  step_ = Step::look;
}

void Reconnect::on_end(const std::optional<Failure>& failure) {
  if (failure && !passing(*failure)) {
    retry(*failure);
  } else if (heard_) {
    step_ = Step::wait;
  } else {
    look_ = Look::probe;
    step_ = Step::look;
  }
}

void Reconnect::on_waited(bool stopped) {
  if (stopped) {
    on_stopped();
    return;
  }
  delay_ = std::min(delay_ * 2, options_.delay_max);
  step_ = Step::connect;
}

void Reconnect::on_stopped() {
  stopped_ = true;
  step_ = Step::over;
}

Event Reconnect::take_event() {
  Event event = std::move(given_.front());
  given_.pop_front();
  return event;
}

std::optional<Failure> Reconnect::take_failure() { return std::exchange(failure_, std::nullopt); }

}  // namespace colonnade::inline v1::fathom::detail
