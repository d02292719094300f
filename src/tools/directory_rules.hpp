// Which folders of this machine the tools of a thread may work in, when somebody names one.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/threads/thread.hpp"

namespace colonnade::tools {

// A path of the server's own, and the setting that it comes from.
struct NamedPath {
  std::string setting{};
  std::string path{};
};

struct DirectoryRules {
  // What users may name who are no operators of the server: these folders and what is below them.
  std::vector<std::string> allowed{};
  // The server's own. Nobody's directory overlaps one of the folders, in either direction, or holds
  // one of the files.
  std::vector<NamedPath> own_folders{};
  std::vector<NamedPath> own_files{};
};

// The real path of what is there, or would be made there: a link may lead to nothing yet.
std::filesystem::path real_path(std::filesystem::path path);
// Whether the path is the folder, or something in it. By name, and by what is there: a folder may
// be mounted in two places.
bool folder_holds(const std::filesystem::path& folder, const std::filesystem::path& path);
// A link counts where it lies, too: whoever may write there can replace it.
bool holds_path_or_link(const std::filesystem::path& folder, const std::string& path);

// core::Directories::kept().
base::Result<core::Directory> kept_directory(const DirectoryRules& rules, core::Directory wanted);

// Whether tools may work there now. Says nothing of what is there to who may not use it. Errors:
// forbidden, with the rule and what to do; not_found when it is not there; conflict when a link has
// come to lie on its way; unavailable when it cannot be opened.
base::Result<void> check_directory(const DirectoryRules& rules, const core::Directory& directory);

}  // namespace colonnade::tools
