#include "app/config_mcp.hpp"

#include <algorithm>
#include <initializer_list>

#include "app/files.hpp"
#include "app/nearest.hpp"
#include "base/secret_text.hpp"

namespace colonnade::app {
namespace {

using Texts = std::map<std::string, std::string>;

std::string concat(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out += part;
  return out;
}

// One row for each member; exactly one of the targets is set.
struct Row {
  std::string_view name;
  std::string_view value;
  std::string_view meaning;
  std::string McpServerSettings::* text = nullptr;
  std::vector<std::string> McpServerSettings::* list = nullptr;
  Texts McpServerSettings::* map = nullptr;
  bool McpServerSettings::* flag = nullptr;
  bool secret = false;
  bool path = false;
};

const std::vector<Row>& rows() {  // long: the one table, a row for each member
  static const std::vector<Row> all = {
      {.name = "command",
       .value = "a list of strings",
       .meaning = "The program and its arguments; the server speaks on its standard input and "
                  "output.",
       .list = &McpServerSettings::command},
      {.name = "url",
       .value = "a string",
       .meaning = "The endpoint of a server that speaks streamable HTTP, instead of a command.",
       .text = &McpServerSettings::url},
      {.name = "env",
       .value = "a map of strings",
       .meaning = "Environment variables of the command. A secret.",
       .map = &McpServerSettings::env,
       .secret = true},
      {.name = "env_from",
       .value = "a map of strings",
       .meaning = "The same, each read from the environment variable that is named.",
       .map = &McpServerSettings::env_from},
      {.name = "headers",
       .value = "a map of strings",
       .meaning = "Headers of each request to the URL. A secret.",
       .map = &McpServerSettings::headers,
       .secret = true},
      {.name = "headers_from",
       .value = "a map of strings",
       .meaning = "The same, each read from the environment variable that is named.",
       .map = &McpServerSettings::headers_from},
      {.name = "oauth.client_id",
       .value = "a string",
       .meaning = "The client that is registered with the authorization server. Without it the "
                  "server registers itself.",
       .text = &McpServerSettings::oauth_client_id},
      {.name = "oauth.client_secret",
       .value = "a string",
       .meaning = "That client's secret.",
       .text = &McpServerSettings::oauth_client_secret,
       .secret = true},
      {.name = "oauth.client_secret_env",
       .value = "a string",
       .meaning = "The environment variable that holds it.",
       .text = &McpServerSettings::oauth_client_secret_env},
      {.name = "oauth.private_key_file",
       .value = "path",
       .meaning =
           "A key (PEM, RSA or on P-256) that shows who the client is by a signature, instead "
           "of a secret.",
       .text = &McpServerSettings::oauth_private_key_file,
       .path = true},
      {.name = "oauth.issuer",
       .value = "a string",
       .meaning = "The authorization server that the client is registered with. No other one gets "
                  "its id and secret.",
       .text = &McpServerSettings::oauth_issuer},
      {.name = "oauth.metadata_url",
       .value = "a string",
       .meaning = "The https URL of a client ID metadata document of yours, used where the "
                  "authorization server takes one.",
       .text = &McpServerSettings::oauth_metadata_url},
      {.name = "oauth.scope",
       .value = "a string",
       .meaning = "Scopes that are asked for in any case, separated by spaces.",
       .text = &McpServerSettings::oauth_scope},
      {.name = "oauth.client_credentials",
       .value = "true or false",
       .meaning = "The client is authorised by its secret alone, without a human.",
       .flag = &McpServerSettings::oauth_client_credentials},
      {.name = "sandbox",
       .value = "true or false",
       .meaning = "The command runs in the sandbox of the shell tool: without network, with a "
                  "read-only system and an empty home. false: it runs with all rights of the "
                  "server's user.",
       .flag = &McpServerSettings::sandbox},
      {.name = "sandbox_read",
       .value = "a list of paths",
       .meaning = "Files and folders that it sees there too, at their own paths.",
       .list = &McpServerSettings::sandbox_read,
       .path = true},
      {.name = "sandbox_write",
       .value = "a list of paths",
       .meaning = "Folders that it may change there, at their own paths. The first is its working "
                  "folder.",
       .list = &McpServerSettings::sandbox_write,
       .path = true},
      {.name = "sandbox_network",
       .value = "true or false",
       .meaning = "It has the network there, also what listens on this machine.",
       .flag = &McpServerSettings::sandbox_network},
  };
  return all;
}

bool is_text(const yaml::Value& value) {
  return value.kind == yaml::Value::Kind::scalar && (value.quoted || !value.text.empty());
}

bool take(const Row& row, const yaml::Value& value,
          const std::function<std::string(const std::string&)>& path_of, McpServerSettings& out) {
  if (row.text != nullptr) {
    if (!is_text(value)) return false;
    out.*(row.text) = row.path ? path_of(value.text) : value.text;
  } else if (row.list != nullptr) {
    if (value.kind != yaml::Value::Kind::list || !std::ranges::all_of(value.items, is_text)) {
      return false;
    }
    (out.*(row.list)).clear();
    for (const yaml::Value& item : value.items) {
      (out.*(row.list)).push_back(row.path ? path_of(item.text) : item.text);
    }
  } else if (row.map != nullptr) {
    if (value.kind != yaml::Value::Kind::map) return false;
    for (const yaml::Entry& entry : value.entries) {
      if (!is_text(entry.value)) return false;
      (out.*(row.map))[entry.key] = entry.value.text;
    }
  } else {
    if (value.quoted || (value.text != "true" && value.text != "false")) return false;
    out.*(row.flag) = value.text == "true";
  }
  return true;
}

void read_members(const std::vector<yaml::Entry>& entries, const std::string& full,
                  const std::string& prefix, McpServerSettings& out, const McpReading& reading) {
  for (const yaml::Entry& entry : entries) {
    const std::string name = prefix + entry.key;
    const std::string path = concat({full, ".", name});
    if (name == "oauth" && entry.value.kind == yaml::Value::Kind::map) {
      read_members(entry.value.entries, full, "oauth.", out, reading);
      continue;
    }
    const auto row = std::ranges::find(rows(), name, &Row::name);
    if (row == rows().end()) {
      std::vector<std::string> names;
      for (const Row& one : rows()) names.emplace_back(one.name);
      const std::string meant = nearest(name, names);
      const std::string hint = meant.empty() ? "" : concat({"; did you mean \"", meant, "\"?"});
      reading.fault(entry.line, concat({"unknown key \"", path, "\"", hint}));
      continue;
    }
    if (entry.value.kind == yaml::Value::Kind::null) continue;
    if (!take(*row, entry.value, reading.path_of, out)) {
      const std::string seen = row->secret ? "something else" : yaml::describe(entry.value);
      reading.fault(entry.value.line,
                    concat({path, ": expected ", row->value, ", but found ", seen}));
      continue;
    }
    reading.taken(path, entry.value.line);
  }
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& one : parts) out += (out.empty() ? "" : ", ") + one;
  return "[" + out + "]";
}

void fill_from(const Texts& variables, const std::string& full, const Environment& environment,
               Texts& out, ConfigFaults& faults) {
  for (const auto& [name, variable] : variables) {
    if (auto value = environment.get(variable)) {
      out[name] = std::move(*value);
    } else {
      faults.push_back(
          concat({full, ".", name, ": the environment variable ", variable, " is not set"}));
    }
  }
}

}  // namespace

