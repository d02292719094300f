#include "net/curl_socket.hpp"

#include <array>
#include <utility>

#include "net/limits.hpp"

namespace colonnade::net {

CurlSocketLine::CurlSocketLine(CURL* easy, const CurlRequest& request)
    : easy_(easy),
      protocol_(request.url, request.headers, limits::client_websocket_message_bytes_max) {
  curl_easy_getinfo(easy_, CURLINFO_ACTIVESOCKET, &descriptor_);
  if (descriptor_ == CURL_SOCKET_BAD) {
    error_ = CurlError{CurlErrorKind::reset, "the connection was lost"};
  }
}

void CurlSocketLine::move() {
  if (error_) return;
  write();
  read();
  write();  // the answers to pings and closes
}

void CurlSocketLine::write() {
  while (!error_ && !protocol_.output().empty()) {
    const std::string_view bytes = protocol_.output();
    std::size_t sent = 0;
    const CURLcode code = curl_easy_send(easy_, bytes.data(), bytes.size(), &sent);
    if (code == CURLE_AGAIN) return;
    if (code != CURLE_OK) {
      error_ = CurlError{CurlErrorKind::reset, curl_easy_strerror(code)};
      return;
    }
    protocol_.sent(sent);
  }
}

bool CurlSocketLine::wants_bytes() const {
  return !protocol_.ended() && protocol_.held_bytes() < limits::client_stream_buffer_bytes_max;
}

void CurlSocketLine::read() {
  std::array<char, 16 * limits::KiB> buffer;
  while (!error_ && wants_bytes()) {
    std::size_t got = 0;
    const CURLcode code = curl_easy_recv(easy_, buffer.data(), buffer.size(), &got);
    if (code == CURLE_AGAIN) return;
    if (code != CURLE_OK) {
      error_ = CurlError{CurlErrorKind::reset, curl_easy_strerror(code)};
    } else if (got == 0) {
      protocol_.receive_end();
    } else {
      protocol_.receive({buffer.data(), got});
    }
  }
}

curl_waitfd CurlSocketLine::wait_for() const {
  curl_waitfd out{.fd = descriptor_, .events = 0, .revents = 0};
  if (error_) return out;
  if (wants_bytes()) out.events |= CURL_WAIT_POLLIN;
  if (!protocol_.output().empty()) out.events |= CURL_WAIT_POLLOUT;
  return out;
}

void CurlSocketLine::say_goodbye() {
  if (error_ || !protocol_.open()) return;
  protocol_.close(websocket_close::normal);
  write();
}

std::optional<CurlError> CurlSocketLine::error() const {
  if (!protocol_.fault().empty()) {
    const bool lost = protocol_.fault().starts_with("the connection ended");
    return CurlError{lost ? CurlErrorKind::reset : CurlErrorKind::protocol, protocol_.fault()};
  }
  if (error_) return error_;
  if (protocol_.ended()) {
    return CurlError{CurlErrorKind::reset, "the WebSocket is closed"};
  }
  return std::nullopt;
}

CurlConnected CurlSocketLine::take_answer() {
  return {.head = {.status = protocol_.status(), .headers = protocol_.take_headers()},
          .refusal_body = protocol_.take_body(),
          .socket = nullptr};
}

}  // namespace colonnade::net
