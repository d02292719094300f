#include "app/workspace_check.hpp"

#include <filesystem>
#include <system_error>

#include "tools/directory_rules.hpp"

namespace colonnade::app {
namespace {

namespace fs = std::filesystem;

using tools::folder_holds;
using tools::holds_path_or_link;
using tools::NamedPath;
using tools::real_path;

void add_named(std::vector<NamedPath>& out, std::string setting, const std::string& path) {
  if (!path.empty()) out.push_back({std::move(setting), path});
}

std::vector<NamedPath> private_files(const Settings& s, const std::string& configuration) {
  std::vector<NamedPath> out;
  add_named(out, "token_file", s.token_file);
  add_named(out, "secret_key_file", s.secret_key_file);
  std::error_code error;
  if (!configuration.empty()) {
    add_named(out, "the configuration", fs::absolute(configuration, error).string());
  }
  add_named(out, "policy.file", s.policy.file);
  add_named(out, "policy.profile", s.policy.profile);
  add_named(out, "tls.certificate_file", s.tls.certificate_file);
  add_named(out, "tls.private_key_file", s.tls.private_key_file);
  add_named(out, "audit.key_file", s.audit.key_file);
  add_named(out, "prices_file", s.prices_file);
  add_named(out, "context.windows_file", s.context.windows_file);
  for (const auto& [name, provider] : s.providers) {
    add_named(out, "providers." + name + ".api_key_file", provider.api_key_file);
  }
  for (const auto& [name, server] : s.mcp.servers) {
    add_named(out, "mcp.servers." + name + ".oauth.private_key_file",
              server.oauth_private_key_file);
  }
  return out;
}

// Where tools and the commands of MCP servers write.
std::vector<NamedPath> written_folders(const Settings& s) {
  std::vector<NamedPath> out;
  // With one folder for all threads, nothing is made in the other.
  if (s.tools.workspace.empty()) {
    add_named(out, "tools.workspaces", workspaces_root(s));
  } else {
    add_named(out, "tools.workspace", s.tools.workspace);
  }
  for (const auto& [name, server] : s.mcp.servers) {
    for (const std::string& path : server.sandbox_write) {
      add_named(out, "mcp.servers." + name + ".sandbox_write", path);
    }
  }
  return out;
}

std::vector<NamedPath> tool_folders(const Settings& s) {
  std::vector<NamedPath> out = written_folders(s);
  for (const auto& [name, server] : s.mcp.servers) {
    for (const std::string& path : server.sandbox_read) {
      add_named(out, "mcp.servers." + name + ".sandbox_read", path);
    }
  }
  return out;
}

std::string overlap(const NamedPath& folder, std::string_view how, const NamedPath& other) {
  return folder.setting + ": " + folder.path + " " + std::string(how) + " " + other.setting + " (" +
         other.path + "), which tools must not reach; set " + folder.setting +
         " to a folder of its own, or move " + other.setting;
}

// What lies in the folder of skills instructs everybody's agents: no tool may write there, and
// nothing of the server's own is a skill.
void add_skill_faults(const Settings& s, const NamedPath& data, std::vector<std::string>& out) {
  if (s.skills.folder.empty()) return;
  const NamedPath skills{.setting = "skills.folder", .path = s.skills.folder};
  const fs::path place = real_path(skills.path);
  const fs::path data_folder = real_path(data.path);
  if (folder_holds(place, data_folder)) {
    out.push_back(overlap(skills, "holds", data));
  } else if (folder_holds(data_folder, place) && !folder_holds(data_folder / "skills", place)) {
    out.push_back(overlap(skills, "lies in", data));
  }
  for (const NamedPath& folder : written_folders(s)) {
    const fs::path written = real_path(folder.path);
    if (folder_holds(written, place)) {
      out.push_back(overlap(folder, "holds", skills));
    } else if (folder_holds(place, written)) {
      out.push_back(overlap(folder, "lies in", skills));
    }
  }
}

}  // namespace

std::string workspaces_root(const Settings& settings) {
  return settings.tools.workspaces.empty() ? settings.data_dir + "/workspaces"
                                           : settings.tools.workspaces;
}

std::vector<std::string> workspace_faults(const Config& config) {
  std::vector<std::string> out;
  const NamedPath data{.setting = "data_dir", .path = config.settings.data_dir};
  const fs::path data_folder = real_path(data.path);
  for (const NamedPath& folder : tool_folders(config.settings)) {
    const fs::path place = real_path(folder.path);
    if (folder_holds(place, data_folder)) {
      out.push_back(overlap(folder, "holds", data));
    } else if (folder_holds(data_folder, place) &&
               !folder_holds(data_folder / "workspaces", place)) {
      out.push_back(overlap(folder, "lies in", data));
    }
    for (const NamedPath& file : private_files(config.settings, config.file)) {
      if (holds_path_or_link(place, file.path)) out.push_back(overlap(folder, "holds", file));
    }
  }
  add_skill_faults(config.settings, data, out);
  return out;
}

tools::DirectoryRules directory_rules(const Settings& s) {
  tools::DirectoryRules out{.allowed = s.tandem.directories};
  if (!s.tools.workspace.empty()) out.allowed.push_back(s.tools.workspace);
  out.own_folders.push_back({.setting = "data_dir", .path = s.data_dir});
  out.own_folders.push_back({.setting = "tools.workspaces", .path = workspaces_root(s)});
  // What is written there instructs everybody's agents.
  if (!s.skills.folder.empty()) {
    out.own_folders.push_back({.setting = "skills.folder", .path = s.skills.folder});
  }
  out.own_files = private_files(s, s.configuration_file);
  return out;
}

}  // namespace colonnade::app
