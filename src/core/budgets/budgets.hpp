// What can be done with budgets, and what runs ask of them.
//
// Which caps there are is kept in memory, made at the start and kept by the feed, so that a run of
// a scope without caps costs nothing. It only says whether the store is to be asked: what may be
// spent the store decides, in the transaction of the reservation (core/budgets/budget_store.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/budgets/budget_store.hpp"
#include "core/events/event_feed.hpp"
#include "core/models/prices.hpp"

namespace colonnade::core {

struct BudgetOptions {
  // What a model costs that no table knows; without one, calls of such a model are refused where a
  // cap of money counts.
  std::optional<Price> unknown_price{};
  // Why no cap may have a webhook; "" when they may.
  std::string no_webhooks_because{};
};

// A cap as it is asked for.
struct NewBudgetCap {
  BudgetKey key{};
  std::int64_t limit_micros = 0;
  std::int64_t runs_max = 0;
  // Left out: of a cap that there is, as it was; of a new one platos §2.4's.
  std::optional<std::vector<double>> thresholds{};
  std::optional<std::string> webhook_url{};
  std::optional<std::string> emails{};
  std::optional<bool> enabled{};
};

struct StoredBudget {
  BudgetCap cap;
  bool is_new = false;  // there was none of that key
};

struct BudgetStatus {
  std::vector<BudgetStanding> caps{};
  Time now{};
  std::string reason{};  // why a run would be refused; "" when none is
};

// What a model call is charged by.
struct CallPrice {
  Price price{};
  bool is_known = false;  // by the table or by a setting
};

// Thread-safe. Listens to the event feed (EventFeed::listen), which it must outlive.
//
// Errors of every call that stores: those of the journal (unavailable with retry_after).
class Budgets final : public FeedListener {
 public:
  // All must outlive it.
  Budgets(BudgetStore& store, EventFeed& feed, const Prices& prices, base::Clock& clock,
          BudgetOptions options = {});

  // Learns which caps there are, and gives back what was reserved by a process that is gone. Once,
  // before the first run; nobody else works on this store.
  base::Task<Result<void>> open();

  // Removes amounts and alerts that were kept long enough. Errors: those of the store.
  base::Task<Result<void>> purge();
  // Calls purge() from time to time until `stop`; what fails is tried again with the next.
  base::Task<void> keep_purging(std::stop_token stop);

  // Caps of other users are missing for whoever may not see those.
  base::Task<Result<std::vector<BudgetCap>>> list(Principal who) const;
  // How the enabled caps stand that count runs of that agent ("" for none) by that user (nullopt:
  // the caller); of a user whom the caller may not see, the user's own caps are left out.
  base::Task<Result<BudgetStatus>> status(Principal who, std::string agent_id,
                                          std::optional<std::string> user_id) const;
  // How one cap stands, of that user when it counts for every user. For operators. forbidden,
  // not_found.
  base::Task<Result<BudgetStanding>> standing(Principal who, std::string id,
                                              std::string user_id) const;
  // Makes the cap of that key, or changes it; what was spent stays. For operators. Errors:
  // forbidden; invalid with the field; too_large with limits::budget_caps_per_scope.
  base::Task<Result<StoredBudget>> put(Principal who, NewBudgetCap input);
  // For operators. forbidden, not_found.
  base::Task<Result<void>> remove(Principal who, std::string id);
  // Lifts the cap for so many minutes from now; 0 ends that. For operators. forbidden, not_found,
  // invalid.
  base::Task<Result<BudgetCap>> lift(Principal who, std::string id, int minutes);

  // --- for runs ---

  // Whether any cap, enabled or not, may count runs of these. No read.
  bool concern(const Scope& scope, const BudgetParties& parties) const;
  // Whether the scope has a cap that counts by credential.
  bool count_keys(const Scope& scope) const;
  CallPrice price_of(std::string_view provider, std::string_view model) const;
  Time now() const { return clock_.now(); }

  void budgets_changed(const Scope& scope, const BudgetChange& change) override;
  // Called, on any thread, when a threshold may have been crossed. Set before the first run.
  void on_alerts(std::function<void()> callback) { on_alerts_ = std::move(callback); }

 private:
  struct Known {
    std::string id{};
    BudgetKey key{};
    bool alerts = false;
  };

  void learn(const BudgetCap& cap);
  void forget(const Scope& scope, const std::string& id);
  bool any_known() const;
  bool alerts_in(const Scope& scope) const;
  Result<void> check(const NewBudgetCap& input) const;
  BudgetCap made(const Principal& who, NewBudgetCap input, std::optional<BudgetCap> before) const;
  base::Task<Result<StoredBudget>> put_once(Principal who, NewBudgetCap input);

  BudgetStore& store_;
  EventFeed& feed_;
  const Prices& prices_;
  base::Clock& clock_;
  const BudgetOptions options_;
  std::function<void()> on_alerts_{};
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::vector<Known>, std::less<>> by_scope_{};  // by Scope::key()
};

}  // namespace colonnade::core
