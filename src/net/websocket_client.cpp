#include "net/websocket_client.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

#include "base/base64.hpp"
#include "base/random.hpp"
#include "net/limits.hpp"

namespace colonnade::net {
namespace {

constexpr std::string_view accept_suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 §1.3
constexpr std::size_t key_bytes = 16;
constexpr std::string_view head_end = "\r\n\r\n";

// SHA-1 (FIPS 180-4): here it only tells a WebSocket server from one that repeats what it is told,
// and the SDK links no library that has it.
std::array<unsigned char, 20> sha1(std::string text) {
  std::array<std::uint32_t, 5> state{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  const std::uint64_t bits = text.size() * 8;
  text += '\x80';
  while (text.size() % 64 != 56) text += '\0';
  for (int shift = 56; shift >= 0; shift -= 8) text += static_cast<char>(bits >> shift);
  for (std::size_t block = 0; block < text.size(); block += 64) {
    std::array<std::uint32_t, 80> w{};
    for (std::size_t i = 0; i < 16; ++i) {
      for (std::size_t j = 0; j < 4; ++j) {
        w[i] = (w[i] << 8) | static_cast<unsigned char>(text[block + 4 * i + j]);
      }
    }
    for (std::size_t i = 16; i < 80; ++i) {
      w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    }
    auto [a, b, c, d, e] = state;
    for (std::size_t i = 0; i < 80; ++i) {
      std::uint32_t f = b ^ c ^ d;
      std::uint32_t k = i < 40 ? 0x6ED9EBA1 : 0xCA62C1D6;
      if (i < 20) {
        f = (b & c) | (~b & d);
        k = 0x5A827999;
      } else if (i >= 40 && i < 60) {
        f = (b & c) | (b & d) | (c & d);
        k = 0x8F1BBCDC;
      }
      const std::uint32_t next = std::rotl(a, 5) + f + e + k + w[i];
      e = d;
      d = c;
      c = std::rotl(b, 30);
      b = a;
      a = next;
    }
    state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e};
  }
  std::array<unsigned char, 20> digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<unsigned char>(state[i / 4] >> (24 - 8 * (i % 4)));
  }
  return digest;
}

template <std::size_t size>
std::string_view text_of(const std::array<unsigned char, size>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, to_lower, to_lower);
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Whether a header that is a list has this word.
bool lists_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (same_word(without_blanks(list.substr(0, comma)), word)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

std::string_view header_of(const WebSocketClient::Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (same_word(key, name)) return value;
  }
  return {};
}

}  // namespace

std::string websocket_accept_value(std::string_view key) {
  return base::to_base64(text_of(sha1(std::string(key) + std::string(accept_suffix))));
}

WebSocketClient::WebSocketClient(std::string_view url, const Headers& headers,
                                 std::size_t message_bytes_max)
    : reader_(WebSocketRole::client, message_bytes_max) {
  std::array<unsigned char, key_bytes> random{};
  base::fill_random(random);
  key_ = base::to_base64(text_of(random));
  const std::size_t scheme = url.find("://");
  const std::string_view rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  const std::size_t slash = std::min(rest.find_first_of("/?"), rest.size());
  std::string target(rest.substr(slash));
  if (target.empty() || target.front() != '/') target.insert(0, 1, '/');
  output_ = "GET " + target + " HTTP/1.1\r\nHost: " + std::string(rest.substr(0, slash)) +
            "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
            "\r\nSec-WebSocket-Key: " +
            key_ + "\r\n";
  for (const auto& [name, value] : headers) {
    output_.append(name).append(": ").append(value).append("\r\n");
  }
  output_ += "\r\n";
}

void WebSocketClient::sent(std::size_t bytes) {
  output_sent_ += bytes;
  if (output_sent_ < output_.size()) return;
  output_.clear();
  output_sent_ = 0;
  if (next_pong_) put_frame(WebSocketOpcode::pong, *std::exchange(next_pong_, std::nullopt));
}

void WebSocketClient::put_frame(WebSocketOpcode opcode, std::string_view payload) {
  WebSocketMask mask{};
  base::fill_random(mask);
  output_ += websocket_frame(opcode, payload, &mask);
}

void WebSocketClient::send_text(std::string_view text) {
  if (open() && !close_sent_) put_frame(WebSocketOpcode::text, text);
}

void WebSocketClient::close(std::uint16_t code, std::string_view reason) {
  if (!answered_ || status_ != switching_protocols || close_sent_) return;
  put_frame(WebSocketOpcode::close, websocket_close_payload(code, reason));
  close_sent_ = true;
  next_pong_.reset();
}

void WebSocketClient::fail(std::string why) {
  if (fault_.empty()) fault_ = std::move(why);
  ended_ = true;
  answered_ = true;
}

void WebSocketClient::receive(std::string_view bytes) {
  if (ended_) return;
  if (!head_read_) receive_head(bytes);
  if (ended_ || !head_read_) return;
  if (status_ == switching_protocols) {
    receive_frames(bytes);
  } else {
    receive_body(bytes);
  }
}

