// Following events: of one thread, of one user, of one scope. Nothing can be committed through it,
// so this is what dialects are handed; committing is core/events/event_feed, core's own.
//
// With `after`, a subscription first reads everything since that cursor from the store, page by
// page, then delivers what is committed. A restart of the server makes no difference to a reader
// that comes back with its last cursor.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/lane.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/events/event.hpp"
#include "core/events/event_topic.hpp"

namespace colonnade::core {

class EventStore;
class Subscription;

using EventPtr = std::shared_ptr<const Event>;

// Receives one topic's events, in cursor order, each once, on the lane it subscribed on. It must
// not block and must bound what it keeps: a receiver that cannot keep up ends its own subscription
// and resumes later by cursor. It may end its subscription, or another's, from within any of these.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  virtual void deliver(const EventPtr& event) = 0;
  // Everything since the cursor that the subscription began after was delivered; what follows is
  // live. Called once, and only when there was something to replay.
  virtual void caught_up() {}
  // The store cannot be read: nothing more is delivered, and the receiver should come back later
  // with the cursor of the last event that it has.
  virtual void cut_off() {}
  // Awaited between the pages of a replay: returns when the receiver can take
  // limits::page_rows_max more. It must own what it uses; the receiver may end meanwhile.
  virtual base::Task<void> ready_for_more() { co_return; }
};

// Thread-safe, for any number of lanes. Must outlive its subscriptions, but for those that go with
// what the lanes drop at their own end.
class Subscriptions {
 public:
  Subscriptions(base::Lanes& lanes, EventStore& events);
  ~Subscriptions();
  Subscriptions(const Subscriptions&) = delete;
  Subscriptions& operator=(const Subscriptions&) = delete;

  // Call on `lane`. With `after`, first everything since that cursor, then what happens live;
  // without, only what is committed from now on. A cursor that the store has not reached yet (it is
  // another store's) counts as now. Nothing is delivered from within this call. Of deleted threads
  // a user's or a scope's replay says only that they are, of erased ones nothing.
  std::unique_ptr<Subscription> subscribe(base::Lane& lane, EventTopic topic,
                                          std::optional<std::int64_t> after,
                                          Subscriber& subscriber);

  // What is committed from now on has a higher cursor.
  std::int64_t now() const { return last_cursor_.load(std::memory_order_acquire); }
  // Whether anybody follows the events of this thread just now, alone or among others.
  bool is_followed(const Scope& scope, std::string_view thread_id, std::string_view owner) const;
  // Subscriptions that are open.
  std::size_t count() const { return count_.load(std::memory_order_acquire); }

 private:
  friend class EventFeed;
  friend class Subscription;
  struct LaneTable;  // subscriptions by topic; touched on its lane only
  struct Delivery;  // one transaction's events and completions, shared by the lanes that deliver it

  // A topic in other people's words, for looking up.
  struct TopicView {
    EventTopic::Kind kind = EventTopic::Kind::thread;
    std::string_view scope{};
    std::string_view id{};
  };
  struct TopicHash {
    using is_transparent = void;
    std::size_t operator()(const TopicView& topic) const;
    std::size_t operator()(const EventTopic& topic) const { return (*this)(view_of(topic)); }
  };
  struct TopicEqual {
    using is_transparent = void;
    bool operator()(const TopicView& a, const TopicView& b) const {
      return a.kind == b.kind && a.id == b.id && a.scope == b.scope;
    }
    bool operator()(const EventTopic& a, const TopicView& b) const {
      return (*this)(view_of(a), b);
    }
    bool operator()(const TopicView& a, const EventTopic& b) const {
      return (*this)(a, view_of(b));
    }
    bool operator()(const EventTopic& a, const EventTopic& b) const { return a == b; }
  };
  template <class Value>
  using ByTopic = std::unordered_map<EventTopic, Value, TopicHash, TopicEqual>;

  struct LaneCount {
    std::uint32_t lane = 0;
    std::uint32_t subscriptions = 0;
  };
  // Lanes, each once; used by one thread.
  struct LaneSet {
    std::vector<std::uint8_t> has{};  // by lane
    std::vector<std::uint32_t> lanes{};
  };

  static TopicView view_of(const EventTopic& topic) {
    return {topic.kind(), topic.scope().key(), topic.id()};
  }
  static TopicView thread_of(const Event& event);
  static TopicView user_of(const Event& event);
  static TopicView scope_of(const Event& event);

  // Delivers one transaction, then calls the completions. On the writer's thread, in commit order.
  void deliver(std::vector<EventPtr> events,
               std::vector<std::move_only_function<void()>> completions);
  void begin_after(std::int64_t cursor) { last_cursor_.store(cursor, std::memory_order_release); }

  void add(Subscription& subscription);
  void remove(Subscription& subscription);
  void add_lanes_of(const TopicView& topic, LaneSet& lanes) const;

  base::Lanes& lanes_;
  EventStore& events_;
  std::vector<std::unique_ptr<LaneTable>> tables_;
  // Which lanes have subscriptions of a topic, so that the writer posts only where needed.
  mutable std::mutex interest_mutex_;
  ByTopic<std::vector<LaneCount>> interest_;
  std::atomic<std::size_t> count_{0};
  std::atomic<std::size_t> wide_count_{0};  // those of users and scopes
  std::atomic<std::int64_t> last_cursor_{0};
  LaneSet wanted_;  // the writer's thread only
  std::shared_ptr<const bool> exists_ = std::make_shared<const bool>(true);
};

// Ends with its destruction, which must happen on its lane; nothing is delivered afterwards.
class Subscription {
 public:
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  // The newest cursor that was delivered (or that the subscription began after).
  std::int64_t cursor() const { return cursor_; }
  // Whether everything since the cursor that it began after was delivered.
  bool caught_up() const { return caught_up_; }

 private:
  friend class Subscriptions;
  using Alive = std::shared_ptr<bool>;
  Subscription(Subscriptions& subscriptions, base::Lane& lane, EventTopic topic,
               Subscriber& subscriber);
  void offer(const EventPtr& event);
  void take(EventPage page);
  // One page; the next one follows when the lane had its other work and the receiver has room.
  static base::Task<void> replay(Subscription* self, Alive alive, bool first);

  Subscriptions& subscriptions_;
  std::weak_ptr<const bool> subscriptions_exist_;
  base::Lane& lane_;
  EventTopic topic_;
  Subscriber& subscriber_;
  std::int64_t cursor_ = 0;
  bool caught_up_ = true;
  bool cut_off_ = false;
  // What is committed while a page is read, limits::page_rows_max events at most: the page may not
  // have it.
  bool reading_ = false;
  bool kept_all_ = true;
  std::vector<EventPtr> kept_{};
  Alive alive_;  // false once destroyed; read by what was spawned
};

}  // namespace colonnade::core
