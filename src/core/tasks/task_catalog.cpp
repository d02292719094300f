#include "core/tasks/task_catalog.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "core/access/account.hpp"
#include "core/access/operators.hpp"
#include "core/governance/audit.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

namespace {

std::unexpected<base::Error> no_such_task(std::string_view id) {
  return fail(ErrorKind::not_found,
              "there is no task \"" + std::string(base::cut_utf8(id, 64)) + '"');
}

constexpr std::string_view schedule_prefix = "task-";
constexpr std::string_view configured_schedule_prefix = "configured-task-";

// One of the configuration stands before a stored one of the same id; each has its own.
std::string schedule_id_of(const CatalogTask& task) {
  std::string out(task.is_configured ? configured_schedule_prefix : schedule_prefix);
  return out += task.task_id;
}

DocumentPlace place_of_tasks(const Scope& scope) { return {scope, document_collection::task, ""}; }

bool has_schedule(const CatalogTask& task) { return task.trigger == TaskTrigger::schedule; }

AuditEntry task_entry(const CatalogTask& task, const Principal& who, std::string change,
                      base::Time at) {
  return {.kind = std::string(audit_kind::setting),
          .actor = who.user_id,
          .subject = "task " + task.task_id,
          .details = {{"change", std::move(change)}},
          .at = at};
}

}  // namespace

TaskCatalog::TaskCatalog(Dependencies deps, std::vector<CatalogTask> configured)
    : deps_(deps), configured_(std::move(configured)) {
  for (CatalogTask& task : configured_) {
    task.is_configured = true;
    if (task.id.empty()) task.id = task.task_id;
    task.created_at = task.updated_at = deps_.clock.now();
  }
}

Task<Result<void>> TaskCatalog::open() {
  for (const CatalogTask& task : configured_) {
    auto kept = co_await keep_schedule(task);
    if (!kept) {
      kept.error().message = "platos.tasks: " + task.task_id + ": " + kept.error().message;
      co_return kept;
    }
  }
  auto all = co_await deps_.store.documents_of_every_scope(std::string(document_collection::task),
                                                           limits::tasks_at_start_max);
  if (!all) co_return fail(std::move(all.error()));
  std::vector<CatalogTask> there = configured_;
  for (const Document& document : *all) {
    auto task = task_in(document);
    if (task) there.push_back(*task);
    if (!task || !has_schedule(*task)) continue;
    const auto configured = configured_in(task->scope);
    const bool is_hidden =
        std::ranges::find(configured, task->task_id, &CatalogTask::task_id) != configured.end();
    if (is_hidden) task->trigger = TaskTrigger::manual;
    auto kept = co_await keep_schedule(*task);
    // A zone that this machine does not know any more keeps no server from starting.
    if (!kept) {
      base::log::warn("task_not_scheduled",
                      {{"task", task->task_id}, {"error", kept.error().message}});
    }
  }
  // Of a list that may have been cut nobody knows what is not there.
  if (all->size() >= limits::tasks_at_start_max) co_return Result<void>();
  auto removed = co_await remove_left_schedules(std::move(there));
  co_return removed;
}

Task<Result<void>> TaskCatalog::remove_left_schedules(std::vector<CatalogTask> tasks) {
  std::set<std::pair<std::string, std::string>> known;
  for (const CatalogTask& task : tasks) known.emplace(task.scope.key(), schedule_id_of(task));
  for (const std::string_view prefix : {configured_schedule_prefix, schedule_prefix}) {
    EveryScopePage page;
    for (;;) {
      auto found = co_await deps_.schedules.kept(std::string(prefix), page);
      if (!found) co_return fail(std::move(found.error()));
      for (const JobPlace& one : *found) {
        if (known.contains({one.scope.key(), one.id})) continue;
        auto removed = co_await remove_left_schedule(one);
        if (!removed) co_return removed;
      }
      if (found->size() < page.limit) break;
      page = page.after(found->back());
    }
  }
  co_return Result<void>();
}

