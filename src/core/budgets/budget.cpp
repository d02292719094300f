#include "core/budgets/budget.hpp"

#include "core/enum_names.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace colonnade::core {
namespace {

constexpr EnumNames<BudgetHolder, 5> budget_holders{{{BudgetHolder::agent, "agent"},
                                                     {BudgetHolder::automation, "automation"},
                                                     {BudgetHolder::key, "key"},
                                                     {BudgetHolder::scope, "scope"},
                                                     {BudgetHolder::user, "user"}}};

// With two decimals at most, and none without need: "503¢", "0.25¢".
std::string cents_text(std::int64_t micros) {
  const auto hundredths =
      static_cast<std::int64_t>(std::llround(static_cast<double>(micros) / 100));
  std::string out = std::to_string(hundredths / 100);
  const std::int64_t rest = hundredths % 100;
  if (rest != 0) {
    out += rest < 10 ? ".0" : ".";
    out += rest % 10 == 0 ? std::to_string(rest / 10) : std::to_string(rest);
  }
  return out + "¢";
}

double percent_of(std::int64_t used, std::int64_t limit) {
  if (limit <= 0) return 0;
  return std::round(static_cast<double>(used) * 10'000 / static_cast<double>(limit)) / 100;
}

std::string refused_by(std::string_view how, const BudgetStanding& standing) {
  const BudgetKey& key = standing.cap.key;
  return std::string(budget_refusal) + std::string(how) + ": " +
         std::string(to_string(key.holder)) + "/" + std::string(to_string(key.period)) + " — ";
}

}  // namespace

std::string_view to_string(BudgetHolder holder) { return enum_name(budget_holders, holder); }

std::optional<BudgetHolder> budget_holder_from(std::string_view text) {
  return enum_value(budget_holders, text);
}

std::string_view to_string(BudgetTier tier) { return tier == BudgetTier::skill ? "skill" : "llm"; }

std::optional<BudgetTier> budget_tier_from(std::string_view text) {
  if (text == "llm") return BudgetTier::llm;
  if (text == "skill") return BudgetTier::skill;
  return std::nullopt;
}

bool matches(const BudgetKey& key, const BudgetParties& parties) {
  if (key.tier != BudgetTier::llm) return false;
  if (!key.agent_id.empty() && key.agent_id != parties.agent_id) return false;
  switch (key.holder) {
    case BudgetHolder::agent: return key.target == parties.agent_id;
    case BudgetHolder::automation: return key.target == parties.automation_id;
    case BudgetHolder::key: return key.target == parties.key_id;
    case BudgetHolder::scope: return true;
    case BudgetHolder::user: break;
  }
  return key.target == every_user ? !parties.user_id.empty() : key.target == parties.user_id;
}

std::string budget_subject(const BudgetKey& key, const BudgetParties& parties) {
  const bool of_each = key.holder == BudgetHolder::user && key.target == every_user;
  return of_each ? parties.user_id : std::string();
}

double BudgetStanding::percent() const { return percent_of(used_micros(), cap.limit_micros); }

double BudgetStanding::runs_percent() const { return percent_of(runs, cap.runs_max); }

bool BudgetStanding::is_over() const {
  return (cap.limit_micros > 0 && used_micros() >= cap.limit_micros) ||
         (cap.runs_max > 0 && runs >= cap.runs_max);
}

std::vector<double> BudgetStanding::crossed_thresholds() const {
  const double reached = std::max(percent(), runs_percent());
  std::vector<double> out;
  std::ranges::copy_if(cap.thresholds, std::back_inserter(out),
                       [&](double threshold) { return threshold <= reached; });
  return out;
}

std::string over_budget_text(const BudgetStanding& standing) {
  std::string out = refused_by("exceeded", standing);
  const BudgetCap& cap = standing.cap;
  if (cap.limit_micros > 0 && standing.used_micros() >= cap.limit_micros) {
    return out + cents_text(standing.used_micros()) + " of " + cents_text(cap.limit_micros);
  }
  return out + std::to_string(standing.runs) + " of " + std::to_string(cap.runs_max) + " runs";
}

std::string budget_too_small_text(const BudgetStanding& standing, std::int64_t call_micros) {
  return refused_by("would be exceeded", standing) + cents_text(standing.used_micros()) + " of " +
         cents_text(standing.cap.limit_micros) + ", and the next model call may cost up to " +
         cents_text(call_micros) + "; raise the cap, or lower max_output_tokens";
}

std::string budget_unknown_price_text(const BudgetStanding& standing) {
  return refused_by("cannot be kept", standing) +
         "the price of this model is not known; add it to prices_file, or set "
         "budgets.unknown_price";
}

std::string_view budget_of_refusal(std::string_view text) {
  if (!text.starts_with(budget_refusal)) return {};
  const auto begin = text.find(": ");
  const auto end = text.find(" — ");
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return {};
  return text.substr(begin + 2, end - begin - 2);
}

}  // namespace colonnade::core
