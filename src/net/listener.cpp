#include "net/listener.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include "net/limits.hpp"

namespace colonnade::net {
namespace {

using base::ErrorKind;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

base::Result<Address> resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0) {
    return base::fail(ErrorKind::invalid,
                      "cannot listen on host \"" + host + "\": " + ::gai_strerror(code) +
                          "; set host to an address of this machine, such as 127.0.0.1 or 0.0.0.0",
                      "host");
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  Address out;
  std::memcpy(&out.storage, found->ai_addr, found->ai_addrlen);
  out.size = found->ai_addrlen;
  return out;
}

base::Error bind_error(const std::string& host, std::uint16_t port, int code) {
  const std::string where = host + " port " + std::to_string(port);
  if (code == EADDRINUSE) {
    return {.kind = ErrorKind::conflict,
            .message = "cannot listen on " + where +
                       ": the address is in use; set another port or stop the other server",
            .field = "port"};
  }
  const bool port_forbidden = code == EACCES;
  return {.kind = ErrorKind::invalid,
          .message = "cannot listen on " + where + ": " + std::generic_category().message(code),
          .field = port_forbidden ? "port" : "host"};
}

// A bound socket, or -1 with errno set.
int bind_socket(const Address& address, bool share_port) {
  const int descriptor =
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  const int on = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (share_port) ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (::bind(descriptor, address.get(), address.size) == 0) return descriptor;
  const int code = errno;
  ::close(descriptor);
  errno = code;
  return -1;
}

std::uint16_t port_of(int descriptor) {
  Address address;
  address.size = sizeof address.storage;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address.storage), &address.size);
  const bool ipv6 = address.storage.ss_family == AF_INET6;
  return ntohs(ipv6 ? reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_port
                    : reinterpret_cast<const sockaddr_in&>(address.storage).sin_port);
}

void set_port(Address& address, std::uint16_t port) {
  if (address.storage.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(address.storage).sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in&>(address.storage).sin_port = htons(port);
  }
}

}  // namespace

base::Result<Listeners> bind_to(const std::string& host, std::uint16_t port, std::size_t count) {
  auto address = resolve(host, port);
  if (!address) return std::unexpected(std::move(address.error()));
  if (port != 0) {
    // SO_REUSEPORT would quietly share a port with another server of the same user; a first bind
    // without it finds that out.
    const int probe = bind_socket(*address, false);
    if (probe < 0) return std::unexpected(bind_error(host, port, errno));
    ::close(probe);
  }
  Listeners out{.ipv6 = address->storage.ss_family == AF_INET6};
  for (std::size_t i = 0; i < count; ++i) {
    const int descriptor = bind_socket(*address, true);
    if (descriptor < 0) {
      const int code = errno;
      for (const int each : out.descriptors) ::close(each);
      return std::unexpected(bind_error(host, port, code));
    }
    out.descriptors.push_back(descriptor);
    if (i == 0) {
      out.port = port_of(descriptor);
      set_port(*address, out.port);
    }
  }
  return out;
}

base::Result<void> listen_on(const Listeners& listeners, const std::string& host) {
  for (const int descriptor : listeners.descriptors) {
    if (::listen(descriptor, limits::http_backlog_connections) != 0) {
      return std::unexpected(bind_error(host, listeners.port, errno));
    }
  }
  return {};
}

}  // namespace colonnade::net
