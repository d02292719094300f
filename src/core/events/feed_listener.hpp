// Notified of what is committed: for counters, and for feeds of other rows than events.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.hpp"
#include "core/access/scope.hpp"
#include "core/governance/action.hpp"

namespace colonnade::core {

struct Event;
struct BudgetChange;
struct JobChange;

// What became of an action in a commit, for whoever counts.
struct StoredAction {
  std::string tool{};
  ActionState state = ActionState::denied;
  base::Time created_at{};
  base::Time updated_at{};
};

// Called on the writer's thread, before the completions. Must be fast and must not throw.
class FeedListener {
 public:
  virtual ~FeedListener() = default;
  // A transaction is durable; reads see it.
  virtual void committed() {}
  // An action was inserted or changed.
  virtual void stored(const StoredAction& /*action*/) {}
  // A job, a batch or a schedule was changed, or might have been.
  virtual void jobs_changed(const JobChange& /*change*/) {}
  // Budgets were changed, or might have been: caps, or what was spent.
  virtual void budgets_changed(const Scope& /*scope*/, const BudgetChange& /*change*/) {}
  // A run has ended: `event` holds its RunFinished. Only for listeners that follow runs.
  virtual bool follows_runs() const { return false; }
  virtual void run_finished(const Event& /*event*/) {}
  // The gate has denied a run's call: `event` holds its ToolCallFinished. As above.
  virtual void call_denied(const Event& /*event*/) {}
  // How long somebody waited for a unit, stored or not. On any thread, after the unit's completion.
  virtual void commit_took(std::chrono::microseconds /*time*/) {}
};

}  // namespace colonnade::core
