// A vendor's server for tests: plain sockets, so that it can also do what no server should. Each
// connection gets the next answer of the script; requests are kept for the test to read.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace colonnade::conformance {

struct VendorAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers{{"content-type", "text/event-stream"}};
  std::string body{};
  // Announces a body of chunks and leaves out the last one: the connection breaks.
  bool broken = false;
  // Sends the body, then stays silent until the client goes away.
  bool silent = false;
};

class ScriptedVendor {
 public:
  ScriptedVendor() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(listener_, 16);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }

  ~ScriptedVendor() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  const std::string& url() const { return url_; }

  void answer_next(VendorAnswer answer) {
    const std::lock_guard lock(mutex_);
    script_.push_back(std::move(answer));
  }

  // The latest request: head and body as sent.
  std::string last_request() {
    const std::lock_guard lock(mutex_);
    return request_;
  }

  // Waits until the client of a silent answer has gone away.
  bool saw_hangup() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [this] { return hangups_ > 0; });
  }

 private:
  void serve() {
    for (;;) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      const std::string request = read_request(socket);
      VendorAnswer answer{.status = 500, .headers = {}, .body = "nothing scripted"};
      {
        const std::lock_guard lock(mutex_);
        if (stopping_) {
          ::close(socket);
          return;
        }
        request_ = request;
        if (!script_.empty()) {
          answer = std::move(script_.front());
          script_.pop_front();
        }
      }
      send_answer(socket, answer);
      ::close(socket);
    }
  }

  static std::string read_request(int socket) {
    std::string text;
    std::size_t need = std::string::npos;
    char buffer[8192];
    while (text.size() < need) {
      const auto count = ::recv(socket, buffer, sizeof buffer, 0);
      if (count <= 0) break;
      text.append(buffer, static_cast<std::size_t>(count));
      const auto end = text.find("\r\n\r\n");
      if (end == std::string::npos || need != std::string::npos) continue;
      need = end + 4 + content_length(std::string_view(text).substr(0, end));
    }
    return text;
  }

  static std::size_t content_length(std::string_view head) {
    std::string lower;
    for (const char c : head) lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
    const auto at = lower.find("content-length: ");
    std::size_t length = 0;
    if (at != std::string::npos) {
      std::from_chars(lower.data() + at + 16, lower.data() + lower.size(), length);
    }
    return length;
  }

  void send_answer(int socket, const VendorAnswer& answer) {
    std::string out = "HTTP/1.1 " + std::to_string(answer.status) + " Scripted\r\n";
    for (const auto& [name, value] : answer.headers) out += name + ": " + value + "\r\n";
    out += "connection: close\r\n";
    if (answer.broken) {
      char size[24]{};
      std::to_chars(size, size + sizeof size, answer.body.size(), 16);
      out +=
          "transfer-encoding: chunked\r\n\r\n" + std::string(size) + "\r\n" + answer.body + "\r\n";
    } else {
      out += "\r\n" + answer.body;
    }
    for (std::size_t sent = 0; sent < out.size();) {
      const auto count = ::send(socket, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) break;
      sent += static_cast<std::size_t>(count);
    }
    if (!answer.silent) return;
    char byte = 0;
    while (::recv(socket, &byte, 1, 0) > 0) {
    }
    const std::lock_guard lock(mutex_);
    ++hangups_;
    changed_.notify_all();
  }

  int listener_;
  std::string url_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<VendorAnswer> script_;
  std::string request_;
  int hangups_ = 0;
  bool stopping_ = false;
};

}  // namespace colonnade::conformance
