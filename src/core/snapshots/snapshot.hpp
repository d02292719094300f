// What a run changed in the files of its thread, and what was undone of it.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"

namespace colonnade::core {

enum class FileChangeKind { added, modified, removed };

struct ChangedFile {
  std::string path{};  // relative to the thread's directory
  FileChangeKind kind = FileChangeKind::modified;
  std::string not_kept{};  // why it cannot be restored; "" when it can
};

// Of the last run that changed files: how they were before it, and how they are now.
struct FileDiff {
  std::string run_id{};  // "" when no run changed anything
  std::string text{};    // unified; cut at limits::diff_bytes_max, which it says
  std::vector<ChangedFile> files{};
  // What the two lists cannot say: of a folder too large to be compared whole, for instance.
  std::vector<std::string> notes{};
};

struct LeftOut {
  std::string path{};
  std::string reason{};
};

// What was restored, and what was not.
struct RestoredFiles {
  std::string run_id{};  // "" when there was nothing to undo
  std::vector<std::string> restored{};
  std::vector<LeftOut> left_out{};
  std::vector<std::string> notes{};  // as in FileDiff
};

}  // namespace colonnade::core