void read_mcp_servers(const yaml::Value& tree, Settings& settings, const McpReading& reading) {
  if (tree.kind == yaml::Value::Kind::null) return;
  if (tree.kind != yaml::Value::Kind::map) {
    reading.fault(tree.line,
                  "mcp.servers: expected a group of keys, one for each server's name, but found " +
                      yaml::describe(tree));
    return;
  }
  for (const yaml::Entry& entry : tree.entries) {
    const std::string full = "mcp.servers." + entry.key;
    if (entry.value.kind != yaml::Value::Kind::map) {
      reading.fault(entry.value.line, full +
                                          ": expected a group of keys (command or url, env, "
                                          "headers, oauth), but found " +
                                          yaml::describe(entry.value));
      continue;
    }
    McpServerSettings one;
    read_members(entry.value.entries, full, "", one, reading);
    settings.mcp.servers.emplace_back(entry.key, std::move(one));
  }
}

void check_mcp_servers(const Settings& settings, ConfigFaults& faults) {
  for (const auto& [name, server] : settings.mcp.servers) {
    const std::string full = "mcp.servers." + name;
    if (server.command.empty() == server.url.empty()) {
      faults.push_back(full + ": set either command or url");
    }
    if (!server.url.empty() && (!server.env.empty() || !server.env_from.empty())) {
      faults.push_back(full + ".env: belongs to a command; for a url there are headers");
    }
    if (!server.command.empty() && (!server.headers.empty() || !server.headers_from.empty())) {
      faults.push_back(full + ".headers: belong to a url; for a command there is env");
    }
    const bool sandbox_members =
        server.sandbox_network || !server.sandbox_read.empty() || !server.sandbox_write.empty();
    if (!server.sandbox && sandbox_members) {
      faults.push_back(full + ".sandbox: must be true for the other sandbox settings to count");
    }
    if (server.sandbox && server.command.empty()) {
      faults.push_back(full + ".sandbox: belongs to a command");
    }
    if (server.oauth_client_credentials && server.oauth_client_id.empty()) {
      faults.push_back(full + ".oauth.client_credentials: needs oauth.client_id");
    }
  }
}

