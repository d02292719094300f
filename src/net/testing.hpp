// What the tests of net/ share: a plain socket client and a server with a few routes. Not part of
// the library.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/lane.hpp"
#include "net/http_server.hpp"

namespace colonnade::net::testing {

// Long enough for a busy machine; a test that needs it is about to fail.
constexpr std::chrono::seconds patience{20};

// A blocking TCP client for exactly the bytes a test wants to send.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;

  // False when the peer has closed.
  bool send(std::string_view bytes);
  void end_sending();
  void close();
  int descriptor() const { return descriptor_; }
  // Everything until the peer closes.
  std::string read_to_end();
  // Until `text` is in what was read since the last take; then all that was read. "" on close
  // first.
  std::string read_until(std::string_view text);
  // What has come, at least a byte; "" once the peer has closed.
  std::string read_bytes();
  // One whole response by its Content-Length, or chunked to the end.
  std::string read_response();

 private:
  bool read_some();
  int descriptor_;
  std::string buffer_;
};

// A blocking TLS client that trusts anybody.
class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool send(std::string_view bytes);
  std::string read_until(std::string_view text);
  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::string buffer_;
};

int status_of(std::string_view response);
std::string body_of(std::string_view response);
std::string header_of(std::string_view response, std::string_view name);
std::string unchunk(std::string_view body);

// Polls a condition that another thread brings about; false when patience runs out.
bool eventually(const std::function<bool()>& condition);

// Lanes, a router and a server that serves it.
class TestServer {
 public:
  explicit TestServer(std::vector<Route> routes, HttpServerOptions options = {},
                      std::vector<ErrorEncoder> error_encoders = {}, std::size_t lanes = 1);
  ~TestServer();

  RawClient connect(int receive_buffer_bytes = 0) const;
  // Sends `request` on a connection of its own and reads what comes until the server closes.
  std::string exchange(std::string_view request) const;

  base::Lanes lanes;
  Router router;
  HttpServer server;
};

// Answers "ok:" and the body.
base::Task<Reply> echo(std::shared_ptr<const Request> request);
// "<prefix> <kind> <message>" with the status the kind usually has.
ErrorEncoder text_error_encoder(std::string prefix, std::string mark);

struct CertificateFiles {
  std::string certificate_file;
  std::string private_key_file;
};
// A fresh self-signed certificate for 127.0.0.1 and localhost in the test's temporary folder.
CertificateFiles make_certificate();

}  // namespace colonnade::net::testing
