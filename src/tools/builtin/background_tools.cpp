#include "tools/builtin/background_tools.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/jobs/limits.hpp"
#include "core/tasks/background_tools.hpp"
#include "core/tasks/limits.hpp"
#include "core/tasks/task_status.hpp"
#include "tools/builtin/limits.hpp"

namespace colonnade::tools {
namespace {

using base::Json;

class BackgroundTool : public Tool {
 public:
  const core::ToolDefinition& definition() const override { return definition_; }
  Effect effect() const override { return effect_; }
  bool is_for(const core::Agent& agent) const override {
    return core::has_background_tool(agent, definition_.name);
  }

 protected:
  BackgroundTool(core::SpawnedRuns& runs, Effect effect, core::ToolDefinition definition)
      : runs_(runs), effect_(effect), definition_(std::move(definition)) {}

  core::SpawnedRuns& runs_;

 private:
  Effect effect_;
  core::ToolDefinition definition_;
};

core::SpawningTurn turn_of(const ToolContext& context) {
  return {.scope = context.scope,
          .user_id = context.user_id,
          .agent_id = context.agent_id,
          .run_id = context.run_id};
}

// --- schemas ------------------------------------------------------------------------------------

Json text_of(const char* description, std::size_t length_max = 255) {
  return {{"type", "string"},
          {"minLength", 1},
          {"maxLength", length_max},
          {"description", description}};
}

Json number_of(const char* description, std::int64_t from, std::int64_t to) {
  return {{"type", "integer"}, {"minimum", from}, {"maximum", to}, {"description", description}};
}

Json task_schema() {
  return text_of("Which task, by its id; list_bgos says which there are.",
                 limits::task_id_bytes_max);
}

Json run_schema() { return text_of("Of the run, as the tool that began it has said."); }

Json payload_schema() {
  return {{"type", "object"},
          {"description", "What the run is given; the task says what it takes."}};
}

Json input_schema(Json properties, Json required) {
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}

// --- results ------------------------------------------------------------------------------------

core::ToolOutcome told(const Json& result) { return {.content = base::to_text(result)}; }

core::ToolOutcome not_done(const base::Error& error) {
  const Json result = {{"status", "failed"}, {"error", error.message}};
  return {.content = base::to_text(result), .is_error = true};
}

// ISO 8601 with milliseconds, as everywhere in the contract.
Json time_or_null(const std::optional<base::Time>& time) {
  if (!time) return nullptr;
  constexpr std::size_t up_to_milliseconds = 23;  // 2026-05-12T09:00:04.120
  return base::to_rfc3339(*time).substr(0, up_to_milliseconds) + "Z";
}

// JSON that the server has kept as text; null for none.
Json kept_value(const std::string& text) {
  auto value = base::parse_json(text, "output");
  return value ? std::move(*value) : Json();
}

Json error_or_null(const core::Job& job) {
  return job.state == core::JobState::failed ? Json(job.error.message) : Json();
}

Json run_row(const core::Job& job) {
  return {{"id", job.id},
          {"taskIdentifier", job.task},
          {"status", core::task_status(job)},
          {"startedAt", time_or_null(job.started_at)},
          {"completedAt", time_or_null(job.finished_at)}};
}

// What a model is shown of an output: all of it, or what there is room for as a text.
void add_output(Json& result, const std::string& output) {
  const bool fits = output.size() <= limits::run_output_bytes_shown;
  result["output"] = fits ? kept_value(output) : Json();
  if (!fits) result["outputLeftOut"] = "it has " + std::to_string(output.size()) + " bytes";
}

// --- beginning ----------------------------------------------------------------------------------

class SpawnBgo final : public BackgroundTool {
 public:
  explicit SpawnBgo(core::SpawnedRuns& runs)
      // What the run does is judged call by call.
      : BackgroundTool(
            runs, Effect::own_thread,
            {.name = std::string(core::spawn_run_tool),
             .description =
                 "Begins a background run of a task and answers at once with its id. The "
                 "run goes on when this turn has ended. wait_for_runs waits for it, "
                 "get_run_details says what came of it.",
             .input_schema = input_schema(
                 {{"taskId", task_schema()},
                  {"payload", payload_schema()},
                  {"instruction", text_of("What it is to do, put into the payload under that name.",
                                          limits::sub_agent_task_characters_max)},
                  {"metadata",
                   {{"type", "object"},
                    {"description", "Anything to keep with the run; it is shown with its state."}}},
                  {"timeout", number_of("Seconds that one attempt may take; no more than the task "
                                        "allows.",
                                        1, std::chrono::seconds(limits::task_time_max).count())}},
                 {"taskId"})}) {}

