#include "net/websocket_frames.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/utf8.hpp"

namespace colonnade::net {
namespace {

constexpr unsigned final_bit = 0x80;
constexpr unsigned reserved_bits = 0x70;
constexpr unsigned opcode_bits = 0x0F;
constexpr unsigned mask_bit = 0x80;
constexpr unsigned length_bits = 0x7F;
constexpr unsigned length_of_two_bytes = 126;  // the length follows in two bytes
constexpr unsigned length_of_eight_bytes = 127;
constexpr std::size_t control_bytes_max = 125;
constexpr std::size_t close_code_bytes = 2;

bool is_control(WebSocketOpcode opcode) { return opcode >= WebSocketOpcode::close; }

std::uint64_t big_endian(std::span<const unsigned char> bytes) {
  std::uint64_t out = 0;
  for (const unsigned char byte : bytes) out = out << 8 | byte;
  return out;
}

WebSocketFault protocol_error(const char* reason) {
  return {.code = websocket_close::protocol_error, .reason = reason};
}

}  // namespace

bool is_websocket_close_code(std::uint16_t code) {
  constexpr std::uint16_t reserved = 1004;
  if (code >= 3000 && code <= 4999) return true;  // registered and private ones
  return code >= websocket_close::normal && code <= 1014 && code != reserved &&
         code != websocket_close::no_code && code != websocket_close::abnormal;
}

// --- reading
// ---------------------------------------------------------------------------------------

WebSocketReader::WebSocketReader(WebSocketRole role, std::size_t message_bytes_max)
    : message_bytes_max_(message_bytes_max), role_(role) {}

std::optional<WebSocketInput> WebSocketReader::next(std::string_view& bytes) {
  while (!ended_ && !bytes.empty()) {
    if (!head_read_) {
      if (const Fault fault = read_head(bytes)) return fail(*fault);
      if (!head_read_) return std::nullopt;
    }
    read_payload(bytes);
    if (left_ > 0) return std::nullopt;
    if (auto done = end_frame()) return done;
  }
  if (ended_) bytes = {};
  return std::nullopt;
}

// As far as it is known: the second byte says how long the length is.
std::size_t WebSocketReader::head_bytes_needed() const {
  if (head_size_ < 2) return 2;
  const unsigned length = head_[1] & length_bits;
  std::size_t out = 2;
  if (length == length_of_two_bytes) out += 2;
  if (length == length_of_eight_bytes) out += 8;
  if ((head_[1] & mask_bit) != 0) out += mask_.size();
  return out;
}

// A head whose first two bytes cannot be right is not waited for.
WebSocketReader::Fault WebSocketReader::read_head(std::string_view& bytes) {
  while (head_size_ < head_bytes_needed()) {
    if (bytes.empty()) return std::nullopt;
    head_[head_size_++] = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (head_size_ != 2) continue;
    if (const Fault fault = judge_start()) return fault;
  }
  return begin_frame();
}

WebSocketReader::Fault WebSocketReader::judge_start() {
  const unsigned code = head_[0] & opcode_bits;
  const unsigned length = head_[1] & length_bits;
  opcode_ = static_cast<WebSocketOpcode>(code);
  final_ = (head_[0] & final_bit) != 0;
  if ((head_[0] & reserved_bits) != 0) return protocol_error("a reserved bit is set");
  if (code > 10 || (code > 2 && code < 8)) return protocol_error("the opcode is reserved");
  if (is_control(opcode_)) {
    if (!final_) return protocol_error("a control frame is fragmented");
    if (length > control_bytes_max) {
      return protocol_error("a control frame is longer than 125 bytes");
    }
    if (opcode_ == WebSocketOpcode::close && length == 1) {
      return protocol_error("a close frame has half a code");
    }
  } else if ((opcode_ == WebSocketOpcode::continuation) != message_under_way_) {
    return protocol_error(message_under_way_ ? "a message begins inside another"
                                             : "a message is continued that has not begun");
  }
  const bool masked = (head_[1] & mask_bit) != 0;
  if (masked != (role_ == WebSocketRole::server)) {
    return protocol_error(masked ? "a server's frame is masked" : "a client's frame is not masked");
  }
  return std::nullopt;
}

WebSocketReader::Fault WebSocketReader::begin_frame() {
  std::span<const unsigned char> rest(head_.data() + 2, head_size_ - 2U);
  if (role_ == WebSocketRole::server) {
    std::ranges::copy(rest.last(mask_.size()), mask_.begin());
    rest = rest.first(rest.size() - mask_.size());
  }
  const std::uint64_t length = rest.empty() ? head_[1] & length_bits : big_endian(rest);
  // What a message holds so far is within its limit, so the difference is not negative.
  if (!is_control(opcode_) && length > message_bytes_max_ - message_.size()) {
    return WebSocketFault{.code = websocket_close::message_too_big,
                          .reason = "the message is too big"};
  }
  left_ = length;
  head_read_ = true;
  if (opcode_ == WebSocketOpcode::text || opcode_ == WebSocketOpcode::binary) {
    message_under_way_ = true;
    binary_ = opcode_ == WebSocketOpcode::binary;
  }
  return std::nullopt;
}

void WebSocketReader::read_payload(std::string_view& bytes) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  if (count == 0) return;
  std::string& into = is_control(opcode_) ? control_ : message_;
  const std::size_t at = into.size();
  into.append(bytes.substr(0, count));
  bytes.remove_prefix(count);
  left_ -= count;
  if (role_ == WebSocketRole::client) return;
  const std::span<char> added(into.data() + at, count);
  apply_websocket_mask(added, mask_);
  std::ranges::rotate(mask_, mask_.begin() + static_cast<std::ptrdiff_t>(count % mask_.size()));
}

