#include "dialects/socket_io/packet.hpp"

#include <algorithm>
#include <charconv>

namespace colonnade::dialects::socket_io {
namespace {

using base::ErrorKind;
using base::Result;

constexpr char binary_mark = 'b';  // of a polling packet in base64
constexpr std::string_view root = "/";

std::unexpected<base::Error> bad_packet(const char* why) {
  return base::fail(ErrorKind::invalid, why);
}

// The decimal number at the front, which is taken off; nullopt when there is none or it is too
// large.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t out = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (code != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return out;
}

bool begins_with_digit(std::string_view text) {
  return !text.empty() && text.front() >= '0' && text.front() <= '9';
}

}  // namespace

Result<EnginePacket> read_engine_packet(std::string_view text) {
  if (text.empty()) return bad_packet("An Engine.IO packet must not be empty.");
  const char type = text.front();
  if (type == binary_mark) return bad_packet("Binary packets are not supported; send text.");
  if (type < '0' || type > '6') return bad_packet("The type of an Engine.IO packet is unknown.");
  return EnginePacket{.type = static_cast<EngineType>(type), .body = text.substr(1)};
}

Result<std::vector<EnginePacket>> read_polling_body(std::string_view body) {
  std::vector<EnginePacket> out;
  for (;;) {
    const std::size_t end = std::min(body.find(polling_separator), body.size());
    auto packet = read_engine_packet(body.substr(0, end));
    if (!packet) return base::fail(std::move(packet.error()));
    out.push_back(*packet);
    if (end == body.size()) return out;
    body.remove_prefix(end + 1);
  }
}

Result<Packet> read_packet(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > '6') {
    return bad_packet("The type of a Socket.IO packet is unknown.");
  }
  Packet out{.type = static_cast<PacketType>(text.front())};
  text.remove_prefix(1);
  if (out.is_binary()) {
    const auto attachments = take_number(text);
    if (!attachments || !text.starts_with('-')) {
      return bad_packet("A binary packet must say how many attachments it has.");
    }
    text.remove_prefix(1);
  }
  if (text.starts_with('/')) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view name = text.substr(0, end);
    out.name_space = name.substr(0, name.find('?'));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (begins_with_digit(text)) {
    out.ack_id = take_number(text);
    if (!out.ack_id) return bad_packet("The id of an acknowledgement is too large.");
  }
  if (out.type == PacketType::ack && !out.ack_id) {
    return bad_packet("An acknowledgement must have an id.");
  }
  out.json = text;
  return out;
}

std::string write_packet(PacketType type, std::string_view name_space, std::string_view json,
                         std::optional<std::uint64_t> ack_id) {
  std::string out;
  out.reserve(2 + name_space.size() + 1 + 20 + json.size());
  out += static_cast<char>(EngineType::message);
  out += static_cast<char>(type);
  if (name_space != root) out.append(name_space).append(",");
  if (ack_id) out += std::to_string(*ack_id);
  out += json;
  return out;
}

}  // namespace colonnade::dialects::socket_io
