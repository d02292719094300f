// Removing the folder of a thread that is erased.
#pragma once

#include <string>

#include "base/workers.hpp"
#include "core/threads/thread_files.hpp"
#include "tools/snapshots.hpp"
#include "tools/workspaces.hpp"

namespace colonnade::tools {

class WorkspaceRemoval final : public core::ThreadFiles {
 public:
  // Must outlive it. A folder of many files takes a while: it is removed on a worker thread.
  // `snapshots`: what is kept of the thread's files goes too; nullptr for none.
  WorkspaceRemoval(Workspaces workspaces, base::Workers& workers, Snapshots* snapshots = nullptr)
      : workspaces_(std::move(workspaces)), workers_(workers), snapshots_(snapshots) {}

  base::Task<base::Result<void>> remove(core::Scope scope, std::string thread_id) override;

 private:
  Workspaces workspaces_;
  base::Workers& workers_;
  Snapshots* snapshots_;
};

}  // namespace colonnade::tools
