#include "app/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "app/nearest.hpp"

namespace colonnade::app {
namespace {

// The parser takes its texts as std::string.
std::string text(std::string_view view) { return std::string(view); }

template <class T>
Option add_typed(CLI::App& app, std::string_view names, T& target, std::string_view help) {
  return Option(app.add_option(text(names), target, text(help)));
}

// A number that is not negative.
std::optional<std::uint64_t> integer(std::string_view words) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(words.data(), words.data() + words.size(), out);
  const bool whole = error == std::errc{} && end == words.data() + words.size();
  return whole ? std::optional(out) : std::nullopt;
}

// What a value must be: in the words of an error, and in those of --help.
struct Expected {
  std::string words{};
  std::string brief{};
};

// The parser puts the option's name in front of what is said.
void check(CLI::Option& option, const Expected& expected,
           std::function<bool(const std::string&)> fits) {
  const auto judge = [expected = expected.words, fits = std::move(fits)](std::string& found) {
    return fits(found) ? "" : "expected " + expected + ", but found \"" + found + "\"";
  };
  option.check(CLI::Validator(judge, expected.brief));
}

// The deepest command that was named.
const CLI::App& chosen_command(const CLI::App& program) {
  const CLI::App* out = &program;
  for (auto named = out->get_subcommands(); !named.empty(); named = out->get_subcommands()) {
    out = named.back();
  }
  return *out;
}

std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : full_name(*parent) + " " + command.get_name();
}

// "; did you mean X?", or nothing.
std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  const std::string meant = nearest(word, known);
  return meant.empty() ? "" : "; did you mean \"" + meant + "\"?";
}

std::vector<std::string> subcommand_names(const CLI::App& command) {
  std::vector<std::string> out;
  for (const CLI::App* one :
       command.get_subcommands([](const CLI::App* app) { return !app->get_group().empty(); })) {
    out.push_back(one->get_name());
  }
  return out;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> out;
  for (const CLI::Option* one : command.get_options()) {
    for (const std::string& name : one->get_lnames()) out.push_back("--" + name);
  }
  return out;
}

// The parser's sentences about one option or argument.
std::string plain_text(const CLI::ParseError& fault) {
  const std::string said = fault.what();
  if (dynamic_cast<const CLI::ExcludesError*>(&fault) != nullptr) {
    return said + "; give one of the two";
  }
  if (dynamic_cast<const CLI::RequiredError*>(&fault) != nullptr && !said.starts_with('-')) {
    return "an argument is missing: " + said;
  }
  // "--listen: 1 required VALUE missing"
  constexpr std::string_view before = ": 1 required ";
  constexpr std::string_view behind = " missing";
  const auto at = said.find(before);
  if (at != std::string::npos && said.ends_with(behind)) {
    const std::size_t type = at + before.size();
    return said.substr(0, at) +
           " needs a value: " + said.substr(type, said.size() - type - behind.size());
  }
  return said;
}

// What the parser says in words of its own, said in those of the command line.
std::string fault_text(const CLI::App& program, const CLI::App& chosen,
                       const CLI::ParseError& fault) {
  const std::vector<std::string> commands = subcommand_names(chosen);
  const std::string name = full_name(chosen);
  const std::vector<std::string> rest = program.remaining(true);
  const std::string list = "; `" + name + " --help` lists the commands";
  if (!commands.empty()) {
    // Options that belong to a command may stand before it, so the first word decides.
    const auto word = std::ranges::find_if(
        rest, [](const std::string& one) { return !one.empty() && one.front() != '-'; });
    if (word != rest.end()) {
      const std::string meant = suggestion(*word, commands);
      return name + " has no command \"" + *word + "\"" + (meant.empty() ? list : meant);
    }
    if (rest.empty()) return name + " needs a command" + list;
  }
  if (rest.empty()) return plain_text(fault);
  const std::string& extra = rest.front();
  if (&chosen != &program && !program.remaining(false).empty()) {
    return extra + " stands before the command; put it behind: " + name + " " + extra;
  }
  if (extra.starts_with('-')) {
    const std::string option = extra.substr(0, extra.find('='));
    return name + " has no option " + option + suggestion(option, option_names(chosen));
  }
  return name + ": one argument too many: \"" + extra + "\"; put a text with blanks in quotes";
}

}  // namespace

// --- Option ------------------------------------------------------------------------------------

Option Option::required() {
  option_->required();
  return *this;
}

