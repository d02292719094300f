#include "dialects/platos/pending.hpp"

#include "base/json.hpp"
#include "base/log.hpp"

namespace colonnade::dialects::platos {

base::Task<net::Reply> PendingResource::answer(Caller /*caller*/, RequestPtr request) {
  if (!said_.exchange(true)) {
    base::log::warn("platos_route_not_implemented",
                    {{"method", request->method_text}, {"path", request->path}});
  }
  net::Response out{.status = 501};
  base::JsonWriter(out.body)
      .object()
      .field("statusCode", 501)
      .field("message", "This server does not have budgets and monitoring yet.")
      .field("error", "Not Implemented")
      .field("code", "not_implemented")
      .end_object();
  co_return out;
}

}  // namespace colonnade::dialects::platos
