// An open event stream of any dialect: bytes in, typed events out, for the blocking and the async
// client.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "base/sse.hpp"
#include "colonnade/stream.hpp"
#include "sdk/channel.hpp"
#include "sdk/handoff.hpp"
#include "sdk/limits.hpp"

namespace colonnade::inline v1::detail {

// How a dialect reads its stream.
template <class E>
struct EventRules {
  // nullopt: the block is no event of this dialect and is skipped.
  std::optional<E> (*decode)(const base::SseEvent& block) = nullptr;
  // Throws the dialect's exception.
  void (*raise)(const Failure& failure) = nullptr;
  // What is wrong with a 2xx that is no event stream; null: any 2xx is taken for one.
  std::optional<Failure> (*refuse)(const CallSpec& spec, const TransportOpened& opened) = nullptr;
  // Empty: every event is given.
  std::function<bool(const E& event)> keep{};
};

// Decoded events that were not taken yet, and how the stream ended.
template <class E>
class EventQueue {
 public:
  explicit EventQueue(EventRules<E> rules) : rules_(std::move(rules)) {}

  void feed(std::string_view bytes) {
    const bool fits = parser_.feed(bytes, [this](const base::SseEvent& block) {
      auto event = rules_.decode(block);
      if (event && (!rules_.keep || rules_.keep(*event))) events_.push_back(*std::move(event));
    });
    if (!fits) {
      finish(Failure{.kind = ErrorKind::transport,
                     .message = "a line of the event stream is longer than " +
                                std::to_string(limits::sse_line_bytes_max) + " bytes",
                     .transport = TransportErrorKind::protocol});
    }
  }

  // The orderly end.
  void finish() { ended_ = true; }
  // A stop the caller asked for ends quietly; anything else is thrown once the events before it are
  // taken.
  void finish(Failure failure) {
    ended_ = true;
    failure_ = std::move(failure);
  }
  void finish_stopped() {
    ended_ = true;
    cancelled_ = true;
  }

  bool ready() const noexcept { return head_ < events_.size() || ended_; }
  bool ended() const noexcept { return ended_; }
  bool cancelled() const noexcept { return cancelled_; }

  std::optional<E> take() {
    if (head_ < events_.size()) {
      std::optional<E> event(std::move(events_[head_]));
      if (++head_ == events_.size()) {
        events_.clear();
        head_ = 0;
      }
      return event;
    }
    if (failure_) {
      const Failure failure = *std::exchange(failure_, std::nullopt);
      rules_.raise(failure);
    }
    return std::nullopt;
  }

 private:
  EventRules<E> rules_;
  base::SseParser parser_;
  std::vector<E> events_;
  std::size_t head_ = 0;
  bool ended_ = false;
  bool cancelled_ = false;
  std::optional<Failure> failure_;
};

// What both clients do with the results of open() and read().
template <class E>
class EventStreamState {
 public:
  EventStreamState(std::shared_ptr<const Channel> channel_in, CallSpec spec_in,
                   EventRules<E> rules_in)
      : channel(std::move(channel_in)),
        spec(std::move(spec_in)),
        rules(rules_in),
        queue(rules_in) {}

  // Checks the channel and builds the request. Failures go to the queue.
  bool prepare() {
    auto result = channel->prepare(spec, "text/event-stream");
    if (!result) {
      fail(std::move(result).error());
      return false;
    }
    prepared = *std::move(result);
    prepared.request.read_timeout = channel->timeouts.stream_idle;
    if (prepared.request.total_timeout.count() == 0) {
      prepared.request.total_timeout = channel->timeouts.read;  // until it is open
    }
    return true;
  }

  // A failure, unless it is the caller's own stop.
  void fail(Failure failure) {
    const bool stopped = failure.kind == ErrorKind::transport &&
                         failure.transport == TransportErrorKind::canceled &&
                         channel->scope.stop.stop_requested();
    body.reset();
    if (stopped) {
      queue.finish_stopped();
    } else {
      queue.finish(std::move(failure));
    }
  }

  // The bytes of one read.
  void accept(Result<std::string> bytes) {
    if (!bytes) {
      fail(std::move(bytes).error());
    } else if (!bytes->empty()) {
      queue.feed(*bytes);
      if (queue.ended()) body.reset();
    } else {
      body.reset();
      queue.finish();
    }
  }

