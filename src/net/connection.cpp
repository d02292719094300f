// long: one connection from its first byte to its last; its parts share its phases and limits
#include "net/connection.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <chrono>
#include <cstring>

#include "base/log.hpp"
#include "net/answer_budget.hpp"
#include "net/client_group.hpp"
#include "net/event_stream.hpp"
#include "net/limits.hpp"
#include "net/request_id.hpp"
#include "net/response_head.hpp"
#include "net/websocket_connection.hpp"

namespace colonnade::net {
namespace {

using base::ErrorKind;

// Whether a stream's handler asks for this header. The connection ends with the stream all the
// same.
bool names_keep_alive(const Headers& headers) {
  return same_ignoring_case(find_header(headers, "Connection"), "keep-alive");
}

// The next piece; whatever the source throws is a failure too, so that there is an answer.
base::Task<base::Result<BodySource::Piece>> next_piece(std::shared_ptr<BodySource> source) {
  std::string what;
  try {
    auto piece = co_await source->next();
    co_return piece;
  } catch (const std::exception& e) {
    what = e.what();
  } catch (...) {
    what = "unknown exception";
  }
  co_return base::fail(ErrorKind::internal, std::move(what));
}

std::int64_t micros_since(SteadyTime start) {
  const auto passed = std::chrono::steady_clock::now() - start;
  return std::chrono::duration_cast<std::chrono::microseconds>(passed).count();
}

}  // namespace

Connection::Connection(std::shared_ptr<ServerShard> shard, std::unique_ptr<Transport> transport,
                       std::unique_ptr<ConnectionTicket> ticket, std::string peer_address)
    : shard_(std::move(shard)),
      transport_(std::move(transport)),
      ticket_(std::move(ticket)),
      peer_address_(std::move(peer_address)),
      reader_(shard_->shared().request_limits) {}

Connection::~Connection() { detach(); }

void Connection::serve(std::shared_ptr<ServerShard> shard, std::unique_ptr<Transport> transport,
                       std::unique_ptr<ConnectionTicket> ticket, std::string peer_address) {
  auto self = std::make_shared<Connection>(shard, std::move(transport), std::move(ticket),
                                           std::move(peer_address));
  self->attach(*shard);
  shard->lane().spawn("http_connection", run(self));
}

base::Task<void> Connection::run(std::shared_ptr<Connection> self) {
  const bool ready = co_await handshake(self);
  while (ready) {
    const Outcome outcome = co_await read_request(self);
    if (outcome == Outcome::closed) break;
    if (outcome == Outcome::fault) {
      co_await refuse(self);
      break;
    }
    const After after = co_await answer(self);
    if (after == After::handed_over) co_return;
    self->forget_request();
    if (after == After::next_request) {
      if (self->body_read_) continue;
      const bool usable = co_await discard_body(self);
      if (usable && !self->close_after_) continue;
    }
    // Closing over unread input would reset the connection, and with it perhaps our answer.
    const bool more_to_come = !self->body_read_ || self->has_unread_input();
    if (more_to_come || self->transport_->secure()) co_await linger(self);
    break;
  }
  self->finish();
}

bool Connection::has_unread_input() {
  return begin_ < end_ || transport_->look() == Transport::Peer::sent_more;
}

void Connection::finish() {
  if (transport_) transport_->close();
  detach();
  ticket_.reset();
}

base::Task<bool> Connection::handshake(std::shared_ptr<Connection> self) {
  if (!self->transport_->secure()) co_return true;
  if (self->shard_->stopping()) co_return false;
  self->enter(Phase::handshake);
  Transport::ErrorCode error;
  co_await self->transport_->handshake(error);
  if (error) {
    base::log::debug("tls_handshake_failed",
                     {{"peer", self->peer_address_}, {"reason", error.message()}});
  }
  co_return !error;
}

// --- reading -------------------------------------------------------------------------------------

base::Task<Connection::Outcome> Connection::read_request(std::shared_ptr<Connection> self) {
  self->reader_.reset();
  self->match_ = {};
  self->early_.reset();
  self->path_.clear();
  self->request_start_ = {};
  self->request_id_.clear();
  self->body_read_ = true;
  bool fresh = self->begin_ < self->end_;  // unread input that the reader has not seen
  bool continue_due = false;
  self->enter(fresh ? Phase::head : Phase::idle);
  for (;;) {
    if (fresh) {
      auto step = self->reader_.feed(self->unread());
      if (!step) {
        self->fault_ = std::move(step.error());
        co_return Outcome::fault;
      }
      self->begin_ += step->consumed;
      if (step->progress == RequestReader::Progress::done) co_return Outcome::request;
      if (step->progress == RequestReader::Progress::head) {
        co_await judge(self);
        if (self->early_) {
          self->body_read_ = !self->reader_.has_body();
          if (!self->body_read_ && !self->body_is_discardable()) self->early_->close = true;
          co_return Outcome::request;
        }
        continue_due = self->reader_.expects_continue();
        self->enter(Phase::body);
        continue;
      }
      if (self->phase_ == Phase::body && !self->body_fits()) co_return Outcome::fault;
    }
    if (continue_due && self->begin_ == self->end_) {
      continue_due = false;
      AnswerBudget::Hold hold(*self->shard_->options().answers, std::string());
      Outgoing out{.head = "HTTP/1.1 100 Continue\r\n\r\n"};
      const bool sent = co_await write(self, std::move(out), &hold);
      if (!sent) co_return Outcome::closed;
      self->enter(Phase::body);
    }
    if (self->shard_->stopping()) co_return self->outcome_of_read_end();
    const bool more = co_await read_more(self);
    if (!more) co_return self->outcome_of_read_end();
    if (self->phase_ == Phase::idle) self->enter(Phase::head);
    fresh = true;
  }
}

base::Task<bool> Connection::read_more(std::shared_ptr<Connection> self) {
  self->make_room();
  const std::span<char> room(self->buffer_.data() + self->end_, self->buffer_.size() - self->end_);
  Transport::ErrorCode error;
  const std::size_t got = co_await self->transport_->read_some(room, error);
  if (error) {
    self->peer_ended_ = error != boost::asio::error::operation_aborted;
    co_return false;
  }
  self->end_ += got;
  self->read_filled_buffer_ = self->end_ == self->buffer_.size();
  // A sweep may have run between the arrival of the bytes and this line.
  co_return !self->time_passed_;
}

void Connection::make_room() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ < buffer_.size() && (phase_ != Phase::body || begin_ > 0)) return;
  // A large body gets larger reads once it arrives faster than it is read.
  std::size_t wanted = std::max(buffer_.size(), limits::http_read_buffer_bytes);
  if (phase_ == Phase::body && read_filled_buffer_) {
    wanted = std::max(wanted, limits::http_body_read_bytes);
  }
  if (end_ - begin_ == buffer_.size()) wanted = std::max(wanted, buffer_.size() * 2);
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (wanted > buffer_.size()) buffer_.resize(wanted);
}

