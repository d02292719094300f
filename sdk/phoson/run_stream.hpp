// A run as a stream: nothing is sent before the first event is asked for, RunDone or Failed ends
// it, and an end without either is a broken connection (phoson §3.4, §4.2).
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "colonnade/phoson.hpp"
#include "sdk/event_stream.hpp"
#include "sdk/phoson/session.hpp"
#include "sdk/phoson/wire.hpp"

namespace colonnade::inline v1::phoson::detail {

using colonnade::detail::CallSpec;
using colonnade::detail::Channel;

inline colonnade::detail::EventRules<Event> run_rules() {
  return {.decode = &wire::event, .raise = &raise, .refuse = &wire::no_stream};
}

// Like the session's, but a stream may take as long to open as it may be silent later.
inline std::shared_ptr<const Channel> stream_channel(const Session& session) {
  auto channel = std::make_shared<Channel>(*session.channel);
  channel->timeouts.read = channel->timeouts.stream_idle;
  return channel;
}

// Whether nothing comes behind `event`. Throws when the connection, and not the caller, ended the
// stream before its time.
inline bool ends_run(const std::optional<Event>& event, bool cancelled) {
  if (event) return event->as<RunDone>() != nullptr || event->as<Failed>() != nullptr;
  if (cancelled) return true;
  raise(Failure{.kind = ErrorKind::transport,
                .message = "the stream broke off before the run was done; messages.list() tells "
                           "what was stored",
                .transport = TransportErrorKind::reset});
}

class BlockingRun final : public StreamSource<Event> {
 public:
  BlockingRun(std::shared_ptr<const Channel> channel, CallSpec spec)
      : channel_(std::move(channel)), spec_(std::move(spec)) {}

  std::optional<Event> next() override {
    if (over_) return std::nullopt;
    over_ = true;  // also when something below throws
    if (!events_) {
      events_ = std::make_unique<Events>(std::move(channel_), std::move(spec_), run_rules());
    }
    std::optional<Event> event = events_->next();
    cancelled_ = events_->cancelled();
    over_ = ends_run(event, cancelled_);
    if (over_) events_.reset();  // the server has nothing more to say
    return event;
  }
  bool cancelled() const noexcept override { return cancelled_; }

 private:
  using Events = colonnade::detail::BlockingEventStream<Event>;

  std::shared_ptr<const Channel> channel_;
  CallSpec spec_;
  std::unique_ptr<Events> events_{};
  bool over_ = false;
  bool cancelled_ = false;
};

class AsyncRun final : public AsyncStreamSource<Event> {
 public:
  // A stream that cannot be planned tells so from its first next(), like any error of opening.
  AsyncRun(std::shared_ptr<const Channel> channel, Result<CallSpec> spec) {
    if (spec) {
      events_ = std::make_shared<Events>(std::move(channel), *std::move(spec), run_rules());
    } else {
      plan_failure_ = std::move(spec).error();
    }
  }

  bool ready() const noexcept override { return !events_ || events_->ready(); }
  Task<void> fill() override { return events_->fill(); }
  std::optional<Event> take() override {
    if (plan_failure_) {
      const Failure failure = *std::exchange(plan_failure_, std::nullopt);
      raise(failure);
    }
    // Back in place only when more is to come: not after a throw either.
    const std::shared_ptr<Events> events = std::exchange(events_, nullptr);
    if (!events) return std::nullopt;
    std::optional<Event> event = events->take();
    cancelled_ = events->cancelled();
    if (!ends_run(event, cancelled_)) events_ = events;
    return event;
  }
  bool cancelled() const noexcept override { return cancelled_; }

 private:
  using Events = colonnade::detail::AsyncEventStream<Event>;

  std::shared_ptr<Events> events_{};
  std::optional<Failure> plan_failure_{};
  bool cancelled_ = false;
};

}  // namespace colonnade::inline v1::phoson::detail
