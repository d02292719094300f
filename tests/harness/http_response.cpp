#include "harness/http_response.hpp"

#include <charconv>
#include <stdexcept>

namespace colonnade::bench {
namespace {

constexpr std::size_t header_bytes_max = 64 * 1024;

// The value of a header, by its name in lower case with the colon; "" when absent.
std::string_view header(std::string_view headers, std::string_view name) {
  for (std::size_t at = headers.find("\r\n"); at != std::string_view::npos;
       at = headers.find("\r\n", at + 2)) {
    const std::string_view line = headers.substr(at + 2, headers.find("\r\n", at + 2) - at - 2);
    if (line.size() < name.size()) continue;
    bool same = true;
    for (std::size_t i = 0; i < name.size() && same; ++i)
      same = (line[i] | 0x20) == (name[i] | 0x20);
    if (!same) continue;
    const std::size_t value = line.find_first_not_of(' ', name.size());
    return value == std::string_view::npos ? std::string_view() : line.substr(value);
  }
  return {};
}

std::size_t number(std::string_view text, int base) {
  std::size_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  if (error != std::errc() || end == text.data()) throw std::runtime_error("a size is no number");
  return out;
}

}  // namespace

void ResponseReader::refuse(const char* what) { throw std::runtime_error(what); }

void ResponseReader::take_line_byte(std::string_view& bytes) {
  if (state_ == State::headers) {
    // A response's headers usually come in one piece: look for their end from where they may begin.
    const std::size_t from = line_.size() < 3 ? 0 : line_.size() - 3;
    const std::size_t before = line_.size();
    line_.append(bytes);
    const std::size_t end = line_.find("\r\n\r\n", from);
    if (end == std::string::npos) {
      if (line_.size() > header_bytes_max) refuse("the headers do not end");
      bytes = {};
      return;
    }
    bytes.remove_prefix(end + 4 - before);
    line_.resize(end + 2);
    end_of_headers();
    line_.clear();
    return;
  }
  const std::size_t end = bytes.find('\n');
  const bool whole = end != std::string_view::npos;
  line_.append(bytes.substr(0, whole ? end : bytes.size()));
  bytes.remove_prefix(whole ? end + 1 : bytes.size());
  if (!whole) return;
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  end_of_line();
  line_.clear();
}

void ResponseReader::end_of_headers() {
  if (!line_.starts_with("HTTP/1.") || line_.size() < 12) refuse("no HTTP response");
  status_ = static_cast<int>(number(std::string_view(line_).substr(9, 3), 10));
  keeps_alive_ = header(line_, "connection:") != "close";
  if (header(line_, "transfer-encoding:") == "chunked") {
    state_ = State::chunk_size;
    return;
  }
  const std::string_view length = header(line_, "content-length:");
  if (length.empty() && status_ != 204 && status_ != 304) refuse("a body of unknown length");
  left_ = length.empty() ? 0 : number(length, 10);
  state_ = left_ == 0 ? State::complete : State::body;
}

void ResponseReader::end_of_line() {
  switch (state_) {
    case State::chunk_size:
      left_ = number(line_, 16);
      state_ = left_ == 0 ? State::trailer : State::chunk;
      return;
    case State::chunk_end:
      if (!line_.empty()) refuse("a chunk is longer than it says");
      state_ = State::chunk_size;
      return;
    case State::trailer:
      if (line_.empty()) state_ = State::complete;
      return;
    default: return;
  }
}

}  // namespace colonnade::bench