// What the bytes of the head do not say.
void Connection::describe_request() {
  Request& request = reader_.request();
  path_ = path_below(shard_->options().base_path, request.path);
  request_id_ = request_id_of(request);
  request_start_ = std::chrono::steady_clock::now();
  match_ = shard_->shared().router->match(request.method, path_);
  request.path = path_;
  request.peer_address = peer_address_;
  request.request_id = request_id_;
  request.secure = transport_->secure();
  request.local_listener = shard_->options().local;
  request.lane = &shard_->lane();
  request.path_parameters = std::move(match_.parameters);
}

base::Task<void> Connection::judge(std::shared_ptr<Connection> self) {
  self->describe_request();
  const Request& request = self->reader_.request();
  if (const auto& admit = self->shard_->options().admit) {
    if (const auto admitted = admit(request); !admitted) {
      self->early_ = self->error_response(admitted.error(), 403);
      co_return;
    }
  }
  self->early_ = cors_preflight(self->shard_->options().cors, request, self->match_.allow);
  if (self->early_) co_return;
  const Route* route = self->match_.route;
  if (route == nullptr) {
    self->early_ = self->unrouted_response(request);
    co_return;
  }
  self->reader_.body_bytes_max(route->body_bytes_max);
  if (const auto* open = std::get_if<Handler>(&route->handler)) {
    self->handler_ = *open;
    self->take_places(
        {.kind = BodyHolder::Kind::address, .name = client_group(self->peer_address_)});
    co_return;
  }
  self->enter(Phase::handling);
  std::optional<std::string> failure;
  try {
    base::Task<Admission> task = std::get<Guard>(route->handler)(request);
    Admission admission = co_await std::move(task);
    if (admission) {
      self->handler_ = std::move(admission->handler);
      self->take_places({.kind = BodyHolder::Kind::account, .name = std::move(admission->account)});
    } else {
      self->early_ = std::move(admission.error());
      self->shard_->shared().router->refused(request, self->early_->status);
    }
  } catch (const std::exception& e) {
    failure = e.what();
  } catch (...) {
    failure = "unknown exception";
  }
  if (failure) self->early_ = self->failed_response(request, *failure);
}

