// colonnade policy check | test | explain; diff and simulate have files of their own.
#include "app/commands/policy.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/files.hpp"
#include "app/json_output.hpp"
#include "app/policy_cases.hpp"
#include "app/terminal.hpp"
#include "gate/limits.hpp"

namespace colonnade::app {
namespace {

using PolicyWork = std::function<int(const Context&)>;

// Runs `work` with the version that the server's configuration gives its policy.
int with_version(const Context& context, const ConfigFlags& flags, RuleFiles& files,
                 const PolicyWork& work) {
  auto config = flags.load(context);
  if (!config) return exit_usage;
  files.version = std::move(config->settings.policy.version);
  return work(context);
}

std::shared_ptr<ConfigFlags> add_version_flags(Command command) {
  return add_config_flags(command, {"policy.version"});
}

void print_finding(const std::string& line) {
  std::fputs((printable(line) + "\n").c_str(), stderr);
}

void write_optional(base::JsonWriter& json, const char* name,
                    const std::optional<std::string>& value) {
  json.key(name);
  if (value) {
    json.value(*value);
  } else {
    json.null();
  }
}

// --- check --------------------------------------------------------------------------------------

struct CheckOptions {
  RuleFiles files{};
  bool json = false;
};

// An error or a warning, as `check` reports it.
struct Finding {
  std::string file{};
  int line = 0;  // 0 when unknown
  std::string key{};
  std::string message{};

