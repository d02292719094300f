// Background operations, /api/v1/agent/trigger: what clients know as `bgo` and `trigger` (platos
// §2.6, §5.6). Runs are jobs of tasks; a caller sees its own, an operator those of the scope.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/jobs/due_times.hpp"
#include "core/jobs/job_schedules.hpp"
#include "core/jobs/jobs.hpp"
#include "core/tasks/task_catalog.hpp"
#include "core/tasks/task_payload.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/platos/access.hpp"
#include "dialects/platos/bgo_wire.hpp"
#include "dialects/platos/caller.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::platos {

// The use cases of background operations. All must outlive who uses them.
struct BackgroundUse {
  core::TaskCatalog& tasks;
  core::TaskPayloads& payloads;
  core::Jobs& jobs;
  core::JobSchedules& schedules;
  const core::DueTimes& due_times;
};

// An error about a task, a run, a schedule or a batch, as the wire has it.
net::Response task_refusal(const base::Error& error);
// The end of an attempt that had no effect.
Attempted task_refused(const base::Error& error);

// Thread-safe.
class BgoResource {
 public:
  BgoResource(BackgroundUse use, AnswerOnce& answer_once, base::Clock& clock)
      : use_(use), answer_once_(answer_once), clock_(clock) {}

  base::Task<net::Reply> tasks(Caller caller, RequestPtr request);
  base::Task<net::Reply> trigger(Caller caller, RequestPtr request);
  base::Task<net::Reply> runs(Caller caller, RequestPtr request);
  base::Task<net::Reply> run(Caller caller, RequestPtr request);
  base::Task<net::Reply> cancel(Caller caller, RequestPtr request);
  base::Task<net::Reply> replay(Caller caller, RequestPtr request);
  base::Task<net::Reply> schedules(Caller caller, RequestPtr request);
  base::Task<net::Reply> create_schedule(Caller caller, RequestPtr request);
  base::Task<net::Reply> activate(Caller caller, RequestPtr request);
  base::Task<net::Reply> deactivate(Caller caller, RequestPtr request);
  base::Task<net::Reply> remove_schedule(Caller caller, RequestPtr request);
  base::Task<net::Reply> trigger_batch(Caller caller, RequestPtr request);
  base::Task<net::Reply> batch(Caller caller, RequestPtr request);

  // A run of the task, for other routes of the dialect. Errors: not_found, forbidden for a caller
  // that is bound to another agent, invalid for the payload and the options, core::Jobs::trigger's.
  base::Task<base::Result<core::TriggeredJob>> begin(Caller caller, std::string task_id,
                                                     TriggerRequest wanted,
                                                     std::string keyed_request_id);

 private:
  using Once = base::Task<Attempted> (BgoResource::*)(Caller, RequestPtr, Attempt);
  // Once for each Idempotency-Key.
  base::Task<net::Reply> do_once(Caller caller, RequestPtr request, Once work);
  base::Task<Attempted> trigger_once(Caller caller, RequestPtr request, Attempt attempt);
  base::Task<Attempted> replay_once(Caller caller, RequestPtr request, Attempt attempt);
  base::Task<Attempted> create_schedule_once(Caller caller, RequestPtr request, Attempt attempt);
  base::Task<Attempted> trigger_batch_once(Caller caller, RequestPtr request, Attempt attempt);
  base::Task<base::Result<core::CatalogTask>> task_for(const Caller* caller, std::string task_id);
  base::Task<base::Result<core::Job>> run_of(core::Principal who, std::string id);
  base::Task<base::Result<core::JobSchedule>> schedule_of(core::Principal who, std::string id);
  base::Task<net::Reply> set_active(Caller caller, RequestPtr request, bool is_active);
  std::string encoded(const core::JobSchedule& schedule) const;

  BackgroundUse use_;
  AnswerOnce& answer_once_;
  base::Clock& clock_;
};

}  // namespace colonnade::dialects::platos
