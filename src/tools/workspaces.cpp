#include "tools/workspaces.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include "tools/sandbox_user.hpp"
#include "tools/workspace.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace colonnade::tools {
namespace {

using base::ErrorKind;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

// Itself, or a folder on its way.
bool is_hidden(std::string_view path) { return path.starts_with('.') || path.contains("/."); }

// A tool may have taken the owner's rights from its folders.
void give_back_rights(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::permissions(folder, fs::perms::owner_all, fs::perm_options::add | fs::perm_options::nofollow,
                  error);
  std::vector<fs::path> below;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (fs::is_directory(at->symlink_status(ignored))) below.push_back(at->path());
  }
  for (const fs::path& one : below) give_back_rights(one);
}

}  // namespace

Workspaces::Workspaces(WorkspacesOptions options) : options_(std::move(options)) {}

base::Result<std::string> Workspaces::folder_of(const core::Scope& /*scope*/,
                                                std::string_view thread_id,
                                                const core::Directory& directory) const {
  if (!directory.path.empty()) {
    if (auto usable = check_directory(options_.rules, directory); !usable) {
      return base::fail(std::move(usable.error()));
    }
    return directory.path;
  }
  auto folder = own_folder_of(thread_id);
  if (!folder) return folder;
  // The operator may have a link on the way to all of them.
  std::error_code error;
  auto real = std::filesystem::canonical(*folder, error);
  if (error) {
    return base::fail(ErrorKind::unavailable, "the workspace cannot be found: " + error.message());
  }
  return real.string();
}

base::Result<core::Directory> Workspaces::kept(core::Directory wanted) const {
  return kept_directory(options_.rules, std::move(wanted));
}

std::string Workspaces::path_of(const core::Thread& thread) const {
  if (!thread.directory.path.empty()) return thread.directory.path;
  return options_.fixed.empty() ? options_.root + "/" + thread.id : options_.fixed;
}

base::Result<void> Workspaces::check(const core::Thread& thread) const {
  if (thread.directory.path.empty()) return {};
  return check_directory(options_.rules, thread.directory);
}

base::Result<std::string> Workspaces::read_file(const core::Thread& thread,
                                                const std::string& path) const {
  auto folder = folder_of(thread.scope, thread.id, thread.directory);
  if (!folder) return folder;
  auto workspace = Workspace::open(*folder);
  if (!workspace) return base::fail(std::move(workspace.error()));
  return workspace->read_file(path);
}

base::Result<core::FolderTexts> Workspaces::read_texts(const core::Thread& thread,
                                                       const core::FolderLook& look,
                                                       std::stop_token stop) const {
  auto folder = folder_of(thread.scope, thread.id, thread.directory);
  if (!folder) return base::fail(std::move(folder.error()));
  auto workspace = Workspace::open(*folder);
  if (!workspace) return base::fail(std::move(workspace.error()));
  core::FolderTexts out;
  std::size_t bytes = 0;
  bool fits = true;
  const auto visit = [&](const Workspace::Entry& entry) {
    const bool passed_over = is_hidden(entry.path) || (look.wanted && !look.wanted(entry.path));
    if (passed_over) return true;
    ++out.found;
    if (out.found > look.files_max) return fits = false;
    if (static_cast<std::size_t>(entry.status.st_size) > look.file_bytes_max) return true;
    auto text = workspace->read_file(entry.path);
    // Gone meanwhile, grown, or no text.
    if (!text || text->size() > look.file_bytes_max || !core::is_plain_text(*text)) return true;
    bytes += text->size();
    if (bytes > look.bytes_max) return fits = false;
    out.texts.push_back({.path = entry.path, .text = std::move(*text)});
    return true;
  };
  auto whole = workspace->each_file(".", stop, visit);
  if (!whole) return base::fail(std::move(whole.error()));
  if (stop.stop_requested()) return base::fail(ErrorKind::cancelled, "reading was stopped");
  if (!fits || !*whole) {
    return base::fail(ErrorKind::too_large,
                      "the folder has more than " + std::to_string(look.files_max) +
                          " files or more than " + std::to_string(look.bytes_max) +
                          " bytes of text; name a folder in it");
  }
  return out;
}

base::Result<std::string> Workspaces::own_folder_of(std::string_view thread_id) const {
  if (options_.fixed.empty() && options_.root.empty()) {
    return base::fail(ErrorKind::unavailable, "this server has no folder for workspaces");
  }
  std::string folder = options_.fixed;
  if (folder.empty()) {
    if (thread_id.empty() || !std::ranges::all_of(thread_id, is_plain)) {
      return base::fail(ErrorKind::invalid, "the thread's id cannot name a folder", "thread_id");
    }
    folder = options_.root + "/" + std::string(thread_id);
  }
  constexpr mode_t owner_only = 0700;
  const auto make = [&] {
    if (::mkdir(folder.c_str(), owner_only) != 0) return errno == EEXIST;
    if (!options_.fixed.empty() || !can_change_users()) return true;
    const uid_t user = user_of_thread(thread_id);
    return ::lchown(folder.c_str(), user, user) == 0;
  };
  if (make()) return folder;
  // The folders above are missing.
  std::error_code error;
  const std::string above = std::filesystem::path(folder).parent_path();
  std::filesystem::create_directories(above, error);
  if (!error && options_.fixed.empty()) {
    std::filesystem::permissions(above, std::filesystem::perms::owner_all, error);
  }
  if (make()) return folder;
  const std::error_code reason(errno, std::generic_category());
  return base::fail(ErrorKind::unavailable, "the workspace cannot be made: " + reason.message() +
                                                "; the setting tools.workspaces names its folder");
}

base::Result<void> Workspaces::remove(std::string_view thread_id) const {
  if (!options_.fixed.empty() || options_.root.empty()) return {};
  if (thread_id.empty() || !std::ranges::all_of(thread_id, is_plain)) {
    return base::fail(ErrorKind::invalid, "the thread's id cannot name a folder", "thread_id");
  }
  const std::filesystem::path folder = options_.root + "/" + std::string(thread_id);
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (!error) return {};
  give_back_rights(folder);
  std::filesystem::remove_all(folder, error);
  if (!error) return {};
  return base::fail(ErrorKind::unavailable,
                    "the workspace " + folder.string() + " cannot be removed: " + error.message());
}

}  // namespace colonnade::tools
