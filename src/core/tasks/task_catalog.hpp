// The catalog of tasks: what operators may do with it, and how users begin what it holds.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/documents/document_store.hpp"
#include "core/events/event_feed.hpp"
#include "core/jobs/job_schedules.hpp"
#include "core/jobs/jobs.hpp"
#include "core/tasks/catalog_task.hpp"
#include "core/tools/tool_runner.hpp"

namespace colonnade::core {

// Thread-safe.
class TaskCatalog {
 public:
  struct Dependencies {
    DocumentStore& store;
    EventFeed& feed;
    Jobs& jobs;
    JobSchedules& schedules;
    const ToolRunner& tools;  // says whether a value fits a schema
    base::Clock& clock;
  };
  // All must outlive it. `configured` were checked.
  TaskCatalog(Dependencies deps, std::vector<CatalogTask> configured);

  // At the start: every task that has a schedule has it, and no schedule is left of a task that is
  // gone: it has left the configuration, or the server died while it was removed. Errors: the
  // store's, and a cron or zone of the configuration that is none.
  base::Task<Result<void>> open();

  // Of the caller's scope, by their ids; the configured ones too.
  base::Task<Result<std::vector<CatalogTask>>> list(Principal who) const;
  // By the id of the task or of its row. not_found.
  base::Task<Result<CatalogTask>> get(Principal who, std::string id) const;
  // The scope's task of that id, when it is active; not_found.
  base::Task<Result<CatalogTask>> active(Scope scope, std::string task_id) const;

  // Operators'. `task.scope` is the caller's. Errors: forbidden; check_task()'s; those of
  // JobSchedules with the fields "timing" and "timezone"; conflict with the field "taskId" when it
  // is taken; too_large beyond limits::tasks_per_scope.
  // Linked to `keyed_request_id`, unless that is "".
  base::Task<Result<CatalogTask>> create(Principal who, CatalogTask task,
                                         std::string keyed_request_id = {});
  // `alter` may be called more than once, each time with the task as it is then. Errors also:
  // not_found; conflict for one that the configuration sets.
  using Alter = std::function<Result<void>(CatalogTask&)>;
  base::Task<Result<CatalogTask>> change(Principal who, std::string id, Alter alter);
  // Its jobs stay; those that wait will fail. Errors: forbidden, not_found, conflict.
  base::Task<Result<void>> remove(Principal who, std::string id);

  // Whether a run may be given that; no payload at all is judged as {}. Errors: invalid with the
  // field "payload".
  Result<void> check_payload(const CatalogTask& task, const base::Json& payload) const;

 private:
  std::vector<CatalogTask> configured_in(const Scope& scope) const;
  base::Task<Result<CatalogTask>> stored(Scope scope, std::string id) const;
  base::Task<Result<CatalogTask>> put(Principal who, CatalogTask task, std::string change,
                                      std::string keyed_request_id = {});
  base::Task<Result<void>> keep_schedule(CatalogTask task);
  base::Task<Result<void>> remove_left_schedules(std::vector<CatalogTask> tasks);
  base::Task<Result<void>> remove_left_schedule(JobPlace place);

  Dependencies deps_;
  std::vector<CatalogTask> configured_;
};

}  // namespace colonnade::core
