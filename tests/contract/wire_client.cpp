#include "wire_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

namespace colonnade::tests {
namespace {

constexpr int silence_seconds_max = 60;

base::Json parsed(const std::string& text) {
  auto json = base::Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) throw std::runtime_error("not JSON: " + text);
  return json;
}

}  // namespace

base::Json Answer::json() const { return parsed(body); }
base::Json WireEvent::json() const { return parsed(data); }

WireConnection::WireConnection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval limit{.tv_sec = silence_seconds_max, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect to the server");
  }
}

WireConnection::~WireConnection() { close(); }

void WireConnection::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void WireConnection::send(const Call& call) {
  std::string text = call.method + " " + call.target + " HTTP/1.1\r\nHost: localhost\r\n";
  if (!call.token.empty()) text += "Authorization: Bearer " + call.token + "\r\n";
  for (const net::Header& header : call.headers) text += header.name + ": " + header.value + "\r\n";
  if (!call.body.empty() || call.method != "GET") {
    // Unless the call has a type of its own.
    if (net::find_header(call.headers, "Content-Type").empty()) {
      text += "Content-Type: application/json\r\n";
    }
    text += "Content-Length: " + std::to_string(call.body.size()) + "\r\n";
  }
  text += "\r\n" + call.body;
  send_text(text);
}

void WireConnection::send_text(std::string_view left) {
  while (!left.empty()) {
    const ssize_t sent = ::send(socket_, left.data(), left.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    // A server that refuses a body may close before it has read it; its answer is there to read.
    if (sent < 0) return;
    left.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// False at the end of the input, and when there is nothing to read without waiting.
bool WireConnection::fill(bool block) {
  char buffer[16 * 1024];
  ssize_t got = -1;
  do {  // a signal, such as a child's end, is no answer
    got = ::recv(socket_, buffer, sizeof buffer, block ? 0 : MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN && !block) return false;
  if (got < 0) {
    throw std::runtime_error("the server was silent for too long, or reset: " +
                             std::generic_category().message(errno));
  }
  if (got == 0) body_ended_ = true;
  unread_.append(buffer, static_cast<std::size_t>(got));
  return got > 0;
}

std::string WireConnection::take_line() {
  for (;;) {
    const auto end = unread_.find("\r\n");
    if (end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 2);
      return line;
    }
    if (!fill(true)) throw std::runtime_error("the connection ended within a line");
  }
}

std::string WireConnection::take(std::size_t bytes) {
  while (unread_.size() < bytes) {
    if (!fill(true)) throw std::runtime_error("the connection ended within a body");
  }
  std::string out = unread_.substr(0, bytes);
  unread_.erase(0, bytes);
  return out;
}

Answer WireConnection::read_head() {
  Answer answer;
  body_ended_ = false;
  const std::string status = take_line();
  const auto space = status.find(' ');
  std::from_chars(status.data() + space + 1, status.data() + status.size(), answer.status);
  for (std::string line = take_line(); !line.empty(); line = take_line()) {
    const auto colon = line.find(':');
    answer.headers.push_back({line.substr(0, colon), line.substr(colon + 2)});
  }
  return answer;
}

std::string WireConnection::read_body(bool block) {
  if (body_ended_) return {};
  // A chunk's size line is always followed by the chunk, so only the line's start may be absent.
  if (unread_.empty() && !fill(block)) return {};
  const std::string line = take_line();
  std::size_t size = 0;
  std::from_chars(line.data(), line.data() + line.size(), size, 16);
  std::string chunk = take(size);
  take(2);
  if (size == 0) body_ended_ = true;
  return chunk;
}

Answer WireConnection::read_answer() {
  Answer answer = read_head();
  if (answer.status == 204) return answer;  // never has a body
  const std::string length = answer.header("Content-Length");
  if (!length.empty()) {
    answer.body = take(std::stoul(length));
    return answer;
  }
  while (!body_ended_) answer.body += read_body();
  return answer;
}

Answer call(std::uint16_t port, const Call& call) {
  WireConnection connection(port);
  connection.send(call);
  return connection.read_answer();
}

// --- event streams ------------------------------------------------------------------------------

WireStream::WireStream(std::uint16_t port, const Call& call) : connection_(port) {
  connection_.send(call);
  head_ = connection_.read_head();
  const std::string length = head_.header("Content-Length");
  if (length.empty()) return;
  throw std::runtime_error("no stream but an answer with status " + std::to_string(head_.status));
}

// Complete blocks of bytes_ become events_.
void WireStream::parse() {
  for (;;) {
    const auto end = bytes_.find("\n\n", parsed_);
    if (end == std::string::npos) return;
    WireEvent event;
    bool has_data = false;
    std::string_view block = std::string_view(bytes_).substr(parsed_, end - parsed_);
    parsed_ = end + 2;
    while (!block.empty()) {
      const std::string_view line = block.substr(0, block.find('\n'));
      block.remove_prefix(std::min(line.size() + 1, block.size()));
      if (line.starts_with("event: ")) event.name = line.substr(7);
      if (line.starts_with("id: ")) event.id = line.substr(4);
      if (line.starts_with("data: ")) {
        event.data = line.substr(6);
        has_data = true;
      }
    }
    if (has_data) events_.push_back(std::move(event));
  }
}

std::optional<WireEvent> WireStream::next() {
  while (given_ == events_.size()) {
    if (connection_.body_ended()) return std::nullopt;
    bytes_ += connection_.read_body();
    parse();
  }
  return events_[given_++];
}

std::vector<WireEvent> WireStream::until(std::string_view name) {
  std::vector<WireEvent> out;
  for (;;) {
    auto event = next();
    if (!event) throw std::runtime_error("the stream ended before " + std::string(name));
    out.push_back(std::move(*event));
    if (out.back().name == name) return out;
  }
}

std::vector<WireEvent> WireStream::arrived() {
  for (;;) {
    const std::string more = connection_.read_body(/*block=*/false);
    if (more.empty()) break;
    bytes_ += more;
  }
  parse();
  std::vector<WireEvent> out(events_.begin() + static_cast<std::ptrdiff_t>(given_), events_.end());
  given_ = events_.size();
  return out;
}

void WireStream::wait_for_bytes(std::string_view text) {
  while (bytes_.find(text) == std::string::npos) {
    if (connection_.body_ended()) throw std::runtime_error("the stream ended");
    bytes_ += connection_.read_body();
  }
  parse();
}

}  // namespace colonnade::tests