  std::string text() const {
    return file + (line > 0 ? ":" + std::to_string(line) : "") + (key.empty() ? "" : ": " + key) +
           ": " + message;
  }
};

// An error's text names the place already: "policy.yaml:3: rules[0].match.opp: unknown key".
Finding finding_from(const std::string& file, const base::Error& error) {
  Finding out{.file = file, .key = error.field};
  std::string_view rest = error.message;
  if (rest.starts_with(file + ":")) {
    rest.remove_prefix(file.size() + 1);
    const auto [end, fault] = std::from_chars(rest.data(), rest.data() + rest.size(), out.line);
    if (fault == std::errc{}) rest.remove_prefix(static_cast<std::size_t>(end - rest.data()) + 1);
    if (rest.starts_with(" ")) rest.remove_prefix(1);
  }
  if (!out.key.empty() && rest.starts_with(out.key + ": ")) rest.remove_prefix(out.key.size() + 2);
  out.message = rest;
  return out;
}

void add_warnings(std::vector<Finding>& findings, const std::string& file,
                  const std::vector<gate::Warning>& warnings) {
  for (const gate::Warning& one : warnings) {
    findings.push_back({.file = file, .line = one.line, .key = one.path, .message = one.message});
  }
}

struct Checked {
  std::shared_ptr<const gate::Policy> policy{};
  std::shared_ptr<const gate::Profile> profile{};
  std::vector<Finding> errors{};
  std::vector<Finding> warnings{};
};

Checked check_files(const RuleFiles& files) {
  Checked out;
  auto policy = load_policy(files.policy_path, files.version);
  if (policy) {
    out.policy = std::move(policy->policy);
    add_warnings(out.warnings, files.policy_path, out.policy->warnings());
  } else {
    out.errors.push_back(finding_from(files.policy_path, policy.error()));
  }
  if (files.profile_path.empty()) return out;
  auto profile = load_profile(files.profile_path);
  if (profile) {
    out.profile = *std::move(profile);
    add_warnings(out.warnings, files.profile_path, out.profile->warnings());
  } else {
    out.errors.push_back(finding_from(files.profile_path, profile.error()));
  }
  return out;
}

void write_findings(base::JsonWriter& json, const char* name,
                    const std::vector<Finding>& findings) {
  json.key(name).array();
  for (const Finding& one : findings) {
    json.object().field("file", one.file).field("line", one.line);
    json.field("key", one.key).field("message", one.message).end_object();
  }
  json.end_array();
}

std::string as_json(const Checked& checked) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("valid", checked.errors.empty());
  write_findings(json, "errors", checked.errors);
  write_findings(json, "warnings", checked.warnings);
  if (checked.policy) {
    const gate::Policy& policy = *checked.policy;
    json.field("rules", static_cast<std::uint64_t>(policy.rules().size()));
    json.field("risk_rules", static_cast<std::uint64_t>(policy.risk_rules().size()));
    json.field("version", policy.version()).field("hash", policy.hash());
  }
  if (checked.profile) {
    const gate::Profile& profile = *checked.profile;
    json.key("profile").object().field("id", profile.id()).field("version", profile.version());
    json.field("rules", static_cast<std::uint64_t>(profile.rules().size()));
    json.field("hash", profile.hash()).end_object();
  }
  json.end_object();
  return out;
}

int check(const Context& context, const CheckOptions& options) {
  const Checked checked = check_files(options.files);
  const int code = checked.errors.empty() ? exit_ok : exit_failure;
  if (options.json) {
    print_json(as_json(checked));
    return code;
  }
  for (const Finding& one : checked.errors) print_finding(one.text());
  for (const Finding& one : checked.warnings) print_finding(one.text());
  if (code != exit_ok) return code;
  const gate::Policy& policy = *checked.policy;
  std::string summary = context.terminal.out(Colour::green, "valid") + ": " +
                        counted(policy.rules().size(), "rule") + ", " +
                        counted(policy.risk_rules().size(), "risk rule") + ", version " +
                        policy.version() + ", hash " + policy.hash();
  if (!checked.warnings.empty()) summary += ", " + counted(checked.warnings.size(), "warning");
  print_line(summary);
  return code;
}

void add_check(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand("check", "Check whether a policy file is valid.");
  command.footer(
      "Examples:\n"
      "  colonnade policy check policy.yaml\n"
      "  colonnade policy check policy.yaml --profile profile.yaml --json | jq .warnings\n"
      "\n"
      "Errors and warnings go to standard error as file:line: key: message.\n"
      "Exit codes: 0 valid, 1 not, 2 the command line is wrong.");
  auto options = std::make_shared<CheckOptions>();
  command.add_option("file", options->files.policy_path, "The policy file.").required();
  add_profile_option(command, options->files.profile_path);
  command.add_flag("--json", options->json, "One JSON object.");
  auto flags = add_version_flags(command);
  command.callback([options, flags, &invocation] {
    invocation.run = [options, flags](const Context& context) -> int {
      return with_version(context, *flags, options->files,
                          [&](const Context& with) { return check(with, *options); });
    };
  });
}

// --- test ---------------------------------------------------------------------------------------

struct TestOptions {
  RuleFiles files{};
  std::string cases{};
  bool json = false;
};

struct Tested {
  const PolicyCase* tested = nullptr;
  gate::Explanation came{};
  bool passed() const { return holds(tested->expect, came.decision); }
};

std::string as_json(const std::vector<Tested>& all, std::size_t failed,
                    const std::string& policy_version) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("passed", static_cast<std::uint64_t>(all.size() - failed));
  json.field("failed", static_cast<std::uint64_t>(failed));
  json.field("policy_version", policy_version).key("cases").array();
  for (const Tested& one : all) {
    json.object().field("id", one.tested->id).field("line", one.tested->line);
    json.field("passed", one.passed()).field("expected", to_text(one.tested->expect));
    write_decision(json, one.came);
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

int test(const Context& context, const TestOptions& options) {
  const auto engine = load_engine(options.files);
  if (!engine) return print_error(context, engine.error().message, exit_usage);
  const auto text = read_small_file(options.cases, limits::policy_file_bytes_max);
  if (!text) return print_error(context, "--cases: " + text.error().message, exit_usage);
  const auto cases = parse_cases(*text, options.cases);
  if (!cases) return print_error(context, cases.error().message, exit_usage);
  std::vector<Tested> all;
  for (const PolicyCase& one : *cases) {
    all.push_back({.tested = &one, .came = engine->explain(one.request)});
  }
  const auto failed = static_cast<std::size_t>(
      std::ranges::count_if(all, [](const Tested& one) { return !one.passed(); }));
  if (options.json) {
    print_json(as_json(all, failed, engine->policy_version()));
    return failed == 0 ? exit_ok : exit_failure;
  }
  for (const Tested& one : all) {
    if (one.passed()) continue;
    print_line(context.terminal.out(Colour::red, "failed") + " " + on_one_line(one.tested->id) +
               " (" + options.cases + ":" + std::to_string(one.tested->line) + "): expected " +
               to_text(one.tested->expect) + ", got " +
               answer_to(one.tested->expect, one.came.decision) + " by " +
               decided_by(one.came, options.files));
  }
  print_line(std::to_string(all.size() - failed) + " passed, " + std::to_string(failed) +
             " failed");
  return failed == 0 ? exit_ok : exit_failure;
}

void add_test(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand("test", "Test a policy against a file of cases.");
  command.footer(
      "Example:\n"
      "  colonnade policy test policy.yaml --cases cases.yaml\n"
      "\n"
      "A file of cases:\n"
      "  cases:\n"
      "    - id: no recursive removal\n"
      "      tool: shell\n"
      "      params: {cmd: \"rm -rf /\"}\n"
      "      expect: {effect: deny, reason_code: POLICY_DENY}\n"
      "\n"
      "A case may also have operation (default: call), agent_id and context; expect may also have\n"
      "risk_level. Effects: permit, deny, require_approval and their synonyms.\n"
      "Exit codes: 0 all passed, 1 some failed, 2 a file cannot be used.");
  auto options = std::make_shared<TestOptions>();
  command.add_option("file", options->files.policy_path, "The policy file.").required();
  command.add_option("--cases", options->cases, "The file of cases.").required().type_name("FILE");
  add_profile_option(command, options->files.profile_path);
  command.add_flag("--json", options->json, "One JSON object.");
  auto flags = add_version_flags(command);
  command.callback([options, flags, &invocation] {
    invocation.run = [options, flags](const Context& context) -> int {
      return with_version(context, *flags, options->files,
                          [&](const Context& with) { return test(with, *options); });
    };
  });
}

// --- explain ------------------------------------------------------------------------------------

struct ExplainOptions {
  RuleFiles files{};
  gate::ActionInput request{.agent_id = "policy-test", .operation = "call"};
  std::string params{"{}"};
  std::string context{"{}"};
  bool json = false;
};

base::Result<gate::ActionRequest> request_of(const ExplainOptions& options) {
  gate::ActionInput input = options.request;
  auto params = gate::Value::parse(options.params, "--params");
  if (!params) return base::fail(params.error());
  auto context = gate::Value::parse(options.context, "--context");
  if (!context) return base::fail(context.error());
  input.params = *std::move(params);
  input.context = *std::move(context);
  auto request = gate::ActionRequest::normalise(std::move(input));
  if (!request) return base::fail(base::ErrorKind::invalid, "--" + request.error().message);
  return request;
}

std::string as_json(const gate::Explanation& explanation) {
  const gate::Decision& decision = explanation.decision;
  std::string out;
  base::JsonWriter json(out);
  json.object();
  write_decision(json, explanation);
  json.field("request_hash", decision.request_hash);
  json.field("policy_version", decision.policy_version);
  write_optional(json, "policy_hash", decision.policy_hash);
  write_optional(json, "profile_id", decision.profile_id);
  write_optional(json, "profile_version", decision.profile_version);
  write_optional(json, "profile_hash", decision.profile_hash);
  json.key("looked_at").array();
  for (const gate::RuleComparison& look : explanation.compared) {
    write_rule(json, look);
    json.field("matched", look.matched).end_object();
  }
  json.end_array().end_object();
  return out;
}

void print_explanation(const Context& context, const gate::Explanation& explanation,
                       const RuleFiles& files) {
  const gate::Decision& decision = explanation.decision;
  const Colour colour = decision.outcome == gate::Outcome::execute ? Colour::green
                        : decision.outcome == gate::Outcome::halt  ? Colour::red
                                                                   : Colour::yellow;
  print_line(context.terminal.out(colour, gate::to_string(decision.outcome)) + " " +
             decision.reason_code + ": " + on_one_line(decision.reason));
  print_line("risk " + std::string(gate::to_string(decision.risk_level)));
  print_line("decided by " + decided_by(explanation, files));
  if (explanation.compared.empty()) return print_line("no rule concerns this tool and operation");
  print_line("looked at:");
  for (const gate::RuleComparison& look : explanation.compared) {
    std::string line = "  " + place_of(look, files) + " ";
    line += look.matched ? context.terminal.out(Colour::bold, "matches") : "does not match";
    if (!look.name.empty()) line += ": " + on_one_line(look.name);
    print_line(line);
  }
}

int explain_decision(const Context& context, const ExplainOptions& options) {
  const auto engine = load_engine(options.files);
  if (!engine) return print_error(context, engine.error().message, exit_usage);
  const auto request = request_of(options);
  if (!request) return print_error(context, request.error().message, exit_usage);
  const gate::Explanation explanation = engine->explain(*request);
  if (options.json) return print_json(as_json(explanation));
  print_explanation(context, explanation, options.files);
  return exit_ok;
}

void add_explain(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand(
      "explain", "Explain the decision on one request: the rule, and what it compared.");
  command.footer(
      "Examples:\n"
      "  colonnade policy explain policy.yaml --tool shell --params '{\"cmd\":\"rm -rf /\"}'\n"
      "  colonnade policy explain policy.yaml --tool http --operation get --json\n"
      "\n"
      "Exits with 0 whatever the decision is.");
  auto options = std::make_shared<ExplainOptions>();
  command.add_option("file", options->files.policy_path, "The policy file.").required();
  command.add_option("--tool", options->request.tool, "The tool.").required().type_name("TOOL");
  command.add_option("--operation", options->request.operation, "The operation.")
      .capture_default_str()
      .type_name("NAME");
  command.add_option("--agent", options->request.agent_id, "The agent that asks.")
      .capture_default_str()
      .type_name("ID");
  command.add_option("--params", options->params, "An object.")
      .capture_default_str()
      .type_name("JSON");
  command.add_option("--context", options->context, "An object.")
      .capture_default_str()
      .type_name("JSON");
  add_profile_option(command, options->files.profile_path);
  command.add_flag("--json", options->json, "One JSON object.");
  auto flags = add_version_flags(command);
  command.callback([options, flags, &invocation] {
    invocation.run = [options, flags](const Context& context) -> int {
      return with_version(context, *flags, options->files,
                          [&](const Context& with) { return explain_decision(with, *options); });
    };
  });
}

}  // namespace

void add_profile_option(Command command, std::string& path) {
  command.add_option("--profile", path, "An execution profile, applied before the policy.")
      .type_name("FILE");
}

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string on_one_line(std::string_view text) { return printable_line(text); }

void add_policy(Command parent, Invocation& invocation) {
  Command command =
      parent.add_subcommand("policy", "Check, test and compare policies before they apply.");
  command.require_subcommand(1);
  command.footer(
      "Examples:\n"
      "  colonnade policy check policy.yaml\n"
      "  colonnade policy test policy.yaml --cases cases.yaml\n"
      "  colonnade policy simulate new-policy.yaml     what it would have done with past actions");
  add_check(command, invocation);
  add_test(command, invocation);
  add_explain(command, invocation);
  add_policy_diff(command, invocation);
  add_policy_simulate(command, invocation);
}

}  // namespace colonnade::app
