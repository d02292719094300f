// Event streams of both clients: the bytes through sdk/event_stream, what they mean through
// EventFlow.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "sdk/event_stream.hpp"
#include "sdk/tandem/event_flow.hpp"
#include "sdk/tandem/session.hpp"

namespace colonnade::inline v1::tandem::detail {

using colonnade::detail::Channel;

inline colonnade::detail::EventRules<wire::Incoming> stream_rules() {
  return {.decode = &wire::event, .raise = &raise, .refuse = &wire::no_stream};
}

// The session's channel with the headers of a stream.
std::shared_ptr<const Channel> stream_channel(const Session& session,
                                              const calls::StreamPlan& plan);

// Throws when the stream of a run ended before the run, and the caller did not ask for it.
void check_end(const EventFlow& flow, bool cancelled);

class BlockingStream final : public StreamSource<Event> {
 public:
  // Connects.
  BlockingStream(std::shared_ptr<const Session> session, calls::StreamPlan plan);

  std::optional<Event> next() override;
  bool cancelled() const noexcept override { return cancelled_; }

 private:
  using Events = colonnade::detail::BlockingEventStream<wire::Incoming>;

  void advance();

  std::shared_ptr<const Session> session_;
  EventFlow flow_;
  std::unique_ptr<Events> events_;  // null at the end
  bool cancelled_ = false;
  bool began_ = false;
};

class AsyncStreamFlow final : public AsyncStreamSource<Event>,
                              public std::enable_shared_from_this<AsyncStreamFlow> {
 public:
  // A stream that cannot be planned tells so from its first next(), like any error of opening.
  AsyncStreamFlow(std::shared_ptr<const Session> session, Result<calls::StreamPlan> plan);

  bool ready() const noexcept override;
  Task<void> fill() override { return fill_from(shared_from_this()); }
  std::optional<Event> take() override;
  bool cancelled() const noexcept override { return cancelled_; }

 private:
  using Events = colonnade::detail::AsyncEventStream<wire::Incoming>;
  using Self = std::shared_ptr<AsyncStreamFlow>;

  static Task<void> fill_from(Self self);
  static Task<void> read_one(Self self);
  static Task<void> ask_for_run_state(Self self);
  static Task<void> ask_for_messages(Self self);

  std::shared_ptr<const Session> session_;
  std::optional<EventFlow> flow_{};
  std::shared_ptr<Events> events_{};  // null at the end
  std::optional<Failure> plan_failure_{};
  bool cancelled_ = false;
  bool began_ = false;
};

inline Stream<Event> blocking_stream(std::shared_ptr<const Session> session,
                                     Result<calls::StreamPlan> plan) {
  if (!plan) raise(plan.error());
  return Stream<Event>(std::make_unique<BlockingStream>(std::move(session), *std::move(plan)));
}

inline AsyncStream<Event> async_stream(std::shared_ptr<const Session> session,
                                       Result<calls::StreamPlan> plan) {
  return AsyncStream<Event>(std::make_shared<AsyncStreamFlow>(std::move(session), std::move(plan)));
}

}  // namespace colonnade::inline v1::tandem::detail
