#include "socket_clients.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>

namespace colonnade::bench {
namespace {

constexpr std::size_t opened_a_step = 200;        // before their answers are read
constexpr std::size_t length_in_two_bytes = 126;  // of a frame: they follow in its head
constexpr std::string_view head_end = "\r\n\r\n";

std::string upgrade_request(const std::string& token) {
  std::string out =
      "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\n"
      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nContent-Type: application/json\r\n"
      "X-Platos-Session-Token: ";
  return out.append(token).append("\r\n\r\n");
}

// A text frame of less than 126 bytes; its mask is zero, which a server takes as any other.
std::string frame(std::string_view text) {
  std::string out = "\x81";
  out += static_cast<char>(0x80 | text.size());
  out.append(4, '\0');
  return out.append(text);
}

void send_all(const Descriptor& socket, std::string_view bytes) {
  const ssize_t sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("a socket took no handshake");
  }
}

}  // namespace

SocketClients::~SocketClients() {
  for (const auto& client : clients_) {
    if (client->socket) loop_.forget(client->socket.get());
  }
}

void SocketClients::open(std::uint16_t port, std::size_t count,
                         const std::vector<std::string>& tokens, const std::string& thread_id) {
  const auto deadline = SteadyClock::now() + std::chrono::seconds(120);
  ready_mark_ = thread_id.empty() ? "\"connected\"" : "\"joined_thread\"";
  std::string more = frame("40/agent,");
  if (!thread_id.empty()) {
    more += frame(R"(42/agent,["join_thread",{"threadId":")" + thread_id + "\"}]");
  }
  while (clients_.size() < count) {
    const std::size_t upto = std::min(count, clients_.size() + opened_a_step);
    while (clients_.size() < upto) {
      const std::size_t i = clients_.size();
      Client& client = *clients_.emplace_back(std::make_unique<Client>());
      const unsigned source = first_source + static_cast<unsigned>(i / receivers_a_source);
      client.socket = connect_to(port, source, false);
      if (!client.socket) throw std::runtime_error("nobody takes sockets");
      send_all(client.socket, upgrade_request(tokens[i % tokens.size()]) + more);
      loop_.watch(client.socket.get(), EPOLLIN,
                  [this, &client](std::uint32_t) { on_ready(client); });
    }
    while (ready_ < upto && closed() == 0) {
      if (!loop_.run_until(deadline)) {
        throw std::runtime_error("sockets did not open in time; one had: " +
                                 clients_.back()->begun);
      }
    }
    if (closed() != 0) throw std::runtime_error("a socket was refused");
  }
}

void SocketClients::forget_counts() {
  for (auto& client : clients_) client->tokens = 0;
}

void SocketClients::on_ready(Client& client) {
  static std::array<char, 64 * 1024> buffer;
  const ssize_t size = ::recv(client.socket.get(), buffer.data(), buffer.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size > 0) return received(client, {buffer.data(), static_cast<std::size_t>(size)});
  loop_.forget(client.socket.get());
  client.socket.reset();
  one_closed();
  loop_.stop();
}

void SocketClients::received(Client& client, std::string_view piece) {
  if (client.switched) return take_frames(client, piece);
  client.begun.append(piece);
  const std::size_t end = client.begun.find(head_end);
  if (end == std::string::npos) return;
  if (!client.begun.starts_with("HTTP/1.1 101 ")) throw std::runtime_error(client.begun);
  const std::string frames = client.begun.substr(end + head_end.size());
  client.begun.clear();
  client.switched = true;
  take_frames(client, frames);
}

// Only payload is looked at: the head of a frame of 126 bytes has the mark of a token in it.
void SocketClients::take_frames(Client& client, std::string_view bytes) {
  while (!bytes.empty()) {
    if (client.left > 0) {
      const std::string_view payload = bytes.substr(0, client.left);
      client.left -= payload.size();
      bytes.remove_prefix(payload.size());
      take_payload(client, payload);
      continue;
    }
    client.head[client.head_size++] = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (client.head_size < 2) continue;
    const std::size_t length = client.head[1];
    if (length > length_in_two_bytes) throw std::runtime_error("a frame that no server sends here");
    if (length == length_in_two_bytes && client.head_size < client.head.size()) continue;
    client.left = length < length_in_two_bytes
                      ? length
                      : static_cast<std::size_t>(client.head[2] << 8 | client.head[3]);
    client.head_size = 0;
  }
}

void SocketClients::take_payload(Client& client, std::string_view payload) {
  if (client.ready) return count_tokens(client, payload);
  client.begun.append(payload);
  if (client.begun.contains("\"error\"")) throw std::runtime_error(client.begun);
  if (!client.begun.contains(ready_mark_)) return;
  client.ready = true;
  std::string().swap(client.begun);
  ++ready_;
  loop_.stop();  // open() looks whether these were all
}

}  // namespace colonnade::bench
