// colonnade devices list | revoke
#include <cstdio>
#include <string>

#include "app/command_line.hpp"
#include "app/json_output.hpp"
#include "app/remote.hpp"

namespace colonnade::app {
namespace {

int list(const fathom::Client& client, bool as_json) {
  const auto devices = client.devices.list();
  if (as_json) {
    std::string out;
    base::JsonWriter json(out);
    json.object().key("devices").array();
    for (const fathom::Device& device : devices) write_device(json, device);
    json.end_array().end_object();
    return print_json(out);
  }
  for (const fathom::Device& device : devices) {
    const std::string line = printable_line(device.id) + "  last seen " +
                             fathom::to_string(device.last_seen).substr(0, 19) + "Z  " +
                             printable_line(device.name) + "\n";
    std::fputs(line.c_str(), stdout);
  }
  return exit_ok;
}

}  // namespace

void add_devices(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand("devices", "List and revoke paired devices.");
  command.require_subcommand(1);
  command.footer(
      "Examples:\n"
      "  colonnade devices list\n"
      "  colonnade devices revoke 0a1b2c3d4e5f     its token stops working at once");

  Command list_command = command.add_subcommand("list", "List paired devices, newest first.");
  list_command.footer("Example:\n  colonnade devices list --json");
  auto as_json = std::make_shared<bool>(false);
  list_command.add_flag("--json", *as_json, "One JSON object.");
  auto list_remote = add_remote_options(list_command);
  list_command.callback([as_json, list_remote, &invocation] {
    invocation.run = [as_json, list_remote](const Context& context) -> int {
      return with_client(context, *list_remote,
                         [&](const fathom::Client& client) { return list(client, *as_json); });
    };
  });

  Command revoke_command =
      command.add_subcommand("revoke", "Revoke a device: its token stops working at once.");
  revoke_command.footer("Example:\n  colonnade devices revoke 0a1b2c3d4e5f");
  auto id = std::make_shared<std::string>();
  revoke_command.add_option("id", *id, "The device.").required();
  auto revoke_remote = add_remote_options(revoke_command);
  revoke_command.callback([id, revoke_remote, &invocation] {
    invocation.run = [id, revoke_remote](const Context& context) -> int {
      return with_client(context, *revoke_remote, [&](const fathom::Client& client) -> int {
        client.devices.revoke(*id);
        std::fputs("Revoked.\n", stdout);
        return exit_ok;
      });
    };
  });
}

}  // namespace colonnade::app
