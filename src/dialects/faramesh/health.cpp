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
  co_return net::Response{.body = R"({"status":"ready"})"};
}

}  // namespace colonnade::dialects::faramesh
