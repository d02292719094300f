#include "core/budgets/budgets.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>
#include <variant>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "core/access/account.hpp"
#include "core/access/operators.hpp"
#include "core/access/visibility.hpp"
#include "core/governance/audit.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

const std::vector<double>& default_thresholds() {
  static const std::vector<double> percent{50, 80, 100};  // platos §2.4
  return percent;
}

Result<void> check_budget_text(std::string_view text, std::size_t bytes_max,
                               const std::string& field) {
  if (text.size() <= bytes_max) return {};
  return fail(ErrorKind::invalid, field + " has more than " + std::to_string(bytes_max) + " bytes",
              field);
}

Result<void> check_budget_key(const BudgetKey& key) {
  if (key.holder == BudgetHolder::scope && !key.target.empty()) {
    return fail(ErrorKind::invalid, "target must be empty for a budget of the scope", "target");
  }
  if (key.holder != BudgetHolder::scope && key.target.empty()) {
    return fail(ErrorKind::invalid,
                "target must name the " + std::string(to_string(key.holder)) + " that is meant",
                "target");
  }
  if (key.target == every_user && key.holder != BudgetHolder::user) {
    return fail(ErrorKind::invalid, "target \"*\" is for users only", "target");
  }
  if (!key.skill.empty() && key.tier != BudgetTier::skill) {
    return fail(ErrorKind::invalid, "skill is for the tier skill only", "skill");
  }
  if (auto fits = check_budget_text(key.target, limits::budget_name_bytes_max, "target"); !fits) {
    return fits;
  }
  if (auto fits = check_budget_text(key.skill, limits::budget_name_bytes_max, "skill"); !fits) {
    return fits;
  }
  return check_budget_text(key.agent_id, limits::budget_name_bytes_max, "agent_id");
}

Result<void> check_thresholds(const std::vector<double>& thresholds) {
  const auto fits = [](double percent) {
    return percent > 0 && percent <= limits::budget_threshold_max;
  };
  if (thresholds.size() <= limits::budget_thresholds_max && std::ranges::all_of(thresholds, fits)) {
    return {};
  }
  return fail(ErrorKind::invalid,
              "thresholds must be at most " + std::to_string(limits::budget_thresholds_max) +
                  " percentages above 0 and up to 200",
              "thresholds");
}

AuditEntry budget_entry(const Principal& who, std::string_view change, const BudgetCap& cap,
                        Time at) {
  return {.kind = std::string(audit_kind::budget),
          .actor = who.user_id,
          .subject = cap.id,
          .details = {{"change", change},
                      {"holder", to_string(cap.key.holder)},
                      {"target", cap.key.target},
                      {"period", to_string(cap.key.period)},
                      {"tier", to_string(cap.key.tier)},
                      {"agent_id", cap.key.agent_id},
                      {"limit_micros", cap.limit_micros},
                      {"runs_max", cap.runs_max},
                      {"enabled", cap.enabled}},
          .at = at};
}

// Of one user, and none of the caller's to know of.
bool is_hidden_from(const Principal& who, const BudgetCap& cap) {
  return cap.key.holder == BudgetHolder::user && cap.key.target != every_user &&
         !may_see(who, cap.scope, cap.key.target);
}

std::unexpected<base::Error> no_such_budget() {
  return fail(ErrorKind::not_found, "no such budget", "id");
}

}  // namespace

Budgets::Budgets(BudgetStore& store, EventFeed& feed, const Prices& prices, base::Clock& clock,
                 BudgetOptions options)
    : store_(store), feed_(feed), prices_(prices), clock_(clock), options_(std::move(options)) {}

Task<Result<void>> Budgets::open() {
  EveryScopePage page;
  bool any = false;
  for (;;) {
    const auto rows = co_await store_.every_budget_cap(page);
    if (!rows) co_return fail(rows.error());
    for (const BudgetCap& cap : *rows) learn(cap);
    any = any || !rows->empty();
    if (rows->size() < page.limit) break;
    page = page.after(rows->back());
  }
  if (!any) co_return Result<void>{};  // nor is anything reserved
  Unit unit{.scope = Scope::whole_server()};
  unit.changes.emplace_back(budget_change(RecoverBudgets{}));
  const auto stored = co_await feed_.commit(std::move(unit));
  if (!stored) co_return fail(stored.error());
  co_return Result<void>{};
}

bool Budgets::any_known() const {
  const std::shared_lock lock(mutex_);
  return !by_scope_.empty();
}

Task<Result<void>> Budgets::purge() {
  if (!any_known()) co_return Result<void>{};
  const Time now = clock_.now();
  Unit unit{.scope = Scope::whole_server()};
  unit.changes.emplace_back(
      budget_change(PurgeBudgets{.spent_before = now - limits::budget_spent_kept_time,
                                 .told_before = now - limits::budget_alert_kept_time}));
  const auto stored = co_await feed_.commit(std::move(unit));
  if (!stored) co_return fail(stored.error());
  co_return Result<void>{};
}

