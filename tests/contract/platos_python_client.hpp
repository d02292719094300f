// The published Python client (platos-client 0.1.0), habit by habit.
//
// One `send` (platos §3.2–3.4): it sends its two frames without reading anything, answers no
// Engine.IO ping, sees events named agent_event alone and only behind a namespace, does not end at
// an `error`, and after any loss reconnects with `resume_stream` and no position. It
// writes its text in ASCII, offers compression, and goes with a close and without a word of
// Socket.IO's.
//
// Its REST calls (§1.7, §4.2): always a JSON content type, repeats after 429 and above 499, one
// refresh of the token after 401 and 403.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
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

// The object of a frame that the client yields; nullopt for every other frame.
inline std::optional<base::Json> python_agent_event(std::string_view frame) {
  if (!frame.starts_with("42")) return std::nullopt;
  const std::size_t comma = frame.find(',');
  const std::size_t bracket = frame.find('[');
  if (comma == std::string_view::npos || bracket == std::string_view::npos || bracket < comma) {
    return std::nullopt;  // no namespace: dropped
  }
  const auto array = base::Json::parse(frame.substr(comma + 1), nullptr, false);
  if (!array.is_array() || array.size() < 2 || array[0] != "agent_event" || !array[1].is_object()) {
    return std::nullopt;
  }
  return array[1];
}

class PythonSend {
 public:
  struct Options {
    std::uint16_t port = 0;
    std::string token{};     // X-Platos-Session-Token; "" sends none
    net::Headers headers{};  // more of the upgrade's, as of direct-header mode
    std::string thread_id{};
    std::string message{};
    int reconnects_max = 5;
    // The line is cut, without a word, once so many tokens came on it; one entry a connection.
    std::vector<int> cut_after_tokens{};
    // Called for each frame, those too that the client does not see.
    std::function<void(std::string_view)> on_frame{};
    // Called after the line was cut, before the client reconnects.
    std::function<void()> on_cut{};
    int connections_max = 50;  // then run() gives up; the client itself would go on for ever
  };

  explicit PythonSend(Options options) : options_(std::move(options)) {}

  // Runs to `done`; false when it gave up, as by PlatosNetworkError.
  bool run() {
    int failures = 0;
    while (failures <= options_.reconnects_max) {
      const End end = one_connection();
      if (end == End::done) return true;
      failures = end == End::refused ? failures + 1 : 0;
      if (end == End::lost) yield({{"type", "disconnected"}});
      if (end == End::lost && options_.on_cut) options_.on_cut();
      yield({{"type", "reconnecting"}, {"attempt", failures + 1}});
      if (connections_ >= options_.connections_max) return false;
    }
    return false;
  }

  // Everything that the iterator yielded, in order.
  const std::vector<base::Json>& yielded() const { return yielded_; }
  std::vector<std::string> types() const {
    std::vector<std::string> out;
    for (const base::Json& one : yielded_) out.push_back(one.at("type"));
    return out;
  }
  std::string text() const {
    std::string out;
    for (const base::Json& one : yielded_) {
      if (one.at("type") == "token") out += one.at("text").get<std::string>();
    }
    return out;
  }
  int connections() const { return connections_; }
  // Frames as they came, those too that the client does not see.
  const std::vector<std::string>& frames() const { return frames_; }
  // The server's answer to the close that the client said at `done`.
  const net::WebSocketClose& goodbye() const { return goodbye_; }

 private:
  enum class End { done, closed, lost, refused };
  static constexpr std::size_t message_bytes_max = 1'048'576;  // then it closes with 1009

  static std::string frame(std::string_view bytes,
                           net::WebSocketOpcode opcode = net::WebSocketOpcode::text) {
    constexpr net::WebSocketMask mask{1, 2, 3, 4};
    return net::websocket_frame(opcode, bytes, &mask);
  }

  // What it sends behind the upgrade: the message, and on later connections the resume.
  std::string first_frames() {
    base::Json payload = {{"threadId", options_.thread_id}};
    if (!message_sent_) payload["message"] = options_.message;
    const base::Json event = {message_sent_ ? "resume_stream" : "message", std::move(payload)};
    message_sent_ = true;
    constexpr int in_one_line = -1;
    return frame("40/agent,") +
           frame("42/agent," + event.dump(in_one_line, ' ', /*ensure_ascii=*/true));
  }

  End one_connection() {
    ++connections_;
    net::testing::RawClient client(options_.port);
    std::string head =
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Upgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nContent-Type: application/json\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    if (!options_.token.empty()) head += "X-Platos-Session-Token: " + options_.token + "\r\n";
    for (const auto& [name, value] : options_.headers) head.append(name + ": " + value + "\r\n");
    if (!client.send(head + "\r\n")) return End::refused;
    std::string bytes = client.read_until("\r\n\r\n");
    if (!bytes.starts_with("HTTP/1.1 101")) return End::refused;
    bytes.erase(0, bytes.find("\r\n\r\n") + 4);
    yield({{"type", "connected"}});
    if (!client.send(first_frames())) return End::lost;
    return read_events(client, std::move(bytes));
  }

