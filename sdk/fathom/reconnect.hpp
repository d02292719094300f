// The decisions of stream_reconnecting(): what to do next, which events to deliver. Does no I/O;
// the two drivers in reconnect_stream.hpp do what it says.
//
// The server replays nothing (fathom §4.5), so after every new connection the thread is read
// again: messages that were stored meanwhile are given as events of their own, and what was given
// once is recognised by its message id. A stream that ends before any event may hide a refusal
// behind a relay (fathom §5.4), which reading the thread turns into the right error.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <unordered_set>

#include "colonnade/fathom.hpp"

namespace colonnade::inline v1::fathom::detail {

class Reconnect {
 public:
  enum class Step {
    load_thread,  // threads.get(), then on_thread()
    connect,      // open the stream, then on_connected()
    read,         // its next event, then on_event() or on_end()
    wait,         // delay(), then on_waited()
    ended,        // no more events; take_failure() says why, unless it was a stop
  };

  explicit Reconnect(const ReconnectOptions& options)
      : options_(options), delay_(options.delay_min) {}

  Step step() const { return step_; }
  std::chrono::milliseconds delay() const { return delay_; }

  void on_thread(const Result<ThreadDetail>& thread);
  // nullopt: it is open.
  void on_connected(const std::optional<Failure>& failure);
  void on_event(Event event);
  // The connection ended, orderly without a failure.
  void on_end(const std::optional<Failure>& failure);
  // `stopped`: the caller wants no more.
  void on_waited(bool stopped);
  void on_stopped();

  // Events to deliver before the next step.
  bool has_event() const { return !events_.empty(); }
  Event take_event();
  bool stopped() const { return stopped_; }
  std::optional<Failure> take_failure();

 private:
  enum class ThreadRead { baseline, missed, probe };

  void retry(const Failure& failure);
  void deliver(Event event);
  // True when the message was not seen before.
  bool mark_seen(const std::string& message_id);

  ReconnectOptions options_;
  Step step_ = Step::load_thread;
  ThreadRead thread_read_ = ThreadRead::baseline;
  std::chrono::milliseconds delay_;
  bool ever_received_ = false;  // an event came at all; until then a failure is final
  bool received_ = false;       // an event came over this connection
  std::optional<Event>
      first_event_{};  // the first event of a connection, until the thread was read
  std::deque<Event> events_{};
  std::unordered_set<std::string> seen_{};
  std::deque<std::string> seen_order_{};
  bool stopped_ = false;
  std::optional<Failure> failure_{};
};

}  // namespace colonnade::inline v1::fathom::detail
