// colonnade pair start | claim
#include <cstdio>
#include <string>

#include "app/command_line.hpp"
#include "app/files.hpp"
#include "app/json_output.hpp"
#include "app/remote.hpp"
#include "app/terminal.hpp"
#include "base/visible_text.hpp"

namespace colonnade::app {
namespace {

struct PairOptions {
  std::string code{};
  std::string name{};
  std::string save{};
  bool wait = false;
  bool json = false;
};

// Asks again for as long as the code lives; the server answers each question after 90 s at most.
int wait_for_claim(const fathom::Client& client, const PairOptions& options,
                   const std::string& code) {
  for (;;) {
    const auto device = client.pair_watch(code);
    if (!device) continue;
    if (options.json) {
      std::string out;
      base::JsonWriter json(out);
      json.object().key("device");
      write_device(json, *device);
      json.end_object();
      return print_json(out);
    }
    print_now("Paired: " + printable_line(device->name) + " (" + printable_line(device->id) + ")");
    return exit_ok;
  }
}

int start(const fathom::Client& client, const PairOptions& options) {
  const fathom::PairingCode code = client.pair_start();
  if (options.json) {
    std::string out;
    base::JsonWriter json(out);
    json.object().field("code", code.code);
    json.field("expires_at", fathom::to_string(code.expires_at)).end_object();
    print_json(out);
    std::fflush(stdout);
  } else {
    print_now("Code: " + printable_line(code.code));
    print_now("On the other device, within a minute: colonnade pair claim " +
              printable_line(code.code));
  }
  return options.wait ? wait_for_claim(client, options, code.code) : exit_ok;
}

int claim(const Context& context, const fathom::Client& client, const PairOptions& options) {
  const fathom::Claim claim = client.pair({.code = options.code, .device_name = options.name});
  if (!options.save.empty()) {
    if (const auto saved = write_owner_only_file(options.save, claim.token + "\n"); !saved) {
      // The token exists now and is shown nowhere else: better on the screen than lost.
      print_now(claim.token);
      return print_error(context, saved.error().message);
    }
  }
  if (options.json) {
    std::string out;
    base::JsonWriter json(out);
    json.object().field("device_id", claim.device_id).field("device_name", claim.device_name);
    if (options.save.empty()) json.field("token", claim.token);
    json.end_object();
    return print_json(out);
  }
  if (options.save.empty()) {
    print_now(claim.token);
  } else {
    print_now("Paired as " + printable_line(claim.device_name) + "; the token is in " +
              options.save);
  }
  return exit_ok;
}

void add_start(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand("start", "Create a six-digit code for another device.");
  command.footer(
      "Examples:\n"
      "  colonnade pair start            print the code; it lives for a minute\n"
      "  colonnade pair start --wait     and wait until it was used");
  auto options = std::make_shared<PairOptions>();
  command.add_flag("--wait", options->wait, "Wait until a device has claimed the code.");
  command.add_flag("--json", options->json, "JSON, one object a line.");
  auto remote = add_remote_options(command);
  command.callback([options, remote, &invocation] {
    invocation.run = [options, remote](const Context& context) -> int {
      return with_client(context, *remote,
                         [&](const fathom::Client& client) { return start(client, *options); });
    };
  });
}

void add_claim(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand("claim", "Exchange a code for a token of this device.");
  command.footer(
      "Examples:\n"
      "  colonnade pair claim 123456 --url http://host:8790 --name laptop --save token\n"
      "  FATHOM_BASE_URL=http://host:8790 colonnade threads list --token-file token");
  auto options = std::make_shared<PairOptions>();
  command.add_option("code", options->code, "Six digits.").required();
  command.add_option("--name", options->name, "The name of this device.").type_name("NAME");
  command
      .add_option("--save", options->save,
                  "Write the token into this file (mode 0600) instead of printing it.")
      .type_name("FILE");
  command.add_flag("--json", options->json, "One JSON object.");
  auto remote = add_remote_options(command);
  command.callback([options, remote, &invocation] {
    invocation.run = [options, remote](const Context& context) -> int {
      // The server takes any name, and shows it to people in lists.
      if (base::has_hidden(options->name)) {
        return print_error(context,
                           "--name: give a name on one line, without control characters and "
                           "characters that do not show",
                           exit_usage);
      }
      return with_client(context, *remote, [&](const fathom::Client& client) {
        return claim(context, client, *options);
      });
    };
  });
}

}  // namespace

void add_pair(Command parent, Invocation& invocation) {
  Command command =
      parent.add_subcommand("pair", "Pair another device: give it a token by a short code.");
  command.require_subcommand(1);
  command.footer(
      "Examples:\n"
      "  colonnade pair start                where there is a token\n"
      "  colonnade pair claim 123456         on the new device");
  add_start(command, invocation);
  add_claim(command, invocation);
}

}  // namespace colonnade::app
