#include "app/conversation.hpp"

#include <chrono>
#include <exception>
#include <utility>

namespace colonnade::app {
namespace {

using namespace std::chrono_literals;

constexpr auto spinner_interval = 100ms;
// The stream tells of the reply before the call returns, but on another connection: how long the
// last pieces may lag behind.
constexpr auto stream_lag_max = 500ms;
// How long a cancelled turn may take to end on the server; until then it refuses the next message.
constexpr auto cancel_time_max = 5s;

}  // namespace

Conversation::Conversation(const fathom::Client& client, std::string thread_id)
    : client_(client), thread_id_(std::move(thread_id)) {
  const fathom::Client streaming = client_.with({.stop = closing_.get_token()});
  Stream<fathom::Event> stream = streaming.threads.stream(thread_id_);
  // What is sent before `ready` would not be seen.
  while (const auto event = stream.next()) {
    if (event->as<fathom::Ready>() != nullptr) break;
  }
  reader_ = std::thread([this](Stream<fathom::Event> events) { read(std::move(events)); },
                        std::move(stream));
}

Conversation::~Conversation() {
  closing_.request_stop();
  reader_.join();
}

void Conversation::read(Stream<fathom::Event> stream) {
  try {
    while (auto event = stream.next()) {
      const std::lock_guard lock(mutex_);
      events_.push_back(std::move(*event));
      changed_.notify_one();
    }
  } catch (const colonnade::Error&) {
    // A lost stream costs the live view only; send() still brings the answer.
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_one();
}

fathom::Exchange Conversation::ask(std::string text,
                                   const std::function<void(std::string_view)>& on_delta,
                                   std::stop_token stop) {
  std::optional<fathom::Exchange> exchange;
  std::exception_ptr failure;
  {
    const std::lock_guard lock(mutex_);
    events_.clear();  // of runs that others had meanwhile
    answered_ = false;
  }
  std::thread sender([&, this] {
    try {
      const fathom::Client sending = client_.with({.stop = stop});
      exchange = sending.threads.send(thread_id_, text);
    } catch (...) {
      failure = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    answered_ = true;
    changed_.notify_one();
  });
  bool done = false;
  std::unique_lock lock(mutex_);
  while (!done) {
    if (events_.empty()) {
      const bool cancelled = stop.stop_requested();
      if (answered_ && (ended_ || (failure && !cancelled))) break;
      const std::chrono::milliseconds wait = !answered_  ? spinner_interval
                                             : cancelled ? cancel_time_max
                                                         : stream_lag_max;
      const bool was_answered = answered_;
      const auto status = changed_.wait_for(lock, wait);
      if (status == std::cv_status::timeout && was_answered) break;
      if (status == std::cv_status::timeout) on_delta("");
      continue;
    }
    const fathom::Event event = std::move(events_.front());
    events_.pop_front();
    lock.unlock();
    const auto* delta = event.as<fathom::AgentDelta>();
    if (delta != nullptr && !stop.stop_requested()) on_delta(delta->delta);
    done = event.as<fathom::AgentDone>() != nullptr || event.as<fathom::AgentError>() != nullptr;
    lock.lock();
  }
  lock.unlock();
  sender.join();
  if (failure) std::rethrow_exception(failure);
  return std::move(*exchange);
}

}  // namespace colonnade::app
