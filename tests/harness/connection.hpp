// The two ways to talk to a server: blocking, for setting up and for latency, and on a loop, for
// load.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "harness/http_response.hpp"
#include "harness/loop.hpp"
#include "harness/sockets.hpp"

namespace colonnade::bench {

struct Response {
  int status = 0;
  std::string body{};
};

// Where requests go and with which credential.
struct Target {
  std::uint16_t port = 0;
  std::string token{};  // "": no Authorization header
};

// "GET /path HTTP/1.1…" with everything it needs; `extra` is whole header lines with their ends.
std::string request_text(const Target& target, std::string_view method, std::string_view path,
                         std::string_view body = {}, std::string_view extra = {});

// One keep-alive connection, used by one thread, one exchange after the other.
class BlockingConnection {
 public:
  explicit BlockingConnection(std::uint16_t port, unsigned source = 0);

  // Sends and reads the whole response. nullopt when the connection failed or nothing came for
  // `patience`; what the server did is then unknown. Connects again when it was closed.
  std::optional<Response> exchange(std::string_view request,
                                   std::chrono::milliseconds patience = std::chrono::seconds(30));
  // Sends, then gives each piece of the response's body to `sink` until it says false, or the
  // response ends, or nothing comes for `patience`. The status, 0 when there was no response. The
  // connection is closed afterwards.
  int stream(std::string_view request, std::chrono::milliseconds patience,
             const std::function<bool(std::string_view)>& sink);

 private:
  bool open(std::chrono::milliseconds patience);
  bool send_all(std::string_view bytes);

  std::uint16_t port_;
  unsigned source_;
  Descriptor socket_;
  std::optional<std::chrono::milliseconds> patience_set_;
};

// One exchange, or a throw std::runtime_error with the answer when its status is not 200.
std::string must_fetch(const Target& target, std::string_view method, std::string_view path,
                       std::string_view body = {});

// One connection on a loop. Callbacks may destroy it only through a later turn of the loop.
class LoopConnection {
 public:
  struct Callbacks {
    std::function<void(std::string_view body_piece)> on_body{};
    std::function<void(int status)> on_complete{};  // the response is read; a new request may go
    std::function<void()> on_closed{};              // by the peer or an error
  };

  LoopConnection(Loop& loop, std::uint16_t port, unsigned source, Callbacks callbacks);
  ~LoopConnection();
  LoopConnection(const LoopConnection&) = delete;
  LoopConnection& operator=(const LoopConnection&) = delete;

  void send(std::string_view request);
  bool open() const { return static_cast<bool>(socket_); }
  int status() const { return reader_.status(); }

 private:
  void on_ready(std::uint32_t events);
  void read();
  void flush();
  void close();

  Loop& loop_;
  Callbacks callbacks_;
  Descriptor socket_;
  ResponseReader reader_;
  std::string unsent_;
  bool blocked_ = false;  // waits for room in the socket's buffer
};

}  // namespace colonnade::bench