// The request's place among those that are under way, until it is answered or its stream has ended.
// Refused before anything of the body is read: nothing has happened then.
void Connection::take_places(BodyHolder holder) {
  // Accounts and addresses take no places from each other.
  const bool is_address = holder.kind == BodyHolder::Kind::address;
  auto place = shard_->shared().requests->take(is_address ? "address " + holder.name : holder.name);
  if (!place) {
    handler_ = nullptr;
    early_ = later_response(place.error());
    return;
  }
  ticket_->hold(std::move(*place));
  body_share_ = BodyBudget::Share(shard_->options().body_budget, std::move(holder));
}

// False with the fault set when the caller or all together hold too much.
bool Connection::body_fits() {
  const std::size_t held = reader_.request().body.capacity();
  if (held <= limits::http_body_uncounted_bytes) return true;
  auto grown = body_share_.grow_to(held);
  if (grown) return true;
  const int status = grown.error().kind == ErrorKind::rate_limited ? 429 : 503;
  fault_ = RequestFault{.status = status, .error = std::move(grown.error())};
  return false;
}

// Whether it is cheaper to read it away than to make the client connect again. One that waits for
// "100 Continue" may never send it.
bool Connection::body_is_discardable() const {
  return reader_.content_length().value_or(limits::http_unrouted_body_bytes_max + 1) <=
             limits::http_unrouted_body_bytes_max &&
         !reader_.expects_continue();
}

base::Task<bool> Connection::discard_body(std::shared_ptr<Connection> self) {
  self->reader_.body_bytes_max(limits::http_unrouted_body_bytes_max);
  self->enter(Phase::body);
  for (;;) {
    if (self->begin_ < self->end_) {
      auto step = self->reader_.feed(self->unread());
      if (!step) co_return false;
      self->begin_ += step->consumed;
      if (step->progress == RequestReader::Progress::done) {
        self->body_read_ = true;
        co_return true;
      }
    }
    if (self->shard_->stopping()) co_return false;
    const bool more = co_await read_more(self);
    if (!more) co_return false;
  }
}

