// Budgets: caps, the ledger of what is reserved and spent, thresholds.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/budgets/budget_store.hpp"
#include "tests/conformance/store_backend.hpp"

namespace colonnade::conformance {

// 2026-05-12T10:30:00Z, a Tuesday.
inline constexpr Time budget_noon{1'778'581'800'000'000};

inline core::BudgetCap cap_of(std::string id, std::int64_t limit = 100,
                              core::BudgetPeriod period = core::BudgetPeriod::day) {
  return {.id = std::move(id),
          .scope = here,
          .key = {.period = period},
          .limit_micros = limit,
          .thresholds = {50, 80, 100},
          .changed_by = "root",
          .created_at = {1},
          .updated_at = {2}};
}

class StoreBudgets : public StoreSuite {
 protected:
  static core::BudgetParties ann() {
    return {.agent_id = "helper", .user_id = "ann", .key_id = "k1", .automation_id = "r1"};
  }
  template <class One>
  static core::Change change(One one) {
    return core::budget_change(std::move(one));
  }
  void put_cap(core::BudgetCap cap) { put({change(core::PutBudgetCap{.cap = std::move(cap)})}); }
  core::ReserveBudget reservation(std::string run, std::int64_t micros, Time at = budget_noon) {
    return {.run_id = std::move(run), .parties = ann(), .micros = micros, .at = at};
  }
  void reserve(std::string run, std::int64_t micros, Time at = budget_noon) {
    put({change(reservation(std::move(run), micros, at))});
  }
  // Why it is refused; "" when it is not.
  std::string refused(core::ReserveBudget wanted, const Scope& scope = here) {
    core::Unit unit{.scope = scope};
    unit.changes.push_back(change(std::move(wanted)));
    const auto done = commit(std::move(unit));
    if (done) return "";
    EXPECT_EQ(done.error().kind, ErrorKind::over_budget) << done.error().message;
    return done.error().message;
  }
  void settle(std::string run, std::int64_t spent, Time at = budget_noon) {
    put({change(core::SettleBudget{
        .run_id = std::move(run), .parties = ann(), .spent_micros = spent, .at = at})});
  }
  core::BudgetStanding standing(const std::string& id, const std::string& subject = "",
                                Time now = budget_noon) {
    const auto found = awaited(stores().budgets.budget_standing(here, id, subject, now));
    EXPECT_TRUE(found && *found) << id;
    return found && *found ? **found : core::BudgetStanding{.cap = cap_of("none")};
  }
  std::vector<core::BudgetAlert> alerts() {
    const auto found = awaited(stores().budgets.budget_alerts(100));
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(std::vector<core::BudgetAlert>{});
  }
};

TEST_P(StoreBudgets, CapsAreKeptByTheirKeys) {
  core::BudgetCap cap = cap_of("c1", 500);
  cap.key = {.holder = core::BudgetHolder::user,
             .target = "ann",
             .period = core::BudgetPeriod::month,
             .tier = core::BudgetTier::skill,
             .skill = "mail",
             .agent_id = "helper"};
  cap.runs_max = 7;
  cap.thresholds = {12.5, 80};
  cap.webhook_url = "https://hooks.example/x";
  cap.emails = "a@example.com";
  cap.override_until = Time{99};
  cap.override_by = "root";
  cap.enabled = false;
  put_cap(cap);
  put_cap(cap_of("c2"));
  backend_->reopen();
  const auto read = awaited(stores().budgets.budget_cap(here, "c1"));
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->key, cap.key);
  EXPECT_EQ((*read)->limit_micros, 500);
  EXPECT_EQ((*read)->runs_max, 7);
  EXPECT_EQ((*read)->thresholds, cap.thresholds);
  EXPECT_EQ((*read)->webhook_url, cap.webhook_url);
  EXPECT_EQ((*read)->emails, cap.emails);
  EXPECT_EQ((*read)->override_until, cap.override_until);
  EXPECT_EQ((*read)->override_by, "root");
  EXPECT_FALSE((*read)->enabled);
  EXPECT_EQ((*read)->changed_by, "root");
  EXPECT_EQ((*read)->created_at, Time{1});
  const auto by_key = awaited(stores().budgets.budget_cap_of(here, cap.key));
  ASSERT_TRUE(by_key && *by_key);
  EXPECT_EQ((*by_key)->id, "c1");
  const auto all = awaited(stores().budgets.budget_caps(here));
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->front().id, "c2") << "a scope's comes before a user's";
  EXPECT_EQ(awaited(stores().budgets.every_budget_cap({}))->size(), 2U);
  EXPECT_FALSE(*awaited(stores().budgets.budget_cap(elsewhere, "c1")));
  EXPECT_TRUE(awaited(stores().budgets.budget_caps(elsewhere))->empty());

