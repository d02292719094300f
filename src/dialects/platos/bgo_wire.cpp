#include "dialects/platos/bgo_wire.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/tasks/task_status.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;
using std::chrono::microseconds;

namespace {

// The options of a trigger, laid over a job; the first wrong member is remembered.
class TriggerOptions {
 public:
  TriggerOptions(const Json& options, base::Time now, core::NewJob& job)
      : options_(options), now_(now), job_(job) {}

  Result<void> apply() {
    when();
    key();
    tags();
    queue();
    numbers();
    if (const Json* metadata = member("metadata")) job_.job.metadata = base::to_text(*metadata);
    if (const Json* test = member("test")) {
      if (test->is_boolean()) job_.job.is_test = test->get<bool>();
      if (!test->is_boolean()) refuse("test", "true or false");
    }
    if (error_) return fail(std::move(*error_));
    return {};
  }

 private:
  const Json* member(const char* name) const {
    if (!options_.is_object()) return nullptr;
    const auto found = options_.find(name);
    return found == options_.end() || found->is_null() ? nullptr : &*found;
  }
  void refuse(std::string_view name, std::string_view must) {
    if (error_) return;
    const std::string field = "options." + std::string(name);
    error_ = base::Error{.kind = ErrorKind::invalid,
                         .message = field + " must be " + std::string(must),
                         .field = field};
  }
  // A duration, or a number of seconds.
  std::optional<microseconds> duration(const char* name) {
    const Json* value = member(name);
    if (value == nullptr) return std::nullopt;
    constexpr std::int64_t most = 100LL * 366 * 86'400;
    if (value->is_number_integer() && *value >= 0 && *value <= most) {
      return std::chrono::seconds(value->get<std::int64_t>());
    }
    const auto read =
        value->is_string() ? wire_duration(value->get_ref<const std::string&>()) : std::nullopt;
    if (!read) refuse(name, "a duration such as 30s, 5m, 2h or 1d, or a number of seconds");
    return read;
  }

  void when() {
    const Json* delay = member("delay");
    if (delay != nullptr && delay->is_string()) {
      if (const auto at = base::parse_rfc3339(delay->get_ref<const std::string&>())) {
        if (*at > now_) job_.run_at = *at;
        delay = nullptr;
      }
    }
    if (delay != nullptr) {
      const auto time = duration("delay");
      if (time && time->count() > 0) job_.delay = time;
    }
    if (const auto ttl = duration("ttl"); ttl && ttl->count() > 0) job_.job.time_to_live = ttl;
  }
  void key() {
    if (const Json* key = member("idempotencyKey")) {
      if (key->is_string()) job_.key = key->get<std::string>();
      if (!key->is_string()) refuse("idempotencyKey", "a string");
    }
    if (const auto time = duration("idempotencyKeyTTL")) job_.key_time = *time;
  }
  void tags() {
    const Json* tags = member("tags");
    if (tags == nullptr) return;
    job_.job.tags.clear();
    if (tags->is_string()) {
      job_.job.tags.push_back(tags->get<std::string>());
      return;
    }
    if (!tags->is_array()) return refuse("tags", "a string or a list of strings");
    for (const Json& tag : *tags) {
      if (!tag.is_string()) return refuse("tags", "a string or a list of strings");
      job_.job.tags.push_back(tag.get<std::string>());
    }
  }
  void queue() {
    if (const Json* queue = member("queue")) {
      const Json* name = queue->is_string() ? queue : nullptr;
      if (queue->is_object() && queue->contains("name")) name = &(*queue)["name"];
      if (name != nullptr && !name->is_string())
        refuse("queue", "a name, or {name, concurrencyLimit}");
      if (name != nullptr && name->is_string()) job_.job.queue.name = name->get<std::string>();
      if (!queue->is_string() && !queue->is_object()) {
        refuse("queue", "a name, or {name, concurrencyLimit}");
      }
      if (queue->is_object() && queue->contains("concurrencyLimit")) {
        const Json& limit = (*queue)["concurrencyLimit"];
        const bool fits =
            limit.is_number_integer() && limit >= 1 && limit <= limits::queue_running_max;
        if (fits) job_.job.queue.running_max = limit.get<int>();
        if (!fits && !limit.is_null()) refuse("queue.concurrencyLimit", "a number from 1 to 1000");
      }
    }
    if (const Json* key = member("concurrencyKey")) {
      if (key->is_string()) job_.job.queue.key = key->get<std::string>();
      if (!key->is_string()) refuse("concurrencyKey", "a string");
    }
  }
  void numbers() {
    if (const Json* attempts = member("maxAttempts")) {
      const bool fits =
          attempts->is_number_integer() && *attempts >= 1 && *attempts <= limits::job_attempts_max;
      if (fits) job_.job.attempts.max = attempts->get<int>();
      if (!fits) refuse("maxAttempts", "a number from 1 to 100");
    }
    if (const auto time = duration("maxDuration"); time && time->count() > 0) {
      job_.job.time_max = time;
    }
    if (const Json* priority = member("priority")) {
      const bool fits = priority->is_number_integer() && *priority >= -limits::job_priority_max &&
                        *priority <= limits::job_priority_max;
      if (fits) job_.job.priority = priority->get<int>();
      if (!fits) refuse("priority", "a whole number");
    }
  }

