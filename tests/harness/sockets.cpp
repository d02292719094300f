#include "harness/sockets.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace colonnade::bench {
namespace {

constexpr int backlog = 4096;
constexpr unsigned sources_a_row = 250;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in loopback(std::uint32_t host, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(host);
  out.sin_port = htons(port);
  return out;
}

}  // namespace

void Descriptor::reset() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Descriptor listen_on_loopback() {
  Descriptor out(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!out) fail("socket");
  const sockaddr_in address = loopback(INADDR_LOOPBACK, 0);
  if (::bind(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail("bind");
  if (::listen(out.get(), backlog) != 0) fail("listen");
  return out;
}

std::uint16_t port_of(const Descriptor& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    fail("getsockname");
  return ntohs(address.sin_port);
}

std::uint16_t free_port() {
  const Descriptor listener = listen_on_loopback();
  return port_of(listener);
}

Descriptor connect_to(std::uint16_t port, unsigned source, bool blocking) {
  Descriptor out(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!out) fail("socket");
  const int one = 1;
  ::setsockopt(out.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  ::setsockopt(out.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  const std::uint32_t host =
      (127U << 24) | (source / sources_a_row << 8) | (source % sources_a_row + 1);
  const sockaddr_in from = loopback(host, 0);
  if (::bind(out.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) fail("bind");
  const sockaddr_in to = loopback(INADDR_LOOPBACK, port);
  if (::connect(out.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return {};
  if (!blocking) ::fcntl(out.get(), F_SETFL, ::fcntl(out.get(), F_GETFL) | O_NONBLOCK);
  return out;
}

std::size_t raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) fail("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) fail("setrlimit");
  return limit.rlim_cur;
}

}  // namespace colonnade::bench
