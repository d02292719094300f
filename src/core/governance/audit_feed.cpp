#include "core/governance/audit_feed.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

struct AuditFeed::LaneTable {
  std::vector<Subscription*> subscriptions;
  std::int64_t cursor = 0;  // the newest record that was offered to the subscriptions
  std::atomic<std::size_t> count{0};
  std::atomic<bool> woken{false};  // a look at the store is on its way
};

namespace {

bool is_about_an_action(std::string_view kind) {
  return kind == audit_kind::decision || kind == audit_kind::approval ||
         kind == audit_kind::execution_started || kind == audit_kind::execution_finished;
}

}  // namespace

AuditFeed::AuditFeed(EventFeed& feed, base::Lanes& lanes, AuditStore& audit, ActionStore& actions)
    : lanes_(lanes), audit_(audit), actions_(actions) {
  for (std::size_t i = 0; i < lanes.size(); ++i) tables_.push_back(std::make_unique<LaneTable>());
  feed.listen(*this);
}

AuditFeed::~AuditFeed() = default;

Result<std::vector<AuditNewsPtr>> AuditFeed::read(std::int64_t after, std::size_t limit) const {
  auto records = audit_.audit(after, limit);
  if (!records) return base::fail(std::move(records.error()));
  std::vector<AuditNewsPtr> out;
  out.reserve(records->size());
  for (AuditRecord& record : *records) {
    auto news = std::make_shared<AuditNews>();
    auto text = base::parse_json(record.text, "audit record");
    if (!text) return base::fail(std::move(text.error()));
    if (const auto at = text->find("at"); at != text->end() && at->is_string()) {
      news->at = base::parse_rfc3339(at->get_ref<const std::string&>()).value_or(base::Time{});
    }
    if (const auto found = text->find("details"); found != text->end()) {
      news->details = std::move(*found);
    }
    if (is_about_an_action(record.kind)) {
      auto action = actions_.action(record.scope, record.subject);
      if (!action) return base::fail(std::move(action.error()));
      news->action = std::move(*action);
    }
    news->record = std::move(record);
    out.push_back(std::move(news));
  }
  return out;
}

Result<std::unique_ptr<AuditFeed::Subscription>> AuditFeed::subscribe(base::Lane& lane,
                                                                      std::int64_t after,
                                                                      AuditSubscriber& subscriber) {
  LaneTable& table = *tables_[lane.index()];
  const bool is_first = table.subscriptions.empty();
  std::unique_ptr<Subscription> out(new Subscription(*this, lane, subscriber));
  // Read after the subscription counts: what is committed later wakes the lane, what is counted
  // here was committed before.
  const auto last = last_seq();
  if (!last) return base::fail(last.error());
  if (is_first) table.cursor = *last;
  out->cursor_ = std::clamp(after, std::int64_t{0}, *last);
  if (out->cursor_ < *last) {
    out->caught_up_ = false;
    lane.spawn("audit_replay", Subscription::replay(out.get(), out->alive_));
  }
  return out;
}

void AuditFeed::committed() {
  if (subscriber_count_.load(std::memory_order_seq_cst) == 0) return;
  for (std::size_t lane = 0; lane < tables_.size(); ++lane) {
    LaneTable& table = *tables_[lane];
    if (table.count.load(std::memory_order_seq_cst) == 0 || table.woken.exchange(true)) continue;
    lanes_[lane].post([this, lane] {
      // Before the read: a commit during it wakes the lane again.
      tables_[lane]->woken.store(false);
      catch_up(lane);
    });
  }
}

// One page, then the lane's other work, then the next.
void AuditFeed::catch_up(std::size_t lane) {
  LaneTable& table = *tables_[lane];
  if (table.subscriptions.empty()) return;
  const auto page = read(table.cursor, limits::page_rows_max);
  if (!page) {
    base::log::error("audit_unreadable", {{"error", page.error().message}});
    return;  // the next commit tries again
  }
  for (const AuditNewsPtr& news : *page) {
    table.cursor = news->record.seq;
    for (Subscription* subscription : table.subscriptions) subscription->offer(news);
  }
  if (page->size() == limits::page_rows_max) {
    lanes_[lane].post([this, lane] { catch_up(lane); });
  }
}

AuditFeed::Subscription::Subscription(AuditFeed& feed, base::Lane& lane,
                                      AuditSubscriber& subscriber)
    : feed_(feed), lane_(lane), subscriber_(subscriber), alive_(std::make_shared<bool>(true)) {
  LaneTable& table = *feed_.tables_[lane_.index()];
  table.subscriptions.push_back(this);
  table.count.fetch_add(1);
  feed_.subscriber_count_.fetch_add(1);
}

AuditFeed::Subscription::~Subscription() {
  *alive_ = false;
  LaneTable& table = *feed_.tables_[lane_.index()];
  std::erase(table.subscriptions, this);
  table.count.fetch_sub(1);
  feed_.subscriber_count_.fetch_sub(1);
}

void AuditFeed::Subscription::offer(const AuditNewsPtr& news) {
  // While the replay runs, what is added is in the store and will be read from there.
  if (!caught_up_ || news->record.seq <= cursor_) return;
  cursor_ = news->record.seq;
  subscriber_.deliver(news);
}

// A short page means that everything committed before the read was seen; what comes later is
// offered, and what comes both ways is told apart by its number.
bool AuditFeed::Subscription::replay_page() {
  const auto page = feed_.read(cursor_, limits::page_rows_max);
  if (!page) {
    base::log::error("audit_replay_failed", {{"error", page.error().message}});
    subscriber_.cut_off();
    return false;
  }
  caught_up_ = page->size() < limits::page_rows_max;
  for (const AuditNewsPtr& news : *page) {
    cursor_ = news->record.seq;
    subscriber_.deliver(news);
  }
  return !caught_up_;
}

base::Task<void> AuditFeed::Subscription::replay(Subscription* self, std::shared_ptr<bool> alive) {
  while (*alive && self->replay_page()) {
    co_await self->subscriber_.ready_for_more();
  }
}

}  // namespace colonnade::core
