#include <cstdio>
#include <filesystem>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "harness/statistics.hpp"
#include "measurements.hpp"

namespace colonnade::bench {
namespace {

constexpr std::size_t jobs_measured = 20'000;
constexpr std::size_t jobs_quick = 500;
constexpr double jobs_bar = 2000;

struct Output {
  std::map<std::string, double> bare{};                 // by durability
  std::map<std::string, double> triggers{};             // the same
  std::map<std::pair<std::string, int>, double> run{};  // by durability and workers
  std::map<std::pair<std::string, int>, double> queued{};
};

Output read_output(const std::string& text) {
  Output out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    char durability[16]{};
    int workers = 0;
    double a = 0;
    double b = 0;
    if (std::sscanf(line.c_str(), "jobs %15s workers %d per_second %lf queued_per_second %lf",
                    durability, &workers, &a, &b) == 4) {
      out.run[{durability, workers}] = a;
      out.queued[{durability, workers}] = b;
    } else if (std::sscanf(line.c_str(), "bare %15s per_second %lf", durability, &a) == 2) {
      out.bare[durability] = a;
    } else if (std::sscanf(line.c_str(), "triggers %15s per_second %lf", durability, &a) == 2) {
      out.triggers[durability] = a;
    }
  }
  return out;
}

Output run_program(const Setup& setup, std::size_t count) {
  const std::string output = setup.work + "/jobs_bench.out";
  std::filesystem::remove(output);
  Child child({.command = {setup.programs + "/jobs_bench", setup.work, std::to_string(count)},
               .environment = {},
               .output_file = output});
  const auto code = child.wait(std::chrono::seconds(600));
  const Output out = read_output(end_of_file(output, 8000));
  if (code != 0 || out.run.size() != 6 || out.bare.size() != 2) {
    throw std::runtime_error("jobs_bench failed");
  }
  return out;
}

}  // namespace

Section measure_jobs(const Setup& setup) {
  const Output output = run_program(setup, setup.quick ? jobs_quick : jobs_measured);
  Section out{.title = "Jobs"};
  out.header = {"durability", "workers", "jobs a second", "bare queue in SQLite",
                "queued in batches, a second"};
  for (const auto& [key, per_second] : output.run) {
    const auto& [durability, workers] = key;
    const double bare = output.bare.at(durability);
    out.rows.push_back({durability, std::to_string(workers), number_text(per_second),
                        number_text(bare), number_text(output.queued.at(key))});
    if (workers == 1) continue;
    out.findings.push_back(
        {"durable jobs a second, " + std::to_string(workers) + " workers, `" + durability + "`",
         "≥ 2,000", number_text(per_second),
         "a bare queue in SQLite, one thread: " + number_text(bare),
         verdict(per_second >= jobs_bar)});
  }
  out.how =
      "In process, two lanes: 20,000 jobs of the handler `internal`, each of which changes one row "
      "in "
      "the transaction that ends it, queued in batches before the clock starts. A worker is a job "
      "that is worked on at the same time; whoever ends one claims the next in the same "
      "transaction. The bare queue is one table with one index and one thread, which claims in one "
      "transaction and ends in another. Triggered one after the other, each durable before the "
      "next: " +
      number_text(output.triggers.at("normal")) + " a second with `normal`, " +
      number_text(output.triggers.at("full")) + " with `full`.";
  return out;
}

}  // namespace colonnade::bench
