// A client in the namespace /agent over a WebSocket: sends packets as they are, and reads the
// server's one at a time. It answers control pings, and no others.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "net/http.hpp"
#include "net/testing.hpp"
#include "net/websocket_frames.hpp"

namespace colonnade::tests {

class PlatosSocket {
 public:
  // Upgrades and asks to join; `join` is the first packet, "" for none.
  PlatosSocket(std::uint16_t port, const net::Headers& headers, std::string_view join = "40/agent,")
      : client_(port) {
    std::string head =
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: "
        "websocket\r\n"
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

}  // namespace colonnade::tests
