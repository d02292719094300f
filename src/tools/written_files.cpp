#include "tools/written_files.hpp"

#include <algorithm>
#include <functional>
#include <stop_token>
#include <utility>
#include <vector>

#include "core/access/account.hpp"
#include "core/routines/limits.hpp"
#include "tools/limits.hpp"
#include "tools/snapshot_folder.hpp"

namespace colonnade::tools {

using base::fail;
using base::Result;
using base::Task;

namespace {

core::WrittenFiles files_at(const SnapshotFolder& folder, const std::vector<std::string>& paths,
                            const std::stop_token& stop) {
  core::WrittenFiles out;
  std::size_t bytes = 0;
  std::size_t left_out = 0;
  for (const std::string& path : paths) {
    const std::size_t room = limits::routine_files_bytes_max - bytes;
    const std::size_t most = std::min(limits::routine_file_bytes_max, room);
    if (stop.stop_requested() || out.files.size() >= limits::routine_files_kept_max) {
      ++left_out;
      continue;
    }
    auto read = folder.read(path, most);
    if (!read) {
      // Gone again, no file, or too large.
      if (read.error().kind != base::ErrorKind::not_found) ++left_out;
      continue;
    }
    bytes += read->size();
    out.files.push_back({.path = path, .bytes = std::move(*read)});
  }
  if (left_out > 0) {
    out.notes.push_back(std::to_string(left_out) +
                        " files of its workspace are not kept: too large"
                        ", too many, or unreadable");
  }
  return out;
}

}  // namespace

Task<Result<core::WrittenFiles>> WrittenFilesOfRuns::written_by(core::Thread thread,
                                                                std::string run_id) {
  auto diff = co_await snapshots_.diff(thread);
  if (!diff) co_return fail(std::move(diff.error()));
  if (diff->run_id != run_id) co_return core::WrittenFiles{};
  std::vector<std::string> paths;
  for (const core::ChangedFile& file : diff->files) {
    if (file.kind != core::FileChangeKind::removed) paths.push_back(file.path);
  }
  if (paths.empty()) co_return core::WrittenFiles{};
  auto folder = workspaces_.folder_of(thread.scope, thread.id, thread.directory);
  if (!folder) co_return fail(std::move(folder.error()));
  std::move_only_function<Result<core::WrittenFiles>(std::stop_token)> work =
      [folder = std::move(*folder),
       paths = std::move(paths)](const std::stop_token& stop) -> Result<core::WrittenFiles> {
    const auto opened = SnapshotFolder::open(folder);
    if (!opened) return fail(opened.error());
    return files_at(*opened, paths, stop);
  };
  base::Job job{.account = core::account_of(thread.scope, thread.owner),
                .time_max = limits::snapshot_time_max};
  auto files = co_await workers_.run<core::WrittenFiles>(std::move(job), std::move(work));
  co_return files;
}

}  // namespace colonnade::tools
