#include "net/transport.hpp"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

#include "net/limits.hpp"

namespace colonnade::net {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

// Room for the pieces of one response: head and body.
using Pieces = std::array<asio::const_buffer, 2>;

Pieces to_buffers(std::span<const iovec> pieces) {
  Pieces out{};
  for (std::size_t i = 0; i < std::min(pieces.size(), out.size()); ++i) {
    out[i] = asio::const_buffer(pieces[i].iov_base, pieces[i].iov_len);
  }
  return out;
}

}  // namespace

Transport::Transport(asio::io_context& loop, int descriptor, bool ipv6,
                     std::shared_ptr<asio::ssl::context> tls)
    : socket_(loop.get_executor(), ipv6 ? tcp::v6() : tcp::v4(), descriptor) {
  ErrorCode ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  if (tls != nullptr) tls_ = std::make_unique<TlsStream>(socket_, *tls);
}

Transport::~Transport() = default;

base::Task<void> Transport::handshake(ErrorCode& error) {
  return tls_->async_handshake(asio::ssl::stream_base::server,
                               asio::redirect_error(asio::use_awaitable, error));
}

base::Task<std::size_t> Transport::read_some(std::span<char> buffer, ErrorCode& error) {
  const asio::mutable_buffer target(buffer.data(), buffer.size());
  auto token = asio::redirect_error(asio::use_awaitable, error);
  return tls_ ? tls_->async_read_some(target, std::move(token))
              : socket_.async_read_some(target, std::move(token));
}

base::Task<std::size_t> Transport::write_some(std::span<const iovec> pieces, ErrorCode& error) {
  const Pieces buffers = to_buffers(pieces);
  auto token = asio::redirect_error(asio::use_awaitable, error);
  return tls_ ? tls_->async_write_some(buffers, std::move(token))
              : socket_.async_write_some(buffers, std::move(token));
}

base::Task<void> Transport::shutdown() {
  ErrorCode ignored;
  if (tls_) {
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await tls_->async_shutdown(std::move(token));
  }
  shutdown_send();
}

std::ptrdiff_t Transport::write_now(std::span<const iovec> pieces) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  for (;;) {
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return sent;
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
  }
}

std::ptrdiff_t Transport::read_now(std::span<char> buffer) {
  for (;;) {
    const ssize_t got = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got > 0) return got;
    if (got < 0 && errno == EINTR) continue;
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : -1;
  }
}

bool Transport::discard_input() {
  std::array<char, 4096> scratch;
  for (int i = 0; i < limits::stream_discard_reads_max; ++i) {
    const std::ptrdiff_t got = read_now(scratch);
    if (got <= 0) return got == 0;
  }
  return true;
}

void Transport::wait_writable(Callback callback) {
  socket_.async_wait(tcp::socket::wait_write, [callback = std::move(callback)](
                                                  ErrorCode error) mutable { callback(error, 0); });
}

void Transport::wait_readable(Callback callback) {
  socket_.async_wait(tcp::socket::wait_read, [callback = std::move(callback)](
                                                 ErrorCode error) mutable { callback(error, 0); });
}

void Transport::read_async(std::span<char> buffer, Callback callback) {
  const asio::mutable_buffer target(buffer.data(), buffer.size());
  if (tls_) {
    tls_->async_read_some(target, std::move(callback));
  } else {
    socket_.async_read_some(target, std::move(callback));
  }
}

void Transport::write_async(std::span<const char> bytes, Callback callback) {
  const asio::const_buffer source(bytes.data(), bytes.size());
  if (tls_) {
    tls_->async_write_some(source, std::move(callback));
  } else {
    socket_.async_write_some(source, std::move(callback));
  }
}

void Transport::shutdown_async(Callback callback) {
  if (!tls_) return shutdown_send();
  tls_->async_shutdown(
      [callback = std::move(callback)](ErrorCode error) mutable { callback(error, 0); });
}

Transport::Peer Transport::look() {
  if (!socket_.is_open() || peer_closed()) return Peer::gone;
  char byte = 0;
  const ssize_t got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got > 0) return Peer::sent_more;
  if (got == 0) return Peer::gone;
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? Peer::present : Peer::gone;
}

bool Transport::peer_closed() {
  if (!socket_.is_open()) return true;
  pollfd state{.fd = socket_.native_handle(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

void Transport::send_buffer_bytes(int bytes) {
  ErrorCode ignored;
  socket_.set_option(asio::socket_base::send_buffer_size(bytes), ignored);
}

void Transport::cancel() {
  ErrorCode ignored;
  socket_.cancel(ignored);
}

void Transport::shutdown_send() {
  ErrorCode ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void Transport::close() {
  ErrorCode ignored;
  socket_.close(ignored);
}

void Transport::abort() {
  ErrorCode ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

}  // namespace colonnade::net
