// Waiting for a run on behalf of a client that takes its run with it when it goes away.
#pragma once

#include <stop_token>
#include <string>

#include "base/task.hpp"
#include "core/runs/runs.hpp"

namespace colonnade::dialects {

// Waits for a run's end. When the client goes away, the run is cancelled, and still waited for, so
// that its key gets an answer. unavailable while the server stops; `turns` must outlive the call.
base::Task<core::Result<core::FinishedRun>> finish_run(core::Runs* runs, core::Principal who,
                                                       std::string run_id, std::stop_token gone);

// Cancels its run unless the run has ended; whoever holds it last was the last to want the answer.
class RunGuard {
 public:
  RunGuard(core::Runs& runs, core::Principal who, std::string run_id)
      : runs_(runs), principal_(std::move(who)), run_id_(std::move(run_id)) {}
  RunGuard(const RunGuard&) = delete;
  RunGuard& operator=(const RunGuard&) = delete;
  ~RunGuard() {
    if (!ended_) runs_.cancel_soon(std::move(principal_), std::move(run_id_));
  }
  void ended() { ended_ = true; }
  const std::string& run_id() const { return run_id_; }

 private:
  core::Runs& runs_;
  core::Principal principal_;
  std::string run_id_;
  bool ended_ = false;
};

}  // namespace colonnade::dialects
