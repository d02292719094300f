#include "core/events/event_feed.hpp"

#include <algorithm>
#include <bit>

#include "base/log.hpp"
#include "core/events/change_subject.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

// A subscriber may end itself, or another, or bring a new one while it is told of an event. So
// while a lane delivers, who leaves only clears its place, and the places are closed up afterwards.
struct EventFeed::LaneTable {
  using Listeners = std::vector<Subscription*>;
  std::unordered_map<std::string, Listeners> by_thread;
  bool delivering = false;
  std::vector<std::string> left{};  // threads with cleared places

  void add(const std::string& thread_id, Subscription* listener) {
    by_thread[thread_id].push_back(listener);
  }

  void remove(const std::string& thread_id, Subscription* listener) {
    const auto found = by_thread.find(thread_id);
    if (delivering) {
      std::ranges::replace(found->second, listener, nullptr);
      left.push_back(thread_id);
      return;
    }
    std::erase(found->second, listener);
    if (found->second.empty()) by_thread.erase(found);
  }

  void deliver(const std::vector<EventPtr>& events) {
    delivering = true;
    for (const EventPtr& event : events) {
      const auto found = by_thread.find(event->thread_id);
      if (found == by_thread.end()) continue;
      // The list outlives the loop, but may grow: who joins now has this event behind it.
      Listeners& listeners = found->second;
      const std::size_t count = listeners.size();
      for (std::size_t i = 0; i < count; ++i) {
        if (Subscription* listener = listeners[i]) listener->offer(event);
      }
    }
    delivering = false;
    for (const std::string& thread_id : left) {
      const auto found = by_thread.find(thread_id);
      if (found == by_thread.end()) continue;
      std::erase(found->second, nullptr);
      if (found->second.empty()) by_thread.erase(found);
    }
    left.clear();
  }
};

// One transaction's events on their way to the lanes. The last lane to let go of it calls the
// completions: by then every subscriber has seen the events.
struct EventFeed::Delivery {
  std::vector<EventPtr> events;
  std::vector<std::move_only_function<void()>> completions;

  ~Delivery() {
    for (auto& completion : completions) completion();
  }
};

EventFeed::EventFeed(base::Lanes& lanes, EventStore& events, Journal& journal)
    : lanes_(lanes), events_(events), journal_(journal) {
  for (std::size_t i = 0; i < lanes.size(); ++i) tables_.push_back(std::make_unique<LaneTable>());
  // Without it a live stream begins at 0, and a return to its beginning replays the whole thread.
  if (const auto last = events_.last_cursor()) last_cursor_.store(*last);
  journal_.observe(*this);
}

EventFeed::~EventFeed() = default;

base::Task<Result<std::int64_t>> EventFeed::commit(Unit unit) {
  auto done = std::make_shared<base::Completion<Result<std::int64_t>>>();
  append(std::move(unit),
         [done](Result<std::int64_t> result) { done->complete(std::move(result)); });
  auto result = co_await done->wait();
  co_return result;
}

void EventFeed::append(Unit unit, Journal::Completion done) {
  auto noted = ending_revisions(unit, telling_listeners(unit, std::move(done)));
  journal_.append(std::move(unit), std::move(noted));
}

Journal::Completion EventFeed::ending_revisions(const Unit& unit, Journal::Completion done) {
  auto places = revisions_.begin(unit);
  if (places.empty()) return done;
  return [this, places = std::move(places),
          done = std::move(done)](Result<std::int64_t> result) mutable {
    revisions_.end(places);
    done(std::move(result));
  };
}

// Only units that change actions pay for it.
Journal::Completion EventFeed::telling_listeners(const Unit& unit, Journal::Completion done) const {
  if (listeners_.empty()) return done;
  std::vector<StoredAction> actions;
  for (const Change& change : unit.changes) {
    const Action* action = action_stored_by(change);
    if (action == nullptr) continue;
    actions.push_back({.tool = action->request.tool,
                       .state = action->state,
                       .created_at = action->created_at,
                       .updated_at = action->updated_at});
  }
  if (actions.empty()) return done;
  return [this, actions = std::move(actions),
          done = std::move(done)](Result<std::int64_t> result) mutable {
    for (const StoredAction& action : actions) {
      if (!result) break;
      for (FeedListener* listener : listeners_) listener->stored(action);
    }
    done(std::move(result));
  };
}

std::unique_ptr<EventFeed::Subscription> EventFeed::subscribe(base::Lane& lane, const Scope& scope,
                                                              std::string thread_id,
                                                              std::optional<std::int64_t> after,
                                                              Subscriber& subscriber) {
  std::unique_ptr<Subscription> subscription(
      new Subscription(*this, lane, scope, std::move(thread_id), subscriber));
  // Read after the interest was registered: what is committed later is delivered, what is counted
  // here was committed before.
  const std::int64_t now = last_cursor();
  subscription->cursor_ = now;
  if (after && *after < now) {
    subscription->cursor_ = *after;
    subscription->caught_up_ = false;
    subscription->replay_page();
  }
  return subscription;
}

