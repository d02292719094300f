#include "app/workspace_check.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace colonnade::app {
namespace {

namespace fs = std::filesystem;

struct NamedPath {
  std::string setting;
  std::string path;
};

// The real path of what is there, or would be made there: a link may lead to nothing yet.
fs::path resolved(fs::path path) {
  constexpr int links_max = 40;  // as the kernel follows
  std::error_code error;
  for (int links = 0; links < links_max && fs::is_symlink(path, error); ++links) {
    path = path.parent_path() / fs::read_symlink(path, error);
  }
  fs::path out = fs::weakly_canonical(path, error);
  if (error) out = path.lexically_normal();
  return out.has_filename() ? out : out.parent_path();
}

// Whether the path is the folder, or something in it. By name, and by what is there: a folder may
// be mounted in two places.
bool folder_holds(const fs::path& folder, const fs::path& path) {
  const auto [end, rest] = std::ranges::mismatch(folder, path);
  if (end == folder.end()) return true;
  for (fs::path above = path;; above = above.parent_path()) {
    std::error_code error;
    if (fs::equivalent(above, folder, error) && !error) return true;
    if (above == above.parent_path()) return false;
  }
}

// A link counts where it lies, too: whoever may write there can replace it.
bool holds_path_or_link(const fs::path& folder, const std::string& path) {
  const fs::path named(path);
  return folder_holds(folder, resolved(named)) ||
         folder_holds(folder, resolved(named.parent_path()) / named.filename());
}

void add_named(std::vector<NamedPath>& out, std::string setting, const std::string& path) {
  if (!path.empty()) out.push_back({std::move(setting), path});
}

std::vector<NamedPath> private_files(const Config& config) {
  const Settings& s = config.settings;
  std::vector<NamedPath> out;
  add_named(out, "token_file", s.token_file);
  add_named(out, "secret_key_file", s.secret_key_file);
  std::error_code error;
  if (!config.file.empty()) {
    add_named(out, "the configuration", fs::absolute(config.file, error).string());
  }
  add_named(out, "policy.file", s.policy.file);
  add_named(out, "policy.profile", s.policy.profile);
  add_named(out, "tls.certificate_file", s.tls.certificate_file);
  add_named(out, "tls.private_key_file", s.tls.private_key_file);
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

std::vector<NamedPath> tool_folders(const Settings& s) {
  std::vector<NamedPath> out;
  // With one folder for all threads, nothing is made in the other.
  if (s.tools.workspace.empty()) {
    add_named(out, "tools.workspaces", workspaces_root(s));
  } else {
    add_named(out, "tools.workspace", s.tools.workspace);
  }
  for (const auto& [name, server] : s.mcp.servers) {
    for (const std::string& path : server.sandbox_read) {
      add_named(out, "mcp.servers." + name + ".sandbox_read", path);
    }
    for (const std::string& path : server.sandbox_write) {
      add_named(out, "mcp.servers." + name + ".sandbox_write", path);
    }
  }
  return out;
}

std::string overlap(const NamedPath& folder, std::string_view how, const NamedPath& other) {
  return folder.setting + ": " + folder.path + " " + std::string(how) + " " + other.setting + " (" +
         other.path + "), which tools must not reach; set " + folder.setting +
         " to a folder of its own, or move " + other.setting;
}

}  // namespace

std::string workspaces_root(const Settings& settings) {
  return settings.tools.workspaces.empty() ? settings.data_dir + "/workspaces"
                                           : settings.tools.workspaces;
}

std::vector<std::string> workspace_faults(const Config& config) {
  std::vector<std::string> out;
  const NamedPath data{.setting = "data_dir", .path = config.settings.data_dir};
  const fs::path data_folder = resolved(data.path);
  for (const NamedPath& folder : tool_folders(config.settings)) {
    const fs::path place = resolved(folder.path);
    if (folder_holds(place, data_folder)) {
      out.push_back(overlap(folder, "holds", data));
    } else if (folder_holds(data_folder, place) &&
               !folder_holds(data_folder / "workspaces", place)) {
      out.push_back(overlap(folder, "lies in", data));
    }
    for (const NamedPath& file : private_files(config)) {
      if (holds_path_or_link(place, file.path)) out.push_back(overlap(folder, "holds", file));
    }
  }
  return out;
}

}  // namespace colonnade::app
