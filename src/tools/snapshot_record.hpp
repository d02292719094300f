// The files in which snapshots are kept: lines of text, one for each path, replaced whole. For
// tools/'s own .cpp files.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "tools/snapshot_folder.hpp"

namespace colonnade::tools {

// States of paths at one moment, and what belongs to them.
struct SnapshotRecord {
  std::string run_id{};
  std::string folder{};  // the workspace; absolute
  // Of a run: undone. Of a listing of the whole folder: taken before a command that is under way,
  // or was when the server ended. Of a revert: begun and perhaps not finished.
  bool flag = false;
  bool is_whole = true;              // of a listing: nothing was left out of it
  std::vector<std::string> notes{};  // what cannot be said path by path
  std::map<std::string, FileState> files{};
};

std::string record_text(const SnapshotRecord& record);
// invalid for a text that is no whole record.
base::Result<SnapshotRecord> read_record(const std::string& text);

// Replaces the file at once and for good: after a power cut it is there, or the one before.
base::Result<void> save_file(const std::string& path, const std::string& bytes);
// not_found when there is none.
base::Result<std::string> load_file(const std::string& path);

}  // namespace colonnade::tools
