#include "dialects/platos/routes.hpp"

#include <utility>

#include "core/attachments/limits.hpp"
#include "dialects/platos/agent_routes.hpp"
#include "dialects/platos/bgo_routes.hpp"
#include "dialects/platos/errors.hpp"
#include "dialects/platos/limits.hpp"
#include "dialects/route_handlers.hpp"

namespace colonnade::dialects::platos {
namespace {

// For anyone (platos §1.5).
base::Task<net::Reply> answer_health(RequestPtr /*request*/) {
  co_return net::Response{.body = R"({"status":"ok"})"};
}

}  // namespace

Dialect::Dialect(Dependencies deps, Options options)
    : access_({.credentials = deps.credentials,
               .entities = deps.entities,
               .access_keys = deps.access_keys,
               .rate_limits = deps.rate_limits,
               .login_failures = deps.login_failures,
               .clock = deps.clock},
              {.user_id_required = options.user_id_required,
               .trusted_proxies = options.trusted_proxies}),
      minting_({.entities = deps.entities,
                .credentials = deps.credentials,
                .rate_limits = deps.rate_limits,
                .login_failures = deps.login_failures,
                .clock = deps.clock,
                .guest_scope_of = guest_scopes(deps.agents),
                .proxies = options.trusted_proxies}),
      answer_once_(deps.keyed_requests),
      agents_({.agents = deps.agents,
               .threads = deps.threads,
               .erasure = deps.erasure,
               .answer_once = answer_once_,
               .default_model = std::move(options.default_model)}),
      threads_({.agents = deps.agents, .threads = deps.threads, .answer_once = answer_once_}),
      artifacts_(deps.artifacts),
      attachments_({.attachments = deps.attachments, .answer_once = answer_once_}),
      monitoring_({.monitoring = deps.monitoring,
                   .threads = deps.threads,
                   .agents = deps.agents,
                   .actions = deps.actions}),
      budgets_({.budgets = deps.budgets,
                .answer_once = answer_once_,
                .private_hosts = std::move(options.private_hosts)}),
      turns_({.access = access_,
              .agents = deps.agents,
              .threads = deps.threads,
              .runs = deps.runs,
              .actions = deps.actions,
              .attachments = deps.attachments,
              .subscriptions = deps.subscriptions,
              .keyed_requests = deps.keyed_requests,
              .rate_limits = deps.rate_limits,
              .clock = deps.clock},
             options.turns, std::move(options.trusted_proxies)),
      bgo_(deps.background, answer_once_, deps.clock),
      tasks_(deps.background.tasks, bgo_, answer_once_) {}

std::vector<net::Route> Dialect::routes() {
  using enum net::Method;
  using M = MintingResource;
  const std::size_t mint_bytes = limits::platos_mint_body_bytes_max;
  // A row is {method, path, handler, body bytes, long running}; the handler is
  // access_.guard(resource, &Resource::member, need), and the need says whom the row is for.
  std::vector<net::Route> out = {
      {get, "/api/health", net::Handler(answer_health)},
      {post, "/api/v1/entities/{id}/session-tokens", open_to_all(minting_, &M::session_token),
       mint_bytes},
      {post, "/api/v1/public/guest-token", open_to_all(minting_, &M::guest_token), mint_bytes},
      {get, "/api/v1/agent/threads/{id}/artifacts",
       access_.guard(artifacts_, &ArtifactResource::list)},
      {post, "/api/v1/agent/attachments", access_.guard(attachments_, &AttachmentResource::upload),
       limits::attachment_bytes_max},
  };
  const auto add = [&out](std::vector<net::Route> rows) {
    for (net::Route& row : rows) out.push_back(std::move(row));
  };
  add(agent_routes(access_, agents_));
  add(thread_routes(access_, threads_));
  add(budget_routes(access_, budgets_));
  add(turns_.routes());
  add(monitoring_routes(access_, monitoring_));
  add(bgo_routes(access_, bgo_, tasks_));
  return out;
}

void Dialect::add_to(net::Router& router) {
  router.add(routes());
  for (net::ErrorEncoder& error_encoder : error_encoders()) router.add(std::move(error_encoder));
}

}  // namespace colonnade::dialects::platos