  EXPECT_EQ(refusal(change(core::PutBudgetCap{.cap = cap_of("c3")})), ErrorKind::conflict)
      << "c2 has that key";
  cap.limit_micros = 600;
  put_cap(cap);
  EXPECT_EQ((*awaited(stores().budgets.budget_cap(here, "c1")))->limit_micros, 600);
  EXPECT_EQ(refusal(change(core::PutBudgetCap{.cap = cap_of("c4", 1, core::BudgetPeriod::hour),
                                              .caps_max = 2})),
            ErrorKind::too_large);
}

TEST_P(StoreBudgets, ARemovedCapTakesAllWithIt) {
  put_cap(cap_of("c1"));
  reserve("run", 40);
  settle("other", 30);
  EXPECT_EQ(refusal(change(core::RemoveBudgetCap{.id = "c1"}), elsewhere), ErrorKind::not_found);
  put({change(core::RemoveBudgetCap{.id = "c1"})});
  EXPECT_EQ(refusal(change(core::RemoveBudgetCap{.id = "c1"})), ErrorKind::not_found);
  put_cap(cap_of("c1"));
  EXPECT_EQ(standing("c1").used_micros(), 0);
}

TEST_P(StoreBudgets, WhatIsReservedCountsUntilItIsSettled) {
  put_cap(cap_of("c1"));
  reserve("r1", 60);
  EXPECT_EQ(standing("c1").reserved_micros, 60);
  EXPECT_NE(refused(reservation("r2", 41)), "") << "together they might pass the cap";
  EXPECT_EQ(standing("c1").reserved_micros, 60) << "what is refused leaves nothing";
  reserve("r2", 40);
  settle("r1", 10);
  EXPECT_EQ(standing("c1").spent_micros, 10);
  EXPECT_EQ(standing("c1").reserved_micros, 40);
  settle("r2", 0);
  EXPECT_EQ(standing("c1").used_micros(), 10) << "a call that failed gives all of it back";
  reserve("r3", 90);
  settle("r3", 90);
  EXPECT_EQ(refused(reservation("r4", 0)), "Budget cap exceeded: scope/day — 0.01¢ of 0.01¢");
}

TEST_P(StoreBudgets, ANextReservationTakesThePlaceOfTheOneBefore) {
  put_cap(cap_of("c1"));
  reserve("r1", 60);
  core::ReserveBudget next = reservation("r1", 80);
  next.spent_micros = 20;
  put({change(next)});
  EXPECT_EQ(standing("c1").spent_micros, 20);
  EXPECT_EQ(standing("c1").reserved_micros, 80);
  next.spent_micros = 21;
  next.micros = 60;
  EXPECT_NE(refused(next), "") << "41 were spent, and 60 more may be";
  EXPECT_EQ(standing("c1").spent_micros, 20) << "nor was anything booked";
}

TEST_P(StoreBudgets, RunsAreCountedWhenTheyBegin) {
  core::BudgetCap cap = cap_of("c1", 0);
  cap.runs_max = 2;
  put_cap(cap);
  core::ReserveBudget begin = reservation("r1", 1000);
  begin.begins_run = true;
  begin.price_is_known = false;  // of no account without a limit of money
  put({change(begin)});
  begin.run_id = "r2";
  put({change(begin)});
  begin.run_id = "r3";
  EXPECT_EQ(refused(begin), "Budget cap exceeded: scope/day — 2 of 2 runs");
  reserve("r2", 5);  // a run that has begun goes on
  EXPECT_EQ(standing("c1").runs, 2);
}

