// Patches as text: what they say, and what becomes of a file's text. Knows no files.
//
// Two forms are read: sections between "*** Begin Patch" and "*** End Patch", and unified diffs as
// diff and git write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace colonnade::tools {

struct PatchLine {
  enum class Kind { context, removed, added };
  Kind kind = Kind::context;
  std::string text{};
};

struct PatchHunk {
  std::string title{};  // as the patch has it: "@@ -1,3 +1,4 @@"; "" for none
  // Lines of the file, one after the other, behind which it is to be found; none: anywhere behind
  // the hunk before.
  std::vector<std::string> anchors{};
  // Unified: the first line of the old text, from 1; where nothing is removed or kept, the line
  // behind which it adds.
  std::optional<std::size_t> old_line{};
  std::vector<PatchLine> lines{};
  bool at_end = false;  // its old lines are the last ones of the file
  bool old_ends_without_newline = false;
  bool new_ends_without_newline = false;
};

// What a patch wants of one file.
struct PatchedFile {
  enum class Change { add, update, remove };
  Change change = Change::update;
  std::string path{};
  std::string new_path{};          // where it moves to; "" when it stays
  std::vector<PatchHunk> hunks{};  // of an added file: one, of added lines
};

// Errors say what is wrong and in which line of the patch: invalid. Beyond limits::patch_files_max
// files: too_large.
base::Result<std::vector<PatchedFile>> parse_patch(std::string_view text);

// Every path that the patch names, each once, in its order.
std::vector<std::string> patch_paths(const std::vector<PatchedFile>& files);

// The text after all hunks. `text` is the file's; "" for a file that is added. What the patch keeps
// stays as the file has it, white space at line ends included, which needs not be the same. Errors
// name the hunk and the line of it that is not there.
base::Result<std::string> patched_text(const PatchedFile& file, std::string_view text);

}  // namespace colonnade::tools
