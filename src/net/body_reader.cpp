#include "net/body_reader.hpp"

#include <algorithm>

namespace colonnade::net {
namespace {

// Fifteen hex digits already name more than any disk holds; no overflow to think about.
constexpr std::uint64_t chunk_bytes_max = 0x0fff'ffff'ffff'ffff;

int chunk_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_line_text(char c) {
  const auto code = static_cast<unsigned char>(c);
  return (code >= ' ' && code != 127) || c == '\t';
}

}  // namespace

void BodyReader::start_fixed(std::uint64_t length) {
  remaining_ = length;
  state_ = length > 0 ? State::fixed : State::done;
}

void BodyReader::start_chunked(std::size_t framing_bytes_max) {
  framing_remaining_ = framing_bytes_max;
  state_ = State::size_first;
}

BodyReader::Result BodyReader::read(std::string_view& bytes, std::string& body,
                                    std::uint64_t bytes_max) {
  if (state_ == State::fixed && body.size() + remaining_ > bytes_max) return Result::too_large;
  while (state_ != State::done) {
    if (bytes.empty()) return Result::need_more;
    if (state_ == State::fixed || state_ == State::data) {
      const Result result = take_data(bytes, body, bytes_max);
      if (result != Result::done) return result;
      continue;
    }
    const bool unbounded =
        state_ == State::extension || state_ == State::trailer || state_ == State::trailer_first;
    if (unbounded && framing_remaining_-- == 0) return Result::framing_too_large;
    if (!take_framing(bytes.front())) return Result::malformed;
    bytes.remove_prefix(1);
    // Refused by its announcement, before a byte of it is here.
    if (state_ == State::data && body.size() + remaining_ > bytes_max) return Result::too_large;
  }
  return Result::done;
}

BodyReader::Result BodyReader::take_data(std::string_view& bytes, std::string& body,
                                         std::uint64_t bytes_max) {
  const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size()));
  if (body.size() + part > bytes_max) return Result::too_large;
  body.append(bytes.substr(0, part));
  bytes.remove_prefix(part);
  remaining_ -= part;
  if (remaining_ == 0) state_ = state_ == State::fixed ? State::done : State::data_end;
  return Result::done;
}

bool BodyReader::take_framing(char byte) {
  const auto expect = [this, byte](char wanted, State next) {
    state_ = next;
    return byte == wanted;
  };
  switch (state_) {
    case State::size_first:
    case State::size: {
      const int digit = chunk_digit(byte);
      if (digit >= 0) {
        remaining_ =
            (state_ == State::size ? remaining_ * 16 : 0) + static_cast<std::uint64_t>(digit);
        state_ = State::size;
        return remaining_ <= chunk_bytes_max;
      }
      if (state_ == State::size_first) return false;
      if (byte == ';' || byte == ' ' || byte == '\t') return expect(byte, State::extension);
      return expect('\r', State::size_line_feed);
    }
    case State::extension:
      if (byte == '\r') return expect('\r', State::size_line_feed);
      return is_line_text(byte);
    case State::size_line_feed:
      return expect('\n', remaining_ > 0 ? State::data : State::trailer_first);
    case State::data_end: return expect('\r', State::data_line_feed);
    case State::data_line_feed: return expect('\n', State::size_first);
    case State::trailer_first:
      if (byte == '\r') return expect('\r', State::last_line_feed);
      return is_line_text(byte) && expect(byte, State::trailer);
    case State::trailer:
      if (byte == '\r') return expect('\r', State::trailer_line_feed);
      return is_line_text(byte);
    case State::trailer_line_feed: return expect('\n', State::trailer_first);
    case State::last_line_feed: return expect('\n', State::done);
    default: return false;
  }
}

}  // namespace colonnade::net