  const Json& options_;
  base::Time now_;
  core::NewJob& job_;
  std::optional<base::Error> error_{};
};

Result<Json> options_in(const Json& body) {
  const auto found = body.find("options");
  if (found == body.end() || found->is_null()) return Json();
  if (found->is_object()) return *found;
  return fail(ErrorKind::invalid, "options must be an object", "options");
}

// Text that is JSON already, or null.
void write_json_or_null(base::JsonWriter& json, std::string_view name, const std::string& text) {
  json.key(name);
  if (text.empty()) {
    json.null();
  } else {
    json.raw(text);
  }
}

// What a turn says that it has cost; 0 for what has cost nothing.
double cost_cents_of(const core::Job& job) {
  const auto output = base::parse_json(job.output, "output");
  if (!output || !output->is_object() || !output->contains("usage")) return 0;
  const Json& usage = (*output)["usage"];
  if (!usage.is_object()) return 0;
  const auto cents = usage.find("costCents");
  return cents != usage.end() && cents->is_number() ? cents->get<double>() : 0;
}

void write_error(base::JsonWriter& json, const core::Job& job) {
  json.key("error");
  if (job.state != core::JobState::failed) {
    json.null();
    return;
  }
  json.object().field("name", "Error").field("message", job.error.message);
  json.key("stackTrace").null().end_object();
}

}  // namespace

