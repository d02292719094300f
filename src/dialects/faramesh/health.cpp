#include "base/json.hpp"
#include "dialects/faramesh/errors.hpp"
#include "dialects/faramesh/resources.hpp"

namespace colonnade::dialects::faramesh {

base::Task<net::Reply> HealthResource::health(RequestPtr /*request*/) {
  co_return net::Response{.body = R"({"status":"healthy"})"};
}

base::Task<net::Reply> HealthResource::ready(RequestPtr /*request*/) {
  if (readiness_) {
    const auto ready = readiness_();
    if (!ready) co_return error_response(ready.error());
  }
  net::Response response;
  base::JsonWriter json(response.body);
  json.object().field("status", "ready");
  if (const auto warnings = warnings_ ? warnings_() : std::vector<std::string>();
      !warnings.empty()) {
    json.key("warnings").array();
    for (const std::string& warning : warnings) json.value(warning);
    json.end_array();
  }
  json.end_object();
  co_return response;
}

}  // namespace colonnade::dialects::faramesh
