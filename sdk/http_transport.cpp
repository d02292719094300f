// The built-in Transport: net::CurlSession in the SDK's own words.
#include <utility>

#include "colonnade/transport.hpp"
#include "net/curl_session.hpp"

namespace colonnade::inline v1 {

TransportStream::~TransportStream() = default;
TransportSocket::~TransportSocket() = default;
Transport::~Transport() = default;

void Transport::connect(TransportRequest, Calling, ConnectHandler done) {
  done(Failure{.kind = ErrorKind::transport,
               .message = "this transport has no WebSockets: implement Transport::connect()",
               .transport = TransportErrorKind::protocol});
}

namespace {

Failure to_failure(const net::CurlError& error) {
  const auto kind = [&] {
    switch (error.kind) {
      case net::CurlErrorKind::resolve: return TransportErrorKind::resolve;
      case net::CurlErrorKind::connect: return TransportErrorKind::connect;
      case net::CurlErrorKind::tls: return TransportErrorKind::tls;
      case net::CurlErrorKind::reset: return TransportErrorKind::reset;
      case net::CurlErrorKind::timeout: return TransportErrorKind::timeout;
      case net::CurlErrorKind::cancelled: return TransportErrorKind::canceled;
      case net::CurlErrorKind::protocol: return TransportErrorKind::protocol;
    }
    return TransportErrorKind::reset;
  }();
  return Failure{.kind = ErrorKind::transport, .message = error.message, .transport = kind};
}

net::CurlRequest to_curl(TransportRequest request) {
  net::CurlRequest out{.method = std::move(request.method),
                       .url = std::move(request.url),
                       .headers = {},
                       .body = std::move(request.body),
                       .has_body = request.has_body,
                       .connect_time_max = request.connect_timeout,
                       .silence_time_max = request.read_timeout,
                       .total_time_max = request.total_timeout,
                       .stop = std::move(request.stop)};
  out.headers.reserve(request.headers.size());
  for (Header& header : request.headers) {
    out.headers.emplace_back(std::move(header.name), std::move(header.value));
  }
  return out;
}

std::vector<Header> to_headers(net::CurlHeaders headers) {
  std::vector<Header> out;
  out.reserve(headers.size());
  for (auto& [name, value] : headers) out.push_back({std::move(name), std::move(value)});
  return out;
}

Result<TransportReply> to_reply(net::CurlResult<net::CurlReply> reply) {
  if (!reply) return to_failure(reply.error());
  return TransportReply{.status = reply->status,
                        .headers = to_headers(std::move(reply->headers)),
                        .body = std::move(reply->body)};
}

class HttpStream final : public TransportStream {
 public:
  explicit HttpStream(std::unique_ptr<net::CurlStream> stream) : stream_(std::move(stream)) {}
  void read(ReadHandler done) override {
    stream_->read([done = std::move(done)](net::CurlResult<std::string> bytes) {
      if (bytes) {
        done(std::move(*bytes));
      } else {
        done(to_failure(bytes.error()));
      }
    });
  }

 private:
  std::unique_ptr<net::CurlStream> stream_;
};

Result<TransportOpened> to_opened(net::CurlResult<net::CurlOpened> opened) {
  if (!opened) return to_failure(opened.error());
  return TransportOpened{.status = opened->head.status,
                         .headers = to_headers(std::move(opened->head.headers)),
                         .body = std::make_unique<HttpStream>(std::move(opened->stream))};
}

class WebSocket final : public TransportSocket {
 public:
  explicit WebSocket(std::unique_ptr<net::CurlSocket> socket) : socket_(std::move(socket)) {}
  void read(std::chrono::milliseconds silence_max, ReadHandler done) override {
    socket_->read(silence_max, [done = std::move(done)](net::CurlResult<net::SocketInput> input) {
      if (input) {
        done(SocketInput{.text = std::move(input->text),
                         .closed = input->closed,
                         .code = input->code,
                         .close_reason = std::move(input->close_reason)});
      } else {
        done(to_failure(input.error()));
      }
    });
  }
  void send(std::string text) override { socket_->send(std::move(text)); }

 private:
  std::unique_ptr<net::CurlSocket> socket_;
};

Result<TransportConnected> to_connected(net::CurlResult<net::CurlConnected> connected) {
  if (!connected) return to_failure(connected.error());
  TransportConnected out{.status = connected->head.status,
                         .headers = to_headers(std::move(connected->head.headers)),
                         .body = std::move(connected->refusal_body)};
  if (connected->socket) out.socket = std::make_unique<WebSocket>(std::move(connected->socket));
  return out;
}

class HttpTransport final : public Transport {
 public:
  explicit HttpTransport(const HttpOptions& options)
      : session_({.connections_max = options.pool.connections,
                  .idle_max = options.pool.idle,
                  .ca_file = options.ca_file,
                  .proxy = options.proxy}) {}

  void call(TransportRequest request, Calling calling, CallHandler done) override {
    if (calling == Calling::blocking) {
      done(to_reply(session_.call(to_curl(std::move(request)))));
      return;
    }
    session_.call_in_background(to_curl(std::move(request)),
                                [done = std::move(done)](net::CurlResult<net::CurlReply> reply) {
                                  done(to_reply(std::move(reply)));
                                });
  }

  void open(TransportRequest request, Calling calling, OpenHandler done) override {
    if (calling == Calling::blocking) {
      done(to_opened(session_.open(to_curl(std::move(request)))));
      return;
    }
    session_.open_in_background(to_curl(std::move(request)),
                                [done = std::move(done)](net::CurlResult<net::CurlOpened> opened) {
                                  done(to_opened(std::move(opened)));
                                });
  }

  void connect(TransportRequest request, Calling calling, ConnectHandler done) override {
    if (calling == Calling::blocking) {
      done(to_connected(session_.connect(to_curl(std::move(request)))));
      return;
    }
    session_.connect_in_background(
        to_curl(std::move(request)),
        [done = std::move(done)](net::CurlResult<net::CurlConnected> connected) {
          done(to_connected(std::move(connected)));
        });
  }

 private:
  net::CurlSession session_;
};

}  // namespace

std::shared_ptr<Transport> make_http_transport(const HttpOptions& options) {
  return std::make_shared<HttpTransport>(options);
}

}  // namespace colonnade::inline v1
