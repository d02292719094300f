#include "sdk/platos/turn_stream.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "net/websocket_frames.hpp"
#include "sdk/call_plan.hpp"
#include "sdk/limits.hpp"

namespace colonnade::inline v1::platos::detail {
namespace {

using colonnade::detail::CallSpec;
using colonnade::detail::FromCallback;
using colonnade::detail::refusal;
using colonnade::detail::segment;

constexpr std::string_view socket_path = "/socket.io/?EIO=4&transport=websocket";
constexpr std::size_t key_bytes = 16;

Failure transport_failure(TransportErrorKind kind, std::string message) {
  return {.kind = ErrorKind::transport, .message = std::move(message), .transport = kind};
}

// Whether the other end closed in good order (platos §3.4).
bool is_orderly(int code) {
  return code == net::websocket_close::normal || code == net::websocket_close::going_away ||
         code == net::websocket_close::no_code;
}

SendOptions with_key(SendOptions options, const CallOptions& scope) {
  if (options.idempotency_key.empty()) options.idempotency_key = scope.idempotency_key;
  if (options.idempotency_key.empty()) options.idempotency_key = random_hex(key_bytes);
  return options;
}

// The answer to the newest message with this text; null when there is none yet.
const Message* answer_to(const std::vector<Message>& messages, const std::string& text) {
  const Message* answer = nullptr;
  for (const Message& message : messages) {
    if (message.role == "user") {
      if (message.content == text) answer = nullptr;
    } else if (message.role == "assistant") {
      answer = &message;
    }
  }
  const bool asked = std::ranges::any_of(messages, [&](const Message& message) {
    return message.role == "user" && message.content == text;
  });
  return asked ? answer : nullptr;
}

}  // namespace

TurnStream::TurnStream(std::shared_ptr<const Session> session, std::string_view thread_id,
                       std::string_view message, SendOptions options, Calling calling)
    : session_(std::move(session)),
      thread_id_(thread_id),
      text_(message),
      options_(with_key(std::move(options), session_->base->scope)),
      calling_(calling),
      turn_thread_(thread_id) {
  const auto usable = segment("thread", thread_id);
  if (!usable) {
    fail(usable.error());
  } else if (message.empty()) {
    fail(colonnade::detail::usage("the message is empty"));
  }
}

TurnStream::TurnStream(std::shared_ptr<const Session> session, std::string_view thread_id, Stopping,
                       Calling calling)
    : session_(std::move(session)),
      thread_id_(thread_id),
      calling_(calling),
      stopping_(true),
      turn_thread_(thread_id) {
  const auto usable = segment("thread", thread_id);
  if (!usable) fail(usable.error());
}

std::optional<Event> TurnStream::take() {
  if (!events_.empty()) {
    std::optional<Event> event(std::move(events_.front()));
    events_.pop_front();
    return event;
  }
  if (failure_) {
    const Failure failure = *std::exchange(failure_, std::nullopt);
    if (failure.origin) std::rethrow_exception(failure.origin);
    raise(failure);
  }
  return std::nullopt;
}

Task<void> stop_turn(std::shared_ptr<const Session> session, std::string thread_id,
                     Calling calling) {
  const auto turn =
      std::make_shared<TurnStream>(session, thread_id, TurnStream::Stopping{}, calling);
  std::optional<Failed> refused;
  for (bool more = true; more;) {
    if (!turn->ready()) co_await turn->fill();
    const std::optional<Event> event = turn->take();
    more = event.has_value();
    const Failed* failed = event ? event->as<Failed>() : nullptr;
    if (failed != nullptr) refused = *failed;
  }
  if (turn->cancelled()) {
    session->fail(transport_failure(TransportErrorKind::canceled, "the call was stopped"));
  }
  if (!refused) co_return;
  const int status = refused->code == "thread_not_found" ? 404 : 400;
  Json body = Json::object();
  body.set("statusCode", status).set("message", refused->message);
  if (!refused->code.empty()) body.set("code", refused->code);
  session->fail({.kind = ErrorKind::http,
                 .message = refused->message,
                 .status = status,
                 .body = body.dump()});
}

// --- what waits
// -----------------------------------------------------------------------------------

Task<void> TurnStream::fill_from(Self self) {
  while (!self->ready()) {
    switch (self->stage_) {
      case Stage::connect: co_await connect(self); break;
      case Stage::read: co_await read(self); break;
      case Stage::wait: co_await wait(self); break;
      case Stage::poll: co_await poll(self); break;
      case Stage::ended: break;
    }
  }
}

Result<TransportRequest> TurnStream::make_request() {
  token_ = session_->credentials->token();
  const CallSpec spec{.method = "GET", .path = std::string(socket_path)};
  auto prepared = prepare(*session_, *session_->base, spec, token_);
  if (!prepared) return std::move(prepared).error();
  prepared_ = *std::move(prepared);
  const Milliseconds open_time = session_->options->sockets.open_time_max;
  const Milliseconds scope_time = session_->base->scope.timeout;
  const Milliseconds whole =
      scope_time.count() > 0 && (open_time.count() == 0 || scope_time < open_time) ? scope_time
                                                                                   : open_time;
  prepared_.request.read_timeout = Milliseconds(0);
  prepared_.request.total_timeout = whole;
  open_due_ = whole.count() > 0 ? Clock::now() + whole : Clock::time_point::max();
  return std::move(prepared_.request);
}

Task<void> TurnStream::connect(Self self) {
  auto made = self->make_request();
  if (!made) {
    const Failure failure = std::move(made).error();
    if (self->is_canceled(failure)) {
      self->canceled(failure);
    } else {
      self->fail(failure);
    }
    co_return;
  }
  const auto request = std::make_shared<TransportRequest>(*std::move(made));
  const auto start = [self, request](Transport::ConnectHandler done) {
    self->prepared_.transport->connect(std::move(*request), self->calling_, std::move(done));
  };
  FromCallback<Result<TransportConnected>> arrival(start);
  Result<TransportConnected> opened = co_await arrival;
  if (!opened) {
    if (self->is_canceled(opened.error())) {
      self->canceled(opened.error());
    } else {
      self->lost(opened.error().message, /*quiet=*/false);
    }
    co_return;
  }
  const int status = opened->status;
  if (opened->socket) {
    self->socket_ = std::move(opened->socket);
    self->stage_ = Stage::read;
    self->phase_ = Phase::opening;
    self->resuming_ = false;
    self->swallow_done_ = false;
    self->last_heard_ = Clock::now();
    co_return;
  }
  const CallSpec spec{.method = "GET", .path = std::string(socket_path)};
  if (status == 401 || status == 403) {
    self->refused_token(status, {}, opened->body);
  } else if (status == 429 || (status >= 500 && status != 501)) {
    self->lost("the server answered the handshake with HTTP " + std::to_string(status),
               /*quiet=*/false);
  } else {
    auto refused = refusal(spec, status, opened->body);
    // A success that opened no socket is none either.
    self->fail(refused ? *refused
                       : transport_failure(TransportErrorKind::protocol,
                                           "the server does not speak WebSocket here"));
  }
}

Task<void> TurnStream::read(Self self) {
  const Milliseconds silence = self->read_time().value_or(Milliseconds(0));
  const auto start = [self, silence](TransportSocket::ReadHandler done) {
    self->socket_->read(silence, std::move(done));
  };
  FromCallback<Result<SocketInput>> arrival(start);
  Result<SocketInput> input = co_await arrival;
  self->on_input(std::move(input));
  const bool unclear = self->unclear_.has_value();
  if (unclear) co_await look_up(self);
}

Task<void> TurnStream::wait(Self self) {
  const Sockets& rules = self->session_->options->sockets;
  Milliseconds delay = rules.delay_min;
  for (int i = 1; i < self->attempt_ && delay < rules.delay_max; ++i) delay *= 2;
  delay = std::min(delay, rules.delay_max);
  const auto stop = std::make_shared<colonnade::detail::EitherStop>(
      self->session_->base->scope.stop, self->session_->base->pool->closing());
  [[maybe_unused]] const bool slept = co_await sleep_for(delay, stop->token());
  self->stage_ = Stage::connect;  // which notices a stop
}

Task<void> TurnStream::look_up(Self self) {
  wire::Incoming incoming = *std::move(self->unclear_);
  self->unclear_.reset();
  auto plan = calls::get_approval(incoming.approval_id);
  bool ours = true;  // also when the server does not say
  if (plan) {
    calls::Planned<Approval> call = *std::move(plan);
    Result<Approval> found = co_await flows::try_call(self->session_, call, self->calling_);
    if (found && found->thread_id) ours = *found->thread_id == self->turn_thread_;
    if (!found && self->is_canceled(found.error())) {
      self->canceled(found.error());
      co_return;
    }
  }
  if (!ours) co_return;
  self->asked_.insert(incoming.approval_id);
  self->push(std::move(incoming.event));
}

Task<void> TurnStream::poll(Self self) {
  self->stage_ = Stage::read;
  self->poll_due_ = Clock::now() + self->session_->options->sockets.poll_interval;
  auto plan = calls::message_page(self->turn_thread_, limits::client_messages_polled_max, 0);
  calls::Planned<wire::MessagePage> call = *std::move(plan);
  Result<wire::MessagePage> page = co_await flows::try_call(self->session_, call, self->calling_);
  const bool more = page && page->total > limits::client_messages_polled_max;
  if (more) {
    // The newest are at the end.
    auto last = calls::message_page(self->turn_thread_, limits::client_messages_polled_max,
                                    page->total - limits::client_messages_polled_max);
    calls::Planned<wire::MessagePage> tail = *std::move(last);
    page = co_await flows::try_call(self->session_, tail, self->calling_);
  }
  if (!page) {
    const Failure& failure = page.error();
    if (self->is_canceled(failure)) {
      self->canceled(failure);
    } else if (failure.kind != ErrorKind::transport && failure.status < 500) {
      self->fail(failure);
    }
    co_return;
  }
  const Message* answer = answer_to(page->messages, self->text_);
  if (answer == nullptr) co_return;
  std::string rest = answer->content;
  if (rest.starts_with(self->answer_)) rest.erase(0, self->answer_.size());
  if (!rest.empty()) self->push(Event(Token{.text = std::move(rest)}));
  Done done;
  if (self->usage_) done.usage = *self->usage_;
  self->push(Event(std::move(done)));
  self->finish();
}

// --- what comes in
// --------------------------------------------------------------------------------

// Until something is due; nullopt for never.
std::optional<TurnStream::Milliseconds> TurnStream::read_time() const {
  Clock::time_point due = Clock::time_point::max();
  if (phase_ != Phase::live) due = open_due_;
  if (done_due_) due = std::min(due, *done_due_);
  if (poll_due_) due = std::min(due, *poll_due_);
  if (silence_max_.count() > 0) due = std::min(due, last_heard_ + silence_max_);
  if (due == Clock::time_point::max()) return std::nullopt;
  const auto left = std::chrono::ceil<Milliseconds>(due - Clock::now());
  return std::max(left, Milliseconds(1));
}

void TurnStream::on_input(Result<SocketInput> input) {
  if (!input) {
    const Failure& failure = input.error();
    if (is_canceled(failure)) {
      canceled(failure);
    } else if (failure.transport == TransportErrorKind::timeout) {
      on_silence();
    } else {
      lost(failure.message, /*quiet=*/false);
    }
    return;
  }
  last_heard_ = Clock::now();
  if (input->closed) {
    std::string reason = "the server closed the socket with code " + std::to_string(input->code);
    if (!input->close_reason.empty()) reason += ": " + input->close_reason;
    lost(reason, is_orderly(input->code));
    return;
  }
  on_packet(wire::read_packet(input->text));
}

// A read came back without a message; something may be due.
void TurnStream::on_silence() {
  const Clock::time_point now = Clock::now();
  if (phase_ != Phase::live && now >= open_due_) {
    lost("the server did not let us join in time", /*quiet=*/false);
  } else if (done_due_ && now >= *done_due_) {
    push(*std::exchange(held_done_, std::nullopt));
    finish();
  } else if (silence_max_.count() > 0 && now >= last_heard_ + silence_max_) {
    lost("nothing from the server for " + std::to_string(silence_max_.count()) + " ms",
         /*quiet=*/false);
  } else if (poll_due_ && now >= *poll_due_) {
    if (lost_due_ && now >= *lost_due_) {
      fail(transport_failure(TransportErrorKind::timeout,
                             "the turn was lost with its socket, and no answer was stored in time; "
                             "threads.messages() tells what is"));
      return;
    }
    stage_ = Stage::poll;
  }
}

void TurnStream::on_packet(const wire::Packet& packet) {
  switch (packet.kind) {
    case wire::PacketKind::ping: socket_->send("3" + std::string(packet.data)); return;
    case wire::PacketKind::open:
      if (phase_ != Phase::opening) return;
      silence_max_ = Milliseconds(wire::silence_ms(packet.data).value_or(0));
      socket_->send(wire::join(join_credentials(*session_, token_)));
      phase_ = Phase::joining;
      return;
    case wire::PacketKind::joined:
      if (phase_ == Phase::joining) phase_ = Phase::greeting;
      return;
    case wire::PacketKind::refused: on_refused(wire::read_refused(packet.data)); return;
    case wire::PacketKind::left:
    case wire::PacketKind::close: lost("the server ended the session", /*quiet=*/true); return;
    case wire::PacketKind::event: {
      auto incoming = wire::read_event(packet.data);
      if (incoming) on_event(*std::move(incoming));
      return;
    }
    case wire::PacketKind::unimportant: return;
  }
}

void TurnStream::on_refused(const wire::Refused& refused) {
  if (refused.status == 0 || refused.status == 401 || refused.status == 403) {
    refused_token(refused.status == 0 ? 401 : refused.status, refused.code, refused.message);
  } else {
    lost("the server refused to let us join: " + refused.message, /*quiet=*/false);
  }
}

void TurnStream::on_event(wire::Incoming incoming) {
  if (phase_ != Phase::live) {
    const bool refused = incoming.event.as<Failed>() != nullptr;
    if (incoming.name == "connected") {
      go_live();
    } else if (refused && incoming.code == "rate_limit") {
      push(std::move(incoming.event));
      push(Event(Done{.stopped = true}));
      finish();
    } else if (refused) {
      refused_token(incoming.status == 403 ? 403 : 401, incoming.code, incoming.message);
    }
    return;
  }
  if (incoming.name == "agent_event") {
    on_turn_event(std::move(incoming));
  } else if (incoming.name == "error") {
    failed_ = true;  // a bare one, of the real gateway; a bare done follows
    push(std::move(incoming.event));
  } else if (incoming.name == "done") {
    on_done(std::move(incoming.event));
  }
}

void TurnStream::go_live() {
  phase_ = Phase::live;
  push(Event(Connected{}));
  if (stopping_) {
    socket_->send(wire::stop(thread_id_));
    return;
  }
  if (!sent_) {
    socket_->send(wire::send_message(thread_id_, text_, options_));
    sent_ = true;
    return;
  }
  socket_->send(wire::resume(turn_thread_, last_seq_));
  resuming_ = true;
  if (!numbered_) poll_due_ = Clock::now() + session_->options->sockets.resume_time_max;
}

void TurnStream::on_turn_event(wire::Incoming incoming) {
  if (held_done_) {
    // Nothing is given behind `done`; but the answer is stored now.
    if (incoming.type != "message_persisted") return;
    push(*std::exchange(held_done_, std::nullopt));
    finish();
    return;
  }
  if (const auto* meta = incoming.event.as<Meta>(); meta != nullptr && !seen_turn_) {
    // Where the thread is unknown, a real server makes another one.
    const std::string& id = meta->thread_id.empty() ? incoming.thread_id : meta->thread_id;
    if (!id.empty()) turn_thread_ = id;
  } else if (!incoming.thread_id.empty() && incoming.thread_id != turn_thread_) {
    return;  // of another thread: a real server tells the whole scope
  }
  if (incoming.seq > 0) {
    numbered_ = true;
    if (incoming.seq <= last_seq_) return;  // came over the last socket
    last_seq_ = incoming.seq;
  }
  attempt_ = 0;
  if (incoming.event.as<Failed>() != nullptr) {
    on_error(std::move(incoming));
    return;
  }
  if (incoming.event.as<Done>() != nullptr) {
    if (!std::exchange(swallow_done_, false)) on_done(std::move(incoming.event));
    return;
  }
  if (incoming.event.as<ApprovalNeeded>() != nullptr) {
    if (incoming.thread_id.empty()) {
      unclear_ = std::move(incoming);
      return;
    }
    asked_.insert(incoming.approval_id);
  } else if (incoming.event.as<ApprovalResolved>() != nullptr) {
    if (incoming.thread_id.empty() && !asked_.contains(incoming.approval_id)) return;
  } else if (incoming.event.as<RunUpdate>() == nullptr) {
    seen_turn_ = true;
    poll_due_.reset();
    lost_due_.reset();
  }
  if (const auto* token = incoming.event.as<Token>()) answer_ += token->text;
  if (const auto* meta = incoming.event.as<Meta>(); meta != nullptr && meta->usage) {
    usage_ = meta->usage;
  }
  if (incoming.event.as<MessagePersisted>() != nullptr) persisted_ = true;
  push(std::move(incoming.event));
}

void TurnStream::on_error(wire::Incoming incoming) {
  if (incoming.code == "unauthorized" && !seen_turn_) {
    refused_token(incoming.status == 403 ? 403 : 401, incoming.code, incoming.message);
    return;
  }
  if (incoming.code == "no_active_turn" && resuming_ && !resent_ && !seen_turn_) {
    // The message was lost with the first socket. With its key it is safe to send again.
    resent_ = true;
    swallow_done_ = true;
    poll_due_.reset();
    socket_->send(wire::send_message(thread_id_, text_, options_));
    return;
  }
  failed_ = true;
  seen_turn_ = true;
  poll_due_.reset();
  push(std::move(incoming.event));
}

void TurnStream::on_done(Event event) {
  Done done = *event.as<Done>();
  const bool told =
      done.usage.total_tokens != 0 || done.usage.input_tokens != 0 || done.usage.cost_cents != 0;
  if (!told && usage_) done.usage = *usage_;
  const Milliseconds patience = session_->options->sockets.persisted_time_max;
  const bool hold = !numbered_ && !persisted_ && !failed_ && !done.stopped && patience.count() > 0;
  Event complete(std::move(done), event.data().dump());
  if (hold) {
    held_done_ = std::move(complete);
    done_due_ = Clock::now() + patience;
    poll_due_.reset();
    return;
  }
  push(std::move(complete));
  finish();
}

// --- how it goes on
// -------------------------------------------------------------------------------

void TurnStream::lost(const std::string& reason, bool quiet) {
  socket_.reset();
  if (held_done_) {
    push(*std::exchange(held_done_, std::nullopt));
    finish();
    return;
  }
  if (!quiet) push(Event(Disconnected{.reason = reason}));
  const Sockets& rules = session_->options->sockets;
  const Clock::time_point now = Clock::now();
  if (sent_ && !lost_due_ && rules.lost_time_max.count() > 0) lost_due_ = now + rules.lost_time_max;
  poll_due_.reset();
  if (++attempt_ > rules.reconnects || (lost_due_ && now >= *lost_due_)) {
    fail(transport_failure(TransportErrorKind::reset,
                           "exhausted " + std::to_string(rules.reconnects) +
                               " reconnection attempts; the last: " + reason));
    return;
  }
  push(Event(Reconnecting{.attempt = attempt_}));
  stage_ = Stage::wait;
}

void TurnStream::refused_token(int status, std::string_view code, std::string_view message) {
  socket_.reset();
  if (!refreshed_ && session_->credentials->renew(token_, status)) {
    refreshed_ = true;
    stage_ = Stage::connect;
    return;
  }
  Json body = Json::object();
  body.set("statusCode", status).set("message", message);
  if (!code.empty()) body.set("code", code);
  fail({.kind = ErrorKind::unauthorized,
        .message = std::string(message),
        .status = status,
        .body = body.dump()});
}

bool TurnStream::is_canceled(const Failure& failure) const {
  return failure.kind == ErrorKind::closed || (failure.kind == ErrorKind::transport &&
                                               failure.transport == TransportErrorKind::canceled);
}

void TurnStream::canceled(const Failure& failure) {
  if (!stopped_by_caller()) {
    fail(failure);
    return;
  }
  cancelled_ = true;
  push(Event(Done{.stopped = true}));  // as the other clients do (platos §3.4)
  finish();
}

void TurnStream::finish() {
  stage_ = Stage::ended;
  socket_.reset();
}

void TurnStream::fail(Failure failure) {
  failure_ = std::move(failure);
  finish();
}

}  // namespace colonnade::inline v1::platos::detail
