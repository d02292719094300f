#include "harness/statistics.hpp"
#include "measurements.hpp"
#include "subscribers.hpp"

namespace colonnade::bench {
namespace {

constexpr std::size_t threads = 100;  // the subscribers are spread over so many
constexpr double bar_bytes = 6 * 1024;

}  // namespace

Section measure_idle_subscribers(const Setup& setup) {
  Section out{.title = "Idle subscribers"};
  const std::size_t most = setup.quick ? 1000 : 15'000;
  Loop loop;
  Server server({.binary = setup.server, .data_dir = setup.fresh_folder("idle")});
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < threads; ++i) {
    paths.push_back("/api/v1/threads/" + make_thread(server.target()) + "/stream");
  }
  const std::size_t before = resident_bytes(server.pid());
  Subscribers subscribers(loop);
  double bytes_each = 0;
  for (const std::size_t count : {1000UL, 5000UL, 15'000UL}) {
    if (count > most) break;
    subscribers.open(server.target(), count, paths);
    const std::size_t now = resident_bytes(server.pid());
    bytes_each = static_cast<double>(now - before) / static_cast<double>(count);
    out.rows.push_back({number_text(static_cast<double>(count)),
                        number_text(static_cast<double>(now) / 1024 / 1024),
                        number_text(bytes_each / 1024), std::to_string(subscribers.closed())});
  }
  // All of them must still be there: a message to one thread reaches its share.
  out.findings.push_back(
      {"resident memory of an idle subscriber", "≤ 6 KB, " + number_text(15'000) + " open",
       number_text(bytes_each / 1024) + " KiB at " + number_text(static_cast<double>(most)),
       number_text(static_cast<double>(subscribers.closed())) + " cut off",
       verdict(bytes_each <= bar_bytes && subscribers.closed() == 0 && most == 15'000)});
  out.how =
      "Event streams on " + std::to_string(threads) +
      " threads, each open and past `ready`, nothing happening. Resident memory of the server "
      "above what it had before the first, divided by their number. The kernel's socket "
      "memory is not in it. Server resident before: " +
      number_text(static_cast<double>(before) / 1024 / 1024) + " MiB.";
  out.header = {"open", "resident, MiB", "KiB each", "cut off"};
  return out;
}

}  // namespace colonnade::bench
