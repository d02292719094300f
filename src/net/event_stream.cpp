#include "net/event_stream.hpp"

#include <array>
#include <boost/asio/post.hpp>

#include "net/limits.hpp"

namespace colonnade::net {

EventStream::EventStream(std::shared_ptr<ServerShard> shard, std::unique_ptr<Transport> transport,
                         std::unique_ptr<ConnectionTicket> ticket, std::string head, bool chunked,
                         SharedBytes keepalive, std::string account)
    : HeldConnection(std::move(shard), std::move(transport), std::move(ticket), std::move(head),
                     std::move(account)),
      keepalive_(std::move(keepalive)),
      chunked_(chunked) {}

bool EventStream::send(SharedBytes bytes) {
  if (closed()) return false;
  if (!bytes || bytes->empty()) return true;  // an empty chunk would end the stream
  return send_piece({std::move(bytes), chunked_ ? Framing::chunk : Framing::none});
}

void EventStream::finish() {
  if (closed()) return;
  if (chunked_) queue_piece({nullptr, Framing::last_chunk});
  finish_writing();
}

// A clean end when the client has all that was sent, else a reset, which says that it has not.
void EventStream::end_now() {
  if (state() == State::ended) return;
  if (queue_empty() && state() == State::open) return finish();
  end(true);
}

// Input is thrown away as it comes, so closing now cannot reset what the client has yet to read.
void EventStream::all_written() {
  if (!secure()) return end(false);
  say_goodbye();
}

bool EventStream::read_input() { return transport().discard_input(); }

// Nobody reads it.
std::span<char> EventStream::input_buffer() {
  thread_local std::array<char, 1024> sink;
  return sink;
}

void EventStream::on_closed(std::move_only_function<void()> callback) {
  if (end_seen_) {
    boost::asio::post(lane_.loop(), std::move(callback));
  } else {
    on_closed_ = std::move(callback);
  }
}

// Posted, so that nobody's list of streams changes while they walk along it sending.
void EventStream::on_ended() {
  end_seen_ = true;
  if (on_closed_) boost::asio::post(lane_.loop(), std::move(on_closed_));
  on_closed_ = nullptr;
}

void EventStream::on_sweep(SteadyTime, SteadyTime::duration quiet) {
  if (keepalive_ && quiet >= shard().options().keepalive_interval) send(keepalive_);
}

void EventStream::release() {
  keepalive_.reset();
  kept_.reset();
}

}  // namespace colonnade::net
