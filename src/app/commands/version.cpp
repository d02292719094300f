// colonnade version
#include <cstdio>
#include <string>

#include "app/command_line.hpp"
#include "app/version.hpp"
#include "base/json.hpp"

namespace colonnade::app {

void add_version(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand("version", "Print the version and how it was built.");
  command.footer(
      "Examples:\n"
      "  colonnade version\n"
      "  colonnade version --json    {\"version\":…,\"build_type\":…,\"compiler\":…}");
  auto as_json = std::make_shared<bool>(false);
  command.add_flag("--json", *as_json, "One JSON object.");
  command.callback([as_json, &invocation] {
    invocation.run = [as_json](const Context&) -> int {
      std::string out;
      if (*as_json) {
        base::JsonWriter json(out);
        json.object().field("version", version()).field("build_type", build_type());
        json.field("compiler", compiler()).end_object();
        out += "\n";
      } else {
        out =
            std::string("colonnade ") + version() + " (" + build_type() + ", " + compiler() + ")\n";
      }
      std::fputs(out.c_str(), stdout);
      return exit_ok;
    };
  });
}

}  // namespace colonnade::app
