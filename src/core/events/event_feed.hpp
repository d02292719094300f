// The event feed: everything that can be observed is committed first, then told.
//
// It sits between the use cases and the journal. Units go through commit() or append(); the journal
// reports each transaction back, and the feed delivers its events to the subscribers of their
// threads, each on its own lane. A completion is called after the events of its transaction were
// delivered, so that a subscriber sees what happened no later than the caller learns of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/lane.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/events/event.hpp"
#include "core/events/event_store.hpp"
#include "core/events/journal.hpp"
#include "core/events/revisions.hpp"
#include "core/governance/action.hpp"

namespace colonnade::core {

using EventPtr = std::shared_ptr<const Event>;

// Receives one thread's events, in cursor order, each once, on the lane it subscribed on. It must
// not block; a receiver that cannot keep up ends its own subscription and resumes later by cursor.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  virtual void deliver(const EventPtr& event) = 0;
  // Awaited between the pages of a replay: returns when the receiver can take
  // limits::page_rows_max more. It must own what it uses; the receiver may end meanwhile.
  virtual base::Task<void> ready_for_more() { co_return; }
};

// What became of an action in a commit, for whoever counts.
struct StoredAction {
  std::string tool{};
  ActionState state = ActionState::denied;
  base::Time created_at{};
  base::Time updated_at{};
};

// Told of what the feed commits, on the writer's thread, before the completions. Must be fast and
// must not throw.
class FeedListener {
 public:
  virtual ~FeedListener() = default;
  // A transaction is durable; reads see it.
  virtual void committed() {}
  // An action was inserted or changed.
  virtual void stored(const StoredAction& /*action*/) {}
};

class EventFeed final : public CommitObserver {
 public:
  EventFeed(base::Lanes& lanes, EventStore& events, Journal& journal);
  ~EventFeed() override;

  // Commits and waits until the unit is durable and its events are delivered.
  base::Task<Result<std::int64_t>> commit(Unit unit);
  // Commits without waiting. `done` may be called on any thread.
  void append(Unit unit, Journal::Completion done);

  // Before the first commit. The listener must outlive the feed's use.
  void listen(FeedListener& listener) { listeners_.push_back(&listener); }

  // Ends with its destruction, which must happen on the lane; no deliver() is called afterwards.
  class Subscription;
  // Call on `lane`. With `after`, first everything since that cursor (deliver() is called from
  // within this call and from the lane soon after), then what happens live; without, only what is
  // committed from now on. A cursor that the store has not reached yet (it is another store's)
  // counts as now. The caller has checked that the principal may read the thread.
  std::unique_ptr<Subscription> subscribe(base::Lane& lane, const Scope& scope,
                                          std::string thread_id, std::optional<std::int64_t> after,
                                          Subscriber& subscriber);

  // What became of what was read; changes count from before they are submitted.
  const Revisions& revisions() const { return revisions_; }
  // What is committed from now on has a higher cursor.
  std::int64_t now() const { return last_cursor(); }
  // Whether anybody follows the thread just now.
  bool is_followed(const std::string& thread_id) const;
  // Subscriptions that are open.
  std::size_t subscriber_count() const { return subscriber_count_.load(); }

 private:
  struct LaneTable;  // subscriptions by thread; touched on its lane only
  struct Delivery;  // one transaction's events and completions, shared by the lanes that deliver it

  void committed(std::vector<EventPtr> events,
                 std::vector<std::move_only_function<void()>> completions) override;
  Journal::Completion ending_revisions(const Unit& unit, Journal::Completion done);
  Journal::Completion telling_listeners(const Unit& unit, Journal::Completion done) const;
  // At least the cursor of every event that was handed to committed().
  std::int64_t last_cursor() const { return last_cursor_.load(std::memory_order_acquire); }
  std::uint64_t lanes_of(const std::string& thread_id) const;
  void register_interest(const std::string& thread_id, std::size_t lane, int change);

  base::Lanes& lanes_;
  EventStore& events_;
  Journal& journal_;
  Revisions revisions_;
  std::vector<FeedListener*> listeners_;
  std::vector<std::unique_ptr<LaneTable>> tables_;
  // Which lanes have subscribers of a thread: a bit each, so that the writer posts only where
  // needed.
  mutable std::mutex interest_mutex_;
  struct Interest {
    std::uint64_t lanes = 0;
    std::vector<std::uint32_t> counts{};
  };
  std::unordered_map<std::string, Interest> interest_;
  std::atomic<std::size_t> subscriber_count_{0};
  std::atomic<std::int64_t> last_cursor_{0};
};

class EventFeed::Subscription {
 public:
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  // The newest cursor that was delivered (or that the subscription began after).
  std::int64_t cursor() const { return cursor_; }
  // Whether everything since the cursor that it began after was delivered.
  bool caught_up() const { return caught_up_; }

 private:
  friend class EventFeed;
  Subscription(EventFeed& feed, base::Lane& lane, Scope scope, std::string thread_id,
               Subscriber& subscriber);
  void offer(const EventPtr& event);
  void replay_page();
  // Lets the lane breathe, and the receiver catch up, then replays the next page.
  static base::Task<void> replay_next(Subscription* self, std::shared_ptr<bool> alive);

  EventFeed& feed_;
  base::Lane& lane_;
  Scope scope_;
  std::string thread_id_;
  Subscriber& subscriber_;
  std::int64_t cursor_ = 0;
  bool caught_up_ = true;
  std::shared_ptr<bool> alive_;  // false once destroyed; read by posted continuations
};

}  // namespace colonnade::core