  base::Task<core::ToolOutcome> run(ToolContext context, Json arguments, std::stop_token) override {
    core::NewSpawnedRun input{.task_id = arguments.at("taskId").get<std::string>(),
                              .payload = arguments.value("payload", Json()),
                              .metadata = arguments.value("metadata", Json())};
    if (const auto said = arguments.find("instruction"); said != arguments.end()) {
      if (input.payload.is_null()) input.payload = Json::object();
      input.payload["instruction"] = *said;
    }
    if (const auto said = arguments.find("timeout"); said != arguments.end()) {
      input.time_max = std::chrono::seconds(said->get<std::int64_t>());
    }
    const auto job = co_await runs_.spawn(turn_of(context), std::move(input));
    if (!job) co_return not_spawned(job.error());
    co_return told({{"spawned", true},
                    {"durable", true},
                    {"runId", job->id},
                    {"bgo_id", job->id},
                    {"task_id", job->task},
                    {"taskId", job->task},
                    {"message", "The run was begun; this conversation hears how it gets on."}});
  }

 private:
  static core::ToolOutcome not_spawned(const base::Error& error) {
    const bool is_cap = error.kind == base::ErrorKind::rate_limited && error.field == "run";
    const Json result = {{"spawned", false},
                         {"error", is_cap ? "bgo_cap_exceeded" : "not_spawned"},
                         {"message", error.message}};
    return {.content = base::to_text(result), .is_error = true};
  }
};

class SpawnBatch final : public BackgroundTool {
 public:
  explicit SpawnBatch(core::SpawnedRuns& runs)
      : BackgroundTool(
            runs, Effect::own_thread,
            {.name = std::string(core::spawn_batch_tool),
             .description =
                 "Begins one background run of a task for each payload, all or none, and "
                 "answers at once with their ids.",
             .input_schema = input_schema({{"taskId", task_schema()},
                                           {"payloads",
                                            {{"type", "array"},
                                             {"minItems", 1},
                                             {"maxItems", limits::jobs_spawned_per_run},
                                             {"items", payload_schema()}}}},
                                          {"taskId", "payloads"})}) {}

  base::Task<core::ToolOutcome> run(ToolContext context, Json arguments, std::stop_token) override {
    auto payloads = arguments.at("payloads").get<std::vector<Json>>();
    auto task_id = arguments.at("taskId").get<std::string>();
    const auto batch =
        co_await runs_.spawn_batch(turn_of(context), std::move(task_id), std::move(payloads));
    if (!batch) co_return not_done(batch.error());
    Json rows = Json::array();
    for (const std::string& id : batch->jobs) {
      rows.push_back({{"id", id}, {"taskIdentifier", batch->batch.task}});
    }
    co_return told(
        {{"status", "triggered"}, {"batchId", batch->batch.id}, {"runs", std::move(rows)}});
  }
};

class CreateSchedule final : public BackgroundTool {
 public:
  explicit CreateSchedule(core::SpawnedRuns& runs)
      : BackgroundTool(
            runs, Effect::changes,
            {.name = std::string(core::create_schedule_tool),
             .description = "Makes a schedule by which a task runs in the background from now on, "
                            "until somebody removes it.",
             .input_schema = input_schema(
                 {{"taskId", task_schema()},
                  {"cron", text_of("Five fields: minute, hour, day of the month, month, weekday.")},
                  {"payload", payload_schema()},
                  {"timezone", text_of("IANA name, such as Europe/Paris; UTC when absent.")}},
                 {"taskId", "cron"})}) {}

