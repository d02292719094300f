#include <cstdio>
#include <filesystem>
#include <stdexcept>

#include "harness/statistics.hpp"
#include "measurements.hpp"

namespace colonnade::bench {

// The figures come from a program of its own, so that nothing here is linked with the SDK.
Section measure_sdk(const Setup& setup) {
  const std::string output = setup.work + "/sdk_bench.out";
  std::vector<double> each;
  std::vector<double> gathered;
  std::vector<double> loopback;
  for (int round = 0; round < setup.rounds; ++round) {
    std::filesystem::remove(output);
    Child child({.command = {setup.programs + "/sdk_bench", setup.quick ? "20000" : "200000"},
                 .environment = {},
                 .output_file = output});
    double figures[3] = {};
    if (child.wait(std::chrono::seconds(120)) != 0 ||
        std::sscanf(end_of_file(output).c_str(), "each %lf gathered %lf loopback %lf", &figures[0],
                    &figures[1], &figures[2]) != 3) {
      throw std::runtime_error("sdk_bench failed: " + end_of_file(output));
    }
    each.push_back(figures[0]);
    gathered.push_back(figures[1]);
    loopback.push_back(figures[2]);
  }
  Section out{.title = "SDK"};
  out.findings.push_back(
      {"SDK, CPU for a streamed event", "≤ 1 µs", number_text(median(gathered)) + " µs",
       "an event a read: " + number_text(median(each)) + " µs", verdict(median(gathered) <= 1)});
  out.how =
      "`colonnade::fathom::Client` reads one thread's stream of `agent_delta` events as a range of "
      "typed events; processor time of the reading thread, divided by the events. From memory, 16 "
      "KiB a read (the bar) or one event a read; and over a loopback connection, with the HTTP "
      "client's and the kernel's share.";
  out.header = {"bytes come", "CPU µs an event"};
  out.rows = {{"from memory, 16 KiB a read", number_text(median(gathered))},
              {"from memory, an event a read", number_text(median(each))},
              {"over loopback", number_text(median(loopback))}};
  return out;
}

}  // namespace colonnade::bench
