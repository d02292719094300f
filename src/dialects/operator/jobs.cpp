#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "dialects/operator/errors.hpp"
#include "dialects/operator/limits.hpp"
#include "dialects/operator/resources.hpp"

namespace colonnade::dialects::operators {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

void write_time(base::JsonWriter& json, std::string_view name,
                const std::optional<base::Time>& time) {
  json.key(name);
  if (time) {
    json.value(base::to_rfc3339(*time));
  } else {
    json.null();
  }
}

// Texts of jobs are JSON already.
void write_job_text(base::JsonWriter& json, std::string_view name, const std::string& text) {
  json.key(name);
  if (text.empty()) {
    json.null();
  } else {
    json.raw(text);
  }
}

void write_job(base::JsonWriter& json, const core::Job& job, bool is_whole) {
  json.object().field("id", job.id).field("task", job.task);
  json.field("user", job.owner.user_id).field("kind", core::to_string(job.work.kind));
  json.field("state", core::to_string(job.state));
  json.field("attempts", job.attempts.made).field("attempts_max", job.attempts.max);
  write_time(json, "created_at", job.created_at);
  write_time(json, "run_at", job.run_at);
  write_time(json, "started_at", job.started_at);
  write_time(json, "finished_at", job.finished_at);
  json.field("waits_for", job.waits_for);
  json.field("failure", core::to_string(job.error.failure)).field("error", job.error.message);
  if (is_whole) {
    json.field("queue", job.queue.name).field("schedule", job.origin.schedule_id);
    json.field("batch", job.origin.batch_id).field("replay_of", job.origin.replay_of);
    write_job_text(json, "payload", job.payload);
    write_job_text(json, "metadata", job.metadata);
    write_job_text(json, "progress", job.progress);
    write_job_text(json, "output", job.output);
  }
  json.end_object();
}

std::string encode_job(const core::Job& job) {
  std::string out;
  base::JsonWriter json(out);
  write_job(json, job, true);
  return out;
}

Result<core::JobFilter> decode_job_filter(const net::Request& request) {
  core::JobFilter out{.task = request.query_parameter("task").value_or("")};
  const std::string state = request.query_parameter("state").value_or("");
  if (!state.empty()) {
    const auto known = core::job_state_from(state);
    if (!known) {
      return fail(ErrorKind::invalid,
                  "state must be one of delayed, queued, running, waiting, done, failed, cancelled",
                  "state");
    }
    out.states = {*known};
  }
  const std::string limit = request.query_parameter("limit").value_or("");
  if (!limit.empty()) {
    std::size_t rows = 0;
    const char* end = limit.data() + limit.size();
    const auto [at, error] = std::from_chars(limit.data(), end, rows);
    if (error != std::errc() || at != end || rows < 1 || rows > limits::page_rows_max) {
      return fail(ErrorKind::invalid,
                  "limit must be from 1 to " + std::to_string(limits::page_rows_max), "limit");
    }
    out.limit = rows;
  }
  return out;
}

}  // namespace

base::Task<net::Reply> JobResource::list(Principal who, RequestPtr request) {
  auto there = looking_where_asked(std::move(who), *request);
  if (!there) co_return error_response(there.error());
  auto filter = decode_job_filter(*request);
  if (!filter) co_return error_response(filter.error());
  const auto page = co_await jobs_.list(std::move(*there), std::move(*filter));
  if (!page) co_return error_response(page.error());
  std::string out;
  base::JsonWriter json(out);
  json.object().key("jobs").array();
  for (const core::Job& job : page->jobs) write_job(json, job, false);
  json.end_array().end_object();
  co_return unstored(std::move(out));
}

base::Task<net::Reply> JobResource::get(Principal who, RequestPtr request) {
  auto there = looking_where_asked(std::move(who), *request);
  if (!there) co_return error_response(there.error());
  const auto job = co_await jobs_.get(std::move(*there), request->path_parameters.front());
  if (!job) co_return error_response(job.error());
  co_return unstored(encode_job(*job));
}

base::Task<net::Reply> JobResource::cancel(Principal who, RequestPtr request) {
  auto there = looking_where_asked(std::move(who), *request);
  if (!there) co_return error_response(there.error());
  std::string reason = "cancelled by " + there->user_id;
  const auto job =
      co_await jobs_.cancel(std::move(*there), request->path_parameters.front(), std::move(reason));
  if (!job) co_return error_response(job.error());
  co_return unstored(encode_job(*job));
}

base::Task<net::Reply> JobResource::replay(Principal who, RequestPtr request) {
  auto there = looking_where_asked(std::move(who), *request);
  if (!there) co_return error_response(there.error());
  const auto job = co_await jobs_.replay(std::move(*there), request->path_parameters.front());
  if (!job) co_return error_response(job.error());
  co_return unstored(encode_job(*job));
}

base::Task<net::Reply> JobResource::tasks(Principal who, RequestPtr request) {
  auto there = looking_where_asked(std::move(who), *request);
  if (!there) co_return error_response(there.error());
  const auto tasks = co_await tasks_.list(std::move(*there));
  if (!tasks) co_return error_response(tasks.error());
  std::string out;
  base::JsonWriter json(out);
  json.object().key("tasks").array();
  for (const core::CatalogTask& task : *tasks) {
    json.object().field("task_id", task.task_id).field("name", task.name);
    json.field("description", task.description);
    json.field("trigger", core::to_string(task.trigger)).field("cron", task.cron);
    json.field("timezone", task.zone).field("active", task.is_active);
    json.field("configured", task.is_configured);
    json.field("handler", core::to_string(task.handler.kind));
    const bool is_agent = task.handler.kind == core::JobHandlerKind::agent;
    json.field("works_with", is_agent ? task.handler.agent_id : task.handler.tool).end_object();
  }
  json.end_array().end_object();
  co_return unstored(std::move(out));
}

}  // namespace colonnade::dialects::operators