  // Whether the reply is a stream at all; otherwise refused_body collects the error.
  bool opened(Result<TransportOpened> result) {
    if (!result) {
      fail(std::move(result).error());
      return false;
    }
    status = result->status;
    const bool success = status >= 200 && status < 300;
    if (success && rules.refuse != nullptr) {
      if (auto failure = rules.refuse(spec, *result)) {
        fail(*std::move(failure));
        return false;
      }
    }
    body = std::move(result->body);
    return success;
  }

  // True when more of the error's body is wanted.
  bool accept_refused(Result<std::string> bytes) {
    if (bytes && !bytes->empty()) {
      refused_body += *bytes;
      if (refused_body.size() < limits::client_error_body_bytes_max) return true;
    }
    body.reset();
    auto failure = refusal(spec, status, refused_body);
    queue.finish(*std::move(failure));
    return false;
  }

  std::shared_ptr<const Channel> channel;
  CallSpec spec;
  EventRules<E> rules;
  Prepared prepared{};
  EventQueue<E> queue;
  std::unique_ptr<TransportStream> body{};  // goes before the transport in `prepared`
  int status = 0;
  std::string refused_body{};
};

template <class E>
class BlockingEventStream final : public StreamSource<E> {
 public:
  // Connects; throws the dialect's exception when that fails. A stop ends the stream instead.
  BlockingEventStream(std::shared_ptr<const Channel> channel, CallSpec spec, EventRules<E> rules)
      : state_(std::move(channel), std::move(spec), rules) {
    open();
    if (state_.queue.ended()) (void)state_.queue.take();
  }

  std::optional<E> next() override {
    while (!state_.queue.ready()) state_.accept(read());
    return state_.queue.take();
  }
  bool cancelled() const noexcept override { return state_.queue.cancelled(); }

 private:
  void open() {
    if (!state_.prepare()) return;
    auto result = wait_for<Result<TransportOpened>>([&](Transport::OpenHandler done) {
      state_.prepared.transport->open(std::move(state_.prepared.request), Calling::blocking,
                                      std::move(done));
    });
    if (state_.opened(std::move(result)) || !state_.body) return;
    while (state_.accept_refused(read())) {
    }
  }
  Result<std::string> read() {
    return wait_for<Result<std::string>>(
        [&](TransportStream::ReadHandler done) { state_.body->read(std::move(done)); });
  }

  EventStreamState<E> state_;
};

template <class E>
class AsyncEventStream final : public AsyncStreamSource<E>,
                               public std::enable_shared_from_this<AsyncEventStream<E>> {
 public:
  AsyncEventStream(std::shared_ptr<const Channel> channel, CallSpec spec, EventRules<E> rules)
      : state_(std::move(channel), std::move(spec), rules) {}

  bool ready() const noexcept override { return state_.queue.ready(); }
  Task<void> fill() override { return fill_from(this->shared_from_this()); }
  std::optional<E> take() override { return state_.queue.take(); }
  bool cancelled() const noexcept override { return state_.queue.cancelled(); }

 private:
  using Self = std::shared_ptr<AsyncEventStream>;

  static Task<void> fill_from(Self self) {
    EventStreamState<E>& state = self->state_;
    if (!self->started_) {
      self->started_ = true;
      co_await open(self);
    }
    while (!state.queue.ready()) {
      Result<std::string> bytes = co_await read(self);
      state.accept(std::move(bytes));
    }
  }

  static Task<void> open(Self self) {
    EventStreamState<E>& state = self->state_;
    const bool sendable = state.prepare();
    if (!sendable) co_return;
    const auto start = [self](Transport::OpenHandler done) {
      Prepared& prepared = self->state_.prepared;
      prepared.transport->open(std::move(prepared.request), Calling::background, std::move(done));
    };
    FromCallback<Result<TransportOpened>> arrival(start);
    Result<TransportOpened> result = co_await arrival;
    const bool streaming = state.opened(std::move(result));
    if (streaming || !state.body) co_return;
    bool more = true;
    while (more) {
      Result<std::string> bytes = co_await read(self);
      more = state.accept_refused(std::move(bytes));
    }
  }

  static Task<Result<std::string>> read(Self self) {
    const auto start = [self](TransportStream::ReadHandler done) {
      self->state_.body->read(std::move(done));
    };
    FromCallback<Result<std::string>> arrival(start);
    Result<std::string> bytes = co_await arrival;
    co_return bytes;
  }

  EventStreamState<E> state_;
  bool started_ = false;
};

}  // namespace colonnade::inline v1::detail
