// Data and requests of background operations: tasks, their runs, schedules and batches. Include
// colonnade/platos.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "colonnade/json.hpp"
#include "colonnade/time.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::platos {

using colonnade::Timestamp;

// --- tasks
// ----------------------------------------------------------------------------------------

// What can be triggered.
struct BackgroundTask {
  std::string id{};
  std::string name{};
  std::string description{};
  std::string trigger_type{};  // manual, schedule, agent-spawn
  std::optional<bool> is_active{};
  Json extra{};
};

// One turn of an agent, on a thread of the run's own or the given one. `prompt` may name the
// payload: "Build the digest of {{payload.day}}."
struct AgentHandler {
  std::string agent_id{};
  std::string prompt{};
  std::string thread_id{};
  Json output_schema{};  // a JSON Schema: the run's output then has an `object`
};

// One call of a tool, through the gate; the payload is laid over `args`.
struct ToolHandler {
  std::string tool{};
  Json args{};
};

// What a run of the task does; Json is any form that the server knows.
using TaskHandler = std::variant<std::monostate, AgentHandler, ToolHandler, Json>;

// What a task is to be. What is not set stays as it is; of a new task, as the server makes it.
struct TaskSettings {
  std::string task_id{};       // a-z, 0-9 and -, up to 64; a new one needs it
  std::string display_name{};  // a new one needs it
  TaskHandler handler{};       // a new one needs it
  std::optional<std::string> description{};
  std::string trigger_type{};  // manual, schedule, agent-spawn
  std::string schedule_cron{};
  std::string schedule_timezone{};
  std::optional<std::vector<std::string>> allowed_agent_ids{};
  Json payload_schema{};  // a JSON Schema
  std::optional<std::chrono::seconds> timeout{};
  std::optional<std::int64_t> max_retries{};
  std::optional<bool> is_active{};
  Json more{};  // an object: any other member, by its name on the wire
};

// A task as its operator sees it.
struct TaskDefinition {
  std::string id{};  // of the entry
  std::string task_id{};
  std::string display_name{};
  std::string description{};
  std::string trigger_type{};
  std::string schedule_cron{};
  std::string schedule_timezone{};
  bool is_active = false;
  std::chrono::seconds timeout{0};
  std::int64_t max_retries = 0;
  std::vector<std::string> allowed_agent_ids{};
  Json payload_schema{};
  Json handler{};
  Timestamp created_at{};
  Timestamp updated_at{};
  Json extra{};
};

// --- runs
// -----------------------------------------------------------------------------------------

// How a task is to run. What is empty, zero or not set is not sent.
struct TriggerOptions {
  std::string idempotency_key{};                // a second trigger with it is the first one's run
  std::chrono::seconds idempotency_key_ttl{0};  // how long the key counts
  std::chrono::seconds delay{0};                // before it may start
  std::optional<Timestamp> start_at{};          // the same as a moment, in place of `delay`
  std::chrono::seconds ttl{0};                  // not started by then, it has expired
  std::vector<std::string> tags{};              // up to 10
  Json metadata{};
  std::string queue{};                              // "": the task's own
  std::optional<std::int64_t> concurrency_limit{};  // of that queue
  std::string concurrency_key{};                    // splits a queue into parts
  std::optional<std::int64_t> max_attempts{};
  std::chrono::seconds max_duration{0};  // of one attempt
  std::optional<std::int64_t> priority{};
  bool test = false;
  Json more{};  // an object: any other option, by its name on the wire
};

struct RunHandle {
  std::string id{};
  bool is_cached = false;  // there was a run of this idempotency key
  std::optional<std::string> public_access_token{};
  std::string status{};  // of a run that was cancelled
  Json extra{};
};

// COMPLETED, FAILED, CANCELED, CRASHED, SYSTEM_FAILURE, TIMED_OUT, EXPIRED.
COLONNADE_API bool is_terminal_run_status(std::string_view status) noexcept;

struct Run {
  std::string id{};
  std::string task_id{};
  // PENDING_VERSION, DELAYED, QUEUED, DEQUEUED, EXECUTING, WAITING, or one that is terminal.
  std::string status{};
  Json payload{};
  Json output{};
  Json error{};  // null, or an object with name and message
  Json metadata{};
  std::vector<std::string> tags{};
  std::optional<std::string> idempotency_key{};
  std::int64_t attempt_count = 0;
  double duration_ms = 0;
  double cost_cents = 0;
  std::optional<std::string> batch_id{};
  std::optional<std::string> schedule_id{};
  Timestamp created_at{};
  std::optional<Timestamp> updated_at{};
  std::optional<Timestamp> started_at{};
  std::optional<Timestamp> finished_at{};
  std::optional<Timestamp> delayed_until{};
  std::optional<Timestamp> expired_at{};
  Json extra{};

  bool finished() const noexcept { return is_terminal_run_status(status); }
  bool succeeded() const noexcept { return status == "COMPLETED"; }
  // The message of `error`, "" without one.
  COLONNADE_API std::string error_message() const;
};

struct ListBackgroundRuns {
  std::string task_id{};
  std::string status{};
  std::int64_t limit = 0;  // 0: the server's own
};

// --- schedules and batches
// ------------------------------------------------------------------------

struct Schedule {
  std::string id{};
  std::string task_id{};
  std::string cron{};
  std::optional<std::string> timezone{};
  bool active = false;
  Json payload{};
  std::optional<Timestamp> last_run_at{};
  std::optional<Timestamp> next_run_at{};  // nothing while it is not active
  Json extra{};
};

struct CreateSchedule {
  std::string task_id{};
  std::string cron{};      // "0 6 * * 1-5": five fields, or six with seconds first
  std::string timezone{};  // IANA; UTC without one
  Json payload{};          // of each run; without one it is told when it was due
};

struct BatchHandle {
  std::string batch_id{};
  std::vector<std::string> run_ids{};  // in the order of the payloads
  Json extra{};
};

struct Batch {
  std::string id{};
  std::string status{};  // PENDING, PROCESSING, COMPLETED, PARTIAL_FAILED, ABORTED
  std::vector<std::string> run_ids{};
  Json extra{};

  bool finished() const noexcept {
    return status == "COMPLETED" || status == "PARTIAL_FAILED" || status == "ABORTED";
  }
};

}  // namespace colonnade::inline v1::platos
