// colonnade policy diff
#include <cstdio>
#include <memory>
#include <string>

#include "app/commands/policy.hpp"
#include "app/files.hpp"
#include "app/json_output.hpp"
#include "app/policy_cases.hpp"
#include "app/policy_diff.hpp"
#include "app/terminal.hpp"
#include "gate/limits.hpp"

namespace colonnade::app {
namespace {

struct DiffOptions {
  std::string before{};
  std::string after{};
  std::string cases{};  // "": none
  bool json = false;
};

// A case that the two decide differently.
struct OtherDecision {
  std::string id{};
  gate::Explanation before{};
  gate::Explanation after{};
};

struct Difference {
  PolicyFile before{};
  PolicyFile after{};
  std::vector<RuleChange> rules{};
  std::vector<OtherDecision> decisions{};
  std::size_t cases = 0;
};

base::Result<void> compare_cases(const std::string& path, Difference& difference) {
  const auto text = read_small_file(path, limits::policy_file_bytes_max);
  if (!text) return base::fail(base::ErrorKind::invalid, "--cases: " + text.error().message);
  const auto cases = parse_cases(*text, path);
  if (!cases) return base::fail(cases.error());
  const gate::Engine before({.policy = difference.before.policy});
  const gate::Engine after({.policy = difference.after.policy});
  difference.cases = cases->size();
  for (const PolicyCase& one : *cases) {
    OtherDecision both{
        .id = one.id, .before = before.explain(one.request), .after = after.explain(one.request)};
    const gate::Decision& a = both.before.decision;
    const gate::Decision& b = both.after.decision;
    if (a.outcome == b.outcome && a.reason_code == b.reason_code && a.risk_level == b.risk_level) {
      continue;
    }
    difference.decisions.push_back(std::move(both));
  }
  return {};
}

base::Result<Difference> compare(const DiffOptions& options) {
  Difference out;
  auto before = load_policy(options.before);
  if (!before) return base::fail(before.error());
  auto after = load_policy(options.after);
  if (!after) return base::fail(after.error());
  out.before = *std::move(before);
  out.after = *std::move(after);
  out.rules = diff_rules(out.before.document, out.after.document);
  if (!options.cases.empty()) {
    if (auto compared = compare_cases(options.cases, out); !compared) {
      return base::fail(compared.error());
    }
  }
  return out;
}

void write_place(base::JsonWriter& json, const char* name,
                 const std::optional<RuleChange::Place>& place) {
  json.key(name);
  if (!place) {
    json.null();
    return;
  }
  json.object().field("position", static_cast<std::uint64_t>(place->position));
  json.field("line", place->line).end_object();
}

void write_policy(base::JsonWriter& json, const char* name, const PolicyFile& file) {
  json.key(name).object().field("file", file.path).field("version", file.policy->version());
  json.field("hash", file.policy->hash()).end_object();
}

std::string as_json(const Difference& difference) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("same", difference.rules.empty());
  write_policy(json, "old", difference.before);
  write_policy(json, "new", difference.after);
  json.key("rules").array();
  for (const RuleChange& change : difference.rules) {
    json.object().field("change", to_string(change.kind)).field("list", change.list);
    json.field("rule", change.rule);
    write_place(json, "from", change.from);
    write_place(json, "to", change.to);
    json.key("differences").array();
    for (const std::string& one : change.differences) json.value(one);
    json.end_array().end_object();
  }
  json.end_array().field("cases", static_cast<std::uint64_t>(difference.cases));
  json.key("decisions").array();
  for (const OtherDecision& one : difference.decisions) {
    json.object().field("id", one.id).key("old").object();
    write_decision(json, one.before);
    json.end_object().key("new").object();
    write_decision(json, one.after);
    json.end_object().end_object();
  }
  json.end_array().end_object();
  return out;
}

std::string place_text(const RuleChange& change, const RuleChange::Place& place,
                       const std::string& file) {
  return change.list + "[" + std::to_string(place.position) + "] (" + file + ":" +
         std::to_string(place.line) + ")";
}

std::string as_text(const Terminal& terminal, const RuleChange& change,
                    const Difference& difference) {
  const Colour colour = change.kind == RuleChange::Kind::added     ? Colour::green
                        : change.kind == RuleChange::Kind::removed ? Colour::red
                                                                   : Colour::yellow;
  std::string out = terminal.out(colour, to_string(change.kind)) + " ";
  if (change.from) out += place_text(change, *change.from, difference.before.path);
  if (change.from && change.to) out += " -> ";
  if (change.to) out += place_text(change, *change.to, difference.after.path);
  out += " " + on_one_line(change.rule);
  for (const std::string& one : change.differences) out += "\n    " + on_one_line(one);
  return out;
}

std::string verdict(const gate::Explanation& explanation) {
  const gate::Decision& decision = explanation.decision;
  return std::string(gate::to_string(decision.outcome)) + " " + decision.reason_code + ", risk " +
         std::string(gate::to_string(decision.risk_level));
}

void print_text(const Context& context, const Difference& difference, bool has_cases) {
  const auto& [before, after, rules, decisions, cases] = difference;
  for (const RuleChange& change : rules) print_line(as_text(context.terminal, change, difference));
  for (const OtherDecision& one : decisions) {
    print_line("case " + on_one_line(one.id) + ": " + verdict(one.before) + " -> " +
               verdict(one.after) + " by " +
               decided_by(one.after, {.policy_path = after.path, .profile_path = {}}));
  }
  print_line("version " + before.policy->version() + " -> " + after.policy->version());
  print_line("hash    " + before.policy->hash() + " -> " + after.policy->hash());
  std::string summary =
      rules.empty() ? "the same rules" : counted(rules.size(), "rule") + " differ";
  if (rules.size() == 1) summary += "s";
  if (has_cases) {
    summary += ", " + std::to_string(decisions.size()) + " of " + counted(cases, "case") +
               " decided differently";
  }
  print_line(summary);
}

int diff(const Context& context, const DiffOptions& options) {
  const auto difference = compare(options);
  if (!difference) return print_error(context, difference.error().message, exit_usage);
  if (options.json) {
    print_json(as_json(*difference));
  } else {
    print_text(context, *difference, !options.cases.empty());
  }
  return difference->rules.empty() ? exit_ok : exit_failure;
}

}  // namespace

void add_policy_diff(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand(
      "diff", "Compare two policies: rules added, removed, changed or moved, and changed cases.");
  command.footer(
      "Examples:\n"
      "  colonnade policy diff policy.yaml new-policy.yaml\n"
      "  colonnade policy diff policy.yaml new-policy.yaml --cases cases.yaml\n"
      "\n"
      "Rules are compared by content: comments and layout do not count. Of the cases, only the\n"
      "requests are used, not what they expect.\n"
      "Exit codes: 0 the same rules in the same order, 1 they differ, 2 a file cannot be used.");
  auto options = std::make_shared<DiffOptions>();
  command.add_option("old", options->before, "The current policy file.").required();
  command.add_option("new", options->after, "The new policy file.").required();
  command.add_option("--cases", options->cases, "Cases as for `policy test`.").type_name("FILE");
  command.add_flag("--json", options->json, "One JSON object.");
  command.callback([options, &invocation] {
    invocation.run = [options](const Context& context) -> int { return diff(context, *options); };
  });
}

}  // namespace colonnade::app