Connection::Outcome Connection::outcome_of_read_end() {
  const bool started = phase_ == Phase::head || phase_ == Phase::body;
  if (!started || !transport_->open()) return Outcome::closed;
  if (time_passed_) {
    fault_ = RequestFault{
        .status = 408,
        .error = {.kind = ErrorKind::timeout, .message = "the request took too long to arrive"}};
    return Outcome::fault;
  }
  if (shard_->stopping()) {
    if (phase_ == Phase::head) return Outcome::closed;
    fault_ = RequestFault{.status = 503,
                          .error = {.kind = ErrorKind::unavailable,
                                    .message = "the server is stopping; nothing was done with this "
                                               "request"}};
    return Outcome::fault;
  }
  if (!peer_ended_) return Outcome::closed;
  fault_ = RequestFault{
      .status = 400, .error = {.kind = ErrorKind::invalid, .message = "the request ended early"}};
  return Outcome::fault;
}

// --- answering -----------------------------------------------------------------------------------

std::shared_ptr<const Request> Connection::finish_request() {
  auto request = std::make_shared<Request>(reader_.take());
  if (!early_ && match_.route->long_running) {
    disconnected_ = std::stop_source();
    request->disconnected = disconnected_.get_token();
    request->leave = disconnected_;
  }
  return request;
}

void Connection::forget_request() {
  handler_ = nullptr;
  body_share_.release();
  if (ticket_) ticket_->release();
  // What a large body needed is not kept for a connection that may be idle for long.
  if (begin_ == end_ && buffer_.size() > limits::http_read_buffer_bytes) {
    begin_ = end_ = 0;
    buffer_.resize(limits::http_read_buffer_bytes);
    buffer_.shrink_to_fit();
  }
  read_filled_buffer_ = false;
}

base::Task<Connection::After> Connection::answer(std::shared_ptr<Connection> self) {
  const auto request = self->finish_request();
  std::optional<Reply> reply;
  if (self->early_) {
    reply = std::move(*self->early_);
  } else {
    reply = co_await handle(self, request);
  }
  if (!self->transport_->open()) co_return After::end;
  if (auto* stream = std::get_if<StreamReply>(&*reply)) {
    const bool streaming = co_await open_stream(self, request, std::move(*stream));
    co_return streaming ? After::handed_over : After::end;
  }
  if (auto* websocket = std::get_if<WebSocketReply>(&*reply)) {
    self->open_websocket(*request, std::move(*websocket));
    co_return After::handed_over;
  }
  const bool next = co_await respond(self, request, std::move(std::get<Response>(*reply)));
  co_return next ? After::next_request : After::end;
}

base::Task<Reply> Connection::handle(std::shared_ptr<Connection> self,
                                     std::shared_ptr<const Request> request) {
  self->enter(Phase::handling);
  const bool watched = self->disconnected_.stop_possible();
  if (watched) self->watch_peer();
  std::optional<Reply> reply;
  std::optional<std::string> failure;
  try {
    base::Task<Reply> task = self->handler_(request);
    reply = co_await std::move(task);
  } catch (const std::exception& e) {
    failure = e.what();
  } catch (...) {
    failure = "unknown exception";
  }
  if (watched) {
    self->transport_->cancel();
    self->poll_peer_ = false;
    self->disconnected_ = std::stop_source(std::nostopstate);
  }
  if (failure) reply = self->failed_response(*request, *failure);
  co_return std::move(*reply);
}

Response Connection::failed_response(const Request& request, std::string_view what) const {
  base::log::error(
      "http_handler_failed",
      {{"route", match_.route->pattern}, {"request_id", request.request_id}, {"error", what}});
  return error_response({.kind = ErrorKind::internal, .message = "internal error"}, 500);
}

Response Connection::error_response(const base::Error& error, int status) const {
  Response out;
  try {
    out = shard_->shared().router->error_encoder(path_).encode(error, request_id_);
  } catch (const std::exception& e) {
    base::log::error("http_error_encoder_failed", {{"error", e.what()}});
    out = Response{.content_type = "text/plain; charset=utf-8", .body = "internal error"};
  }
  out.status = status;
  return out;
}

