#include "core/events/background_commits.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <utility>

#include "base/log.hpp"
#include "core/events/event_feed.hpp"
#include "core/events/limits.hpp"

namespace colonnade::core {

struct BackgroundCommits::Waiting {
  Unit unit;
  std::string what{};
  std::string key{};
  std::uint64_t number = 0;
  int attempts = 0;        // that were refused
  bool has_place = false;  // among those that are tried again
};

struct BackgroundCommits::State {
  enum class Next { again, replaced, given_up };

  Next after_refusal(Waiting& one, bool retryable) {
    const std::lock_guard lock(mutex);
    if (!one.key.empty()) {
      const auto found = newest.find(one.key);
      if (found == newest.end() || found->second != one.number) return Next::replaced;
    }
    if (!retryable || stopping.stop_requested()) return Next::given_up;
    if (!one.has_place && waiting >= limits::background_commits_max) return Next::given_up;
    if (!std::exchange(one.has_place, true)) ++waiting;
    return Next::again;
  }
  void leave(const Waiting& one) {
    const std::lock_guard lock(mutex);
    if (one.has_place) --waiting;
    const auto found = newest.find(one.key);
    if (found != newest.end() && found->second == one.number) newest.erase(found);
  }

  EventFeed& feed;
  base::Lane& lane;
  const CommitRetry retry;
  std::stop_source stopping{};
  std::mutex mutex{};
  std::uint64_t added = 0;
  std::size_t waiting = 0;
  std::map<std::string, std::uint64_t> newest{};  // by key; of those that are not stored
};

BackgroundCommits::BackgroundCommits(EventFeed& feed, base::Lane& lane, CommitRetry retry)
    : state_(new State{.feed = feed, .lane = lane, .retry = retry}) {}

BackgroundCommits::~BackgroundCommits() {
  state_->stopping.request_stop();
  const std::lock_guard lock(state_->mutex);
  if (state_->waiting > 0) {
    base::log::error("commits_given_up",
                     {{"units", state_->waiting}, {"error", "the server stops"}});
  }
}

void BackgroundCommits::add(Unit unit, std::string what, std::string key) {
  std::shared_ptr<Waiting> one(
      new Waiting{.unit = std::move(unit), .what = std::move(what), .key = std::move(key)});
  {
    const std::lock_guard lock(state_->mutex);
    one->number = ++state_->added;
    if (!one->key.empty()) state_->newest[one->key] = one->number;
  }
  submit(state_, std::move(one));
}

void BackgroundCommits::submit(const std::shared_ptr<State>& state, std::shared_ptr<Waiting> one) {
  Unit now = one->unit;
  state->feed.append(
      std::move(now), [state, one = std::move(one)](const Result<std::int64_t>& stored) {
        if (!stored) return refused(state, one, stored.error());
        if (one->attempts > 0) {
          base::log::info("commit_stored", {{"what", one->what}, {"attempts", one->attempts + 1}});
        }
        state->leave(*one);
      });
}

void BackgroundCommits::refused(const std::shared_ptr<State>& state,
                                const std::shared_ptr<Waiting>& one, const base::Error& error) {
  const State::Next next = state->after_refusal(*one, error.retryable);
  if (next == State::Next::again) {
    if (one->attempts == 0) {
      base::log::warn("commit_delayed", {{"what", one->what}, {"error", error.message}});
    }
    state->lane.spawn("retry_commit", again(state, one));
    return;
  }
  if (next == State::Next::given_up) {
    base::log::error("commit_failed", {{"what", one->what}, {"error", error.message}});
  }
  state->leave(*one);
}

base::Task<void> BackgroundCommits::again(std::shared_ptr<State> state,
                                          std::shared_ptr<Waiting> one) {
  const std::size_t spread = std::hash<std::uint64_t>{}(one->number);
  const bool slept =
      co_await wait_to_retry(state->retry, one->attempts++, spread, state->stopping.get_token());
  if (slept) submit(state, std::move(one));
}

}  // namespace colonnade::core
