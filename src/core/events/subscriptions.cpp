#include "core/events/subscriptions.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "core/events/event_store.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

// A subscriber may end itself, or another, or bring a new one while it is notified. So while a lane
// delivers, who leaves only clears its place, and the places are closed up afterwards.
struct Subscriptions::LaneTable {
  using Listeners = std::vector<Subscription*>;
  ByTopic<Listeners> by_topic;
  std::size_t wide = 0;  // subscriptions of users and scopes
  bool delivering = false;
  std::vector<EventTopic> left{};  // topics with cleared places

  void add(const EventTopic& topic, Subscription* listener) {
    by_topic[topic].push_back(listener);
    if (topic.kind() != EventTopic::Kind::thread) ++wide;
  }

  void remove(const EventTopic& topic, Subscription* listener) {
    if (topic.kind() != EventTopic::Kind::thread) --wide;
    const auto found = by_topic.find(topic);
    if (delivering) {
      std::ranges::replace(found->second, listener, nullptr);
      left.push_back(topic);
      return;
    }
    std::erase(found->second, listener);
    if (found->second.empty()) by_topic.erase(found);
  }

  void deliver(const std::vector<EventPtr>& events) {
    delivering = true;
    for (const EventPtr& event : events) {
      deliver_to(thread_of(*event), event);
      if (wide == 0) continue;
      deliver_to(user_of(*event), event);
      deliver_to(scope_of(*event), event);
    }
    delivering = false;
    for (const EventTopic& topic : left) {
      const auto found = by_topic.find(topic);
      if (found == by_topic.end()) continue;
      std::erase(found->second, nullptr);
      if (found->second.empty()) by_topic.erase(found);
    }
    left.clear();
  }

  void deliver_to(const TopicView& topic, const EventPtr& event) {
    const auto found = by_topic.find(topic);
    if (found == by_topic.end()) return;
    // The list outlives the loop, but may grow: who joins now has this event behind it.
    Listeners& listeners = found->second;
    const std::size_t count = listeners.size();
    for (std::size_t i = 0; i < count; ++i) {
      if (Subscription* listener = listeners[i]) listener->offer(event);
    }
  }
};

// One transaction's events on their way to the lanes. The last lane to let go of it calls the
// completions: by then every subscriber has seen the events.
struct Subscriptions::Delivery {
  std::vector<EventPtr> events;
  std::vector<std::move_only_function<void()>> completions;

  ~Delivery() {
    for (auto& completion : completions) completion();
  }
};

std::size_t Subscriptions::TopicHash::operator()(const TopicView& topic) const {
  const std::hash<std::string_view> hash;
  return (hash(topic.id) * 31 + hash(topic.scope)) * 31 + static_cast<std::size_t>(topic.kind);
}

Subscriptions::TopicView Subscriptions::thread_of(const Event& event) {
  return {EventTopic::Kind::thread, event.scope.key(), event.thread_id};
}

Subscriptions::TopicView Subscriptions::user_of(const Event& event) {
  return {EventTopic::Kind::user, event.scope.key(), event.owner};
}

Subscriptions::TopicView Subscriptions::scope_of(const Event& event) {
  return {EventTopic::Kind::scope, event.scope.key(), {}};
}

Subscriptions::Subscriptions(base::Lanes& lanes, EventStore& events)
    : lanes_(lanes), events_(events), wanted_{.has = std::vector<std::uint8_t>(lanes.size())} {
  for (std::size_t i = 0; i < lanes.size(); ++i) tables_.push_back(std::make_unique<LaneTable>());
}

Subscriptions::~Subscriptions() = default;

std::unique_ptr<Subscription> Subscriptions::subscribe(base::Lane& lane, EventTopic topic,
                                                       std::optional<std::int64_t> after,
                                                       Subscriber& subscriber) {
  std::unique_ptr<Subscription> out(new Subscription(*this, lane, std::move(topic), subscriber));
  // Read after the interest was registered: what is committed later is delivered, what is counted
  // here was committed before.
  const std::int64_t reached = now();
  out->cursor_ = reached;
  if (after && *after < reached) {
    out->cursor_ = *after;
    out->caught_up_ = false;
    // Posted: a coroutine that is spawned on its own lane begins at once, and nothing may be
    // delivered before this returns.
    lane.post([self = out.get(), alive = out->alive_] {
      if (!*alive) return;
      self->lane_.spawn("replay", Subscription::replay(self, alive, /*first=*/true));
    });
  }
  return out;
}

bool Subscriptions::is_followed(const Scope& scope, std::string_view thread_id,
                                std::string_view owner) const {
  if (count() == 0) return false;
  using Kind = EventTopic::Kind;
  const std::lock_guard lock(interest_mutex_);
  if (interest_.contains(TopicView{Kind::thread, scope.key(), thread_id})) return true;
  if (wide_count_.load(std::memory_order_acquire) == 0) return false;
  return interest_.contains(TopicView{Kind::user, scope.key(), owner}) ||
         interest_.contains(TopicView{Kind::scope, scope.key(), {}});
}

void Subscriptions::add(Subscription& subscription) {
  const EventTopic& topic = subscription.topic_;
  const auto lane = static_cast<std::uint32_t>(subscription.lane_.index());
  tables_[lane]->add(topic, &subscription);
  {
    const std::lock_guard lock(interest_mutex_);
    std::vector<LaneCount>& counts = interest_[topic];
    const auto found = std::ranges::find(counts, lane, &LaneCount::lane);
    if (found == counts.end()) {
      counts.push_back({.lane = lane, .subscriptions = 1});
    } else {
      ++found->subscriptions;
    }
  }
  if (topic.kind() != EventTopic::Kind::thread) wide_count_.fetch_add(1);
  count_.fetch_add(1);
}

