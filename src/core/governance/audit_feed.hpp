// The audit trail as it grows, for whoever follows it live.
//
// No subscriber gets a record before it is durable. The writer only wakes the lanes that have
// subscribers; each lane reads the store once for all of its own. Without subscribers a commit
// costs one atomic read.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/lane.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/events/event_feed.hpp"
#include "core/governance/action.hpp"
#include "core/governance/action_store.hpp"
#include "core/governance/audit.hpp"
#include "core/governance/audit_store.hpp"

namespace colonnade::core {

struct AuditNews {
  AuditRecord record;
  base::Time at{};
  base::Json details = base::Json::object();
  std::optional<Action> action{};  // as it is now, of records that are about one
};
using AuditNewsPtr = std::shared_ptr<const AuditNews>;

// Receives records in their order, each once, on the lane it subscribed on. Must not block, and
// must not end its subscription from within a call of its own.
class AuditSubscriber {
 public:
  virtual ~AuditSubscriber() = default;
  virtual void deliver(const AuditNewsPtr& news) = 0;
  // The trail cannot be read: nothing more is delivered, and the receiver should come back later.
  virtual void cut_off() {}
  // Awaited between the pages of a replay, as Subscriber::ready_for_more().
  virtual base::Task<void> ready_for_more() { co_return; }
};

class AuditFeed final : public FeedListener {
 public:
  // Listens to `feed`: make it before the first commit. Must outlive the lanes' work.
  AuditFeed(EventFeed& feed, base::Lanes& lanes, AuditStore& audit, ActionStore& actions);
  ~AuditFeed() override;

  // Records of every scope with a number above `after`, `limit` at most.
  base::Task<Result<std::vector<AuditNewsPtr>>> read(std::int64_t after, std::size_t limit) const;
  base::Task<Result<std::int64_t>> last_seq() const { return audit_.last_audit_seq(); }

  // Ends with its destruction, which must happen on the lane.
  class Subscription;
  // Call on `lane`. First everything after the number `after`, then what is added. A number that
  // the trail has not reached counts as its end. Records of all scopes and owners are delivered:
  // the subscriber picks. Nothing is delivered before this returns.
  base::Task<Result<std::unique_ptr<Subscription>>> subscribe(base::Lane* lane, std::int64_t after,
                                                              AuditSubscriber* subscriber);

  void committed() override;

 private:
  struct LaneTable;  // the subscriptions of one lane; all but its flags is touched there only
  void wake(std::size_t lane);
  static base::Task<void> catch_up(AuditFeed* self, std::size_t lane);
  base::Task<bool> catch_up_by_a_page(std::size_t lane);  // false when there is no more

  base::Lanes& lanes_;
  AuditStore& audit_;
  ActionStore& actions_;
  std::vector<std::unique_ptr<LaneTable>> tables_;
  std::atomic<std::size_t> subscriber_count_{0};
};

class AuditFeed::Subscription {
 public:
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

 private:
  friend class AuditFeed;
  Subscription(AuditFeed& feed, base::Lane& lane, AuditSubscriber& subscriber);
  void offer(const AuditNewsPtr& news);
  // Reads the store page by page until nothing is left, then leaves the rest to offer().
  static base::Task<void> replay(Subscription* self, std::shared_ptr<bool> alive);
  // False when there is no more, or the subscription has ended.
  static base::Task<bool> replay_page(Subscription* self, std::shared_ptr<bool> alive);

  AuditFeed& feed_;
  base::Lane& lane_;
  AuditSubscriber& subscriber_;
  std::int64_t cursor_ = 0;
  bool caught_up_ = false;
  std::int64_t passed_ = 0;      // the newest record that was offered before it had caught up
  std::shared_ptr<bool> alive_;  // false once destroyed; read by what was spawned
};

}  // namespace colonnade::core
