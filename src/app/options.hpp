// How commands declare what may follow them on the command line. The parser behind it is seen by
// options.cpp alone: it is expensive to compile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace colonnade::app {

// One option, flag or positional argument. A handle: copied freely, valid as long as its Program.
// Each member returns the handle again.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option required();
  Option type_name(std::string_view name);          // what --help calls its value: FILE, ID …
  Option group(std::string_view title);             // the heading in --help that it stands below
  Option capture_default_str();                     // --help shows what the target holds now
  Option excludes(Option other);                    // not both
  Option one_of(std::vector<std::string> choices);  // refuses other values
  Option between(std::size_t least, std::size_t most);  // refuses numbers outside
  Option positive();                                    // refuses numbers below one
  Option not_negative();

 private:
  CLI::Option* option_;
};

// What an option that is given several times means.
enum class Repeated { last_counts, all_count };

// A command, or a command below a command. A handle as Option is.
//
// Targets are written while the command line is parsed and must live until then. Names are those of
// the parser: "file" is positional, "-o,--output" an option.
class Command {
 public:
  explicit Command(CLI::App* app) : app_(app) {}

  Command add_subcommand(std::string_view name, std::string_view help);
  Command require_subcommand(std::size_t count);
  Command footer(std::string_view text);  // below --help: examples
  Command group(std::string_view title);  // the heading in --help that it stands below; "": hidden
  // Called when this command was chosen, after its options were read.
  Command callback(std::function<void()> chosen);

  Option add_option(std::string_view names, std::string& target, std::string_view help);
  Option add_option(std::string_view names, std::vector<std::string>& target,
                    std::string_view help);
  Option add_option(std::string_view names, std::int64_t& target, std::string_view help);
  Option add_option(std::string_view names, std::size_t& target, std::string_view help);
  // `store` is called once, with every value that was given, or with the last one.
  Option add_option(std::string_view names, std::function<void(std::vector<std::string>)> store,
                    Repeated repeated, std::string_view help);

  Option add_flag(std::string_view names, bool& target, std::string_view help);
  // A flag with a negation ("--json,!--no-json"): false when that was given.
  Option add_flag(std::string_view names, std::function<void(bool)> store, std::string_view help);

 private:
  CLI::App* app_;
};

// Why parsing ended without a command to run.
struct ParseEnd {
  std::string fault{};    // with the option's name
  std::string command{};  // the one whose --help says more: "colonnade token create"
  int exit_code = 0;      // without a fault: --help or --version, which are printed already
};

// The whole command line. Not thread-safe; lives as long as its handles.
class Program {
 public:
  Program(std::string_view name, std::string_view description);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  Command command();  // the program itself, whose subcommands are the commands
  void version_flag(std::string_view text);  // --version prints it

  // Calls the callback of the command that was chosen. What is wrong comes back as a fault, with
  // the option's name; nothing throws.
  std::optional<ParseEnd> parse(int argc, const char* const* argv);

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace colonnade::app
