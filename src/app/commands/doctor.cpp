// colonnade doctor
#include <algorithm>
#include <cstdio>
#include <string>

#include "app/checks.hpp"
#include "app/command_line.hpp"
#include "base/json.hpp"

namespace colonnade::app {
namespace {

std::string as_json(const std::vector<Finding>& findings, bool healthy) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("healthy", healthy).key("findings").array();
  for (const Finding& finding : findings) {
    json.object().field("check", finding.check).field("health", to_string(finding.health));
    json.field("message", finding.message).field("remedy", finding.remedy).end_object();
  }
  json.end_array().end_object();
  return out + "\n";
}

std::string as_text(const Terminal& terminal, const std::vector<Finding>& findings) {
  constexpr std::size_t check_width = 16;
  std::string out;
  for (const Finding& finding : findings) {
    const Colour colour = finding.health == Health::ok        ? Colour::green
                          : finding.health == Health::warning ? Colour::yellow
                                                              : Colour::red;
    std::string health(to_string(finding.health));
    health.resize(8, ' ');
    std::string check = finding.check;
    check.resize(std::max(check_width, check.size()), ' ');
    out += terminal.out(colour, health) + check + printable(finding.message) + "\n";
    if (!finding.remedy.empty()) {
      out += std::string(8 + check_width, ' ') + "-> " + printable(finding.remedy) + "\n";
    }
  }
  return out;
}

}  // namespace

void add_doctor(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand(
      "doctor", "Check this installation and say how to fix what is wrong. Changes nothing.");
  command.footer(
      "Examples:\n"
      "  colonnade doctor\n"
      "  colonnade doctor --config /etc/colonnade.yaml --json\n"
      "\n"
      "Exits with 1 when something fails; warnings alone are no failure. No provider is called.");
  auto json = std::make_shared<bool>(false);
  command.add_flag("--json", *json, "One JSON object.");
  auto flags = add_config_flags(command);
  command.callback([json, flags, &invocation] {
    invocation.run = [json, flags](const Context& context) -> int {
      const auto config = flags->read(context);
      const auto findings = run_checks(config, context.environment);
      const bool healthy = std::ranges::none_of(
          findings, [](const Finding& finding) { return finding.health == Health::failure; });
      const std::string out =
          *json ? as_json(findings, healthy) : as_text(context.terminal, findings);
      std::fputs(out.c_str(), stdout);
      return healthy ? exit_ok : exit_failure;
    };
  });
}

}  // namespace colonnade::app
