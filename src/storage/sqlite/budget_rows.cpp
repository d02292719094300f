#include "storage/sqlite/budget_rows.hpp"

#include <charconv>
#include <cmath>
#include <utility>

namespace colonnade::storage::sqlite {
namespace {

constexpr double hundredths_of_percent = 100;

std::vector<double> read_thresholds(std::string_view text) {
  std::vector<double> out;
  while (!text.empty()) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) break;
    out.push_back(threshold_from(number));
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with(',')) text.remove_prefix(1);
  }
  return out;
}

std::unexpected<base::Error> unknown_budget_word(std::string_view what, std::string_view word) {
  return fail(ErrorKind::internal,
              "unknown " + std::string(what) + " of a budget \"" + std::string(word) + "\"");
}

}  // namespace

std::int64_t threshold_number(double percent) {
  return std::llround(percent * hundredths_of_percent);
}

double threshold_from(std::int64_t number) {
  return static_cast<double>(number) / hundredths_of_percent;
}

std::string thresholds_text(const std::vector<double>& thresholds) {
  std::string out;
  for (const double one : thresholds) {
    if (!out.empty()) out += ',';
    out += std::to_string(threshold_number(one));
  }
  return out;
}

Result<BudgetCapRow> read_budget_cap_row(Statement& row) {
  const auto holder = core::budget_holder_from(row.text(3));
  if (!holder) return unknown_budget_word("holder", row.text(3));
  const auto period = core::budget_period_from(row.text(5));
  if (!period) return unknown_budget_word("period", row.text(5));
  const auto tier = core::budget_tier_from(row.text(6));
  if (!tier) return unknown_budget_word("tier", row.text(6));
  return BudgetCapRow{.no = row.integer(0),
                      .cap = {.id = row.string(2),
                              .scope = core::Scope::from_key(row.string(1)),
                              .key = {.holder = *holder,
                                      .target = row.string(4),
                                      .period = *period,
                                      .tier = *tier,
                                      .skill = row.string(7),
                                      .agent_id = row.string(8)},
                              .limit_micros = row.integer(9),
                              .runs_max = row.integer(10),
                              .thresholds = read_thresholds(row.text(11)),
                              .webhook_url = row.string(12),
                              .emails = row.string(13),
                              .override_until = row.optional_time(14),
                              .override_by = row.string(15),
                              .enabled = row.integer(16) != 0,
                              .changed_by = row.string(17),
                              .created_at = row.time(18),
                              .updated_at = row.time(19)}};
}

Result<std::vector<BudgetCapRow>> matching_budget_caps(Database& database, const core::Scope& scope,
                                                       const core::BudgetParties& parties) {
  auto rows = database.all<BudgetCapRow>(
      "SELECT " COLONNADE_BUDGET_CAP_COLUMNS
      " FROM budget_caps WHERE scope = ?1 AND enabled = 1 AND tier = 'llm'"
      " AND agent_id IN ('', ?2) AND (holder = 'scope'"
      " OR (holder = 'agent' AND target = ?2) OR (holder = 'user' AND target IN (?3, '*'))"
      " OR (holder = 'key' AND target = ?4) OR (holder = 'automation' AND target = ?5))"
      " ORDER BY holder, target, period, tier, skill, agent_id",
      read_budget_cap_row, scope.key(), parties.agent_id, parties.user_id, parties.key_id,
      parties.automation_id);
  if (!rows) return rows;
  std::erase_if(*rows,
                [&](const BudgetCapRow& one) { return !core::matches(one.cap.key, parties); });
  return rows;
}

Result<core::BudgetStanding> budget_standing(Database& database, const BudgetCapRow& cap,
                                             std::string_view subject, Time now) {
  core::BudgetStanding out{.cap = cap.cap,
                           .subject = std::string(subject),
                           .window = core::budget_window(cap.cap.key.period, now)};
  struct Sum {
    std::int64_t micros = 0;
    std::int64_t runs = 0;
  };
  const auto spent = database.one<Sum>(
      "SELECT sum(spent_micros), sum(runs) FROM budget_spent"
      " WHERE cap_no = ?1 AND subject = ?2 AND bucket >= ?3",
      [](Statement& row) -> Result<Sum> {
        return Sum{.micros = row.integer(0), .runs = row.integer(1)};
      },
      cap.no, out.subject, out.window.begin);
  if (!spent) return fail(spent.error());
  const auto reserved = database.number(
      "SELECT reserved_micros FROM budget_subjects WHERE cap_no = ?1 AND subject = ?2", cap.no,
      out.subject);
  if (!reserved) return fail(reserved.error());
  out.spent_micros = *spent ? (*spent)->micros : 0;
  out.runs = *spent ? (*spent)->runs : 0;
  out.reserved_micros = *reserved;
  return out;
}

}  // namespace colonnade::storage::sqlite
