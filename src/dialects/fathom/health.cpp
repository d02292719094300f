#include <chrono>

#include "base/json.hpp"
#include "dialects/fathom/errors.hpp"
#include "dialects/fathom/resources.hpp"

namespace colonnade::dialects::fathom {

base::Task<net::Reply> HealthResource::health(RequestPtr /*request*/) {
  const base::Time now = deps_.clock.now();
  const auto uptime =
      std::chrono::floor<std::chrono::seconds>(deps_.clock.steady() - deps_.started_at);
  net::Response response;
  base::JsonWriter json(response.body);
  json.object();
  json.field("status", "ok");
  json.field("version", deps_.version);
  json.field("uptime", static_cast<std::int64_t>(uptime.count()));
  json.field("sessions", deps_.runs.counts().active);
  json.field("timestamp", base::to_rfc3339(now));
  json.field("mode", deps_.mode);
  json.field("profile", deps_.profile);
  json.key("features").object();
  json.field("threads", true).field("search", true).field("resume", true);
  json.end_object().end_object();
  co_return response;
}

base::Task<net::Reply> HealthResource::ready(RequestPtr /*request*/) {
  if (deps_.readiness) {
    const auto ready = deps_.readiness();
    if (!ready) co_return error_response(ready.error());
  }
  net::Response response;
  base::JsonWriter json(response.body);
  json.object().field("ready", true);
  if (const auto warnings = deps_.warnings ? deps_.warnings() : std::vector<std::string>();
      !warnings.empty()) {
    json.key("warnings").array();
    for (const std::string& warning : warnings) json.value(warning);
    json.end_array();
  }
  json.end_object();
  co_return response;
}

}  // namespace colonnade::dialects::fathom