Task<void> Budgets::keep_purging(std::stop_token stop) {
  for (bool goes_on = true; goes_on;) {
    const auto purged = co_await purge();
    if (!purged) base::log::warn("budgets_not_purged", {{"error", purged.error().message}});
    goes_on = co_await base::sleep_for(limits::budget_purge_interval, stop);
  }
}

// --- the index ----------------------------------------------------------------------------------

void Budgets::learn(const BudgetCap& cap) {
  const std::unique_lock lock(mutex_);
  std::vector<Known>& known = by_scope_[cap.scope.key()];
  std::erase_if(known, [&](const Known& one) { return one.id == cap.id; });
  known.push_back({.id = cap.id, .key = cap.key, .alerts = !cap.webhook_url.empty()});
}

void Budgets::forget(const Scope& scope, const std::string& id) {
  const std::unique_lock lock(mutex_);
  const auto found = by_scope_.find(scope.key());
  if (found == by_scope_.end()) return;
  std::erase_if(found->second, [&](const Known& one) { return one.id == id; });
  if (found->second.empty()) by_scope_.erase(found);
}

void Budgets::budgets_changed(const Scope& scope, const BudgetChange& change) {
  if (const auto* put = std::get_if<PutBudgetCap>(&change.what)) {
    learn(put->cap);
  } else if (const auto* removed = std::get_if<RemoveBudgetCap>(&change.what)) {
    forget(scope, removed->id);
  } else if (std::holds_alternative<SettleBudget>(change.what)) {
    if (on_alerts_ && alerts_in(scope)) on_alerts_();
  }
}

bool Budgets::alerts_in(const Scope& scope) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_scope_.find(scope.key());
  return found != by_scope_.end() && std::ranges::any_of(found->second, &Known::alerts);
}

bool Budgets::concern(const Scope& scope, const BudgetParties& parties) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_scope_.find(scope.key());
  if (found == by_scope_.end()) return false;
  return std::ranges::any_of(found->second,
                             [&](const Known& one) { return matches(one.key, parties); });
}

bool Budgets::count_keys(const Scope& scope) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_scope_.find(scope.key());
  if (found == by_scope_.end()) return false;
  return std::ranges::any_of(found->second,
                             [](const Known& one) { return one.key.holder == BudgetHolder::key; });
}

CallPrice Budgets::price_of(std::string_view provider, std::string_view model) const {
  if (const Price* price = prices_.find(provider, model))
    return {.price = *price, .is_known = true};
  if (options_.unknown_price) return {.price = *options_.unknown_price, .is_known = true};
  return {};
}

// --- use cases ----------------------------------------------------------------------------------

Task<Result<std::vector<BudgetCap>>> Budgets::list(Principal who) const {
  auto caps = co_await store_.budget_caps(who.scope);
  if (caps) std::erase_if(*caps, [&](const BudgetCap& cap) { return is_hidden_from(who, cap); });
  co_return caps;
}

Task<Result<BudgetStatus>> Budgets::status(Principal who, std::string agent_id,
                                           std::optional<std::string> user_id) const {
  BudgetParties parties{.agent_id = std::move(agent_id),
                        .user_id = user_id ? std::move(*user_id) : who.user_id};
  if (!may_see(who, who.scope, parties.user_id)) parties.user_id.clear();
  BudgetStatus out{.now = clock_.now()};
  auto caps = co_await store_.budget_standings(who.scope, std::move(parties), out.now);
  if (!caps) co_return fail(std::move(caps.error()));
  out.caps = std::move(*caps);
  for (const BudgetStanding& one : out.caps) {
    if (!one.blocks(out.now)) continue;
    out.reason = over_budget_text(one);
    break;
  }
  co_return out;
}

Task<Result<BudgetStanding>> Budgets::standing(Principal who, std::string id,
                                               std::string user_id) const {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  const auto cap = co_await store_.budget_cap(who.scope, id);
  if (!cap) co_return fail(cap.error());
  if (!*cap) co_return no_such_budget();
  std::string subject = budget_subject((*cap)->key, {.user_id = std::move(user_id)});
  auto found =
      co_await store_.budget_standing(who.scope, std::move(id), std::move(subject), clock_.now());
  if (!found) co_return fail(std::move(found.error()));
  if (!*found) co_return no_such_budget();
  co_return std::move(**found);
}

