// colonnade budgets list | set | show | remove | override
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "app/command_line.hpp"
#include "app/commands/local_command.hpp"
#include "app/json_output.hpp"
#include "app/local_budgets.hpp"
#include "app/terminal.hpp"
#include "base/json.hpp"

namespace colonnade::app {
namespace {

struct BudgetOptions {
  std::string scope{};
  std::string id{};
  std::string user{};
  std::string agent{};
  std::string key{};
  std::string automation{};
  bool each_user = false;
  std::string of_agent{};
  std::string period{};
  std::string limit{};
  std::string runs{};
  std::vector<std::string> thresholds{};
  std::vector<std::string> webhook{};  // the last counts; "" is one too
  bool off = false;
  std::int64_t minutes = 0;
  bool json = false;
};

std::string dollars(const base::Json& row, const char* name) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "$%.4f", row.value(name, 0.0));
  std::string out = buffer;
  constexpr std::size_t shortest = 3;  // ".50"
  while (out.ends_with('0') && out.size() - out.find('.') > shortest) out.pop_back();
  return out;
}

std::string holder_text(const base::Json& row) {
  std::string out = row.value("holder", std::string());
  const std::string target = row.value("target", std::string());
  if (target == "*") {
    out = "each user";
  } else if (!target.empty()) {
    out += " " + target;
  }
  const std::string agent = row.value("agent_id", std::string());
  if (!agent.empty()) out += " with agent " + agent;
  return out;
}

std::string limit_text(const base::Json& row) {
  std::string out;
  if (row.value("limit_usd", 0.0) > 0) out = dollars(row, "limit_usd");
  const auto runs = row.value("runs", std::int64_t{0});
  if (runs > 0) out += (out.empty() ? "" : ", ") + std::to_string(runs) + " runs";
  return out.empty() ? "no limit" : out;
}

std::string budget_line(const base::Json& row) {
  std::string line = row.value("id", std::string()) + "  " + holder_text(row) + "  " +
                     limit_text(row) + " a " + row.value("period", std::string());
  if (!row.value("enabled", true)) line += "  (off)";
  const auto until = row.find("override_until");
  if (until != row.end() && until->is_string()) {
    line += "  (lifted until " + until->get<std::string>().substr(0, 19) + "Z)";
  }
  return printable_line(line);
}

int list(const Context& context, LocalBudgets& budgets, const BudgetOptions& options) {
  const auto answer = budgets.list(options.scope);
  if (!answer) return print_error(context, answer.error().message);
  if (options.json) return print_json(base::to_text(*answer));
  for (const base::Json& row : answer->at("budgets")) print_line(budget_line(row));
  return exit_ok;
}

int show(const Context& context, LocalBudgets& budgets, const BudgetOptions& options) {
  const auto row = budgets.show(options.scope, options.id, options.user);
  if (!row) return print_error(context, row.error().message);
  if (options.json) return print_json(base::to_text(*row));
  print_line(budget_line(*row));
  print_line(printable_line("window    " + row->value("window", std::string())));
  print_line("spent     " + dollars(*row, "spent_usd"));
  print_line("reserved  " + dollars(*row, "reserved_usd"));
  print_line("runs      " + std::to_string(row->value("runs_begun", std::int64_t{0})));
  if (row->value("blocked", false)) print_line("It refuses runs now.");
  return exit_ok;
}

// Whose spending it counts; nullopt when several were named.
std::optional<std::pair<std::string, std::string>> holder_of(const BudgetOptions& options) {
  std::vector<std::pair<std::string, std::string>> named;
  if (!options.agent.empty()) named.emplace_back("agent", options.agent);
  if (!options.user.empty()) named.emplace_back("user", options.user);
  if (options.each_user) named.emplace_back("user", "*");
  if (!options.key.empty()) named.emplace_back("key", options.key);
  if (!options.automation.empty()) named.emplace_back("automation", options.automation);
  if (named.size() > 1) return std::nullopt;
  if (named.empty()) named.emplace_back("scope", "");
  return named.front();
}

