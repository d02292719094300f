// The Socket.IO packets of Platos and the events in them, both ways. Knows no connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "colonnade/platos.hpp"

namespace colonnade::inline v1::platos::wire {

enum class PacketKind {
  open,     // Engine.IO's first
  close,    // Engine.IO's last
  ping,     // to be answered with "3" and the same data
  joined,   // the namespace
  left,     // the server has put us out of it
  refused,  // the namespace
  event,    // see read_event()
  unimportant,
};
struct Packet {
  PacketKind kind = PacketKind::unimportant;
  std::string_view data{};  // JSON, into the text it was read from
};
Packet read_packet(std::string_view text);

// Silence from the server that means it is gone; nullopt when the packet does not say.
std::optional<std::int64_t> silence_ms(std::string_view open_data);
// What a refusal says.
struct Refused {
  int status = 0;
  std::string code{};
  std::string message{};
};
Refused read_refused(std::string_view data);

// An event of the socket, and what decides where it goes.
struct Incoming {
  std::string name{};  // agent_event, connected, error, done …
  std::string type{};  // of an agent_event
  std::string thread_id{};
  std::string code{};
  std::string message{};
  std::string approval_id{};
  int status = 0;
  std::int64_t seq = 0;  // 0: not numbered
  Event event{};         // of agent_event, error and done
};
std::optional<Incoming> read_event(std::string_view data);

std::string join(const Json& credentials);
std::string send_message(std::string_view thread_id, std::string_view message,
                         const SendOptions& options);
std::string resume(std::string_view thread_id, std::int64_t last_seq);
std::string stop(std::string_view thread_id);

}  // namespace colonnade::inline v1::platos::wire