Response Connection::unrouted_response(const Request& request) const {
  const ErrorEncoder& error_encoder = shard_->shared().router->error_encoder(path_);
  if (!match_.path_known) {
    if (error_encoder.unknown_path) return error_encoder.unknown_path(request);
    return error_response({.kind = ErrorKind::not_found, .message = "no such path"}, 404);
  }
  Response out;
  if (error_encoder.wrong_method) {
    out = error_encoder.wrong_method(request, match_.allow);
  } else {
    out = error_response({.kind = ErrorKind::invalid, .message = "method not allowed"}, 405);
  }
  if (out.status == 405 && find_header(out.headers, "Allow").empty()) {
    out.headers.push_back({"Allow", match_.allow});
  }
  return out;
}

// True when the connection can carry a further request.
base::Task<bool> Connection::respond(std::shared_ptr<Connection> self,
                                     std::shared_ptr<const Request> request, Response response) {
  // Keeps the source until the answer is over, and the account's share as long as it is held.
  const std::shared_ptr<BodySource> source = std::move(response.source);
  AnswerBudget::Hold hold(*self->shard_->options().answers, std::move(response.account));
  BodySource::Piece first{.last = true};
  if (source) {
    auto piece = co_await next_piece(source);
    if (piece) {
      first = std::move(*piece);
      response.body = std::move(first.bytes);
    } else {
      base::log::error("http_answer_failed",
                       {{"request_id", request->request_id}, {"error", piece.error().message}});
      response = self->unmade_response(piece.error());
    }
  }
  const SharedBytes shared = std::move(response.shared);
  std::string_view body = shared ? std::string_view(*shared) : std::string_view(response.body);
  // A large answer is refused while its account leaves others unread, rather than broken off.
  if (body.size() > limits::answer_piece_bytes && !hold.resize(body.size())) {
    first.last = true;
    response = self->unread_response();
    body = response.body;
  }
  add_cors_headers(self->shard_->options().cors, *request, response.headers);
  const bool in_pieces = !first.last;
  const bool chunked = in_pieces && !request->http_1_0;
  const bool with_body = status_has_body(response.status);
  const bool close = response.close || self->close_after_ || !self->reader_.keep_alive() ||
                     (in_pieces && !chunked);
  ResponseHead head{.status = response.status,
                    .http_1_0 = request->http_1_0,
                    .close = close,
                    .chunked = chunked,
                    .content_type = with_body ? response.content_type : std::string_view(),
                    .headers = &response.headers,
                    .request_id = request->request_id};
  if (with_body && !in_pieces) head.content_length = body.size();
  std::string text;
  text.reserve(512);
  write_head(text, head);
  const bool head_only = !with_body || request->method == Method::head;
  if (head_only) body = {};
  self->note_answer(*request, response.status);
  if (chunked && !body.empty()) {
    append_chunk_head(text, body.size());
    response.body.append(chunk_end);
    body = response.body;
  }
  Outgoing out{.head = std::move(text), .body = body};
  bool sent = self->write_at_once(out);
  // Nearly always the socket takes everything at once, and nothing has to wait.
  if (sent && out.left() > 0) sent = co_await write(self, std::move(out), &hold);
  if (sent && in_pieces && !head_only) {
    response.body.clear();
    sent = co_await write_rest(self, source, chunked, &hold);
  }
  if (!sent) self->transport_->close();
  co_return sent && !close;
}

base::Task<bool> Connection::write_rest(std::shared_ptr<Connection> self,
                                        std::shared_ptr<BodySource> source, bool chunked,
                                        AnswerBudget::Hold* hold) {
  for (;;) {
    hold->resize(0);
    self->enter(Phase::handling);
    auto piece = co_await next_piece(source);
    if (!piece) {
      base::log::error("http_answer_failed", {{"error", piece.error().message}});
      self->transport_->abort();
      co_return false;
    }
    std::string head;
    if (chunked) {
      if (!piece->bytes.empty()) {  // an empty chunk would be the last
        append_chunk_head(head, piece->bytes.size());
        piece->bytes.append(chunk_end);
      }
      if (piece->last) piece->bytes.append(last_of_chunks);
    }
    Outgoing out{.head = std::move(head), .body = piece->bytes};
    const bool sent = co_await write(self, std::move(out), hold);
    if (!sent || piece->last) co_return sent;
  }
}