Result<void> Budgets::check(const NewBudgetCap& input) const {
  if (auto fits = check_budget_key(input.key); !fits) return fits;
  if (input.limit_micros < 0 || input.limit_micros > limits::budget_micros_max) {
    return fail(ErrorKind::invalid, "limit must be 0 (none) to a billion dollars", "limit");
  }
  if (input.runs_max < 0 || input.runs_max > limits::budget_runs_max) {
    return fail(ErrorKind::invalid,
                "runs must be 0 (no limit) to " + std::to_string(limits::budget_runs_max), "runs");
  }
  if (input.thresholds) {
    if (auto fits = check_thresholds(*input.thresholds); !fits) return fits;
  }
  const bool webhook = input.webhook_url && !input.webhook_url->empty();
  if (webhook && !options_.no_webhooks_because.empty()) {
    return fail(ErrorKind::invalid, "webhook_url: " + options_.no_webhooks_because, "webhook_url");
  }
  if (webhook) {
    auto fits =
        check_budget_text(*input.webhook_url, limits::budget_webhook_bytes_max, "webhook_url");
    if (!fits) return fits;
  }
  return check_budget_text(input.emails.value_or(""), limits::budget_emails_bytes_max, "emails");
}

BudgetCap Budgets::made(const Principal& who, NewBudgetCap input,
                        std::optional<BudgetCap> before) const {
  const Time now = clock_.now();
  BudgetCap cap = before ? std::move(*before)
                         : BudgetCap{.id = base::new_id(now),
                                     .scope = who.scope,
                                     .key = std::move(input.key),
                                     .thresholds = default_thresholds(),
                                     .created_at = now};
  cap.limit_micros = input.limit_micros;
  cap.runs_max = input.runs_max;
  if (input.thresholds) {
    cap.thresholds = std::move(*input.thresholds);
    std::ranges::sort(cap.thresholds);
    const auto [first, last] = std::ranges::unique(cap.thresholds);
    cap.thresholds.erase(first, last);
  }
  if (input.webhook_url) cap.webhook_url = std::move(*input.webhook_url);
  if (input.emails) cap.emails = std::move(*input.emails);
  if (input.enabled) cap.enabled = *input.enabled;
  cap.changed_by = who.user_id;
  cap.updated_at = now;
  return cap;
}

// Somebody may make the same one meanwhile; then it is theirs that is changed.
Task<Result<StoredBudget>> Budgets::put(Principal who, NewBudgetCap input) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  if (auto fits = check(input); !fits) co_return fail(std::move(fits.error()));
  for (int attempt = 1;; ++attempt) {
    auto stored = co_await put_once(who, input);
    const bool overtaken = !stored && stored.error().kind == ErrorKind::conflict;
    if (!overtaken || attempt == limits::change_attempts_max) co_return stored;
  }
}

Task<Result<StoredBudget>> Budgets::put_once(Principal who, NewBudgetCap input) {
  auto before = co_await store_.budget_cap_of(who.scope, input.key);
  if (!before) co_return fail(std::move(before.error()));
  const bool is_new = !before->has_value();
  const BudgetCap cap = made(who, std::move(input), std::move(*before));
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(budget_change(PutBudgetCap{.cap = cap}));
  unit.changes.emplace_back(
      AppendAudit{budget_entry(who, is_new ? "made" : "changed", cap, cap.updated_at)});
  const auto stored = co_await feed_.commit(std::move(unit));
  if (!stored) co_return fail(stored.error());
  co_return StoredBudget{.cap = cap, .is_new = is_new};
}

Task<Result<void>> Budgets::remove(Principal who, std::string id) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  const auto cap = co_await store_.budget_cap(who.scope, id);
  if (!cap) co_return fail(cap.error());
  if (!*cap) co_return no_such_budget();
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(budget_change(RemoveBudgetCap{.id = id}));
  unit.changes.emplace_back(AppendAudit{budget_entry(who, "removed", **cap, clock_.now())});
  const auto stored = co_await feed_.commit(std::move(unit));
  if (!stored) co_return fail(stored.error());
  co_return Result<void>{};
}

Task<Result<BudgetCap>> Budgets::lift(Principal who, std::string id, int minutes) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  if (minutes < 0 || minutes > limits::budget_override_minutes_max) {
    co_return fail(ErrorKind::invalid,
                   "minutes must be a whole number from 0 to " +
                       std::to_string(limits::budget_override_minutes_max),
                   "minutes");
  }
  auto found = co_await store_.budget_cap(who.scope, id);
  if (!found) co_return fail(std::move(found.error()));
  if (!*found) co_return no_such_budget();
  BudgetCap cap = std::move(**found);
  const Time now = clock_.now();
  cap.override_until.reset();
  cap.override_by.clear();
  if (minutes > 0) {
    cap.override_until = now + std::chrono::minutes(minutes);
    cap.override_by = who.user_id;
  }
  cap.updated_at = now;
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(budget_change(PutBudgetCap{.cap = cap}));
  AuditEntry entry = budget_entry(who, minutes > 0 ? "lifted" : "no longer lifted", cap, now);
  entry.details["minutes"] = minutes;
  unit.changes.emplace_back(AppendAudit{std::move(entry)});
  const auto stored = co_await feed_.commit(std::move(unit));
  if (!stored) co_return fail(stored.error());
  co_return cap;
}

}  // namespace colonnade::core
