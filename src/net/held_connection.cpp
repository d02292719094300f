#include "net/held_connection.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>

#include "base/log.hpp"
#include "net/limits.hpp"
#include "net/websocket_frames.hpp"

namespace colonnade::net {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view end_of_chunks = "0\r\n\r\n";

// What stands before a piece: the size line of a chunk (at most 16 hex digits and a line end), or
// the head of a frame.
struct PieceHead {
  std::array<char, 18> text;
  std::size_t size = 0;
};

void write_chunk_size(PieceHead& head, std::size_t bytes) {
  char* end = std::to_chars(head.text.data(), head.text.data() + 16, bytes, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  head.size = static_cast<std::size_t>(end - head.text.data());
}

void write_frame_head(PieceHead& head, std::size_t bytes) {
  const WebSocketFrameHead frame = websocket_frame_head(WebSocketOpcode::text, bytes);
  std::ranges::copy(frame.view(), head.text.begin());
  head.size = frame.size;
}

std::size_t hex_digits_of(std::size_t number) {
  std::size_t digits = 1;
  while (number >>= 4) ++digits;
  return digits;
}

iovec part_of(std::string_view text) { return {const_cast<char*>(text.data()), text.size()}; }

// Drops the first `bytes` bytes of the parts; returns how many are wholly gone.
std::size_t skip_parts(std::span<iovec> parts, std::size_t bytes) {
  std::size_t gone = 0;
  while (gone < parts.size() && bytes >= parts[gone].iov_len) bytes -= parts[gone++].iov_len;
  if (gone < parts.size()) {
    parts[gone].iov_base = static_cast<char*>(parts[gone].iov_base) + bytes;
    parts[gone].iov_len -= bytes;
  }
  return gone;
}

std::size_t wire_size(const Piece& piece) {
  switch (piece.framing) {
    case Framing::none: return piece.bytes->size();
    case Framing::chunk:
      return hex_digits_of(piece.bytes->size()) + line_end.size() + piece.bytes->size() +
             line_end.size();
    case Framing::last_chunk: return end_of_chunks.size();
    case Framing::text_frame:
      return websocket_frame_head(WebSocketOpcode::text, piece.bytes->size()).size +
             piece.bytes->size();
  }
  std::unreachable();
}

// The parts of one piece on the wire; three at most. `head` must live as long as they do.
std::size_t parts_of(iovec* out, PieceHead& head, const Piece& piece) {
  switch (piece.framing) {
    case Framing::none: out[0] = part_of(*piece.bytes); return 1;
    case Framing::last_chunk: out[0] = part_of(end_of_chunks); return 1;
    case Framing::chunk:
      write_chunk_size(head, piece.bytes->size());
      out[0] = part_of({head.text.data(), head.size});
      out[1] = part_of(*piece.bytes);
      out[2] = part_of(line_end);
      return 3;
    case Framing::text_frame:
      write_frame_head(head, piece.bytes->size());
      out[0] = part_of({head.text.data(), head.size});
      out[1] = part_of(*piece.bytes);
      return 2;
  }
  std::unreachable();
}

}  // namespace

HeldConnection::HeldConnection(std::shared_ptr<ServerShard> shard,
                               std::unique_ptr<Transport> transport,
                               std::unique_ptr<ConnectionTicket> ticket, std::string head,
                               std::string account)
    : lane_(shard->lane()),
      shard_(std::move(shard)),
      transport_(std::move(transport)),
      ticket_(std::move(ticket)),
      hold_(*shard_->options().answers, std::move(account)) {
  enqueue({std::make_shared<const std::string>(std::move(head)), Framing::none});
}

HeldConnection::~HeldConnection() { detach(); }

void HeldConnection::open() {
  attach(*shard_);
  shard_->counts().add(shard_->counts().streams_open);
  watch_peer();
}

void HeldConnection::begin() {
  if (begun_ || state_ == State::ended) return;
  begun_ = true;
  if (transport_->secure()) return wait_to_write();
  write_queue();
}

// --- sending
// ---------------------------------------------------------------------------------------

bool HeldConnection::send_piece(Piece piece) {
  if (state_ != State::open) return false;
  if (queue_.empty() && !transport_->secure()) return write_directly(std::move(piece));
  if (queue_full()) {
    cut("queue_full");
    return false;
  }
  enqueue(std::move(piece));
  if (!count_queue()) {
    cut("account_unread");
    return false;
  }
  if (begun_) {
    wait_to_write();
  } else {
    begin();
  }
  return state_ == State::open;
}

// The usual way: one system call, nothing allocated, nothing kept.
bool HeldConnection::write_directly(Piece piece) {
  std::array<iovec, 3> parts;
  PieceHead head;
  const std::size_t count = parts_of(parts.data(), head, piece);
  const std::ptrdiff_t sent = transport_->write_now(std::span(parts).first(count));
  if (sent < 0) {
    end(true);
    return false;
  }
  if (sent > 0) last_write_ = shard_->coarse_now();
  if (static_cast<std::size_t>(sent) == wire_size(piece)) {
    on_piece_written(piece);
    return true;
  }
  enqueue(std::move(piece));
  offset_ = static_cast<std::size_t>(sent);
  if (!count_queue()) {
    cut("account_unread");
    return false;
  }
  wait_to_write();
  return true;
}

void HeldConnection::queue_piece(Piece piece) {
  if (state_ == State::ended) return;
  begun_ = true;
  enqueue(std::move(piece));
}

void HeldConnection::finish_writing() {
  if (state_ != State::open) return;
  state_ = State::finishing;
  begun_ = true;
  if (queue_.empty()) return all_written();
  if (transport_->secure() || writing_) return wait_to_write();
  write_queue();
}

void HeldConnection::enqueue(Piece piece) {
  if (queue_.empty()) last_write_ = shard_->coarse_now();  // a stall is counted from here
  if (piece.bytes) queued_bytes_ += piece.bytes->size();
  queue_.push_back(std::move(piece));
}

// Looked at before a piece is added, and without the first, which is on its way: so a piece of any
// size is taken while the reader keeps up, and memory stays bounded when it does not.
bool HeldConnection::queue_full() const {
  if (queue_.empty()) return false;
  const std::size_t first = queue_[head_].bytes ? queue_[head_].bytes->size() : 0;
  return queue_.size() - head_ >= limits::stream_queue_events_max ||
         queued_bytes_ - first > limits::stream_queue_bytes_max;
}

// Rounded down, so that a short queue, which most streams have at times, costs no lock.
bool HeldConnection::count_queue() {
  return hold_.resize(queued_bytes_ - queued_bytes_ % limits::answer_count_bytes);
}

void HeldConnection::wait_to_write() {
  if (writing_) return;
  if (transport_->secure()) return write_tls();
  writing_ = true;
  transport_->wait_writable([self = shared_from_this()](Transport::ErrorCode error, std::size_t) {
    self->writing_ = false;
    if (self->state_ == State::ended) return;
    if (error) return self->end(true);
    self->write_queue();
  });
}

void HeldConnection::write_queue() {
  while (!queue_.empty()) {
    std::array<iovec, 3 * limits::stream_gather_events_max> parts;
    std::array<PieceHead, limits::stream_gather_events_max> heads;
    const std::size_t pieces = std::min(queue_.size() - head_, limits::stream_gather_events_max);
    std::size_t count = 0;
    std::size_t total = 0;
    for (std::size_t i = 0; i < pieces; ++i) {
      const Piece& piece = queue_[head_ + i];
      count += parts_of(parts.data() + count, heads[i], piece);
      total += wire_size(piece);
    }
    const std::span<iovec> all = std::span(parts).first(count);
    const std::size_t gone = skip_parts(all, offset_);
    total -= offset_;
    const std::ptrdiff_t sent = transport_->write_now(all.subspan(gone));
    if (sent < 0) return end(true);
    consume(static_cast<std::size_t>(sent));
    if (static_cast<std::size_t>(sent) < total) return wait_to_write();
  }
  if (state_ == State::finishing) all_written();
}

// TLS takes one contiguous block at a time, which it must be able to read until it is done.
void HeldConnection::write_tls() {
  if (queue_.empty()) {
    if (state_ == State::finishing) all_written();
    return;
  }
  if (!tls_block_) tls_block_ = std::make_unique<std::string>();
  std::string& block = *tls_block_;
  block.clear();
  const std::size_t pieces = std::min(queue_.size() - head_, limits::stream_gather_events_max);
  for (std::size_t i = 0; i < pieces; ++i) {
    std::array<iovec, 3> parts;
    PieceHead head;
    const std::size_t count = parts_of(parts.data(), head, queue_[head_ + i]);
    for (std::size_t j = 0; j < count; ++j) {
      block.append(static_cast<const char*>(parts[j].iov_base), parts[j].iov_len);
    }
    if (block.size() >= limits::http_body_read_bytes) break;
  }
  block.erase(0, offset_);
  writing_ = true;
  transport_->write_async(block, [self = shared_from_this(), kept = transport_](
                                     Transport::ErrorCode error, std::size_t sent) {
    self->writing_ = false;
    self->tls_block_.reset();
    if (self->state_ == State::ended) return;
    if (error) return self->end(true);
    self->consume(sent);
    self->write_tls();
  });
}

void HeldConnection::consume(std::size_t bytes) {
  if (bytes > 0) last_write_ = shard_->coarse_now();
  offset_ += bytes;
  while (head_ < queue_.size() && offset_ >= wire_size(queue_[head_])) {
    const Piece piece = std::move(queue_[head_++]);
    offset_ -= wire_size(piece);
    if (piece.bytes) queued_bytes_ -= piece.bytes->size();
    on_piece_written(piece);
  }
  [[maybe_unused]] const bool fewer = count_queue();
  if (head_ < queue_.size()) {
    if (head_ < limits::stream_queue_events_max) return;
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
    return;
  }
  // Freed, not just cleared: a stream that once fell behind costs no more than the others.
  std::vector<Piece>().swap(queue_);
  head_ = 0;
  if (drained_) drained_->notify();
}

base::Task<void> HeldConnection::all_taken() {
  const auto self = shared_from_this();
  while (!self->queue_.empty() && self->state_ != State::ended) {
    if (!self->drained_) self->drained_ = std::make_unique<base::Signal>();
    co_await self->drained_->wait();
  }
}

// --- ending
// ----------------------------------------------------------------------------------------

// The peer's end, or limits::http_linger_time_max, ends it.
void HeldConnection::linger() {
  state_ = State::lingering;
  last_write_ = shard_->coarse_now();
  report_ended();
}

void HeldConnection::say_goodbye() {
  linger();
  // A farewell that fails changes nothing: the last bytes have been sent.
  transport_->shutdown_async([self = shared_from_this(), kept = transport_](
                                 Transport::ErrorCode, std::size_t) { self->end(false); });
}

void HeldConnection::cut(const char* reason) {
  shard_->counts().add(shard_->counts().streams_cut_slow);
  base::log::warn("stream_cut_slow", {{"reason", reason},
                                      {"queued_events", queue_.size() - head_},
                                      {"queued_bytes", queued_bytes_}});
  end(true);
}

void HeldConnection::end(bool reset) {
  if (state_ == State::ended) return;
  state_ = State::ended;
  const auto self = weak_from_this().lock();  // what is released below may hold the last reference
  if (reset) {
    transport_->abort();
  } else {
    transport_->close();
  }
  std::vector<Piece>().swap(queue_);
  head_ = 0;
  queued_bytes_ = 0;
  hold_.resize(0);
  if (drained_) drained_->notify();
  report_ended();
  detach();
  ticket_.reset();
  release();
  // Whoever holds a writer after the server and its lanes are gone holds no socket of theirs.
  transport_.reset();
  shard_.reset();
}

void HeldConnection::report_ended() {
  if (end_reported_) return;
  end_reported_ = true;
  shard_->counts().streams_open.fetch_sub(1, std::memory_order_relaxed);
  on_ended();
}

// --- the peer
// --------------------------------------------------------------------------------------

void HeldConnection::watch_peer() {
  if (transport_->secure()) {
    transport_->read_async(input_buffer(), [self = shared_from_this(), kept = transport_](
                                               Transport::ErrorCode error, std::size_t got) {
      if (self->state_ == State::ended) return;
      if (error) return self->on_peer_end();
      if (!self->take_input(self->input_buffer().first(got))) return self->on_peer_end();
      if (self->state_ != State::ended) self->watch_peer();
    });
    return;
  }
  transport_->wait_readable([self = shared_from_this()](Transport::ErrorCode error, std::size_t) {
    if (self->state_ == State::ended) return;
    if (error || !self->read_input()) return self->on_peer_end();
    if (self->state_ != State::ended) self->watch_peer();
  });
}

void HeldConnection::sweep(SteadyTime now) {
  const auto waited = now - last_write_;
  if (state_ == State::lingering) {
    if (waited > limits::http_linger_time_max) end(false);
    return;
  }
  if (queue_.empty()) {
    if (state_ == State::open) on_sweep(now, waited);
    return;
  }
  std::chrono::milliseconds time_max = shard_->options().stream_stall_time_max;
  if (shard_->stopping()) {
    time_max = std::min<std::chrono::milliseconds>(time_max, limits::http_linger_time_max);
  }
  if (waited > time_max) return cut("stalled");
  if (state_ == State::open) on_sweep(now, SteadyTime::duration::zero());
}

}  // namespace colonnade::net
