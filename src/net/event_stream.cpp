#include "net/event_stream.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <charconv>
#include <cstring>

#include "base/log.hpp"
#include "net/limits.hpp"

namespace colonnade::net {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view last_chunk = "0\r\n\r\n";

// The size line of a chunk: at most 16 hex digits and a line end.
struct ChunkHead {
  std::array<char, 18> text;
  std::size_t size = 0;
};

void write_chunk_head(ChunkHead& head, std::size_t bytes) {
  char* end = std::to_chars(head.text.data(), head.text.data() + 16, bytes, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  head.size = static_cast<std::size_t>(end - head.text.data());
}

std::size_t hex_digits_of(std::size_t number) {
  std::size_t digits = 1;
  while (number >>= 4) ++digits;
  return digits;
}

iovec piece_of(std::string_view text) { return {const_cast<char*>(text.data()), text.size()}; }

// The pieces of one item on the wire; three at most. `head` must live as long as they do.
std::size_t write_pieces(iovec* out, ChunkHead& head, const SharedBytes& item, bool chunked) {
  if (!item) {
    out[0] = piece_of(last_chunk);
    return 1;
  }
  if (!chunked) {
    out[0] = piece_of(*item);
    return 1;
  }
  write_chunk_head(head, item->size());
  out[0] = piece_of({head.text.data(), head.size});
  out[1] = piece_of(*item);
  out[2] = piece_of(line_end);
  return 3;
}

// Drops the first `bytes` bytes of the pieces; returns how many pieces are wholly gone.
std::size_t skip(std::span<iovec> pieces, std::size_t bytes) {
  std::size_t gone = 0;
  while (gone < pieces.size() && bytes >= pieces[gone].iov_len) bytes -= pieces[gone++].iov_len;
  if (gone < pieces.size()) {
    pieces[gone].iov_base = static_cast<char*>(pieces[gone].iov_base) + bytes;
    pieces[gone].iov_len -= bytes;
  }
  return gone;
}

// Where the input of TLS streams goes: nobody reads it.
std::span<char> input_sink() {
  thread_local std::array<char, 1024> sink;
  return sink;
}

}  // namespace

EventStream::EventStream(std::shared_ptr<ServerShard> shard, std::unique_ptr<Transport> transport,
                         std::unique_ptr<ConnectionTicket> ticket, std::string head, bool chunked,
                         SharedBytes keepalive, std::string account)
    : lane_(shard->lane()),
      shard_(std::move(shard)),
      transport_(std::move(transport)),
      ticket_(std::move(ticket)),
      response_head_(std::make_shared<const std::string>(std::move(head))),
      keepalive_(std::move(keepalive)),
      hold_(*shard_->options().answers, std::move(account)),
      chunked_(chunked) {
  enqueue(response_head_);
}

EventStream::~EventStream() { detach(); }

void EventStream::open() {
  attach(*shard_);
  shard_->counts().add(shard_->counts().streams_open);
  watch_peer();
}

void EventStream::begin() {
  if (begun_ || state_ == State::ended) return;
  begun_ = true;
  if (transport_->secure()) return wait_to_write();
  write_queue();
}

std::size_t EventStream::wire_size(const Item& item) const {
  if (!item) return last_chunk.size();
  if (!framed(item)) return item->size();
  return hex_digits_of(item->size()) + line_end.size() + item->size() + line_end.size();
}

// --- sending
// ---------------------------------------------------------------------------------------

bool EventStream::send(SharedBytes bytes) {
  if (state_ != State::open) return false;
  if (!bytes || bytes->empty()) return true;  // an empty chunk would end the stream
  if (queue_.empty() && !transport_->secure()) return write_directly(bytes);
  if (queue_full()) {
    cut("queue_full");
    return false;
  }
  enqueue(std::move(bytes));
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
bool EventStream::write_directly(const Item& item) {
  std::array<iovec, 3> pieces;
  ChunkHead head;
  const std::size_t count = write_pieces(pieces.data(), head, item, framed(item));
  const std::ptrdiff_t sent = transport_->write_now(std::span(pieces).first(count));
  if (sent < 0) {
    end(true);
    return false;
  }
  if (sent > 0) last_write_ = shard_->coarse_now();
  if (static_cast<std::size_t>(sent) == wire_size(item)) return true;
  enqueue(item);
  offset_ = static_cast<std::size_t>(sent);
  if (!count_queue()) {
    cut("account_unread");
    return false;
  }
  wait_to_write();
  return true;
}

void EventStream::enqueue(Item item) {
  if (queue_.empty()) last_write_ = shard_->coarse_now();  // a stall is counted from here
  if (item) queued_bytes_ += item->size();
  queue_.push_back(std::move(item));
}

// Looked at before a piece is added, and without the first, which is on its way: so a piece of any
// size is taken while the reader keeps up, and memory stays bounded when it does not.
bool EventStream::queue_full() const {
  if (queue_.empty()) return false;
  const std::size_t first = queue_[head_] ? queue_[head_]->size() : 0;
  return queue_.size() - head_ >= limits::stream_queue_events_max ||
         queued_bytes_ - first > limits::stream_queue_bytes_max;
}

// Rounded down, so that a short queue, which most streams have at times, costs no lock.
bool EventStream::count_queue() {
  return hold_.resize(queued_bytes_ - queued_bytes_ % limits::answer_count_bytes);
}

void EventStream::wait_to_write() {
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

void EventStream::write_queue() {
  while (!queue_.empty()) {
    std::array<iovec, 3 * limits::stream_gather_events_max> pieces;
    std::array<ChunkHead, limits::stream_gather_events_max> heads;
    const std::size_t items = std::min(queue_.size() - head_, limits::stream_gather_events_max);
    std::size_t count = 0;
    std::size_t total = 0;
    for (std::size_t i = 0; i < items; ++i) {
      const Item& item = queue_[head_ + i];
      count += write_pieces(pieces.data() + count, heads[i], item, framed(item));
      total += wire_size(item);
    }
    const std::span<iovec> all = std::span(pieces).first(count);
    const std::size_t gone = skip(all, offset_);
    total -= offset_;
    const std::ptrdiff_t sent = transport_->write_now(all.subspan(gone));
    if (sent < 0) return end(true);
    consume(static_cast<std::size_t>(sent));
    if (static_cast<std::size_t>(sent) < total) return wait_to_write();
  }
  if (state_ == State::finishing) all_written();
}

// TLS takes one contiguous block at a time, which it must be able to read until it is done.
void EventStream::write_tls() {
  if (queue_.empty()) {
    if (state_ == State::finishing) all_written();
    return;
  }
  if (!tls_block_) tls_block_ = std::make_unique<std::string>();
  std::string& block = *tls_block_;
  block.clear();
  const std::size_t items = std::min(queue_.size() - head_, limits::stream_gather_events_max);
  for (std::size_t i = 0; i < items; ++i) {
    std::array<iovec, 3> pieces;
    ChunkHead head;
    const Item& item = queue_[head_ + i];
    const std::size_t count = write_pieces(pieces.data(), head, item, framed(item));
    for (std::size_t j = 0; j < count; ++j) {
      block.append(static_cast<const char*>(pieces[j].iov_base), pieces[j].iov_len);
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

void EventStream::consume(std::size_t bytes) {
  if (bytes > 0) last_write_ = shard_->coarse_now();
  offset_ += bytes;
  while (head_ < queue_.size() && offset_ >= wire_size(queue_[head_])) {
    offset_ -= wire_size(queue_[head_]);
    if (queue_[head_]) queued_bytes_ -= queue_[head_]->size();
    if (queue_[head_] == response_head_) response_head_.reset();
    queue_[head_].reset();
    ++head_;
  }
  [[maybe_unused]] const bool fewer = count_queue();
  if (head_ < queue_.size()) {
    if (head_ < limits::stream_queue_events_max) return;
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
    return;
  }
  // Freed, not just cleared: a stream that once fell behind costs no more than the others.
  std::vector<Item>().swap(queue_);
  head_ = 0;
  if (drained_) drained_->notify();
}

base::Task<void> EventStream::drained() {
  const auto self = shared_from_this();
  while (!self->queue_.empty() && self->state_ != State::ended) {
    if (!self->drained_) self->drained_ = std::make_unique<base::Signal>();
    co_await self->drained_->wait();
  }
}

// --- ending
// ----------------------------------------------------------------------------------------

void EventStream::finish() {
  if (state_ != State::open) return;
  state_ = State::finishing;
  begun_ = true;
  if (chunked_) {
    enqueue(nullptr);
  } else if (queue_.empty()) {
    return all_written();
  }
  if (transport_->secure() || writing_) return wait_to_write();
  write_queue();
}

// A clean end when the client has all that was sent, else a reset, which says that it has not.
void EventStream::end_now() {
  if (state_ == State::ended) return;
  if (queue_.empty() && state_ == State::open) return finish();
  end(true);
}

void EventStream::all_written() {
  // Input is thrown away as it comes, so closing now cannot reset what the client has yet to read.
  if (!transport_->secure()) return end(false);
  state_ = State::lingering;
  last_write_ = shard_->coarse_now();
  report_closed();
  // A farewell that fails changes nothing: the last chunk has been sent.
  transport_->shutdown_async([self = shared_from_this(), kept = transport_](
                                 Transport::ErrorCode, std::size_t) { self->end(false); });
}

void EventStream::cut(const char* reason) {
  shard_->counts().add(shard_->counts().streams_cut_slow);
  base::log::warn("stream_cut_slow", {{"reason", reason},
                                      {"queued_events", queue_.size() - head_},
                                      {"queued_bytes", queued_bytes_}});
  end(true);
}

void EventStream::end(bool reset) {
  if (state_ == State::ended) return;
  state_ = State::ended;
  const auto self = weak_from_this().lock();  // what is released below may hold the last reference
  if (reset) {
    transport_->abort();
  } else {
    transport_->close();
  }
  std::vector<Item>().swap(queue_);
  head_ = 0;
  queued_bytes_ = 0;
  hold_.resize(0);
  if (drained_) drained_->notify();
  report_closed();
  detach();
  ticket_.reset();
  response_head_.reset();
  keepalive_.reset();
  kept_.reset();
  // Whoever holds a writer after the server and its lanes are gone holds no socket of theirs.
  transport_.reset();
  shard_.reset();
}

void EventStream::on_closed(std::move_only_function<void()> callback) {
  if (closed_reported_) {
    boost::asio::post(lane_.loop(), std::move(callback));
  } else {
    on_closed_ = std::move(callback);
  }
}

// Posted, so that nobody's list of streams changes while they walk along it sending.
void EventStream::report_closed() {
  if (closed_reported_) return;
  closed_reported_ = true;
  shard_->counts().streams_open.fetch_sub(1, std::memory_order_relaxed);
  if (on_closed_) boost::asio::post(lane_.loop(), std::move(on_closed_));
  on_closed_ = nullptr;
}

void EventStream::watch_peer() {
  if (transport_->secure()) {
    transport_->read_async(input_sink(), [self = shared_from_this(), kept = transport_](
                                             Transport::ErrorCode error, std::size_t) {
      self->on_input(static_cast<bool>(error));
    });
    return;
  }
  transport_->wait_readable([self = shared_from_this()](Transport::ErrorCode error, std::size_t) {
    if (self->state_ == State::ended) return;
    self->on_input(error || !self->transport_->discard_input());
  });
}

void EventStream::on_input(bool peer_gone) {
  if (state_ == State::ended) return;
  if (peer_gone) return end(false);
  watch_peer();
}

void EventStream::sweep(SteadyTime now) {
  const auto waited = now - last_write_;
  if (state_ == State::lingering) {
    if (waited > limits::http_linger_time_max) end(false);
    return;
  }
  if (!queue_.empty()) {
    std::chrono::milliseconds time_max = shard_->options().stream_stall_time_max;
    if (shard_->stopping()) {
      time_max = std::min<std::chrono::milliseconds>(time_max, limits::http_linger_time_max);
    }
    if (waited > time_max) cut("stalled");
    return;
  }
  if (state_ == State::open && keepalive_ && waited >= shard_->options().keepalive_interval) {
    send(keepalive_);
  }
}

}  // namespace colonnade::net
