#include "dialects/platos/bgo.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/access/visibility.hpp"
#include "core/tasks/catalog_task.hpp"
#include "core/tasks/task_status.hpp"
#include "dialects/platos/errors.hpp"
#include "dialects/platos/limits.hpp"
#include "dialects/platos/task_wire.hpp"
#include "dialects/platos/wire_values.hpp"
#include "dialects/row_source.hpp"

namespace colonnade::dialects::platos {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;
using base::Task;
using core::Principal;

namespace {

constexpr int bgo_ok = 200;
constexpr int bgo_created = 201;
constexpr int bgo_no_content = 204;

std::string bgo_id_of(const net::Request& request) { return request.path_parameters.front(); }

std::unexpected<base::Error> nowhere(const char* message) {
  return fail(ErrorKind::not_found, message);
}

// Core's names of what a trigger says, in the wire's words.
struct FieldName {
  std::string_view core;
  std::string_view wire;
};
constexpr std::array bgo_fields{
    FieldName{"idempotency_key", "options.idempotencyKey"},
    FieldName{"idempotency_key_ttl", "options.idempotencyKeyTTL"},
    FieldName{"delay", "options.delay"},
    FieldName{"ttl", "options.ttl"},
    FieldName{"tags", "options.tags"},
    FieldName{"queue", "options.queue"},
    FieldName{"concurrency_key", "options.concurrencyKey"},
    FieldName{"concurrency_limit", "options.queue.concurrencyLimit"},
    FieldName{"max_attempts", "options.maxAttempts"},
    FieldName{"max_duration", "options.maxDuration"},
    FieldName{"priority", "options.priority"},
    FieldName{"metadata", "options.metadata"},
};

// A cron expression or a zone that is none (platos §5.6).
net::Response timing_refusal(const base::Error& error) {
  const bool is_zone = error.field == "timezone";
  net::Response out{.status = 400};
  base::JsonWriter json(out.body);
  json.object().field("statusCode", out.status);
  json.field("message", is_zone ? "Invalid time zone" : "Invalid cron expression");
  json.field("error", "Bad Request");
  json.field("code", is_zone ? "invalid_timezone" : "invalid_cron");
  json.key("validationErrors").array();
  json.value(std::string(is_zone ? "timezone: " : "cron: ") + error.message);
  json.end_array().end_object();
  return out;
}

// What `status` says that the states alone do not.
bool has_status(const core::Job& job, std::string_view status) {
  return status.empty() || core::task_status(job) == status;
}

// Newest first, while they are sent.
class RunRows final : public RowSource {
 public:
  RunRows(BackgroundUse use, Principal who, core::JobFilter filter, std::string status,
          std::size_t rows)
      : RowSource(R"({"runs":[)", "]}", rows),
        use_(use),
        who_(std::move(who)),
        filter_(std::move(filter)),
        status_(std::move(status)) {}

 private:
  Task<Rows> read(std::size_t limit) override {
    std::vector<std::string> rows;
    while (rows.size() < limit && !is_over_) {
      filter_.limit = limit - rows.size();
      auto page = co_await use_.jobs.list(who_, filter_);
      if (!page) co_return fail(std::move(page.error()));
      for (const core::Job& job : page->jobs) {
        if (!core::is_task_run(job) || !has_status(job, status_)) continue;
        auto payload = co_await use_.payloads.payload_of(job);
        if (!payload) co_return fail(std::move(payload.error()));
        rows.push_back(encode_run(job, *payload));
      }
      is_over_ = !page->next_before_no.has_value();
      if (!is_over_) filter_.before_no = *page->next_before_no;
    }
    co_return rows;
  }