void Subscriptions::remove(Subscription& subscription) {
  const EventTopic& topic = subscription.topic_;
  const auto lane = static_cast<std::uint32_t>(subscription.lane_.index());
  tables_[lane]->remove(topic, &subscription);
  {
    const std::lock_guard lock(interest_mutex_);
    const auto place = interest_.find(topic);
    std::vector<LaneCount>& counts = place->second;
    const auto found = std::ranges::find(counts, lane, &LaneCount::lane);
    if (--found->subscriptions == 0) counts.erase(found);
    if (counts.empty()) interest_.erase(place);
  }
  if (topic.kind() != EventTopic::Kind::thread) wide_count_.fetch_sub(1);
  count_.fetch_sub(1);
}

void Subscriptions::add_lanes_of(const TopicView& topic, LaneSet& lanes) const {
  const auto found = interest_.find(topic);
  if (found == interest_.end()) return;
  for (const LaneCount& one : found->second) {
    if (std::exchange(lanes.has[one.lane], 1) == 0) lanes.lanes.push_back(one.lane);
  }
}

void Subscriptions::deliver(std::vector<EventPtr> events,
                            std::vector<std::move_only_function<void()>> completions) {
  if (!events.empty()) begin_after(events.back()->cursor);
  auto delivery = std::make_shared<Delivery>();
  delivery->completions = std::move(completions);
  if (events.empty() || count() == 0) return;  // nobody listens: the completions run here and now
  {
    const bool wide = wide_count_.load(std::memory_order_acquire) > 0;
    const std::lock_guard lock(interest_mutex_);
    const Event* previous = nullptr;
    for (const EventPtr& event : events) {
      const bool same = previous != nullptr && previous->thread_id == event->thread_id &&
                        previous->scope == event->scope;
      previous = event.get();
      if (same) continue;
      add_lanes_of(thread_of(*event), wanted_);
      if (!wide) continue;
      add_lanes_of(user_of(*event), wanted_);
      add_lanes_of(scope_of(*event), wanted_);
    }
  }
  if (wanted_.lanes.empty()) return;
  delivery->events = std::move(events);
  for (const std::uint32_t lane : wanted_.lanes) {
    wanted_.has[lane] = 0;
    lanes_[lane].post([this, lane, delivery] { tables_[lane]->deliver(delivery->events); });
  }
  wanted_.lanes.clear();
}

Subscription::Subscription(Subscriptions& subscriptions, base::Lane& lane, EventTopic topic,
                           Subscriber& subscriber)
    : subscriptions_(subscriptions),
      subscriptions_exist_(subscriptions.exists_),
      lane_(lane),
      topic_(std::move(topic)),
      subscriber_(subscriber),
      alive_(std::make_shared<bool>(true)) {
  subscriptions_.add(*this);
}

Subscription::~Subscription() {
  *alive_ = false;
  // A coroutine that was still suspended when everything stopped goes with its lane, last of all.
  if (!subscriptions_exist_.expired()) subscriptions_.remove(*this);
}

void Subscription::offer(const EventPtr& event) {
  if (event->cursor <= cursor_ || cut_off_) return;
  if (caught_up_) {
    cursor_ = event->cursor;
    subscriber_.deliver(event);
  } else if (reading_) {
    if (kept_.size() < limits::page_rows_max) {
      kept_.push_back(event);
    } else {
      kept_all_ = false;
    }
  }
  // Else it is in the store already, and will be read from there.
}

// The last page has everything that was committed before it was read; what was committed since is
// kept or comes live, and what comes both ways is told apart by its cursor.
void Subscription::take(EventPage page) {
  reading_ = false;
  const auto kept = std::exchange(kept_, {});
  const bool complete = page.last && kept_all_;
  const Alive alive = alive_;
  for (Event& event : page.events) {
    cursor_ = event.cursor;
    subscriber_.deliver(std::make_shared<const Event>(std::move(event)));
    if (!*alive) return;
  }
  cursor_ = std::max(cursor_, page.read_to);
  if (!complete) return;
  caught_up_ = true;
  for (const EventPtr& event : kept) {
    offer(event);
    if (!*alive) return;
  }
}

base::Task<void> Subscription::replay(Subscription* self, Alive alive, bool first) {
  if (!*alive) co_return;
  if (!first) co_await self->subscriber_.ready_for_more();
  if (!*alive) co_return;
  self->reading_ = true;
  self->kept_all_ = true;
  EventStore& events = self->subscriptions_.events_;
  auto page = co_await events.event_page(self->topic_, self->cursor_, limits::page_rows_max);
  if (!*alive) co_return;
  if (!page) {
    base::log::error("replay_failed",
                     {{"topic", self->topic_.id()}, {"error", page.error().message}});
    self->cut_off_ = true;
    self->kept_.clear();
    self->subscriber_.cut_off();
    co_return;
  }
  self->take(std::move(*page));
  if (!*alive) co_return;
  if (self->caught_up_) {
    self->subscriber_.caught_up();
    co_return;
  }
  // Posted, so that a long replay does not hold up the lane.
  self->lane_.post([self, alive] {
    if (*alive) self->lane_.spawn("replay", replay(self, alive, /*first=*/false));
  });
}

}  // namespace colonnade::core
