#include "app/metrics_route.hpp"

#include <utility>

#include "dialects/authentication.hpp"
#include "dialects/client_address.hpp"

namespace colonnade::app {

net::Route MetricsRoute::route() {
  return {.method = net::Method::get, .pattern = "/metrics", .handler = [this](RequestPtr request) {
            return get(std::move(request));
          }};
}

base::Task<bool> MetricsRoute::may_read(RequestPtr request) {
  if (options_.readers == MetricsReaders::open) co_return true;
  if (options_.readers == MetricsReaders::local && dialects::is_local_program(*request)) {
    co_return true;
  }
  const auto who = co_await dialects::authenticate(credentials_, *request);
  co_return who.has_value();
}

base::Task<net::Reply> MetricsRoute::get(RequestPtr request) {
  net::Response out;
  const bool allowed = co_await may_read(std::move(request));
  if (!allowed) {
    out.status = 401;
    out.body = R"({"error":"metrics need a token from here; see the setting metrics"})";
    co_return out;
  }
  ProcessUse process = process_use();
  process.start_seconds = static_cast<double>(options_.started_at.micros) / 1e6;
  out.content_type = "text/plain; version=0.0.4";
  const auto snapshot = co_await options_.snapshot();
  out.body = metrics_text(snapshot, process);
  co_return out;
}

}  // namespace colonnade::app
