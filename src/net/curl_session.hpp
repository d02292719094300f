// HTTP client over libcurl alone, for programs without the server's event loops: the SDK's
// transport.
//
// Blocking calls run on the caller's own thread with a connection borrowed from a pool. Background
// calls share one thread that starts with the first of them. Redirects are not followed, nothing is
// repeated: a request whose reused connection turns out dead after it may have been read is
// reported, not sent again, unless its method is GET or HEAD.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "net/websocket_client.hpp"

namespace colonnade::net {

struct CurlOptions {
  std::size_t connections_max = 100;  // open at once, for blocking and background calls each
  std::size_t idle_max = 20;          // kept open between calls, for each
  std::string ca_file{};              // "": the system's certificates
  // "": the environment's (http_proxy, https_proxy, no_proxy), and none for loopback URLs.
  std::string proxy{};
};

using CurlHeaders = std::vector<std::pair<std::string, std::string>>;

struct CurlRequest {
  std::string method{"GET"};
  std::string url{};
  CurlHeaders headers{};
  std::string body{};
  bool has_body = false;
  // Zero is none. `total` bounds a whole call; of a stream, until its headers are there.
  std::chrono::milliseconds connect_time_max{0};
  std::chrono::milliseconds silence_time_max{0};
  std::chrono::milliseconds total_time_max{0};
  std::stop_token stop{};
  bool connect_only = false;  // set by connect(): a connection, and no request on it
};

enum class CurlErrorKind { resolve, connect, tls, reset, timeout, cancelled, protocol };

struct CurlError {
  CurlErrorKind kind = CurlErrorKind::reset;
  std::string message{};  // holds host and port at most, never a header
};

template <class T>
using CurlResult = std::expected<T, CurlError>;

struct CurlReply {
  int status = 0;
  CurlHeaders headers{};
  std::string body{};
};

struct CurlHead {
  int status = 0;
  CurlHeaders headers{};
};

// A reply that is read piece by piece. Destroying it closes its connection. One read at a time.
class CurlStream {
 public:
  using ReadHandler = std::function<void(CurlResult<std::string>)>;

  virtual ~CurlStream() = default;
  // The next bytes, "" at the end. A blocking stream calls back before it returns.
  virtual void read(ReadHandler done) = 0;
};

struct CurlOpened {
  CurlHead head{};
  std::unique_ptr<CurlStream> stream{};
};

// An open WebSocket. Destroying it says goodbye (1000), without waiting, and closes the connection.
class CurlSocket {
 public:
  using ReadHandler = std::function<void(CurlResult<SocketInput>)>;

  virtual ~CurlSocket() = default;
  // The next message or the peer's close; pings are answered meanwhile. One read at a time. A
  // `timeout` (no message for so long; zero is none) leaves the socket as it is. A blocking socket
  // calls back before it returns.
  virtual void read(std::chrono::milliseconds silence_max, ReadHandler done) = 0;
  // Never waits: what the connection does not take now goes out during the next reads.
  virtual void send(std::string text) = 0;
};

struct CurlConnected {
  CurlHead head{};
  std::string refusal_body{};            // of a head that is not 101
  std::unique_ptr<CurlSocket> socket{};  // null then
};

// Thread-safe. Blocking functions must have returned before it is destroyed; background calls and
// streams still under way then end with `cancelled`.
class CurlSession {
 public:
  explicit CurlSession(CurlOptions options);
  ~CurlSession();
  CurlSession(const CurlSession&) = delete;
  CurlSession& operator=(const CurlSession&) = delete;

  CurlResult<CurlReply> call(CurlRequest request);
  CurlResult<CurlOpened> open(CurlRequest request);
  // A WebSocket at an http or https URL. `total_time_max` counts until it is open; method and body
  // of the request have no meaning, and silence_time_max none either.
  CurlResult<CurlConnected> connect(CurlRequest request);

  // `done` runs on the session's thread and must not block.
  void call_in_background(CurlRequest request, std::function<void(CurlResult<CurlReply>)> done);
  void open_in_background(CurlRequest request, std::function<void(CurlResult<CurlOpened>)> done);
  void connect_in_background(CurlRequest request,
                             std::function<void(CurlResult<CurlConnected>)> done);

 private:
  class Pool;
  class Worker;
  std::shared_ptr<Pool> pool_;
  std::shared_ptr<Worker> worker_;
};

}  // namespace colonnade::net
