// The folders that threads work in.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/access/scope.hpp"

namespace colonnade::tools {

struct WorkspacesOptions {
  std::string root{};   // absolute; holds one folder for each thread
  std::string fixed{};  // absolute; when set, every thread works in this one folder
};

// Immutable; any thread.
class Workspaces {
 public:
  explicit Workspaces(WorkspacesOptions options);

  // The absolute folder of a thread, made (owner only) at its first use. Makes a system call or
  // two. `thread_id` is one of ours: letters, digits, '_' and '-', else ErrorKind::invalid. Thread
  // ids are unique over all scopes, so the scope needs no folder of its own.
  base::Result<std::string> folder_of(const core::Scope& scope, std::string_view thread_id) const;

  // Removes that folder with all that is in it; none is no error, and one that all threads share
  // stays. Follows no links. Long. Errors: invalid as above; unavailable when something stays.
  base::Result<void> remove(std::string_view thread_id) const;

 private:
  WorkspacesOptions options_;
};

}  // namespace colonnade::tools
