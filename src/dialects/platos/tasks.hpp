// The catalog of tasks, /api/v1/agent/platos-tasks: operators' (platos §2.6).
#pragma once

#include "base/task.hpp"
#include "core/tasks/task_catalog.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/platos/access.hpp"
#include "dialects/platos/bgo.hpp"
#include "dialects/platos/caller.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::platos {

// Thread-safe; what it is made of must outlive it.
class TaskResource {
 public:
  TaskResource(core::TaskCatalog& tasks, BgoResource& bgo, AnswerOnce& answer_once)
      : tasks_(tasks), bgo_(bgo), answer_once_(answer_once) {}

  base::Task<net::Reply> list(Caller caller, RequestPtr request);    // → {tasks}
  base::Task<net::Reply> create(Caller caller, RequestPtr request);  // → {task}
  base::Task<net::Reply> get(Caller caller, RequestPtr request);     // → {task}
  base::Task<net::Reply> update(Caller caller, RequestPtr request);  // → {task}
  base::Task<net::Reply> remove(Caller caller, RequestPtr request);  // → {deleted:true}
  // {payload} → {queued:true, runId, taskId}
  base::Task<net::Reply> run(Caller caller, RequestPtr request);

 private:
  base::Task<Attempted> create_once(core::Principal who, RequestPtr request, Attempt attempt);
  base::Task<Attempted> run_once(Caller caller, RequestPtr request, Attempt attempt);

  core::TaskCatalog& tasks_;
  BgoResource& bgo_;
  AnswerOnce& answer_once_;
};

}  // namespace colonnade::dialects::platos
