// The floor under fan-out: a bare epoll loop that writes the same bytes to every subscriber as the
// server does, and does nothing else. No store, no HTTP parser, no queue beyond the socket's.
//
// Prints "port <n>". A connection whose first byte is 'G' is a subscriber: of an event stream, or,
// when it asks for /socket.io/, a WebSocket. Any other is the control connection: each of its lines
// is broadcast as the text of one event.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/loop.hpp"
#include "harness/sockets.hpp"

namespace colonnade::bench {
namespace {

constexpr std::string_view headers =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    "X-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n";

constexpr std::string_view socket_begin =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

// A text frame of 126 to 65,535 bytes, as an event of the server is.
std::string frame(std::string_view data) {
  std::string out = "\x81\x7e";
  out += static_cast<char>(data.size() >> 8);
  out += static_cast<char>(data.size() & 0xFF);
  return out.append(data);
}

std::string short_frame(std::string_view data) {
  std::string out = "\x81";
  out += static_cast<char>(data.size());
  return out.append(data);
}

std::string chunk(std::string_view data) {
  std::array<char, 16> size{};
  const int digits = std::snprintf(size.data(), size.size(), "%zx", data.size());
  std::string out(size.data(), static_cast<std::size_t>(digits));
  return out.append("\r\n").append(data).append("\r\n");
}

class Floor {
 public:
  explicit Floor(Loop& loop) : loop_(loop), listener_(listen_on_loopback()) {
    loop_.watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept(); });
  }
  std::uint16_t port() const { return port_of(listener_); }

 private:
  struct Peer {
    Descriptor socket{};
    std::string received{};
    std::string unsent{};
    bool subscriber = false;
    bool web_socket = false;
  };

  void accept() {
    while (true) {
      Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!socket) return;
      const int one = 1;
      ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      const int fd = socket.get();
      loop_.watch(fd, EPOLLIN, [this, fd](std::uint32_t events) { on_ready(fd, events); });
      peers_[fd] = Peer{.socket = std::move(socket)};
    }
  }

  void on_ready(int fd, std::uint32_t events) {
    Peer& peer = peers_.at(fd);
    if ((events & EPOLLOUT) != 0) write(peer, {});
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
    std::array<char, 16 * 1024> buffer;
    const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return drop(fd);
    peer.received.append(buffer.data(), static_cast<std::size_t>(size));
    if (peer.received[0] == 'G') return subscribe(peer);
    for (std::size_t end = peer.received.find('\n'); end != std::string::npos;
         end = peer.received.find('\n')) {
      const std::string line = peer.received.substr(0, end);
      peer.received.erase(0, end + 1);
      broadcast(line);
    }
  }

  void subscribe(Peer& peer) {
    if (peer.subscriber || !peer.received.contains("\r\n\r\n")) return;
    peer.subscriber = true;
    subscribers_.push_back(&peer);
    peer.web_socket = peer.received.starts_with("GET /socket.io/");
    if (peer.web_socket) {
      return write(peer, std::string(socket_begin) +
                             short_frame(R"(42/agent,["joined_thread",{"threadId":"x"}])"));
    }
    write(peer, std::string(headers) + chunk("event: ready\ndata: {\"type\":\"ready\"}\n\n"));
  }

  void broadcast(std::string_view text) {
    std::string event =
        "event: agent_delta\ndata: {\"type\":\"agent_delta\",\"thread_id\":"
        "\"0123456789abcdef0123456789abcdef\",\"delta\":\"";
    const std::string bytes = chunk(event.append(text).append("\"}\n\n"));
    std::string packet = R"(42/agent,["thread_event",{"type":"thread.renamed","threadId":)"
                         R"("0123456789abcdef0123456789abcdef","title":")";
    packet.append(text).append(R"(","updatedAt":"2026-05-12T09:00:00.000Z","organizationId":)"
                               R"("acme","projectId":"shop","environmentId":"live"}])");
    const std::string framed = frame(packet);
    for (Peer* peer : subscribers_) write(*peer, peer->web_socket ? framed : bytes);
  }

  void write(Peer& peer, std::string_view bytes) {
    const bool waited = !peer.unsent.empty();
    if (waited) {
      peer.unsent.append(bytes);
      bytes = peer.unsent;
    }
    const ssize_t result = ::send(peer.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    const std::size_t sent = result < 0 ? 0 : static_cast<std::size_t>(result);
    if (waited) {
      peer.unsent.erase(0, sent);
    } else if (sent < bytes.size()) {
      peer.unsent.assign(bytes.substr(sent));
    }
    if (waited != !peer.unsent.empty()) {
      loop_.change(peer.socket.get(), waited ? EPOLLIN : EPOLLIN | EPOLLOUT);
    }
  }

  void drop(int fd) {
    std::erase(subscribers_, &peers_.at(fd));
    loop_.forget(fd);
    peers_.erase(fd);
  }

  Loop& loop_;
  Descriptor listener_;
  std::unordered_map<int, Peer> peers_;  // its elements stay where they are
  std::vector<Peer*> subscribers_;
};

}  // namespace
}  // namespace colonnade::bench

int main() {
  colonnade::bench::raise_open_files();
  colonnade::bench::Loop loop;
  const colonnade::bench::Floor floor(loop);
  std::printf("port %u\n", static_cast<unsigned>(floor.port()));
  std::fflush(stdout);
  while (true) loop.run_until(colonnade::bench::SteadyClock::now() + std::chrono::hours(1));
}
