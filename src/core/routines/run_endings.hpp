// Wakes jobs that wait for an agent's run to end. Nothing is kept in memory for them but the id of
// the run, and nothing is committed for runs that no job waits for.
#pragma once

#include <mutex>
#include <string>
#include <unordered_set>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "core/access/scope.hpp"
#include "core/events/background_commits.hpp"
#include "core/events/feed_listener.hpp"

namespace colonnade::core {

// Thread-safe. Give it to EventFeed::listen() before the first commit; it must outlive the lanes'
// work, and the other three must outlive it.
class RunEndings final : public FeedListener {
 public:
  RunEndings(BackgroundCommits& commits, base::Lane& lane, base::Clock& clock)
      : commits_(commits), lane_(lane), clock_(clock) {}

  // From here on the end of that run wakes the jobs that wait for until_run_ends(). Whoever says so
  // looks afterwards whether it has ended before.
  void expect(const Scope& scope, const std::string& run_id);
  // Wakes them now. Returns at once; the commit is tried again until it is stored.
  void wake(const Scope& scope, const std::string& run_id);

  bool follows_runs() const override { return true; }
  void run_finished(const Event& event) override;

 private:
  BackgroundCommits& commits_;
  base::Lane& lane_;
  base::Clock& clock_;
  std::mutex mutex_;
  std::unordered_set<std::string> expected_;  // a scope and an id, joined
};

}  // namespace colonnade::core
