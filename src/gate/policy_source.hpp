// The engine in force, made from a policy file and perhaps a profile file, and replaced when they
// change.
//
// A file that is of no use (missing, unreadable, invalid) never replaces one that was: the rules
// before stay in force, and the report says so. Without any usable policy everything is HALT
// MISSING_POLICY; with a profile that never was usable everything is HALT PROFILE_LOAD_ERROR.
//
// Nobody watches by itself: whoever owns this calls reload_if_changed() now and then. Editors and
// deployments should write a new file and rename it into place, so that no half is ever read.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "gate/engine.hpp"
#include "gate/watched_file.hpp"

namespace colonnade::gate {

struct LoadedFile {
  std::string path{};
  // Why the file is of no use; `message` names file, line and key.
  std::optional<base::Error> error{};
  std::vector<Warning> warnings{};  // of what was read
};

struct LoadReport {
  LoadedFile policy{};
  std::optional<LoadedFile> profile{};  // absent when no profile is configured
  bool replaced = false;                // another engine is in force than before

  // What is in force now, as decisions name it.
  bool has_policy = false;
  std::string policy_version{};  // "none" or "error" without a policy
  std::optional<std::string> policy_hash{};
  std::optional<std::string> profile_id{};
  std::optional<std::string> profile_version{};
  std::optional<std::string> profile_hash{};
};

struct PolicySourceOptions {
  std::string policy_path{};     // "": `built_in` counts, and no file is looked at
  std::string profile_path{};    // "": no profile. A path without a file fails closed
  std::string policy_version{};  // in place of the computed one when not empty
  std::string runtime_version{wire_runtime_version};
  std::shared_ptr<const Policy> built_in{};
  // Called for every load, on the thread that loads, one at a time. Must not load.
  std::function<void(const LoadReport&)> on_load{};
};

class PolicySource {
 public:
  // Loads. A file that is of no use is reported, not thrown.
  explicit PolicySource(PolicySourceOptions options);

  const std::string& policy_path() const { return options_.policy_path; }

  // Never null. Thread-safe.
  std::shared_ptr<const Engine> engine() const {
    const std::lock_guard lock(engine_mutex_);
    return engine_;
  }

  // Reads both files anew. Thread-safe; reads files, so not on a lane.
  LoadReport reload();
  // reload() when a file changed since it was last read, came or went; else nullopt. Costs a system
  // call for each file while nothing changes.
  std::optional<LoadReport> reload_if_changed();

 private:
  LoadReport load();
  void load_policy(LoadReport& report);
  void load_profile(LoadReport& report);
  void report_what_is_in_force(LoadReport& report) const;

  PolicySourceOptions options_;
  std::mutex loading_;
  WatchedFile policy_file_;
  WatchedFile profile_file_;
  EngineInputs inputs_;
  // Not an atomic pointer: libstdc++ 12 reads it without the order that its writers need.
  mutable std::mutex engine_mutex_;
  std::shared_ptr<const Engine> engine_;
};

}  // namespace colonnade::gate
