#include <array>
#include <vector>

#include "harness/statistics.hpp"
#include "measurements.hpp"
#include "run_clients.hpp"

namespace colonnade::bench {
namespace {

constexpr std::array wires{Wire::fathom, Wire::tandem};
constexpr std::array names{"Fathom", "Tandem"};
constexpr std::array clients_of_wires{1, 8, 32};
constexpr int judged_clients = 8;

struct WireRounds {
  std::vector<double> rates{};
  std::vector<double> p50s{};
  std::vector<double> p99s{};
  std::vector<double> cpus{};  // microseconds a run
};

void measure_round(const Server& server, const RunLoad& load, WireRounds& rounds) {
  const auto before = cpu_time(server.pid());
  const RunRate rate = load_runs(load);
  const auto used = cpu_time(server.pid()) - before;
  rounds.rates.push_back(rate.a_second);
  rounds.p50s.push_back(rate.p50_ms);
  rounds.p99s.push_back(rate.p99_ms);
  rounds.cpus.push_back(static_cast<double>(used.count()) / static_cast<double>(rate.runs));
}

}  // namespace

Section measure_wires(const Setup& setup) {
  Section out{.title = "The same run over two wires"};
  const PortProgram stub(setup, "stub_provider");
  ServerOptions options{.binary = setup.server, .data_dir = setup.fresh_folder("wires")};
  options.provider_port = stub.port();
  Server server(options);
  RunLoad load{.target = server.target(), .prompt = "tokens=32"};
  for (const int clients : clients_of_wires) {
    load.clients = clients;
    std::array<WireRounds, wires.size()> rounds;
    load.time = std::chrono::milliseconds(300);
    for (const Wire wire : wires) {  // warms up
      load.wire = wire;
      load_runs(load);
    }
    load.time = std::chrono::milliseconds(setup.quick ? 500 : 2000);
    for (int round = 0; round < setup.rounds; ++round) {
      for (std::size_t i = 0; i < wires.size(); ++i) {
        load.wire = wires[i];
        measure_round(server, load, rounds[i]);
      }
    }
    for (std::size_t i = 0; i < wires.size(); ++i) {
      out.rows.push_back({names[i], std::to_string(clients), number_text(median(rounds[i].rates)),
                          number_text(median(rounds[i].p50s)), number_text(median(rounds[i].p99s)),
                          number_text(median(rounds[i].cpus))});
    }
    if (clients != judged_clients) continue;
    out.findings.push_back({"streamed runs a second over Tandem, 8 clients", "no bar",
                            number_text(median(rounds[1].rates)),
                            "over Fathom: " + number_text(median(rounds[0].rates)),
                            Verdict::no_bar});
  }
  server.stop();
  out.how =
      "Full durability, the stub provider with a write for each of 32 tokens. Fathom: make a "
      "thread, open its stream, send a message, read to `agent_done` and the answer of the "
      "request. Tandem: make a session, open `/event` of it, `prompt_async`, read to "
      "`session.run.finished`. In turns, nothing is pinned; " +
      std::to_string(setup.rounds) +
      " rounds, medians; times in milliseconds, CPU of the server alone.";
  out.header = {"wire", "clients", "runs a second", "p50", "p99", "CPU µs a run"};
  return out;
}

}  // namespace colonnade::bench
