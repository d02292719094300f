#include "storage/sqlite/budget_reads.hpp"

#include <utility>

#include "core/limits.hpp"
#include "storage/sqlite/budget_rows.hpp"

namespace colonnade::storage::sqlite {
namespace {

Result<core::BudgetCap> read_budget_cap(Statement& row) {
  auto read = read_budget_cap_row(row);
  if (!read) return fail(std::move(read.error()));
  return std::move(read->cap);
}

Result<core::BudgetAlert> read_budget_alert(Statement& row) {
  return core::BudgetAlert{.no = row.integer(0),
                           .scope = core::Scope::from_key(row.string(1)),
                           .cap_id = row.string(2),
                           .subject = row.string(3),
                           .window_key = row.string(4),
                           .threshold = threshold_from(row.integer(5)),
                           .spent_micros = row.integer(6),
                           .runs = row.integer(7),
                           .at = row.time(8)};
}

Result<std::vector<core::BudgetStanding>> standings_of(Database& database, const core::Scope& scope,
                                                       const core::BudgetParties& parties,
                                                       Time now) {
  const auto caps = matching_budget_caps(database, scope, parties);
  if (!caps) return fail(caps.error());
  std::vector<core::BudgetStanding> out;
  for (const BudgetCapRow& row : *caps) {
    auto one =
        sqlite::budget_standing(database, row, core::budget_subject(row.cap.key, parties), now);
    if (!one) return fail(std::move(one.error()));
    out.push_back(std::move(*one));
  }
  return out;
}

Result<std::optional<core::BudgetStanding>> standing_of(Database& database,
                                                        const core::Scope& scope,
                                                        const std::string& id,
                                                        const std::string& subject, Time now) {
  const auto cap = database.one<BudgetCapRow>("SELECT " COLONNADE_BUDGET_CAP_COLUMNS
                                              " FROM budget_caps WHERE scope = ?1 AND id = ?2",
                                              read_budget_cap_row, scope.key(), id);
  if (!cap) return fail(cap.error());
  if (!*cap) return std::optional<core::BudgetStanding>();
  auto standing = sqlite::budget_standing(database, **cap, subject, now);
  if (!standing) return fail(std::move(standing.error()));
  return std::optional<core::BudgetStanding>(std::move(*standing));
}

}  // namespace

base::Task<Result<std::vector<core::BudgetCap>>> BudgetReads::budget_caps(core::Scope scope) {
  co_return readers_.with([&](Database& database) {
    return database.all<core::BudgetCap>("SELECT " COLONNADE_BUDGET_CAP_COLUMNS
                                         " FROM budget_caps WHERE scope = ?1"
                                         " ORDER BY holder, target, period, tier, skill, agent_id",
                                         read_budget_cap, scope.key());
  });
}

base::Task<Result<std::optional<core::BudgetCap>>> BudgetReads::budget_cap(core::Scope scope,
                                                                           std::string id) {
  co_return readers_.with([&](Database& database) {
    return database.one<core::BudgetCap>("SELECT " COLONNADE_BUDGET_CAP_COLUMNS
                                         " FROM budget_caps WHERE scope = ?1 AND id = ?2",
                                         read_budget_cap, scope.key(), id);
  });
}

base::Task<Result<std::optional<core::BudgetCap>>> BudgetReads::budget_cap_of(core::Scope scope,
                                                                              core::BudgetKey key) {
  co_return readers_.with([&](Database& database) {
    return database.one<core::BudgetCap>(
        "SELECT " COLONNADE_BUDGET_CAP_COLUMNS
        " FROM budget_caps WHERE scope = ?1 AND holder = ?2 AND target = ?3 AND period = ?4"
        " AND tier = ?5 AND skill = ?6 AND agent_id = ?7",
        read_budget_cap, scope.key(), core::to_string(key.holder), key.target,
        core::to_string(key.period), core::to_string(key.tier), key.skill, key.agent_id);
  });
}

base::Task<Result<std::vector<core::BudgetCap>>> BudgetReads::every_budget_cap(
    core::EveryScopePage page) {
  co_return readers_.with([&](Database& database) {
    return database.all<core::BudgetCap>(
        "SELECT " COLONNADE_BUDGET_CAP_COLUMNS
        " FROM budget_caps WHERE (scope, id) > (?1, ?2) ORDER BY scope, id LIMIT ?3",
        read_budget_cap, page.after_scope, page.after_id, page.limit);
  });
}

base::Task<Result<std::vector<core::BudgetStanding>>> BudgetReads::budget_standings(
    core::Scope scope, core::BudgetParties parties, Time now) {
  co_return readers_.with(
      [&](Database& database) { return standings_of(database, scope, parties, now); });
}

base::Task<Result<std::optional<core::BudgetStanding>>> BudgetReads::budget_standing(
    core::Scope scope, std::string id, std::string subject, Time now) {
  co_return readers_.with(
      [&](Database& database) { return standing_of(database, scope, id, subject, now); });
}

base::Task<Result<std::vector<core::BudgetAlert>>> BudgetReads::budget_alerts(std::size_t limit) {
  co_return readers_.with([&](Database& database) {
    return database.all<core::BudgetAlert>(
        "SELECT a.no, c.scope, c.id, a.subject, a.window_key, a.threshold, a.spent_micros, a.runs,"
        " a.at FROM budget_alerts a JOIN budget_caps c ON c.no = a.cap_no"
        " WHERE a.taken_at IS NULL ORDER BY a.no LIMIT ?1",
        read_budget_alert, limit);
  });
}

}  // namespace colonnade::storage::sqlite
