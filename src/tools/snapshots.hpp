// Keeps what runs are about to change in their threads' files, so that it can be looked at and
// undone.
//
// A tool that names its files has them kept one by one; for a shell, the whole folder is kept
// before its first command of a run and compared after each. Bounded by limits::snapshot_*; what a
// limit keeps out is said wherever the file is named. What other programs change while a command
// runs counts as the command's.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/workers.hpp"
#include "core/access/scope.hpp"
#include "core/snapshots/file_snapshots.hpp"
#include "tools/snapshot_shelf.hpp"
#include "tools/workspaces.hpp"

namespace colonnade::tools {

// A tool call that may change files.
struct SnapshotCall {
  core::Scope scope;
  std::string user_id{};
  std::string thread_id{};
  std::string run_id{};
  std::string workspace{};                          // the folder that it works in
  std::optional<std::vector<std::string>> paths{};  // that it may change; nullopt: any
};

// Thread-safe. What blocks runs on `workers`, in the account's share.
class Snapshots final : public core::FileSnapshots {
 public:
  // `root`: absolute; holds a folder for each thread, made when it is needed. `workers` must
  // outlive it and be ended before it goes.
  Snapshots(std::string root, Workspaces workspaces, base::Workers& workers);

  // Held while a call is under way.
  using Hold = std::shared_ptr<const void>;

  // Before the call. Once it returns, what the call may change is on the disk. Errors: it must not
  // run then.
  base::Task<base::Result<Hold>> before(SnapshotCall call, std::stop_token stop);
  // After the call, however it ended. What fails here is made good before the next look.
  base::Task<base::Result<void>> after(SnapshotCall call, Hold hold);

  base::Task<base::Result<core::FileDiff>> diff(core::Thread thread) override;
  base::Task<base::Result<core::RestoredFiles>> revert(core::Thread thread) override;
  base::Task<base::Result<core::RestoredFiles>> unrevert(core::Thread thread) override;

  // Removes what is kept of a thread; nothing is no error. Blocks.
  base::Result<void> remove(const std::string& thread_id);

 private:
  struct ThreadState {
    std::mutex mutex{};            // of the shelf
    std::atomic<int> commands{0};  // under way, that may change anything
  };
  std::shared_ptr<ThreadState> state_of(const std::string& thread_id);
  SnapshotShelf shelf_of(const std::string& thread_id, std::string account);

  template <class T>
  base::Task<base::Result<T>> work(core::Thread thread,
                                   base::Result<T> (*what)(SnapshotShelf&, const std::string&));

  std::string root_;
  Workspaces workspaces_;
  base::Workers& workers_;
  SnapshotShares shares_;
  std::mutex mutex_{};
  std::map<std::string, std::weak_ptr<ThreadState>> states_{};
};

}  // namespace colonnade::tools