void resolve_mcp_secrets(Settings& settings, const Environment& environment, ConfigFaults& faults) {
  for (auto& [name, server] : settings.mcp.servers) {
    const std::string full = "mcp.servers." + name;
    fill_from(server.env_from, full + ".env_from", environment, server.env, faults);
    fill_from(server.headers_from, full + ".headers_from", environment, server.headers, faults);
    for (const auto& [header, variable] : server.headers_from) {
      if (const auto at = server.headers.find(header); at != server.headers.end()) {
        at->second = key_text(at->second);
      }
    }
    if (!server.oauth_private_key_file.empty()) {
      auto key = read_key_file(server.oauth_private_key_file);
      if (key) {
        server.oauth_private_key = std::move(*key);
      } else {
        faults.push_back(full + ".oauth.private_key_file: " + key.error().message);
      }
    }
    if (server.oauth_client_secret_env.empty()) continue;
    if (auto secret = environment.get(server.oauth_client_secret_env)) {
      server.oauth_client_secret = key_text(*secret);
    } else {
      faults.push_back(full + ".oauth.client_secret_env: the environment variable " +
                       server.oauth_client_secret_env + " is not set");
    }
  }
}

std::vector<std::pair<std::string, std::string>> shown_mcp_servers(const Settings& settings) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [name, server] : settings.mcp.servers) {
    for (const Row& row : rows()) {
      std::string value;
      if (row.text != nullptr) value = server.*(row.text);
      if (row.list != nullptr && !(server.*(row.list)).empty()) {
        value = joined(base::hide_secrets_in_command(server.*(row.list)));
      }
      if (row.map != nullptr && !(server.*(row.map)).empty()) {
        std::vector<std::string> names;
        for (const auto& [key, text] : server.*(row.map)) {
          names.push_back(row.secret ? key : concat({key, ": ", text}));
        }
        value = joined(names);
      }
      if (row.flag != nullptr && server.*(row.flag)) value = "true";
      if (value.empty()) continue;
      out.emplace_back(name + "." + std::string(row.name), row.secret ? "" : value);
    }
  }
  return out;
}

std::string mcp_servers_reference() {
  std::string out;
  for (const Row& row : rows()) {
    out += "| `mcp.servers.<name>." + std::string(row.name) + "` | " + std::string(row.value) +
           " | " + std::string(row.meaning) + " |\n";
  }
  return out;
}

}  // namespace colonnade::app
