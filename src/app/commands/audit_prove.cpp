// colonnade audit prove
#include "app/commands/audit_prove.hpp"

#include <cstdio>
#include <memory>
#include <string>

#include "app/audit_proof.hpp"
#include "app/audit_trail.hpp"
#include "app/command_line.hpp"
#include "app/remote.hpp"

namespace colonnade::app {
namespace {

int prove(const Context& context, const RemoteOptions& remote, const std::string& id) {
  const auto config = remote.config->load(context);
  if (!config) return exit_usage;
  const auto trail = open_audit_trail(context, remote, *config);
  if (!trail) return print_error(context, trail.error().message);
  (*trail)->sign_first();
  const auto proof = prove_audit_record(
      [&](const std::function<bool(const std::string&)>& take) {
        return read_audit(**trail, 0, take);
      },
      id);
  if (!proof) return print_error(context, proof.error().message);
  std::fputs((encode(*proof) + "\n").c_str(), stdout);
  return exit_ok;
}

}  // namespace

void add_audit_prove(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand(
      "prove", "Print a proof that one record is in the signed trail, without the others.");
  command.footer(
      "Examples:\n"
      "  colonnade audit prove 1200 > record-1200.json\n"
      "  tools/audit_proof.py record-1200.json --public-key audit.pub\n"
      "\n"
      "The script needs python3 and openssl alone: give it to whoever gets the proof, and the\n"
      "public key by another way.");
  auto id = std::make_shared<std::string>();
  command
      .add_option("id", *id,
                  "A record's number, or the id of an action, a credential …: then the newest "
                  "record about it.")
      .required();
  auto remote = add_remote_options(command);
  command.callback([id, remote, &invocation] {
    invocation.run = [id, remote](const Context& context) -> int {
      return prove(context, *remote, *id);
    };
  });
}

}  // namespace colonnade::app
