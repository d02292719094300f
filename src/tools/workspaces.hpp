// The folders that threads work in.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/access/scope.hpp"
#include "core/threads/directories.hpp"
#include "core/threads/thread.hpp"
#include "tools/directory_rules.hpp"

namespace colonnade::tools {

struct WorkspacesOptions {
  std::string root{};   // absolute; holds one folder for each thread
  std::string fixed{};  // absolute; when set, every thread works in this one folder, but for those
                        // that are bound to a directory
  DirectoryRules rules{};
};

// Immutable; any thread.
class Workspaces final : public core::Directories {
 public:
  explicit Workspaces(WorkspacesOptions options);

  // The absolute folder of a thread, made (owner only) at its first use. Makes a system call or
  // two. `thread_id` is one of ours: letters, digits, '_' and '-', else ErrorKind::invalid. Thread
  // ids are unique over all scopes, so the scope needs no folder of its own. Of a thread that is
  // bound to a directory it is that one, which is never made; errors: check_directory(). A real
  // path, without links.
  base::Result<std::string> folder_of(const core::Scope& scope, std::string_view thread_id,
                                      const core::Directory& directory = {}) const;

  base::Result<core::Directory> kept(core::Directory wanted) const override;
  std::string path_of(const core::Thread& thread) const override;
  base::Result<void> check(const core::Thread& thread) const override;
  base::Result<core::FolderTexts> read_texts(const core::Thread& thread,
                                             const core::FolderLook& look,
                                             std::stop_token stop) const override;
  base::Result<std::string> read_file(const core::Thread& thread,
                                      const std::string& path) const override;

  // Removes that folder with all that is in it; none is no error, and one that all threads share
  // stays; so does a directory that the thread is bound to. Follows no links. Long. Errors: invalid
  // as above; unavailable when something stays.
  base::Result<void> remove(std::string_view thread_id) const;

 private:
  base::Result<std::string> own_folder_of(std::string_view thread_id) const;

  WorkspacesOptions options_;
};

}  // namespace colonnade::tools
