#include "harness/statistics.hpp"
#include "measurements.hpp"
#include "platos_users.hpp"
#include "socket_clients.hpp"

namespace colonnade::bench {
namespace {

constexpr double bar_bytes = 4 * 1024;

}  // namespace

Section measure_idle_sockets(const Setup& setup) {
  Section out{.title = "Idle Socket.IO clients"};
  const std::size_t most = setup.quick ? 1000 : 15'000;
  Loop loop;
  Server server({.binary = setup.server,
                 .data_dir = setup.fresh_folder("idle-sockets"),
                 .arguments = with_entity(setup)});
  const std::uint16_t port = server.target().port;
  const std::vector<std::string> tokens = session_tokens(port, most);
  const std::size_t before = resident_bytes(server.pid());
  SocketClients clients(loop);
  double bytes_each = 0;
  for (const std::size_t count : {1000UL, 5000UL, 15'000UL}) {
    if (count > most) break;
    clients.open(port, count, tokens, "");
    const std::size_t now = resident_bytes(server.pid());
    bytes_each = static_cast<double>(now - before) / static_cast<double>(count);
    out.rows.push_back({number_text(static_cast<double>(count)),
                        number_text(static_cast<double>(now) / 1024 / 1024),
                        number_text(bytes_each / 1024), std::to_string(clients.closed())});
  }
  out.findings.push_back(
      {"resident memory of an idle Socket.IO client", "≤ 4 KB, " + number_text(15'000) + " open",
       number_text(bytes_each / 1024) + " KiB at " + number_text(static_cast<double>(most)),
       number_text(static_cast<double>(clients.closed())) + " cut off",
       verdict(bytes_each <= bar_bytes && clients.closed() == 0 && most == 15'000)});
  out.how =
      "WebSockets with Socket.IO on them, each let into `/agent` by the session token of a user of "
      "its own and past `connected`, nothing happening. Resident memory of the server above what "
      "it had before the first, divided by their number. The kernel's socket memory is not in it. "
      "Server resident before: " +
      number_text(static_cast<double>(before) / 1024 / 1024) + " MiB.";
  out.header = {"open", "resident, MiB", "KiB each", "cut off"};
  return out;
}

}  // namespace colonnade::bench
