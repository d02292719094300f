// What a run has written in its thread's folder, for those who keep it.
#pragma once

#include <string>
#include <utility>

#include "base/workers.hpp"
#include "core/routines/routine_files.hpp"
#include "core/snapshots/file_snapshots.hpp"
#include "tools/workspaces.hpp"

namespace colonnade::tools {

// Thread-safe. Reads on `workers`, in the account's share; follows no links.
class WrittenFilesOfRuns final : public core::WrittenFileSource {
 public:
  // All must outlive it; `workers` is ended before it goes.
  WrittenFilesOfRuns(core::FileSnapshots& snapshots, Workspaces workspaces, base::Workers& workers)
      : snapshots_(snapshots), workspaces_(std::move(workspaces)), workers_(workers) {}

  // Also empty when a later run has changed something in the folder.
  base::Task<base::Result<core::WrittenFiles>> written_by(core::Thread thread,
                                                          std::string run_id) override;

 private:
  core::FileSnapshots& snapshots_;
  Workspaces workspaces_;
  base::Workers& workers_;
};

}  // namespace colonnade::tools
