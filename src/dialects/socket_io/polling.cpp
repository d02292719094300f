#include "dialects/socket_io/polling.hpp"

#include <algorithm>
#include <utility>

#include "dialects/socket_io/limits.hpp"

namespace colonnade::dialects::socket_io {
namespace {

net::SharedBytes engine_packet(EngineType type) {
  return std::make_shared<const std::string>(1, static_cast<char>(type));
}

}  // namespace

std::uint64_t PollingOutlet::send(net::SharedBytes packet) {
  if (ended_ || closing_) return 0;
  if (socket_) {
    if (progress_->closed) return 0;
    forward(std::move(packet));
    return ++sent_;
  }
  if (packets_.size() == limits::socket_io_polling_packets_max ||
      bytes_ + packet->size() > limits::socket_io_polling_bytes_max) {
    end();
    return 0;
  }
  bytes_ += packet->size();
  packets_.push_back(std::move(packet));
  ++sent_;
  answer_poll();
  return sent_;
}

// The WebSocket lives on its own connection's lane.
void PollingOutlet::forward(net::SharedBytes packet) {
  socket_->lane().post(
      [socket = socket_, progress = progress_, packet = std::move(packet)]() mutable {
        if (!socket->send(std::move(packet))) progress->closed = true;
        progress->written = socket->messages_written();
      });
}

std::uint64_t PollingOutlet::handed_over() const {
  if (!socket_) return proven_;
  constexpr std::uint64_t probe_answer = 1;
  const std::uint64_t written = progress_->written;
  return fetched_ + (written > probe_answer ? written - probe_answer : 0);
}

void PollingOutlet::close(std::uint16_t code, std::string_view reason) {
  if (ended_ || closing_) return;
  if (socket_) {
    socket_->lane().post(
        [socket = socket_, code, text = std::string(reason)] { socket->close(code, text); });
    return;
  }
  closing_ = true;
  packets_.push_back(engine_packet(EngineType::close));
  answer_poll();
}

void PollingOutlet::count_for(std::string account) {
  if (!socket_) return;  // what a session may hold is bounded, and sessions are by address
  socket_->lane().post([socket = socket_, account = std::move(account)]() mutable {
    socket->count_for(std::move(account));
  });
}

base::Task<void> PollingOutlet::drained() {
  const auto self = shared_from_this();
  while (!self->ended_ && !self->packets_.empty()) {
    if (!self->drained_) self->drained_ = std::make_unique<base::Signal>();
    co_await self->drained_->wait();
  }
}

void PollingOutlet::poll(std::shared_ptr<PollCompletion> done, base::SteadyTime now) {
  // The answer to the poll before lies here still: its connection had gone.
  if (!socket_ && answered_ && answered_->take()) end();
  answered_.reset();
  last_poll_ = now;
  if (!ended_) proven_ = fetched_;
  if (ended_ || socket_) {
    done->complete({.status = 400, .body = {}});
    return;
  }
  if (waiting_) {
    done->complete({.status = 400, .body = {}});
    end();
    return;
  }
  waiting_ = std::move(done);
  if (probes_ > 0) {
    std::exchange(waiting_, nullptr)
        ->complete({.body = std::string(1, static_cast<char>(EngineType::noop))});
    return;
  }
  answer_poll();
}

void PollingOutlet::lose_poll(const std::shared_ptr<PollCompletion>& done) {
  if (!socket_ && (done == waiting_ || done == answered_)) end();
}

void PollingOutlet::answer_poll() {
  if (!waiting_ || packets_.empty() || probes_ > 0) return;
  std::string body;
  body.reserve(bytes_ + packets_.size());
  for (const net::SharedBytes& packet : packets_) {
    if (!body.empty()) body += polling_separator;
    body += *packet;
  }
  packets_.clear();
  bytes_ = 0;
  answered_ = std::move(waiting_);
  if (answered_->complete({.body = std::move(body)})) fetched_ = sent_;
  if (drained_) drained_->notify();
  if (closing_) end();
}

void PollingOutlet::beat(base::SteadyTime now) {
  if (!polls()) return;
  if (!waiting_) {
    const auto silence_max = limits::socket_io_ping_interval + limits::socket_io_ping_timeout;
    if (now - last_poll_ >= silence_max) end();
    return;
  }
  packets_.push_back(engine_packet(EngineType::ping));
  ++sent_;
  answer_poll();
}

void PollingOutlet::pause() {
  if (ended_ || socket_) return;
  ++probes_;
  if (!waiting_) return;
  std::exchange(waiting_, nullptr)
      ->complete({.body = std::string(1, static_cast<char>(EngineType::noop))});
}

void PollingOutlet::unpause() {
  if (ended_ || socket_) return;
  --probes_;
  answer_poll();
}

void PollingOutlet::upgrade(std::shared_ptr<net::WebSocket> socket) {
  if (ended_ || socket_) return;
  proven_ = fetched_;
  socket_ = std::move(socket);
  progress_ = std::make_shared<Progress>();
  for (net::SharedBytes& packet : std::exchange(packets_, {})) forward(std::move(packet));
  bytes_ = 0;
  if (drained_) drained_->notify();
}

void PollingOutlet::on_socket_closed(std::uint64_t written) {
  if (progress_) progress_->written = written;
  end();
}

void PollingOutlet::end() {
  if (ended_) return;
  ended_ = true;
  packets_.clear();
  bytes_ = 0;
  if (waiting_) std::exchange(waiting_, nullptr)->complete({.status = 400, .body = {}});
  if (drained_) drained_->notify();
  if (socket_) {
    socket_->lane().post([socket = socket_] { socket->end_now(); });
  }
  // Posted: the client may be in the middle of sending. It stays until it was told, as the session
  // may be let go of at once.
  if (auto client = client_.lock()) {
    lane_.post([client = std::move(client)] { client->on_closed(); });
  }
}

// --- sessions
// --------------------------------------------------------------------------------------

void PollingSessions::add(PollingSessionPtr session) {
  const std::lock_guard lock(mutex_);
  by_id_[session->id] = std::move(session);
}

PollingSessionPtr PollingSessions::find(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(std::string(id));
  return found == by_id_.end() ? nullptr : found->second;
}

void PollingSessions::remove(std::string_view id) {
  const std::lock_guard lock(mutex_);
  by_id_.erase(std::string(id));
}

std::size_t PollingSessions::size() const {
  const std::lock_guard lock(mutex_);
  return by_id_.size();
}

}  // namespace colonnade::dialects::socket_io
