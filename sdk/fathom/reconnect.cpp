#include "sdk/fathom/reconnect.hpp"

#include <algorithm>
#include <utility>

#include "sdk/limits.hpp"

namespace colonnade::inline v1::fathom::detail {
namespace {

// Whether another attempt may succeed: a broken connection, or a server error.
bool is_transient(const Failure& failure) {
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

bool Reconnect::mark_seen(const std::string& message_id) {
  if (message_id.empty()) return true;
  if (!seen_.insert(message_id).second) return false;
  seen_order_.push_back(message_id);
  if (seen_order_.size() > limits::reconnect_seen_messages_max) {
    seen_.erase(seen_order_.front());
    seen_order_.pop_front();
  }
  return true;
}

void Reconnect::deliver(Event event) {
  const std::string* id = stored_message(event);
  if (id == nullptr || mark_seen(*id)) events_.push_back(std::move(event));
}

void Reconnect::retry(const Failure& failure) {
  if (ever_received_ && is_transient(failure)) {
    step_ = Step::wait;
  } else {
    failure_ = failure;
    step_ = Step::ended;
  }
}

void Reconnect::on_thread(const Result<ThreadDetail>& thread) {
  if (!thread) {
    // The live connection is fine; messages missed before it are looked for after the next one.
    if (thread_read_ == ThreadRead::missed && is_transient(thread.error())) {
      if (first_event_) deliver(*std::exchange(first_event_, std::nullopt));
      step_ = Step::read;
      return;
    }
    retry(thread.error());
    return;
  }
  switch (thread_read_) {
    case ThreadRead::baseline:
      for (const Message& message : thread->messages) mark_seen(message.id);
      step_ = Step::connect;
      return;
    case ThreadRead::probe: step_ = Step::wait; return;
    case ThreadRead::missed: {
      const bool ready_first = first_event_ && first_event_->as<Ready>() != nullptr;
      if (ready_first) deliver(*std::exchange(first_event_, std::nullopt));
      for (const Message& message : thread->messages) deliver(event_of(message));
      if (first_event_) deliver(*std::exchange(first_event_, std::nullopt));
      step_ = Step::read;
      return;
    }
  }
}

void Reconnect::on_connected(const std::optional<Failure>& failure) {
  received_ = false;
  if (failure) {
    on_end(failure);
  } else {
    step_ = Step::read;
  }
}

void Reconnect::on_event(Event event) {
  delay_ = options_.delay_min;
  ever_received_ = true;
  if (received_) {
    deliver(std::move(event));
    return;
  }
  received_ = true;
  first_event_ = std::move(event);
  thread_read_ = ThreadRead::missed;
  step_ = Step::load_thread;
}

void Reconnect::on_end(const std::optional<Failure>& failure) {
  if (failure && !is_transient(*failure)) {
    retry(*failure);
  } else if (received_) {
    step_ = Step::wait;
  } else {
    thread_read_ = ThreadRead::probe;
    step_ = Step::load_thread;
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
  step_ = Step::ended;
}

Event Reconnect::take_event() {
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

std::optional<Failure> Reconnect::take_failure() { return std::exchange(failure_, std::nullopt); }

}  // namespace colonnade::inline v1::fathom::detail
