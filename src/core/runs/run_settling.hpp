// Ends runs that nobody drives: a cancelled one that waits for a human, one that cannot be taken up
// again, one whose driver broke. What the store holds of the run counts: no call is left running,
// no action executing, no question open, and the thread is free again.
#pragma once

#include <stop_token>
#include <string>

#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/governance/action_store.hpp"
#include "core/runs/run_record.hpp"
#include "core/runs/run_store.hpp"

namespace colonnade::core {

// Thread-safe.
class RunSettling {
 public:
  RunSettling(RunStore& runs, ActionStore& actions, RunRecordPorts ports);

  struct End {
    RunState state = RunState::failed;
    std::string error{};
    // Only while the run is in this state, else conflict; nullopt: whatever its state is.
    std::optional<RunState> only_from{};
  };
  // Tries until it is stored, on the calling lane. Errors: conflict (see above, or the run has
  // ended meanwhile), not_found, cancelled (after a stop of `stop`), and what the store refuses for
  // good.
  base::Task<Result<Run>> settle(Scope scope, std::string run_id, End end,
                                 std::stop_token stop) const;

 private:
  struct Found;
  base::Task<Result<Found>> find(Scope scope, std::string run_id) const;
  base::Task<Result<Run>> settle_once(Scope scope, std::string run_id, End end,
                                      std::stop_token stop) const;

  RunStore& runs_;
  ActionStore& actions_;
  RunRecordPorts ports_;
};

}  // namespace colonnade::core
