#include "core/access/keyed_requests.hpp"

#include <chrono>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/ids.hpp"
#include "base/joined.hpp"
#include "base/log.hpp"
#include "base/share.hpp"
#include "core/access/account.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

using Waiter = std::shared_ptr<base::Completion<bool>>;

constexpr base::ShareBounds waiter_bounds{
    .what = "requests that wait for another with their Idempotency-Key",
    .per_account = limits::keyed_waiters_per_account,
    .total = limits::keyed_waiters_max};

// Keys of different users never meet, whatever characters they are made of.
std::string place_of(const Principal& who, std::string_view key) {
  return base::joined({who.scope.key(), who.user_id, key});
}

// Keys that were begun within limits::idempotency_time, by the hour.
class KeyCount {
 public:
  void add(std::int64_t hour) {
    if (hours_.empty() || hours_.back().hour != hour) hours_.push_back({.hour = hour, .keys = 0});
    ++hours_.back().keys;
    ++total_;
  }
  // One that had no effect.
  void take_back() {
    if (hours_.empty()) return;
    if (--hours_.back().keys == 0) hours_.pop_back();
    --total_;
  }
  void forget(std::int64_t hour) {
    while (!hours_.empty() && hours_.front().hour + hours_kept < hour) {
      total_ -= hours_.front().keys;
      hours_.pop_front();
    }
  }
  std::size_t total() const { return total_; }
  // When the oldest are forgotten; from `now`, which is later than they are.
  std::chrono::milliseconds room_after(base::Time now) const {
    if (hours_.empty()) return std::chrono::hours(1);
    const std::chrono::hours until(hours_.front().hour + hours_kept + 1);
    return std::chrono::ceil<std::chrono::milliseconds>(until -
                                                        std::chrono::microseconds(now.micros));
  }

 private:
  struct Hour {
    std::int64_t hour = 0;
    std::size_t keys = 0;
  };
  static constexpr std::int64_t hours_kept =
      std::chrono::duration_cast<std::chrono::hours>(limits::idempotency_time).count();
  std::deque<Hour> hours_{};  // none with zero
  std::size_t total_ = 0;
};

std::int64_t hour_of(base::Time time) {
  return std::chrono::floor<std::chrono::hours>(std::chrono::microseconds(time.micros)).count();
}

base::Error too_many_keys(ErrorKind kind, std::string_view whose, std::size_t keys,
                          std::chrono::milliseconds retry_after) {
  return {.kind = kind,
          .message = std::string(whose) + std::to_string(keys) +
                     " Idempotency-Keys of the last 24 hours, which is as many as are kept; send "
                     "the request without a key, or wait",
          .field = idempotency_key_field,
          .retry_after = retry_after,
          .retryable = true};
}

}  // namespace

// What is being worked on in this process.
struct KeyedRequests::State {
  struct Work {
    std::string place{};
    std::vector<Waiter> waiters{};
  };
  explicit State(KeyedRequestBounds bounds_in) : bounds(bounds_in) {}

  const KeyedRequestBounds bounds;
  std::mutex mutex;
  std::unordered_map<std::string, KeyCount> keys_by_account;  // none with zero, after a purge
  KeyCount keys_of_all;
  std::unordered_map<std::string, std::string> id_by_place;
  std::unordered_map<std::string, Work> by_id;
  base::Share waiting{waiter_bounds};

  struct Entered {
    Waiter waiter{};  // nullptr: nobody works on the place, and the id does from now on
    base::Share::Hold held{};
  };
  Result<Entered> enter(const std::string& place, const std::string& id,
                        const std::string& account) {
    const std::lock_guard lock(mutex);
    const auto [entry, fresh] = id_by_place.try_emplace(place, id);
    if (fresh) {
      by_id[id] = {.place = place};
      return Entered{};
    }
    auto held = waiting.take(account);
    if (!held) return fail(std::move(held.error()));
    auto waiter = std::make_shared<base::Completion<bool>>();
    by_id[entry->second].waiters.push_back(waiter);
    return Entered{.waiter = std::move(waiter), .held = std::move(*held)};
  }

  // Before a key is stored.
  Result<void> count_key(const std::string& account, base::Time now) {
    const std::lock_guard lock(mutex);
    KeyCount& mine = keys_by_account[account];
    mine.forget(hour_of(now));
    keys_of_all.forget(hour_of(now));
    if (mine.total() >= bounds.per_account) {
      return fail(too_many_keys(ErrorKind::rate_limited, "this account has ", mine.total(),
                                mine.room_after(now)));
    }
    if (keys_of_all.total() >= bounds.total) {
      return fail(too_many_keys(ErrorKind::unavailable, "the server has ", keys_of_all.total(),
                                keys_of_all.room_after(now)));
    }
    mine.add(hour_of(now));
    keys_of_all.add(hour_of(now));
    return {};
  }

  // It was not stored, or is free again.
  void uncount_key(const std::string& account) {
    const std::lock_guard lock(mutex);
    const auto mine = keys_by_account.find(account);
    if (mine == keys_by_account.end() || mine->second.total() == 0) return;
    mine->second.take_back();
    keys_of_all.take_back();
  }