std::optional<microseconds> wire_duration(std::string_view text) {
  struct Unit {
    char letter;
    std::int64_t seconds;
  };
  constexpr std::array units{Unit{'s', 1}, Unit{'m', 60}, Unit{'h', 3600}, Unit{'d', 86'400},
                             Unit{'w', 604'800}};
  constexpr std::int64_t most = 100LL * 366 * 86'400;
  if (text.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  while (!text.empty()) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const bool is_number = error == std::errc() && end != text.data() + text.size() && count >= 0;
    const auto unit = is_number ? std::ranges::find(units, *end, &Unit::letter) : units.end();
    if (unit == units.end() || count > most / unit->seconds) return std::nullopt;
    seconds += count * unit->seconds;
    if (seconds > most) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  }
  return std::chrono::seconds(seconds);
}

Result<TriggerRequest> decode_trigger(std::string_view body) {
  auto tree = parse_object(body);
  if (!tree) return fail(std::move(tree.error()));
  auto options = options_in(*tree);
  if (!options) return fail(std::move(options.error()));
  TriggerRequest out{.options = std::move(*options)};
  if (tree->contains("payload")) out.payload = std::move((*tree)["payload"]);
  return out;
}

Result<BatchRequest> decode_batch(std::string_view body) {
  auto tree = parse_object(body);
  if (!tree) return fail(std::move(tree.error()));
  auto options = options_in(*tree);
  if (!options) return fail(std::move(options.error()));
  const auto payloads = tree->find("payloads");
  if (payloads == tree->end() || !payloads->is_array()) {
    return fail(ErrorKind::invalid, "payloads must be a list, one payload for each run",
                "payloads");
  }
  BatchRequest out{.options = std::move(*options)};
  for (Json& one : *payloads) out.payloads.push_back(std::move(one));
  return out;
}

Result<void> apply_trigger_options(const Json& options, base::Time now, core::NewJob& job) {
  return TriggerOptions(options, now, job).apply();
}

Result<ScheduleRequest> decode_schedule(std::string_view body) {
  auto tree = parse_object(body);
  if (!tree) return fail(std::move(tree.error()));
  const auto text = [&](const char* name, bool is_needed) -> Result<std::string> {
    const auto found = tree->find(name);
    const bool is_there = found != tree->end() && !found->is_null();
    if (is_there && found->is_string()) return found->get<std::string>();
    if (!is_there && !is_needed) return std::string();
    return fail(ErrorKind::invalid, std::string(name) + " must be a string", name);
  };
  auto task_id = text("taskId", true);
  auto cron = text("cron", true);
  auto zone = text("timezone", false);
  if (!task_id) return fail(std::move(task_id.error()));
  if (!cron) return fail(std::move(cron.error()));
  if (!zone) return fail(std::move(zone.error()));
  ScheduleRequest out{.task_id = std::move(*task_id), .cron = std::move(*cron)};
  if (!zone->empty()) out.zone = std::move(*zone);
  if (tree->contains("payload")) out.payload = std::move((*tree)["payload"]);
  return out;
}

std::string_view status_of(const core::JobBatch& batch) {
  if (!batch.has_ended()) return "PROCESSING";
  if (batch.done >= batch.jobs) return "COMPLETED";
  return batch.cancelled >= batch.jobs ? "ABORTED" : "PARTIAL_FAILED";
}

std::string encode_run(const core::Job& job, const Json& payload) {
  const std::string_view status = core::task_status(job);
  const bool has_ended = core::is_terminal(job.state);
  const bool is_queued =
      job.state == core::JobState::queued || job.state == core::JobState::delayed;
  std::string out;
  base::JsonWriter json(out);
  json.object().field("id", job.id).field("taskId", job.task).field("taskIdentifier", job.task);
  json.field("status", status).field("isQueued", is_queued);
  json.field("isExecuting", job.state == core::JobState::running);
  json.field("isCompleted", has_ended).field("isSuccess", job.state == core::JobState::done);
  json.field("isFailed", job.state == core::JobState::failed);
  json.field("isCancelled", job.state == core::JobState::cancelled);
  json.field("isTest", job.is_test).field("createdAt", wire_time(job.created_at));
  json.field("updatedAt", wire_time(job.updated_at));
  write_optional_time(json, "startedAt", job.started_at);
  write_optional_time(json, "finishedAt", job.finished_at);
  write_optional_time(json, "delayedUntil", job.run_at);
  json.key("ttl");
  if (job.expires_at) {
    const auto ttl =
        *job.expires_at - std::max(job.created_at, job.run_at.value_or(job.created_at));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(ttl).count();
    json.value(std::to_string(seconds) + "s");
  } else {
    json.null();
  }
  const bool has_expired = job.error.failure == core::JobFailure::expired;
  write_optional_time(json, "expiredAt", has_expired ? job.finished_at : std::nullopt);
  json.key("tags").array();
  for (const std::string& tag : job.tags) json.value(tag);
  json.end_array();
  write_text_or_null(json, "idempotencyKey", job.key.text);
  json.key("version").null();
  json.field("attemptCount", job.attempts.made);
  const auto ran =
      job.started_at && job.finished_at ? *job.finished_at - *job.started_at : microseconds(0);
  json.field("durationMs", static_cast<std::int64_t>(ran.count() / 1000));
  const double cents = cost_cents_of(job);
  json.field("costInCents", cents).field("baseCostInCents", 0);
  write_json_or_null(json, "metadata", job.metadata);
  json.field("payload", payload);
  write_json_or_null(json, "output", job.output);
  write_error(json, job);
  write_text_or_null(json, "batchId", job.origin.batch_id);
  write_text_or_null(json, "scheduleId", job.origin.schedule_id);
  json.field("triggerFunction", job.origin.batch_id.empty() ? "trigger" : "batchTrigger");
  json.field("depth", job.origin.depth).end_object();
  return out;
}

std::string encode_schedule(const core::JobSchedule& schedule, std::string_view description) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("id", schedule.id);
  json.field("taskId", schedule.job.task).field("task", schedule.job.task);
  json.field("cron", schedule.timing.text).field("timezone", schedule.timing.zone);
  json.field("active", schedule.is_active).field("type", "IMPERATIVE");
  json.key("deduplicationKey").null().key("externalId").null();
  write_json_or_null(json, "payload", schedule.job.payload);
  json.key("generator").object().field("type", "CRON");
  json.field("expression", schedule.timing.text).field("description", description).end_object();
  write_optional_time(json, "lastRunAt", schedule.last_fired_at);
  write_optional_time(json, "nextRunAt", schedule.next_due_at);
  write_optional_time(json, "nextRun", schedule.next_due_at);
  json.end_object();
  return out;
}

std::string encode_batch(const core::JobBatch& batch, const std::vector<std::string>& run_ids) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("id", batch.id).field("status", status_of(batch)).key("runIds").array();
  for (const std::string& id : run_ids) json.value(id);
  json.end_array().field("runCount", batch.jobs).end_object();
  return out;
}

}  // namespace colonnade::dialects::platos