// Whoever's it was: nobody sees its task any more.
Task<Result<void>> TaskCatalog::remove_left_schedule(JobPlace place) {
  const bool was_configured = place.id.starts_with(configured_schedule_prefix);
  const auto prefix = was_configured ? configured_schedule_prefix : schedule_prefix;
  const std::string task_id = place.id.substr(prefix.size());
  AuditEntry entry{.kind = std::string(audit_kind::setting),
                   .actor = "system",
                   .subject = "task " + task_id,
                   .details = {{"change", "schedule removed"},
                               {"reason", was_configured ? "the task left the configuration"
                                                         : "the task was removed"}},
                   .at = deps_.clock.now()};
  std::vector<Change> also;
  also.emplace_back(AppendAudit{std::move(entry)});
  const Principal server(place.scope, "system", UserRole::operator_role);
  auto removed = co_await deps_.schedules.remove(server, place.id, std::move(also));
  const bool is_gone = removed || removed.error().kind == ErrorKind::not_found;
  if (!is_gone) co_return removed;
  base::log::info("schedule_removed", {{"task", task_id}, {"scope", place.scope.key()}});
  co_return Result<void>();
}

// --- reads --------------------------------------------------------------------------------------

std::vector<CatalogTask> TaskCatalog::configured_in(const Scope& scope) const {
  std::vector<CatalogTask> out;
  std::ranges::copy_if(configured_, std::back_inserter(out),
                       [&](const CatalogTask& task) { return task.scope == scope; });
  return out;
}

Task<Result<std::vector<CatalogTask>>> TaskCatalog::list(Principal who) const {
  std::vector<CatalogTask> out = configured_in(who.scope);
  DocumentPage page{.limit = limits::tasks_per_scope};
  auto documents = co_await deps_.store.documents(place_of_tasks(who.scope), std::move(page));
  if (!documents) co_return fail(std::move(documents.error()));
  for (const Document& document : *documents) {
    auto task = task_in(document);
    const bool is_hidden =
        !task || std::ranges::find(out, task->task_id, &CatalogTask::task_id) != out.end();
    if (!is_hidden) out.push_back(std::move(*task));
  }
  std::ranges::sort(out, {}, &CatalogTask::task_id);
  co_return out;
}

Task<Result<CatalogTask>> TaskCatalog::stored(Scope scope, std::string id) const {
  const std::vector<CatalogTask> configured = configured_in(scope);
  const auto found = std::ranges::find(configured, id, &CatalogTask::task_id);
  if (found != configured.end()) co_return *found;
  auto document = co_await deps_.store.document(place_of_tasks(scope), id);
  if (!document) co_return fail(std::move(document.error()));
  if (*document) {
    auto task = task_in(**document);
    if (task) co_return std::move(*task);
  }
  co_return no_such_task(id);
}

Task<Result<CatalogTask>> TaskCatalog::get(Principal who, std::string id) const {
  auto by_task_id = co_await stored(who.scope, id);
  const bool is_missing = !by_task_id && by_task_id.error().kind == ErrorKind::not_found;
  if (!is_missing) co_return by_task_id;
  auto all = co_await list(std::move(who));
  if (!all) co_return fail(std::move(all.error()));
  const auto found = std::ranges::find(*all, id, &CatalogTask::id);
  if (found == all->end()) co_return no_such_task(id);
  co_return std::move(*found);
}

Task<Result<CatalogTask>> TaskCatalog::active(Scope scope, std::string task_id) const {
  auto task = co_await stored(std::move(scope), task_id);
  if (task && !task->is_active) co_return no_such_task(task_id);
  co_return task;
}

Result<void> TaskCatalog::check_payload(const CatalogTask& task, const Json& payload) const {
  if (task.payload_schema.is_null()) return {};
  const Json nothing = Json::object();
  auto fits = deps_.tools.check_value(task.payload_schema, payload.is_null() ? nothing : payload);
  if (!fits) fits.error().field = "payload";
  return fits;
}

// --- writes -------------------------------------------------------------------------------------