std::optional<WebSocketInput> WebSocketReader::end_frame() {
  head_size_ = 0;
  head_read_ = false;
  if (is_control(opcode_)) return end_control_frame();
  if (!final_) return std::nullopt;
  message_under_way_ = false;
  WebSocketMessage message{.binary = binary_, .bytes = std::exchange(message_, {})};
  if (!binary_ && !base::is_valid_utf8(message.bytes)) {
    return fail({.code = websocket_close::invalid_text, .reason = "the text is not UTF-8"});
  }
  return message;
}

WebSocketInput WebSocketReader::end_control_frame() {
  std::string payload = std::exchange(control_, {});
  if (opcode_ == WebSocketOpcode::ping) return WebSocketPing{std::move(payload)};
  if (opcode_ == WebSocketOpcode::pong) return WebSocketPong{std::move(payload)};
  return read_close(payload);
}

WebSocketInput WebSocketReader::read_close(std::string_view payload) {
  if (payload.empty()) {
    ended_ = true;
    return WebSocketClose{};
  }
  const auto* const first = reinterpret_cast<const unsigned char*>(payload.data());
  const auto code = static_cast<std::uint16_t>(big_endian({first, close_code_bytes}));
  const std::string_view reason = payload.substr(close_code_bytes);
  if (!is_websocket_close_code(code)) return fail(protocol_error("the close code is reserved"));
  if (!base::is_valid_utf8(reason)) {
    return fail({.code = websocket_close::invalid_text, .reason = "the close reason is not UTF-8"});
  }
  ended_ = true;
  return WebSocketClose{.code = code, .reason = std::string(reason)};
}

WebSocketInput WebSocketReader::fail(WebSocketFault fault) {
  ended_ = true;
  std::string().swap(message_);
  std::string().swap(control_);
  return fault;
}

// --- writing
// ---------------------------------------------------------------------------------------

WebSocketFrameHead websocket_frame_head(WebSocketOpcode opcode, std::uint64_t payload_bytes,
                                        const WebSocketMask* mask) {
  WebSocketFrameHead out;
  const auto add = [&out](std::uint64_t byte) {
    out.bytes[out.size++] = static_cast<char>(byte & 0xFF);
  };
  const unsigned mask_flag = mask != nullptr ? mask_bit : 0;
  add(final_bit | static_cast<unsigned>(opcode));
  if (payload_bytes < length_of_two_bytes) {
    add(mask_flag | payload_bytes);
  } else if (payload_bytes <= 0xFFFF) {
    add(mask_flag | length_of_two_bytes);
    add(payload_bytes >> 8);
    add(payload_bytes);
  } else {
    add(mask_flag | length_of_eight_bytes);
    for (int shift = 56; shift >= 0; shift -= 8) add(payload_bytes >> shift);
  }
  if (mask != nullptr) {
    for (const unsigned char byte : *mask) add(byte);
  }
  return out;
}

// Eight bytes at a time; the mask's period divides eight.
void apply_websocket_mask(std::span<char> bytes, const WebSocketMask& mask, std::size_t offset) {
  std::array<unsigned char, 8> pattern{};
  for (std::size_t i = 0; i < pattern.size(); ++i) pattern[i] = mask[(i + offset) % mask.size()];
  std::uint64_t word = 0;
  std::memcpy(&word, pattern.data(), sizeof word);
  std::size_t at = 0;
  for (; at + sizeof word <= bytes.size(); at += sizeof word) {
    std::uint64_t part = 0;
    std::memcpy(&part, bytes.data() + at, sizeof part);
    part ^= word;
    std::memcpy(bytes.data() + at, &part, sizeof part);
  }
  for (std::size_t i = 0; at < bytes.size(); ++at, ++i) {
    bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ pattern[i]);
  }
}

std::string websocket_close_payload(std::uint16_t code, std::string_view reason) {
  if (code == websocket_close::no_code) return {};
  std::string out{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  out += base::cut_utf8(reason, control_bytes_max - close_code_bytes);
  return out;
}

std::string websocket_frame(WebSocketOpcode opcode, std::string_view payload,
                            const WebSocketMask* mask) {
  const WebSocketFrameHead head = websocket_frame_head(opcode, payload.size(), mask);
  std::string out(head.view());
  out += payload;
  if (mask != nullptr) apply_websocket_mask(std::span(out).subspan(head.size), *mask);
  return out;
}

}  // namespace colonnade::net
