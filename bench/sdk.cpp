#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "harness/statistics.hpp"
#include "measurements.hpp"

namespace colonnade::bench {

// The figures come from a program of its own, so that nothing here is linked with the SDK.
Section measure_sdk(const Setup& setup) {
  const std::string output = setup.work + "/sdk_bench.out";
  std::filesystem::remove(output);
  std::vector<double> scripted;
  std::vector<double> loopback;
  for (int round = 0; round < setup.rounds; ++round) {
    Child child({.command = {setup.programs + "/sdk_bench", setup.quick ? "20000" : "200000"},
                 .environment = {},
                 .output_file = output,
                 .cpu = setup.load_cpu});
    if (child.wait(std::chrono::seconds(120)) != 0) throw std::runtime_error("sdk_bench failed");
    const std::string text = end_of_file(output);
    const std::size_t line = text.rfind("scripted ");
    char* end = nullptr;
    scripted.push_back(std::strtod(text.c_str() + line + 9, &end));
    loopback.push_back(std::strtod(end + std::string(" loopback ").size(), nullptr));
  }
  Section out{.title = "SDK"};
  out.findings.push_back({"SDK, CPU for a streamed event", "≤ 1 µs",
                          number_text(median(scripted)) + " µs",
                          "over a loopback connection " + number_text(median(loopback)) + " µs",
                          verdict(median(scripted) <= 1)});
  out.how =
      "`colonnade::fathom::Client` reads one thread's stream of `agent_delta` events, as a range "
      "of typed events; processor time of the whole process, divided by the events. *Scripted*: "
      "the bytes come from a transport in memory, so this is parsing and decoding alone. "
      "*Loopback*: from a server on this machine, with the HTTP client's and the kernel's "
      "share. The bar means the former.";
  out.header = {"transport", "CPU µs an event"};
  out.rows = {{"scripted", number_text(median(scripted))},
              {"loopback", number_text(median(loopback))}};
  return out;
}

}  // namespace colonnade::bench
