#include <filesystem>
#include <stdexcept>

#include "measurements.hpp"

namespace colonnade::bench {

Section measure_kills(const Setup& setup) {
  const int kills = setup.quick ? 10 : setup.kills;
  const std::string output = setup.work + "/kill_loop.out";
  std::filesystem::remove(output);
  Child child({.command = {setup.programs + "/kill_loop", "--server", setup.server, "--kills",
                           std::to_string(kills), "--work", setup.fresh_folder("kills")},
               .environment = {},
               .output_file = output});
  const auto status = child.wait(std::chrono::seconds(60 + 5 * kills));
  std::string said;  // the lines that begin with "held"
  const std::string text = end_of_file(output);
  for (std::size_t at = text.find("held"); at != std::string::npos;
       at = text.find("held", at + 1)) {
    said += " " + text.substr(at, text.find('\n', at) - at);
  }
  Section out{.title = "Killed at random moments"};
  out.findings.push_back(
      {"kill -9 under load, " + std::to_string(kills) + " times",
       "nothing acknowledged lost, no event twice or missing, no tool run twice, "
       "no run stuck",
       status == 0 ? "held" : "broken", "", verdict(status == 0 && kills >= 1000)});
  if (status == 0 && kills < 1000) out.findings.back().verdict = Verdict::no_bar;
  out.how = "`kill_loop --kills " + std::to_string(kills) + "` (tests/kill):" + said +
            " The bar asks for 1,000 kills.";
  out.broken = status != 0;
  if (out.broken) out.how += " It failed; its output ends: " + end_of_file(output);
  return out;
}

}  // namespace colonnade::bench
