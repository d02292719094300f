#include "dialects/tandem/health.hpp"

#include <chrono>

#include "base/json.hpp"
#include "dialects/tandem/run_words.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {

base::Task<net::Reply> HealthResource::health(RequestPtr request) {
  const CallerOptions& options = deps_.callers.options();
  const auto ready = options.readiness ? options.readiness() : base::Result<void>();
  const auto up =
      std::chrono::floor<std::chrono::milliseconds>(deps_.clock.steady() - deps_.started_at);
  std::string body;
  base::JsonWriter json(body);
  json.object().field("healthy", ready.has_value()).field("ready", ready.has_value());
  json.field("phase", ready ? "ready" : "storage").field("apiTokenRequired", !options.open);
  json.field("startup_attempt_id", "1");
  json.field("startup_elapsed_ms", static_cast<std::int64_t>(up.count()));
  if (!ready) json.field("last_error", ready.error().message);
  json.field("version", deps_.version).field("build_id", deps_.version).field("mode", "sidecar");
  json.field("leaseCount", static_cast<std::int64_t>(deps_.runs.counts().active));
  json.key("environment");
  write_environment(json);
  json.end_object();
  co_return deps_.callers.finished(answer(std::move(body)), *request);
}

}  // namespace colonnade::dialects::tandem
