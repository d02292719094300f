// colonnade packs list | show | inspect | install | update | export | uninstall
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "app/command_line.hpp"
#include "app/json_output.hpp"
#include "app/remote.hpp"
#include "app/terminal.hpp"
#include "colonnade/tandem.hpp"

namespace colonnade::app {
namespace {

struct PackOptions {
  std::shared_ptr<RemoteOptions> remote{};
  std::string which{};   // a pack: its name or pack_id, perhaps with @version
  std::string source{};  // an archive: a file or a URL
  std::string output{};
  bool yes = false;
  bool json = false;
};
using PackDeed = int (*)(const tandem::Client&, const PackOptions&);

// Null where there is none: a server of another make says less.
const Json& part_of(const Json& tree, const char* name) {
  static const Json none;
  const Json* found = tree.find(name);
  return found == nullptr ? none : *found;
}

std::string shown(const Json& value) {
  return value.is_string() ? printable_line(value.as_string()) : std::string();
}

std::string joined_names(const Json& list) {
  std::string out;
  if (!list.is_array()) return out;
  for (const Json& one : list.as_array()) {
    out += (out.empty() ? "" : ", ") + shown(one);
  }
  return out;
}

void print_row(std::string_view name, const std::string& value) {
  if (!value.empty()) print_line("  " + std::string(name) + ": " + value);
}

// A server on another machine says that there is no such file.
tandem::PackPlace place_of(const std::string& source) {
  if (source.starts_with("http://") || source.starts_with("https://")) return {.url = source};
  return {.path = std::filesystem::absolute(source).lexically_normal().string()};
}

// Without a version: "name"; the part behind @ is one.
tandem::PackSelector selector_of(const std::string& which) {
  const auto at = which.rfind('@');
  if (at == std::string::npos) return {.name = which};
  return {.name = which.substr(0, at), .version = which.substr(at + 1)};
}

void print_routines(const Json& sheet) {
  const Json* routines = sheet.find("routines");
  if (routines == nullptr || !routines->is_array()) return;
  for (const Json& one : routines->as_array()) {
    const std::string tools = joined_names(part_of(one, "allowed_tools"));
    print_row("routine " + shown(part_of(one, "id")),
              shown(part_of(one, "name")) + "; off until you enable it; may use " +
                  (tools.empty() ? "what runs unasked" : tools + " unasked"));
  }
}

void print_agents(const Json& sheet) {
  const Json* agents = sheet.find("agents");
  if (agents == nullptr || !agents->is_array()) return;
  for (const Json& one : agents->as_array()) {
    const Json& tools = part_of(one, "tools");
    const std::string names = joined_names(tools);
    print_row("agent " + shown(part_of(one, "id")), shown(part_of(one, "name")) + "; tools: " +
                                                        (tools.is_null() ? "all"
                                                         : names.empty() ? "none"
                                                                         : names));
  }
}

// What somebody has to know before it is installed.
void print_sheet(const tandem::PackSheet& pack) {
  print_line(shown(part_of(pack.manifest, "name")) + " " +
             shown(part_of(pack.manifest, "version")) + "  (" +
             shown(part_of(pack.manifest, "type")) + ")");
  const Json& sheet = pack.permission_sheet;
  std::string signature = shown(part_of(pack.trust, "signature"));
  if (const Json* publisher = pack.trust.find("publisher")) signature += " by " + shown(*publisher);
  print_row("signature", signature);
  print_row("risk", shown(part_of(sheet, "risk_level")));
  print_row("needs", joined_names(part_of(sheet, "required_capabilities")));
  print_row("can use", joined_names(part_of(sheet, "optional_capabilities")));
  print_row("bound to one vendor", joined_names(part_of(sheet, "provider_specific_dependencies")));
  print_agents(sheet);
  print_routines(sheet);
  if (const Json* skills = sheet.find("skills")) print_row("skills", joined_names(*skills));
  print_row("workflows, kept but not run", joined_names(part_of(sheet, "workflows_declared")));
  if (const Json* secrets = pack.extra.find("possible_secrets")) {
    print_row("looks like keys", joined_names(*secrets));
  }
}

int list_packs(const tandem::Client& client, const PackOptions& options) {
  if (options.json) return print_json(client.request("GET", "/packs").dump());
  const auto packs = client.packs.list();
  if (packs.empty()) print_line("No pack is installed.");
  for (const tandem::PackRecord& one : packs) {
    print_line(printable_line(one.name) + "@" + printable_line(one.version) + "  " +
               printable_line(one.pack_type) + "  " + printable_line(one.install_path));
  }
  return exit_ok;
}

int show_pack(const tandem::Client& client, const PackOptions& options) {
  const tandem::PackSheet pack = client.packs.inspect(options.which);
  if (options.json) return print_json(pack.permission_sheet.dump());
  print_sheet(pack);
  return exit_ok;
}

int inspect_archive(const tandem::Client& client, const PackOptions& options) {
  const tandem::DetectedPack found = client.packs.detect(place_of(options.source));
  if (!found.is_pack) {
    print_line("This is no pack: it has no " + printable_line(found.marker) + " at its root.");
    return exit_failure;
  }
  if (!found.pack) {
    print_line("This is a pack; the server does not say what is in it.");
    return exit_ok;
  }
  if (options.json) return print_json(found.pack->permission_sheet.dump());
  print_sheet(*found.pack);
  return exit_ok;
}

int install_archive(const tandem::Client& client, const PackOptions& options) {
  if (!options.yes) {
    const int looked = inspect_archive(client, options);
    if (looked == exit_ok) print_line("Nothing was installed. Add --yes to install it.");
    return exit_failure;
  }
  const tandem::InstallPack request{.from = place_of(options.source)};
  const tandem::PackRecord pack = client.packs.install(request);
  print_line("Installed " + printable_line(pack.name) + "@" + printable_line(pack.version) + ".");
  return exit_ok;
}

int update_pack(const tandem::Client& client, const PackOptions& options) {
  const tandem::UpdatePack request{.from = place_of(options.source), .approved = options.yes};
  const tandem::PackUpdate done = client.packs.update(options.which, request);
  if (done.updated) {
    print_line("It is version " + printable_line(done.current_version) +
               " now. Its routines are off until you enable them.");
    return exit_ok;
  }
  print_line("It was not updated: " + printable_line(done.reason));
  print_row("newly needs",
            joined_names(part_of(done.permissions_diff, "added_required_capabilities")));
  if (done.reapproval_required) print_line("Add --yes to agree to that.");
  return exit_failure;
}

int export_archive(const tandem::Client& client, const PackOptions& options) {
  const std::string path = options.output.empty() ? "" : place_of(options.output).path;
  const tandem::ExportedPack out = client.packs.export_pack(selector_of(options.which), path);
  print_line(printable_line(out.path));
  return exit_ok;
}

int uninstall_pack(const tandem::Client& client, const PackOptions& options) {
  const tandem::PackRecord pack = client.packs.uninstall(selector_of(options.which));
  print_line("Uninstalled " + printable_line(pack.name) + "@" + printable_line(pack.version) +
             " with its agents, their threads, its routines and skills.");
  return exit_ok;
}

std::shared_ptr<PackOptions> do_with_packs(Command command, Invocation& invocation, PackDeed deed) {
  auto options = std::make_shared<PackOptions>();
  options->remote = add_remote_options(command);
  command.callback([options, deed, &invocation] {
    invocation.run = [options, deed](const Context& context) -> int {
      return with_client_at(
          context, *options->remote, [&](const fathom::Client&, const Remote& remote) {
            tandem::Options to{.base_url = remote.base_url, .token = remote.token};
            to.http.ca_file = remote.ca_file;
            to.http.user_agent = "colonnade-cli";
            return deed(tandem::Client(to), *options);
          });
    };
  });
  return options;
}

}  // namespace

void add_packs(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand("packs", "Install, list and uninstall packs.");
  command.require_subcommand(1);
  command.footer(
      "Examples:\n"
      "  colonnade packs inspect release.zip          what it would bring and touch\n"
      "  colonnade packs install release.zip --yes    agents, routines (off) and skills\n"
      "  colonnade packs uninstall release-tools      all of it again");
  constexpr const char* which_help = "The pack: its name, or name@version.";
  constexpr const char* source_help = "The archive: a file of the server's machine, or a URL.";
  struct OfPacks {
    const char* name;
    const char* help;
    const char* footer;
    PackDeed deed;
    bool takes_which;
    bool takes_source;
  };
  constexpr OfPacks rows[] = {
      {"list", "List the packs that are installed.", "Example:\n  colonnade packs list --json",
       list_packs, false, false},
      {"show", "Show what an installed pack brings.", "Example:\n  colonnade packs show release",
       show_pack, true, false},
      {"inspect", "Show what an archive would bring, and install nothing.",
       "Example:\n  colonnade packs inspect release.zip", inspect_archive, false, true},
      {"install", "Install a pack; without --yes, only show what it would bring.",
       "Example:\n  colonnade packs install https://packs.example/release.zip --yes",
       install_archive, false, true},
      {"update", "Put a newer version in place of the installed one.",
       "Example:\n  colonnade packs update release release-1.1.zip", update_pack, true, true},
      {"export", "Write a pack's archive to a file of the server's machine.",
       "Example:\n  colonnade packs export release --output release.zip", export_archive, true,
       false},
      {"uninstall", "Remove a pack and all that it brought.",
       "Example:\n  colonnade packs uninstall release@1.0.0", uninstall_pack, true, false},
  };
  for (const OfPacks& row : rows) {
    Command one = command.add_subcommand(row.name, row.help);
    one.footer(row.footer);
    auto options = do_with_packs(one, invocation, row.deed);
    if (row.takes_which) one.add_option("pack", options->which, which_help).required();
    if (row.takes_source) one.add_option("archive", options->source, source_help).required();
    const std::string_view name = row.name;
    if (name == "list" || name == "show" || name == "inspect") {
      one.add_flag("--json", options->json, "JSON instead of lines for people.");
    }
    if (name == "install" || name == "update") {
      one.add_flag("--yes", options->yes, "Agree to what is shown without it.");
    }
    if (name == "export") {
      one.add_option("--output", options->output, "The file; it must not exist yet.");
    }
  }
}

}  // namespace colonnade::app
