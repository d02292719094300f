// A WebSocket over a connection that libcurl has made and left to us (CURLOPT_CONNECT_ONLY), with
// its TLS and proxies. Used by curl_session alone, on the thread that drives the multi handle.
#pragma once

#include <curl/curl.h>

#include <optional>
#include <string>

#include "net/curl_session.hpp"
#include "net/websocket_client.hpp"

namespace colonnade::net {

class CurlSocketLine {
 public:
  // `easy` has connected, and stays in its multi handle while this lives.
  CurlSocketLine(CURL* easy, const CurlRequest& request);

  // Reads and writes what goes without waiting.
  void move();
  // What to wait for before the next move().
  curl_waitfd wait_for() const;
  // A close frame as far as the connection takes it.
  void say_goodbye();

  WebSocketClient& protocol() { return protocol_; }
  // Why nothing more comes; set when what came before is all taken, too.
  std::optional<CurlError> error() const;
  // The answer to the handshake; the line must be answered().
  CurlConnected take_answer();

 private:
  void write();
  void read();
  bool wants_bytes() const;

  CURL* easy_;
  curl_socket_t descriptor_ = CURL_SOCKET_BAD;
  WebSocketClient protocol_;
  std::optional<CurlError> error_{};
};

}  // namespace colonnade::net