void WebSocketClient::receive_end() {
  if (ended_) return;
  if (head_read_ && status_ != switching_protocols) {
    answered_ = true;
    ended_ = true;
    return;
  }
  fail(head_read_ ? "the connection ended without a close frame"
                  : "the connection ended before the server answered the handshake");
}

// Takes the head off the front of `bytes`. Of interim answers, which only the next one follows, all
// together may have as many bytes as one head.
void WebSocketClient::receive_head(std::string_view& bytes) {
  for (;;) {
    const std::size_t held = head_.size();
    head_ += bytes;
    const std::size_t end = head_.find(head_end);
    const std::size_t size = interim_bytes_ + std::min(end, head_.size());
    if (size > limits::client_header_bytes_max) {
      fail("the answer to the handshake is too large");
      return;
    }
    if (end == std::string::npos) return;
    bytes.remove_prefix(end + head_end.size() - held);
    head_.resize(end);
    parse_head(head_);
    if (ended_) return;
    if (status_ >= 200 || status_ == switching_protocols) break;
    interim_bytes_ += end + head_end.size();
    head_.clear();
    headers_.clear();
  }
  head_read_ = true;
  if (status_ == switching_protocols) {
    check_switch();
    return;
  }
  std::size_t size = 0;
  const std::string_view length = header_of(headers_, "Content-Length");
  const auto parsed = std::from_chars(length.data(), length.data() + length.size(), size);
  if (!length.empty() && parsed.ec == std::errc{}) body_bytes_ = size;
}

void WebSocketClient::parse_head(std::string_view head) {
  std::size_t line_end = std::min(head.find("\r\n"), head.size());
  const std::string_view status_line = head.substr(0, line_end);
  const std::size_t space = status_line.find(' ');
  int status = 0;
  if (status_line.starts_with("HTTP/1.") && space != std::string_view::npos) {
    const std::string_view digits = status_line.substr(space + 1, 3);
    std::from_chars(digits.data(), digits.data() + digits.size(), status);
  }
  if (status < 100) {
    fail("the peer does not answer in HTTP");
    return;
  }
  status_ = status;
  while (line_end < head.size()) {
    head.remove_prefix(line_end + 2);
    line_end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, line_end);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    headers_.emplace_back(line.substr(0, colon), without_blanks(line.substr(colon + 1)));
  }
}

void WebSocketClient::check_switch() {
  answered_ = true;
  if (!lists_word(header_of(headers_, "Upgrade"), "websocket") ||
      !lists_word(header_of(headers_, "Connection"), "upgrade") ||
      header_of(headers_, "Sec-WebSocket-Accept") != websocket_accept_value(key_)) {
    fail("the server switched protocols, but not to the WebSocket that was asked for");
  } else if (!header_of(headers_, "Sec-WebSocket-Extensions").empty()) {
    fail("the server uses a WebSocket extension that was not offered");
  }
}

void WebSocketClient::receive_body(std::string_view bytes) {
  const std::size_t wanted = std::min(body_bytes_.value_or(limits::upstream_error_body_bytes_max),
                                      limits::upstream_error_body_bytes_max);
  body_ += bytes.substr(0, wanted - body_.size());
  if (body_.size() < wanted) return;
  answered_ = true;
  ended_ = true;
}

// Of the pings of a peer that does not read, the newest is answered (RFC 6455 §5.5.3).
void WebSocketClient::answer_ping(std::string_view payload) {
  if (close_sent_) return;
  if (output().size() < limits::client_websocket_pong_bytes_waiting) {
    put_frame(WebSocketOpcode::pong, payload);
  } else {
    next_pong_ = payload;
  }
}

void WebSocketClient::receive_frames(std::string_view bytes) {
  while (auto input = reader_.next(bytes)) {
    if (auto* message = std::get_if<WebSocketMessage>(&*input)) {
      held_bytes_ += message->bytes.size();
      inputs_.push_back({.text = std::move(message->bytes)});
    } else if (const auto* ping = std::get_if<WebSocketPing>(&*input)) {
      answer_ping(ping->bytes);
    } else if (auto* closed = std::get_if<WebSocketClose>(&*input)) {
      close(closed->code == websocket_close::no_code ? websocket_close::normal : closed->code);
      inputs_.push_back(
          {.closed = true, .code = closed->code, .close_reason = std::move(closed->reason)});
      ended_ = true;
      return;
    } else if (const auto* fault = std::get_if<WebSocketFault>(&*input)) {
      close(fault->code, fault->reason);
      fail(std::string("the server broke a rule of WebSockets: ") + fault->reason);
      return;
    }
  }
}

SocketInput WebSocketClient::take_input() {
  SocketInput input = std::move(inputs_.front());
  inputs_.pop_front();
  held_bytes_ -= input.text.size();
  return input;
}

}  // namespace colonnade::net
