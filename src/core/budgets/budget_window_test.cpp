#include "core/budgets/budget_window.hpp"

#include <gtest/gtest.h>

#include <string>

namespace colonnade::core {
namespace {

base::Time moment(const std::string& text) { return *base::parse_rfc3339(text); }

std::string key_of(BudgetPeriod period, const std::string& now) {
  return budget_window(period, moment(now)).key;
}

base::Time begin_of(BudgetPeriod period, const std::string& now) {
  return budget_window(period, moment(now)).begin;
}

TEST(BudgetWindow, IsNamedAsTheContractSays) {
  const std::string noon = "2026-05-12T10:30:00Z";  // a Tuesday
  EXPECT_EQ(key_of(BudgetPeriod::hour, noon), "2026-05-12T10");
  EXPECT_EQ(key_of(BudgetPeriod::day, noon), "2026-05-12");
  EXPECT_EQ(key_of(BudgetPeriod::month, noon), "2026-05");
  EXPECT_EQ(key_of(BudgetPeriod::week, noon), "W2026-05-10");
  EXPECT_EQ(key_of(BudgetPeriod::week, "2026-05-10T00:00:00Z"), "W2026-05-10");
  EXPECT_EQ(key_of(BudgetPeriod::week, "2026-05-09T23:59:59Z"), "W2026-05-03");
}

TEST(BudgetWindow, BeginsAtItsEdges) {
  EXPECT_EQ(begin_of(BudgetPeriod::day, "2026-05-31T23:59:59.999999Z"),
            moment("2026-05-31T00:00:00Z"));
  EXPECT_EQ(begin_of(BudgetPeriod::day, "2026-06-01T00:00:00Z"), moment("2026-06-01T00:00:00Z"));
  EXPECT_EQ(begin_of(BudgetPeriod::month, "2024-02-29T23:59:59.999999Z"),
            moment("2024-02-01T00:00:00Z"))
      << "a leap day";
  EXPECT_EQ(begin_of(BudgetPeriod::month, "2024-03-01T00:00:00Z"), moment("2024-03-01T00:00:00Z"));
  EXPECT_EQ(begin_of(BudgetPeriod::month, "2026-12-31T23:59:59Z"), moment("2026-12-01T00:00:00Z"));
  EXPECT_EQ(begin_of(BudgetPeriod::month, "2027-01-01T00:00:00Z"), moment("2027-01-01T00:00:00Z"));
  EXPECT_EQ(begin_of(BudgetPeriod::hour, "2026-05-12T10:59:59Z"), moment("2026-05-12T10:00:00Z"));
  EXPECT_EQ(begin_of(BudgetPeriod::week, "2026-05-12T10:30:00Z"), moment("2026-05-05T10:00:00Z"));
  EXPECT_EQ(begin_of(BudgetPeriod::week, "2026-05-12T10:00:00Z"), moment("2026-05-05T10:00:00Z"));
}

TEST(BudgetWindow, AddsUpByWindowAndOfAWeekByTheHour) {
  const base::Time at = moment("2026-05-12T10:30:00Z");
  EXPECT_EQ(budget_bucket(BudgetPeriod::day, at), moment("2026-05-12T00:00:00Z"));
  EXPECT_EQ(budget_bucket(BudgetPeriod::month, at), moment("2026-05-01T00:00:00Z"));
  EXPECT_EQ(budget_bucket(BudgetPeriod::hour, at), moment("2026-05-12T10:00:00Z"));
  EXPECT_EQ(budget_bucket(BudgetPeriod::week, at), moment("2026-05-12T10:00:00Z"));
}

TEST(BudgetWindow, PeriodsHaveNames) {
  for (const auto period :
       {BudgetPeriod::hour, BudgetPeriod::day, BudgetPeriod::week, BudgetPeriod::month}) {
    EXPECT_EQ(budget_period_from(to_string(period)), period);
  }
  EXPECT_EQ(budget_period_from("year"), std::nullopt);
}

}  // namespace
}  // namespace colonnade::core
