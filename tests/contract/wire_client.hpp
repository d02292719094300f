// The smallest HTTP client that can test a server: one socket, blocking, nothing hidden.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "net/http.hpp"

namespace colonnade::tests {

struct Answer {
  int status = 0;
  net::Headers headers{};
  std::string body{};

  std::string header(std::string_view name) const {
    return std::string(net::find_header(headers, name));
  }
  base::Json json() const;  // throws with the body's text when it is not JSON
};

struct Call {
  std::string method{"GET"};
  std::string target{};
  std::string body{};
  std::string token{};  // "" sends no Authorization
  net::Headers headers{};
};

// One connection to 127.0.0.1. Everything throws std::runtime_error on failure, and when the server
// is silent for longer than any test should take.
class WireConnection {
 public:
  explicit WireConnection(std::uint16_t port);
  ~WireConnection();
  WireConnection(const WireConnection&) = delete;
  WireConnection& operator=(const WireConnection&) = delete;

  void send(const Call& call);
  // The bytes as they are: half a request, or one that no client would send.
  void send_text(std::string_view text);
  // A whole answer; for a chunked one, up to its last chunk.
  Answer read_answer();
  // Status and headers only; the body follows by read_body().
  Answer read_head();
  // The next bytes of a chunked body; "" at its end. With `block` false: only what is there.
  std::string read_body(bool block = true);
  bool body_ended() const { return body_ended_; }
  void close();

 private:
  bool fill(bool block);
  std::string take_line();
  std::string take(std::size_t bytes);

  int socket_ = -1;
  std::string unread_{};
  bool body_ended_ = false;
};

Answer call(std::uint16_t port, const Call& call);

// A server-sent event as a client sees it.
struct WireEvent {
  std::string name{};
  std::string id{};
  std::string data{};
  base::Json json() const;
};

// An open event stream.
class WireStream {
 public:
  // Sends `call` and reads the head; `head` says how it went, a refused stream has its body there.
  WireStream(std::uint16_t port, const Call& call);

  const Answer& head() const { return head_; }
  // The next event; nullopt at the end of the stream.
  std::optional<WireEvent> next();
  // Events up to and with the first of that name.
  std::vector<WireEvent> until(std::string_view name);
  // What has already arrived, without waiting.
  std::vector<WireEvent> arrived();
  // Bytes as they come, for comments; waits until they hold `text`.
  void wait_for_bytes(std::string_view text);
  void close() { connection_.close(); }

 private:
  void parse();

  WireConnection connection_;
  Answer head_{};
  std::string bytes_{};  // all of the body so far
  std::size_t parsed_ = 0;
  std::vector<WireEvent> events_{};
  std::size_t given_ = 0;
};

}  // namespace colonnade::tests
