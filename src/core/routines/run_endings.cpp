#include "core/routines/run_endings.hpp"

#include <utility>

#include "base/joined.hpp"
#include "core/events/event.hpp"
#include "core/jobs/job_store.hpp"
#include "core/routines/routine_text.hpp"

namespace colonnade::core {

void RunEndings::expect(const Scope& scope, const std::string& run_id) {
  const std::lock_guard lock(mutex_);
  expected_.insert(base::joined({scope.key(), run_id}));
}

void RunEndings::wake(const Scope& scope, const std::string& run_id) {
  const std::string what = until_run_ends(run_id);
  Unit unit{.scope = scope};
  unit.changes.emplace_back(job_change(WakeJobs{.waits_for = what, .at = clock_.now()}));
  commits_.add(std::move(unit), "run_has_ended", base::joined({scope.key(), what}));
}

// On the writer's thread, which must not wait for itself.
void RunEndings::run_finished(const Event& event) {
  {
    const std::lock_guard lock(mutex_);
    if (expected_.empty()) return;
    if (expected_.erase(base::joined({event.scope.key(), event.run_id})) == 0) return;
  }
  lane_.post([this, scope = event.scope, run_id = event.run_id] { wake(scope, run_id); });
}

}  // namespace colonnade::core
