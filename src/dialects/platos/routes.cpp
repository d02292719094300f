#include "dialects/platos/routes.hpp"

#include <utility>

#include "dialects/platos/errors.hpp"
#include "dialects/platos/limits.hpp"
#include "dialects/route_handlers.hpp"

namespace colonnade::dialects::platos {
namespace {

constexpr Need no_guests{.audience = Audience::no_guests};
constexpr Need operators_only{.audience = Audience::operators};

// One route that the server does not have yet.
struct PendingRoute {
  net::Method method;
  const char* path;  // below /api/v1/agent
  Need need;
};

constexpr PendingRoute pending_routes[] = {
    // Budgets, of the real server and of the TypeScript client.
    {net::Method::get, "/budgets", no_guests},
    {net::Method::post, "/budgets", operators_only},
    {net::Method::get, "/budgets/status", no_guests},
    {net::Method::del, "/budgets/{id}", operators_only},
    {net::Method::post, "/budgets/{id}/override", operators_only},
    {net::Method::get, "/monitoring/budget/caps", no_guests},
    {net::Method::get, "/monitoring/budget/status", no_guests},

    // Monitoring, of both.
    {net::Method::get, "/monitoring/runs", no_guests},
    {net::Method::get, "/monitoring/traces", no_guests},
    {net::Method::get, "/monitoring/traces/{id}", no_guests},
    {net::Method::get, "/monitoring/trace/{id}", no_guests},
    {net::Method::get, "/monitoring/cost", no_guests},
    {net::Method::get, "/monitoring/cost/by-agent", no_guests},
    {net::Method::get, "/monitoring/cost/by-scope", no_guests},
    {net::Method::get, "/monitoring/cost-by-agent", no_guests},
    {net::Method::get, "/monitoring/cost-by-model", no_guests},
    {net::Method::get, "/monitoring/cost-by-user", no_guests},
    {net::Method::get, "/monitoring/summary", no_guests},
    {net::Method::get, "/monitoring/tool-audit", no_guests},
    {net::Method::get, "/monitoring/safety-events", no_guests},

    // bgo.
    {net::Method::get, "/trigger/tasks", no_guests},
    {net::Method::post, "/trigger/tasks/{id}/trigger", no_guests},
    {net::Method::get, "/trigger/runs", no_guests},
    {net::Method::get, "/trigger/runs/{id}", no_guests},
    {net::Method::post, "/trigger/runs/{id}/cancel", no_guests},
    {net::Method::post, "/trigger/runs/{id}/replay", no_guests},
    {net::Method::get, "/trigger/schedules", no_guests},
    {net::Method::post, "/trigger/schedules", no_guests},
    {net::Method::post, "/trigger/schedules/{id}/activate", no_guests},
    {net::Method::post, "/trigger/schedules/{id}/deactivate", no_guests},
    {net::Method::del, "/trigger/schedules/{id}", no_guests},
    {net::Method::post, "/trigger/batches/{id}", no_guests},
    {net::Method::get, "/trigger/batches/{id}", no_guests},

    // The catalog of tasks.
    {net::Method::get, "/platos-tasks", no_guests},
    {net::Method::post, "/platos-tasks", operators_only},
    {net::Method::get, "/platos-tasks/{id}", no_guests},
    {net::Method::patch, "/platos-tasks/{id}", operators_only},
    {net::Method::del, "/platos-tasks/{id}", operators_only},
    {net::Method::post, "/platos-tasks/{id}/run", no_guests},
};

// For anyone (platos §1.5).
base::Task<net::Reply> answer_health(RequestPtr /*request*/) {
  co_return net::Response{.body = R"({"status":"ok"})"};
}

}  // namespace

Dialect::Dialect(Parts parts, Options options)
    : access_({.credentials = parts.credentials,
               .entities = parts.entities,
               .access_keys = parts.access_keys,
               .rate_limits = parts.rate_limits,
               .clock = parts.clock},
              options.access),
      minting_({.entities = parts.entities,
                .rate_limits = parts.rate_limits,
                .clock = parts.clock,
                .guest_scope_of = std::move(options.guest_scope_of),
                .proxies = std::move(options.trusted_proxies)}) {}

std::vector<net::Route> Dialect::routes() {
  using enum net::Method;
  using M = MintingResource;
  const std::size_t mint_bytes = limits::platos_mint_body_bytes_max;
  // A row is {method, path, handler, body bytes, long running}; the handler is
  // access_.guard(resource, &Resource::member, need). Rows of one agent say agent_in_path, rows
  // that only operators may use operators_only, approvals no_guests.
  std::vector<net::Route> out = {
      {get, "/api/health", net::Handler(answer_health)},
      {post, "/api/v1/entities/{id}/session-tokens", open_to_all(minting_, &M::session_token),
       mint_bytes},
      {post, "/api/v1/public/guest-token", open_to_all(minting_, &M::guest_token), mint_bytes},

      // --- agents (platos §2.1)

      // --- threads (platos §2.2)

      // --- turns over REST and SSE (platos §2.2, §3.9)

      // --- approvals (platos §2.3)

      // --- artifacts and attachments (platos §2.2)
  };
  for (const PendingRoute& row : pending_routes) {
    out.push_back({row.method, std::string("/api/v1/agent") + row.path,
                   access_.guard(pending_, &PendingResource::answer, row.need)});
  }
  return out;
}

void Dialect::add_to(net::Router& router) {
  router.add(routes());
  for (net::ErrorEncoder& error_encoder : error_encoders()) router.add(std::move(error_encoder));
  // --- sockets (platos §3): the routes of socket_io::Endpoint
}

}  // namespace colonnade::dialects::platos
