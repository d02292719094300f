// Limits of Socket.IO connections, of every dialect that is served over them.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr auto socket_io_ping_interval = 25s;  // platos §3.2, as all three
constexpr auto socket_io_ping_timeout = 10s;
constexpr std::size_t socket_io_payload_bytes_max = 1'000'000;  // one packet, or one polling body
constexpr std::size_t socket_io_events_waiting_max = 64;        // of one client, until handled
constexpr std::size_t socket_io_event_bytes_waiting_max = 1 * MiB;
constexpr std::size_t socket_io_namespaces_max = 4;  // that one client is in at a time
constexpr auto socket_io_join_time_max = 15s;        // from the connection to the first join
// Clients that have not joined are nobody's yet: they are counted by address.
constexpr std::size_t socket_io_unjoined_per_address_max = 512;
constexpr std::size_t socket_io_unjoined_max = 4096;
constexpr std::size_t socket_io_polling_per_address_max = 512;  // clients on the polling transport
constexpr std::size_t socket_io_polling_max = 4096;
constexpr std::size_t socket_io_polling_packets_max = 256;  // not fetched yet
constexpr std::size_t socket_io_polling_bytes_max = 1 * MiB;

}  // namespace colonnade::limits
