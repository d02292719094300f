#include "dialects/faramesh/routes.hpp"

#include <utility>

#include "dialects/faramesh/errors.hpp"
#include "dialects/faramesh/limits.hpp"
#include "dialects/route_handlers.hpp"

namespace colonnade::dialects::faramesh {

Dialect::Dialect(Dependencies deps, Options options)
    : credentials_(deps.credentials),
      access_(deps.credentials, std::move(options.access)),
      answer_once_(deps.keyed_requests),
      actions_({.actions = deps.actions, .answer_once = answer_once_}),
      permissions_(deps.permissions),
      gate_({.actions = deps.actions, .answer_once = answer_once_}),
      policy_({.policies = deps.policies, .workers = deps.workers}),
      feed_(deps.feed, deps.lanes.size()),
      health_(std::move(options.readiness), std::move(options.warnings)) {}

std::vector<net::Route> Dialect::routes() {
  using enum net::Method;
  using A = ActionResource;
  using G = GateResource;
  const Admitted in(
      credentials_,
      [&access = access_](const net::Request& request) { return access.admit(request); },
      [](const base::Error& error) { return error_response(error); });
  const std::size_t bytes = limits::faramesh_body_bytes_max;
  // `long_running` rows read a large text, and must notice that the client has left.
  return {
      {get, "/health", open_to_all(health_, &HealthResource::health)},
      {get, "/ready", open_to_all(health_, &HealthResource::ready)},

      {get, "/v1/actions", in(actions_, &A::list)},
      {post, "/v1/actions", in(actions_, &A::submit), bytes},
      // Literals win over {id}: no action has such an id.
      {post, "/v1/actions/batch", in(actions_, &A::batch), limits::faramesh_batch_body_bytes_max},
      {post, "/v1/actions/check", in(gate_, &G::decide), bytes},
      {get, "/v1/actions/{id}", in(actions_, &A::get)},
      {get, "/v1/actions/{id}/events", in(actions_, &A::events)},
      {post, "/v1/actions/{id}/approval", in(actions_, &A::approval), bytes},
      {post, "/v1/actions/{id}/start", in(actions_, &A::start)},
      {post, "/v1/actions/{id}/result", in(actions_, &A::result)},
      {post, "/v1/actions/{id}/replay", in(actions_, &A::replay)},
      {post, "/v1/replay", in(actions_, &A::replay_named)},

      {post, "/v1/gate/decide", in(gate_, &G::decide), bytes},
      {post, "/playground/eval", in(gate_, &G::decide), bytes},
      {post, "/v1/evaluate", in(gate_, &G::evaluate), bytes},

      {get, "/v1/permissions", in(permissions_, &PermissionResource::list)},
      {del, "/v1/permissions/{id}", in(permissions_, &PermissionResource::revoke)},

      {get, "/v1/policy/info", in(policy_, &PolicyResource::info)},
      {post, "/v1/policy/validate", in(policy_, &PolicyResource::validate), bytes,
       /*long_running=*/true},
      {post, "/v1/policy/test", in(policy_, &PolicyResource::test), bytes,
       /*long_running=*/true},

      {get, "/v1/events", in(feed_, &FeedResource::stream)},
  };
}

void Dialect::add_to(net::Router& router) {
  router.add(routes());
  for (net::ErrorEncoder& error_encoder : error_encoders()) router.add(std::move(error_encoder));
}

}  // namespace colonnade::dialects::faramesh
