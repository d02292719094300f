// The windows that caps count in, in UTC (platos §5.4): an hour, a day, a rolling week, a month.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace colonnade::core {

enum class BudgetPeriod { day, hour, month, week };
std::string_view to_string(BudgetPeriod period);
std::optional<BudgetPeriod> budget_period_from(std::string_view text);

struct BudgetWindow {
  // "2026-05-12", "2026-05-12T09", "2026-05"; of a week "W" and the date of the Sunday it is in or
  // begins with.
  std::string key{};
  base::Time begin{};  // what was spent from here on counts
  bool operator==(const BudgetWindow&) const = default;
};

// The window that `now` is in. A week is the seven days before `now`, counted in whole hours: the
// hour in which it begins counts as a whole.
BudgetWindow budget_window(BudgetPeriod period, base::Time now);
// Where an amount is added up that is spent at `at`: the beginning of its window, of a week the
// beginning of its hour.
base::Time budget_bucket(BudgetPeriod period, base::Time at);

}  // namespace colonnade::core
