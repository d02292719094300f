// The event feed: everything that can be observed is committed first, then delivered.
//
// It sits between the use cases and the journal. Units go through commit() or append(); the journal
// reports each transaction back, and the feed delivers its events to the subscriptions of their
// topics, each on its own lane. A completion is called after the events of its transaction were
// delivered, so that a subscriber sees what happened no later than the caller learns of it.
//
// Core's own: a dialect is handed subscriptions(), through which nothing can be committed.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

#include "base/lane.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/events/event.hpp"
#include "core/events/event_store.hpp"
#include "core/events/feed_listener.hpp"
#include "core/events/journal.hpp"
#include "core/events/revisions.hpp"
#include "core/events/subscriptions.hpp"
#include "core/threads/thread.hpp"

namespace colonnade::core {

// The listeners of a feed. One thread adds while others go through those that are there.
class Listeners {
 public:
  static constexpr std::size_t count_max = 8;

  void add(FeedListener& listener) {
    const std::size_t count = count_.load(std::memory_order_relaxed);
    if (count == count_max) throw std::length_error("an event feed has too many listeners");
    listeners_[count] = &listener;
    count_.store(count + 1, std::memory_order_release);
  }
  std::span<FeedListener* const> all() const {
    return std::span(listeners_).first(count_.load(std::memory_order_acquire));
  }

 private:
  std::array<FeedListener*, count_max> listeners_{};
  std::atomic<std::size_t> count_ = 0;
};

class EventFeed final : public CommitObserver {
 public:
  // The listeners must outlive the feed's use.
  EventFeed(base::Lanes& lanes, EventStore& events, Journal& journal,
            const std::vector<FeedListener*>& listeners = {});
  ~EventFeed() override;

  // Commits and waits until the unit is durable and its events are delivered.
  base::Task<Result<std::int64_t>> commit(Unit unit);
  // Commits without waiting. `done` may be called on any thread.
  void append(Unit unit, Journal::Completion done);

  // It is told of what is committed from now on, and must outlive the feed's use. May be called
  // while units are committed, by one thread at a time. Throws std::length_error beyond
  // Listeners::count_max.
  void listen(FeedListener& listener) { listeners_.add(listener); }

  Subscriptions& subscriptions() { return subscriptions_; }
  // What became of what was read; changes count from before they are submitted.
  const Revisions& revisions() const { return revisions_; }
  // Whether anybody follows the thread just now.
  bool is_followed(const Scope& scope, std::string_view thread_id, std::string_view owner) const {
    return subscriptions_.is_followed(scope, thread_id, owner);
  }

 private:
  void committed(std::vector<EventPtr> events,
                 std::vector<std::move_only_function<void()>> completions) override;
  Journal::Completion ending_revisions(const Unit& unit, Journal::Completion done);
  Journal::Completion notifying_listeners(const Unit& unit, Journal::Completion done) const;

  Journal& journal_;
  Revisions revisions_;
  Listeners listeners_;
  Subscriptions subscriptions_;
};

}  // namespace colonnade::core
