#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "measurements.hpp"

namespace colonnade::bench {
namespace {

constexpr int kills_bar = 1000;
constexpr int kills_quick = 10;

// A load of tests/kill.
struct KilledLoad {
  const char* name;
  const char* figure;
  const char* bar;
  int kills_max;  // more say nothing more
  std::vector<std::string> more{};
};

const std::array<KilledLoad, 3>& killed_loads() {
  static const std::array<KilledLoad, 3> loads{{
      {.name = "runs",
       .figure = "kill -9 under load",
       .bar =
           "nothing acknowledged lost, no event twice or missing, no tool run twice, no run stuck",
       .kills_max = kills_bar},
      {.name = "jobs",
       .figure = "kill -9 over a loaded scheduler",
       .bar = "nothing fired twice, nothing lost, no job stuck",
       .kills_max = kills_bar},
      {.name = "budgets",
       .figure = "1,000 runs at once under one cap, kill -9 while models are asked",
       .bar = "no more billed than the cap, nothing reserved afterwards",
       .kills_max = 5,
       .more = {"--clients", "8", "--runs", "1000"}},
  }};
  return loads;
}

struct KillOutcome {
  bool held = false;
  std::string said{};  // the lines that begin with "held", or the end of the output
};

KillOutcome kill_under(const KilledLoad& load, const Setup& setup, int kills) {
  const std::string output = setup.work + "/kill_loop_" + load.name + ".out";
  std::filesystem::remove(output);
  std::vector<std::string> command{setup.programs + "/kill_loop",
                                   "--server",
                                   setup.server,
                                   "--load",
                                   load.name,
                                   "--kills",
                                   std::to_string(kills),
                                   "--work",
                                   setup.fresh_folder("kills_" + std::string(load.name))};
  command.insert(command.end(), load.more.begin(), load.more.end());
  Child child({.command = std::move(command), .environment = {}, .output_file = output});
  KillOutcome out{.held = child.wait(std::chrono::seconds(300 + 5 * kills)) == 0};
  const std::string text = end_of_file(output);
  for (std::size_t at = text.find("held"); at != std::string::npos;
       at = text.find("held", at + 1)) {
    if (at == 0 || text[at - 1] == '\n')
      out.said += " " + text.substr(at, text.find('\n', at) - at);
  }
  if (!out.held) out.said += " It failed; its output ends: " + text;
  return out;
}

}  // namespace

Section measure_kills(const Setup& setup) {
  Section out{.title = "Killed at random moments"};
  for (const KilledLoad& load : killed_loads()) {
    const int wanted = setup.quick ? kills_quick : setup.kills;
    const int kills = std::min(wanted, load.kills_max);
    const KillOutcome outcome = kill_under(load, setup, kills);
    Finding finding{.figure = std::string(load.figure) + ", " + std::to_string(kills) + " times",
                    .bar = load.bar,
                    .measured = outcome.held ? "held" : "broken"};
    // A bar asks for all of its kills; what breaks, breaks with any number of them.
    if (!outcome.held || kills >= load.kills_max) finding.verdict = verdict(outcome.held);
    out.findings.push_back(std::move(finding));
    out.how += std::string(out.how.empty() ? "" : " ") + "`kill_loop --load " + load.name +
               " --kills " + std::to_string(kills) + "` (tests/kill):" + outcome.said;
    out.broken = out.broken || !outcome.held;
  }
  out.how += " The bars of runs and jobs ask for 1,000 kills.";
  return out;
}

}  // namespace colonnade::bench
