#include "app/otlp_exporter.hpp"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/limits.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/secret_text.hpp"
#include "core/events/event.hpp"
#include "core/threads/message.hpp"

namespace colonnade::app {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;
using base::Task;

namespace {

constexpr int too_many_requests = 429;
constexpr int bad_gateway = 502;
constexpr int unavailable_status = 503;
constexpr int gateway_timeout = 504;

// What the protocol says may be sent again.
bool is_worth_another_try(int status) {
  return status == too_many_requests || status == bad_gateway || status == unavailable_status ||
         status == gateway_timeout;
}

// One message in the form of the conventions: its role and its text.
std::string messages_text(const core::Redaction& redaction, std::string_view role,
                          const core::Message& message) {
  Json part = {{"type", "text"}, {"content", core::visible_text(message.parts)}};
  Json one = {{"role", role}, {"parts", Json::array({redaction.apply(std::move(part))})}};
  return base::to_text(Json::array({std::move(one)}));
}

}  // namespace

OtlpOptions otlp_options(std::string endpoint,
                         std::vector<std::pair<std::string, std::string>> headers, bool content) {
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const auto host = endpoint.find("://");
  const bool has_path =
      host != std::string::npos && endpoint.find('/', host + 3) != std::string::npos;
  if (!has_path) endpoint += "/v1/traces";
  net::Headers sent;
  for (auto& [name, value] : headers) sent.push_back({std::move(name), std::move(value)});
  return {.url = std::move(endpoint),
          .headers = std::move(sent),
          .content = content,
          .queue_max = limits::otlp_queue_runs_max,
          .batch_max = limits::otlp_batch_runs_max,
          .retry_delay_min = limits::otlp_retry_delay_min,
          .retry_delay_max = limits::otlp_retry_delay_max,
          .attempts_max = limits::otlp_attempts_max,
          .request_time_max = limits::otlp_request_time_max,
          .stop_time_max = limits::otlp_stop_time_max};
}

OtlpExporter::OtlpExporter(Ports ports, OtlpOptions options, base::Lane& lane)
    : ports_(ports), options_(std::move(options)), lane_(lane) {}

// On the writer's thread: a run's end is durable, and nobody waits for this.
void OtlpExporter::run_finished(const core::Event& event) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= options_.queue_max) {
      queue_.pop_front();
      runs_dropped_.fetch_add(1, std::memory_order_relaxed);
    }
    queue_.push_back({.scope = event.scope, .run_id = event.run_id});
  }
  changed_.notify();
}

void OtlpExporter::begin() {
  {
    const std::lock_guard lock(mutex_);
    begun_ = true;
  }
  lane_.spawn("export_traces", keep(this));
}

void OtlpExporter::end() {
  stopping_.request_stop();
  std::unique_lock lock(mutex_);
  if (!begun_) return;
  ended_changed_.wait_for(lock, options_.stop_time_max, [this] { return ended_; });
  lock.unlock();
  over_.request_stop();
  lock.lock();
  ended_changed_.wait(lock, [this] { return ended_; });
}

OtlpCounts OtlpExporter::counts() const {
  const std::lock_guard lock(mutex_);
  return {.runs_sent = runs_sent_.load(std::memory_order_relaxed),
          .runs_dropped = runs_dropped_.load(std::memory_order_relaxed),
          .requests_failed = requests_failed_.load(std::memory_order_relaxed),
          .queued = queue_.size()};
}

void OtlpExporter::note_ended() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  ended_changed_.notify_all();
}

Task<void> OtlpExporter::keep(OtlpExporter* self) {
  while (!self->over_.stop_requested()) {
    std::vector<Ended> batch = self->take_batch();
    if (batch.empty()) {
      if (self->stopping_.stop_requested()) break;
      co_await self->changed_.wait(self->stopping_.get_token());
      continue;
    }
    const auto runs = co_await self->read(std::move(batch));
    if (runs.empty()) continue;
    std::string body = otlp_body(runs);
    co_await self->send(std::move(body), runs.size());
  }
  self->note_ended();
}

