// colonnade mcp-servers list | accept | retry
#include <cstdio>
#include <string>

#include "app/command_line.hpp"
#include "app/json_output.hpp"
#include "app/remote.hpp"
#include "app/terminal.hpp"

namespace colonnade::app {
namespace {

struct ServerOptions {
  std::shared_ptr<RemoteOptions> remote{};
  std::string server{};
  std::string set{};
  bool json = false;
};
using Work = int (*)(const Context&, const fathom::Client&, const ServerOptions&);

constexpr const char* path = "/operator/mcp-servers";

std::string text_of(const Json& row, const char* name) {
  const auto& value = row[name];
  return value.is_string() ? printable_line(value.as_string()) : std::string();
}

int list(const Context&, const fathom::Client& client, const ServerOptions& options) {
  const Json answer = client.request("GET", path);
  if (options.json) return print_json(answer.dump());
  const auto& rows = answer["servers"].as_array();
  if (rows.empty()) print_line("There are no MCP servers; see mcp.servers in the configuration.");
  for (const Json& row : rows) {
    print_line(text_of(row, "name") + "  " + text_of(row, "state") + "  " +
               std::to_string(row["tools"].as_array().size()) + " tools  " + text_of(row, "id"));
    if (const auto reason = text_of(row, "reason"); !reason.empty()) print_line("    " + reason);
    if (const auto set = text_of(row, "held_back_set"); !set.empty()) {
      print_line("    accept them: colonnade mcp-servers accept " + text_of(row, "name") + " " +
                 set);
    }
    if (const auto url = text_of(row, "authorization_url"); !url.empty()) {
      print_line("    open this in a browser: " + url);
    }
    for (const Json& refused : row["refused"].as_array()) {
      print_line("    not offered: " + printable_line(refused.as_string()));
    }
  }
  return exit_ok;
}

int accept(const Context&, const fathom::Client& client, const ServerOptions& options) {
  Json body = Json::object();
  body.set("set", Json(options.set));
  client.request("POST", std::string(path) + "/" + options.server + "/accept", body);
  print_line("Accepted.");
  return exit_ok;
}

int retry(const Context&, const fathom::Client& client, const ServerOptions& options) {
  client.request("POST", std::string(path) + "/" + options.server + "/retry", Json::object());
  print_line("Retrying now.");
  return exit_ok;
}

std::shared_ptr<ServerOptions> run_with(Command command, Invocation& invocation, Work work) {
  auto options = std::make_shared<ServerOptions>();
  options->remote = add_remote_options(command);
  command.callback([options, work, &invocation] {
    invocation.run = [options, work](const Context& context) -> int {
      return with_client(context, *options->remote, [&](const fathom::Client& client) {
        return work(context, client, *options);
      });
    };
  });
  return options;
}

}  // namespace

void add_mcp_servers(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand(
      "mcp-servers", "List, accept and retry the MCP servers that give agents tools.");
  command.require_subcommand(1);
  command.footer(
      "Examples:\n"
      "  colonnade mcp-servers list               states, and what waits for you\n"
      "  colonnade mcp-servers accept NAME SET    its changed tools, as `list` shows them\n"
      "  colonnade mcp-servers retry NAME         now, instead of after its delay");
  Command list_command = command.add_subcommand("list", "List all servers and their states.");
  list_command.footer("Example:\n  colonnade mcp-servers list --json | jq '.servers[].state'");
  auto list_options = run_with(list_command, invocation, list);
  list_command.add_flag("--json", list_options->json, "One JSON object.");
  Command accept_command =
      command.add_subcommand("accept", "Accept changed tools, so that agents may use them.");
  accept_command.footer("Example:\n  colonnade mcp-servers accept files 3f1c…");
  auto accept_options = run_with(accept_command, invocation, accept);
  accept_command.add_option("server", accept_options->server, "Its name or id.").required();
  accept_command.add_option("set", accept_options->set, "The set that `list` shows.").required();
  Command retry_command = command.add_subcommand("retry", "Retry a server now.");
  retry_command.footer("Example:\n  colonnade mcp-servers retry files");
  auto retry_options = run_with(retry_command, invocation, retry);
  retry_command.add_option("server", retry_options->server, "Its name or id.").required();
}

}  // namespace colonnade::app
