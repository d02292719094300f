#include "core/access/keyed_requests.hpp"

#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/ids.hpp"
#include "base/joined.hpp"
#include "base/log.hpp"
#include "base/share.hpp"
#include "core/access/account.hpp"
#include "core/access/limits.hpp"

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

}  // namespace

// What is being worked on in this process.
struct KeyedRequests::State {
  struct Work {
    std::string place{};
    std::vector<Waiter> waiters{};
  };
  std::mutex mutex;
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

KeyedRequests::KeyedRequests(KeyedRequestStore& store, EventFeed& feed, base::Clock& clock)
    : store_(store), feed_(feed), clock_(clock), state_(std::make_shared<State>()) {}

KeyedRequests::~KeyedRequests() = default;

Task<Result<KeyedRequests::Begun>> KeyedRequests::begin(Principal who, std::string key,
                                                        std::string fingerprint) {
  if (key.empty() || key.size() > limits::idempotency_key_bytes_max) {
    co_return fail(ErrorKind::invalid,
                   "Idempotency-Key must have 1 to " +
                       std::to_string(limits::idempotency_key_bytes_max) + " bytes",
                   "Idempotency-Key");
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
                     "Idempotency-Key");
    }
    if (known.answer) {
      state_->leave(id);
      co_return Begun{Answered{std::move(*known.answer)}};
    }
    state_->rename(id, known.id);
    if (known.object_id.empty()) co_return Begun{First{known.id}};
    co_return Begun{Orphan{known.id, known.object_id}};
  }
  Unit unit{.scope = who.scope};
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
    state_->leave(id);
    co_return fail(std::move(committed.error()));
  }
  co_return Begun{First{id}};
}

Task<void> KeyedRequests::answer(Principal who, std::string id, StoredAnswer answer) {
  Unit unit{.scope = who.scope};
  unit.changes.emplace_back(AnswerKeyedRequest{.id = id, .answer = std::move(answer)});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) {
    // The effect stands and is linked: a repetition makes its answer from the object.
    base::log::warn("answer_not_stored", {{"error", committed.error().message}});
  }
  state_->leave(id);
}

Task<void> KeyedRequests::drop(Principal who, std::string id) {
  Unit unit{.scope = who.scope};
  unit.changes.emplace_back(DropKeyedRequest{.id = id});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) {
    base::log::warn("idempotency_key_not_released", {{"error", committed.error().message}});
  }
  state_->leave(id);
}

void KeyedRequests::leave(const std::string& id) { state_->leave(id); }

Task<void> KeyedRequests::purge() {
  Unit unit{.scope = Scope::whole_server()};
  unit.changes.emplace_back(
      PurgeKeyedRequests{.created_before = clock_.now() - limits::idempotency_time});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) base::log::warn("purge_failed", {{"error", committed.error().message}});
}

}  // namespace colonnade::core
