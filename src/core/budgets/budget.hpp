// A budget: a cap on what is spent, or on how many runs begin, in a window of time.
//
// Money is micro-US-dollars. Caps add up: every enabled one that matches a run counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/access/scope.hpp"
#include "core/budgets/budget_window.hpp"

namespace colonnade::core {

// Whose spending a cap counts (platos §2.4; key and automation are ours).
enum class BudgetHolder {
  agent,       // runs of one agent
  automation,  // runs that one routine or background task began
  key,         // runs that one credential asked for
  scope,       // all runs of the scope
  user,        // runs of one user, or of each user by itself (every_user)
};
std::string_view to_string(BudgetHolder holder);
std::optional<BudgetHolder> budget_holder_from(std::string_view text);

// The target of a cap that counts for every user separately.
constexpr std::string_view every_user = "*";

// What a cap is about: calls of models, or a skill. Nothing of this server is billed by skill, so
// nothing counts against such a cap; it is kept for clients that made it.
enum class BudgetTier { llm, skill };
std::string_view to_string(BudgetTier tier);
std::optional<BudgetTier> budget_tier_from(std::string_view text);

// What names a cap: a scope has one of each key.
struct BudgetKey {
  BudgetHolder holder = BudgetHolder::scope;
  std::string target{};  // "" of a scope
  BudgetPeriod period = BudgetPeriod::day;
  BudgetTier tier = BudgetTier::llm;
  std::string skill{};     // of the tier skill; "" for any
  std::string agent_id{};  // counts this agent's runs alone; "" for all
  auto operator<=>(const BudgetKey&) const = default;
};

struct BudgetCap {
  std::string id{};
  Scope scope;
  BudgetKey key{};
  std::int64_t limit_micros = 0;     // 0: no limit of money
  std::int64_t runs_max = 0;         // 0: no limit of runs
  std::vector<double> thresholds{};  // percent, rising; each is told once a window
  std::string webhook_url{};         // "" for none
  std::string emails{};              // as the client keeps them; nothing is mailed
  std::optional<base::Time> override_until{};
  std::string override_by{};
  bool enabled = true;
  std::string changed_by{};  // a user id
  base::Time created_at{};
  base::Time updated_at{};

  // Counted, but no reason to refuse anything.
  bool is_overridden(base::Time now) const { return override_until && *override_until > now; }
};

// Who a run is, for caps.
struct BudgetParties {
  std::string agent_id{};
  std::string user_id{};
  std::string key_id{};         // "" for none
  std::string automation_id{};  // "" for none
};

// Whether the cap counts runs of these.
bool matches(const BudgetKey& key, const BudgetParties& parties);
// Whose window it is: the user of a cap for every user; "" for all other caps.
std::string budget_subject(const BudgetKey& key, const BudgetParties& parties);

// How a cap stands in its window of now.
struct BudgetStanding {
  BudgetCap cap;
  std::string subject{};
  BudgetWindow window{};
  std::int64_t spent_micros = 0;  // booked
  std::int64_t reserved_micros = 0;
  std::int64_t runs = 0;

  std::int64_t used_micros() const { return spent_micros + reserved_micros; }
  // Percent with two decimals; 0 without a limit.
  double percent() const;
  double runs_percent() const;
  bool is_over() const;
  bool blocks(base::Time now) const { return is_over() && !cap.is_overridden(now); }
  // By money or by runs, whichever is further.
  std::vector<double> crossed_thresholds() const;
};

// "Budget cap exceeded: scope/day — 503¢ of 500¢", and how else a cap refuses. Each is
// {budget_refusal}{some words}: {holder}/{period} — {why}.
constexpr std::string_view budget_refusal = "Budget cap ";
std::string over_budget_text(const BudgetStanding& standing);
// The same of a call that might pass it.
std::string budget_too_small_text(const BudgetStanding& standing, std::int64_t call_micros);
// The same of a call whose price nobody knows.
std::string budget_unknown_price_text(const BudgetStanding& standing);
// "scope/day" of any of these; "" of another text.
std::string_view budget_of_refusal(std::string_view text);

}  // namespace colonnade::core