  BackgroundUse use_;
  Principal who_;
  core::JobFilter filter_;
  std::string status_;
  bool is_over_ = false;
};

}  // namespace

net::Response task_refusal(const base::Error& error) {
  if (error.field == "timing" || error.field == "timezone") return timing_refusal(error);
  base::Error out = error;
  if (out.field == unsupported_handler_field) {
    out.field = "handler";
    return error_response(out, "handler_unsupported");
  }
  const auto named = std::ranges::find(bgo_fields, out.field, &FieldName::core);
  if (named != bgo_fields.end()) out.field = std::string(named->wire);
  return error_response(out);
}

Attempted task_refused(const base::Error& error) { return dialects::refused(task_refusal(error)); }

Task<net::Reply> BgoResource::do_once(Caller caller, RequestPtr request, Once work) {
  const Principal who = caller.who;
  const auto key = request_key(*request);
  AnswerOnce::Work attempt_once = [this, work, caller = std::move(caller),
                                   request](Attempt attempt) mutable {
    return (this->*work)(std::move(caller), std::move(request), std::move(attempt));
  };
  auto response = co_await answer_once_.run(who, key, std::move(attempt_once));
  if (!response) co_return task_refusal(response.error());
  co_return std::move(*response);
}

// --- tasks --------------------------------------------------------------------------------------

Task<net::Reply> BgoResource::tasks(Caller caller, RequestPtr /*request*/) {
  const auto tasks = co_await use_.tasks.list(std::move(caller.who));
  if (!tasks) co_return task_refusal(tasks.error());
  co_return net::Response{.body = encode_task_rows(*tasks)};
}

// One that the caller may begin: a token of one agent begins what is open to that agent, and asks
// no other by it.
Task<Result<core::CatalogTask>> BgoResource::task_for(const Caller* caller, std::string task_id) {
  auto task = co_await use_.tasks.active(caller->who.scope, std::move(task_id));
  if (!task && task.error().kind == ErrorKind::not_found) co_return nowhere("Task not found");
  if (!task) co_return task;
  if (!caller->agent_id.empty() && !core::may_begin(task->agents, caller->agent_id)) {
    co_return fail(ErrorKind::forbidden,
                   "This token is bound to an agent that may not begin this task.",
                   std::string(agent_binding_field));
  }
  const bool asks_agent = task->handler.kind == core::JobHandlerKind::agent;
  if (asks_agent) {
    if (auto may = check_agent(*caller, task->handler.agent_id); !may) {
      co_return fail(std::move(may.error()));
    }
  }
  co_return task;
}

Task<Result<core::TriggeredJob>> BgoResource::begin(Caller caller, std::string task_id,
                                                    TriggerRequest wanted,
                                                    std::string keyed_request_id) {
  const auto task = co_await task_for(&caller, std::move(task_id));
  if (!task) co_return fail(task.error());
  if (auto fits = use_.tasks.check_payload(*task, wanted.payload); !fits) {
    co_return fail(std::move(fits.error()));
  }
  core::NewJob input{.job = core::job_template_of(*task),
                     .keyed_request_id = std::move(keyed_request_id)};
  if (!wanted.payload.is_null()) input.job.payload = base::to_text(wanted.payload);
  if (auto read = apply_trigger_options(wanted.options, clock_.now(), input); !read) {
    co_return fail(std::move(read.error()));
  }
  auto triggered = co_await use_.jobs.trigger(std::move(caller.who), std::move(input));
  co_return triggered;
}

Task<net::Reply> BgoResource::trigger(Caller caller, RequestPtr request) {
  return do_once(std::move(caller), std::move(request), &BgoResource::trigger_once);
}

Task<Attempted> BgoResource::trigger_once(Caller caller, RequestPtr request, Attempt attempt) {
  std::string id = attempt.object_id;
  bool is_repeat = false;
  if (id.empty()) {
    auto wanted = decode_trigger(request->body);
    if (!wanted) co_return task_refused(wanted.error());
    const auto begun = co_await begin(std::move(caller), bgo_id_of(*request), std::move(*wanted),
                                      std::move(attempt.keyed_request_id));
    if (!begun) co_return task_refused(begun.error());
    id = begun->job.id;
    is_repeat = begun->is_repeat;
  }
  net::Response out{.status = is_repeat ? bgo_ok : bgo_created};
  base::JsonWriter(out.body).object().field("id", id).field("isCached", is_repeat).end_object();
  co_return Attempted{.response = std::move(out)};
}

// --- runs ---------------------------------------------------------------------------------------

Task<net::Reply> BgoResource::runs(Caller caller, RequestPtr request) {
  const auto rows =
      query_number(*request, "limit", limits::platos_runs_default, limits::platos_runs_max);
  if (!rows) co_return error_response(rows.error());
  core::JobFilter filter{.task = request->query_parameter("taskId").value_or("")};
  std::string status = request->query_parameter("status").value_or("");
  if (!status.empty()) {
    auto states = core::states_of_task_status(status);
    if (!states) {
      const base::Error wrong{.kind = ErrorKind::invalid,
                              .message =
                                  "status must be one such as QUEUED, EXECUTING, COMPLETED "
                                  "or FAILED",
                              .field = "status"};
      co_return error_response(wrong);
    }
    if (states->empty()) co_return net::Response{.body = R"({"runs":[]})"};
    filter.states = std::move(*states);
  }
  co_return net::Response{.source = std::make_shared<RunRows>(use_, std::move(caller.who),
                                                              std::move(filter), std::move(status),
                                                              *rows)};
}

Task<Result<core::Job>> BgoResource::run_of(Principal who, std::string id) {
  auto job = co_await use_.jobs.get(std::move(who), std::move(id));
  const bool is_missing = job ? !core::is_task_run(*job) : job.error().kind == ErrorKind::not_found;
  if (is_missing) co_return nowhere("Run not found");
  co_return job;
}

Task<net::Reply> BgoResource::run(Caller caller, RequestPtr request) {
  const auto job = co_await run_of(std::move(caller.who), bgo_id_of(*request));
  if (!job) co_return task_refusal(job.error());
  const auto payload = co_await use_.payloads.payload_of(*job);
  if (!payload) co_return task_refusal(payload.error());
  co_return net::Response{.body = encode_run(*job, *payload)};
}

Task<net::Reply> BgoResource::cancel(Caller caller, RequestPtr request) {
  const auto before = co_await run_of(caller.who, bgo_id_of(*request));
  if (!before) co_return task_refusal(before.error());
  const auto job = co_await use_.jobs.cancel(std::move(caller.who), before->id);
  if (!job) co_return task_refusal(job.error());
  const bool had_ended = core::is_terminal(before->state);
  net::Response out{.status = had_ended ? bgo_ok : bgo_created};
  base::JsonWriter(out.body)
      .object()
      .field("id", job->id)
      .field("status", core::task_status(*job))
      .end_object();
  co_return out;
}

Task<net::Reply> BgoResource::replay(Caller caller, RequestPtr request) {
  return do_once(std::move(caller), std::move(request), &BgoResource::replay_once);
}

Task<Attempted> BgoResource::replay_once(Caller caller, RequestPtr request, Attempt attempt) {
  std::string id = attempt.object_id;
  if (id.empty()) {
    const auto before = co_await run_of(caller.who, bgo_id_of(*request));
    if (!before) co_return task_refused(before.error());
    const auto task = co_await task_for(&caller, before->task);
    if (!task) co_return task_refused(task.error());
    const auto job = co_await use_.jobs.replay(std::move(caller.who), before->id,
                                               std::move(attempt.keyed_request_id));
    if (!job) co_return task_refused(job.error());
    id = job->id;
  }
  net::Response out{.status = bgo_created};
  base::JsonWriter(out.body).object().field("id", id).end_object();
  co_return Attempted{.response = std::move(out)};
}

// --- schedules ----------------------------------------------------------------------------------

std::string BgoResource::encoded(const core::JobSchedule& schedule) const {
  return encode_schedule(schedule, use_.due_times.describe(schedule.timing));
}

Task<net::Reply> BgoResource::schedules(Caller caller, RequestPtr /*request*/) {
  net::Response out;
  out.body = R"({"schedules":[)";
  core::ScheduleFilter filter;
  bool is_first = true;
  // An account has limits::schedules_per_account of them.
  for (;;) {
    auto page = co_await use_.schedules.list(caller.who, filter);
    if (!page) co_return task_refusal(page.error());
    if (page->empty()) break;
    filter.after_id = page->back().id;
    for (const core::JobSchedule& schedule : *page) {
      if (schedule.job.work.name != core::task_work_name) continue;
      if (!is_first) out.body += ',';
      is_first = false;
      out.body += encoded(schedule);
    }
  }
  out.body += "]}";
  co_return out;
}

Task<net::Reply> BgoResource::create_schedule(Caller caller, RequestPtr request) {
  return do_once(std::move(caller), std::move(request), &BgoResource::create_schedule_once);
}

Task<Attempted> BgoResource::create_schedule_once(Caller caller, RequestPtr request,
                                                  Attempt attempt) {
  if (!attempt.object_id.empty()) {
    const auto there = co_await schedule_of(std::move(caller.who), attempt.object_id);
    if (!there) co_return task_refused(there.error());
    co_return Attempted{.response = {.status = bgo_created, .body = encoded(*there)}};
  }
  auto wanted = decode_schedule(request->body);
  if (!wanted) co_return task_refused(wanted.error());
  const auto task = co_await task_for(&caller, wanted->task_id);
  if (!task) co_return task_refused(task.error());
  core::NewSchedule input{.name = task->task_id,
                          .job = core::job_template_of(*task),
                          .timing = {.kind = core::JobTimingKind::cron,
                                     .text = std::move(wanted->cron),
                                     .zone = std::move(wanted->zone)},
                          .keyed_request_id = std::move(attempt.keyed_request_id)};
  if (!wanted->payload.is_null()) {
    if (auto fits = use_.tasks.check_payload(*task, wanted->payload); !fits) {
      co_return task_refused(fits.error());
    }
    input.job.payload = base::to_text(wanted->payload);
  }
  const auto made = co_await use_.schedules.create(std::move(caller.who), std::move(input));
  if (!made) co_return task_refused(made.error());
  co_return Attempted{.response = {.status = bgo_created, .body = encoded(*made)}};
}

Task<Result<core::JobSchedule>> BgoResource::schedule_of(Principal who, std::string id) {
  auto found = co_await use_.schedules.get(std::move(who), std::move(id));
  const bool is_missing = found ? found->job.work.name != core::task_work_name
                                : found.error().kind == ErrorKind::not_found;
  if (is_missing) co_return nowhere("Schedule not found");
  co_return found;
}

Task<net::Reply> BgoResource::set_active(Caller caller, RequestPtr request, bool is_active) {
  const auto found = co_await schedule_of(caller.who, bgo_id_of(*request));
  if (!found) co_return task_refusal(found.error());
  const auto set = co_await use_.schedules.set_active(std::move(caller.who), found->id, is_active);
  if (!set) co_return task_refusal(set.error());
  co_return net::Response{.status = bgo_created, .body = encoded(*set)};
}

Task<net::Reply> BgoResource::activate(Caller caller, RequestPtr request) {
  return set_active(std::move(caller), std::move(request), true);
}

Task<net::Reply> BgoResource::deactivate(Caller caller, RequestPtr request) {
  return set_active(std::move(caller), std::move(request), false);
}

Task<net::Reply> BgoResource::remove_schedule(Caller caller, RequestPtr request) {
  const auto found = co_await schedule_of(caller.who, bgo_id_of(*request));
  if (!found) co_return task_refusal(found.error());
  const auto removed = co_await use_.schedules.remove(std::move(caller.who), found->id);
  if (!removed) co_return task_refusal(removed.error());
  co_return net::Response{.status = bgo_no_content};
}

// --- batches ------------------------------------------------------------------------------------

namespace {

Attempted batch_begun(const std::string& id, const std::vector<std::string>& runs, int status) {
  net::Response out{.status = status};
  base::JsonWriter json(out.body);
  json.object().field("batchId", id).key("runIds").array();
  for (const std::string& run : runs) json.value(run);
  json.end_array().end_object();
  return {.response = std::move(out)};
}

}  // namespace

Task<net::Reply> BgoResource::trigger_batch(Caller caller, RequestPtr request) {
  return do_once(std::move(caller), std::move(request), &BgoResource::trigger_batch_once);
}

Task<Attempted> BgoResource::trigger_batch_once(Caller caller, RequestPtr request,
                                                Attempt attempt) {
  if (!attempt.object_id.empty()) {
    const auto runs = co_await use_.jobs.batch_jobs(std::move(caller.who), attempt.object_id);
    if (!runs) co_return task_refused(runs.error());
    co_return batch_begun(attempt.object_id, *runs, bgo_created);
  }
  auto wanted = decode_batch(request->body);
  if (!wanted) co_return task_refused(wanted.error());
  const auto task = co_await task_for(&caller, bgo_id_of(*request));
  if (!task) co_return task_refused(task.error());
  std::vector<std::string> payloads;
  for (std::size_t i = 0; i < wanted->payloads.size(); ++i) {
    const Json& payload = wanted->payloads[i];
    if (auto fits = use_.tasks.check_payload(*task, payload); !fits) {
      fits.error().field = "payloads[" + std::to_string(i) + "]";
      co_return task_refused(fits.error());
    }
    payloads.push_back(payload.is_null() ? std::string() : base::to_text(payload));
  }
  core::NewJob input{.job = core::job_template_of(*task),
                     .keyed_request_id = std::move(attempt.keyed_request_id)};
  // Batches have a queue of their own, so that they hold up nobody's single run.
  input.job.queue.name = task->task_id + " batches";
  input.job.queue.running_max =
      std::min(input.job.queue.running_max, limits::platos_batch_running_max);
  if (auto read = apply_trigger_options(wanted->options, clock_.now(), input); !read) {
    co_return task_refused(read.error());
  }
  const auto made = co_await use_.jobs.trigger_batch(std::move(caller.who), std::move(input),
                                                     std::move(payloads));
  if (!made) co_return task_refused(made.error());
  co_return batch_begun(made->batch.id, made->jobs, made->is_repeat ? bgo_ok : bgo_created);
}

Task<net::Reply> BgoResource::batch(Caller caller, RequestPtr request) {
  const std::string id = bgo_id_of(*request);
  const auto batch = co_await use_.jobs.batch(caller.who, id);
  if (!batch && batch.error().kind == ErrorKind::not_found) {
    co_return task_refusal(nowhere("Batch not found").error());
  }
  if (!batch) co_return task_refusal(batch.error());
  const auto jobs = co_await use_.jobs.batch_jobs(std::move(caller.who), id);
  if (!jobs) co_return task_refusal(jobs.error());
  co_return net::Response{.body = encode_batch(*batch, *jobs)};
}

}  // namespace colonnade::dialects::platos