  base::Task<core::ToolOutcome> run(ToolContext context, Json arguments, std::stop_token) override {
    core::NewSpawnedSchedule input{.task_id = arguments.at("taskId").get<std::string>(),
                                   .cron = arguments.at("cron").get<std::string>(),
                                   .zone = arguments.value("timezone", "UTC"),
                                   .payload = arguments.value("payload", Json())};
    const auto made = co_await runs_.schedule(turn_of(context), std::move(input));
    if (!made) co_return not_done(made.error());
    co_return told({{"status", "created"},
                    {"scheduleId", made->id},
                    {"nextRun", time_or_null(made->next_due_at)}});
  }
};

// --- looking ------------------------------------------------------------------------------------

class WaitForRuns final : public BackgroundTool {
 public:
  explicit WaitForRuns(core::SpawnedRuns& runs)
      : BackgroundTool(
            runs, Effect::none,
            {.name = std::string(core::wait_for_runs_tool),
             .description = "Waits until runs that this conversation has begun have ended, and "
                            "answers with what came of them; when the time is over, also with "
                            "those that are still pending.",
             .input_schema = input_schema(
                 {{"runIds",
                   {{"type", "array"},
                    {"minItems", 1},
                    {"maxItems", limits::awaited_runs_max},
                    {"items", run_schema()}}},
                  {"timeoutSeconds",
                   number_of("300 when absent.", wait_least.count(), wait_most.count())}},
                 {"runIds"})}) {}

  base::Task<core::ToolOutcome> run(ToolContext context, Json arguments,
                                    std::stop_token stop) override {
    auto ids = arguments.at("runIds").get<std::vector<std::string>>();
    const std::chrono::seconds time_max(
        arguments.value("timeoutSeconds", std::int64_t{wait_default.count()}));
    const auto awaited = co_await runs_.wait(turn_of(context), std::move(ids), time_max,
                                             context.lane, std::move(stop));
    if (!awaited) co_return not_done(awaited.error());
    Json settled = Json::object();
    for (const core::EndedRun& one : awaited->ended) settled[one.job.id] = settled_row(one);
    co_return told({{"status", awaited->pending.empty() ? "completed" : "timeout"},
                    {"settled", std::move(settled)},
                    {"stillPending", awaited->pending}});
  }

 private:
  static constexpr std::chrono::seconds wait_least{5};
  static constexpr std::chrono::seconds wait_most{3600};
  static constexpr std::chrono::seconds wait_default{300};

  static Json settled_row(const core::EndedRun& one) {
    Json out = {{"status", core::task_status(one.job)}, {"output", kept_value(one.job.output)}};
    if (one.output_left_out) out["outputLeftOut"] = "get_run_details has it";
    if (one.job.state == core::JobState::failed) out["error"] = one.job.error.message;
    return out;
  }
};

class GetRunDetails final : public BackgroundTool {
 public:
  explicit GetRunDetails(core::SpawnedRuns& runs)
      : BackgroundTool(runs, Effect::none,
                       {.name = std::string(core::get_run_tool),
                        .description = "Says how a background run stands and what came of it.",
                        .input_schema = input_schema({{"runId", run_schema()}}, {"runId"})}) {}

  base::Task<core::ToolOutcome> run(ToolContext context, Json arguments, std::stop_token) override {
    auto id = arguments.at("runId").get<std::string>();
    const auto job = co_await runs_.get(turn_of(context), std::move(id));
    if (!job) co_return not_done(job.error());
    Json out = run_row(*job);
    add_output(out, job->output);
    out["error"] = error_or_null(*job);
    out["tags"] = job->tags;
    out["metadata"] = kept_value(job->metadata);
    co_return told(out);
  }
};

class ListBgos final : public BackgroundTool {
 public:
  explicit ListBgos(core::SpawnedRuns& runs)
      : BackgroundTool(
            runs, Effect::none,
            {.name = std::string(core::list_tasks_tool),
             .description = "Lists the tasks of which you may begin background runs.",
             .input_schema = input_schema(
                 {{"filter", text_of("Part of the id, the name or the description.")},
                  {"limit", number_of("25 when absent.", 1, limits::background_rows_max)}},
                 Json::array())}) {}