// What the store cannot read just now is no fault of the server's own.
Response Connection::unmade_response(const base::Error& error) const {
  if (error.kind != ErrorKind::unavailable) {
    return error_response({.kind = ErrorKind::internal, .message = "internal error"}, 500);
  }
  return later_response(error);
}

Response Connection::unread_response() {
  shard_->counts().add(shard_->counts().answers_cut);
  return later_response({.kind = ErrorKind::unavailable,
                         .message = "too many answers of this account are unread; read them, then "
                                    "try again",
                         .retry_after = limits::answer_retry_after,
                         .retryable = true});
}

// rate_limited or unavailable, for now.
Response Connection::later_response(const base::Error& error) const {
  Response out = error_response(error, error.kind == ErrorKind::rate_limited ? 429 : 503);
  add_retry_after(out, error);
  return out;
}

std::array<iovec, 2> Connection::Outgoing::pieces() const {
  const std::string_view head_left = std::string_view(head).substr(std::min(sent, head.size()));
  const std::string_view body_left = body.substr(sent - std::min(sent, head.size()));
  return {{{const_cast<char*>(head_left.data()), head_left.size()},
           {const_cast<char*>(body_left.data()), body_left.size()}}};
}

bool Connection::write_at_once(Outgoing& out) {
  if (transport_->secure()) return true;
  const std::ptrdiff_t taken = transport_->write_now(out.pieces());
  if (taken < 0) return false;
  out.sent += static_cast<std::size_t>(taken);
  return true;
}

base::Task<bool> Connection::write(std::shared_ptr<Connection> self, Outgoing out,
                                   AnswerBudget::Hold* hold) {
  if (!self->write_at_once(out)) co_return false;
  if (out.left() > 0) {
    if (!hold->resize(std::max(hold->bytes(), out.body.size()))) {
      self->shard_->counts().add(self->shard_->counts().answers_cut);
      self->transport_->abort();
      co_return false;
    }
    const auto seconds = std::chrono::seconds(1 + out.left() / limits::answer_rate_bytes_min);
    self->written_by_ =
        std::chrono::steady_clock::now() + self->shard_->options().write_time_max + seconds;
  }
  while (out.left() > 0) {
    self->enter(Phase::writing);
    Transport::ErrorCode error;
    const auto pieces = out.pieces();
    const std::size_t taken = co_await self->transport_->write_some(pieces, error);
    if (error) co_return false;
    out.sent += taken;
  }
  self->written_by_ = SteadyTime::max();
  co_return true;
}

// What failed because its client did not wait for it is no failure of the server's.
void Connection::note_answer(const Request& request, int status) {
  constexpr int client_closed_request = 499;  // as nginx logs it; never sent
  const bool left = status >= 500 && request.disconnected.stop_requested();
  shard_->counts().answered(left ? client_closed_request : status);
  // One that was refused before its head was whole took no time of ours.
  if (request_start_ != SteadyTime{}) {
    shard_->times().answered(match_.route, std::chrono::microseconds(micros_since(request_start_)));
  }
  log_request(request, status);
}

