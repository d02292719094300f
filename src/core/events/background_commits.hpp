// Units that nobody waits for: a record of what happened, what a server's tools looked like. Each
// is tried again until it is stored, as long as the server runs.
#pragma once

#include <memory>
#include <string>

#include "base/lane.hpp"
#include "core/events/commit_retry.hpp"
#include "core/events/journal.hpp"

namespace colonnade::core {

class EventFeed;

// Thread-safe.
class BackgroundCommits {
 public:
  // The feed and the lane must outlive it.
  BackgroundCommits(EventFeed& feed, base::Lane& lane, CommitRetry retry = {});
  // Nothing is tried again from here on; what was not stored by now is logged as an error.
  ~BackgroundCommits();
  BackgroundCommits(const BackgroundCommits&) = delete;
  BackgroundCommits& operator=(const BackgroundCommits&) = delete;

  // Returns at once. `what` names it in the log. A unit with a `key` replaces earlier ones of that
  // key: those are not tried again. Beyond limits::background_commits_max that wait for the store,
  // a unit that it refuses is given up, with an error in the log.
  void add(Unit unit, std::string what, std::string key = {});

 private:
  struct State;
  struct Waiting;

  static void submit(const std::shared_ptr<State>& state, std::shared_ptr<Waiting> one);
  static void refused(const std::shared_ptr<State>& state, const std::shared_ptr<Waiting>& one,
                      const base::Error& error);
  static base::Task<void> again(std::shared_ptr<State> state, std::shared_ptr<Waiting> one);

  std::shared_ptr<State> state_;
};

}  // namespace colonnade::core