  End read_events(net::testing::RawClient& client, std::string bytes) {
    net::WebSocketReader reader(net::WebSocketRole::client, message_bytes_max);
    const std::size_t connection = static_cast<std::size_t>(connections_) - 1;
    const int cut_after =
        connection < options_.cut_after_tokens.size() ? options_.cut_after_tokens[connection] : -1;
    int tokens = 0;
    for (;;) {
      std::string_view rest = bytes;
      while (auto input = reader.next(rest)) {
        if (const auto* ping = std::get_if<net::WebSocketPing>(&*input)) {
          client.send(frame(ping->bytes, net::WebSocketOpcode::pong));
        } else if (std::holds_alternative<net::WebSocketClose>(*input)) {
          return End::closed;
        } else if (std::holds_alternative<net::WebSocketFault>(*input)) {
          return End::lost;
        } else if (const auto* message = std::get_if<net::WebSocketMessage>(&*input)) {
          frames_.push_back(message->bytes);
          if (options_.on_frame) options_.on_frame(frames_.back());
          auto event = python_agent_event(frames_.back());
          if (!event) continue;
          const bool done = event->at("type") == "done";
          if (event->at("type") == "token") ++tokens;
          yield(std::move(*event));
          if (done) {
            say_goodbye(client, reader, rest);
            return End::done;
          }
          if (cut_after >= 0 && tokens >= cut_after) return End::lost;  // no close frame
        }
      }
      bytes = client.read_bytes();
      if (bytes.empty()) return End::lost;
    }
  }

  void say_goodbye(net::testing::RawClient& client, net::WebSocketReader& reader,
                   std::string_view bytes) {
    client.send(frame(net::websocket_close_payload(net::websocket_close::normal, ""),
                      net::WebSocketOpcode::close));
    std::string last(bytes);
    do {
      std::string_view rest = last;
      while (const auto input = reader.next(rest)) {
        if (const auto* close = std::get_if<net::WebSocketClose>(&*input)) goodbye_ = *close;
      }
      last = client.read_bytes();
    } while (!last.empty());
  }

  void yield(base::Json event) { yielded_.push_back(std::move(event)); }

  Options options_;
  bool message_sent_ = false;
  int connections_ = 0;
  std::vector<base::Json> yielded_{};
  std::vector<std::string> frames_{};
  net::WebSocketClose goodbye_{.code = net::websocket_close::abnormal};
};

// What a REST call came to.
struct PythonAnswer {
  int status = 0;
  base::Json body = nullptr;  // null for an empty one; a text that is no JSON as a string
  int requests = 0;           // that were sent for it
};

class PythonRest {
 public:
  struct Options {
    std::uint16_t port = 0;
    std::string token{};
    // on_token_refresh: the token that was refused, and with which status. nullopt is None.
    std::function<std::optional<std::string>(const std::string&, int)> refresh{};
    // In place of sleeping between two attempts.
    std::function<void(double seconds)> wait = [](double) {};
    int retries_max = 3;
  };

  explicit PythonRest(Options options) : options_(std::move(options)) {}

  // `body` null: none, with Content-Length 0 for a POST.
  PythonAnswer request(const std::string& method, const std::string& path,
                       const base::Json& body = nullptr) {
    const std::string text = body.is_null() ? "" : body.dump(-1, ' ', /*ensure_ascii=*/true);
    PythonAnswer out = with_repeats(method, path, text);
    const bool refused = out.status == 401 || out.status == 403;
    if (!refused || !options_.refresh) return out;
    const auto fresh = options_.refresh(options_.token, out.status);
    if (!fresh || fresh->empty() || *fresh == options_.token) return out;
    options_.token = *fresh;
    const int before = out.requests;
    out = with_repeats(method, path, text);
    out.requests += before;
    return out;
  }
  // agents.get, threads.get: None for a 404.
  std::optional<base::Json> get_or_none(const std::string& path) {
    PythonAnswer answer = request("GET", path);
    if (answer.status == 404) return std::nullopt;
    EXPECT_EQ(answer.status, 200) << answer.body;
    return std::move(answer.body);
  }

 private:
  PythonAnswer with_repeats(const std::string& method, const std::string& path,
                            const std::string& body) {
    PythonAnswer out;
    for (int attempt = 0;; ++attempt) {
      const std::string response = exchange(method, path, body);
      ++out.requests;
      out.status = net::testing::status_of(response);
      const std::string text = net::testing::body_of(response);
      out.body = text.empty() ? base::Json() : base::Json::parse(text, nullptr, false);
      if (out.body.is_discarded()) out.body = text;
      const bool again = out.status == 429 || out.status >= 500;
      if (!again || attempt == options_.retries_max) return out;
      double seconds = 0.25 * std::pow(2, attempt);
      const std::string asked = net::testing::header_of(response, "Retry-After");
      if (out.status == 429 && !asked.empty() && asked != "0") seconds = std::stod(asked);
      options_.wait(seconds);
    }
  }
  std::string exchange(const std::string& method, const std::string& path,
                       const std::string& body) {
    std::string head = method + " " + path +
                       " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                       "X-Platos-Session-Token: " +
                       options_.token + "\r\n";
    if (method != "GET" && method != "DELETE") {
      head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    net::testing::RawClient client(options_.port);
    client.send(head + "\r\n" + body);
    return client.read_response();
  }

  Options options_;
};

}  // namespace colonnade::tests