// A stream takes the socket over; this object and everything read go away.
base::Task<bool> Connection::open_stream(std::shared_ptr<Connection> self,
                                         std::shared_ptr<const Request> request,
                                         StreamReply reply) {
  const auto shard = self->shard_;
  add_cors_headers(shard->options().cors, *request, reply.headers);
  const auto add_default = [&reply](std::string_view name, std::string_view value) {
    if (!find_header(reply.headers, name).empty()) return;
    reply.headers.push_back({std::string(name), std::string(value)});
  };
  add_default("Cache-Control", "no-cache");
  add_default("X-Accel-Buffering", "no");  // nginx would hold events back
  const bool chunked = !request->http_1_0;
  std::string text;
  write_head(text, {.status = reply.status,
                    .http_1_0 = request->http_1_0,
                    .close = !(chunked && names_keep_alive(reply.headers)),
                    .chunked = chunked,
                    .content_type = reply.content_type,
                    .headers = &reply.headers,
                    .request_id = request->request_id});
  self->note_answer(*request, reply.status);
  self->transport_->send_buffer_bytes(limits::stream_send_buffer_bytes);
  if (request->method == Method::head) {
    AnswerBudget::Hold hold(*shard->options().answers, std::move(reply.account));
    Outgoing out{.head = std::move(text)};
    const bool sent = co_await write(self, std::move(out), &hold);
    if (!sent) self->transport_->close();
    co_return false;
  }

  // The stream joins before the connection leaves, so that a stopping shard never looks empty.
  auto stream = std::make_shared<EventStream>(
      shard, std::move(self->transport_), std::move(self->ticket_), std::move(text), chunked,
      shard->keepalive_bytes(reply.keepalive), std::move(reply.account));
  stream->open();
  self->detach();
  try {
    if (reply.on_open) reply.on_open(stream);
    stream->begin();
    if (shard->stopping()) stream->finish();
  } catch (const std::exception& e) {
    base::log::error("http_stream_open_failed",
                     {{"request_id", request->request_id}, {"error", e.what()}});
    stream->begin();
    stream->close_now();
  }
  co_return true;
}

// As open_stream(); what the client has sent behind its handshake goes along.
void Connection::open_websocket(const Request& request, WebSocketReply reply) {
  constexpr int switching_protocols = 101;
  const auto shard = shard_;
  reply.headers.push_back({"Sec-WebSocket-Accept", std::move(reply.accept)});
  std::string text;
  write_head(text, {.status = switching_protocols,
                    .upgrade = "websocket",
                    .headers = &reply.headers,
                    .request_id = request.request_id});
  note_answer(request, switching_protocols);
  transport_->send_buffer_bytes(limits::stream_send_buffer_bytes);
  const std::string early_input(unread());
  auto websocket = std::make_shared<WebSocketConnection>(
      shard, std::move(transport_), std::move(ticket_), std::move(text), reply);
  websocket->open();
  detach();
  try {
    auto handler = reply.on_open(websocket);
    websocket->begin();
    websocket->start(std::move(handler), early_input);
    if (shard->stopping()) websocket->begin_stop();
  } catch (const std::exception& e) {
    base::log::error("http_websocket_open_failed",
                     {{"request_id", request.request_id}, {"error", e.what()}});
    websocket->begin();
    websocket->close_now();
  }
}

// Answers a request that could not be read. Nothing more can be read after it.
base::Task<void> Connection::refuse(std::shared_ptr<Connection> self) {
  const RequestFault fault = std::move(*self->fault_);
  self->fault_.reset();
  auto request = std::make_shared<Request>(self->reader_.take());
  request->body = {};
  self->forget_request();
  if (self->request_id_.empty()) self->request_id_ = new_request_id();
  if (self->path_.empty()) self->path_ = request->path;
  request->path = self->path_;
  request->request_id = self->request_id_;
  base::log::warn("http_request_refused", {{"status", fault.status},
                                           {"request_id", self->request_id_},
                                           {"peer", self->peer_address_},
                                           {"reason", fault.error.message}});
  Response response = self->error_response(fault.error, fault.status);
  add_retry_after(response, fault.error);
  response.close = true;
  self->time_passed_ = false;
  co_await respond(self, request, std::move(response));
  co_await linger(self);
}

