#include "sdk/tandem/event_streams.hpp"

#include <string>

namespace colonnade::inline v1::tandem::detail {
namespace {

using colonnade::detail::Call;
using colonnade::detail::perform_async;
using Need = EventFlow::Need;

// A call that a stream makes for itself: what fails is left out.
template <class T>
std::optional<T> try_blocking(const Session& session, const Result<Call<T>>& call) {
  if (!call) return std::nullopt;
  const auto reply = session.channel->call(call->spec);
  if (!reply) return std::nullopt;
  auto value = call->decode(call->spec, *reply);
  if (!value) return std::nullopt;
  return *std::move(value);
}

template <class T>
Task<std::optional<T>> try_async(std::shared_ptr<const Session> session, Result<Call<T>> call) {
  if (!call) co_return std::nullopt;
  const Call<T>& named = *call;
  const Result<TransportReply> reply =
      co_await Channel::call_async(session->channel, named.spec, Calling::background);
  if (!reply) co_return std::nullopt;
  Result<T> value = named.decode(named.spec, *reply);
  if (!value) co_return std::nullopt;
  co_return std::optional<T>(std::move(*value));
}

}  // namespace

std::shared_ptr<const Channel> stream_channel(const Session& session,
                                              const calls::StreamPlan& plan) {
  auto channel = std::make_shared<Channel>(*session.channel);
  channel->headers.push_back({"Cache-Control", "no-cache"});
  if (!plan.last_event_id.empty()) {
    channel->headers.push_back({"Last-Event-ID", plan.last_event_id});
  }
  return channel;
}

void check_end(const EventFlow& flow, bool cancelled) {
  if (flow.over() || cancelled || flow.plan().run_id.empty()) return;
  raise(Failure{.kind = ErrorKind::transport,
                .message = "the stream broke off before the run was over; open it again, behind "
                           "the id() of the last event",
                .transport = TransportErrorKind::reset});
}

BlockingStream::BlockingStream(std::shared_ptr<const Session> session, calls::StreamPlan plan)
    : session_(std::move(session)),
      flow_(std::move(plan)),
      events_(std::make_unique<Events>(stream_channel(*session_, flow_.plan()), flow_.plan().spec,
                                       stream_rules())) {}

void BlockingStream::advance() {
  const std::string& session_id = flow_.plan().session_id;
  const Need need = began_ ? flow_.need() : Need::input;
  if (need == Need::run_state) {
    flow_.set_run_state(try_blocking(*session_, calls::active_run(session_id)));
    return;
  }
  if (need == Need::messages) {
    flow_.set_messages(try_blocking(*session_, calls::messages(session_id)));
    return;
  }
  auto incoming = events_->next();
  began_ = true;
  if (incoming) {
    flow_.accept(*std::move(incoming));
    return;
  }
  cancelled_ = events_->cancelled();
  events_.reset();
}

std::optional<Event> BlockingStream::next() {
  const bool was_open = events_ != nullptr;
  try {
    while (flow_.empty() && events_) advance();
  } catch (...) {
    events_.reset();
    throw;
  }
  std::optional<Event> event = flow_.take();
  if (flow_.over()) events_.reset();  // the server has nothing more to say about this run
  if (!event && was_open) check_end(flow_, cancelled_);
  return event;
}

AsyncStreamFlow::AsyncStreamFlow(std::shared_ptr<const Session> session,
                                 Result<calls::StreamPlan> plan)
    : session_(std::move(session)) {
  if (!plan) {
    plan_failure_ = std::move(plan).error();
    return;
  }
  flow_.emplace(*std::move(plan));
  events_ = std::make_shared<Events>(stream_channel(*session_, flow_->plan()), flow_->plan().spec,
                                     stream_rules());
}

bool AsyncStreamFlow::ready() const noexcept { return !events_ || !flow_->empty(); }

Task<void> AsyncStreamFlow::read_one(Self self) {
  const std::shared_ptr<Events> events = self->events_;
  if (!events->ready()) co_await events->fill();
  std::optional<wire::Incoming> incoming = events->take();
  self->began_ = true;
  if (incoming) {
    self->flow_->accept(std::move(*incoming));
    co_return;
  }
  self->cancelled_ = events->cancelled();
  self->events_.reset();
  if (self->flow_->empty()) check_end(*self->flow_, self->cancelled_);
}

Task<void> AsyncStreamFlow::ask_for_run_state(Self self) {
  auto call = calls::active_run(self->flow_->plan().session_id);
  const auto state = co_await try_async(self->session_, std::move(call));
  self->flow_->set_run_state(state);
}

Task<void> AsyncStreamFlow::ask_for_messages(Self self) {
  auto call = calls::messages(self->flow_->plan().session_id);
  const auto messages = co_await try_async(self->session_, std::move(call));
  self->flow_->set_messages(messages);
}

Task<void> AsyncStreamFlow::fill_from(Self self) {
  std::exception_ptr failed;
  try {
    while (!self->ready()) {
      const Need need = self->began_ ? self->flow_->need() : Need::input;
      if (need == Need::run_state) {
        co_await ask_for_run_state(self);
      } else if (need == Need::messages) {
        co_await ask_for_messages(self);
      } else {
        co_await read_one(self);
      }
    }
  } catch (...) {
    failed = std::current_exception();
  }
  if (!failed) co_return;
  self->events_.reset();
  std::rethrow_exception(failed);
}

std::optional<Event> AsyncStreamFlow::take() {
  if (plan_failure_) {
    const Failure failure = *std::exchange(plan_failure_, std::nullopt);
    raise(failure);
  }
  if (!flow_) return std::nullopt;
  std::optional<Event> event = flow_->take();
  if (flow_->over()) events_.reset();
  return event;
}

}  // namespace colonnade::inline v1::tandem::detail
