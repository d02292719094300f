// Loopback sockets, owned.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace colonnade::bench {

// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

// A non-blocking listener on 127.0.0.1, on any free port. Throws std::system_error.
Descriptor listen_on_loopback();
std::uint16_t port_of(const Descriptor& listener);
// A port that was free a moment ago, for programs that must be told theirs.
std::uint16_t free_port();

// Connects to 127.0.0.1:port from 127.0.<source / 250>.<source % 250 + 1>: one source address has
// some 28,000 ports, and closed connections keep theirs for a minute. Connecting blocks (loopback
// answers at once); with `blocking` false the socket is non-blocking afterwards. An empty
// descriptor when nobody listens.
Descriptor connect_to(std::uint16_t port, unsigned source, bool blocking);

// Raises the limit of open files to what the system allows, and returns it.
std::size_t raise_open_files();

}  // namespace colonnade::bench
