#include "storage/sqlite/budget_changes.hpp"

#include <variant>

#include "storage/sqlite/change_results.hpp"

namespace colonnade::storage::sqlite {
namespace {

std::unexpected<base::Error> over_budget(std::string text) {
  return fail(ErrorKind::over_budget, std::move(text), "budget");
}

}  // namespace

Result<void> BudgetChanges::apply(const core::Scope& scope, const core::BudgetChange& change) {
  return std::visit([&](const auto& one) { return on(scope, one); }, change.what);
}

// --- caps ---------------------------------------------------------------------------------------

Result<void> BudgetChanges::on(const core::Scope& scope, const core::PutBudgetCap& change) {
  const core::BudgetCap& c = change.cap;
  const core::BudgetKey& k = c.key;
  const auto holder = database_.one<std::string>(
      "SELECT id FROM budget_caps WHERE scope = ?1 AND holder = ?2 AND target = ?3"
      " AND period = ?4 AND tier = ?5 AND skill = ?6 AND agent_id = ?7",
      [](Statement& row) -> Result<std::string> { return row.string(0); }, scope.key(),
      core::to_string(k.holder), k.target, core::to_string(k.period), core::to_string(k.tier),
      k.skill, k.agent_id);
  if (!holder) return fail(holder.error());
  if (*holder && **holder != c.id) {
    return fail(ErrorKind::conflict, "there is a budget of that holder and period already");
  }
  const auto changed = write(
      "UPDATE budget_caps SET holder = ?3, target = ?4, period = ?5, tier = ?6, skill = ?7,"
      " agent_id = ?8, limit_micros = ?9, runs_max = ?10, thresholds = ?11, webhook_url = ?12,"
      " emails = ?13, override_until = ?14, override_by = ?15, enabled = ?16, changed_by = ?17,"
      " updated_at = ?18 WHERE scope = ?1 AND id = ?2",
      scope.key(), c.id, core::to_string(k.holder), k.target, core::to_string(k.period),
      core::to_string(k.tier), k.skill, k.agent_id, c.limit_micros, c.runs_max,
      thresholds_text(c.thresholds), c.webhook_url, c.emails, c.override_until, c.override_by,
      c.enabled ? 1 : 0, c.changed_by, c.updated_at);
  if (!changed) return fail(changed.error());
  if (*changed > 0) return {};
  return insert_cap(scope, change);
}

Result<void> BudgetChanges::insert_cap(const core::Scope& scope, const core::PutBudgetCap& change) {
  const core::BudgetCap& c = change.cap;
  const core::BudgetKey& k = c.key;
  const auto count =
      database_.number("SELECT count(*) FROM budget_caps WHERE scope = ?1", scope.key());
  if (!count) return fail(count.error());
  if (static_cast<std::size_t>(*count) >= change.caps_max) {
    return fail(ErrorKind::too_large, "there are " + std::to_string(change.caps_max) +
                                          " budgets in this scope already; remove one first");
  }
  return any_row(
      write("INSERT INTO budget_caps (scope, id, holder, target, period, tier, skill, agent_id,"
            " limit_micros, runs_max, thresholds, webhook_url, emails, override_until,"
            " override_by, enabled, changed_by, created_at, updated_at) VALUES (?1, ?2, ?3, ?4,"
            " ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
            scope.key(), c.id, core::to_string(k.holder), k.target, core::to_string(k.period),
            core::to_string(k.tier), k.skill, k.agent_id, c.limit_micros, c.runs_max,
            thresholds_text(c.thresholds), c.webhook_url, c.emails, c.override_until, c.override_by,
            c.enabled ? 1 : 0, c.changed_by, c.created_at, c.updated_at));
}

Result<void> BudgetChanges::on(const core::Scope& scope, const core::RemoveBudgetCap& change) {
  const auto no = database_.number("SELECT no FROM budget_caps WHERE scope = ?1 AND id = ?2",
                                   scope.key(), change.id);
  if (!no) return fail(no.error());
  if (*no == 0) return missing("budget", change.id);
  for (const char* sql :
       {"DELETE FROM budget_alerts WHERE cap_no = ?1", "DELETE FROM budget_holds WHERE cap_no = ?1",
        "DELETE FROM budget_spent WHERE cap_no = ?1",
        "DELETE FROM budget_subjects WHERE cap_no = ?1", "DELETE FROM budget_caps WHERE no = ?1"}) {
    if (auto gone = write(sql, *no); !gone) return fail(gone.error());
  }
  return {};
}

// --- the ledger ---------------------------------------------------------------------------------

// Everything is checked before anything is written.
Result<void> BudgetChanges::on(const core::Scope& scope, const core::ReserveBudget& change) {
  const auto caps = matching_budget_caps(database_, scope, change.parties);
  if (!caps) return fail(caps.error());
  for (const BudgetCapRow& row : *caps) {
    if (auto fits = check(scope, row, change); !fits) return fits;
  }
  if (auto back = give_back(scope, change.run_id); !back) return back;
  for (const BudgetCapRow& row : *caps) {
    const std::string subject = core::budget_subject(row.cap.key, change.parties);
    const Amount amount{.micros = change.spent_micros, .runs = change.begins_run ? 1 : 0};
    if (auto booked = book(row, subject, amount, change.at); !booked) return booked;
    if (change.micros == 0) continue;
    if (auto held = hold(scope, change.run_id, row, subject, change.micros); !held) return held;
  }
  return {};
}

Result<void> BudgetChanges::check(const core::Scope& scope, const BudgetCapRow& row,
                                  const core::ReserveBudget& change) {
  if (row.cap.is_overridden(change.at)) return {};
  const std::string subject = core::budget_subject(row.cap.key, change.parties);
  auto standing = budget_standing(database_, row, subject, change.at);
  if (!standing) return fail(standing.error());
  const auto own = database_.number(
      "SELECT micros FROM budget_holds WHERE run_id = ?1 AND scope = ?2 AND cap_no = ?3"
      " AND subject = ?4",
      change.run_id, scope.key(), row.no, subject);
  if (!own) return fail(own.error());
  standing->reserved_micros -= *own;
  standing->spent_micros += change.spent_micros;
  const std::int64_t limit = row.cap.limit_micros;
  const bool too_many_runs =
      change.begins_run && row.cap.runs_max > 0 && standing->runs >= row.cap.runs_max;
  if (too_many_runs) return over_budget(core::over_budget_text(*standing));
  if (limit == 0) return {};
  if (standing->used_micros() >= limit) return over_budget(core::over_budget_text(*standing));
  if (!change.price_is_known) return over_budget(core::budget_unknown_price_text(*standing));
  if (change.micros > limit - standing->used_micros()) {
    return over_budget(core::budget_too_small_text(*standing, change.micros));
  }
  return {};
}

Result<void> BudgetChanges::hold(const core::Scope& scope, const std::string& run_id,
                                 const BudgetCapRow& row, const std::string& subject,
                                 std::int64_t micros) {
  const auto held = write(
      "INSERT INTO budget_holds (scope, run_id, cap_no, subject, micros)"
      " VALUES (?1, ?2, ?3, ?4, ?5)",
      scope.key(), run_id, row.no, subject, micros);
  if (!held) return fail(held.error());
  return any_row(
      write("INSERT INTO budget_subjects (cap_no, subject, reserved_micros) VALUES (?1, ?2, ?3)"
            " ON CONFLICT (cap_no, subject) DO UPDATE"
            " SET reserved_micros = reserved_micros + excluded.reserved_micros",
            row.no, subject, micros));
}

Result<void> BudgetChanges::give_back(const core::Scope& scope, const std::string& run_id) {
  const auto given = write(
      "UPDATE budget_subjects SET reserved_micros = reserved_micros - h.micros"
      " FROM budget_holds h WHERE h.run_id = ?1 AND h.scope = ?2"
      " AND budget_subjects.cap_no = h.cap_no AND budget_subjects.subject = h.subject",
      run_id, scope.key());
  if (!given) return fail(given.error());
  if (*given == 0) return {};
  return any_row(
      write("DELETE FROM budget_holds WHERE run_id = ?1 AND scope = ?2", run_id, scope.key()));
}

Result<void> BudgetChanges::book(const BudgetCapRow& row, const std::string& subject, Amount amount,
                                 Time at) {
  if (amount.micros == 0 && amount.runs == 0) return {};
  return any_row(write(
      "INSERT INTO budget_spent (cap_no, subject, bucket, spent_micros, runs)"
      " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (cap_no, subject, bucket) DO UPDATE"
      " SET spent_micros = spent_micros + excluded.spent_micros, runs = runs + excluded.runs",
      row.no, subject, core::budget_bucket(row.cap.key.period, at), amount.micros, amount.runs));
}

Result<void> BudgetChanges::on(const core::Scope& scope, const core::SettleBudget& change) {
  if (auto back = give_back(scope, change.run_id); !back) return back;
  const auto caps = matching_budget_caps(database_, scope, change.parties);
  if (!caps) return fail(caps.error());
  for (const BudgetCapRow& row : *caps) {
    const std::string subject = core::budget_subject(row.cap.key, change.parties);
    const Amount amount{.micros = change.spent_micros};
    if (auto booked = book(row, subject, amount, change.at); !booked) return booked;
    if (row.cap.webhook_url.empty() || row.cap.thresholds.empty()) continue;
    if (auto noted = note_thresholds(row, subject, change.at); !noted) return noted;
  }
  return {};
}

// What is reserved is not spent yet: nobody is told of it.
Result<void> BudgetChanges::note_thresholds(const BudgetCapRow& row, const std::string& subject,
                                            Time at) {
  auto standing = budget_standing(database_, row, subject, at);
  if (!standing) return fail(standing.error());
  standing->reserved_micros = 0;
  for (const double threshold : standing->crossed_thresholds()) {
    const auto noted = write(
        "INSERT INTO budget_alerts (cap_no, subject, window_key, threshold, spent_micros, runs, at)"
        " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS (SELECT 1 FROM budget_alerts"
        " WHERE cap_no = ?1 AND subject = ?2 AND window_key = ?3 AND threshold = ?4)",
        row.no, subject, standing->window.key, threshold_number(threshold), standing->spent_micros,
        standing->runs, at);
    if (!noted) return fail(noted.error());
  }
  return {};
}

Result<void> BudgetChanges::on(const core::Scope& /*scope*/, const core::RecoverBudgets&) {
  if (auto gone = write("DELETE FROM budget_holds"); !gone) return fail(gone.error());
  return any_row(
      write("UPDATE budget_subjects SET reserved_micros = 0 WHERE reserved_micros <> 0"));
}

Result<void> BudgetChanges::on(const core::Scope& /*scope*/, const core::PurgeBudgets& change) {
  const auto old = write("DELETE FROM budget_spent WHERE bucket < ?1", change.spent_before);
  if (!old) return fail(old.error());
  return any_row(write("DELETE FROM budget_alerts WHERE taken_at < ?1", change.told_before));
}

Result<void> BudgetChanges::on(const core::Scope& scope, const core::TakeBudgetAlert& change) {
  return one_row(write("UPDATE budget_alerts SET taken_at = ?3 WHERE no = ?1 AND taken_at IS NULL"
                       " AND cap_no IN (SELECT no FROM budget_caps WHERE scope = ?2)",
                       change.no, scope.key(), change.at),
                 [&] {
                   return fail(ErrorKind::conflict,
                               "the alert " + std::to_string(change.no) + " is told already");
                 });
}

}  // namespace colonnade::storage::sqlite