bool EventFeed::is_followed(const std::string& thread_id) const {
  return subscriber_count_.load(std::memory_order_acquire) > 0 && lanes_of(thread_id) != 0;
}

std::uint64_t EventFeed::lanes_of(const std::string& thread_id) const {
  const std::lock_guard lock(interest_mutex_);
  const auto found = interest_.find(thread_id);
  return found == interest_.end() ? 0 : found->second.lanes;
}

void EventFeed::register_interest(const std::string& thread_id, std::size_t lane, int change) {
  const std::lock_guard lock(interest_mutex_);
  Interest& interest = interest_[thread_id];
  interest.counts.resize(lanes_.size());
  interest.counts[lane] += static_cast<std::uint32_t>(change);
  const std::uint64_t bit = std::uint64_t{1} << (lane % 64);
  if (interest.counts[lane] > 0) {
    interest.lanes |= bit;
  } else {
    interest.lanes &= ~bit;
    if (interest.lanes == 0) interest_.erase(thread_id);
  }
}

void EventFeed::committed(std::vector<EventPtr> events,
                          std::vector<std::move_only_function<void()>> completions) {
  if (!events.empty()) last_cursor_.store(events.back()->cursor, std::memory_order_release);
  for (FeedListener* listener : listeners_) listener->committed();
  std::uint64_t lanes = 0;
  if (subscriber_count_.load(std::memory_order_acquire) > 0) {
    const std::string* previous = nullptr;
    for (const EventPtr& event : events) {
      if (previous != nullptr && *previous == event->thread_id) continue;
      previous = &event->thread_id;
      lanes |= lanes_of(event->thread_id);
    }
  }
  auto delivery = std::make_shared<Delivery>();
  delivery->completions = std::move(completions);
  if (lanes == 0) return;  // nobody listens: the completions run here and now
  delivery->events = std::move(events);
  for (; lanes != 0; lanes &= lanes - 1) {
    const auto index = static_cast<std::size_t>(std::countr_zero(lanes));
    lanes_[index].post([this, index, delivery] { tables_[index]->deliver(delivery->events); });
  }
}

EventFeed::Subscription::Subscription(EventFeed& feed, base::Lane& lane, Scope scope,
                                      std::string thread_id, Subscriber& subscriber)
    : feed_(feed),
      lane_(lane),
      scope_(std::move(scope)),
      thread_id_(std::move(thread_id)),
      subscriber_(subscriber),
      alive_(std::make_shared<bool>(true)) {
  feed_.tables_[lane_.index()]->add(thread_id_, this);
  feed_.register_interest(thread_id_, lane_.index(), +1);
  feed_.subscriber_count_.fetch_add(1, std::memory_order_release);
}

EventFeed::Subscription::~Subscription() {
  *alive_ = false;
  feed_.tables_[lane_.index()]->remove(thread_id_, this);
  feed_.register_interest(thread_id_, lane_.index(), -1);
  feed_.subscriber_count_.fetch_sub(1, std::memory_order_release);
}

void EventFeed::Subscription::offer(const EventPtr& event) {
  // While the replay runs, what happens live is in the store already and will be read from there.
  if (!caught_up_ || event->cursor <= cursor_) return;
  cursor_ = event->cursor;
  subscriber_.deliver(event);
}

// Reads one page and has the next one follow, so that a long replay does not hold up the lane. A
// short page means that everything committed before the read was seen; what is committed later
// comes live, and what comes both ways is told apart by its cursor.
void EventFeed::Subscription::replay_page() {
  auto page = feed_.events_.events(scope_, thread_id_, cursor_, limits::page_rows_max);
  if (!page) {
    base::log::error("replay_failed", {{"thread", thread_id_}, {"error", page.error().message}});
    caught_up_ = true;
    return;
  }
  const bool last = page->size() < limits::page_rows_max;
  if (last) caught_up_ = true;
  const auto alive = alive_;
  for (Event& event : *page) {
    cursor_ = event.cursor;
    subscriber_.deliver(std::make_shared<const Event>(std::move(event)));
    if (!*alive) return;
  }
  if (last) return;
  lane_.post([this, alive] {
    if (*alive) lane_.spawn("replay", replay_next(this, alive));
  });
}

base::Task<void> EventFeed::Subscription::replay_next(Subscription* self,
                                                      std::shared_ptr<bool> alive) {
  if (!*alive) co_return;
  co_await self->subscriber_.ready_for_more();
  if (*alive) self->replay_page();
}

}  // namespace colonnade::core
