// Measures what Colonnade promises, beside what it is compared with, and prints one Markdown table.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/nginx.hpp"
#include "harness/sockets.hpp"
#include "measurements.hpp"

namespace colonnade::bench {
namespace {

struct Measurement {
  const char* name;
  Section (*measure)(const Setup&);
};

constexpr Measurement measurements[] = {
    {"latency", measure_latency},
    {"runs", measure_runs},
    {"wires", measure_wires},
    {"reads", measure_reads},
    {"fan-out", measure_fan_out},
    {"socket-fan-out", measure_socket_fan_out},
    {"idle", measure_idle_subscribers},
    {"idle-sockets", measure_idle_sockets},
    {"start", measure_start},
    {"sdk", measure_sdk},
    {"gate", measure_gate},
    {"memory", measure_memory},
    {"search", measure_search},
    {"context", measure_context},
    {"schedules", measure_schedules},
    {"jobs", measure_jobs},
    {"mcp", measure_mcp},
    {"kills", measure_kills},
};

constexpr const char* usage =
    "usage: colonnade_bench --server <program> [--work <folder>] [--quick] [--only a,b]\n"
    "                       [--rounds n] [--kills n] [--write <file>]\n"
    "       colonnade_bench --server <program> --baseline <program> [--baseline-name <commit>]\n"
    "                       [--pairs n] [--work <folder>] [--quick] [--write <file>]\n"
    "measurements: latency runs wires reads fan-out socket-fan-out idle idle-sockets start sdk\n"
    "              gate memory search context schedules jobs mcp kills\n";

struct Arguments {
  Setup setup{};
  std::string only{};
  std::string write{};
};

bool parse(int argc, char** argv, Arguments& out) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--quick") {
      out.setup.quick = true;
      out.setup.rounds = 1;
      out.setup.pairs = 1;
      continue;
    }
    if (i + 1 == argc) return false;
    const std::string value = argv[++i];
    if (name == "--server") {
      out.setup.server = std::filesystem::absolute(value);
    } else if (name == "--work") {
      out.setup.work = std::filesystem::absolute(value);
    } else if (name == "--only") {
      out.only = "," + value + ",";
    } else if (name == "--write") {
      out.write = value;
    } else if (name == "--rounds") {
      out.setup.rounds = std::atoi(value.c_str());
    } else if (name == "--baseline") {
      out.setup.baseline = std::filesystem::absolute(value);
    } else if (name == "--baseline-name") {
      out.setup.baseline_name = value;
    } else if (name == "--pairs") {
      out.setup.pairs = std::atoi(value.c_str());
    } else if (name == "--kills") {
      out.setup.kills = std::atoi(value.c_str());
    } else {
      return false;
    }
  }
  return !out.setup.server.empty() && out.setup.rounds > 0 && out.setup.pairs > 0;
}

// The comparison with an older program is a report of its own: a figure that got worse in every
// pair is a failure.
int run_against(const Arguments& arguments, const std::string& load_before) {
  const Section section = measure_against(arguments.setup);
  const std::string text = markdown({section}, machine_text(arguments.setup.work, load_before));
  std::fputs(text.c_str(), stdout);
  if (!arguments.write.empty()) write_between_markers(arguments.write, "compared", text);
  std::filesystem::remove_all(arguments.setup.work);
  return std::ranges::any_of(
      section.findings, [](const Finding& finding) { return finding.verdict == Verdict::missed; });
}

int run(Arguments& arguments) {
  Setup& setup = arguments.setup;
  setup.programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  if (setup.work.empty()) setup.work = setup.programs + "/work";
  std::filesystem::remove_all(setup.work);
  std::filesystem::create_directories(setup.work);
  if (::sysconf(_SC_NPROCESSORS_ONLN) > 1) {
    setup.measured_cpu = 0;
    setup.load_cpu = 1;
  }
  raise_open_files();
  const std::string load_before = load_text();
  if (!setup.baseline.empty()) return run_against(arguments, load_before);
  std::vector<Section> sections;
  int failures = 0;
  for (const auto& [name, measure] : measurements) {
    if (!arguments.only.empty() && !arguments.only.contains("," + std::string(name) + ","))
      continue;
    std::fprintf(stderr, "measuring %s\n", name);
    try {
      sections.push_back(measure(setup));
      if (sections.back().broken) ++failures;
    } catch (const std::exception& failure) {
      ++failures;
      std::fprintf(stderr, "%s was not measured: %s\n", name, failure.what());
      sections.push_back({.title = name,
                          .findings = {{.figure = name, .measured = "not measured"}},
                          .how = "Not measured: something did not answer as it must."});
    }
  }
  const std::string text = markdown(sections, machine_text(setup.work, load_before));
  std::fputs(text.c_str(), stdout);
  if (!arguments.write.empty()) write_between_markers(arguments.write, "measured", text);
  if (failures == 0) std::filesystem::remove_all(setup.work);
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace colonnade::bench

int main(int argc, char** argv) {
  colonnade::bench::Arguments arguments;
  if (!colonnade::bench::parse(argc, argv, arguments)) {
    std::fputs(colonnade::bench::usage, stderr);
    return 2;
  }
  try {
    return colonnade::bench::run(arguments);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "colonnade_bench: %s\n", failure.what());
    return 1;
  }
}
