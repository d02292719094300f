#include <chrono>

#include "base/json.hpp"
#include "dialects/fathom/errors.hpp"
#include "dialects/fathom/resources.hpp"

namespace colonnade::dialects::fathom {

base::Task<net::Reply> HealthResource::health(RequestPtr /*request*/) {
  const base::Time now = parts_.clock.now();
  const auto uptime =
      std::chrono::floor<std::chrono::seconds>(parts_.clock.steady() - parts_.started_at);
  net::Response response;
  base::JsonWriter json(response.body);
  json.object();
  json.field("status", "ok");
  json.field("version", parts_.version);
  json.field("uptime", static_cast<std::int64_t>(uptime.count()));
  json.field("sessions", parts_.runs.counts().active);
  json.field("timestamp", base::to_rfc3339(now));
  json.field("mode", parts_.mode);
  json.field("profile", parts_.profile);
  json.key("features").object();
  json.field("threads", true).field("search", true).field("resume", true);
  json.end_object().end_object();
  co_return response;
}

base::Task<net::Reply> HealthResource::ready(RequestPtr /*request*/) {
  if (parts_.readiness) {
    const auto ready = parts_.readiness();
    if (!ready) co_return error_response(ready.error());
  }
  net::Response response;
  base::JsonWriter json(response.body);
  json.object().field("ready", true);
  if (const auto warnings = parts_.warnings ? parts_.warnings() : std::vector<std::string>();
      !warnings.empty()) {
    json.key("warnings").array();
    for (const std::string& warning : warnings) json.value(warning);
    json.end_array();
  }
  json.end_object();
  co_return response;
}

}  // namespace colonnade::dialects::fathom