// nullopt for what is no number; 0 for "".
std::optional<double> number_of(std::string_view text) {
  if (text.starts_with('$')) text.remove_prefix(1);
  double out = 0;
  if (text.empty()) return out;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

// What the options say of a budget but its holder; nullopt when one of them is no number.
std::optional<base::Json> body_of(const BudgetOptions& options) {
  const auto limit = number_of(options.limit);
  const auto runs = number_of(options.runs);
  if (!limit || !runs) return std::nullopt;
  base::Json body{{"period", options.period},
                  {"limit_usd", *limit},
                  {"runs", *runs},
                  {"enabled", !options.off}};
  if (!options.of_agent.empty()) body["agent_id"] = options.of_agent;
  if (!options.webhook.empty()) body["webhook_url"] = options.webhook.back();
  for (const std::string& one : options.thresholds) {
    const auto percent = number_of(one);
    if (!percent) return std::nullopt;
    body["thresholds"].push_back(*percent);
  }
  return body;
}

int set(const Context& context, LocalBudgets& budgets, const BudgetOptions& options) {
  const auto holder = holder_of(options);
  if (!holder) {
    return print_error(context,
                       "name one of --agent, --user, --each-user, --key and --automation, or none "
                       "for the whole scope",
                       exit_usage);
  }
  if (options.limit.empty() && options.runs.empty()) {
    return print_error(context, "give --limit, --runs or both; 0 is no limit", exit_usage);
  }
  auto body = body_of(options);
  if (!body) {
    return print_error(context, "--limit, --runs and --threshold take numbers, such as 12.50",
                       exit_usage);
  }
  (*body)["holder"] = holder->first;
  (*body)["target"] = holder->second;
  const auto row = budgets.set(options.scope, base::to_text(*body));
  if (!row) return print_error(context, row.error().message);
  if (options.json) return print_json(base::to_text(*row));
  print_line(budget_line(*row));
  return exit_ok;
}

int remove(const Context& context, LocalBudgets& budgets, const BudgetOptions& options) {
  const auto done = budgets.remove(options.scope, options.id);
  if (!done) return print_error(context, done.error().message);
  print_line("Removed.");
  return exit_ok;
}

int lift(const Context& context, LocalBudgets& budgets, const BudgetOptions& options) {
  const auto row = budgets.lift(options.scope, options.id, options.minutes);
  if (!row) return print_error(context, row.error().message);
  if (options.json) return print_json(base::to_text(*row));
  print_line(budget_line(*row));
  return exit_ok;
}

using Work = int (*)(const Context&, LocalBudgets&, const BudgetOptions&);

std::shared_ptr<BudgetOptions> add_verb(Command command, Invocation& invocation, Work work) {
  auto options = std::make_shared<BudgetOptions>();
  command
      .add_option("--scope", options->scope,
                  "ORGANIZATION/PROJECT/ENVIRONMENT; without it main/main/main.")
      .type_name("SCOPE");
  run_with(command, invocation, options, {"data_dir", "token_file"}, open_local_budgets, work);
  return options;
}

void add_id(Command command, BudgetOptions& options) {
  command.add_option("id", options.id, "As `colonnade budgets list` shows it.").required();
}

void add_set_options(Command command, BudgetOptions& options) {
  command.add_option("--period", options.period, "hour, day, week (rolling) or month, in UTC.")
      .required()
      .type_name("PERIOD");
  command.add_option("--limit", options.limit, "US dollars in that time; 0 for no limit.")
      .type_name("DOLLARS");
  command.add_option("--runs", options.runs, "Runs in that time; 0 for no limit.")
      .type_name("COUNT");
  command.add_option("--agent", options.agent, "Counts runs of this agent.").type_name("ID");
  command.add_option("--user", options.user, "Counts runs of this user.").type_name("ID");
  command.add_flag("--each-user", options.each_user, "Counts for every user separately.");
  command.add_option("--key", options.key, "Counts runs that this credential asks for.")
      .type_name("ID");
  command
      .add_option("--automation", options.automation,
                  "Counts runs that this routine, schedule or task begins.")
      .type_name("ID");
  command.add_option("--of-agent", options.of_agent, "Of all those, runs of this agent only.")
      .type_name("ID");
  command
      .add_option("--threshold", options.thresholds,
                  "A percentage at which the webhook is told; may be given several times.")
      .type_name("PERCENT");
  command
      .add_option("--webhook", options.webhook,
                  "Where thresholds are told; its calls are signed. Empty for none.")
      .type_name("URL");
  command.add_flag("--off", options.off, "Keep it, but let it count and refuse nothing.");
}

}  // namespace

void add_budgets(Command parent, Invocation& invocation) {
  Command command =
      parent.add_subcommand("budgets", "Limit what agents may spend, and how often they run.");
  command.require_subcommand(1);
  command.footer(
      "A budget limits money, runs or both, of a scope, an agent, a user, a credential or an\n"
      "automation, in an hour, a day, a rolling week or a month. While a server runs on the data\n"
      "folder, these go through it, with the operator's token; otherwise they open the store.\n"
      "Examples:\n"
      "  colonnade budgets set --period day --limit 20\n"
      "  colonnade budgets set --period month --limit 5 --each-user --scope acme/shop/live\n"
      "  colonnade budgets list");

  Command listing = command.add_subcommand("list", "List a scope's budgets.");
  listing.footer("Example:\n  colonnade budgets list --scope acme/shop/live");
  add_verb(listing, invocation, list);

  Command setting =
      command.add_subcommand("set", "Make a budget, or change the one of that holder and period.");
  setting.footer("Example:\n  colonnade budgets set --period week --agent helper --limit 50");
  add_set_options(setting, *add_verb(setting, invocation, set));

  Command showing = command.add_subcommand("show", "Show a budget and how it stands.");
  showing.footer("Example:\n  colonnade budgets show ID --user ann");
  const auto show_options = add_verb(showing, invocation, show);
  add_id(showing, *show_options);
  showing
      .add_option("--user", show_options->user, "Whose window to show, of a budget for every user.")
      .type_name("ID");

  Command removing =
      command.add_subcommand("remove", "Remove a budget, with what was counted for it.");
  removing.footer("Example:\n  colonnade budgets remove ID");
  add_id(removing, *add_verb(removing, invocation, remove));

  Command lifting = command.add_subcommand("override", "Lift a budget for some minutes.");
  lifting.footer("Example:\n  colonnade budgets override ID --minutes 60");
  const auto lift_options = add_verb(lifting, invocation, lift);
  add_id(lifting, *lift_options);
  lifting.add_option("--minutes", lift_options->minutes, "From now on; 0 ends it.")
      .required()
      .type_name("MINUTES");
}

}  // namespace colonnade::app
