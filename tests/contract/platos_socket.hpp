// Clients in the namespace /agent: one over a WebSocket, which sends packets as they are, reads the
// server's one at a time and answers control pings and no others; and one that polls.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "net/http.hpp"
#include "net/testing.hpp"
#include "net/websocket_frames.hpp"
#include "wire_client.hpp"

namespace colonnade::tests {

class PlatosSocket {
 public:
  // Upgrades and asks to join; `join` is the first packet, "" for none. `session_id`: of the
  // polling session that is upgraded, "" for a connection of its own.
  PlatosSocket(std::uint16_t port, const net::Headers& headers, std::string_view join = "40/agent,",
               std::string_view session_id = {})
      : client_(port) {
    std::string target = "/socket.io/?EIO=4&transport=websocket";
    if (!session_id.empty()) target.append("&sid=").append(session_id);
    std::string head = "GET " + target +
                       " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                       "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
                       "Content-Type: application/json\r\n";
    for (const auto& [name, value] : headers) head.append(name + ": " + value + "\r\n");
    client_.send(head + "\r\n");
    head_ = client_.read_until("\r\n\r\n");
    EXPECT_TRUE(head_.starts_with("HTTP/1.1 101 ")) << head_;
    if (!join.empty()) send(join);
  }

  // What the upgrade was answered with.
  const std::string& head() const { return head_; }
  void send(std::string_view packet) {
    client_.send(net::websocket_frame(net::WebSocketOpcode::text, packet, &mask));
  }
  void emit(std::string_view name, const base::Json& payload) {
    send("42/agent," + base::Json({name, payload}).dump());
  }

  // The next packet; nullopt once the server has closed.
  std::optional<std::string> next() {
    for (;;) {
      std::string_view rest = bytes_;
      const auto input = reader_.next(rest);
      bytes_.erase(0, bytes_.size() - rest.size());
      if (!input) {
        std::string more = close_code_ ? std::string() : client_.read_bytes();
        if (more.empty()) return std::nullopt;
        bytes_ += more;
      } else if (const auto* ping = std::get_if<net::WebSocketPing>(&*input)) {
        client_.send(net::websocket_frame(net::WebSocketOpcode::pong, ping->bytes, &mask));
      } else if (const auto* message = std::get_if<net::WebSocketMessage>(&*input)) {
        packets_.push_back(message->bytes);
        return message->bytes;
      } else if (const auto* end = std::get_if<net::WebSocketClose>(&*input)) {
        close_code_ = end->code;
        return std::nullopt;
      } else if (std::holds_alternative<net::WebSocketFault>(*input)) {
        ADD_FAILURE() << "the server broke the protocol";
        return std::nullopt;
      }
    }
  }
  // The payload of the next event of that name; null at the end. Other packets are kept in
  // packets().
  base::Json event(std::string_view name) {
    const std::string begin = "42/agent,[\"" + std::string(name) + "\",";
    while (const auto packet = next()) {
      if (packet->starts_with(begin)) return base::Json::parse(packet->substr(9))[1];
    }
    ADD_FAILURE() << "no event " << name << " before the end";
    return nullptr;
  }
  // The agent_events from here up to and with the first of that type.
  std::vector<base::Json> until(std::string_view type) {
    std::vector<base::Json> out;
    do {
      out.push_back(event("agent_event"));
    } while (out.back().is_object() && out.back().at("type") != type);
    return out;
  }
  // Everything that came so far, in order.
  const std::vector<std::string>& packets() const { return packets_; }
  std::optional<std::uint16_t> close_code() const { return close_code_; }
  void close() { client_.close(); }

 private:
  static constexpr net::WebSocketMask mask{1, 2, 3, 4};
  static constexpr std::size_t message_bytes_max = 4 * 1024 * 1024;

  net::testing::RawClient client_;
  net::WebSocketReader reader_{net::WebSocketRole::client, message_bytes_max};
  std::string head_{};
  std::string bytes_{};
  std::vector<std::string> packets_{};
  std::optional<std::uint16_t> close_code_{};
};

// Opens a session, joins with it and reads what the join is answered with.
class PlatosPolling {
 public:
  PlatosPolling(std::uint16_t port, net::Headers headers)
      : port_(port), headers_(std::move(headers)) {
    const Answer opened = get();
    EXPECT_EQ(opened.status, 200) << opened.body;
    session_id_ = base::Json::parse(opened.body.substr(1)).at("sid");
    EXPECT_EQ(post("40/agent,").body, "ok");
    while (!packets_.contains("[\"connected\",")) {
      const Answer answer = get();
      if (answer.status != 200) throw std::runtime_error("no join: " + packets_ + answer.body);
      packets_ += answer.body + "\n";
    }
  }

  const std::string& session_id() const { return session_id_; }
  Answer get() { return call(port_, poll()); }
  Answer post(const std::string& packets) {
    return call(port_,
                {.method = "POST", .target = target(), .body = packets, .headers = headers_});
  }
  // A poll that waits for the next packet.
  std::unique_ptr<WireConnection> waiting() {
    auto out = std::make_unique<WireConnection>(port_);
    out->send(poll());
    return out;
  }

 private:
  std::string target() const {
    const std::string sid = session_id_.empty() ? "" : "&sid=" + session_id_;
    return "/socket.io/?EIO=4&transport=polling" + sid;
  }
  Call poll() const { return {.target = target(), .headers = headers_}; }

  std::uint16_t port_;
  net::Headers headers_;
  std::string session_id_{};
  std::string packets_{};
};

}  // namespace colonnade::tests
