// Decisions that the policy engine makes in a second of processor time, by the number of rules.
// Prints "rules <n> decisions_per_second <x>" for each number of rules.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <stdexcept>
#include <string>
#include <vector>

#include "gate/engine.hpp"

namespace colonnade::bench {
namespace {

constexpr std::size_t operations_of_a_tool = 10;
constexpr std::size_t requests_made = 64;
constexpr double measured_seconds = 1.5;

// Of this thread, so that neighbours on the machine do not count.
double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::string tool(std::size_t rule) { return "tool_" + std::to_string(rule / operations_of_a_tool); }
std::string operation(std::size_t rule) {
  return "operation_" + std::to_string(rule % operations_of_a_tool);
}

// Each rule has a tool and operation of its own and one condition; one risk rule and one last rule
// concern everything.
gate::Engine engine_of(std::size_t rules) {
  std::string text =
      "risk:\n  rules:\n    - {name: large, when: {amount_gt: 1000}, risk_level: high}\n";
  text += "rules:\n";
  for (std::size_t i = 0; i + 1 < rules; ++i) {
    text += "  - {match: {tool: " + tool(i) + ", op: " + operation(i) +
            ", path_starts_with: /srv}, allow: true}\n";
  }
  text += "  - {match: {tool: \"*\", op: \"*\"}, require_approval: true}\n";
  auto policy = gate::Policy::parse(text, "bench.yaml");
  if (!policy) throw std::runtime_error(policy.error().message);
  return gate::Engine({.policy = *policy});
}

std::vector<gate::ActionRequest> requests_for(std::size_t rules) {
  std::vector<gate::ActionRequest> out;
  for (std::size_t i = 0; i < requests_made; ++i) {
    const std::size_t rule = i * 7919 % rules;
    auto request = gate::ActionRequest::normalise(
        {.agent_id = "bench-agent",
         .tool = tool(rule),
         .operation = operation(rule),
         .params = gate::Value::Object{{.key = "path", .value = "/srv/data/report.csv"},
                                       {.key = "amount", .value = 12},
                                       {.key = "note", .value = "monthly figures"}},
         .context = gate::Value::Object{{.key = "user", .value = "u-1"}}});
    if (!request) throw std::runtime_error(request.error().message);
    out.push_back(*std::move(request));
  }
  return out;
}

double decisions_per_second(std::size_t rules) {
  const gate::Engine engine = engine_of(rules);
  const auto requests = requests_for(rules);
  std::size_t decisions = 0;
  std::size_t allowed = 0;
  const double begin = cpu_seconds();
  double used = 0;
  while (used < measured_seconds) {
    for (const auto& request : requests) {
      allowed += engine.decide(request).outcome == gate::Outcome::execute ? 1 : 0;
      ++decisions;
    }
    used = cpu_seconds() - begin;
  }
  if (rules > 1 && allowed == 0) throw std::runtime_error("no rule matched");
  return static_cast<double>(decisions) / used;
}

}  // namespace
}  // namespace colonnade::bench

int main() try {
  for (const std::size_t rules : {1, 100, 1'000, 10'000}) {
    std::printf("rules %zu decisions_per_second %.0f\n", rules,
                colonnade::bench::decisions_per_second(rules));
    std::fflush(stdout);
  }
  return EXIT_SUCCESS;
} catch (const std::exception& fault) {
  std::fprintf(stderr, "gate_bench: %s\n", fault.what());
  return EXIT_FAILURE;
}
