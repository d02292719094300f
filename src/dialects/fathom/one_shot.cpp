// Asking the agent once, without a thread that the client sees (fathom §3.8). The turn needs a
// thread all the same: one is made, and deleted as soon as the turn has begun, so that it shows up
// in no list and no search. The turn goes on in it.
#include <utility>
#include <variant>

#include "base/log.hpp"
#include "dialects/fathom/errors.hpp"
#include "dialects/fathom/resources.hpp"
#include "dialects/fathom/wire.hpp"
#include "dialects/run_waiting.hpp"
#include "dialects/trace_context.hpp"

namespace colonnade::dialects::fathom {
namespace {

net::Response finished_stream(const core::FinishedRun& finished) {
  net::Response response{.content_type = "text/event-stream"};
  if (finished.run.state == core::RunState::succeeded && finished.reply) {
    response.body =
        encode_one_shot_done(finished.run.id, core::visible_text(finished.reply->parts));
  } else {
    response.body = encode_one_shot_error(failure_text(finished.run));
  }
  return response;
}

// The subscriber of a one-shot's thread: all of its events from the first, until the run has ended.
class OneShotStream final : public core::Subscriber,
                            public std::enable_shared_from_this<OneShotStream> {
 public:
  OneShotStream(std::shared_ptr<RunGuard> guard, std::shared_ptr<net::StreamWriter> writer)
      : guard_(std::move(guard)), writer_(std::move(writer)) {}

  void open(core::Subscriptions& subscriptions, const core::Scope& scope, std::string thread_id) {
    auto writer = writer_;
    writer->on_closed([self = shared_from_this()] { self->close(); });
    constexpr std::int64_t from_the_first = 0;
    subscription_ = subscriptions.subscribe(
        writer->lane(), core::EventTopic::of_thread(scope, std::move(thread_id)), from_the_first,
        *this);
  }

  void deliver(const core::EventPtr& event) override {
    if (!writer_ || writer_->closed()) return;
    if (const auto* delta = std::get_if<core::TextDelta>(&event->body)) {
      send(encode_one_shot_delta(delta->text));
    } else if (const auto* finished = std::get_if<core::RunFinished>(&event->body)) {
      guard_->ended();
      const bool succeeded = finished->state == core::RunState::succeeded && finished->message;
      send(succeeded ? encode_one_shot_done(guard_->run_id(),
                                            core::visible_text(finished->message->parts))
                     : encode_one_shot_error(failure_text(finished->state, finished->error)));
      writer_->finish();
    }
  }

  void cut_off() override {
    if (writer_) writer_->finish();
  }

  base::Task<void> ready_for_more() override {
    return writer_ ? writer_->drained() : core::Subscriber::ready_for_more();
  }

 private:
  void send(std::string bytes) {
    writer_->send(std::make_shared<const std::string>(std::move(bytes)));
  }

  void close() {
    writer_.reset();
    guard_.reset();
    subscription_.reset();
  }

  std::shared_ptr<RunGuard> guard_;
  std::shared_ptr<net::StreamWriter> writer_;  // nullptr once closed
  std::unique_ptr<core::Subscription> subscription_{};
};

// Its thread is made when it is asked.
core::NewMessage hidden_message(const net::Request& request, std::string text) {
  core::NewMessage out;
  out.parts.emplace_back(core::TextPart{.text = std::move(text)});
  out.options.trace = trace_parent_of(request);
  return out;
}

}  // namespace

KeyedStreams::Wire MessageResource::one_shot_wire() {
  const auto error = [](const base::Error& what) { return error_response(what); };
  return {.ended = finished_stream, .error = error};
}

base::Task<std::expected<core::Run, Attempted>> MessageResource::start_hidden(
    Principal who, core::NewMessage message, std::string keyed_request_id, base::Lane* lane) {
  core::NewThread hidden;
  const auto thread = co_await deps_.threads.create(who, std::move(hidden));
  if (!thread) co_return std::unexpected(refused(thread.error()));
  message.thread_id = thread->id;
  message.keyed_request_id = std::move(keyed_request_id);
  auto run = co_await deps_.runs.start(who, std::move(message), *lane);
  const auto removed = co_await deps_.threads.remove(std::move(who), thread->id);
  if (!removed) {
    base::log::warn("one_shot_thread_not_removed",
                    {{"thread_id", thread->id}, {"error", removed.error().message}});
  }
  if (!run) co_return std::unexpected(refused(run.error()));
  co_return std::move(*run);
}

base::Task<net::Reply> MessageResource::one_shot(Principal who, RequestPtr request) {
  auto body = decode_send(request->body);
  if (!body) co_return error_response(body.error());
  const Waiter waiter{.lane = request->lane, .gone = request->disconnected};
  auto work = [this, who, waiter,
               message = hidden_message(*request, std::move(body->text))](Attempt attempt) mutable {
    return ask_once(std::move(who), std::move(message), waiter, std::move(attempt));
  };
  auto response = co_await deps_.answer_once.run(who, request_key(*request), std::move(work));
  if (!response) co_return error_response(response.error());
  co_return std::move(*response);
}

base::Task<Attempted> MessageResource::ask_once(Principal who, core::NewMessage message,
                                                Waiter waiter, Attempt attempt) {
  std::string run_id = std::move(attempt.object_id);
  if (run_id.empty()) {
    auto run = co_await start_hidden(who, std::move(message), std::move(attempt.keyed_request_id),
                                     waiter.lane);
    if (!run) co_return std::move(run.error());
    run_id = std::move(run->id);
  }
  auto attempted = co_await answer(std::move(who), std::move(run_id), waiter.gone, encode_one_shot);
  co_return attempted;
}

base::Task<net::Reply> MessageResource::one_shot_stream(Principal who, RequestPtr request) {
  auto body = decode_send(request->body);
  if (!body) co_return error_response(body.error());
  KeyedStreams::Start begin = [this, who, lane = request->lane,
                               message = hidden_message(*request, std::move(body->text))](
                                  std::string keyed_request_id) mutable {
    return start_hidden(std::move(who), std::move(message), std::move(keyed_request_id), lane);
  };
  auto run = co_await one_shots_.begin(who, request_key(*request), request->lane, std::move(begin));
  if (!run) co_return std::move(run.error());
  net::StreamReply reply;
  reply.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  auto guard = std::make_shared<RunGuard>(deps_.runs, who, run->id);
  reply.on_open = [this, scope = who.scope, thread_id = run->thread_id,
                   guard = std::move(guard)](std::shared_ptr<net::StreamWriter> writer) mutable {
    auto stream = std::make_shared<OneShotStream>(std::move(guard), std::move(writer));
    stream->open(deps_.subscriptions, scope, std::move(thread_id));
  };
  co_return reply;
}

}  // namespace colonnade::dialects::fathom
