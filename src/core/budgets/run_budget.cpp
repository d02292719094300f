#include "core/budgets/run_budget.hpp"

#include <algorithm>

#include "core/agents/agent.hpp"
#include "core/budgets/call_bound.hpp"

namespace colonnade::core {
namespace {

constexpr std::int64_t bytes_of_token = 3;  // of an answer, about

}  // namespace

BudgetParties parties_of(const Run& run) {
  return {.agent_id = run.agent_id.empty() ? std::string(default_agent_id) : run.agent_id,
          .user_id = run.started_by,
          .key_id = run.options.key_id,
          .automation_id = run.options.automation_id};
}

RunBudget::RunBudget(const Budgets* budgets, const Run& run)
    : budgets_(budgets), scope_(run.scope), run_id_(run.id), parties_(parties_of(run)) {}

bool RunBudget::counts() const {
  return budgets_ != nullptr && budgets_->concern(scope_, parties_);
}

CallBound RunBudget::bound(std::string_view provider, const ModelRequest& request) const {
  CallBound out{.price = budgets_->price_of(provider, request.model)};
  if (out.price.is_known) out.micros = cost_bound(out.price.price, request);
  return out;
}

ChangeOfBudgets RunBudget::open(const CallBound& bound) {
  held_ = bound.micros;
  price_ = bound.price;
  return budget_change(ReserveBudget{.run_id = run_id_,
                                     .parties = parties_,
                                     .micros = bound.micros,
                                     .price_is_known = bound.price.is_known,
                                     .begins_run = true,
                                     .at = budgets_->now()});
}

bool RunBudget::must_reserve(const CallBound& bound) const {
  const Price& held_at = price_.price;
  const Price& asked_at = bound.price.price;
  const bool is_another = held_at.provider != asked_at.provider || held_at.model != asked_at.model;
  return !held_ || bound.micros > *held_ || unbooked_ > 0 || !bound.price.is_known || is_another;
}

ChangeOfBudgets RunBudget::reserve(const CallBound& bound) const {
  return budget_change(ReserveBudget{.run_id = run_id_,
                                     .parties = parties_,
                                     .micros = bound.micros,
                                     .price_is_known = bound.price.is_known,
                                     .spent_micros = unbooked_,
                                     .at = budgets_->now()});
}

void RunBudget::reserved(const CallBound& bound) {
  held_ = bound.micros;
  price_ = bound.price;
  unbooked_ = 0;
}

void RunBudget::spend(std::string_view provider, std::string_view model, const Usage& usage) {
  if (budgets_ == nullptr || !(held_ || counts())) return;
  if (usage.reported_cost_micros) {
    unbooked_ += std::max<std::int64_t>(0, *usage.reported_cost_micros);
    return;
  }
  const CallPrice named = budgets_->price_of(provider, model);
  const CallPrice& price = named.is_known || !price_.is_known ? named : price_;
  unbooked_ += std::max<std::int64_t>(0, cost_at(price.price, usage));
}

void RunBudget::spend_broken(std::int64_t input_tokens, std::int64_t output_bytes) {
  if (!held_) return;
  const Usage usage{.input_tokens = input_tokens,
                    .output_tokens = output_bytes / bytes_of_token + 1};
  unbooked_ += std::min(*held_, cost_at(price_.price, usage));
}

ChangeOfBudgets RunBudget::settle() const {
  if (!held_ && unbooked_ == 0) return nullptr;
  return budget_change(SettleBudget{
      .run_id = run_id_, .parties = parties_, .spent_micros = unbooked_, .at = budgets_->now()});
}

void RunBudget::settled() {
  held_.reset();
  unbooked_ = 0;
}

ChangeOfBudgets RunBudget::give_back() const {
  if (!counts()) return nullptr;
  return budget_change(SettleBudget{.run_id = run_id_, .parties = parties_, .at = budgets_->now()});
}

}  // namespace colonnade::core