Option Option::type_name(std::string_view name) {
  option_->type_name(text(name));
  return *this;
}

Option Option::group(std::string_view title) {
  option_->group(text(title));
  return *this;
}

Option Option::capture_default_str() {
  option_->capture_default_str();
  return *this;
}

Option Option::excludes(Option other) {
  option_->excludes(other.option_);
  return *this;
}

Option Option::one_of(std::vector<std::string> choices) {
  std::string list;
  std::string brief;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    list += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + choices[i];
    brief += (i == 0 ? "{" : ",") + choices[i];
  }
  check(*option_, {list, brief + "}"}, [choices = std::move(choices)](const std::string& found) {
    return std::ranges::find(choices, found) != choices.end();
  });
  return *this;
}

Option Option::between(std::size_t least, std::size_t most) {
  const std::string from = std::to_string(least);
  const std::string to = std::to_string(most);
  check(*option_, {"an integer from " + from + " to " + to, "[" + from + " - " + to + "]"},
        [least, most](const std::string& found) {
          const auto number = integer(found);
          return number && *number >= least && *number <= most;
        });
  return *this;
}

Option Option::positive() {
  check(*option_, {"an integer of at least 1", "POSITIVE"}, [](const std::string& found) {
    const auto number = integer(found);
    return number && *number >= 1;
  });
  return *this;
}

Option Option::not_negative() {
  check(*option_, {"an integer of at least 0", "NONNEGATIVE"},
        [](const std::string& found) { return integer(found).has_value(); });
  return *this;
}

// --- Command -----------------------------------------------------------------------------------

Command Command::add_subcommand(std::string_view name, std::string_view help) {
  return Command(app_->add_subcommand(text(name), text(help)));
}

Command Command::require_subcommand(std::size_t count) {
  app_->require_subcommand(static_cast<int>(count));
  return *this;
}

Command Command::footer(std::string_view words) {
  app_->footer(text(words));
  return *this;
}

Command Command::group(std::string_view title) {
  app_->group(text(title));
  return *this;
}

Command Command::callback(std::function<void()> chosen) {
  app_->callback(std::move(chosen));
  return *this;
}

Option Command::add_option(std::string_view names, std::string& target, std::string_view help) {
  return add_typed(*app_, names, target, help);
}

Option Command::add_option(std::string_view names, std::vector<std::string>& target,
                           std::string_view help) {
  return add_typed(*app_, names, target, help);
}

Option Command::add_option(std::string_view names, std::int64_t& target, std::string_view help) {
  return add_typed(*app_, names, target, help);
}

Option Command::add_option(std::string_view names, std::size_t& target, std::string_view help) {
  return add_typed(*app_, names, target, help);
}

Option Command::add_option(std::string_view names,
                           std::function<void(std::vector<std::string>)> store, Repeated repeated,
                           std::string_view help) {
  const auto keep = [store = std::move(store)](const std::vector<std::string>& values) {
    store(values);
    return true;
  };
  CLI::Option* option = app_->add_option(text(names), keep, text(help));
  option->multi_option_policy(repeated == Repeated::all_count ? CLI::MultiOptionPolicy::TakeAll
                                                              : CLI::MultiOptionPolicy::TakeLast);
  return Option(option);
}

Option Command::add_flag(std::string_view names, bool& target, std::string_view help) {
  return Option(app_->add_flag(text(names), target, text(help)));
}

Option Command::add_flag(std::string_view names, std::function<void(bool)> store,
                         std::string_view help) {
  const auto keep = [store = std::move(store)](std::int64_t count) { store(count > 0); };
  return Option(app_->add_flag_function(text(names), keep, text(help)));
}

// --- Program -----------------------------------------------------------------------------------

Program::Program(std::string_view name, std::string_view description)
    : app_(std::make_unique<CLI::App>(text(description), text(name))) {
  app_->require_subcommand(1);
}

Program::~Program() = default;

Command Program::command() { return Command(app_.get()); }

void Program::version_flag(std::string_view words) {
  app_->set_version_flag("--version", text(words));
}

std::optional<ParseEnd> Program::parse(int argc, const char* const* argv) {
  try {
    app_->parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::Success& done) {
    return ParseEnd{.exit_code = app_->exit(done)};
  } catch (const CLI::ParseError& fault) {
    const CLI::App& chosen = chosen_command(*app_);
    return ParseEnd{.fault = fault_text(*app_, chosen, fault), .command = full_name(chosen)};
  }
}

}  // namespace colonnade::app
