// Takes a request's body out of the bytes after its head: of known length, or chunked (RFC 9112
// §7.1). Strict where leniency would let two readers see different requests: lines end in CRLF
// only, a chunk's size is plain hex digits, and trailers are dropped unread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace colonnade::net {

class BodyReader {
 public:
  enum class Result {
    need_more,
    done,
    malformed,
    too_large,          // more than bytes_max of body
    framing_too_large,  // extensions and trailers beyond framing_bytes_max
  };

  // No body; the other kinds are started by one of these.
  BodyReader() = default;
  void start_fixed(std::uint64_t length);
  void start_chunked(std::size_t framing_bytes_max);

  bool done() const { return state_ == State::done; }

  // Moves body bytes from the front of `bytes` to the end of `body`; what is left of `bytes`
  // afterwards is not part of this request.
  Result read(std::string_view& bytes, std::string& body, std::uint64_t bytes_max);

 private:
  enum class State {
    done,
    fixed,
    size_first,      // at least one digit
    size,            // more digits, then an extension or the line's end
    extension,       // to the line's end, unread
    size_line_feed,  // after the CR of the size line
    data,
    data_end,        // CR after the data
    data_line_feed,  // and its LF
    trailer_first,   // the first byte of a trailer line, or the end
    trailer,         // the rest of one
    trailer_line_feed,
    last_line_feed,  // after the CR of the empty line
  };

  Result take_data(std::string_view& bytes, std::string& body, std::uint64_t bytes_max);
  // One byte of framing; false when it may not stand there.
  bool take_framing(char byte);

  State state_ = State::done;
  std::uint64_t remaining_ = 0;  // of the fixed body, or of the chunk
  std::size_t framing_remaining_ = 0;
};

}  // namespace colonnade::net
