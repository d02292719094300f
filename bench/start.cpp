#include "harness/statistics.hpp"
#include "measurements.hpp"

namespace colonnade::bench {

Started start_once(const Setup& setup, const std::string& folder) {
  Server server({.binary = setup.server, .data_dir = folder, .port = free_port()});
  const double mib = static_cast<double>(resident_bytes(server.pid())) / 1024 / 1024;
  const double ms = static_cast<double>(server.start_time().count()) / 1000;
  return {.ms = ms, .mib = mib, .stopped_well = server.stop()};
}

Section measure_start(const Setup& setup) {
  const int count = setup.quick ? 3 : 20;
  std::vector<double> first;
  std::vector<double> later;
  std::vector<double> mib;
  int stopped_badly = 0;
  for (int i = 0; i < count; ++i) {
    const std::string folder = setup.fresh_folder("start");
    const Started empty = start_once(setup, folder);
    const Started used = start_once(setup, folder);
    first.push_back(empty.ms);
    later.push_back(used.ms);
    mib.push_back(used.mib);
    stopped_badly += (empty.stopped_well ? 0 : 1) + (used.stopped_well ? 0 : 1);
  }
  Section out{.title = "Start"};
  out.findings.push_back({"start to first answer", "≤ 50 ms", number_text(median(later)) + " ms",
                          "on an empty folder " + number_text(median(first)) + " ms",
                          verdict(median(later) <= 50)});
  out.findings.push_back({"resident memory when idle", "≤ 16 MB", number_text(median(mib)) + " MiB",
                          "", verdict(median(mib) * 1024 * 1024 <= 16e6)});
  out.how = "From fork to the first 200 of `GET /api/v1/health`, asked for every 0.2 ms; " +
            std::to_string(count) +
            " starts each on a fresh folder (the store and the token are "
            "made) and on one that was used, medians. Memory right after that answer. " +
            std::to_string(stopped_badly) + " of these servers did not end with code 0 on SIGTERM.";
  out.header = {"folder", "median, ms", "worst, ms"};
  out.rows = {{"fresh", number_text(median(first)), number_text(percentile(first, 1))},
              {"used", number_text(median(later)), number_text(percentile(later, 1))}};
  return out;
}

}  // namespace colonnade::bench
