#include "core/governance/audit_feed.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

struct AuditFeed::LaneTable {
  std::vector<Subscription*> subscriptions;
  // The newest record that was offered to the subscriptions; unknown until one of them knows where
  // it begins.
  std::optional<std::int64_t> cursor{};
  bool catching_up = false;
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

base::Task<Result<std::vector<AuditNewsPtr>>> AuditFeed::read(std::int64_t after,
                                                              std::size_t limit) const {
  auto records = co_await audit_.audit(after, limit);
  if (!records) co_return base::fail(std::move(records.error()));
  std::vector<AuditNewsPtr> out;
  out.reserve(records->size());
  for (AuditRecord& next : *records) {
    auto news = std::make_shared<AuditNews>(AuditNews{.record = std::move(next)});
    const AuditRecord& record = news->record;
    auto text = base::parse_json(record.text, "audit record");
    if (!text) co_return base::fail(std::move(text.error()));
    if (const auto at = text->find("at"); at != text->end() && at->is_string()) {
      news->at = base::parse_rfc3339(at->get_ref<const std::string&>()).value_or(base::Time{});
    }
    if (const auto found = text->find("details"); found != text->end()) {
      news->details = std::move(*found);
    }
    if (is_about_an_action(record.kind)) {
      auto action = co_await actions_.action(record.scope, record.subject);
      if (!action) co_return base::fail(std::move(action.error()));
      news->action = std::move(*action);
    }
    out.push_back(std::move(news));
  }
  co_return out;
}

base::Task<Result<std::unique_ptr<AuditFeed::Subscription>>> AuditFeed::subscribe(
    base::Lane* lane, std::int64_t after, AuditSubscriber* subscriber) {
  std::unique_ptr<Subscription> out(new Subscription(*this, *lane, *subscriber));
  // Read after the subscription counts: what is committed later wakes the lane, what is counted
  // here was committed before.
  const auto last = co_await last_seq();
  if (!last) co_return base::fail(last.error());
  LaneTable& table = *tables_[lane->index()];
  if (!table.cursor) {
    table.cursor = *last;
    wake(lane->index());  // a commit may have woken the lane before it knew where to begin
  }
  out->cursor_ = std::clamp(after, std::int64_t{0}, *last);
  if (out->cursor_ < std::max(*last, out->passed_)) {
    // Posted: a coroutine that is spawned on its own lane begins at once.
    lane->post([self = out.get(), alive = out->alive_] {
      if (*alive) self->lane_.spawn("audit_replay", Subscription::replay(self, alive));
    });
  } else {
    out->caught_up_ = true;
  }
  co_return out;
}

void AuditFeed::committed() {
  if (subscriber_count_.load(std::memory_order_seq_cst) == 0) return;
  for (std::size_t lane = 0; lane < tables_.size(); ++lane) {
    if (tables_[lane]->count.load(std::memory_order_seq_cst) > 0) wake(lane);
  }
}

void AuditFeed::wake(std::size_t lane) {
  if (tables_[lane]->woken.exchange(true)) return;
  lanes_[lane].post([this, lane] {
    // One that reads already sees that it was woken.
    if (!tables_[lane]->catching_up) lanes_[lane].spawn("audit_news", catch_up(this, lane));
  });
}

// One page, then the lane's other work, then the next.
base::Task<void> AuditFeed::catch_up(AuditFeed* self, std::size_t lane) {
  LaneTable& table = *self->tables_[lane];
  table.catching_up = true;
  const std::stop_token never;
  bool more = false;
  while (more || table.woken.exchange(false)) {
    more = co_await self->catch_up_by_a_page(lane);
    if (more) co_await base::sleep_for(std::chrono::microseconds(0), never);
  }
  table.catching_up = false;
}

base::Task<bool> AuditFeed::catch_up_by_a_page(std::size_t lane) {
  LaneTable& table = *tables_[lane];
  if (table.subscriptions.empty() || !table.cursor) co_return false;
  const auto page = co_await read(*table.cursor, limits::page_rows_max);
  if (!page) {
    base::log::error("audit_unreadable", {{"error", page.error().message}});
    co_return false;  // the next commit tries again
  }
  if (!table.cursor) co_return false;  // all subscriptions have ended meanwhile
  for (const AuditNewsPtr& news : *page) {
    table.cursor = news->record.seq;
    for (Subscription* subscription : table.subscriptions) subscription->offer(news);
  }
  co_return page->size() == limits::page_rows_max;
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
  if (table.subscriptions.empty()) table.cursor.reset();
  table.count.fetch_sub(1);
  feed_.subscriber_count_.fetch_sub(1);
}

void AuditFeed::Subscription::offer(const AuditNewsPtr& news) {
  passed_ = std::max(passed_, news->record.seq);
  // While the replay runs, what is added is in the store and will be read from there.
  if (!caught_up_ || news->record.seq <= cursor_) return;
  cursor_ = news->record.seq;
  subscriber_.deliver(news);
}

// A short page means that everything committed before the read was seen. What was offered during
// the read makes another one; what comes later is offered.
base::Task<bool> AuditFeed::Subscription::replay_page(Subscription* self,
                                                      std::shared_ptr<bool> alive) {
  const std::int64_t passed_before = self->passed_;
  const auto page = co_await self->feed_.read(self->cursor_, limits::page_rows_max);
  if (!*alive) co_return false;
  if (!page) {
    base::log::error("audit_replay_failed", {{"error", page.error().message}});
    self->subscriber_.cut_off();
    co_return false;
  }
  const std::int64_t reached = page->empty() ? self->cursor_ : page->back()->record.seq;
  const bool saw_all = self->passed_ == passed_before || self->passed_ <= reached;
  self->caught_up_ = page->size() < limits::page_rows_max && saw_all;
  for (const AuditNewsPtr& news : *page) {
    self->cursor_ = news->record.seq;
    self->subscriber_.deliver(news);
  }
  co_return !self->caught_up_;
}

base::Task<void> AuditFeed::Subscription::replay(Subscription* self, std::shared_ptr<bool> alive) {
  while (*alive) {
    const bool more = co_await replay_page(self, alive);
    if (!more) co_return;
    co_await self->subscriber_.ready_for_more();
  }
}

}  // namespace colonnade::core
