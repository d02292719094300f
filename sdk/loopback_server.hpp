// For tests: a raw TCP server on a free loopback port that does to each connection what the test
// says.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace colonnade {

class LoopbackConnection {
 public:
  explicit LoopbackConnection(int fd) : fd_(fd) {}
  ~LoopbackConnection() { close(); }
  LoopbackConnection(const LoopbackConnection&) = delete;
  LoopbackConnection& operator=(const LoopbackConnection&) = delete;

  // One request with its body, "" when the client closed the connection instead.
  std::string read_request() {
    for (;;) {
      const auto end = held_.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::size_t size = end + 4 + body_bytes(held_.substr(0, end));
        if (held_.size() >= size) {
          std::string request = held_.substr(0, size);
          held_.erase(0, size);
          return request;
        }
      }
      char buffer[4096];
      const ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
      if (got <= 0) return {};
      held_.append(buffer, static_cast<std::size_t>(got));
    }
  }

  void send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  void reply(int status, std::string_view body) {
    send("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\n" +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }

  void open_stream() {
    send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  }
  void chunk(std::string_view text) {
    char size[16] = {};
    const auto end = std::to_chars(size, size + sizeof size, text.size(), 16).ptr;
    send(std::string(size, end) + "\r\n" + std::string(text) + "\r\n");
  }
  void end_stream() { send("0\r\n\r\n"); }

  // Until the client has closed it.
  void wait_closed() {
    char buffer[256];
    while (::recv(fd_, buffer, sizeof buffer, 0) > 0) {
    }
  }

  // Closes with RST.
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int fd() const { return fd_; }

 private:
  static std::size_t body_bytes(const std::string& head) {
    const auto at = head.find("Content-Length: ");
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
  }

  int fd_;
  std::string held_;
};

class LoopbackServer {
 public:
  using Handler = std::function<void(LoopbackConnection&)>;

  // `handler` runs once per connection, each on a thread of its own.
  explicit LoopbackServer(Handler handler) : handler_(std::move(handler)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_, 64) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("no loopback port");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~LoopbackServer() {
    ::shutdown(fd_, SHUT_RDWR);
    acceptor_.join();
    ::close(fd_);
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }

 private:
  void accept_all() {
    for (;;) {
      const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++connections_;
      {
        const std::lock_guard lock(mutex_);
        open_.push_back(fd);
      }
      threads_.emplace_back([this, fd] {
        {
          // A duplicate keeps the number in open_ ours until the thread is done with it.
          LoopbackConnection connection(::dup(fd));
          handler_(connection);
        }
        const std::lock_guard lock(mutex_);
        open_.remove(fd);
        ::close(fd);
      });
    }
  }

  Handler handler_;
  int fd_ = -1;
  int port_ = 0;
  std::thread acceptor_;
  std::list<std::thread> threads_;  // of the acceptor's thread, then of the destructor
  std::mutex mutex_;
  std::list<int> open_;
  std::atomic<int> connections_{0};
};

}  // namespace colonnade
