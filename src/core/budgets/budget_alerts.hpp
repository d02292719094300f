// Tells webhooks of thresholds that budgets have crossed, once for each in a window.
//
// The unit that books what crossed a threshold notes it. From there it becomes a job (core/jobs),
// in one unit with the note that it has; the job calls the webhook and is tried again as any job
// is. So a threshold is told also when the server is killed in between.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/budgets/budget_store.hpp"
#include "core/events/commit_retry.hpp"
#include "core/events/event_feed.hpp"
#include "core/jobs/job_work.hpp"

namespace colonnade::core {

struct WebhookCall {
  std::string url{};
  std::string id{};  // the same for each attempt of one call
  std::string body{};
};

// The port to the outside.
class WebhookSender {
 public:
  virtual ~WebhookSender() = default;
  // Posts it, signed, and returns the status of the answer. Errors: forbidden for an address that
  // is not of the public Internet, invalid for a URL that is none, unavailable, timeout, upstream,
  // cancelled after a stop. Any lane.
  virtual base::Task<Result<int>> send(WebhookCall call, std::stop_token stop) = 0;
};

// The name of the jobs' handler, of the kind internal.
constexpr std::string_view budget_alert_job = "budget_alert";

// All must outlive it and the lanes' use of it.
class BudgetAlerts {
 public:
  BudgetAlerts(BudgetStore& store, EventFeed& feed, base::Clock& clock, WebhookSender& sender,
               CommitRetry retry = {})
      : store_(store), feed_(feed), clock_(clock), sender_(sender), retry_(retry) {}

  // There may be something to tell. Any thread; takes no time.
  void look() { wake_->notify(); }
  // Makes a job of each alert, until `stop`. Once, on any lane; costs nothing while there is none.
  base::Task<void> keep_queueing(std::stop_token stop);
  // What there is now. Errors: those of the store.
  base::Task<Result<void>> queue_all(std::stop_token stop);

  // Does such a job. A cap that is gone, or has no webhook any more, has nobody to tell.
  base::Task<JobStep> tell(JobContext context);

 private:
  base::Task<Result<void>> queue(BudgetAlert alert);

  BudgetStore& store_;
  EventFeed& feed_;
  base::Clock& clock_;
  WebhookSender& sender_;
  const CommitRetry retry_;
  std::shared_ptr<base::Signal> wake_ = std::make_shared<base::Signal>();
};

}  // namespace colonnade::core
