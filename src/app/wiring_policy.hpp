// The policy in force: read at the start, watched while the server runs, every load in the log and
// in the audit trail. Part of the wiring.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/settings.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "base/workers.hpp"
#include "core/governance/audit_log.hpp"
#include "gate/policy_source.hpp"

namespace colonnade::app {

struct PolicyWatchDependencies {
  core::AuditLog& audit;
  base::Clock& clock;
};

class PolicyWatch {
 public:
  // Loads. `built_in` counts when the settings name no policy.
  PolicyWatch(const Settings& settings, std::shared_ptr<const gate::Policy> built_in,
              PolicyWatchDependencies deps);

  const gate::PolicySource& source() const { return source_; }
  // Why the server must not start: there is a policy file, and it is no policy. A missing one
  // denies everything, and so does a profile that is missing or wrong.
  std::optional<base::Error> fault() const { return fault_; }
  // There is no usable policy or profile although the settings name one: every action is denied.
  // Thread-safe, and no I/O.
  bool policy_missing() const { return source_.engine()->policy() == nullptr; }
  bool profile_unusable() const { return names_profile_ && source_.engine()->profile() == nullptr; }
  // The same in words, for whoever asks whether the server is ready: names no path.
  std::vector<std::string> warnings() const;

  // Reads changed files again until a stop. On a lane; the files are read on a thread of its own,
  // so that no request delays it.
  base::Task<void> watch(std::stop_token stop);
  // Blocks on files; not from a lane.
  void reload() { source_.reload(); }
  // Returns when no file is being read any more.
  void end() { worker_.end(); }

 private:
  void loaded(const gate::LoadReport& report);

  PolicyWatchDependencies deps_;
  std::optional<base::Error> fault_{};
  bool names_profile_ = false;
  bool began_ = false;
  gate::PolicySource source_;  // late: it loads while it is made
  base::Workers worker_{1};    // last: it uses the source
};

}  // namespace colonnade::app