TEST_P(StoreBudgets, EveryCapThatMatchesCounts) {
  using enum core::BudgetHolder;
  const auto add = [&](std::string id, core::BudgetHolder holder, std::string target,
                       std::string agent = "") {
    core::BudgetCap cap = cap_of(std::move(id));
    cap.key.holder = holder;
    cap.key.target = std::move(target);
    cap.key.agent_id = std::move(agent);
    put_cap(std::move(cap));
  };
  add("scope", scope, "");
  add("agent", agent, "helper");
  add("other agent", agent, "another");
  add("user", user, "ann");
  add("other user", user, "bob");
  add("each", user, "*");
  add("key", key, "k1");
  add("automation", automation, "r1");
  add("with agent", user, "ann", "helper");
  add("with another", user, "ann", "another");
  core::BudgetCap off = cap_of("off", 1, core::BudgetPeriod::month);
  off.enabled = false;
  put_cap(off);
  reserve("r1", 70);
  for (const char* id : {"scope", "agent", "user", "key", "automation", "with agent"}) {
    EXPECT_EQ(standing(id).reserved_micros, 70) << id;
  }
  EXPECT_EQ(standing("each", "ann").reserved_micros, 70);
  EXPECT_EQ(standing("each", "bob").reserved_micros, 0);
  for (const char* id : {"other agent", "other user", "with another", "off"}) {
    EXPECT_EQ(standing(id).reserved_micros, 0) << id;
  }
  const auto shown = awaited(stores().budgets.budget_standings(here, ann(), budget_noon));
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->size(), 7U);
  core::ReserveBudget bobs = reservation("r2", 40);
  bobs.parties = {.agent_id = "another", .user_id = "bob"};
  EXPECT_TRUE(refused(bobs).starts_with("Budget cap would be exceeded: scope/day"))
      << refused(bobs);
  settle("r1", 0);
  put({change(bobs)});
  EXPECT_EQ(standing("each", "bob").reserved_micros, 40);
}

TEST_P(StoreBudgets, AnOverrideLiftsOneCapForAWhile) {
  core::BudgetCap cap = cap_of("c1");
  cap.override_until = budget_noon;
  put_cap(cap);
  const Time before{budget_noon.micros - 1};
  reserve("r1", 150, before);
  settle("r1", 150, before);
  EXPECT_NE(refused(reservation("r2", 0)), "") << "it is over, and what was spent counts";
}

TEST_P(StoreBudgets, AnUnknownPriceIsRefusedWhereMoneyIsLimited) {
  put_cap(cap_of("c1"));
  core::ReserveBudget wanted = reservation("r1", 0);
  wanted.price_is_known = false;
  EXPECT_TRUE(refused(wanted).starts_with("Budget cap cannot be kept: scope/day"))
      << refused(wanted);
}

TEST_P(StoreBudgets, DaysAndMonthsEndAtMidnightUtc) {
  put_cap(cap_of("day"));
  put_cap(cap_of("month", 1000, core::BudgetPeriod::month));
  put_cap(cap_of("hour", 1000, core::BudgetPeriod::hour));
  const Time last = *base::parse_rfc3339("2026-05-31T23:59:59.999999Z");
  const Time next = *base::parse_rfc3339("2026-06-01T00:00:00Z");
  reserve("r1", 90, last);
  settle("r1", 90, last);
  EXPECT_NE(refused(reservation("r2", 11, last)), "");
  EXPECT_EQ(standing("day", "", next).spent_micros, 0);
  EXPECT_EQ(standing("day", "", next).window.key, "2026-06-01");
  EXPECT_EQ(standing("month", "", last).spent_micros, 90);
  EXPECT_EQ(standing("month", "", next).spent_micros, 0);
  EXPECT_EQ(standing("hour", "", last).spent_micros, 90);
  EXPECT_EQ(standing("hour", "", next).spent_micros, 0);
  // A call over midnight is booked where it ends.
  reserve("r2", 10, last);
  settle("r2", 10, next);
  EXPECT_EQ(standing("day", "", last).spent_micros, 100) << "its window reaches on to the next day";
  EXPECT_EQ(standing("day", "", next).spent_micros, 10);
}