// The schedule of a task that has one; one that was there is not active any more.
Task<Result<void>> TaskCatalog::keep_schedule(CatalogTask task) {
  const std::string id = schedule_id_of(task);
  const JobOwner owner(task.scope, task.created_by.empty() ? "server" : task.created_by);
  if (!has_schedule(task)) {
    const Principal who(task.scope, owner.user_id, UserRole::member);
    auto removed = co_await deps_.schedules.remove(who, id);
    const bool is_gone = removed || removed.error().kind == ErrorKind::not_found;
    if (!is_gone) co_return removed;
    co_return Result<void>();
  }
  NewSchedule wanted{.name = task.task_id,
                     .job = job_template_of(task),
                     .timing = {.kind = JobTimingKind::cron, .text = task.cron, .zone = task.zone},
                     .is_active = task.is_active};
  auto kept = co_await deps_.schedules.keep(owner, id, std::move(wanted));
  if (!kept) co_return fail(std::move(kept.error()));
  co_return Result<void>();
}

Task<Result<CatalogTask>> TaskCatalog::put(Principal who, CatalogTask task, std::string change,
                                           std::string keyed_request_id) {
  const Time now = deps_.clock.now();
  task.updated_at = now;
  if (task.revision == 0) task.created_at = now;
  if (auto fits = check_task(task); !fits) co_return fail(std::move(fits.error()));
  // Before the task: a cron expression that is none refuses it whole.
  auto scheduled = co_await keep_schedule(task);
  if (!scheduled) co_return fail(std::move(scheduled.error()));
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(
      PutDocument{.document = {.scope = task.scope,
                               .collection = std::string(document_collection::task),
                               .key = task.task_id,
                               .text = task_text(task),
                               .changed_by = who.user_id,
                               .created_at = task.created_at,
                               .changed_at = now},
                  .revision_before = task.revision,
                  .documents_max = limits::tasks_per_scope});
  unit.changes.emplace_back(AppendAudit{task_entry(task, who, std::move(change), now)});
  if (!keyed_request_id.empty()) {
    unit.changes.emplace_back(
        LinkKeyedRequest{.id = std::move(keyed_request_id), .object_id = task.task_id});
  }
  auto stored = co_await deps_.feed.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  ++task.revision;
  co_return task;
}

Task<Result<CatalogTask>> TaskCatalog::create(Principal who, CatalogTask task,
                                              std::string keyed_request_id) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  if (auto fits = check_task(task); !fits) co_return fail(std::move(fits.error()));
  auto there = co_await this->stored(who.scope, task.task_id);
  if (there) {
    co_return fail(ErrorKind::conflict, "a task with this id exists in this scope", "taskId");
  }
  if (there.error().kind != ErrorKind::not_found) co_return there;
  task.id = base::new_id(deps_.clock.now());
  task.created_by = who.user_id;
  task.revision = 0;
  auto made = co_await put(std::move(who), std::move(task), "created", std::move(keyed_request_id));
  const bool is_taken = !made && made.error().kind == ErrorKind::conflict;
  if (is_taken) made.error().field = "taskId";
  co_return made;
}

Task<Result<CatalogTask>> TaskCatalog::change(Principal who, std::string id, Alter alter) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  for (int attempt = 1;; ++attempt) {
    auto task = co_await get(who, id);
    if (!task) co_return task;
    if (task->is_configured) {
      co_return fail(ErrorKind::conflict,
                     "the configuration sets this task (platos.tasks); change it there", "taskId");
    }
    if (auto altered = alter(*task); !altered) co_return fail(std::move(altered.error()));
    auto stored = co_await put(who, std::move(*task), "changed");
    const bool overtaken = !stored && stored.error().kind == ErrorKind::conflict &&
                           attempt < limits::change_attempts_max;
    if (!overtaken) co_return stored;
  }
}

Task<Result<void>> TaskCatalog::remove(Principal who, std::string id) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  auto task = co_await get(who, id);
  if (!task) co_return fail(std::move(task.error()));
  if (task->is_configured) {
    co_return fail(ErrorKind::conflict,
                   "the configuration sets this task (platos.tasks); remove it there", "taskId");
  }
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(
      RemoveDocument{.collection = std::string(document_collection::task), .key = task->task_id});
  unit.changes.emplace_back(AppendAudit{task_entry(*task, who, "removed", deps_.clock.now())});
  auto removed = co_await deps_.feed.commit(std::move(unit));
  if (!removed) co_return fail(std::move(removed.error()));
  task->trigger = TaskTrigger::manual;
  auto unscheduled = co_await keep_schedule(std::move(*task));
  co_return unscheduled;
}

}  // namespace colonnade::core
