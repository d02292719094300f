// One turn over its socket: the handshake, the events, and what follows when the socket breaks.
// Blocking and awaited streams are two thin readers of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "sdk/platos/flows.hpp"
#include "sdk/platos/packets.hpp"
#include "sdk/platos/session.hpp"

namespace colonnade::inline v1::platos::detail {

class TurnStream : public std::enable_shared_from_this<TurnStream> {
 public:
  TurnStream(std::shared_ptr<const Session> session, std::string_view thread_id,
             std::string_view message, SendOptions options, Calling calling);
  // Sends `stop` instead of a message; ends behind the server's `done` as a turn does.
  struct Stopping {};
  TurnStream(std::shared_ptr<const Session> session, std::string_view thread_id, Stopping,
             Calling calling);

  // Whether take() has an answer without waiting.
  bool ready() const noexcept { return !events_.empty() || stage_ == Stage::ended; }
  // Waits until it has.
  Task<void> fill() { return fill_from(shared_from_this()); }
  // The next event, or nothing at the end; throws what broke the turn.
  std::optional<Event> take();
  bool cancelled() const noexcept { return cancelled_; }

 private:
  using Self = std::shared_ptr<TurnStream>;
  using Clock = std::chrono::steady_clock;
  using Milliseconds = std::chrono::milliseconds;
  enum class Stage { connect, read, wait, poll, ended };
  // Of the handshake (platos §3.8); each waits for one answer of the server.
  enum class Phase { opening, joining, greeting, live };

  static Task<void> fill_from(Self self);
  static Task<void> connect(Self self);
  static Task<void> read(Self self);
  static Task<void> wait(Self self);
  // Asks what the thread has stored, where resume_stream is unknown (platos §3.7).
  static Task<void> poll(Self self);
  // Whether an approval that names no thread is of ours.
  static Task<void> look_up(Self self);

  Result<TransportRequest> make_request();
  std::optional<Milliseconds> read_time() const;
  void on_input(Result<SocketInput> input);
  void on_silence();
  void on_packet(const wire::Packet& packet);
  void on_refused(const wire::Refused& refused);
  void on_event(wire::Incoming incoming);
  void on_turn_event(wire::Incoming incoming);
  void on_error(wire::Incoming incoming);
  void on_done(Event event);
  void go_live();
  void push(Event event) { events_.push_back(std::move(event)); }

  // The socket is gone; the turn goes on over a new one.
  void lost(const std::string& reason, bool quiet);
  void refused_token(int status, std::string_view code, std::string_view message);
  // A call or connection was ended: by the caller's stop, or because the client is closed.
  void canceled(const Failure& failure);
  bool is_canceled(const Failure& failure) const;
  bool stopped_by_caller() const { return session_->base->scope.stop.stop_requested(); }
  void finish();
  void fail(Failure failure);

  std::shared_ptr<const Session> session_;
  const std::string thread_id_;
  const std::string text_;  // of the message
  const SendOptions options_;
  const Calling calling_;
  const bool stopping_ = false;

  Stage stage_ = Stage::connect;
  Phase phase_ = Phase::opening;
  colonnade::detail::Prepared prepared_{};
  std::unique_ptr<TransportSocket> socket_{};  // goes before the transport in prepared_
  std::deque<Event> events_;
  std::optional<Failure> failure_{};
  bool cancelled_ = false;

  std::string token_;       // of this socket
  bool refreshed_ = false;  // the token was replaced once
  int attempt_ = 0;         // reconnects since the last event of the turn
  Milliseconds silence_max_{0};

  bool sent_ = false;      // the message went out
  bool resent_ = false;    // and once more, with the same key
  bool resuming_ = false;  // resume_stream went out on this socket
  bool swallow_done_ = false;
  bool numbered_ = false;   // the server numbers its events
  bool seen_turn_ = false;  // an event of the turn came
  std::int64_t last_seq_ = 0;
  std::string turn_thread_;  // thread_id_, or the one that a real server made instead
  std::string answer_;       // the text so far
  std::optional<Usage> usage_{};
  bool persisted_ = false;
  bool failed_ = false;
  std::set<std::string> asked_;              // approvals of this turn
  std::optional<wire::Incoming> unclear_{};  // an approval to look up
  std::optional<Event> held_done_{};

  Clock::time_point last_heard_{};
  Clock::time_point open_due_{};
  std::optional<Clock::time_point> done_due_{};  // when held_done_ waits no longer
  std::optional<Clock::time_point> poll_due_{};
  std::optional<Clock::time_point> lost_due_{};  // then a lost turn is given up
};

// Ends the turn that the thread has under way; throws what the server has against it.
Task<void> stop_turn(std::shared_ptr<const Session> session, std::string thread_id,
                     Calling calling);

class BlockingTurn final : public StreamSource<Event> {
 public:
  explicit BlockingTurn(std::shared_ptr<TurnStream> turn) : turn_(std::move(turn)) {}
  std::optional<Event> next() override {
    if (!turn_->ready()) colonnade::run(turn_->fill());
    return turn_->take();
  }
  bool cancelled() const noexcept override { return turn_->cancelled(); }

 private:
  std::shared_ptr<TurnStream> turn_;
};

class AsyncTurn final : public AsyncStreamSource<Event> {
 public:
  explicit AsyncTurn(std::shared_ptr<TurnStream> turn) : turn_(std::move(turn)) {}
  bool ready() const noexcept override { return turn_->ready(); }
  Task<void> fill() override { return turn_->fill(); }
  std::optional<Event> take() override { return turn_->take(); }
  bool cancelled() const noexcept override { return turn_->cancelled(); }

 private:
  std::shared_ptr<TurnStream> turn_;
};

}  // namespace colonnade::inline v1::platos::detail