  void forget_keys(base::Time now) {
    const std::lock_guard lock(mutex);
    keys_of_all.forget(hour_of(now));
    for (auto& [account, keys] : keys_by_account) keys.forget(hour_of(now));
    std::erase_if(keys_by_account, [](const auto& entry) { return entry.second.total() == 0; });
  }

  // The row has another id than was entered under (an orphan's).
  void rename(const std::string& from, const std::string& to) {
    const std::lock_guard lock(mutex);
    auto node = by_id.extract(from);
    if (node.empty()) return;
    node.key() = to;
    id_by_place[node.mapped().place] = to;
    by_id.insert(std::move(node));
  }

  void leave(const std::string& id) {
    std::vector<Waiter> waiters;
    {
      const std::lock_guard lock(mutex);
      const auto found = by_id.find(id);
      if (found == by_id.end()) return;
      id_by_place.erase(found->second.place);
      waiters.swap(found->second.waiters);
      by_id.erase(found);
    }
    for (const Waiter& waiter : waiters) waiter->complete(true);
  }
};

KeyedRequests::KeyedRequests(KeyedRequestStore& store, EventFeed& feed, base::Clock& clock,
                             KeyedRequestBounds bounds)
    : store_(store), feed_(feed), clock_(clock), state_(std::make_shared<State>(bounds)) {}

KeyedRequests::~KeyedRequests() = default;

Task<Result<KeyedRequests::Begun>> KeyedRequests::begin(Principal who, std::string key,
                                                        std::string fingerprint) {
  if (key.empty() || key.size() > limits::idempotency_key_bytes_max) {
    co_return fail(ErrorKind::invalid,
                   "Idempotency-Key must have 1 to " +
                       std::to_string(limits::idempotency_key_bytes_max) + " bytes",
                   idempotency_key_field);
  }
  const std::string place = place_of(who, key);
  const base::Time now = clock_.now();
  const base::Time expired_before = now - limits::idempotency_time;
  const std::string id = base::new_id(now);
  for (;;) {
    const auto entered = state_->enter(place, id, account_of(who));
    if (!entered) co_return fail(entered.error());
    if (!entered->waiter) break;
    co_await entered->waiter->wait();
  }
  auto row = co_await store_.keyed_request(who.scope, who.user_id, key);
  if (!row) {
    state_->leave(id);
    co_return fail(std::move(row.error()));
  }
  if (*row && (*row)->created_at >= expired_before) {
    KeyedRequest& known = **row;
    if (known.fingerprint != fingerprint) {
      state_->leave(id);
      co_return fail(ErrorKind::conflict,
                     "this Idempotency-Key was used for a different request; use a new one",
                     idempotency_key_field);
    }
    if (known.answer) {
      state_->leave(id);
      co_return Begun{Answered{std::move(*known.answer)}};
    }
    state_->rename(id, known.id);
    if (known.object_id.empty()) co_return Begun{First{known.id}};
    co_return Begun{Orphan{known.id, known.object_id}};
  }
  if (auto counted = state_->count_key(account_of(who), now); !counted) {
    state_->leave(id);
    co_return fail(std::move(counted.error()));
  }
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(
      InsertKeyedRequest{.keyed_request = {.id = id,
                                           .scope = who.scope,
                                           .user_id = who.user_id,
                                           .key = std::move(key),
                                           .fingerprint = std::move(fingerprint),
                                           .object_id = {},
                                           .answer = std::nullopt,
                                           .created_at = now},
                         .expired_before = expired_before});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) {
    state_->uncount_key(account_of(who));
    state_->leave(id);
    co_return fail(std::move(committed.error()));
  }
  co_return Begun{First{id}};
}

Task<void> KeyedRequests::answer(Principal who, std::string id, StoredAnswer answer,
                                 std::string thread_id) {
  Unit unit{.scope = who.scope, .account = account_of(who)};
  if (!thread_id.empty()) {
    unit.changes.emplace_back(LinkKeyedRequest{.id = id, .object_id = std::move(thread_id)});
  }
  unit.changes.emplace_back(AnswerKeyedRequest{.id = id, .answer = std::move(answer)});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) {
    // The effect stands and is linked: a repetition makes its answer from the object.
    base::log::warn("answer_not_stored", {{"error", committed.error().message}});
  }
  state_->leave(id);
}

Task<void> KeyedRequests::drop(Principal who, std::string id) {
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(DropKeyedRequest{.id = id});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) {
    base::log::warn("idempotency_key_not_released", {{"error", committed.error().message}});
  } else {
    state_->uncount_key(account_of(who));
  }
  state_->leave(id);
}

void KeyedRequests::leave(const std::string& id) { state_->leave(id); }

Task<void> KeyedRequests::purge() {
  state_->forget_keys(clock_.now());
  Unit unit{.scope = Scope::whole_server()};
  unit.changes.emplace_back(
      PurgeKeyedRequests{.created_before = clock_.now() - limits::idempotency_time});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) base::log::warn("purge_failed", {{"error", committed.error().message}});
}

}  // namespace colonnade::core
