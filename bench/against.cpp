#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "harness/pairs.hpp"
#include "harness/statistics.hpp"
#include "harness/strace.hpp"
#include "measurements.hpp"
#include "run_clients.hpp"
#include "wrk.hpp"

namespace colonnade::bench {
namespace {

constexpr double regression_percent = 5;  // a spread that lies above this as a whole is a fault
constexpr std::size_t fan_out_subscribers = 1000;
constexpr int threads_listed = 50;  // a full page
constexpr const char* prompt = "tokens=32 gathered=1";

// What one program did in one round, in the order of `figures`.
using Round = std::vector<double>;

struct Figure {
  const char* name;
  Better better;
};

constexpr std::array figures{
    Figure{"processor time a run, 8 clients, µs", Better::less},
    Figure{"processor time a run, 1 client, µs", Better::less},
    Figure{"system calls a run, 1 client", Better::less},
    Figure{"list threads, a second", Better::more},
    Figure{"get thread, a second", Better::more},
    Figure{"events a second to 1000 subscribers", Better::more},
    Figure{"resident memory when idle, MiB", Better::less},
    Figure{"start to first answer, used folder, ms", Better::less},
};

// One of the two programs, with a server that runs through all rounds.
class Program {
 public:
  Program(const Setup& setup, std::string name, const std::string& binary, std::uint16_t provider)
      : setup_(with_server(setup, binary)),
        name_(std::move(name)),
        runs_({.binary = binary,
               .data_dir = setup_.fresh_folder(name_ + "-runs"),
               .provider_port = provider}),
        reads_({.binary = binary,
                .data_dir = setup_.fresh_folder(name_ + "-reads"),
                .io_threads = 1,
                .cpu = setup.measured_cpu}) {
    for (int i = 0; i < threads_listed; ++i) {
      thread_ = make_thread(reads_.target(), "What we said about topic " + std::to_string(i));
    }
    for (int i = 0; i < 10; ++i) {
      send_message(reads_.target(), thread_, "Say something about " + std::to_string(i));
    }
    load(8, std::chrono::milliseconds(500));  // warms up
    start_once(setup_, start_folder());       // makes the folder
  }

  Round measure() {
    const auto time = std::chrono::milliseconds(setup_.quick ? 300 : 2000);
    Round out;
    out.push_back(processor_time(8, time));
    out.push_back(processor_time(1, time));
    out.push_back(system_calls(time));
    out.push_back(reads("/api/v1/threads"));
    out.push_back(reads("/api/v1/threads/" + thread_));
    out.push_back(events_a_second(setup_, fan_out_subscribers));
    const Started started = start_once(setup_, start_folder());
    out.push_back(started.mib);
    out.push_back(started.ms);
    return out;
  }

 private:
  static Setup with_server(Setup setup, const std::string& binary) {
    setup.server = binary;
    return setup;
  }
  std::string start_folder() const { return setup_.work + "/" + name_ + "-start"; }

  RunRate load(int clients, std::chrono::milliseconds time) {
    return load_runs(
        {.target = runs_.target(), .clients = clients, .prompt = prompt, .time = time});
  }

  double processor_time(int clients, std::chrono::milliseconds time) {
    const auto before = cpu_time(runs_.pid());
    const RunRate rate = load(clients, time);
    const auto used = cpu_time(runs_.pid()) - before;
    return static_cast<double>(used.count()) / static_cast<double>(rate.runs);
  }

  double system_calls(std::chrono::milliseconds time) {
    SystemCalls counted(runs_.pid(), setup_.work + "/" + name_ + ".strace");
    const RunRate rate = load(1, time);
    return static_cast<double>(counted.stop()) / static_cast<double>(rate.runs);
  }

  double reads(const std::string& path) {
    return run_wrk(setup_, reads_.target(), {.path = path}, reads_.pid()).a_second;
  }

  Setup setup_;
  std::string name_;
  Server runs_;
  Server reads_;
  std::string thread_;
};

std::string signed_text(double percent) {
  return (percent >= 0 ? "+" : "−") + number_text(std::abs(percent)) + " %";
}

std::string spread_text(const std::vector<double>& values) {
  return number_text(std::ranges::min(values)) + " to " + number_text(std::ranges::max(values));
}

void add_figure(Section& out, const Figure& figure, const std::vector<double>& before,
                const std::vector<double>& now) {
  const std::vector<double> worse = percent_worse(figure.better, before, now);
  const std::string spread =
      signed_text(std::ranges::min(worse)) + " to " + signed_text(std::ranges::max(worse));
  out.findings.push_back({figure.name, "not all pairs worse by more than 5 %",
                          number_text(median(now)) + ", worse by " + signed_text(median(worse)),
                          "before " + number_text(median(before)) + "; pairs " + spread,
                          verdict(held(worse, regression_percent))});
  out.rows.push_back({figure.name, number_text(median(before)), spread_text(before),
                      number_text(median(now)), spread_text(now), signed_text(median(worse)),
                      spread});
}

}  // namespace

Section measure_against(const Setup& setup) {
  const PortProgram stub(setup, "stub_provider");
  Program before(setup, "before", setup.baseline, stub.port());
  Program now(setup, "now", setup.server, stub.port());
  std::vector<Round> before_rounds;
  std::vector<Round> now_rounds;
  std::vector<std::string> loads;
  for (int pair = 0; pair < setup.pairs; ++pair) {
    std::fprintf(stderr, "pair %d of %d, load %s\n", pair + 1, setup.pairs, load_text().c_str());
    loads.push_back(load_text());
    // Neither is always the second: its turn comes on a machine that the first one has heated.
    const bool now_first = pair % 2 == 1;
    if (now_first) now_rounds.push_back(now.measure());
    before_rounds.push_back(before.measure());
    if (!now_first) now_rounds.push_back(now.measure());
  }
  Section out{.title = "Against " + setup.baseline_name};
  for (std::size_t i = 0; i < figures.size(); ++i) {
    std::vector<double> old_values;
    std::vector<double> new_values;
    for (const Round& round : before_rounds) old_values.push_back(round[i]);
    for (const Round& round : now_rounds) new_values.push_back(round[i]);
    add_figure(out, figures[i], old_values, new_values);
  }
  out.how = "Both programs, built the same way, in " + std::to_string(setup.pairs) +
            " pairs: before, now, now, before, …; the same clients, provider and machine. A run: "
            "make a thread, watch its stream, send a message, read 32 tokens of a stub provider "
            "to the end. System calls: `strace -f -c`, attached to the running server. Medians "
            "and spreads over the rounds; a figure is missed when it was worse by more than 5 % "
            "in every pair. Load averages before each pair: ";
  for (std::size_t i = 0; i < loads.size(); ++i) out.how += (i == 0 ? "" : "; ") + loads[i];
  out.how += ".";
  out.header = {"figure", "before", "spread", "now", "spread", "worse by", "spread of pairs"};
  return out;
}

}  // namespace colonnade::bench
