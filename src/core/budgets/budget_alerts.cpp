#include "core/budgets/budget_alerts.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "core/access/account.hpp"
#include "core/jobs/job_input.hpp"
#include "core/jobs/job_store.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

namespace {

constexpr double micros_of_alert_cent = 10'000;
constexpr int status_ok = 200;
constexpr int status_redirect = 300;
constexpr int status_request = 400;
constexpr int status_server = 500;

double alert_cents(std::int64_t micros) {
  return static_cast<double>(micros) / micros_of_alert_cent;
}

// What the webhook is told, but for the cap, which is read when it is called.
std::string payload_of(const BudgetAlert& alert) {
  return base::to_text(Json{{"capId", alert.cap_id},
                            {"userId", alert.subject.empty() ? Json() : Json(alert.subject)},
                            {"windowKey", alert.window_key},
                            {"threshold", alert.threshold},
                            {"spentCents", alert_cents(alert.spent_micros)},
                            {"runs", alert.runs},
                            {"crossedAt", base::to_rfc3339(alert.at)}});
}

std::string alert_body(const Job& job, const Json& payload, const BudgetCap& cap) {
  Json body = payload;
  body["type"] = "budget.threshold";
  body["id"] = job.id;
  body["scope"] = cap.scope.key();
  body["scopeType"] = to_string(cap.key.holder);
  body["targetId"] = cap.key.target;
  body["period"] = to_string(cap.key.period);
  body["agentId"] = cap.key.agent_id.empty() ? Json() : Json(cap.key.agent_id);
  body["limitCents"] = alert_cents(cap.limit_micros);
  body["runsLimit"] = cap.runs_max;
  return base::to_text(body);
}

NewJob job_of(const BudgetAlert& alert) {
  NewJob out;
  out.job.task = std::string(budget_alert_job);
  out.job.work = {.kind = JobHandlerKind::internal, .name = std::string(budget_alert_job)};
  out.job.payload = payload_of(alert);
  out.job.attempts = {.max = limits::budget_alert_attempts,
                      .delay_min = limits::budget_alert_delay_min,
                      .delay_max = limits::budget_alert_delay_max};
  out.job.time_max = 2 * limits::budget_alert_time_max;
  return out;
}

// What the answer says: it is told, never will be, or may be later.
JobStep step_of_status(int status) {
  if (status >= status_ok && status < status_redirect) {
    return JobDone{.output = R"({"status":)" + std::to_string(status) + "}"};
  }
  constexpr int timed_out = 408;
  constexpr int too_many = 429;
  const bool refused = status >= status_redirect && status < status_server && status != timed_out &&
                       status != too_many;
  return JobFailed{
      .error = {.kind = ErrorKind::upstream,
                .message = "the webhook answered with the status " + std::to_string(status)},
      .is_final = refused && status >= status_request};
}

}  // namespace

Task<void> BudgetAlerts::keep_queueing(std::stop_token stop) {
  for (int attempt = 0;; ++attempt) {
    const auto queued = co_await queue_all(stop);
    if (queued) {
      attempt = -1;
      co_await wake_->wait(stop);
    } else {
      base::log::warn("budget_alerts_not_queued", {{"error", queued.error().message}});
      co_await wait_to_retry(retry_, attempt, 0, stop);
    }
    if (stop.stop_requested()) co_return;
  }
}

Task<Result<void>> BudgetAlerts::queue_all(std::stop_token stop) {
  for (;;) {
    auto alerts = co_await store_.budget_alerts(limits::budget_alerts_at_once);
    if (!alerts) co_return fail(std::move(alerts.error()));
    if (alerts->empty() || stop.stop_requested()) co_return Result<void>{};
    for (BudgetAlert& alert : *alerts) {
      auto queued = co_await queue(std::move(alert));
      // Another has taken it, or its cap is gone: looked at again.
      const bool gone = !queued && queued.error().kind == ErrorKind::conflict;
      if (!queued && !gone) co_return queued;
    }
  }
}

Task<Result<void>> BudgetAlerts::queue(BudgetAlert alert) {
  auto cap = co_await store_.budget_cap(alert.scope, alert.cap_id);
  if (!cap) co_return fail(std::move(cap.error()));
  if (!*cap) co_return fail(ErrorKind::conflict, "its budget is gone");
  const Time now = clock_.now();
  const JobOwner owner(alert.scope, (*cap)->changed_by);
  Job job = make_job(owner, job_of(alert), base::new_id(now), now);
  Unit unit{.scope = alert.scope, .account = account_of(owner.scope, owner.user_id)};
  unit.changes.emplace_back(budget_change(TakeBudgetAlert{.no = alert.no, .at = now}));
  unit.changes.emplace_back(job_change(InsertJob{.job = std::move(job)}));
  auto stored = co_await feed_.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  co_return Result<void>{};
}

Task<JobStep> BudgetAlerts::tell(JobContext context) {
  const auto payload = base::parse_json(context.job.payload, "payload");
  if (!payload || !payload->contains("capId")) {
    co_return JobFailed{.error = {.message = "the alert cannot be read"}, .is_final = true};
  }
  const std::string cap_id = payload->value("capId", std::string());
  auto cap = co_await store_.budget_cap(context.job.owner.scope, cap_id);
  if (!cap) co_return JobFailed{.error = std::move(cap.error())};
  if (!*cap || (*cap)->webhook_url.empty()) {
    co_return JobDone{.output = R"({"told":false})"};
  }
  WebhookCall call{.url = (*cap)->webhook_url,
                   .id = context.job.id,
                   .body = alert_body(context.job, *payload, **cap)};
  auto status = co_await sender_.send(std::move(call), context.stop);
  if (status) co_return step_of_status(*status);
  const ErrorKind kind = status.error().kind;
  const bool is_final = kind == ErrorKind::forbidden || kind == ErrorKind::invalid;
  co_return JobFailed{.error = std::move(status.error()), .is_final = is_final};
}

}  // namespace colonnade::core