std::vector<OtlpExporter::Ended> OtlpExporter::take_batch() {
  const std::lock_guard lock(mutex_);
  std::vector<Ended> out;
  while (!queue_.empty() && out.size() < options_.batch_max) {
    out.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return out;
}

// Those that can be read; one whose thread was erased meanwhile is gone.
Task<std::vector<OtlpRun>> OtlpExporter::read(std::vector<Ended> batch) {
  std::vector<OtlpRun> out;
  for (const Ended& ended : batch) {
    auto traced = co_await ports_.spans.traced_run(ended.scope, ended.run_id);
    if (!traced || !*traced) {
      runs_dropped_.fetch_add(1, std::memory_order_relaxed);
      continue;
    }
    OtlpRun run{.traced = std::move(**traced)};
    if (options_.content) {
      auto content = co_await content_of(ended.scope, ended.run_id);
      run.content = std::move(content);
    }
    out.push_back(std::move(run));
  }
  co_return out;
}

// What cannot be read is left out.
Task<OtlpContent> OtlpExporter::content_of(core::Scope scope, std::string run_id) {
  OtlpContent out;
  const auto detail = co_await ports_.runs.run_detail(scope, run_id);
  if (!detail || !*detail) co_return out;
  const core::RunDetail& found = **detail;
  if (found.reply) {
    out.output_messages = messages_text(ports_.redaction, "assistant", *found.reply);
  }
  for (const core::ToolCall& call : found.calls) {
    Json result = {{"result", call.result}};
    out.calls[call.id] = {.arguments = base::to_text(ports_.redaction.apply(call.arguments)),
                          .result = ports_.redaction.apply(std::move(result)).value("result", "")};
  }
  const auto message = co_await ports_.threads.message(scope, found.run.user_message_id);
  if (message && *message) {
    out.input_messages = messages_text(ports_.redaction, "user", **message);
  }
  co_return out;
}

// Until it is taken, refused for good, or tried too often. Once the server stops it is tried once.
Task<void> OtlpExporter::send(std::string body, std::size_t runs) {
  auto delay = options_.retry_delay_min;
  for (int attempt = 1;; ++attempt) {
    const auto sent = co_await post(body);
    if (sent) {
      runs_sent_.fetch_add(runs, std::memory_order_relaxed);
      co_return;
    }
    requests_failed_.fetch_add(1, std::memory_order_relaxed);
    const bool again =
        sent.error().retryable && attempt < options_.attempts_max && !stopping_.stop_requested();
    if (attempt == 1 || !again) {
      base::log::warn("traces_not_sent",
                      {{"runs", runs},
                       {"attempt", attempt},
                       {"error", base::hide_secrets_in_url(sent.error().message)},
                       {"tried_again", again}});
    }
    if (!again) break;
    co_await base::sleep_for(delay, stopping_.get_token());
    delay = std::min(delay * 2, options_.retry_delay_max);
  }
  runs_dropped_.fetch_add(runs, std::memory_order_relaxed);
}

// The collector's words are not repeated: they may quote what was sent.
Task<Result<void>> OtlpExporter::post(std::string body) {
  net::HttpClientRequest request{.method = "POST",
                                 .url = options_.url,
                                 .headers = options_.headers,
                                 .body = std::move(body),
                                 .first_byte_time_max = options_.request_time_max,
                                 .total_time_max = options_.request_time_max};
  request.headers.push_back({"content-type", "application/json"});
  const auto exchange = ports_.client.open(lane_, std::move(request), over_.get_token());
  auto head = co_await exchange->head();
  if (!head) {
    base::Error error = std::move(head.error());
    error.retryable = error.retryable || error.kind == ErrorKind::upstream;
    co_return fail(std::move(error));
  }
  exchange->drain();
  constexpr int first_failure = 300;
  if (head->status < first_failure) co_return Result<void>();
  base::Error refused{.kind = ErrorKind::upstream,
                      .message = "the collector answered " + std::to_string(head->status),
                      .retryable = is_worth_another_try(head->status)};
  co_return fail(std::move(refused));
}

}  // namespace colonnade::app
