#include "tools/workspace_removal.hpp"

#include <utility>

#include "tools/limits.hpp"

namespace colonnade::tools {

base::Task<base::Result<void>> WorkspaceRemoval::remove(core::Scope /*scope*/,
                                                        std::string thread_id) {
  // Each in a share of its own: many at once wait for each other, and none is turned away for it.
  base::Job job{.account = "erasing " + thread_id, .time_max = limits::workspace_removal_time_max};
  std::move_only_function<base::Result<void>(std::stop_token)> work =
      [workspaces = workspaces_, snapshots = snapshots_,
       id = std::move(thread_id)](const std::stop_token& /*stop*/) {
        auto kept = snapshots == nullptr ? base::Result<void>() : snapshots->remove(id);
        auto removed = workspaces.remove(id);
        return kept ? removed : kept;
      };
  auto removed = co_await workers_.run<void>(std::move(job), std::move(work));
  co_return removed;
}

}  // namespace colonnade::tools
