// Reads HTTP/1.1 responses as cheaply as a load generator must, and no more of the protocol than
// the servers here use: Content-Length and chunked bodies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace colonnade::bench {

class ResponseReader {
 public:
  // Consumes all of `bytes`, giving each piece of the body to `sink(std::string_view)`. Throws
  // std::runtime_error for bytes that are no such response, and for any behind its end.
  template <class Sink>
  void feed(std::string_view bytes, Sink&& sink) {
    while (!bytes.empty()) {
      if (state_ == State::complete) refuse("bytes behind the end of a response");
      if (state_ == State::body || state_ == State::chunk) {
        const std::size_t size = bytes.size() < left_ ? bytes.size() : left_;
        sink(bytes.substr(0, size));
        bytes.remove_prefix(size);
        left_ -= size;
        if (left_ == 0) state_ = state_ == State::body ? State::complete : State::chunk_end;
      } else {
        take_line_byte(bytes);
      }
    }
  }

  bool complete() const { return state_ == State::complete; }
  bool headers_read() const { return state_ != State::headers; }
  int status() const { return status_; }
  bool keeps_alive() const { return keeps_alive_; }
  // For the next response.
  void reset() { *this = ResponseReader(); }

 private:
  enum class State : std::uint8_t {
    headers,
    body,
    chunk_size,
    chunk,
    chunk_end,
    trailer,
    complete
  };

  [[noreturn]] static void refuse(const char* what);
  void take_line_byte(std::string_view& bytes);
  void end_of_headers();
  void end_of_line();

  State state_ = State::headers;
  bool keeps_alive_ = true;
  int status_ = 0;
  std::size_t left_ = 0;
  std::string line_{};  // all headers, or one line of the chunk framing
};

}  // namespace colonnade::bench
