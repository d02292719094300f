// One accepted socket, plain or TLS. The only class that knows which; for net/'s own .cpp files.
// Belongs to one lane and is used only there.
#pragma once

#include <sys/uio.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/task.hpp"

namespace colonnade::net {

// The concrete executor type: a type-erased one costs a tenth of the request rate.
using Executor = boost::asio::io_context::executor_type;
using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

class Transport {
 public:
  using ErrorCode = boost::system::error_code;
  // (error, bytes moved)
  using Callback = std::move_only_function<void(ErrorCode, std::size_t)>;

  // Takes over an accepted, non-blocking descriptor. `tls` may be null: plain.
  Transport(boost::asio::io_context& loop, int descriptor, bool ipv6,
            std::shared_ptr<boost::asio::ssl::context> tls);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  bool secure() const { return tls_ != nullptr; }
  bool open() const { return socket_.is_open(); }

  // TLS only. `error` must outlive the returned task; so must it and the buffer below.
  base::Task<void> handshake(ErrorCode& error);
  base::Task<std::size_t> read_some(std::span<char> buffer, ErrorCode& error);
  base::Task<std::size_t> write_some(std::span<const iovec> pieces, ErrorCode& error);
  // Says goodbye: TLS close_notify, then the end of our direction.
  base::Task<void> shutdown();

  // Plain only: one non-blocking system call. Bytes taken, 0 when the socket is full, -1 when it is
  // broken.
  std::ptrdiff_t write_now(std::span<const iovec> pieces);
  // Plain only: one non-blocking system call. Bytes read, 0 when there are none just now, -1 at the
  // peer's end or on a broken socket.
  std::ptrdiff_t read_now(std::span<char> buffer);
  // Plain only: throws away what has arrived. False at the peer's end or on a broken socket.
  bool discard_input();
  // For event streams.
  void wait_writable(Callback callback);
  void wait_readable(Callback callback);
  void read_async(std::span<char> buffer, Callback callback);
  void write_async(std::span<const char> bytes, Callback callback);
  void shutdown_async(Callback callback);

  // What a look at the socket says, without consuming anything.
  enum class Peer { present, sent_more, gone };
  Peer look();
  // Only whether the peer has closed; true also when unread bytes come before that.
  bool peer_closed();

  void send_buffer_bytes(int bytes);
  void cancel();
  void shutdown_send();
  void close();
  // Closes with a reset, throwing away what is unsent.
  void abort();

 private:
  using TlsStream = boost::asio::ssl::stream<TcpSocket&>;
  TcpSocket socket_;
  std::shared_ptr<boost::asio::ssl::context> tls_context_;  // outlives the stream
  std::unique_ptr<TlsStream> tls_;
};

}  // namespace colonnade::net
