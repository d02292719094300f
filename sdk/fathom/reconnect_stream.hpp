// The two drivers of Reconnect: one blocks, one is awaited.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "sdk/fathom/calls.hpp"
#include "sdk/fathom/reconnect.hpp"
#include "sdk/fathom/session.hpp"

namespace colonnade::inline v1::fathom::detail {

// What both need: the planned calls and the rules of stopping.
struct ReconnectPlan {
  std::shared_ptr<const Session> session{};
  calls::CallSpec stream{};
  colonnade::detail::Call<ThreadDetail> thread{};

  bool stopped_by_caller() const { return session->channel->scope.stop.stop_requested(); }
};

inline Result<ReconnectPlan> plan_reconnect(std::shared_ptr<const Session> session,
                                            std::string_view id) {
  auto stream = calls::thread_stream(id);
  if (!stream) return std::move(stream).error();
  auto thread = calls::get_thread(id);
  if (!thread) return std::move(thread).error();
  return ReconnectPlan{std::move(session), *std::move(stream), *std::move(thread)};
}

// Passes a failure on, unless it is the caller's own stop.
inline bool ends_by_stop(const ReconnectPlan& plan, const Failure& failure) {
  return failure.kind == ErrorKind::transport &&
         failure.transport == TransportErrorKind::canceled && plan.stopped_by_caller();
}

inline std::optional<Event> take_or_raise(Reconnect& machine) {
  if (machine.has_event()) return machine.take_event();
  if (const auto failure = machine.take_failure()) raise(*failure);
  return std::nullopt;
}

class BlockingReconnect final : public StreamSource<Event> {
 public:
  // Connects; the first failure is thrown, whatever it is.
  BlockingReconnect(ReconnectPlan plan, const ReconnectOptions& options)
      : plan_(std::move(plan)), machine_(options) {
    while (machine_.step() == Reconnect::Step::load_thread ||
           machine_.step() == Reconnect::Step::connect) {
      advance();
    }
    if (machine_.step() == Reconnect::Step::ended) (void)take_or_raise(machine_);
  }

  std::optional<Event> next() override {
    while (!machine_.has_event() && machine_.step() != Reconnect::Step::ended) advance();
    return take_or_raise(machine_);
  }
  bool cancelled() const noexcept override { return machine_.stopped(); }

 private:
  void advance() {
    switch (machine_.step()) {
      case Reconnect::Step::load_thread: load_thread(); return;
      case Reconnect::Step::connect: connect(); return;
      case Reconnect::Step::read: read(); return;
      case Reconnect::Step::wait: wait(); return;
      case Reconnect::Step::ended: return;
    }
  }

  void load_thread() {
    const auto thread = attempt([&] {
      return colonnade::detail::perform(
          *plan_.session, Result<colonnade::detail::Call<ThreadDetail>>(plan_.thread));
    });
    if (!thread && ends_by_stop(plan_, thread.error())) {
      machine_.on_stopped();
    } else {
      machine_.on_thread(thread);
    }
  }

  void connect() {
    auto opened = attempt([&] {
      return std::make_unique<colonnade::detail::BlockingEventStream<Event>>(
          plan_.session->channel, plan_.stream, thread_rules());
    });
    machine_.on_connected(opened ? std::nullopt : std::optional(opened.error()));
    if (opened) stream_ = *std::move(opened);
  }

  void read() {
    auto event = attempt([&] { return stream_->next(); });
    if (event && *event) {
      machine_.on_event(**std::move(event));
      return;
    }
    const bool stopped = stream_->cancelled();
    stream_.reset();
    if (stopped) {
      machine_.on_stopped();
    } else {
      machine_.on_end(event ? std::nullopt : std::optional(event.error()));
    }
  }

  void wait() {
    const colonnade::detail::EitherStop stop(plan_.session->channel->scope.stop,
                                             plan_.session->channel->pool->closing());
    std::mutex mutex;
    std::condition_variable_any woken;
    std::unique_lock lock(mutex);
    woken.wait_for(lock, stop.token(), machine_.delay(), [] { return false; });
    // A closed client is noticed by the next call, which then throws.
    machine_.on_waited(plan_.stopped_by_caller());
  }

  ReconnectPlan plan_;
  Reconnect machine_;
  std::unique_ptr<StreamSource<Event>> stream_{};
};

class AsyncReconnect final : public AsyncStreamSource<Event>,
                             public std::enable_shared_from_this<AsyncReconnect> {
 public:
  AsyncReconnect(ReconnectPlan plan, const ReconnectOptions& options)
      : plan_(std::move(plan)), machine_(options) {}

  bool ready() const noexcept override {
    return machine_.has_event() || machine_.step() == Reconnect::Step::ended;
  }
  Task<void> fill() override { return fill_from(shared_from_this()); }
  std::optional<Event> take() override { return take_or_raise(machine_); }
  bool cancelled() const noexcept override { return machine_.stopped(); }

 private:
  using Self = std::shared_ptr<AsyncReconnect>;

  static Task<void> fill_from(Self self) {
    while (!self->ready()) {
      const Reconnect::Step step = self->machine_.step();
      if (step == Reconnect::Step::load_thread) {
        co_await load_thread(self);
      } else if (step == Reconnect::Step::wait) {
        co_await wait(self);
      } else if (step == Reconnect::Step::connect) {
        // The stream connects with its first read, and so does its failure come from there.
        self->stream_ = std::make_shared<colonnade::detail::AsyncEventStream<Event>>(
            self->plan_.session->channel, self->plan_.stream, thread_rules());
        self->machine_.on_connected(std::nullopt);
      } else {
        co_await read(self);
      }
    }
  }

  static Task<void> load_thread(Self self) {
    const Result<colonnade::detail::Call<ThreadDetail>> call(self->plan_.thread);
    Task<ThreadDetail> asked = colonnade::detail::perform_async(self->plan_.session, call);
    Result<ThreadDetail> thread = co_await attempt(std::move(asked));
    if (!thread && ends_by_stop(self->plan_, thread.error())) {
      self->machine_.on_stopped();
    } else {
      self->machine_.on_thread(thread);
    }
  }

  static Task<void> read(Self self) {
    if (!self->stream_->ready()) {
      co_await self->stream_->fill();
    }
    auto event = attempt([&] { return self->stream_->take(); });
    if (event && *event) {
      self->machine_.on_event(std::move(**event));
      co_return;
    }
    const bool stopped = self->stream_->cancelled();
    self->stream_.reset();
    if (stopped) {
      self->machine_.on_stopped();
    } else {
      self->machine_.on_end(event ? std::nullopt : std::optional(event.error()));
    }
  }

  static Task<void> wait(Self self) {
    const auto stop = std::make_shared<colonnade::detail::EitherStop>(
        self->plan_.session->channel->scope.stop, self->plan_.session->channel->pool->closing());
    const std::chrono::milliseconds delay = self->machine_.delay();
    [[maybe_unused]] const bool whole = co_await sleep_for(delay, stop->token());
    self->machine_.on_waited(self->plan_.stopped_by_caller());
  }

  ReconnectPlan plan_;
  Reconnect machine_;
  std::shared_ptr<AsyncStreamSource<Event>> stream_{};
};

}  // namespace colonnade::inline v1::fathom::detail
