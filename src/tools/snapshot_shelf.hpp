// What is kept of one thread's files, in a folder of the data folder:
//   account        whose share it takes
//   objects/       bytes of files, by their SHA-256
//   runs/          for each run that changed something: how its files were before (SnapshotRecord)
//   baseline       the whole folder before the first command of a run's shell
//   reverts/       for each run that was undone: how its files were before that
// For tools/'s own .cpp files.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/snapshots/snapshot.hpp"
#include "tools/snapshot_folder.hpp"
#include "tools/snapshot_record.hpp"

namespace colonnade::tools {

// How many bytes each account has kept. Thread-safe.
class SnapshotShares {
 public:
  explicit SnapshotShares(std::string root) : root_(std::move(root)) {}

  // False: the account would have more than limits::snapshot_account_bytes_max, or all together
  // more than limits::snapshot_bytes_max.
  bool take(const std::string& account, std::uint64_t bytes);
  void give_back(const std::string& account, std::uint64_t bytes);

 private:
  void load();

  std::string root_;
  std::mutex mutex_{};
  bool loaded_ = false;  // from what an earlier start left
  std::map<std::string, std::uint64_t> bytes_{};
  std::uint64_t total_ = 0;
};

// Blocks; whoever makes one holds the thread's lock.
class SnapshotShelf {
 public:
  SnapshotShelf(std::string folder, std::string account, SnapshotShares& shares)
      : folder_(std::move(folder)), account_(std::move(account)), shares_(shares) {}

  // Whether anything was ever kept of the thread.
  bool exists() const;

  // Keeps the paths as they are now, unless the run has changed them before.
  base::Result<void> keep(const std::string& run_id, const std::string& workspace,
                          const std::vector<std::string>& paths);
  // Keeps the whole folder as it is now, unless this run has.
  base::Result<void> keep_all(const std::string& run_id, const std::string& workspace,
                              const std::stop_token& stop);
  // Notes what became of the folder since; `ended`: no command is under way any more.
  base::Result<void> settle(const std::string& run_id, bool ended, const std::stop_token& stop);
  // Ends what a stop of the server left half done in this folder; what was begun in another one is
  // left as it is. `commands`: one is under way in this process.
  base::Result<void> recover(const std::string& workspace, bool commands,
                             const std::stop_token& stop);

  base::Result<core::FileDiff> diff(const std::string& workspace) const;
  base::Result<core::RestoredFiles> revert(const std::string& workspace);
  base::Result<core::RestoredFiles> unrevert(const std::string& workspace);

  base::Result<void> remove();

 private:
  using Numbered = std::map<std::uint64_t, std::string>;  // by their numbers, paths of records

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  base::Result<void> prepare();
  Numbered numbered(const char* kind) const;
  std::string record_path(const char* kind, std::uint64_t number) const;
  base::Result<std::optional<SnapshotRecord>> load(const std::string& path) const;

  struct OpenRun {
    std::uint64_t number = 0;
    SnapshotRecord record{};
  };
  base::Result<OpenRun> run_for(const std::string& run_id, const std::string& workspace) const;
  base::Result<void> save_run(const OpenRun& run);
  base::Result<void> compare(const SnapshotRecord& baseline, const std::stop_token& stop);

  bool has_object(const std::string& hash) const;
  std::string keep_bytes(const std::string& bytes, std::string* not_kept);
  void keep_content(const SnapshotFolder& folder, const std::string& path, FileState& state);
  base::Result<std::string> object(const std::string& hash) const;
  base::Result<void> sync();
  void drop_unused();

  struct Difference {
    FileState before{};
    FileState now{};
  };
  base::Result<std::map<std::string, Difference>> differences(const SnapshotFolder& folder,
                                                              const SnapshotRecord& record) const;
  void apply(const SnapshotFolder& folder, const std::map<std::string, FileState>& states,
             core::RestoredFiles& out) const;
  base::Result<void> finish_revert(std::uint64_t number, SnapshotRecord before_revert,
                                   core::RestoredFiles* out);

  std::string folder_;
  std::string account_;
  SnapshotShares& shares_;
  bool wrote_ = false;  // objects that are not synchronised yet
};

}  // namespace colonnade::tools