// Ends our direction and reads on for a while, so that a peer that is still sending sees our answer
// instead of a reset.
base::Task<void> Connection::linger(std::shared_ptr<Connection> self) {
  if (!self->transport_->open()) co_return;
  self->enter(Phase::lingering);
  Transport::ErrorCode error;
  co_await self->transport_->shutdown();
  // A server that stops has no time for that: only what is here already is read away.
  if (self->shard_->stopping() && self->transport_->open() && !self->transport_->secure()) {
    [[maybe_unused]] const bool peer_is_there = self->transport_->discard_input();
    co_return;
  }
  std::size_t discarded = 0;
  while (!error && self->transport_->open() && discarded < limits::http_linger_bytes_max) {
    self->begin_ = self->end_ = 0;
    self->make_room();
    const std::span<char> room(self->buffer_);
    const std::size_t read = co_await self->transport_->read_some(room, error);
    discarded += read;
  }
}

// --- time and ending -----------------------------------------------------------------------------

void Connection::enter(Phase phase) {
  const HttpServerOptions& options = shard_->options();
  std::chrono::milliseconds limit{0};
  switch (phase) {
    case Phase::handshake:
    case Phase::head: limit = options.header_time_max; break;
    case Phase::idle: limit = options.idle_time_max; break;
    case Phase::body: limit = options.body_time_max; break;
    case Phase::writing: limit = options.write_time_max; break;
    case Phase::lingering: limit = limits::http_linger_time_max; break;
    case Phase::handling: break;  // a handler has limits of its own
  }
  phase_ = phase;
  deadline_ =
      phase == Phase::handling ? SteadyTime::max() : std::chrono::steady_clock::now() + limit;
  if (phase == Phase::writing) deadline_ = std::min(deadline_, written_by_);
}

void Connection::sweep(SteadyTime now) {
  if (poll_peer_ && phase_ == Phase::handling && transport_->peer_closed()) {
    poll_peer_ = false;
    disconnected_.request_stop();
  }
  if (now < deadline_) return;
  deadline_ = SteadyTime::max();
  time_passed_ = true;
  switch (phase_) {
    case Phase::head:
    case Phase::body: transport_->cancel(); break;  // the read ends and a 408 is sent
    case Phase::writing:
      shard_->counts().add(shard_->counts().answers_cut);
      transport_->abort();
      break;
    default: transport_->close(); break;
  }
}

void Connection::begin_stop() {
  close_after_ = true;
  switch (phase_) {
    case Phase::handshake: transport_->close(); break;
    case Phase::idle:
    case Phase::head:
    case Phase::body: transport_->cancel(); break;  // a request that is whole by now is answered
    case Phase::lingering:
      if (!transport_->secure()) transport_->cancel();
      break;
    case Phase::handling:
    case Phase::writing: break;  // the drain time is theirs
  }
}

void Connection::close_now() {
  transport_->close();
  if (disconnected_.stop_possible()) disconnected_.request_stop();
  detach();
}

// Tells the handler when the client goes away, without touching what it may have sent meanwhile.
void Connection::watch_peer() {
  transport_->wait_readable([self = shared_from_this()](Transport::ErrorCode error, std::size_t) {
    if (!error && self->phase_ == Phase::handling) self->note_peer();
  });
}

void Connection::note_peer() {
  // TLS: what arrived may be a farewell in cipher; only the end of the connection counts.
  switch (transport_->look()) {
    case Transport::Peer::gone: disconnected_.request_stop(); break;
    case Transport::Peer::sent_more: poll_peer_ = true; break;
    case Transport::Peer::present: watch_peer(); break;
  }
}

void Connection::log_request(const Request& request, int status) const {
  if (!base::log::enabled(base::log::Level::debug)) return;
  // The pattern, not the path: a path may hold what is nobody else's business.
  base::log::debug("http_request",
                   {{"method", request.method_text},
                    {"route", match_.route != nullptr ? match_.route->pattern : "-"},
                    {"status", status},
                    {"duration_us", micros_since(request_start_)},
                    {"request_id", request.request_id},
                    {"peer", peer_address_}});
}

}  // namespace colonnade::net