  base::Task<core::ToolOutcome> run(ToolContext context, Json arguments, std::stop_token) override {
    const std::string filter = arguments.value("filter", "");
    const auto limit = arguments.value("limit", limits::background_rows_default);
    const auto tasks = co_await runs_.tasks(turn_of(context));
    if (!tasks) co_return not_done(tasks.error());
    Json rows = Json::array();
    for (const core::CatalogTask& task : *tasks) {
      const bool is_wanted = task.task_id.contains(filter) || task.name.contains(filter) ||
                             task.description.contains(filter);
      if (!is_wanted || rows.size() >= limit) continue;
      rows.push_back({{"slug", task.task_id},
                      {"name", task.name},
                      {"description", task.description},
                      {"triggerSource", core::to_string(task.trigger)},
                      {"payloadSchema", task.payload_schema}});
    }
    co_return told({{"bgos", rows}, {"tasks", rows}});
  }
};

class ListRuns final : public BackgroundTool {
 public:
  explicit ListRuns(core::SpawnedRuns& runs)
      : BackgroundTool(
            runs, Effect::none,
            {.name = std::string(core::list_runs_tool),
             .description = "Lists background runs of this user, newest first.",
             .input_schema = input_schema(
                 {{"taskId", task_schema()},
                  {"status", text_of("Such as QUEUED, EXECUTING, COMPLETED or FAILED.")},
                  {"limit", number_of("25 when absent.", 1, limits::background_rows_max)}},
                 Json::array())}) {}

  base::Task<core::ToolOutcome> run(ToolContext context, Json arguments, std::stop_token) override {
    auto task_id = arguments.value("taskId", std::string());
    auto status = arguments.value("status", std::string());
    const auto limit = arguments.value("limit", limits::background_rows_default);
    const auto jobs =
        co_await runs_.list(turn_of(context), std::move(task_id), std::move(status), limit);
    if (!jobs) co_return not_done(jobs.error());
    Json rows = Json::array();
    for (const core::Job& job : *jobs) rows.push_back(run_row(job));
    co_return told({{"runs", std::move(rows)}});
  }
};

// --- ending -------------------------------------------------------------------------------------

class CancelRun final : public BackgroundTool {
 public:
  explicit CancelRun(core::SpawnedRuns& runs)
      : BackgroundTool(
            runs, Effect::asks,
            {.name = std::string(core::cancel_run_tool),
             .description = "Cancels a background run, once a human has agreed.",
             .input_schema = input_schema({{"runId", run_schema()},
                                           {"reason", text_of("Why, for the human and for who "
                                                              "looks at the run later.",
                                                              2000)}},
                                          {"runId"})}) {}

  base::Task<core::ToolOutcome> run(ToolContext context, Json arguments, std::stop_token) override {
    auto id = arguments.at("runId").get<std::string>();
    auto reason = arguments.value("reason", std::string());
    const auto job = co_await runs_.cancel(turn_of(context), std::move(id), std::move(reason));
    if (!job) co_return not_done(job.error());
    const bool is_cancelled = job->state == core::JobState::cancelled;
    co_return told({{"status", is_cancelled ? "cancelled" : std::string(core::task_status(*job))},
                    {"runId", job->id}});
  }
};

}  // namespace

std::vector<std::unique_ptr<Tool>> background_tools(core::SpawnedRuns& runs) {
  std::vector<std::unique_ptr<Tool>> out;
  out.push_back(std::make_unique<SpawnBgo>(runs));
  out.push_back(std::make_unique<SpawnBatch>(runs));
  out.push_back(std::make_unique<WaitForRuns>(runs));
  out.push_back(std::make_unique<GetRunDetails>(runs));
  out.push_back(std::make_unique<CancelRun>(runs));
  out.push_back(std::make_unique<CreateSchedule>(runs));
  out.push_back(std::make_unique<ListBgos>(runs));
  out.push_back(std::make_unique<ListRuns>(runs));
  return out;
}

}  // namespace colonnade::tools
