#include "harness/connection.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace colonnade::bench {
namespace {

constexpr std::size_t read_bytes = 64 * 1024;

// One buffer a thread: connections are many and read one at a time.
std::array<char, read_bytes>& read_buffer() {
  thread_local std::array<char, read_bytes> buffer;
  return buffer;
}

}  // namespace

std::string request_text(const Target& target, std::string_view method, std::string_view path,
                         std::string_view body, std::string_view extra) {
  std::string out;
  out.reserve(256 + body.size());
  out.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
  if (!target.token.empty())
    out.append("Authorization: Bearer ").append(target.token).append("\r\n");
  out.append(extra);
  if (!body.empty() || method == "POST") {
    out.append("Content-Type: application/json\r\nContent-Length: ");
    out.append(std::to_string(body.size())).append("\r\n");
  }
  return out.append("\r\n").append(body);
}

BlockingConnection::BlockingConnection(std::uint16_t port, unsigned source)
    : port_(port), source_(source) {}

bool BlockingConnection::open(std::chrono::milliseconds patience) {
  if (!socket_) {
    socket_ = connect_to(port_, source_, /*blocking=*/true);
    patience_set_.reset();
  }
  if (!socket_) return false;
  if (patience_set_ == patience) return true;
  const auto ms = patience.count();
  const timeval time{.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  patience_set_ = patience;
  return true;
}

bool BlockingConnection::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

int BlockingConnection::stream(std::string_view request, std::chrono::milliseconds patience,
                               const std::function<bool(std::string_view)>& sink) {
  if (!open(patience)) return 0;
  ResponseReader reader;
  bool wanted = send_all(request);
  try {
    while (wanted && !reader.complete()) {
      const ssize_t size = ::recv(socket_.get(), read_buffer().data(), read_bytes, 0);
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) break;
      reader.feed({read_buffer().data(), static_cast<std::size_t>(size)},
                  [&](std::string_view piece) { wanted = wanted && sink(piece); });
    }
  } catch (const std::runtime_error&) {
    wanted = false;
  }
  socket_.reset();
  return reader.status();
}

std::optional<Response> BlockingConnection::exchange(std::string_view request,
                                                     std::chrono::milliseconds patience) {
  if (!open(patience) || !send_all(request)) {
    socket_.reset();
    return std::nullopt;
  }
  ResponseReader reader;
  Response out;
  while (!reader.complete()) {
    const ssize_t size = ::recv(socket_.get(), read_buffer().data(), read_bytes, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) {
      socket_.reset();
      return std::nullopt;
    }
    reader.feed({read_buffer().data(), static_cast<std::size_t>(size)},
                [&](std::string_view piece) { out.body.append(piece); });
  }
  out.status = reader.status();
  if (!reader.keeps_alive()) socket_.reset();
  return out;
}

std::string must_fetch(const Target& target, std::string_view method, std::string_view path,
                       std::string_view body) {
  BlockingConnection connection(target.port);
  auto response = connection.exchange(request_text(target, method, path, body));
  const std::string what = std::string(method) + " " + std::string(path);
  if (!response) throw std::runtime_error(what + ": no answer");
  if (response->status == 200) return std::move(response->body);
  throw std::runtime_error(what + ": " + std::to_string(response->status) + " " + response->body);
}

LoopConnection::LoopConnection(Loop& loop, std::uint16_t port, unsigned source, Callbacks callbacks)
    : loop_(loop), callbacks_(std::move(callbacks)), socket_(connect_to(port, source, false)) {
  if (!socket_) throw std::runtime_error("cannot connect to port " + std::to_string(port));
  loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t events) { on_ready(events); });
}

LoopConnection::~LoopConnection() {
  if (socket_) loop_.forget(socket_.get());
}

void LoopConnection::send(std::string_view request) {
  if (!socket_) return;
  reader_.reset();
  unsent_.append(request);
  flush();
}

void LoopConnection::flush() {
  while (!unsent_.empty()) {
    const ssize_t sent = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) {
      if (!std::exchange(blocked_, true)) loop_.change(socket_.get(), EPOLLIN | EPOLLOUT);
      return;
    }
    if (sent <= 0) return close();
    unsent_.erase(0, static_cast<std::size_t>(sent));
  }
  if (std::exchange(blocked_, false)) loop_.change(socket_.get(), EPOLLIN);
}

void LoopConnection::on_ready(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) flush();
  if (socket_ && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read();
}

void LoopConnection::read() {
  const ssize_t size = ::recv(socket_.get(), read_buffer().data(), read_bytes, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return close();
  reader_.feed({read_buffer().data(), static_cast<std::size_t>(size)},
               [this](std::string_view piece) {
                 if (callbacks_.on_body) callbacks_.on_body(piece);
               });
  if (reader_.complete() && callbacks_.on_complete) callbacks_.on_complete(reader_.status());
}

void LoopConnection::close() {
  loop_.forget(socket_.get());
  socket_.reset();
  if (callbacks_.on_closed) callbacks_.on_closed();
}

}  // namespace colonnade::bench
