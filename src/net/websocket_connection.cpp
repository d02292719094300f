#include "net/websocket_connection.hpp"

#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "base/log.hpp"

namespace colonnade::net {
namespace {

SharedBytes frame(WebSocketOpcode opcode, std::string_view payload) {
  return std::make_shared<const std::string>(websocket_frame(opcode, payload));
}

const SharedBytes& ping_frame() {
  static const SharedBytes out = frame(WebSocketOpcode::ping, {});
  return out;
}

// What all sockets of a lane read into; nothing stays in it. Not in the thread's own storage, which
// every thread of the process pays for when it starts.
std::span<char> shared_input() {
  thread_local const auto buffer =
      std::make_unique<std::array<char, limits::websocket_read_bytes>>();
  return *buffer;
}

std::size_t message_bytes_max(const WebSocketReply& reply) {
  return reply.message_bytes_max == 0 ? limits::websocket_message_bytes_max
                                      : reply.message_bytes_max;
}

}  // namespace

WebSocketConnection::WebSocketConnection(std::shared_ptr<ServerShard> shard,
                                         std::unique_ptr<Transport> transport,
                                         std::unique_ptr<ConnectionTicket> ticket, std::string head,
                                         WebSocketReply& reply)
    : HeldConnection(std::move(shard), std::move(transport), std::move(ticket), std::move(head),
                     std::move(reply.account)),
      reader_(WebSocketRole::server, message_bytes_max(reply)) {
  last_beat_ = this->shard().coarse_now();
  // One text for all sockets of the lane.
  heartbeat_ = this->shard().keepalive_bytes(reply.heartbeat);
}

void WebSocketConnection::start(std::shared_ptr<WebSocketHandler> handler,
                                std::string_view early_input) {
  handler_ = std::move(handler);
  take(early_input);
}

// --- sending
// ---------------------------------------------------------------------------------------

bool WebSocketConnection::send(SharedBytes text) {
  return send_piece({std::move(text), Framing::text_frame});
}

void WebSocketConnection::close(std::uint16_t code, std::string_view reason) {
  if (closed()) return;
  close_code_ = code;
  close_reason_ = reason;
  begin_close(code, reason);
}

void WebSocketConnection::begin_close(std::uint16_t code, std::string_view reason) {
  queue_piece(
      {frame(WebSocketOpcode::close, websocket_close_payload(code, reason)), Framing::none});
  finish_writing();
}

void WebSocketConnection::begin_stop() { close(websocket_close::going_away, "The server stops."); }

void WebSocketConnection::on_piece_written(const Piece& piece) {
  if (piece.framing == Framing::text_frame) {
    if (piece.bytes != heartbeat_) ++messages_written_;
    return;
  }
  if (piece.bytes != pong_) return;
  pong_ = std::exchange(next_pong_, nullptr);
  if (pong_) queue_piece({pong_, Framing::none});
}

// The end of our direction. What the peer still sends is thrown away until its own end, so that no
// reset overtakes the close frame.
void WebSocketConnection::all_written() {
  if (secure()) return say_goodbye();
  transport().shutdown_send();
  linger();
}

void WebSocketConnection::on_sweep(SteadyTime now, SteadyTime::duration) {
  if (now - last_beat_ < shard().options().websocket_heartbeat_interval) return;
  last_beat_ = now;
  if (pings_unanswered_ >= limits::websocket_pings_unanswered_max) return end(true);
  ++pings_unanswered_;
  if (!send_piece({ping_frame(), Framing::none})) return;
  if (heartbeat_) send_piece({heartbeat_, Framing::text_frame});
}

// --- receiving
// -------------------------------------------------------------------------------------

bool WebSocketConnection::read_input() {
  for (int i = 0; i < limits::websocket_reads_per_wakeup; ++i) {
    const std::ptrdiff_t got = transport().read_now(shared_input());
    if (got <= 0) return got == 0;
    take({shared_input().data(), static_cast<std::size_t>(got)});
    if (state() == State::ended) return true;
  }
  return true;
}

std::span<char> WebSocketConnection::input_buffer() {
  if (!tls_input_) tls_input_ = std::make_unique<decltype(tls_input_)::element_type>();
  return *tls_input_;
}

bool WebSocketConnection::take_input(std::span<const char> input) {
  take({input.data(), input.size()});
  return true;
}

void WebSocketConnection::take(std::string_view bytes) {
  if (!bytes.empty()) pings_unanswered_ = 0;
  const auto self = weak_from_this().lock();  // the handler may end it
  try {
    while (state() == State::open) {
      auto input = reader_.next(bytes);
      if (!input) return;
      on_input(std::move(*input));
    }
    // After our own close: only whether the peer has answered it.
    while (state() == State::finishing || state() == State::lingering) {
      const auto input = reader_.next(bytes);
      if (!input) return;
      if (!std::holds_alternative<WebSocketClose>(*input)) continue;
      if (state() == State::lingering && !secure()) end(false);
    }
  } catch (const std::exception& e) {
    base::log::error("websocket_message_failed", {{"error", e.what()}});
    close(websocket_close::internal_error, "An internal error; the connection is closed.");
  }
}

void WebSocketConnection::on_input(WebSocketInput input) {
  if (auto* const message = std::get_if<WebSocketMessage>(&input)) {
    handler_->on_message(std::move(*message));
  } else if (const auto* const ping = std::get_if<WebSocketPing>(&input)) {
    answer_ping(ping->bytes);
  } else if (const auto* const peer_close = std::get_if<WebSocketClose>(&input)) {
    close_code_ = peer_close->code;
    close_reason_ = peer_close->reason;
    begin_close(peer_close->code, peer_close->reason);
  } else if (const auto* const fault = std::get_if<WebSocketFault>(&input)) {
    close(fault->code, fault->reason);
  }
}

// One pong waits at most: of the pings that come meanwhile the newest is answered (RFC 6455
// §5.5.3).
void WebSocketConnection::answer_ping(std::string_view payload) {
  SharedBytes pong = frame(WebSocketOpcode::pong, payload);
  if (pong_) {
    next_pong_ = std::move(pong);
    return;
  }
  pong_ = std::move(pong);
  send_piece({pong_, Framing::none});
}

// --- ending
// ----------------------------------------------------------------------------------------

void WebSocketConnection::on_peer_end() { end(false); }

void WebSocketConnection::on_ended() {
  if (!handler_) return;
  boost::asio::post(lane_.loop(), [handler = std::move(handler_), code = close_code_,
                                   reason = close_reason_] { handler->on_closed(code, reason); });
  handler_ = nullptr;
}

void WebSocketConnection::release() {
  heartbeat_.reset();
  pong_.reset();
  next_pong_.reset();
  kept_.reset();
}

}  // namespace colonnade::net
