// The note that a running server leaves in its data folder, so that commands on the same machine
// find it whatever port it took.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace colonnade::app {

struct RunningServer {
  int pid = 0;
  std::string version{};
  std::vector<std::string> urls{};  // http://127.0.0.1:8790, as a client on this machine uses it
};

// The store's file in a data folder.
std::string database_path(const std::string& data_dir);

// The folder of uploaded files in a data folder.
std::string attachments_folder(const std::string& data_dir);
// What a backup's name has behind it as the folder of uploaded files.
inline constexpr const char* backup_attachments_end = ".attachments";

// Written owner-only; replaces an older note.
base::Result<void> leave_note(const std::string& data_dir, const RunningServer& server);
void remove_note(const std::string& data_dir);

// nullopt without a note, and when the process that left it is gone: the note also holds that
// process's start time, so that another process with its number is not taken for it.
std::optional<RunningServer> find_running_server(const std::string& data_dir);

}  // namespace colonnade::app
