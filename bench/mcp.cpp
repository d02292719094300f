#include <cstdio>
#include <filesystem>
#include <map>
#include <sstream>
#include <stdexcept>
#include <tuple>

#include "harness/child.hpp"
#include "harness/statistics.hpp"
#include "measurements.hpp"

namespace colonnade::bench {
namespace {

constexpr const char* calls = "5000";
constexpr const char* calls_quick = "300";
constexpr std::size_t lines_expected = 16;  // 2 transports, 2 revisions, 2 ways, 2 loads

struct Figures {
  double p50_us = 0;
  double p99_us = 0;
  double per_second = 0;
};

// Transport, revision and calls at once.
using Case = std::tuple<std::string, std::string, std::size_t>;
struct SideBySide {
  std::vector<Figures> bare{};
  std::vector<Figures> client{};
};
using Rounds = std::map<Case, SideBySide>;

// The figures come from a program of its own, linked with the client and its server alone.
void run_program(const Setup& setup, Rounds& out) {
  const std::string output = setup.work + "/mcp_bench.out";
  std::filesystem::remove(output);
  Child child({.command = {setup.programs + "/mcp_bench", setup.programs + "/mcp_echo",
                           setup.quick ? calls_quick : calls},
               .environment = {},
               .output_file = output});
  const auto code = child.wait(std::chrono::seconds(120));
  const std::string text = end_of_file(output, 8000);
  std::istringstream lines(text);
  std::size_t found = 0;
  for (std::string line; std::getline(lines, line);) {
    char transport[8]{};
    char revision[16]{};
    char way[8]{};
    std::size_t at_once = 0;
    Figures figures;
    if (std::sscanf(line.c_str(), "%7s %15s %7s at_once %zu p50_us %lf p99_us %lf per_second %lf",
                    transport, revision, way, &at_once, &figures.p50_us, &figures.p99_us,
                    &figures.per_second) != 7) {
      continue;
    }
    SideBySide& pair = out[{transport, revision, at_once}];
    (std::string(way) == "bare" ? pair.bare : pair.client).push_back(figures);
    ++found;
  }
  if (code != 0 || found != lines_expected) throw std::runtime_error("mcp_bench failed: " + text);
}

Figures median_of(const std::vector<Figures>& rounds) {
  std::vector<double> p50;
  std::vector<double> p99;
  std::vector<double> rate;
  for (const Figures& one : rounds) {
    p50.push_back(one.p50_us);
    p99.push_back(one.p99_us);
    rate.push_back(one.per_second);
  }
  return {median(p50), median(p99), median(rate)};
}

const char* transport_text(const std::string& transport) {
  return transport == "http" ? "streamable HTTP" : "stdio";
}

// Of one transport and revision: what a call costs alone, and how many go through together.
Finding finding(const std::string& transport, const std::string& revision, const Rounds& rounds) {
  const SideBySide& alone = rounds.at({transport, revision, 1});
  const SideBySide& together = rounds.at({transport, revision, 16});
  const Figures client = median_of(alone.client);
  const Figures bare = median_of(alone.bare);
  const char* floor = transport == "http" ? "bare POST" : "bare pipe";
  return {
      std::string("MCP tool call over ") + transport_text(transport) + ", " + revision + ": added",
      "no bar",
      "p50 " + number_text(client.p50_us - bare.p50_us) + " µs, p99 " +
          number_text(client.p99_us - bare.p99_us) +
          " µs; 16 at once: " + number_text(median_of(together.client).per_second) + " a second",
      std::string(floor) + ": p50 " + number_text(bare.p50_us) + " µs, p99 " +
          number_text(bare.p99_us) +
          " µs; 16 at once: " + number_text(median_of(together.bare).per_second) + " a second"};
}

}  // namespace

Section measure_mcp(const Setup& setup) {
  Rounds rounds;
  for (int round = 0; round < setup.rounds; ++round) run_program(setup, rounds);
  Section out{.title = "Calls of MCP tools"};
  out.header = {"transport", "revision", "calls at once", "p50, µs",      "p99, µs",
                "a second",  "bare p50", "bare p99",      "bare a second"};
  for (const auto& [key, pair] : rounds) {
    const auto& [transport, revision, at_once] = key;
    const Figures client = median_of(pair.client);
    const Figures bare = median_of(pair.bare);
    out.rows.push_back({transport_text(transport), revision, std::to_string(at_once),
                        number_text(client.p50_us), number_text(client.p99_us),
                        number_text(client.per_second), number_text(bare.p50_us),
                        number_text(bare.p99_us), number_text(bare.per_second)});
    if (at_once == 1) out.findings.push_back(finding(transport, revision, rounds));
  }
  out.how =
      "`tools/call` of `echo` with a text of 200 bytes, " +
      std::string(setup.quick ? calls_quick : calls) +
      " calls of each kind through one session of our client on one lane, after a tenth as many "
      "unmeasured; the time from the call to its outcome. The server is the same for client and "
      "floor and does nothing else: over stdio a child process, over HTTP our HTTP server on a "
      "thread of the same process. The floor sends the same bytes and looks at nothing in the "
      "answers: over stdio a blocking write and read of the pipes on one thread, over HTTP a POST "
      "of the same HTTP client over connections that are kept. In turns, nothing is pinned, "
      "medians of " +
      std::to_string(setup.rounds) + " rounds.";
  return out;
}

}  // namespace colonnade::bench