TEST_P(StoreBudgets, AWeekRolls) {
  put_cap(cap_of("week", 100, core::BudgetPeriod::week));
  reserve("r1", 60);
  settle("r1", 60);
  const auto after = [](std::chrono::hours hours) { return budget_noon + hours; };
  reserve("r2", 40, after(std::chrono::hours(24 * 6)));
  settle("r2", 40, after(std::chrono::hours(24 * 6)));
  EXPECT_NE(refused(reservation("r3", 1, after(std::chrono::hours(24 * 7)))), "")
      << "the hour in which the week begins counts as a whole";
  reserve("r3", 60, after(std::chrono::hours(24 * 7 + 1)));
  EXPECT_EQ(standing("week", "", after(std::chrono::hours(24 * 7 + 1))).spent_micros, 40);
}

TEST_P(StoreBudgets, AStartGivesBackWhatWasReserved) {
  put_cap(cap_of("c1"));
  reserve("r1", 60);
  settle("r3", 7);
  backend_->reopen();
  EXPECT_EQ(standing("c1").reserved_micros, 60);
  put_in(Scope::whole_server(), {change(core::RecoverBudgets{})});
  EXPECT_EQ(standing("c1").reserved_micros, 0);
  EXPECT_EQ(standing("c1").spent_micros, 7);
  reserve("r1", 93);
}

TEST_P(StoreBudgets, OldAmountsAndToldAlertsArePurged) {
  core::BudgetCap cap = cap_of("c1");
  cap.webhook_url = "https://hooks.example/x";
  put_cap(cap);
  const Time before = budget_noon - std::chrono::hours(48);
  settle("r1", 60, before);
  settle("r2", 60);
  const auto told = alerts();
  ASSERT_EQ(told.size(), 2U);
  put({change(core::TakeBudgetAlert{.no = told[0].no, .at = before})});
  const Time then = budget_noon - std::chrono::hours(24);
  put_in(Scope::whole_server(),
         {change(core::PurgeBudgets{.spent_before = then, .told_before = then})});
  EXPECT_EQ(standing("c1", "", before).spent_micros, 60) << "today's alone, of a longer past";
  EXPECT_EQ(standing("c1").spent_micros, 60);
  EXPECT_EQ(alerts().size(), 1U) << "what nobody was told of stays";
}

TEST_P(StoreBudgets, HoldsOfAnotherScopeAreNotGivenBack) {
  put_cap(cap_of("c1"));
  reserve("r1", 60);
  put_in(elsewhere, {change(core::SettleBudget{.run_id = "r1", .at = budget_noon})});
  EXPECT_EQ(standing("c1").reserved_micros, 60);
}

TEST_P(StoreBudgets, EachThresholdIsNotedOnceInAWindow) {
  core::BudgetCap cap = cap_of("c1");
  cap.webhook_url = "https://hooks.example/x";
  put_cap(cap);
  put_cap(cap_of("quiet", 10, core::BudgetPeriod::hour));
  core::BudgetCap quiet = cap_of("quiet", 1000, core::BudgetPeriod::hour);
  put_cap(quiet);
  settle("r1", 49);
  EXPECT_TRUE(alerts().empty());
  reserve("r2", 51);
  EXPECT_TRUE(alerts().empty()) << "what is reserved is not spent";
  settle("r2", 31);
  settle("r2", 1);
  const auto told = alerts();
  ASSERT_EQ(told.size(), 2U) << "and none of the cap without a webhook";
  EXPECT_EQ(told[0].threshold, 50);
  EXPECT_EQ(told[0].spent_micros, 80);
  EXPECT_EQ(told[0].cap_id, "c1");
  EXPECT_EQ(told[0].scope, here);
  EXPECT_EQ(told[0].window_key, "2026-05-12");
  EXPECT_EQ(told[1].threshold, 80);
  put({change(core::TakeBudgetAlert{.no = told[0].no, .at = {9}})});
  EXPECT_EQ(refusal(change(core::TakeBudgetAlert{.no = told[0].no, .at = {9}})),
            ErrorKind::conflict);
  EXPECT_EQ(refusal(change(core::TakeBudgetAlert{.no = told[1].no, .at = {9}}), elsewhere),
            ErrorKind::conflict);
  settle("r3", 20);
  ASSERT_EQ(alerts().size(), 2U);
  EXPECT_EQ(alerts()[1].threshold, 100);
  settle("r4", 60, budget_noon + std::chrono::hours(24));
  ASSERT_EQ(alerts().size(), 3U) << "a new window begins anew";
  EXPECT_EQ(alerts()[2].window_key, "2026-05-13");
}

}  // namespace colonnade::conformance
