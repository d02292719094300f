#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

#include "harness/nginx.hpp"
#include "harness/statistics.hpp"
#include "measurements.hpp"
#include "wrk.hpp"

namespace colonnade::bench {
namespace {

constexpr std::size_t rules_over_http = 1'000;
constexpr double same_cost_share = 0.5;  // of the rate with one rule: caches, not rules, cost this

// By the number of rules. The figures come from a program of its own, linked with the gate alone.
std::map<std::size_t, double> in_process(const Setup& setup) {
  const std::string output = setup.work + "/gate_bench.out";
  std::filesystem::remove(output);
  Child child({.command = {setup.programs + "/gate_bench"},
               .environment = {},
               .output_file = output,
               .cpu = setup.measured_cpu});
  const auto code = child.wait(std::chrono::seconds(120));
  std::map<std::size_t, double> out;
  std::istringstream lines(end_of_file(output, 4000));
  for (std::string line; std::getline(lines, line);) {
    std::size_t rules = 0;
    double rate = 0;
    if (std::sscanf(line.c_str(), "rules %zu decisions_per_second %lf", &rules, &rate) == 2) {
      out[rules] = rate;
    }
  }
  if (code != 0 || out.empty()) throw std::runtime_error("gate_bench failed");
  return out;
}

std::string write_policy(const Setup& setup) {
  const std::string file = setup.work + "/policy.yaml";
  std::ofstream out(file);
  out << "rules:\n";
  for (std::size_t i = 0; i < rules_over_http; ++i) {
    out << "  - {match: {tool: tool_" << i << ", op: read, path_starts_with: /srv}, allow: true}\n";
  }
  return file;
}

Finding in_process_finding(const std::map<std::size_t, std::vector<double>>& rates) {
  const double one = median(rates.begin()->second);
  const double most = median(rates.rbegin()->second);
  return {"decisions a second, " + std::to_string(rates.rbegin()->first) + " rules, in process",
          "≥ 50 % of the rate with one rule", number_text(most), "one rule: " + number_text(one),
          verdict(most >= same_cost_share * one)};
}

}  // namespace

Section measure_gate(const Setup& setup) {
  Section out{.title = "Policy gate"};
  std::map<std::size_t, std::vector<double>> rates;
  for (int round = 0; round < setup.rounds; ++round) {
    for (const auto& [rules, rate] : in_process(setup)) rates[rules].push_back(rate);
  }
  out.header = {"where", "rules", "decisions a second", "CPU µs each"};
  for (const auto& [rules, each] : rates) {
    out.rows.push_back({"in process", std::to_string(rules), number_text(median(each)),
                        number_text(1e6 / median(each))});
  }
  out.findings.push_back(in_process_finding(rates));

  Server server({.binary = setup.server,
                 .data_dir = setup.fresh_folder("gate"),
                 .io_threads = 1,
                 .cpu = setup.measured_cpu,
                 .arguments = {"--policy-file", write_policy(setup)}});
  const std::string body = R"({"agent_id":"bench","tool":"tool_500","operation":"read",)"
                           R"("params":{"path":"/srv/data/report.csv"},"context":{}})";
  const Nginx nginx(setup.fresh_folder("gate-nginx"), 1, setup.measured_cpu);
  nginx.put_file("decision.json", must_fetch(server.target(), "POST", "/v1/gate/decide", body));
  std::vector<double> ours;
  std::vector<double> ours_cpu;
  std::vector<double> theirs;
  for (int round = 0; round < setup.rounds; ++round) {
    const Rate rate =
        run_wrk(setup, server.target(), {.path = "/v1/gate/decide", .body = body}, server.pid());
    ours.push_back(rate.a_second);
    ours_cpu.push_back(rate.cpu_micros);
    theirs.push_back(
        run_wrk(setup, {.port = nginx.port()}, {.path = "/decision.json"}, nginx.pid()).a_second);
  }
  out.findings.push_back({"decisions a second over HTTP, 1,000 rules", "no bar",
                          number_text(median(ours)),
                          "nginx, a file of that size: " + number_text(median(theirs))});
  out.rows.push_back({"over HTTP, one I/O thread", std::to_string(rules_over_http),
                      number_text(median(ours)), number_text(median(ours_cpu))});
  out.how =
      "In process: every rule has a tool and operation of its own and one condition, besides a "
      "risk "
      "rule and a last rule for everything; processor time of one thread, hashes of request and "
      "provenance included. Over HTTP: wrk, 1 thread, 32 connections, on the other core, "
      "`POST /v1/gate/decide` with a token and a policy of 1,000 rules. Medians of " +
      std::to_string(setup.rounds) + " rounds.";
  return out;
}

}  // namespace colonnade::bench
