// The packets of Engine.IO 4 and of Socket.IO 5 (its protocol's number; the library is Socket.IO
// 4), without a socket. Binary attachments are recognised and refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace colonnade::dialects::socket_io {

// The first character of an Engine.IO packet.
enum class EngineType : char {
  open = '0',
  close = '1',
  ping = '2',
  pong = '3',
  message = '4',
  upgrade = '5',
  noop = '6',
};

struct EnginePacket {
  EngineType type = EngineType::noop;
  std::string_view body{};  // of the text that was read
};
// invalid for an empty text or an unknown type.
base::Result<EnginePacket> read_engine_packet(std::string_view text);

// The packets of one body of the polling transport. invalid for one that is no packet, and for
// binary ones.
base::Result<std::vector<EnginePacket>> read_polling_body(std::string_view body);
// Between two packets of such a body.
constexpr char polling_separator = '\x1E';

enum class PacketType : char {
  connect = '0',
  disconnect = '1',
  event = '2',
  ack = '3',
  connect_error = '4',
  binary_event = '5',
  binary_ack = '6',
};

// What a message of Engine.IO carries.
struct Packet {
  PacketType type = PacketType::event;
  std::string name_space{"/"};            // without its query
  std::optional<std::uint64_t> ack_id{};  // the sender wants an acknowledgement, or this is one
  std::string_view json{};                // "" for none; of the text that was read

  bool is_binary() const {
    return type == PacketType::binary_event || type == PacketType::binary_ack;
  }
};
// `text` is the body of an EngineType::message. invalid for what is no packet; whether `json` is
// JSON is not looked at.
base::Result<Packet> read_packet(std::string_view text);

// A whole Engine.IO message: type, namespace, id, JSON. "42/agent,["connected",{}]".
std::string write_packet(PacketType type, std::string_view name_space, std::string_view json,
                         std::optional<std::uint64_t> ack_id = {});

}  // namespace colonnade::dialects::socket_io
