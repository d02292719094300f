#include "app/options.hpp"

#include <CLI/CLI.hpp>
#include <utility>

namespace colonnade::app {
namespace {

// The parser takes its texts as std::string.
std::string text(std::string_view view) { return std::string(view); }

template <class T>
Option add_typed(CLI::App& app, std::string_view names, T& target, std::string_view help) {
  return Option(app.add_option(text(names), target, text(help)));
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
  option_->check(CLI::IsMember(std::move(choices)));
  return *this;
}

Option Option::between(std::size_t least, std::size_t most) {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option Option::positive() {
  option_->check(CLI::PositiveNumber);
  return *this;
}

Option Option::not_negative() {
  option_->check(CLI::NonNegativeNumber);
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
    return ParseEnd{.fault = fault.what()};
  }
}

}  // namespace colonnade::app
